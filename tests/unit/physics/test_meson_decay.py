"""M -> mu nu X: amplitudes against explicit matrices, widths against quadrature in other variables."""

from __future__ import annotations

import numpy as np
import pytest

from mcgen.constants import MUON_MASS
from mcgen.physics.kinds import KINDS, Kind
from mcgen.physics.meson_decay.invariants import Invariants, max_energy, pair_of
from mcgen.physics.meson_decay.mesons import MESONS, Meson, meson_of
from mcgen.physics.meson_decay.width import branching_ratio, width_ratio
from mcgen.physics.models import Boson
from tests.oracle.mesons import (
    contracted,
    phase_space,
    product,
    ratio_by_quadrature,
    squared,
    trace,
    vertices,
)
from tests.oracle.stats import Array, generator

K, PI = MESONS
CASES: list[tuple[Kind, bool]] = [
    ("scalar", False),
    ("pseudoscalar", False),
    ("vector", False),
    ("vector", True),
]


def decays(mass: float, n: int = 500) -> tuple[Array, Array, Array]:
    """Muons, neutrinos and bosons (4, n) of kaons at rest."""
    at_rest = np.repeat([[0.0], [0.0], [0.0], [K.mass]], n, axis=1)
    p, nu, k, _ = phase_space(generator("meson decays", mass), at_rest, K.mass, mass)
    return p, nu, k


def amplitude(kind: Kind, mass: float, neutrinos: bool, p: Array, nu: Array, k: Array) -> Array:
    return KINDS[kind].meson_amplitude(
        Invariants(product(p, k), product(nu, k), product(p, nu), mass), neutrinos
    )


