"""Bosons of kaons and pions: balance, the total, and distributions against plain phase space times |M|^2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from mcgen.constants import MUON_MASS
from mcgen.flux.flux import Flux
from mcgen.physics.kinds import Kind
from mcgen.physics.kinematics import norm
from mcgen.physics.meson_decay.mesons import MESONS, Meson
from mcgen.physics.meson_decay.width import branching_ratio
from mcgen.record.tables import Production
from mcgen.sampler.process import Process, process_of
from mcgen.sources.aim import AnyAim, EveryDirection
from mcgen.sources.meson_decay import MesonDecay
from tests.oracle.beams import beam_card
from tests.oracle.mesons import Beam, phase_space, product, squared
from tests.oracle.stats import (
    Array,
    assert_agrees,
    assert_same_distribution,
    assert_same_samples,
    generator,
)

K, PI = MESONS
EPS = float(np.finfo(float).eps)
N = 20_000
VOLUME = {"shape": "cylinder", "z_m": [20.0, 60.0], "radius_m": 2.0}


def flux(momentum: Array, pdg: int = 321, position: tuple[float, float, float] = (0.0, 0.0, 0.5)) -> Flux:
    """Mesons with momenta (3, n), all at one point."""
    n = momentum.shape[1]
    place = np.repeat(np.array(position)[:, None], n, axis=1)
    rows = np.arange(n)
    return Flux("test", "", np.full(n, pdg), place, momentum, np.full(n, 1.0 / n), rows, rows, sampled=False)


def process(particles: Flux, mass: float, model: Mapping[str, Any] | None = None) -> Process:
    """The physics of mesons in front of a decay volume."""
    card = beam_card(30.0, mass, target={"material": "Cu", "z_m": [0.0, 2.0]}, volume=VOLUME, model=model)
    return process_of(card, particles)


def source_of(particles: Flux, mass: float, kind: Kind = "scalar", neutrinos: bool = False) -> MesonDecay:
    coupled = {"name": "custom", "g_mu": None, "couplings": {"e": 1e-3, "mu": 1e-3}, "neutrinos": neutrinos}
    plain = {key: value for key, value in coupled.items() if value is not None}
    card = beam_card(30.0, mass, target={"material": "Cu", "z_m": [0.0, 2.0]}, volume=VOLUME).to_dict()
    card["model"] = {"mass_gev": mass, "particle": kind, **plain}
    from mcgen.card import load_card

    source = process_of(load_card(card), particles).sources["meson_decay"]
    assert isinstance(source, MesonDecay)
    return source


def made(source: MesonDecay, label: object, aim: AnyAim | None = None, n: int = N) -> Production:
    """Bosons of all mesons of the table in turn, at uniform points of the cube."""
    rng = generator("meson decay source", label)
    u = {axis: rng.random(n) for axis in source.axes}
    return source(u, np.arange(n) % len(source.parents), aim or EveryDirection())


def boson(production: Production, mass: float) -> Array:
    p = np.sqrt((production.boson_e - mass) * (production.boson_e + mass))
    return np.concatenate([p * production.direction, production.boson_e[None]])


def along_z(energy: float, meson: Meson = K) -> Array:
    return np.array([[0.0], [0.0], [np.sqrt(energy**2 - meson.mass**2)]])


def mixed(n: int = 50) -> Array:
    """Momenta of all sizes and directions, one of them 0."""
    rng = generator("mixed mesons")
    momentum = rng.normal(size=(3, n)) * np.geomspace(0.01, 100.0, n)
    momentum[:, 0] = 0.0
    return momentum


KINDS: list[tuple[Kind, bool]] = [
    ("scalar", False),
    ("pseudoscalar", False),
    ("vector", False),
    ("vector", True),
]


@pytest.mark.parametrize("meson", MESONS)
@pytest.mark.parametrize(("kind", "neutrinos"), KINDS)
def test_four_momenta_balance(meson: Meson, kind: Kind, neutrinos: bool) -> None:
    mass = 0.01 if meson is PI else 0.1
    source = source_of(flux(mixed(), meson.pdg), mass, kind, neutrinos)
    for aim in (None, process(flux(mixed()), 0.1).aims["gammagamma"]):
        found = made(source, ("balance", meson.name, kind, neutrinos), aim)
        rows = found.weight > 0.0
        assert rows.sum() > 100
        before, after = found.emitter, found.recoil + found.neutrino + boson(found, mass)
        assert np.all(np.abs(before - after)[:, rows] <= 8.0 * EPS * before[3, rows])
        for four, own in ((found.recoil, MUON_MASS), (found.neutrino, 0.0), (boson(found, mass), mass)):
            off = four[3] ** 2 - norm(four[:3]) ** 2 - own * own
            assert np.all(np.abs(off)[rows] <= 8.0 * EPS * four[3, rows] ** 2)
        np.testing.assert_array_equal(found.layer, 0)
        np.testing.assert_allclose(found.x, found.boson_e / before[3])


@pytest.mark.parametrize(("kind", "neutrinos"), KINDS)
@pytest.mark.parametrize(
    ("meson", "energy", "mass"),
    [(K, K.mass, 0.1), (K, 0.6, 0.3), (K, 5.0, 0.05), (K, 400.0, 0.2), (PI, 20.0, 0.01)],
)
def test_all_directions_make_the_branching_ratio(
    meson: Meson, energy: float, mass: float, kind: Kind, neutrinos: bool
) -> None:
    source = source_of(flux(along_z(energy, meson), -meson.pdg), mass, kind, neutrinos)
    weight = made(source, (meson.name, energy, mass, kind, neutrinos)).weight
    truth = branching_ratio(meson, source.boson)
    error = float(weight.std(ddof=1) / np.sqrt(len(weight)))
    assert error < 0.03 * truth
    assert_agrees(float(weight.mean()), error, truth)
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(float(weight.mean()), error, 1.2 * truth)


def variables(muon: Array, neutrino: Array, x: Array, meson: Array) -> dict[str, Array]:
    """What is compared: energies in the laboratory, and products that only T and phase space fix."""
    return {
        "boson energy": x[3],
        "boson angle": np.arctan2(np.hypot(x[0], x[1]), x[2]),
        "muon energy": muon[3],
        "neutrino energy": neutrino[3],
        "muon and boson": product(muon, x),
        "muon and neutrino": product(muon, neutrino),
        "boson at rest": product(meson, x),
        "azimuths": np.cos(np.arctan2(muon[1], muon[0]) - np.arctan2(x[1], x[0])),
    }


@pytest.mark.parametrize(("kind", "neutrinos"), KINDS)
def test_distributions_are_those_of_plain_phase_space_times_the_amplitude(
    kind: Kind, neutrinos: bool
) -> None:
    mass, n = 0.08, 40_000
    momentum = along_z(3.0)
    found = made(source_of(flux(momentum), mass, kind, neutrinos), ("toy", kind, neutrinos), n=n)
    meson = np.repeat(np.array([[0.0], [0.0], [momentum[2, 0]], [3.0]]), n, axis=1)
    muon, neutrino, x, weight = phase_space(generator("toy", kind, neutrinos), meson, K.mass, mass)
    ours = variables(found.recoil, found.neutrino, boson(found, mass), found.emitter)
    theirs = variables(muon, neutrino, x, meson)
    right = weight * squared(kind, muon, neutrino, x, neutrinos)
    failed = []
    for name, values in ours.items():
        assert_same_samples((values, found.weight), (theirs[name], right), bins=12)
        try:
            assert_same_samples((values, found.weight), (theirs[name], weight), bins=12)
        except AssertionError:
            failed.append(name)
    # Phase space alone is another distribution, in most of them.
    assert len(failed) > len(ours) / 2, failed


@pytest.mark.parametrize(("energy", "mass"), [(1.0, 0.1), (25.0, 0.05), (60.0, 0.25)])
def test_energy_and_angle_are_those_of_direct_integration(energy: float, mass: float) -> None:
    beam = Beam(K.mass, energy, 0.5, "scalar", mass)
    found = made(source_of(flux(along_z(energy)), mass), ("spectra", energy), n=2 * N)
    for values, cdf, wrong in (
        (found.boson_e, beam.energy_cdf, replace(beam, plain=True).energy_cdf),
        (found.theta, beam.angle_cdf, replace(beam, energy=1.1 * energy).angle_cdf),
    ):
        assert_same_distribution(values, found.weight, cdf)
        with pytest.raises(AssertionError, match="KS"):
            assert_same_distribution(values, found.weight, wrong)


def test_who_can_contribute() -> None:
    momentum = np.repeat(along_z(10.0), 4, axis=1)
    base = flux(momentum)
    pdg = np.array([321, -211, 321, -321])
    place = base.position.copy()
    place[2] = [1.0, 1.0, 25.0, 5.0]
    particles = replace(base, pdg=pdg, position=place)
    source = source_of(particles, 0.1)
    assert source.parents.left_out == {"zero_rate": 0, "below_threshold": 1, "behind_entrance": 1}
    np.testing.assert_array_equal(source.parents.parent.row, np.sort(source.parents.parent.row))
    # In the dump, and in the air behind it.
    np.testing.assert_array_equal(source.layer[np.argsort(source.parents.parent.row)], [0, -1])
    light = source_of(particles, 0.01)
    assert len(light.parents) == 3
    assert len(source_of(particles, 0.39).parents) == 0
    # Kaons and pions have cells of their own.
    kaon = np.abs(light.parents.parent.pdg) == 321
    assert not set(light.parents.cells[0][kaon]) & set(light.parents.cells[0][~kaon])
