"""The improved Weizsaecker-Williams cross-section: the paper's, collinear."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from mcgen.constants import ALPHA, GEV2_TO_PB, MUON_MASS
from mcgen.physics.bremsstrahlung import iww
from mcgen.physics.formfactors import Nucleus, chi
from mcgen.physics.kinds import Kind
from mcgen.types import Array

KINDS: list[Kind] = ["scalar", "pseudoscalar", "vector"]
CU, MO = Nucleus(29.0, 63.546), Nucleus(42.0, 95.95)
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(200)


def at(kind: Kind, energy: float, x: Array | list[float], mass: float, flux: float = 1.0) -> Array:
    x = np.asarray(x, dtype=np.float64)
    return iww.dsigma_dx(kind, np.full_like(x, energy), x, mass, np.full_like(x, flux))


def total_pb(kind: Kind, nucleus: Nucleus, mass: float, energy: float) -> float:
    """Cross-section for unit coupling [pb]; x = x_min + width s^2 takes away the square root at x_min."""
    s = 0.5 * (1.0 + _NODES)
    low, high = mass / energy, 1.0 - MUON_MASS / energy
    flux = chi(nucleus, iww.t_min(np.array(energy), mass), iww.t_max(mass))[0]
    density = at(kind, energy, low + (high - low) * s * s, mass, flux)
    return GEV2_TO_PB * float(np.sum(_WEIGHTS * s * (high - low) * density))


def true_dsigma_dx(kind: Kind, energy: float, x: float, mass: float, flux: float) -> Any:
    e, f, m2, mu2 = mpf(energy), mpf(x), mpf(mass) ** 2, mpf(MUON_MASS) ** 2
    numerator = {
        "scalar": f**3 * (mu2 * (3 * f**2 - 4 * f + 4) + 2 * m2 * (1 - f)),
        "pseudoscalar": f**3 * (3 * mu2 * f**2 + 2 * m2 * (1 - f)),
        "vector": 2 * f * (2 * m2 * (1 - f) * (3 - 3 * f + f**2) + mu2 * f**2 * (3 * f**2 - 4 * f + 4)),
    }[kind]
    velocities = mp.sqrt(1 - mu2 / e**2) * mp.sqrt(1 - m2 / (f * e) ** 2)
    denominator = (m2 * (1 - f) + mu2 * f**2) ** 2
    return mpf(ALPHA) ** 2 / (12 * mp.pi) * flux * velocities * numerator / denominator


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mass", [1e-3, 0.05, 0.2, 1.0])
@pytest.mark.parametrize("energy", [2.0, 30.0, 400.0])
def test_dsigma_dx_is_the_formula(kind: Kind, mass: float, energy: float) -> None:
    low, high = mass / energy, 1.0 - MUON_MASS / energy
    x = low + (high - low) * np.array([1e-3, 0.1, 0.5, 0.9, 1.0 - 1e-9])
    with mp.workdps(30):
        expected = [float(true_dsigma_dx(kind, energy, float(f), mass, 13147.0)) for f in x]
    np.testing.assert_allclose(at(kind, energy, x, mass, 13147.0), expected, rtol=1e-12)


@pytest.mark.parametrize(
    ("nucleus", "mass", "energy", "expected"),
    [
        (CU, 0.05, 100.0, 1.36545e9),
        (CU, 0.1, 50.0, 5.85498e8),
        (CU, 0.2, 100.0, 2.60151e8),
        (CU, 0.05, 20.0, 1.13597e9),
        (MO, 0.1, 20.0, 9.93324e8),
    ],
)
def test_total_is_the_reference(nucleus: Nucleus, mass: float, energy: float, expected: float) -> None:
    assert total_pb("scalar", nucleus, mass, energy) == pytest.approx(expected, rel=1e-5, abs=0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mass", [0.05, 0.3])
def test_nothing_outside_the_kinematic_window(kind: Kind, mass: float) -> None:
    energy = 10.0
    low, high = mass / energy, 1.0 - MUON_MASS / energy
    outside = [0.1 * low, low * (1.0 - 1e-9), high * (1.0 + 1e-9), 0.5 * (1.0 + high), 1.0]
    assert at(kind, energy, outside, mass).tolist() == [0.0] * 5
    assert np.all(at(kind, energy, [low * (1.0 + 1e-9), high * (1.0 - 1e-9)], mass) > 0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_muon_below_threshold_does_not_emit(kind: Kind) -> None:
    mass = 0.2
    x = np.linspace(0.05, 0.99, 50)
    assert not at(kind, 0.999 * (mass + MUON_MASS), x, mass).any()
    assert not at(kind, 0.9 * MUON_MASS, x, mass).any()


@given(energy=st.floats(0.5, 500.0), mass=st.floats(1e-4, 5.0), x=st.floats(1e-6, 1.0))
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_never_negative(kind: Kind, energy: float, mass: float, x: float) -> None:
    assert at(kind, energy, [x], mass)[0] >= 0.0


@pytest.mark.parametrize("kind", KINDS)
def test_it_goes_with_the_photon_flux(kind: Kind) -> None:
    x = [0.2, 0.7]
    np.testing.assert_allclose(at(kind, 20.0, x, 0.1, 5.0), 5.0 * at(kind, 20.0, x, 0.1), rtol=1e-15)


def test_scalar_and_pseudoscalar_differ_by_the_muon_mass_alone() -> None:
    # B_S - B_a = 4 m_mu^2 x^3 (1 - x), which a heavy boson does not see
    x, energy = np.array([0.3, 0.6]), 400.0
    ratio = at("scalar", energy, x, 8.0) / at("pseudoscalar", energy, x, 8.0)
    np.testing.assert_allclose(ratio, 1.0 + 2.0 * (MUON_MASS / 8.0) ** 2, rtol=1e-6)


def test_limits_of_the_momentum_transfer() -> None:
    energy = np.array([5.0, 100.0])
    np.testing.assert_allclose(iww.t_min(energy, 0.3), (0.3**2 / (2.0 * energy)) ** 2, rtol=1e-15)
    assert iww.t_max(0.3) == pytest.approx(0.09 + MUON_MASS**2, rel=1e-15, abs=0.0)
