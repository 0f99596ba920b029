"""Photons: showers, muon pairs and their places."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad

from mcgen.constants import ALPHA, ELECTRON_MASS, HBAR_C, MUON_MASS, mass_of
from mcgen.flux.make.photons import (
    conversion_rows,
    differential,
    pairs_per_length,
    photons_of_pions,
    radiation_length,
)
from mcgen.flux.make.shower import track_lengths
from mcgen.flux.make.slabs import Slabs
from mcgen.flux.make.species import PION0_TO_PHOTONS
from mcgen.physics.kinematics import norm, polar_angle
from mcgen.physics.matter import Material, material
from tests.oracle.fluxmaking import alike
from tests.oracle.stats import assert_agrees, generator

COPPER = material("Cu")


def test_many_soft_photons_are_those_of_rossi() -> None:
    # B. Rossi, High-Energy Particles (1952): 0.572 E_0/E^2 dE in approximation A, whatever the first particle is.
    fraction, length = track_lengths()
    density = np.diff(length) / -np.diff(fraction) * fraction[1:] * fraction[:-1]
    assert density[-1] == pytest.approx(0.572, rel=0.01)


def test_few_hard_photons_are_of_the_second_generation() -> None:
    # Near the first photon's energy, only one pair and one radiation matter: G(u) du = (9/7)^2 du int_u^1 P(E) w(u/E)/E dE.
    fraction, length = track_lengths()
    hard = np.interp(-np.log(0.9), -np.log(fraction), length)
    assert 0.0 < hard < 0.02
    assert (np.diff(length) > 0.0).all()


def test_pairs_of_high_energies_are_those_of_electrons_times_the_mass_ratio() -> None:
    radius = ALPHA * HBAR_C / MUON_MASS
    b, d = 183.0 * 29.0 ** (-1 / 3), 1.54 * 63.546**0.27
    complete = 28.0 / 9.0 * ALPHA * 29.0 * 30.0 * radius**2 * np.log(b * MUON_MASS / (d * ELECTRON_MASS))
    found = pairs_per_length(np.array([9e3]), COPPER)[0] / COPPER.number_density
    assert found == pytest.approx(complete, rel=0.02)
    assert pairs_per_length(np.array([0.42]), COPPER)[0] == 0.0
    energy = 20.0
    edge = 0.5 - np.sqrt(0.25 - MUON_MASS / energy)
    total = quad(
        lambda x: float(differential(np.array([energy]), np.array([x]), COPPER)[0]),
        edge,
        1.0 - edge,
        limit=200,
    )[0]
    assert pairs_per_length(np.array([energy]), COPPER)[0] == pytest.approx(
        COPPER.number_density * total, rel=5e-3
    )


def test_radiation_lengths() -> None:
    assert radiation_length(COPPER) == pytest.approx(0.01435, rel=1e-3)
    own = Material("custom", 29.0, 63.546, 8.96)
    assert radiation_length(own) == pytest.approx(radiation_length(COPPER), rel=0.03)


def test_photons_of_pions() -> None:
    n = 20_000
    pions = alike(111, mass_of(111), (0.0, 0.0, 3.0), n)
    photons = photons_of_pions(pions, generator("pi0"))
    share = len(photons) / (2 * n)
    assert_agrees(share, np.sqrt(PION0_TO_PHOTONS * (1 - PION0_TO_PHOTONS) / n), PION0_TO_PHOTONS)
    half = len(photons) // 2
    np.testing.assert_allclose(photons.energy[:half] + photons.energy[half:], pions.energy[0], rtol=1e-12)


def test_conversions_in_two_slabs() -> None:
    slabs = Slabs((material("C"), COPPER), (0.0, 0.2, 5.0))
    n, energy = 20_000, 50.0
    photons = alike(22, 0.0, (0.0, 0.0, energy), n)
    rows = conversion_rows(slabs, photons, 45.0, generator("conversions"))
    lengths = [radiation_length(matter) for matter in slabs.materials]
    through = np.exp(-7.0 / 9.0 * 0.2 / lengths[0])
    expected = [
        9.0 / 7.0 * lengths[i] * pairs_per_length(np.array([energy]), slabs.materials[i])[0] for i in (0, 1)
    ]
    primary = rows.take(np.arange(len(rows)) < 2 * n)  # before those of the showers
    for share, weight, here in (
        (1.0 - through, expected[0], primary.position[2] < 0.2),
        (through, expected[1], primary.position[2] >= 0.2),
    ):
        entries = np.where(here, primary.weight, 0.0)
        assert_agrees(entries.sum() / (2 * n), entries.std() / np.sqrt(n), share * weight)
    both = primary.momentum[:, primary.pdg == 13].sum(axis=1) + primary.momentum[:, primary.pdg == -13].sum(
        axis=1
    )
    assert both[2] / n == pytest.approx(energy, rel=0.01)
    angle = polar_angle(primary.momentum)
    assert np.median(angle * norm(primary.momentum) / MUON_MASS) == pytest.approx(1.0, rel=0.05)


def test_photons_that_are_too_slow_make_nothing() -> None:
    photons = alike(22, 0.0, (0.0, 0.0, 4.9), 10)
    assert len(conversion_rows(Slabs((COPPER,), (0.0, 1.0)), photons, 5.0, generator("slow"))) == 0
