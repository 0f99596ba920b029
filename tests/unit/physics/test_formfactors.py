"""G2 and the effective photon flux, against many digits and a closed form."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf
from scipy.integrate import quad

from mcgen.constants import ELECTRON_MASS, MUON_MASS, PROTON_MASS
from mcgen.physics.bremsstrahlung import iww
from mcgen.physics.formfactors import (
    ChiTable,
    Nucleus,
    TransferTable,
    chi,
    g2,
    g2_elastic,
    g2_helm,
    g2_inelastic,
    g2_pauli,
)
from mcgen.types import Array

DIGITS = 30
NUCLEI = {
    "Be": Nucleus(4.0, 9.0121831),
    "concrete": Nucleus(10.976, 21.832),
    "Cu": Nucleus(29.0, 63.546),
    "Mo": Nucleus(42.0, 95.95),
    "Pb": Nucleus(82.0, 207.2),
}
CU = NUCLEI["Cu"]
TABLE = ChiTable(CU, 1e-10, 0.02)

Part = Literal["elastic", "inelastic"]


def true_g2(part: Part, nucleus: Nucleus, t: Any, real: Callable[[str | float], Any] = mpf) -> Any:
    """Eqs. 17 and 18 as they are printed, in floats or in many digits."""
    z, third, electron = real(nucleus.z), real(1.0) / 3, real(ELECTRON_MASS)
    if part == "elastic":
        a2t = (111 * z**-third / electron) ** 2 * t
        d = real("0.164") * real(nucleus.a) ** (-2 * third)
        return (a2t / (1 + a2t)) ** 2 * (1 / (1 + t / d)) ** 2 * z**2
    a2t = (773 * z ** (-2 * third) / electron) ** 2 * t
    magnetic = 1 + t * (real("2.79") ** 2 - 1) / (4 * real(PROTON_MASS) ** 2)
    return (a2t / (1 + a2t)) ** 2 * (magnetic / (1 + t / real("0.71")) ** 4) ** 2 * z


@cache
def true_chi_elastic(nucleus: Nucleus, tmin: float, tmax: float) -> float:
    """Integral by partial fractions."""
    with mp.workdps(DIGITS + 30):
        z, t0 = mpf(nucleus.z), mpf(tmin)
        b = 1 / (111 * z ** (-mpf(1) / 3) / mpf(ELECTRON_MASS)) ** 2
        d = mpf("0.164") * mpf(nucleus.a) ** (-mpf(2) / 3)
        gap = d - b

        def primitive(t: Any) -> Any:
            log = mp.log((t + b) / (t + d))
            return ((b + t0) / (t + b) + (d + t0) / (t + d) + (b + d + 2 * t0) / gap * log) / gap**2

        return float((z * d) ** 2 * (primitive(mpf(tmax)) - primitive(t0)))


def true_chi(part: Part, nucleus: Nucleus, tmin: float, tmax: float) -> float:
    """Integral by scipy, over r = (t - tmin)/tmin: tmin^2 r/t^2 G2, in pieces of ln(1 + r)."""

    def integrand(y: float) -> float:
        rise = float(np.expm1(y))
        return rise / (1.0 + rise) * float(true_g2(part, nucleus, tmin * (1.0 + rise), float))

    edges = np.linspace(0.0, float(np.log1p((tmax - tmin) / tmin)), 7)
    pieces = [quad(integrand, low, high, epsabs=0.0, epsrel=1e-13)[0] for low, high in pairwise(edges)]
    return math.fsum(pieces)


def limits(mass: float, energy: float) -> tuple[float, float]:
    return float(iww.t_min(np.array(energy), mass)), iww.t_max(mass)


# --- the nucleus


@pytest.mark.parametrize(
    ("nucleus", "pdg", "mass"),
    [
        (NUCLEI["Be"], 1000040090, 8.394849),
        (NUCLEI["concrete"], 1000110220, 20.336508),
        (CU, 1000290640, 59.193099),
        (NUCLEI["Mo"], 1000420960, 89.377425),
        (NUCLEI["Pb"], 1000822070, 193.0068),
    ],
)
def test_nucleus_has_its_id_and_mass(nucleus: Nucleus, pdg: int, mass: float) -> None:
    assert nucleus.pdg == pdg
    assert nucleus.mass == pytest.approx(mass, abs=1e-6)


# --- G2


@pytest.mark.parametrize("name", NUCLEI)
def test_g2_is_the_formula(name: str) -> None:
    nucleus = NUCLEI[name]
    t = np.geomspace(1e-18, 1e3, 85)
    with mp.workdps(DIGITS):
        elastic, inelastic = (
            np.array([float(true_g2(part, nucleus, mpf(float(v)))) for v in t])
            for part in ("elastic", "inelastic")
        )
    np.testing.assert_allclose(g2_elastic(nucleus, t), elastic, rtol=1e-13)
    np.testing.assert_allclose(g2_inelastic(nucleus, t), inelastic, rtol=1e-13)
    np.testing.assert_allclose(g2(nucleus, t), elastic + inelastic, rtol=1e-13)


def test_a_bare_point_charge_scatters_with_z_squared() -> None:
    # far above the electrons' screening and far below the nucleus' size
    t = np.array([1e-6])
    assert g2_elastic(CU, t)[0] == pytest.approx(29.0**2, rel=5e-3, abs=0.0)
    assert g2_inelastic(CU, t)[0] == pytest.approx(29.0, rel=5e-3, abs=0.0)


def test_electrons_screen_a_distant_nucleus() -> None:
    t = np.array([1e-16, 1e-15])
    for part in (g2_elastic, g2_inelastic):
        small, large = part(CU, t)
        assert large / small == pytest.approx(100.0, rel=1e-2, abs=0.0)


# --- chi


@pytest.mark.parametrize("name", NUCLEI)
@pytest.mark.parametrize(
    ("mass", "energy"), [(1e-4, 400.0), (0.05, 100.0), (0.25, 5.0), (1.0, 10.0), (3.0, 20.0)]
)
def test_chi_is_the_integral(name: str, mass: float, energy: float) -> None:
    nucleus, (tmin, tmax) = NUCLEI[name], limits(mass, energy)
    elastic = true_chi_elastic(nucleus, tmin, tmax)
    assert true_chi("elastic", nucleus, tmin, tmax) == pytest.approx(elastic, rel=1e-12, abs=0.0)
    expected = elastic + true_chi("inelastic", nucleus, tmin, tmax)
    assert chi(nucleus, tmin, tmax)[0] == pytest.approx(expected, rel=1e-12, abs=0.0)


def test_chi_is_the_integral_in_many_digits() -> None:
    tmin, tmax = limits(0.2, 30.0)
    with mp.workdps(20):
        t0, edges = mpf(tmin), mp.linspace(mp.log(tmin), mp.log(tmax), 5)

        def integrand(y: Any) -> Any:
            t = mp.exp(y)
            return (1 - t0 / t) * (true_g2("elastic", CU, t) + true_g2("inelastic", CU, t))

        expected = float(mp.quad(integrand, edges))
    assert chi(CU, tmin, tmax)[0] == pytest.approx(expected, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("gap", [1e-3, 1e-6, 1e-9, 1e-12])
@pytest.mark.parametrize("tmax", [1.0, 0.0136, 2.51116])
def test_chi_keeps_its_digits_close_to_the_upper_limit(tmax: float, gap: float) -> None:
    tmin = tmax * (1.0 - gap)
    rest = (tmax - tmin) / tmax
    expected = true_chi_elastic(CU, tmin, tmax) + true_chi("inelastic", CU, tmin, tmax)
    assert chi(CU, tmin, tmax)[0] == pytest.approx(expected, rel=1e-10, abs=0.0)
    if gap < 1e-4:
        quadratic = float(g2(CU, np.array([tmax]))[0]) * rest**2 / 2.0
        assert expected == pytest.approx(quadratic, rel=20.0 * gap, abs=0.0)


def test_chi_of_the_paper() -> None:
    tmin, tmax = limits(0.05, 100.0)
    assert tmin == pytest.approx((0.05**2 / 200.0) ** 2, rel=1e-14, abs=0.0)
    assert tmax == pytest.approx(0.05**2 + MUON_MASS**2, rel=1e-15, abs=0.0)
    assert chi(CU, tmin, tmax)[0] == pytest.approx(13147.0, abs=0.5)


def test_chi_is_nothing_without_phase_space() -> None:
    assert chi(CU, np.array([1.0, 1.5, 1e3]), 1.0).tolist() == [0.0, 0.0, 0.0]


def test_chi_takes_arrays_of_lower_limits() -> None:
    tmin = np.geomspace(1e-9, 1e-2, 7)
    one_by_one = [chi(CU, float(t), 0.05)[0] for t in tmin]
    np.testing.assert_allclose(chi(CU, tmin, 0.05), one_by_one, rtol=1e-14)


@pytest.mark.parametrize(
    ("mass", "energy", "low", "high"),
    [(0.01, 100.0, 0.03, 0.05), (0.1, 10.0, 0.03, 0.11), (1.0, 2.0, 2.0, 4.0), (3.0, 20.0, 2.0, 4.0)],
)
def test_inelastic_part_is_small_for_light_bosons_only(
    mass: float, energy: float, low: float, high: float
) -> None:
    tmin, tmax = limits(mass, energy)
    elastic = true_chi_elastic(CU, tmin, tmax)
    inelastic = float(chi(CU, tmin, tmax)[0]) - elastic
    assert low < inelastic / elastic < high


# --- its table


def inside(tmin: float, tmax: float) -> Array:
    """Lower limits from `tmin` up to close to tmax, off the knots of any table."""
    middle = np.exp(np.linspace(np.log(tmin), np.log(tmax), 2003)[:-1])
    close = tmax * (1.0 - np.geomspace(1e-9, 0.2, 301))
    return np.concatenate([middle, close])


@pytest.mark.parametrize("name", ["Be", "Cu", "Pb"])
@pytest.mark.parametrize("mass", [1e-4, 0.05, 0.3, 1.0, 10.0])
def test_table_is_chi_up_to_the_upper_limit(name: str, mass: float) -> None:
    nucleus, (first, tmax) = NUCLEI[name], limits(mass, 400.0)
    table, tmin = ChiTable(nucleus, first, tmax), inside(first, tmax)
    np.testing.assert_allclose(table(tmin), chi(nucleus, tmin, tmax), rtol=1e-8, atol=0.0)


@pytest.mark.parametrize("first", [0.02, 0.5, 0.9999])
def test_table_of_a_narrow_range_is_chi(first: float) -> None:
    tmax = 0.014
    table, tmin = ChiTable(CU, first * tmax, tmax), inside(first * tmax, tmax)
    np.testing.assert_allclose(table(tmin), chi(CU, tmin, tmax), rtol=1e-8, atol=0.0)


def test_table_is_zero_from_the_upper_limit_on() -> None:
    assert TABLE(np.array([0.02, 0.021, 5.0])).tolist() == [0.0, 0.0, 0.0]


def test_table_is_constant_below_its_range() -> None:
    low, edge = TABLE(np.array([1e-14, 1e-10]))
    assert low == pytest.approx(edge, rel=1e-7, abs=0.0)


@given(st.lists(st.floats(-25.0, 1.0), min_size=2, max_size=20))
def test_table_falls_with_the_lower_limit(log_tmin: list[float]) -> None:
    values = TABLE(np.exp(np.sort(log_tmin)))
    assert np.all(np.diff(values) <= 1e-7 * values[:-1])
    assert np.all(values >= 0.0)


# --- drawing t


def integral_of_g2(nucleus: Nucleus, low: float, high: float, power: int) -> float:
    """Integral of G2 t^power dt, in pieces of ln t."""
    edges = np.linspace(np.log(low), np.log(high), 13)
    pieces = [
        quad(lambda y: float(g2(nucleus, np.exp(y))) * np.exp((1 + power) * y), a, b, epsabs=0.0)[0]
        for a, b in pairwise(edges)
    ]
    return math.fsum(pieces)


@pytest.mark.parametrize("power", [0, -1, -2])
@pytest.mark.parametrize(
    ("tmin", "tmax"), [(1e-14, 0.02), (1e-10, 50.0), (1e-6, 1.01e-6), (1e-3, 1e3), (0.5, 2.0)]
)
def test_drawn_transfers_integrate_any_function(tmin: float, tmax: float, power: int) -> None:
    n = 100_000
    s = (np.arange(n) + 0.5) / n
    # crowded at both ends of u, where t^power G2 may have its weight
    u = s**4 * (35.0 - 84.0 * s + 70.0 * s**2 - 20.0 * s**3)
    du = 140.0 * (s * (1.0 - s)) ** 3 / n
    t, weighted = TransferTable(CU, 1e-14).draw(u, np.full(n, tmin), np.full(n, tmax))
    expected = integral_of_g2(CU, tmin, tmax, power)
    assert float(np.sum(du * weighted * t**power)) == pytest.approx(expected, rel=1e-4, abs=0.0)


def test_drawn_transfers_stay_within_their_limits_and_in_order() -> None:
    n = 2001
    u = np.linspace(0.0, 1.0, n, endpoint=False)
    for tmin, tmax in [(1e-12, 1.0), (2e-5, 2.1e-5), (1e-2, 1e4)]:
        t, weighted = TransferTable(CU, 1e-12).draw(u, np.full(n, tmin), np.full(n, tmax))
        assert t[0] == pytest.approx(tmin, rel=1e-10, abs=0.0)
        assert np.all((t >= tmin) & (t <= tmax))
        assert np.all(np.diff(t) >= 0.0)
        assert np.all(weighted > 0.0)


def test_no_phase_space_has_no_transfer() -> None:
    t, weighted = TransferTable(CU, 1e-12).draw(np.array([0.0, 0.7]), np.zeros(2), np.zeros(2))
    assert t.tolist() == [0.0, 0.0]
    assert weighted.tolist() == [0.0, 0.0]


@pytest.mark.parametrize("nucleus", [Nucleus(29.0, 63.546), Nucleus(74.0, 183.84)])
def test_helm_is_a_sphere_with_a_soft_edge(nucleus: Nucleus) -> None:
    """The transform of a uniform sphere, by quadrature, times that of a Gaussian."""
    fm = 5.0677307  # 1/GeV
    radius = fm * np.sqrt(
        (1.23 * nucleus.a ** (1 / 3) - 0.6) ** 2 + 7.0 / 3.0 * (0.52 * np.pi) ** 2 - 5.0 * 0.81
    )
    q = np.array([1e-3, 0.05, 0.1, 0.2, 0.4])
    sphere = [quad(lambda r, k=k: np.sin(k * r) * r / k, 0.0, radius)[0] for k in q]
    expected = 3.0 * np.array(sphere) / radius**3 * np.exp(-0.5 * (0.9 * fm * q) ** 2)
    t = q * q
    dipole = 1.0 / (1.0 + t / (0.164 * nucleus.a ** (-2 / 3)))
    elastic = g2_helm(nucleus, t) - g2_inelastic(nucleus, t)
    np.testing.assert_allclose(elastic / g2_elastic(nucleus, t), (expected / dipole) ** 2, rtol=1e-6)


def test_blocked_protons_are_where_two_fermi_spheres_overlap() -> None:
    q = np.array([0.01, 0.1, 0.3, 0.519, 0.53, 2.0])
    y = np.minimum(q / 0.26, 2.0)
    overlap = (4.0 + y) * (2.0 - y) ** 2 / 16.0  # of unit spheres, over the volume of one
    free = (g2_pauli(CU, q * q) - g2_elastic(CU, q * q)) / g2_inelastic(CU, q * q)
    np.testing.assert_allclose(free, 1.0 - overlap, rtol=1e-9, atol=1e-12)
