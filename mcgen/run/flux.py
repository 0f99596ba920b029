"""The story of a flux: settings -> chunks of protons -> a file with its provenance."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from mcgen.distribution import installed_version
from mcgen.flux.make.chunk import COUNTS, Drawing
from mcgen.flux.make.generator import pythia, pythia_version
from mcgen.flux.make.settings import Settings
from mcgen.flux.make.thinning import shortened
from mcgen.io.events.digests import digests_of
from mcgen.io.flux.native import GROUP, NATIVE, PARENT, flux_file
from mcgen.run.chunk import Chunk
from mcgen.run.chunks import chunks_in_order
from mcgen.run.journal import journal_beside
from mcgen.run.parallel import Workers
from mcgen.types import Progress

MAKER = "mcgen flux make"
"""What the provenance names as the program."""

_TYPES: dict[str, np.dtype[Any]] = {
    **dict.fromkeys(NATIVE, np.dtype(np.float32)),
    "pdg": np.dtype(np.int32),
    "w": np.dtype(np.float64),
    GROUP: np.dtype(np.int64),
    PARENT: np.dtype(np.int32),
}
"""Of the columns: single precision is far finer than what is known of a dump."""

_SHORTENED = ("x", "y", "z", "px", "py", "pz")


@dataclass(frozen=True, slots=True)
class MadeFlux:
    """What has been written."""

    rows: int
    """Rows of the file."""
    provenance: dict[str, Any]
    """What the file says of how it was made, as JSON has it."""


def make_flux(
    settings: Settings,
    output: Path,
    *,
    seed: int | None = None,
    workers: Workers = Workers(),  # noqa: B008  # frozen
    resume: bool = False,
    progress: Progress | None = None,
) -> MadeFlux:
    """Make a flux file from protons.

    The file appears under its name when it is complete; until then, finished chunks are kept beside it. It is the same
    whoever draws the chunks.

    Parameters
    ----------
    output : .root, .parquet or .csv
    seed : of the random numbers; by default that of the interrupted run, or drawn
    resume : whether an interrupted run is to be continued, if there is one
    progress : called with the number of protons followed since the last call

    Raises
    ------
    UsageError, RunError
        If Pythia is not installed, the output cannot be used, or a worker fails.
    Interrupted
        If it was stopped and can be continued.
    """
    pythia()
    counts = np.zeros(len(COUNTS), np.int64)
    rows = 0
    with ExitStack() as stack:
        journal = stack.enter_context(journal_beside(output, resume))
        file = stack.enter_context(flux_file(output, _TYPES))
        if seed is None:
            seed = (journal.started() or {}).get("seed", secrets.randbits(63))
        identity = _identity(settings, seed)
        journal.begin(None, identity)
        drawing = Drawing(settings, seed)
        for k, chunk in chunks_in_order(partial(_chunk, drawing), range(settings.chunks), workers, journal):
            file.append(chunk.rows)
            counts += chunk.sums["counts"]
            rows += len(chunk.rows["w"])
            if progress:
                progress(settings.followed(k))
        provenance = {
            **identity,
            "counts": dict(zip(COUNTS, counts.tolist(), strict=True)),
            "made_rows": rows,
        }
        file.finish(provenance)
    return MadeFlux(rows, provenance)


def _identity(settings: Settings, seed: int) -> dict[str, Any]:
    return {
        "program": MAKER,
        "version": installed_version(),
        "generator": f"Pythia {pythia_version()} (PythiaCascade)",
        "libraries": {name: version(name) for name in ("numpy", "scipy", "particle")},
        "seed": seed,
        **settings.to_json(),
    }


def _chunk(drawing: Drawing, k: int) -> Chunk:
    record = drawing(k)
    short = {name: shortened(record[name], drawing.settings.mantissa) for name in _SHORTENED}
    rows = {name: (record | short)[name].astype(dtype) for name, dtype in _TYPES.items()}
    return Chunk(rows, {"counts": record["counts"]}, digests_of(rows))
