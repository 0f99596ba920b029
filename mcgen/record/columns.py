"""The columns of the event record, each declared once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

AnyArray = NDArray[Any]

Record = dict[str, AnyArray]
"""Columns (n,) by name."""

Metadata = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the record."""

    name: str
    dtype: str
    unit: str
    meaning: str


def _vector(prefix: str, names: str, unit: str, meaning: str) -> list[Column]:
    return [Column(f"{prefix}_{name}", "float64", unit, f"{meaning}, {name}") for name in names.split()]


_P4 = "px py pz e"
_XYZ = "x y z"


def columns_of(planes: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns of a record for an experiment with the named planes."""
    fixed = [
        Column("event", "uint64", "", "index of the point in the run; unique, with gaps"),
        Column("weight", "float64", "", "expected number of events for the exposure"),
        Column("accepted", "bool", "", "whether all requirements are fulfilled"),
        Column("failed", "int16", "", "code of the first requirement that failed; 0 none"),
        Column("failed_bits", "uint64", "", "bit of every requirement that failed"),
        Column("channel", "int16", "", "0 none, 1 ee, 2 mumu, 3 tautau, 4 gammagamma, 5 nunu"),
        Column(
            "muon_row",
            "int64",
            "",
            "row of the flux file that the muon is from; muons that share one are not independent",
        ),
        Column("muon_pdg", "int32", "", "PDG id of the muon"),
        Column("muon_rate", "float64", "1/exposure", "muons that the row stands for, per unit of exposure"),
        *_vector("muon", _P4, "GeV", "muon at production"),
        *_vector("muon", "vx vy vz", "m", "production point of the muon"),
        *_vector("emission", _XYZ, "m", "emission point"),
        *_vector("emission_muon", _P4, "GeV", "muon just before emission"),
        Column("x", "float64", "", "energy fraction of the boson"),
        Column("theta", "float64", "rad", "angle between boson and muon at emission"),
        Column("t", "float64", "GeV^2", "momentum transfer squared to the nucleus, positive"),
        *_vector("recoil", _P4, "GeV", "muon after emission"),
        *_vector("nucleus", _P4, "GeV", "nucleus after emission"),
        Column("boson_pdg", "int32", "", "PDG id of the boson"),
        *_vector("boson", _P4, "GeV", "boson"),
        Column("path_in", "float64", "m", "path from emission to the entry of the decay volume"),
        Column("path_out", "float64", "m", "path from emission to the exit of the decay volume"),
        Column("decay_path", "float64", "m", "path from emission to the decay"),
        Column("decay_length", "float64", "m", "mean decay length in the laboratory"),
        Column("p_decay", "float64", "", "probability to decay between path_in and path_out"),
        *_vector("decay", _XYZ, "m", "decay point"),
        Column("decay_t", "float64", "ns", "time of the decay since the muon's production"),
    ]
    for daughter, meaning in (("d1", "first daughter (lepton)"), ("d2", "second daughter (antilepton)")):
        fixed.append(Column(f"{daughter}_pdg", "int32", "", f"PDG id of the {meaning}"))
        fixed += _vector(daughter, _P4, "GeV", f"{meaning} at the decay")
    for plane in planes:
        for daughter in ("d1", "d2"):
            fixed += _vector(f"{daughter}_{plane}", "x y", "m", f"{daughter} at plane {plane}")
    return tuple(fixed)


def concatenate(parts: Iterable[Mapping[str, AnyArray]]) -> dict[str, AnyArray]:
    """Join records with the same columns, in their order."""
    parts = list(parts)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
