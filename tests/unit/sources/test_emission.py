"""What an emission leaves: four-momenta that balance in the laboratory, wherever the muon goes; transfers t."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from mcgen.constants import MUON_MASS
from mcgen.physics.bremsstrahlung import two_to_three
from mcgen.physics.formfactors import Nucleus, TransferTable, g2, g2_elastic
from mcgen.physics.kinds import Kind
from mcgen.physics.kinematics import dot, momentum_of, norm
from mcgen.sources.bremsstrahlung.methods import METHODS
from mcgen.sources.bremsstrahlung.track import Track
from mcgen.types import Array
from tests.oracle.beams import Radiation, beam_card, muons, radiation
from tests.oracle.stats import assert_agrees, assert_same_distribution, generator

EPS = float(np.finfo(np.float64).eps)

LAYERS = {"layer": [{"material": "Cu", "z_m": [0.0, 0.5]}, {"material": "Pb", "z_m": [0.5, 1.0]}]}

MASSES = (1e-3, 0.1, 0.25, 1.0)


def tell(method: str, mass: float, *, kind: Kind = "scalar", scattering: bool = False) -> Radiation:
    """Let muons radiate that are from just above the threshold to 1 TeV, in all forward directions."""
    rng = generator("emission", method, mass, kind, scattering)
    n = 3000
    energy = mass + MUON_MASS + np.geomspace(1e-3, 900.0, n)
    angle, azimuth = np.arccos(rng.random(n)), rng.uniform(0.0, 2.0 * np.pi, n)
    angle[::2] *= 1e-3
    direction = np.stack([np.sin(angle) * np.cos(azimuth), np.sin(angle) * np.sin(azimuth), np.cos(angle)])
    position = np.stack([*rng.uniform(-1.0, 1.0, (2, n)), rng.uniform(0.0, 1.0, n)])
    card = beam_card(
        50.0,
        mass,
        method,
        target=LAYERS,
        volume={"shape": "slab", "z_m": [5.0, 50.0]},
        model={"particle": kind, "channels": ["mumu" if mass > 0.22 else "gammagamma"], "ctau_m": 10.0}
        if kind != "vector"
        else {"name": "lmu-ltau", "particle": kind, "channels": ["nunu"], "ctau_m": 10.0},
        production={"multiple_scattering": scattering, "energy_loss": "constant"},
    )
    return radiation(card, rng, 3 * n, muons(position, direction, energy))


def incoming(track: Track) -> Array:
    """Four-momenta (4, n) of the muons just before emission."""
    return np.concatenate([momentum_of(track.energy, MUON_MASS) * track.direction, track.energy[None]])


def boson_of(told: Radiation) -> Array:
    emission = told.emission
    momentum = momentum_of(emission.boson_e, told.process.boson.mass) * emission.direction
    return np.concatenate([momentum, emission.boson_e[None]])


def physical(told: Radiation) -> Any:
    return np.flatnonzero(told.emission_weight > 0.0)


# --- exact --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scattering", [False, True])
@pytest.mark.parametrize("mass", MASSES)
def test_exact_balances(mass: float, scattering: bool) -> None:
    told = tell("exact", mass, scattering=scattering)
    emission, rows = told.emission, physical(told)
    assert len(rows) > 0.3 * len(told.history.weight)
    m_n = np.array([nucleus.mass for nucleus in told.dump.nuclei]).take(told.track.layer)
    assert set(told.track.layer[rows]) == {0, 1}
    before = incoming(told.track)
    before[3] += m_n
    after = boson_of(told) + emission.recoil + emission.nucleus
    off = np.max(np.abs(before - after), axis=0) / before[3]
    assert np.max(off[rows]) <= 8.0 * EPS
    for momentum, own in ((emission.recoil, np.full_like(m_n, MUON_MASS)), (emission.nucleus, m_n)):
        square = momentum[3] ** 2 - dot(momentum[:3], momentum[:3]) - own**2
        scale = np.maximum(momentum[3], told.track.energy) ** 2
        assert np.max((np.abs(square) / scale)[rows]) <= 16.0 * EPS
    # The control: without the rotation to the muon's direction nothing balances.
    after[:2] *= -1.0
    wrong = np.max(np.abs(before - after), axis=0) / before[3]
    assert np.mean((wrong > 8.0 * EPS)[rows]) > 0.99


@pytest.mark.parametrize("mass", MASSES)
def test_momentum_transfer_and_angles_are_those_of_the_momenta(mass: float) -> None:
    told = tell("exact", mass)
    emission, rows = told.emission, physical(told)
    kick = dot(emission.nucleus[:3], emission.nucleus[:3])
    m_n = np.array([nucleus.mass for nucleus in told.dump.nuclei]).take(told.track.layer)
    kinetic = kick / (m_n + np.sqrt(m_n**2 + kick))
    # Components of a muon's size go into the transfer, and are lost against each other where it is small.
    slack = (8.0 * EPS * told.track.energy) ** 2 + 16.0 * EPS * told.track.energy * np.sqrt(kick)
    assert np.all((np.abs(kick - kinetic**2 - emission.t) <= slack + 1e-12 * emission.t)[rows])
    assert_angles(told)
    one_minus_cos = 2.0 * np.sin(0.5 * emission.theta) ** 2
    low, high = two_to_three.t_limits(told.track.energy, emission.boson_e, one_minus_cos, mass, m_n)
    inside = (emission.t >= low * (1.0 - 1e-6)) & (emission.t <= high * (1.0 + 1e-6))
    assert np.all(inside[rows])


def assert_angles(told: Radiation) -> None:
    """Require the angle to be that between boson and muon, and the energies those of x."""
    emission, track = told.emission, told.track
    across = norm(np.cross(track.direction, emission.direction, axis=0))
    theta = np.arctan2(across, dot(track.direction, emission.direction))
    np.testing.assert_allclose(emission.theta, theta, rtol=1e-9, atol=4.0 * EPS)
    np.testing.assert_array_equal(emission.boson_e, emission.x * track.energy)
    low, high = told.process.boson.mass / track.energy, 1.0 - MUON_MASS / track.energy
    assert np.all((emission.x >= low) & (emission.x <= np.maximum(high, low) * (1.0 + EPS)))
    np.testing.assert_allclose(norm(emission.direction), 1.0, rtol=4.0 * EPS)


# --- ww -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scattering", [False, True])
@pytest.mark.parametrize("mass", MASSES)
def test_ww_balances_across_the_muon_and_in_energy(mass: float, scattering: bool) -> None:
    told = tell("ww", mass, scattering=scattering)
    emission, track, rows = told.emission, told.track, physical(told)
    boson, recoil = boson_of(told), emission.recoil
    across = np.cross((boson + recoil)[:3], track.direction, axis=0)
    assert np.max((norm(across) / track.energy)[rows]) <= 8.0 * EPS
    on_shell = recoil[3] ** 2 - dot(recoil[:3], recoil[:3]) - MUON_MASS**2
    assert np.max((np.abs(on_shell) / recoil[3] ** 2)[rows]) <= 8.0 * EPS
    # Where the transverse momentum leaves room for it, energy balances too, and the recoil goes forwards.
    transverse = norm(np.cross(boson[:3], track.direction, axis=0))
    left = ((1.0 - emission.x) * track.energy) ** 2 - MUON_MASS**2 - transverse**2
    possible = rows[left[rows] > 1e-9 * track.energy[rows] ** 2]
    assert len(possible) > 0.3 * len(rows)
    assert np.max((np.abs(boson + recoil - incoming(track))[3] / track.energy)[possible]) <= 8.0 * EPS
    assert np.all(dot(recoil[:3], track.direction)[possible] > 0.0)
    assert np.all(np.isnan(emission.t))
    assert np.all(np.isnan(emission.nucleus))
    assert_angles(told)


# --- iww ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scattering", [False, True])
def test_iww_goes_on_along_the_muon(scattering: bool) -> None:
    told = tell("iww", 0.1, scattering=scattering)
    emission = told.emission
    np.testing.assert_array_equal(emission.direction, told.track.direction)
    assert np.all(emission.theta == 0.0)
    for undefined in (emission.t, emission.recoil, emission.nucleus):
        assert np.all(np.isnan(undefined))
    assert_angles(told)


@pytest.mark.parametrize("kind", ["scalar", "pseudoscalar", "vector"])
@pytest.mark.parametrize("method", METHODS)
def test_weights_are_finite_and_nowhere_negative(method: str, kind: Kind) -> None:
    for mass in (1e-3, 0.1, 1.0):
        told = tell(method, mass, kind=kind)
        assert np.all(np.isfinite(told.emission_weight))
        assert np.all(told.emission_weight >= 0.0)
        assert np.mean(told.emission_weight > 0.0) > 0.3


# --- Momentum transfers -------------------------------------------------------------------------------------

CU, PB = Nucleus(29.0, 63.546), Nucleus(82.0, 207.2)

LIMITS = [(1e-12, 100.0), (1e-8, 1e-2), (1e-5, 2e-5), (1e-3, 1e-3 * (1.0 + 1e-3)), (0.05, 30.0), (3.0, 300.0)]
"""Pairs of limits [GeV^2]: all scales, narrow and wide, where the elastic part rules and where it does not."""


def drawn(nucleus: Nucleus, low: float, high: float, n: int = 20_000) -> tuple[Array, Array]:
    u = generator("transfers", nucleus, low, high).random(n)
    return TransferTable(nucleus, 1e-13).draw(u, np.full(n, low), np.full(n, high))


def dlnt_integral(nucleus: Nucleus, low: float, high: float, power: float = 0.0) -> float:
    """Integral of t^power G2 dlnt."""

    def integrand(log_t: float) -> float:
        t = np.exp(np.array([log_t]))
        return float((g2(nucleus, t) * t**power)[0])

    knees = [k for k in np.log([1e-10, 1e-8, 1e-5, 1e-2, 0.3, 3.0]) if np.log(low) < k < np.log(high)]
    pieces = np.array([np.log(low), *knees, np.log(high)])
    return sum(
        float(quad(integrand, a, b, epsabs=0.0, epsrel=1e-10, limit=200)[0])
        for a, b in pairwise(pieces.tolist())
    )


@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("nucleus", [CU, PB])
def test_transfers_follow_the_form_factor(nucleus: Nucleus, limits: tuple[float, float]) -> None:
    low, high = limits
    t, _ = drawn(nucleus, low, high)
    assert np.all((t >= low) & (t <= high))
    grid = np.linspace(np.log(low), np.log(high), 20_001)
    density = g2(nucleus, np.exp(grid))
    steps = 0.5 * (density[1:] + density[:-1])
    share = np.concatenate([[0.0], np.cumsum(steps)]) / np.sum(steps)
    ones = np.ones_like(t)
    assert_same_distribution(t, ones, lambda x: np.interp(np.log(x), grid, share))
    with pytest.raises(AssertionError, match="KS"):
        assert_same_distribution(t, ones, lambda x: np.interp(np.log(x), grid, share) ** 1.1)


@pytest.mark.parametrize("power", [-0.5, 0.0, 0.5])
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("nucleus", [CU, PB])
def test_transfers_weigh_what_the_integral_says(
    nucleus: Nucleus, limits: tuple[float, float], power: float
) -> None:
    # The mean of G2 h over the density is the integral of G2 h dt, here with h = t^(power - 1). At power 0 the
    # density is the integrand, and what scatters is the table's coarseness alone.
    t, weighted = drawn(nucleus, *limits)
    value = weighted * t ** (power - 1.0)
    truth = dlnt_integral(nucleus, *limits, power)
    error = float(value.std() / np.sqrt(len(value)))
    assert_agrees(float(value.mean()), error, truth)
    if power == 0.0:
        assert error < 1e-3 * truth
        with pytest.raises(AssertionError, match="sigma"):
            assert_agrees(float(value.mean()), error, 1.01 * truth)
        elastic = value * g2_elastic(nucleus, t) / g2(nucleus, t)
        assert float(elastic.mean()) < truth


@given(u=st.floats(0.0, 1.0, exclude_max=True), log_low=st.floats(-30.0, 5.0), log_ratio=st.floats(0.0, 30.0))
def test_transfers_respect_their_limits(u: float, log_low: float, log_ratio: float) -> None:
    low = np.exp(np.array([log_low]))
    high = low * np.exp(log_ratio)
    t, weighted = TABLE.draw(np.array([u]), low, high)
    assert low[0] <= t[0] <= high[0]
    assert 0.0 <= weighted[0] < np.inf


TABLE = TransferTable(CU, 1e-13)


def test_transfers_are_monotonous_in_their_coordinate() -> None:
    u = np.append(np.linspace(0.0, 1.0, 10_001)[:-1], 1.0 - 0.5 * EPS)
    for low, high in LIMITS:
        t, _ = TABLE.draw(u, np.full_like(u, low), np.full_like(u, high))
        assert np.all(np.diff(t) >= 0.0)
        assert t[0] == pytest.approx(low, rel=1e-9)
        # Up to the upper limit, unless G2 has vanished long before.
        assert t[-1] > (0.99 * high if high < 1.0 else 1.0)


def test_no_phase_space_has_no_weight() -> None:
    none = np.zeros(3)
    t, weighted = TABLE.draw(np.array([0.0, 0.5, 0.999]), none, none)
    np.testing.assert_array_equal(t, none)
    np.testing.assert_array_equal(weighted, none)
