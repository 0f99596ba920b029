"""Distributions of generated events against closed forms and quadrature, each with a control."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import mcgen
from mcgen.constants import MUON_MASS
from mcgen.events import Events
from tests.oracle.decays import decay_angles, decay_quantile
from tests.oracle.quadrature import (
    COPPER,
    DAUGHTER_MASS,
    SELECTIONS,
    SETUPS,
    SLAB,
    TAX,
    Setup,
    chi,
    dsigma_dx,
    expected_decays,
    leptophilic,
    muon,
    muonphilic,
    sigma,
    widths,
)
from tests.oracle.setups import card_of, toy_flux
from tests.oracle.stats import (
    Array,
    Cdf,
    assert_same_distribution,
    assert_same_fractions,
    assert_same_histogram,
    bin_of,
    seed_of,
)

TRAINING = {"pilot": 5000, "nitn": 5, "neval": 4000, "train_on": "fiducial"}
"""On all decays, whose distributions are tested."""

CHANNELS = ("ee", "mumu", "tautau", "gammagamma")
"""In the order of their numbers in the column `channel`, from 1."""


def draw(setup: Setup, folder: Path, points: int, *label: object, **cuts: Any) -> Events:
    run = {"events": points, "seed": seed_of("distributions", *label), "vegas": TRAINING}
    return mcgen.generate(card_of(setup, folder, run, **cuts))


def identity(x: Array) -> Array:
    return x


def assert_same(sample: Array, weights: Array, cdf: Cdf) -> None:
    """Test by KS, which sees shifts, and chi2, which sees structure; and that both see a slope of 10 %."""
    assert_same_distribution(sample, weights, cdf)
    assert_same_histogram(sample, weights, cdf)
    tilted = weights * (0.9 + 0.2 * np.asarray(cdf(sample)))
    with pytest.raises(AssertionError, match="KS"):
        assert_same_distribution(sample, tilted, cdf)
    with pytest.raises(AssertionError, match="chi2"):
        assert_same_histogram(sample, tilted, cdf)


def assert_different(sample: Array, weights: Array, cdf: Cdf) -> None:
    with pytest.raises(AssertionError, match="KS"):
        assert_same_distribution(sample, weights, cdf)


# --- Decay angles -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["electrons_magnet", "muons_inclined", "photons_mixed_flux"])
def test_decays_are_isotropic(name: str, folder: Path) -> None:
    # The maps of cos theta* and phi* are trained on what is accepted: the weights undo it.
    setup, channel, cuts = SELECTIONS[name]
    events = draw(SETUPS[setup], folder, 200_000, name, channel=channel, cuts=cuts, channels=[channel])
    u, v = decay_angles(events, SETUPS[setup].mass, DAUGHTER_MASS[channel])
    w = events.weight
    for angle in (u, v):
        assert_same(angle, w, identity)
    assert_same_fractions(bin_of(u, 6) * 6 + bin_of(v, 6), w, np.full(36, 1.0 / 36.0))
    tilted = w * (1.0 + 0.3 * (2.0 * u - 1.0) * np.sign(v - 0.5))
    with pytest.raises(AssertionError, match="chi2"):
        assert_same_fractions(bin_of(u, 6) * 6 + bin_of(v, 6), tilted, np.full(36, 1.0 / 36.0))


# --- Decay point ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "coupling"), [("leptophilic_slab", 1e-3), ("cylinder_leave_side", 3e-3), ("mumu", 4e-6)]
)
def test_decay_points_follow_the_exponential(name: str, coupling: float, folder: Path) -> None:
    # Couplings of short lives, so that the exponential matters.
    setup = SETUPS[name]
    g_e, g_mu, g_tau = (coupling / setup.couplings[1] * g for g in setup.couplings)
    events = draw(replace(setup, couplings=(g_e, g_mu, g_tau)), folder, 100_000, name)
    assert_same(decay_quantile(events), events.weight, identity)
    assert_different(decay_quantile(events, 1.1), events.weight, identity)


# --- Emission ---------------------------------------------------------------------------------------------


def thin(mass: float, energy: float, coupling: float) -> Setup:
    """Target so thin that the muon loses nothing, and a boson so long-lived that many are not lost."""
    block = replace(COPPER, back=1e-4, loss=1e-3)
    return Setup((muon(energy),), block, SLAB, mass, muonphilic(coupling))


def energy_fraction_cdf(setup: Setup, energy: float) -> Cdf:
    """Distribution function of x at one muon energy: dsigma/dx integrated in eta, x E = m cosh eta."""
    eta = np.linspace(0.0, np.arccosh((energy - MUON_MASS) / setup.mass), 4001)
    x = setup.mass * np.cosh(eta) / energy
    tmin = np.array([(setup.mass**2 / (2.0 * energy)) ** 2])
    flux = chi(setup.block, tmin, setup.mass**2 + MUON_MASS**2)
    # At its threshold a boson has no phase space.
    density = np.append(0.0, dsigma_dx(setup, np.full(len(x) - 1, energy), x[1:], flux))
    total = CubicSpline(eta, density * np.sinh(eta)).antiderivative()
    return lambda values: np.clip(
        total(np.arccosh(np.maximum(values * energy / setup.mass, 1.0))) / total(eta[-1]), 0.0, 1.0
    )


@pytest.mark.parametrize(
    ("mass", "energy", "coupling"), [(0.05, 100.0, 1e-4), (0.2, 5.0, 1e-4), (1.0, 150.0, 1e-8)]
)
def test_energy_fraction_follows_the_cross_section(
    mass: float, energy: float, coupling: float, folder: Path
) -> None:
    setup = thin(mass, energy, coupling)
    events = draw(setup, folder, 150_000, "x", mass)
    produced = events.weight / events.p_decay
    assert_same(events.x, produced, energy_fraction_cdf(setup, energy))
    assert_different(events.x, produced, energy_fraction_cdf(replace(setup, mass=1.1 * mass), energy))


def emission_cdf(setup: Setup) -> Cdf:
    """Distribution function of how far the only muon goes before it emits: sigma(E(path)) integrated."""
    (one,) = setup.muons
    start, loss = float(np.hypot(np.linalg.norm(one.momentum), MUON_MASS)), setup.block.loss
    cut = max(setup.min_energy_factor * max(MUON_MASS, setup.mass), MUON_MASS + setup.mass + 1e-9)
    end = min((start - cut) / loss, setup.block.back - one.position[2])
    path = 0.5 * end * (1.0 - np.cos(np.linspace(0.0, np.pi, 49)))
    rate = np.array([sigma(setup, start - loss * s) for s in path.tolist()])
    total = CubicSpline(path, rate).antiderivative()
    return lambda values: np.clip(total(values) / total(end), 0.0, 1.0)


LONG_LIVED = leptophilic(1e-6)

TRACKS = {
    "to the end of its range": replace(SETUPS["stopping"], couplings=LONG_LIVED),
    "to the validity limit": replace(SETUPS["stopping_at_cut"], couplings=LONG_LIVED),
    "to the back": Setup((muon(5.0),), TAX, SLAB, 0.1, LONG_LIVED),
}


@pytest.mark.parametrize("label", TRACKS)
def test_emission_along_the_track_follows_the_cross_section(label: str, folder: Path) -> None:
    setup = TRACKS[label]
    events = draw(setup, folder, 100_000, "track", label)
    path, produced = events.emission_z - events.parent_vz, events.weight / events.p_decay
    assert_same(path, produced, emission_cdf(setup))
    faster = replace(setup.block, loss=1.1 * setup.block.loss)
    assert_different(path, produced, emission_cdf(replace(setup, block=faster)))


def test_emission_in_a_thin_target_is_uniform(folder: Path) -> None:
    setup = thin(0.05, 100.0, 1e-4)
    events = draw(setup, folder, 100_000, "depth")
    depth = events.emission_z / setup.block.back
    assert_same(depth, events.weight, identity)


# --- Channels and muons -----------------------------------------------------------------------------------


def test_channels_come_in_the_ratio_of_their_widths(folder: Path) -> None:
    # Just above the threshold of muon pairs three channels are open.
    partial = widths(SETUPS["mumu_threshold"])
    assert partial.pop("tautau") == 0.0
    ratio = np.array(list(partial.values())) / sum(partial.values())
    events = draw(SETUPS["mumu_threshold"], folder, 100_000, "channels")
    numbers = [CHANNELS.index(name) + 1 for name in partial]
    category = np.searchsorted(numbers, events.channel)
    assert set(events.channel.tolist()) == set(numbers)
    assert_same_fractions(category, events.weight, ratio)
    wrong = ratio * (1.0, 1.0, 1.1)
    with pytest.raises(AssertionError, match="chi2"):
        assert_same_fractions(category, events.weight, wrong / wrong.sum())


def test_muons_come_in_proportion_to_their_yields(folder: Path) -> None:
    toy = toy_flux()
    events = draw(toy, folder, 100_000, "rows")
    each = np.array([expected_decays(replace(toy, muons=(one,))).value for one in toy.muons])
    assert_same_fractions(events.parent_row, events.weight, each / each.sum())
    wrong = each * np.linspace(0.9, 1.1, len(each))
    with pytest.raises(AssertionError, match="chi2"):
        assert_same_fractions(events.parent_row, events.weight, wrong / wrong.sum())
