"""A beam of kaons against quadrature; two processes in one run against each of them alone."""

from __future__ import annotations

import math
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import mcgen
from mcgen.analysis.yields import yield_of
from mcgen.card import Card
from mcgen.constants import mass_of
from mcgen.physics.meson_decay.mesons import MESONS
from mcgen.physics.meson_decay.width import width_ratio
from mcgen.types import Bools
from tests.oracle.cards import write_csv
from tests.oracle.mesons import Beam, Detector, expected
from tests.oracle.stats import assert_agrees, seed_of

K, PI = MESONS
EXPOSURE = 1e18
CTAU = 30.0

NEAR = Detector(z=(20.0, 60.0), radius=2.0, plane=62.0, aperture=1.5, min_energy=1.0)
FAR = Detector(z=(80.0, 160.0), radius=1.0, plane=170.0, aperture=1.0, min_energy=3.0)
WIDE = Detector(z=(20.0, 30.0), radius=2.0, plane=31.0, aperture=4.0, min_energy=0.05)

BEAMS: dict[str, tuple[Beam, Detector]] = {
    "near": (Beam(K.mass, 12.0, 0.5, "scalar", 0.05), NEAR),
    "far": (Beam(K.mass, 60.0, 0.8, "scalar", 0.2), FAR),
    "slow": (Beam(K.mass, 1.2, 0.5, "pseudoscalar", 0.1), WIDE),
    "pion": (Beam(PI.mass, 20.0, 1.0, "scalar", 0.01), NEAR),
}
TRAINING = {"pilot": 5000, "nitn": 8, "neval": 6000}


def card_of(beam: Beam, detector: Detector, folder: Path, name: str, points: int = 30_000) -> Card:
    """Mesons in copper, and a detector of photons behind it; the coupling is 1e-4, the lifetime is given."""
    pdg = 321 if beam.meson_mass == K.mass else -211
    momentum = math.sqrt(beam.energy**2 - beam.meson_mass**2)
    row = {"pdg": pdg, "x": 0.0, "y": 0.0, "z": beam.z, "px": 0.0, "py": 0.0, "pz": momentum, "w": 1.0}
    write_csv(folder / f"{name}.csv", {key: [float(value)] for key, value in row.items()})
    photons = {"channels": ["gammagamma"], "planes": ["plane"], "min_energy_gev": detector.min_energy}
    plane = {"name": "plane", "shape": "circle", "z_m": detector.plane, "radius_m": detector.aperture}
    volume = {"shape": "cylinder", "z_m": list(detector.z), "radius_m": detector.radius}
    return mcgen.load_card(
        {
            "model": {
                "name": "muonphilic",
                "particle": beam.kind,
                "mass_gev": beam.mass,
                "g_mu": 1e-4,
                "ctau_m": CTAU * beam.mass,
                "branching": {"gammagamma": 1.0},
            },
            "production": {"processes": ["meson_decay"]},
            "flux": {"file": str(folder / f"{name}.csv")},
            "experiment": {
                "name": "mesons",
                "exposure": {"kind": "pot", "value": EXPOSURE},
                "target": {"material": "Cu", "z_m": [0.0, 2.0]},
                "decay_volume": volume,
                "plane": [plane],
                "selection": [photons],
            },
            "run": {"events": points, "seed": seed_of("beam of mesons", name), "vegas": TRAINING},
        }
    )


@cache
def truth_of(name: str) -> dict[str, tuple[float, float]]:
    """Decays and accepted ones for the exposure, and their errors."""
    beam, detector = BEAMS[name]
    meson = K if beam.meson_mass == K.mass else PI
    factor = EXPOSURE * meson.branching * 1e-8
    found = expected(beam, detector, CTAU * beam.mass)
    return {
        kind: (factor * value, factor * error)
        for kind, (value, error) in zip(("fiducial", "accepted"), found, strict=True)
    }


def test_the_oracle_has_the_whole_width() -> None:
    for beam, _ in BEAMS.values():
        _, weight = beam.energies()
        ratio, _ = width_ratio(beam.kind, beam.meson_mass, beam.mass, beam.neutrinos)
        assert weight.sum() == pytest.approx(ratio, rel=1e-5)


@pytest.mark.parametrize("kind", ["fiducial", "accepted"])
@pytest.mark.parametrize("name", BEAMS)
def test_a_beam_of_mesons_is_its_quadrature(name: str, kind: str, tmp_path: Path) -> None:
    card = card_of(*BEAMS[name], tmp_path, name).replace(run={"vegas": {"train_on": kind}})
    found, (value, error) = mcgen.generate(card).outcome.yields[kind], truth_of(name)[kind]
    spread = math.hypot(found.mc_error, error)
    assert spread < 0.01 * value
    assert_agrees(found.value, spread, value)
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(1.1 * found.value, spread, value)
    # Of all points: as many as equal weights, or nearly.
    assert found.effective_size > 0.3 * card.run.events


MUON_ROWS = {"pdg": 13.0, "z": 0.1, "w": 1e-3}
KAON_ROWS = {"pdg": -321.0, "z": 0.6, "w": 5e-5}


def both(folder: Path, processes: list[str], points: int = 40_000) -> mcgen.Events:
    """Events of muons and kaons of a few energies, by some processes."""
    rows = [
        {**kind, "px": px, "pz": pz}
        for kind in (MUON_ROWS, KAON_ROWS)
        for px, pz in ((0.0, 15.0), (0.1, 40.0), (-0.2, 80.0))
    ]
    names = ("pdg", "x", "y", "z", "px", "py", "pz", "w")
    write_csv(folder / "both.csv", {name: [float(row.get(name, 0.0)) for row in rows] for name in names})
    table = card_of(*BEAMS["near"], folder, "near", points).to_dict()
    table["production"] = {"processes": processes, "method": "exact"}
    table["flux"] = {"file": str(folder / "both.csv")}
    table["run"]["seed"] = seed_of("both", processes)
    return mcgen.generate(mcgen.load_card(table))


def test_two_processes_are_the_sum_of_each_alone(tmp_path: Path) -> None:
    names = {1: "bremsstrahlung", 2: "meson_decay"}
    together = both(tmp_path, list(names.values()))
    alone = {code: both(tmp_path, [name]) for code, name in names.items()}

    def chosen(events: mcgen.Events, rows: Bools) -> tuple[float, float]:
        found = yield_of(events.weight[rows], events.parent_group[rows], events.provenance.points)
        return found.value, found.mc_error

    for selection in ("fiducial", "accepted"):
        sums = []
        for code, events in alone.items():
            every = np.ones(len(events), dtype=bool) if selection == "fiducial" else events.accepted
            kept = (together.process == code) & ((selection == "fiducial") | together.accepted)
            (one, error), (two, other) = chosen(together, kept), chosen(events, every)
            assert_agrees(one, math.hypot(error, other), two)
            assert error < 0.05 * one
            sums.append((two, other))
        whole = together.outcome.yields[selection]
        separate = sum(value for value, _ in sums)
        spread = math.hypot(whole.mc_error, *(error for _, error in sums))
        assert_agrees(whole.value, spread, separate)
        # Either one is too much to be missed.
        for value, _ in sums:
            with pytest.raises(AssertionError, match="sigma"):
                assert_agrees(whole.value - value, spread, separate)


def test_masses_of_parents_are_those_of_the_particle_package() -> None:
    assert (K.mass, PI.mass) == (mass_of(-321), mass_of(-211))
