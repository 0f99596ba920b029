"""Particles of a file, put together block by block and checked."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from mcgen.errors import FluxError, reasons
from mcgen.io.flux.formats import Particles
from mcgen.io.flux.native import GROUP
from mcgen.types import Array, Bools

MAX_ENERGY = 1e5
"""Momentum above which a particle is taken for a mistake in units [GeV]."""

MAX_DISTANCE = 1e5
"""Distance beyond which a particle is taken for a mistake in units [m]."""

MAX_RATE = 1e30
"""Weight beyond all reason [particles per proton]."""

MIN_RATE = 1e-60
"""Weight below which a row is left out [particles per proton].

In the largest exposure of a card it stands for less than 1e-30 particles. The squares of what such rows contribute, of
which errors are sums, would leave the range of doubles.
"""


def gather(file: str, blocks: Iterable[Particles]) -> tuple[dict[str, array[Any]], dict[str, int]]:
    """Join the columns of blocks, and add up the numbers of rows that are dropped.

    Parameters
    ----------
    file : name for the messages

    Returns
    -------
    The columns of the native format with that of rows, and with that of groups if the file says something of them

    Raises
    ------
    FluxError
        If there are values that cannot be, or nothing of weight.
    """
    # Arrays that grow in place: blocks that are kept and joined at the end would need twice the memory.
    columns: dict[str, array[Any]] = {}
    dropped: Counter[str] = Counter()
    first: dict[str, int] = {}
    count: Counter[str] = Counter()
    largest = -1.0
    for block in blocks:
        for what, bad in _impossible(block.columns):
            count[what] += int(bad.sum())
            if bad.any():
                first.setdefault(what, int(block.row[bad.argmax()]))
        weight = block.columns["w"]
        largest = float(np.max(weight, initial=largest))
        negligible = (weight > 0.0) & (weight < MIN_RATE)
        dropped.update(block.dropped)
        if negligible.any():
            dropped["negligible_rate"] += int(negligible.sum())
        together = {} if block.group is None else {GROUP: block.group}
        for name, values in {"row": block.row, **together, **block.columns}.items():
            kept = values[~negligible] if negligible.any() else values
            kind = "d" if kept.dtype == np.float64 else "q"
            columns.setdefault(name, array(kind)).frombytes(kept.view(np.uint8).data)
    for what, row in first.items():
        also = f" and {count[what] - 1} more" if count[what] > 1 else ""
        raise FluxError(f"flux file {file}: {what} in row {row}{also}; correct or remove those rows")
    if largest < 0.0:
        because = f": {reasons(dropped)}" if any(dropped.values()) else ""
        raise FluxError(f"flux file {file}: holds no particles{because}")
    if largest < MIN_RATE:
        what = f"below {MIN_RATE:g} particles per proton: nothing can come of them" if largest > 0.0 else "0"
        raise FluxError(f"flux file {file}: all weights w are {what}")
    return columns, dict(dropped)


def stacked(columns: dict[str, array[Any]], *names: str) -> Array:
    """Take columns out and join them as a vector, each freed before the next."""
    joined = np.empty((len(names), len(columns[names[0]])))
    for values, name in zip(joined, names, strict=True):
        values[:] = np.frombuffer(columns.pop(name))
    return joined


def _impossible(values: Mapping[str, Array]) -> Iterator[tuple[str, Bools]]:
    """Yield what a row cannot be, and which rows are."""
    largest = np.max(np.abs([values["px"], values["py"], values["pz"]]), axis=0)
    farthest = np.max(np.abs([values["x"], values["y"], values["z"]]), axis=0)
    for name, column in values.items():
        yield f"column {name} is not finite", ~np.isfinite(column)
    yield "the weight w is negative", values["w"] < 0.0
    yield f"the weight w is above {MAX_RATE:g} particles per proton", values["w"] > MAX_RATE
    yield f"the momentum is above {MAX_ENERGY:g} GeV (are px, py, pz in GeV?)", largest > MAX_ENERGY
    yield f"the position is beyond {MAX_DISTANCE:g} m (are x, y, z in metres?)", farthest > MAX_DISTANCE
    yield "pdg is no PDG id", (np.abs(values["pdg"]) > 2**31 - 1) | (np.trunc(values["pdg"]) != values["pdg"])
