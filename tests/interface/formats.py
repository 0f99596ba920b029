"""Reads each format with a library of others, and checks what physics demands of any events."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyhepmc
import pylhe
import pytest
import uproot
from pyarrow import parquet

import mcgen
from mcgen.types import Array, Bools

C = 0.299792458
"""Speed of light [m/ns]."""

P4 = ("px", "py", "pz", "e")
NAMES = {
    "root": "out.root",
    "rntuple": "out.root",
    "parquet": "out.parquet",
    "hepmc3": "out.hepmc3",
    "lhe": "out.lhe.gz",
    "fairship": "out.root",
}


@dataclass(frozen=True, slots=True)
class Found:
    """What a reader finds: GeV, metres; four-momenta (n, 4), vertices (n, 3), times as c t. None: not there."""

    weight: Array
    boson: Array
    first: Array
    second: Array
    decay: Array
    emission: Array | None = None
    emission_ct: Array | None = None
    decay_ct: Array | None = None
    incoming: Array | None = None
    outgoing: Array | None = None
    accepted: Bools | None = None


def read_columns(columns: dict[str, Any]) -> Found:
    """Columns of mcgen's own, from a file that keeps them all."""

    def stacked(prefix: str, names: tuple[str, ...]) -> Array:
        return np.stack([columns[f"{prefix}_{name}"] for name in names], axis=1)

    boson, ct = stacked("boson", P4), columns["decay_t"] * C
    nucleus, slowness = stacked("nucleus", P4), boson[:, 3] / np.linalg.norm(boson[:, :3], axis=1)
    at_rest = np.zeros_like(nucleus)
    at_rest[:, 3] = 63.546 * 0.9315
    return Found(
        weight=columns["weight"],
        boson=boson,
        first=stacked("d1", P4),
        second=stacked("d2", P4),
        emission=stacked("emission", ("x", "y", "z")),
        decay=stacked("decay", ("x", "y", "z")),
        emission_ct=ct - columns["decay_path"] * slowness,
        decay_ct=ct,
        incoming=stacked("emitter", P4) + at_rest,
        outgoing=boson + stacked("recoil", P4) + nucleus,
        accepted=columns["accepted"],
    )


def read_root(path: Path) -> Found:
    with uproot.open(path) as file:
        return read_columns(file["events"].arrays(library="np"))


def read_parquet(path: Path) -> Found:
    table = parquet.read_table(path)
    return read_columns({name: table[name].to_numpy() for name in table.column_names})


def read_fairship(path: Path) -> Found:
    with uproot.open(path) as file:
        columns = file["LLP_tree"].arrays(library="np")
    boson, first, second = (
        np.stack([columns[f"{name}_{suffix}"] for name in P4], axis=1) for suffix in ("llp", "prod1", "prod2")
    )
    # The target of NA62 is from 0 to 3.2 m.
    decay, emission = (
        np.stack([columns[f"vx{of}"], columns[f"vy{of}"], columns[f"vz{of}"] + 1.6], axis=1)
        for of in ("", "_llp")
    )
    return Found(columns["decay_prob"], boson, first, second, decay, emission)


def read_hepmc3(path: Path) -> Found:
    rows: list[tuple[Any, ...]] = []
    with pyhepmc.open(path) as file:
        for event in file:
            emission, decay = event.vertices
            by_status = {p.status: _p4(p.momentum) for p in event.particles}
            first, second = (_p4(p.momentum) for p in decay.particles_out)
            rows.append(
                (
                    event.weight("CV"),
                    by_status[2],
                    first,
                    second,
                    1e-3 * _p4(emission.position),
                    1e-3 * _p4(decay.position),
                    by_status[4] + by_status[20],
                    sum(_p4(p.momentum) for p in emission.particles_out),
                    event.attributes["accepted"].astype(bool),
                )
            )
    return _found(rows)


def _p4(vector: pyhepmc.FourVector) -> Array:
    return np.array([vector.x, vector.y, vector.z, vector.t])


