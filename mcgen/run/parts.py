"""Parts of a dataset whose run is not complete: what the index needs of each, kept beside it until then."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcgen.analysis.yields import Sums
from mcgen.errors import FileFormatError
from mcgen.io.events.dataset import STATE, Part, check_part
from mcgen.io.files import atomic_output
from mcgen.io.outputs import make_folder
from mcgen.metadata import Provenance

SAME = ("version", "points", "card", "seed", "proposal_sha256", "flux", "columns", "chunks")
"""What parts of one run have in common, of their provenance."""

_HEADER = "header"


@dataclass(frozen=True, slots=True)
class Made:
    """A part that is there."""

    part: Part
    """Its file."""
    run: Mapping[str, Any]
    """What parts of one run have in common."""
    sums: Sums
    """What of it goes into the yields."""

    @property
    def run_sha256(self) -> str:
        """Digest of what parts of one run have in common."""
        return _digest(self.run)


def common(provenance: Provenance) -> dict[str, Any]:
    """Return what parts of one run have in common."""
    plain = provenance.to_json()
    return {key: plain[key] for key in SAME}


def keep(folder: Path, made: Made) -> None:
    """Write what the index needs of a part beside the other state."""
    make_folder(folder / STATE)
    header = json.dumps({"part": asdict(made.part), "run": made.run})
    buffer = io.BytesIO()
    np.savez(buffer, **{_HEADER: np.array(header)}, **made.sums)  # type: ignore[arg-type]  # the stubs take the arrays for its options
    with atomic_output(_state_of(folder, made.part.first)) as temporary:
        temporary.write_bytes(buffer.getvalue())


def parts_there(folder: Path, common: Mapping[str, Any]) -> Iterator[Made]:
    """Parts of a run that are there and as long as they were."""
    for made in read_parts(folder):
        if made.run_sha256 == _digest(common):
            try:
                check_part(folder, made.part)
            except FileFormatError:
                continue
            yield made


def read_parts(folder: Path) -> Iterator[Made]:
    """Parts whose sums can be read; what was cut short is as if it were not there."""
    for path in sorted((folder / STATE).glob("part-*.npz")):
        if (made := _read(path)) is not None:
            yield made


def _digest(plain: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _state_of(folder: Path, first: int) -> Path:
    return folder / STATE / f"part-{first:05d}.npz"


def _read(path: Path) -> Made | None:
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            header = json.loads(str(file[_HEADER]))
            sums = {name: file[name] for name in file.files if name != _HEADER}
        return Made(Part(**header["part"]), header["run"], sums)
    except Exception:  # noqa: BLE001  # zip and npy files raise almost anything when damaged
        return None
