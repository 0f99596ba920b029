"""Muons written in other programs' layouts, as those programs write them."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import uproot
from pyarrow import parquet

from tests.oracle.cards import write_csv
from tests.oracle.stats import generator

TARGET = [
    "x",
    "y",
    "z",
    "Px",
    "Py",
    "Pz",
    "t",
    "PDGid",
    "Weight",
    "InitX",
    "InitY",
    "InitZ",
    "InitPx",
    "InitPy",
    "InitPz",
    "InitT",
    "EventID",
    "MotherPDGid",
]
PLANE = ["x", "y", "z", "Px", "Py", "Pz", "Weight", "InitX", "InitY", "InitZ", "InitPx", "InitPy", "InitPz"]
PLANE_INTEGERS = ["EventID", "PDGid", "TrackType", "MotherPDGid"]
FAIRSHIP = [
    "id",
    "px",
    "py",
    "pz",
    "x",
    "y",
    "z",
    "opx",
    "opy",
    "opz",
    "ox",
    "oy",
    "oz",
    "pythiaid",
    "parentid",
    "w",
    "ecut",
]
FAIRSHIP_2015 = [name for name in FAIRSHIP if not name.startswith("op")]
SPILL = 5e13


def init_columns(muons: dict[str, Any]) -> dict[str, Any]:
    """Production of muons as muonfluxenhancement has it: millimetres and MeV."""
    return {f"Init{axis.upper()}": 1e3 * muons[axis] for axis in "xyz"} | {
        f"InitP{axis}": 1e3 * muons[f"p{axis}"] for axis in "xyz"
    }


def end_columns(count: int) -> dict[str, Any]:
    """Where tracks end, which is not where they begin."""
    rng = generator("ends of tracks")
    return {name: rng.uniform(3e3, 4e3, count) for name in ("x", "y", "z", "Px", "Py", "Pz")}


def target_columns(muons: dict[str, Any], protons: int) -> dict[str, Any]:
    """Columns of TARGET for muons in native columns; `protons` were simulated."""
    count = len(muons["w"])
    return {
        **end_columns(count),
        **init_columns(muons),
        "t": np.zeros(count),
        "PDGid": muons["pdg"],
        "Weight": muons["w"] * protons,
        "InitT": np.ones(count),
        "EventID": np.arange(count),
        "MotherPDGid": np.full(count, 211),
    }


def plane_columns(muons: dict[str, Any], protons: int) -> dict[str, Any]:
    """Columns of Z3320, not yet cut into entries."""
    columns = target_columns(muons, protons)
    kept = {name: columns[name] for name in PLANE if name in columns}
    integers = {
        "EventID": columns["EventID"],
        "PDGid": muons["pdg"],
        "MotherPDGid": columns["MotherPDGid"],
        "TrackType": np.ones(len(muons["w"])),
    }
    return kept | {name: values.astype(np.int32) for name, values in integers.items()}


def add_target(folder: Any, columns: dict[str, Any]) -> None:
    """Write TARGET into a ROOT folder."""
    tree = folder.mktree("TARGET", dict.fromkeys(TARGET, np.dtype(np.float32)))
    tree.extend({name: columns[name].astype(np.float32) for name in TARGET})


def add_plane(
    folder: Any, columns: dict[str, Any], muons_of: Sequence[int], slim: bool = False, name: str = "Z3320"
) -> None:
    """Write a tree with one entry a proton, of `muons_of` muons each, into a ROOT folder."""
    kept = {key: values for key, values in columns.items() if not (slim and key.startswith("Init"))}
    # Type objects: awkward takes a long time to parse the text of a type.
    types = {
        key: ak.types.ListType(ak.types.NumpyType("int32" if values.dtype.kind == "i" else "float64"))
        for key, values in kept.items()
    }
    tree = folder.mktree(name, types)
    tree.extend({key: ak.unflatten(values, muons_of) for key, values in kept.items()})


def fairship_columns(muons: dict[str, Any], protons: float = SPILL, old: bool = False) -> dict[str, Any]:
    """Columns of FairShip's muon ntuples, with the target at z = -50 m; old ones have but one point."""
    count = len(muons["w"])
    production = {axis: muons[axis] for axis in ("x", "y", "z", "px", "py", "pz")} | {"z": muons["z"] - 50.0}
    ends = {name.lower(): values for name, values in end_columns(count).items()}
    origin = {f"o{name}": values for name, values in production.items()}
    where = production | {f"o{axis}": ends[axis] for axis in "xyz"} if old else ends | origin
    other = {
        "pythiaid": np.full(count, 13.0),
        "parentid": np.full(count, 211.0),
        "ecut": np.full(count, 10.0),
    }
    columns = {"id": muons["pdg"], "w": muons["w"] * protons, **where, **other}
    return {name: columns[name].astype(np.float32) for name in (FAIRSHIP_2015 if old else FAIRSHIP)}


def write_fairship(path: Path, columns: dict[str, Any]) -> None:
    """Write FairShip's tree."""
    write_ttree(path, columns, "pythia8-Geant4")


def write_parquet(path: Path, columns: dict[str, Any]) -> None:
    """Write a Parquet file."""
    parquet.write_table(pa.table(columns), path)


def write_ttree(path: Path, columns: dict[str, Any], name: str = "muons") -> None:
    """Write a TTree."""
    with uproot.recreate(path) as file:
        file.mktree(name, {key: values.dtype for key, values in columns.items()}).extend(columns)


def write_rntuple(path: Path, columns: dict[str, Any], name: str = "muons") -> None:
    """Write an RNTuple."""
    with uproot.recreate(path) as file:
        file.mkrntuple(name, columns)


WRITERS = {
    "csv": ("muons.csv", write_csv),
    "parquet": ("muons.parquet", write_parquet),
    "ttree": ("muons.root", write_ttree),
    "rntuple": ("muons.root", write_rntuple),
}
"""File name and writer of each container."""
