"""Parts of a dataset whose run is not complete: what the index needs of each, kept beside it until then.

Sums are as large as the flux has groups: they stay on the disk, and only one part's are in memory at a time.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
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
from mcgen.record.columns import AnyArray

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

    @property
    def run_sha256(self) -> str:
        """Digest of what parts of one run have in common."""
        return _digest(self.run)


def common(provenance: Provenance) -> dict[str, Any]:
    """Return what parts of one run have in common."""
    plain = provenance.to_json()
    return {key: plain[key] for key in SAME}


def keep(folder: Path, made: Made, sums: Sums) -> None:
    """Write what the index needs of a part beside the other state: sums go into the yields."""
    make_folder(folder / STATE)
    # One array a type: an archive of many small ones takes long to read.
    sizes = [(name, values.dtype.name, len(values)) for name, values in sums.items()]
    packed = {
        kind: np.concatenate([values for values in sums.values() if values.dtype.name == kind])
        for kind in sorted({kind for _, kind, _ in sizes})
    }
    header = json.dumps({"part": asdict(made.part), "run": made.run, "sums": sizes})
    buffer = io.BytesIO()
    np.savez(buffer, **{_HEADER: np.array(header)}, **packed)  # type: ignore[arg-type]  # the stubs take the arrays for its options
    with atomic_output(_state_of(folder, made.part.first)) as temporary:
        temporary.write_bytes(buffer.getvalue())


def sums_of(folder: Path, part: Part) -> Sums:
    """Read what of a part goes into the yields.

    Raises
    ------
    FileFormatError
        If that is damaged.
    """
    path = _state_of(folder, part.first)
    try:
        with _opened(path) as (header, file):
            packed = {kind: file[kind] for kind in {kind for _, kind, _ in header["sums"]}}
        sums: dict[str, AnyArray] = {}
        for name, kind, size in header["sums"]:
            sums[name], packed[kind] = np.split(packed[kind], [size])
    except Exception as error:  # zip and npy files raise almost anything when damaged
        raise FileFormatError(
            f"{path}: damaged ({error}): remove it, and make the chunks {part.first}:{part.end} again"
        ) from error
    return sums


def parts_there(folder: Path, common: Mapping[str, Any]) -> Iterator[Made]:
    """Parts of a run that are there, as long as they were, with sums that can be read."""
    for made in read_parts(folder):
        if made.run_sha256 == _digest(common):
            try:
                check_part(folder, made.part)
                sums_of(folder, made.part)
            except FileFormatError:
                continue
            yield made


def read_parts(folder: Path) -> Iterator[Made]:
    """Parts whose sums are there; what was cut short is as if it were not there."""
    for path in sorted((folder / STATE).glob("part-*.npz")):
        if (made := _read(path)) is not None:
            yield made


def _digest(plain: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()


def _state_of(folder: Path, first: int) -> Path:
    return folder / STATE / f"part-{first:05d}.npz"


@contextmanager
def _opened(path: Path) -> Iterator[tuple[dict[str, Any], Mapping[str, AnyArray]]]:
    """Open what is kept of a part: its header, and the arrays, which are read when they are asked for."""
    with path.open("rb") as raw, np.load(raw, allow_pickle=False) as file:
        yield json.loads(str(file[_HEADER])), file


def _read(path: Path) -> Made | None:
    try:
        with _opened(path) as (header, _):
            pass
        return Made(Part(**header["part"]), header["run"])
    except Exception:  # noqa: BLE001  # zip and npy files raise almost anything when damaged
        return None