@pytest.mark.parametrize(("kind", "neutrinos"), CASES)
@pytest.mark.parametrize("mass", [0.05, 0.2, 0.35])
def test_the_amplitude_is_the_trace_of_matrices(kind: Kind, neutrinos: bool, mass: float) -> None:
    p, nu, k = decays(mass)
    found, expected = amplitude(kind, mass, neutrinos, p, nu, k), squared(kind, p, nu, k, neutrinos)
    assert np.all(found > 0.0)
    # In units of its largest terms: near zeros of the amplitude the matrices themselves cancel.
    assert np.max(np.abs(found - expected)) < 1e-10 * np.max(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    other = squared(kind, p, nu, 1.001 * k, neutrinos)
    assert np.max(np.abs(found - other)) > 1e-5 * np.max(expected)


def test_the_current_is_conserved_on_both_lines_only() -> None:
    p, nu, k = decays(0.1)
    for neutrinos in (True, False):
        found = vertices("vector", p, nu, k, neutrinos)
        along = contracted(found, k)
        size = np.max([np.abs(trace(vertex, vertex, p, nu)) for vertex in found], axis=0)
        share = np.abs(trace(along, along, p, nu)) / (size * K.mass**2)
        assert (np.max(share) < 1e-16) == neutrinos


@pytest.mark.parametrize(
    ("meson", "kind", "neutrinos", "mass", "ratio"),
    [
        (K, "scalar", False, 0.05, 0.0422377),
        (K, "scalar", False, 0.1, 0.0207485),
        (K, "scalar", False, 0.2, 0.00383712),
        (K, "pseudoscalar", False, 0.05, 0.0124787),
        (K, "vector", True, 0.1, 0.0283732),
        (K, "vector", False, 0.1, 0.0985877),
        (PI, "scalar", False, 0.01, 0.00529197),
    ],
)
def test_widths_that_are_known(meson: Meson, kind: Kind, neutrinos: bool, mass: float, ratio: float) -> None:
    value, error = width_ratio(kind, meson.mass, mass, neutrinos)
    assert value == pytest.approx(ratio, rel=3e-6)
    assert error < 1e-6 * value


@pytest.mark.parametrize(("kind", "neutrinos"), CASES)
@pytest.mark.parametrize(
    ("meson_mass", "mass"),
    [
        *((K.mass, mass) for mass in (1e-3, 0.02, 0.1, 0.3, 0.387)),
        *((PI.mass, mass) for mass in (1e-3, 0.01, 0.0335)),
    ],
)
def test_widths_are_those_of_other_variables(
    kind: Kind, neutrinos: bool, meson_mass: float, mass: float
) -> None:
    value, error = width_ratio(kind, meson_mass, mass, neutrinos)

    def of(pk: Array, nk: Array, pn: Array) -> Array:
        return KINDS[kind].meson_amplitude(Invariants(pk, nk, pn, mass), neutrinos)

    assert value == pytest.approx(ratio_by_quadrature(of, meson_mass, mass), rel=1e-6)
    assert error < 1e-6 * value


@pytest.mark.parametrize("meson", MESONS)
@pytest.mark.parametrize(("kind", "neutrinos"), CASES)
def test_nothing_above_threshold_and_little_below(meson: Meson, kind: Kind, neutrinos: bool) -> None:
    end = meson.mass - MUON_MASS
    for mass in (end, 1.5 * end):
        assert width_ratio(kind, meson.mass, mass, neutrinos) == (0.0, 0.0)
    # A slow muon and boson share what the neutrino leaves, E_nu sqrt(end - m - E_nu), and T goes with E_nu.
    near, far = (width_ratio(kind, meson.mass, end * (1.0 - gap), neutrinos)[0] for gap in (1e-4, 2e-4))
    assert far / near == pytest.approx(2.0**3.5, rel=2e-3)


def test_light_bosons() -> None:
    # A vector on the muon's line grows like 1/m^2, one on both lines and a scalar like a logarithm; a pseudoscalar stays.
    heavy, light = 1e-3, 1e-4
    for meson in MESONS:
        r = {
            case: [width_ratio(case[0], meson.mass, m, case[1])[0] for m in (heavy, light)] for case in CASES
        }
        assert r["vector", False][1] / r["vector", False][0] == pytest.approx(100.0, rel=0.05)
        assert r["pseudoscalar", False][1] == pytest.approx(r["pseudoscalar", False][0], rel=0.05)
        # Soft scalars: the integral of (2 m_mu/(2 p.k))^2 d^3k/((2 pi)^3 2E) is ln(k_max/m)/(4 pi^2), up to m/k_max.
        grown = r["scalar", False][1] - r["scalar", False][0]
        assert grown == pytest.approx(np.log(heavy / light) / (4.0 * np.pi**2), rel=0.05)


def test_the_draw_of_the_angle_covers_it_with_its_density() -> None:
    for mass in (1e-3, 0.1, 0.38):
        end = float(max_energy(np.array(K.mass), mass))
        energy = mass + (end - mass) * np.array([1e-6, 0.1, 0.5, 0.9, 0.999999])
        for one in energy:
            pair = pair_of(np.array(K.mass), np.full(3001, one), mass)
            u = np.linspace(0.0, 1.0, 3001)
            t, slope = pair.forward(u)
            np.testing.assert_allclose(t[[0, -1]], [0.0, 1.0], atol=1e-12)
            assert np.all(np.diff(t) > 0.0)
            steps = np.concatenate([[0.0], np.cumsum(0.5 * (slope[1:] + slope[:-1]) * np.diff(u))])
            np.testing.assert_allclose(steps, t, rtol=1e-4, atol=1e-6)


def test_branching_ratios_count_both_charges_and_couplings() -> None:
    boson = Boson("scalar", 0.05, (0.0, 2e-3, 0.0))
    assert branching_ratio(K, boson) == pytest.approx(0.6356 * 4e-6 * 0.0422377, rel=3e-6)
    assert branching_ratio(PI, boson) == 0.0
    assert meson_of(-321) is K
    with pytest.raises(KeyError):
        meson_of(13)
