"""The columns of the event record, each declared once."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mcgen.physics.models import OUTCOMES

AnyArray = NDArray[Any]

_WEIGHT = "weight_"
"""What names of columns of variations' weights begin with, and no other's."""

Record = dict[str, AnyArray]
"""Columns (n,) by name."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the record."""

    name: str
    """As it is written."""
    dtype: str
    """Name of numpy's type."""
    unit: str
    """Empty for a pure number."""
    meaning: str
    """What it is, in words."""


def weight_column(variation: str) -> str:
    """Return the name of the column of a variation's weights."""
    return f"{_WEIGHT}{variation}"


def named_weights(columns: Iterable[str]) -> list[str]:
    """Return those of some columns' names that are of variations' weights, in their order."""
    return [name for name in columns if name.startswith(_WEIGHT)]


def columns_of(
    planes: Iterable[str], processes: Mapping[int, str], variations: Mapping[str, str] = MappingProxyType({})
) -> tuple[Column, ...]:
    """Return the columns of a record.

    Parameters
    ----------
    planes : names of the experiment's planes
    processes : names of the processes by their codes
    variations : what the variations of the weight are, by their names
    """
    codes = ", ".join(f"{code} {name}" for code, name in processes.items())
    channels = ", ".join(f"{code} {name}" for code, name in enumerate(OUTCOMES))
    fixed = [
        Column("event", "uint64", "", "index of the point in the run; unique, with gaps"),
        Column("weight", "float64", "", "expected number of events for the exposure"),
        Column("accepted", "bool", "", "whether all requirements are fulfilled"),
        Column("failed", "int16", "", "code of the first requirement that failed; 0 none"),
        Column("failed_bits", "uint64", "", "bit of every requirement that failed"),
        Column("channel", "int16", "", channels),
        Column("process", "int16", "", f"how the boson came about: {codes}"),
        Column("parent_row", "int64", "", "row of the flux file that the parent is from"),
        Column(
            "parent_group", "int64", "", "number of the group of rows that are not independent of each other"
        ),
        Column("parent_pdg", "int32", "", "PDG id of the parent"),
        Column(
            "parent_rate", "float64", "1/exposure", "parents that the row stands for, per unit of exposure"
        ),
        *_vector("parent", _P4, "GeV", "parent in the flux: a muon at production, a meson at its decay"),
        *_vector("parent", "vx vy vz", "m", "where the parent is given"),
        *_vector("emission", _XYZ, "m", "where the boson is made"),
        Column("layer", "int16", "", "number of the dump's layer there, counted from 0; -1 outside"),
        *_vector(
            "emitter", _P4, "GeV", "what radiates, just before: the muon after its losses, or the meson"
        ),
        Column("x", "float64", "", "energy of the boson over that of the emitter"),
        Column("theta", "float64", "rad", "angle between boson and emitter"),
        Column("t", "float64", "GeV^2", "momentum transfer squared to the nucleus, positive"),
        *_vector("recoil", _P4, "GeV", "muon just after the boson is made"),
        *_vector("nucleus", _P4, "GeV", "nucleus after the collision"),
        *_vector("neutrino", _P4, "GeV", "neutrino of a meson's decay"),
        Column("boson_pdg", "int32", "", "PDG id of the boson"),
        *_vector("boson", _P4, "GeV", "boson"),
        Column("path_in", "float64", "m", "path from emission to the entry of the decay volume"),
        Column("path_out", "float64", "m", "path from emission to the exit of the decay volume"),
        Column("decay_path", "float64", "m", "path from emission to the decay"),
        Column("decay_length", "float64", "m", "mean decay length in the laboratory"),
        Column("p_decay", "float64", "", "probability to decay between path_in and path_out"),
        *_vector("decay", _XYZ, "m", "decay point"),
        Column("decay_t", "float64", "ns", "time of the decay since the parent was where it is given"),
    ]
    for daughter, meaning in (("d1", "first daughter (lepton)"), ("d2", "second daughter (antilepton)")):
        fixed.append(Column(f"{daughter}_pdg", "int32", "", f"PDG id of the {meaning}"))
        fixed += _vector(daughter, _P4, "GeV", f"{meaning} at the decay")
    for plane in planes:
        for daughter in ("d1", "d2"):
            fixed += _vector(f"{daughter}_{plane}", "x y", "m", f"{daughter} at plane {plane}")
    fixed += [
        Column(weight_column(name), "float64", "", f"weight with {meaning}")
        for name, meaning in variations.items()
    ]
    return tuple(fixed)


COUNTED = ("event", "weight", "accepted", "failed", "channel", "process", "parent_group")
"""Names of columns that every file of events has: what yields, cut flow and parts of a run are counted from."""

_SLIM = (
    *(f"{particle}_{name}" for particle in ("boson", "d1", "d2") for name in ("pdg", "px", "py", "pz", "e")),
    *("decay_x", "decay_y", "decay_z", "decay_t"),
)

SETS = ("all", "slim")
"""Names that stand for several columns."""


def chosen(columns: Sequence[Column], choice: Collection[str]) -> tuple[Column, ...]:
    """Return the columns that some names stand for, in their order, and always those of `COUNTED` and of variations."""
    if "all" in choice:
        return tuple(columns)
    names = {*COUNTED, *named_weights(c.name for c in columns), *choice, *(_SLIM if "slim" in choice else ())}
    return tuple(column for column in columns if column.name in names)


def _vector(prefix: str, names: str, unit: str, meaning: str) -> list[Column]:
    return [Column(f"{prefix}_{name}", "float64", unit, f"{meaning}, {name}") for name in names.split()]


_P4 = "px py pz e"
_XYZ = "x y z"


def concatenate(parts: Iterable[Mapping[str, AnyArray]]) -> dict[str, AnyArray]:
    """Join records with the same columns, in their order."""
    parts = list(parts)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def by_chunk(record: Record, size: int) -> Iterator[tuple[int, Record]]:
    """Yield rows chunk by chunk of their run, with the chunk's number; rows out of order stay with those before them.

    Parameters
    ----------
    record : with the column `event`
    size : points of a chunk
    """
    number = np.maximum.accumulate(record["event"] // np.uint64(size))
    edges = [0, *(np.flatnonzero(np.diff(number)) + 1).tolist(), len(number)]
    for start, stop in pairwise(edges):
        if stop > start:
            yield int(number[start]), {name: values[start:stop] for name, values in record.items()}