def read_lhe(path: Path) -> Found:
    file = pylhe.LHEFile.fromfile(path)
    rows: list[tuple[Any, ...]] = []
    events = list(file.events)
    for event in events:
        p4 = [np.array([p.px, p.py, p.pz, p.e]) for p in event.particles]
        status = np.array([p.status for p in event.particles])
        of_boson = [i for i, p in enumerate(event.particles) if p.mother1 == 3]
        primary = [i for i, p in enumerate(event.particles) if p.mother1 == 1]
        vertices = [
            1e-3 * np.array([float(word) for word in line.split()[6:]]) for line in event.optional[1:]
        ]
        rows.append(
            (
                event.eventinfo.weight / len(events),
                p4[int(np.flatnonzero(status == 2)[0])],
                *(p4[i] for i in of_boson),
                *vertices,
                sum(p4[i] for i in np.flatnonzero(status == -1)),
                sum(p4[i] for i in primary),
                event.optional[0].endswith("accepted 1"),
            )
        )
    return _found(rows)


def _found(rows: list[tuple[Any, ...]]) -> Found:
    weight, boson, first, second, emission, decay, incoming, outgoing, accepted = (
        np.array(values) for values in zip(*rows, strict=True)
    )
    return Found(
        weight=weight,
        boson=boson,
        first=first,
        second=second,
        emission=emission[:, :3],
        decay=decay[:, :3],
        emission_ct=emission[:, 3],
        decay_ct=decay[:, 3],
        incoming=incoming,
        outgoing=outgoing,
        accepted=accepted,
    )


READERS: dict[str, Callable[[Path], Found]] = {
    "root": read_root,
    "rntuple": read_root,
    "parquet": read_parquet,
    "hepmc3": read_hepmc3,
    "lhe": read_lhe,
    "fairship": read_fairship,
}


def judge(found: Found, events: mcgen.Events) -> None:
    """Check what a reader found against yields, masses, kinematics and geometry.

    Of the events that were written only the muon's production point is used, and the emission point where
    the format has none: the rest has to fit together by itself.
    """
    yields, card = events.outcome.yields, events.provenance.card
    mass = card.model.mass_gev
    assert len(found.weight) == len(events)
    assert math.fsum(found.weight) == pytest.approx(yields["fiducial"].value, rel=1e-12, abs=0.0)
    if found.accepted is not None:
        accepted = math.fsum(found.weight[found.accepted])
        assert accepted == pytest.approx(yields["accepted"].value, rel=1e-12, abs=0.0)

    energy = found.boson[:, 3]
    for momentum in (found.boson, found.first + found.second):
        square = momentum[:, 3] ** 2 - (momentum[:, :3] ** 2).sum(axis=1)
        assert (np.abs(square - mass**2) < 1e-13 * energy**2 + 1e-12 * mass**2).all(), "masses"
    assert (np.abs(found.first + found.second - found.boson) < 1e-13 * energy[:, None]).all(), "daughters"

    own = found.emission is not None
    emission = found.emission if own else np.stack([events.columns[f"emission_{c}"] for c in "xyz"], axis=1)
    assert emission is not None
    assert card.experiment.target.z_m is not None
    front, back = card.experiment.target.z_m
    start, end = card.experiment.decay_volume.z_m
    assert ((emission[:, 2] >= front) & (emission[:, 2] <= back)).all(), "emission in the target"
    assert ((found.decay[:, 2] >= start) & (found.decay[:, 2] <= end)).all(), "decay in the volume"
    path = np.linalg.norm(found.decay - emission, axis=1)
    momentum = np.linalg.norm(found.boson[:, :3], axis=1)
    miss = (found.decay - emission) / path[:, None] - found.boson[:, :3] / momentum[:, None]
    assert (np.abs(miss) < 1e-12).all(), "the boson flies along its momentum"

    if found.emission_ct is not None and found.decay_ct is not None:
        flight = found.decay_ct - found.emission_ct
        np.testing.assert_allclose(flight, path * energy / momentum, rtol=1e-11, err_msg="time of flight")
        muon = np.stack([events.columns[f"parent_v{c}"] for c in "xyz"], axis=1)
        muon_path = np.linalg.norm(emission - muon, axis=1)
        late = found.emission_ct - muon_path
        # Of muons above 2 GeV, 1/beta - 1 is below 1.4e-3.
        assert ((late > -1e-10) & (late < 1.4e-3 * muon_path + 1e-10)).all(), "time of the emission"
    if found.incoming is not None and found.outgoing is not None:
        # Relative to the energies that were added, the nucleus at rest among them.
        balance = np.abs(found.incoming - found.outgoing) / found.incoming[:, 3:]
        assert (balance < 1e-12).all(), "momentum balance"
