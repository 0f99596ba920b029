"""The Weizsaecker-Williams cross-section with the angle kept."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from mcgen.constants import ALPHA, GEV2_TO_PB, MUON_MASS
from mcgen.physics.bremsstrahlung import iww, ww
from mcgen.physics.formfactors import ChiTable, Nucleus
from mcgen.physics.kinds import Kind
from mcgen.types import Array

KINDS: list[Kind] = ["scalar", "pseudoscalar", "vector"]
CU, MO = Nucleus(29.0, 63.546), Nucleus(42.0, 95.95)


def grid(low: float, high: float, panels: int) -> tuple[Array, Array]:
    """Nodes and weights of a composite Gauss quadrature."""
    nodes, weights = np.polynomial.legendre.leggauss(24)
    half = 0.5 * (high - low) / panels
    centres = low + half * (2.0 * np.arange(panels) + 1.0)
    return (centres[:, None] + half * nodes).ravel(), np.tile(half * weights, panels)


def least(energy: float, x: float, mass: float) -> float:
    """1 - cos theta at which U is twice its minimum."""
    return (mass * mass * (1.0 - x) / x + MUON_MASS**2 * x) / (2.0 * energy * energy * x)


def over_angles(kind: Kind, energy: float, x: float, mass: float, table: ChiTable | None = None) -> float:
    """dsigma/dx over all angles, with photon flux 1 if there is no table; ln(1 - cos + least) is smooth."""
    c0 = least(energy, x, mass)
    y, weights = grid(np.log(c0), np.log(2.0 + c0), 12)
    one_minus_cos = np.exp(y) - c0
    e, f = np.full_like(y, energy), np.full_like(y, x)
    u = ww.virtuality(e, f, one_minus_cos, mass)
    flux = np.ones_like(y) if table is None else table(ww.t_min(e, f, u))
    return float(np.sum(weights * np.exp(y) * ww.d2sigma(kind, e, f, u, mass, flux)))


def total_pb(kind: Kind, nucleus: Nucleus, mass: float, energy: float) -> float:
    """Cross-section for unit coupling [pb], all angles, m/E <= x <= 1 - m_mu/E.

    Below x = 1/2 in the root of x - m/E, where the boson's momentum goes with it; above in ln(1 - x).
    """
    low, least_rest = mass / energy, MUON_MASS / energy
    table = ChiTable(nucleus, 1e-12, ww.t_max(mass))
    root, root_weights = grid(0.0, math.sqrt(0.5 - low), 1)
    log, log_weights = grid(math.log(least_rest), math.log(0.5), 2)
    x = np.concatenate([low + root * root, 1.0 - np.exp(log)])
    weights = np.concatenate([2.0 * root * root_weights, np.exp(log) * log_weights])
    density = np.array([over_angles(kind, energy, f, mass, table) for f in x.tolist()])
    return GEV2_TO_PB * float(np.sum(weights * density))


def true_d2sigma(kind: Kind, energy: float, x: float, one_minus_cos: float, mass: float) -> Any:
    e, f, m2, mu2 = mpf(energy), mpf(x), mpf(mass) ** 2, mpf(MUON_MASS) ** 2
    u = 2 * mpf(one_minus_cos) * e**2 * f + m2 * (1 - f) / f + mu2 * f
    k = (-u * f + m2 * (1 - f) + mu2 * f**2) / u**2
    amplitude = {
        "scalar": f**2 / (1 - f) + 2 * (m2 - 4 * mu2) * k,
        "pseudoscalar": f**2 / (1 - f) + 2 * m2 * k,
        "vector": 2 * (2 - 2 * f + f**2) / (1 - f) + 4 * (m2 + 2 * mu2) * k,
    }[kind]
    momentum = mp.sqrt(f**2 * e**2 - m2)
    return mpf(ALPHA) ** 2 / (2 * mp.pi) * momentum * e * (1 - f) / u**2 * amplitude


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mass", [1e-3, 0.05, 0.2, 1.0])
@pytest.mark.parametrize("energy", [2.0, 30.0, 400.0])
def test_d2sigma_is_the_formula(kind: Kind, mass: float, energy: float) -> None:
    low, high = mass / energy, 1.0 - MUON_MASS / energy
    shares, angles = np.meshgrid([1e-3, 0.1, 0.5, 0.9, 1.0 - 1e-6], [0.0, 1e-8, 1e-5, 1e-3, 0.5, 2.0])
    x, one_minus_cos = (low + (high - low) * shares).ravel(), angles.ravel()
    e = np.full_like(x, energy)
    u = ww.virtuality(e, x, one_minus_cos, mass)
    value = ww.d2sigma(kind, e, x, u, mass, np.full_like(x, 2.0))
    with mp.workdps(40):
        rows = zip(x.tolist(), one_minus_cos.tolist(), strict=True)
        expected = [2.0 * float(true_d2sigma(kind, energy, f, c, mass)) for f, c in rows]
    np.testing.assert_allclose(value, expected, rtol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("energy", [5.0, 50.0, 400.0])
@pytest.mark.parametrize("mass", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("x", [0.15, 0.5, 0.9])
def test_with_constant_flux_the_angles_integrate_to_iww(
    kind: Kind, energy: float, mass: float, x: float
) -> None:
    # exactly, but for beta_mu of IWW's flux factor and for the angles that are cut off at theta = pi
    e, f, one = np.array([energy]), np.array([x]), np.ones(1)
    collinear = float(iww.dsigma_dx(kind, e, f, mass, one)[0]) / np.sqrt(1.0 - (MUON_MASS / energy) ** 2)
    cut_off = least(energy, x, mass) / 2.0
    assert over_angles(kind, energy, x, mass) == pytest.approx(collinear, rel=1e-10 + 4.0 * cut_off, abs=0.0)


@pytest.mark.parametrize(
    ("nucleus", "mass", "energy", "expected"),
    [
        (CU, 0.1, 50.0, 2.99867e8),
        (CU, 0.2, 100.0, 1.42611e8),
        (CU, 0.05, 20.0, 5.16045e8),
        (MO, 0.1, 20.0, 4.24365e8),
    ],
)
def test_total_is_the_reference(nucleus: Nucleus, mass: float, energy: float, expected: float) -> None:
    assert total_pb("scalar", nucleus, mass, energy) == pytest.approx(expected, rel=2e-5, abs=0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_outside_the_kinematic_window(kind: Kind) -> None:
    energy, mass = 10.0, 0.1
    low, high = mass / energy, 1.0 - MUON_MASS / energy

    def at(x: list[float]) -> Array:
        f = np.array(x)
        e = np.full_like(f, energy)
        u = ww.virtuality(e, f, np.full_like(f, 1e-4), mass)
        return ww.d2sigma(kind, e, f, u, mass, np.ones_like(f))

    outside = [0.1 * low, low * (1.0 - 1e-9), high * (1.0 + 1e-9), 0.5 * (1.0 + high), 1.0]
    assert at(outside).tolist() == [0.0] * 5
    assert np.all(at([low * (1.0 + 1e-9), high * (1.0 - 1e-9)]) > 0.0)


@given(
    energy=st.floats(2.0, 400.0),
    mass=st.floats(1e-3, 1.5),
    share=st.floats(1e-6, 1.0 - 1e-6),
    one_minus_cos=st.floats(0.0, 2.0),
)
@pytest.mark.parametrize("kind", KINDS)
def test_it_is_never_negative(
    kind: Kind, energy: float, mass: float, share: float, one_minus_cos: float
) -> None:
    x = np.array([mass / energy + share * (1.0 - (MUON_MASS + mass) / energy)])
    e = np.array([energy])
    u = ww.virtuality(e, x, np.array([one_minus_cos]), mass)
    assert ww.d2sigma(kind, e, x, u, mass, np.ones(1))[0] >= 0.0


def test_virtuality_and_momentum_transfer() -> None:
    energy, x, mass = np.array([40.0]), np.array([0.25]), 0.3
    forward = mass**2 * 3.0 + MUON_MASS**2 * 0.25
    u = ww.virtuality(energy, x, np.array([0.0]), mass)
    assert u[0] == pytest.approx(forward, rel=1e-14, abs=0.0)
    assert ww.virtuality(energy, x, np.array([1e-3]), mass)[0] == pytest.approx(
        forward + 0.8, rel=1e-14, abs=0.0
    )
    assert ww.t_min(energy, x, u)[0] == pytest.approx((forward / 60.0) ** 2, rel=1e-13, abs=0.0)
    assert ww.t_max(mass) == iww.t_max(mass)


def test_forward_momentum_transfer_exceeds_that_of_iww() -> None:
    # IWW leaves out the muon's mass; equal at x = 1/2 if that is neglected
    energy, x, mass = np.array([40.0]), np.array([0.5]), 5.0
    u = ww.virtuality(energy, x, np.array([0.0]), mass)
    ratio = ww.t_min(energy, x, u)[0] / iww.t_min(energy, mass)[0]
    assert ratio == pytest.approx((2.0 * (1.0 + MUON_MASS**2 / (2.0 * mass**2))) ** 2, rel=1e-3, abs=0.0)
