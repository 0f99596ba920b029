"""The exact 2 -> 3 process, against explicit Dirac matrices in many digits and against its limits."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mpmath import mp, mpc, mpf
from numpy.typing import NDArray

from mcgen.constants import ALPHA, GEV2_TO_PB, MUON_MASS, NUCLEON_MASS
from mcgen.physics.bremsstrahlung.exact import amplitude, d4sigma
from mcgen.physics.bremsstrahlung.two_to_three import Kinematics, kinematics, momenta, t_limits
from mcgen.physics.formfactors import Nucleus, g2
from mcgen.physics.kinds import Kind
from mcgen.types import Array

DIGITS = 70
EPS = np.finfo(np.float64).eps
KINDS: list[Kind] = ["scalar", "pseudoscalar", "vector"]
CU = Nucleus(29, 63.546)
TARGETS = NUCLEON_MASS * np.array([9.0121831, 12.011, 55.845, 63.546, 95.95, 183.84, 207.2])
Matrix = NDArray[np.object_]

Point = tuple[Array, Array, Array, Array, Array, Array, Array]
"""energy, boson_e, one_minus_cos, t, phi, mass, nucleus_mass."""


def seed() -> int:
    return int(os.environ.get("MCGEN_TEST_SEED", "1"))


def limits_of(points: Point) -> tuple[Array, Array]:
    energy, boson_e, one_minus_cos, _, _, mass, nucleus_mass = points
    return t_limits(energy, boson_e, one_minus_cos, mass, nucleus_mass)


def random_points(n: int) -> Point:
    """Physical points that crowd towards all edges: ends of x, collinear, t at its limits, p' along k."""
    rng = np.random.default_rng(seed())

    def logarithmic(low: float | Array, high: float | Array) -> Array:
        return np.exp(rng.uniform(np.log(low), np.log(high), n))

    def choose(probability: float, some: Array | float, others: Array) -> Array:
        return np.where(rng.random(n) < probability, some, others)

    energy = logarithmic(2.0, 400.0)
    mass = np.minimum(logarithmic(1e-3, 4.0), 0.95 * (energy - MUON_MASS))
    nucleus_mass = rng.choice(TARGETS, n)
    window = energy - MUON_MASS - mass
    share = choose(0.5, rng.uniform(0.0, 1.0, n), 1.0 / (1.0 + np.exp(rng.uniform(-14.0, 14.0, n))))
    boson_e = choose(0.3, logarithmic(mass, energy - MUON_MASS), mass + share * window)
    angle = np.minimum(logarithmic(1e-4, 1e3) * np.maximum(mass, MUON_MASS) / energy, 3.14)
    one_minus_cos = choose(0.15, 0.0, 2.0 * np.sin(0.5 * angle) ** 2)
    phi = choose(0.2, rng.choice([0.0, np.pi], n), rng.uniform(0.0, 2.0 * np.pi, n))

    tmin, tmax = t_limits(energy, boson_e, one_minus_cos, mass, nucleus_mass)
    keep = tmax > 0.0
    tmin = np.where(keep, tmin, 1.0)
    tmax = np.where(keep, tmax, 2.0)
    t = logarithmic(tmin, np.minimum(tmax, np.maximum(6.0, 10.0 * tmin)))
    t = choose(0.2, tmin * (1.0 + 1e-6), t)
    t = choose(0.05, tmax * (1.0 - 1e-6), t)
    along_boson = rng.random(n) < 0.15
    t = np.where(along_boson, 2.0 * one_minus_cos * energy**2 * rng.uniform(0.5, 2.0, n), t)
    phi = np.where(along_boson, 1e-3 * phi, phi)
    t = np.clip(t, tmin * (1.0 + 1e-7), tmax * (1.0 - 1e-7))
    e, b, c, t, f, m, big = (v[keep] for v in (energy, boson_e, one_minus_cos, t, phi, mass, nucleus_mass))
    return e, b, c, t, f, m, big


# --- the reference: four-momenta in DIGITS digits, from energy conservation, and Dirac matrices ---


@dataclass
class Reference:
    """One point in many digits; four-momenta are (E, px, py, pz)."""

    mass: Any
    nucleus_mass: Any
    t: Any
    cq: Any
    muon: list[Any]
    boson: list[Any]
    muon_out: list[Any]
    nucleus_out: list[Any]


Truth = tuple[Point, list[Reference], list[dict[str, Any]]]
"""Points, their momenta, and A of each kind by explicit traces."""


def reference(row: tuple[float, ...]) -> Reference:
    energy, boson_e, one_minus_cos, t, phi, mass, big = (mpf(float(v)) for v in row)
    muon_mass = mpf(MUON_MASS)
    p = mp.sqrt(energy**2 - muon_mass**2)
    k = mp.sqrt(boson_e**2 - mass**2)
    muon = [energy, mpf(0), mpf(0), p]
    boson = [boson_e, k * mp.sqrt(one_minus_cos * (2 - one_minus_cos)), mpf(0), k * (1 - one_minus_cos)]
    virtual = [a - b for a, b in zip(muon, boson, strict=True)]
    length = mp.sqrt(virtual[1] ** 2 + virtual[3] ** 2)
    kinetic = t / (2 * big)
    q = mp.sqrt(t + kinetic**2)
    # m_mu^2 + |V + q|^2 = (energy of the recoil muon)^2
    recoil_e = virtual[0] - kinetic
    cq = (recoil_e**2 - muon_mass**2 - length**2 - q**2) / (2 * length * q)
    sq = mp.sqrt(max(1 - cq**2, mpf(0)))
    x_axis, z_axis = (virtual[3] / length, -virtual[1] / length), (virtual[1] / length, virtual[3] / length)
    qx = q * (sq * mp.cos(phi) * x_axis[0] + cq * z_axis[0])
    qz = q * (sq * mp.cos(phi) * x_axis[1] + cq * z_axis[1])
    qy = q * sq * mp.sin(phi)
    muon_out = [recoil_e, virtual[1] + qx, qy, virtual[3] + qz]
    return Reference(mass, big, t, cq, muon, boson, muon_out, [big + kinetic, -qx, -qy, -qz])


def dot(a: list[Any], b: list[Any]) -> Any:
    return a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3]


@cache
def dirac() -> tuple[list[Matrix], Matrix]:
    """gamma^mu and gamma5 in Dirac's representation."""
    zero, one = np.zeros((2, 2)), np.eye(2)
    pauli = [np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.array([[1, 0], [0, -1]])]
    blocks = [np.block([[one, zero], [zero, -one]])]
    blocks += [np.block([[zero, s], [-s, zero]]) for s in pauli]
    blocks.append(np.block([[zero, one], [one, zero]]))
    *gammas, gamma5 = [np.vectorize(mpc, otypes=[object])(block) for block in blocks]
    return gammas, gamma5


def slash(a: list[Any], gammas: list[Matrix]) -> Matrix:
    matrix: Matrix = a[0] * gammas[0] - a[1] * gammas[1] - a[2] * gammas[2] - a[3] * gammas[3]
    return matrix


def traced(ref: Reference) -> dict[str, Any]:
    """A from its definition: the two diagrams as matrices, squared, traced, averaged over the muon's spin."""
    gammas, gamma5 = dirac()
    one = gammas[0] @ gammas[0]
    bar = np.outer(np.diag(gammas[0]), np.diag(gammas[0]))
    muon_mass = mpf(MUON_MASS)
    current = slash([ref.nucleus_mass + ref.nucleus_out[0], *ref.nucleus_out[1:]], gammas)
    after = [a + b for a, b in zip(ref.muon_out, ref.boson, strict=True)]
    before = [a - b for a, b in zip(ref.muon, ref.boson, strict=True)]
    spin_in = slash(ref.muon, gammas) + muon_mass * one
    spin_out = slash(ref.muon_out, gammas) + muon_mass * one
    late = (slash(after, gammas) + muon_mass * one) @ current / (dot(after, after) - muon_mass**2)
    early = current @ (slash(before, gammas) + muon_mass * one) / (dot(before, before) - muon_mass**2)

    def squared(vertex: Matrix) -> Any:
        matrix = vertex @ late + early @ vertex
        barred = bar * np.conjugate(matrix.T)
        return mp.re(np.sum((spin_out @ matrix) * (spin_in @ barred).T)) / 2

    polarised = [squared(gamma) for gamma in gammas]
    return {
        "scalar": squared(one),
        "pseudoscalar": squared(gamma5),
        "vector": sum(polarised[1:]) - polarised[0],
    }


@pytest.fixture(scope="module")
def truth() -> Truth:
    points = random_points(300)
    with mp.workdps(DIGITS):
        refs = [reference(row) for row in rows(points)]
        return points, refs, [traced(ref) for ref in refs]


def textbook(kind: Kind, ref: Reference, wrong: str = "") -> Any:
    """A as a polynomial of plain dot products; `wrong` names a term whose sign is turned."""
    muon_mass, t, mass = mpf(MUON_MASS), ref.t, ref.mass
    current = [ref.nucleus_mass + ref.nucleus_out[0], *ref.nucleus_out[1:]]
    s = 2 * dot(ref.muon_out, ref.boson) + mass**2
    u = mass**2 - 2 * dot(ref.muon, ref.boson)
    q2 = dot(current, current)
    qp, qp_out, qk = (dot(current, v) for v in (ref.muon, ref.muon_out, ref.boson))
    y = 4 * (u * qp + s * qp_out) ** 2 - t * (s + u) ** 2 * q2
    turned = {name: -1 if name == wrong else 1 for name in ("monopole", "longitudinal", "dipole")}
    if kind == "vector":
        c, factor = mass**2 + 2 * muon_mass**2, 2
        monopole = q2 * ((s + t) ** 2 + (u + t) ** 2 - 4 * t * mass**2)
        longitudinal = -4 * t * (qp**2 + qp_out**2)
    else:
        c, factor = (mass**2 - 4 * muon_mass**2 if kind == "scalar" else mass**2), 1
        monopole = q2 * (s + u) ** 2
        longitudinal = -4 * t * qk**2
    first = (turned["monopole"] * monopole + turned["longitudinal"] * longitudinal) / (s * u)
    return factor * (first - turned["dipole"] * c * y / (s * u) ** 2)


def static(kind: Kind, row: tuple[float, ...]) -> Any:
    """A/(4 M^2) on a static nucleus, in the variables of that limit (u negative)."""
    energy, boson_e, one_minus_cos, t, phi, mass, _ = (mpf(float(v)) for v in row)
    muon_mass = mpf(MUON_MASS)
    left_e = energy - boson_e
    p, k = mp.sqrt(energy**2 - muon_mass**2), mp.sqrt(boson_e**2 - mass**2)
    virtual = mp.sqrt(p**2 + k**2 - 2 * p * k * (1 - one_minus_cos))
    u = left_e**2 - virtual**2 - muon_mass**2
    cq = (u - t) / (2 * virtual * mp.sqrt(t))
    cos_p = (p**2 - p * k * (1 - one_minus_cos)) / (p * virtual)
    p_dot_q = p * mp.sqrt(t) * (cq * cos_p + mp.sqrt(1 - cq**2) * mp.sqrt(1 - cos_p**2) * mp.cos(phi))
    s = -t - 2 * p_dot_q
    dipole = (energy / s + left_e / u) ** 2
    if kind == "vector":
        return (
            2 * (s / u + u / s)
            + 4 * t * (1 / s + 1 / u)
            + 4 * t**2 / (s * u)
            + 2 * t * mass**2 * (1 / s - 1 / u) ** 2
            + 4 * t * muon_mass**2 * (1 / s + 1 / u) ** 2
            - 8 * t * (energy**2 + left_e**2) / (s * u)
            - 8 * (mass**2 + 2 * muon_mass**2) * dipole
        )
    c = mass**2 - 4 * muon_mass**2 if kind == "scalar" else mass**2
    first = ((s + u) ** 2 - 4 * t * boson_e**2) / (s * u)
    return first + c * (t * (1 / s + 1 / u) ** 2 - 4 * dipole)


def rows(points: Point) -> list[tuple[float, ...]]:
    return list(zip(*points, strict=True))


def worst_error(values: Array, expected: list[Any]) -> float:
    return max(float(abs(mpf(float(v)) / e - 1)) for v, e in zip(values, expected, strict=True))


# --- amplitudes ---


@pytest.mark.parametrize(
    ("point", "expected"),
    [
        (
            (10.0, 0.01, 0.3, 1e-6, 1e-6, 0.7),
            (0.003642513077, 6.7706582e-08, 158.47893, 0.005195174804, 49077.0017872, 1.713589012e17),
        ),
        (
            (50.0, 0.1, 0.7, 2e-6, 1e-5, 2.0),
            (0.01910026054, 4.0536277e-07, 597.27619, 0.06429042258, 648412.805834, 1.23080156e17),
        ),
        (
            (20.0, 0.05, 0.5, 1e-5, 1e-2, 0.3),
            (0.01208174066, 3.6494356e-07, 298.96279, 0.01707431985, 550853102.246, 1.256257089e13),
        ),
    ],
)
def test_scalar_reproduces_independent_numbers(point: tuple[float, ...], expected: tuple[float, ...]) -> None:
    # their constants differ from ours in the eighth digit
    energy, mass, x, one_minus_cos, t, phi = (np.array([v]) for v in point)
    kin = kinematics(energy, x * energy, one_minus_cos, t, phi, mass, CU.mass)
    tmin, tmax = t_limits(energy, x * energy, one_minus_cos, mass, CU.mass)
    sigma = d4sigma("scalar", kin, g2(CU, t)) * GEV2_TO_PB
    got = np.concatenate([kin.u, tmin, tmax, kin.s, amplitude("scalar", kin), sigma])
    np.testing.assert_allclose(got, expected, rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_amplitude_equals_explicit_traces(kind: Kind, truth: Truth) -> None:
    points, _, traces = truth
    assert len(traces) > 250
    with mp.workdps(DIGITS):
        values = amplitude(kind, kinematics(*points))
        assert worst_error(values, [trace[kind] for trace in traces]) < 1e-6
        # the control: the same points are too much for the textbook form in doubles
        with mp.workprec(53):
            plain = np.array([float(textbook(kind, reference(row))) for row in rows(points)])
        assert worst_error(plain, [trace[kind] for trace in traces]) > 1e-6


@pytest.mark.parametrize("kind", KINDS)
def test_textbook_form_is_the_trace_and_no_sign_can_be_wrong(kind: Kind, truth: Truth) -> None:
    _, refs, traces = truth
    expected = [trace[kind] for trace in traces]
    with mp.workdps(DIGITS):

        def worst(wrong: str) -> Any:
            values = [textbook(kind, ref, wrong) for ref in refs]
            return max(abs(a / b - 1) for a, b in zip(values, expected, strict=True))

        assert worst("") < mpf(10) ** -30
        for term in ("monopole", "longitudinal", "dipole"):
            assert worst(term) > 1e-2


@pytest.mark.parametrize("kind", KINDS)
def test_heavy_nucleus_is_the_static_limit(kind: Kind) -> None:
    heavy = 1e14
    energy, boson_e, one_minus_cos, _, phi, mass, _ = random_points(100)
    big = np.full_like(energy, heavy)
    tmin, tmax = t_limits(energy, boson_e, one_minus_cos, mass, big)
    t = tmin**0.6 * tmax**0.4
    points = (energy, boson_e, one_minus_cos, t, phi, mass, big)
    values = amplitude(kind, kinematics(*points)) / (4.0 * heavy**2)
    with mp.workdps(DIGITS):
        expected = [static(kind, row) for row in rows(points)]
        assert worst_error(values, expected) < 1e-8
        others = [static(other, row) for other in KINDS if other != kind for row in rows(points)]
        assert worst_error(np.tile(values, 2), others) > 1e-2


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("scaled_angle", [0.7, 2.0])
def test_small_t_is_the_weizsaecker_williams_limit(kind: Kind, scaled_angle: float) -> None:
    energy, x, mass, t = 400.0, 0.6, 0.15, 1e-5
    sin_half = np.sin(0.5 * scaled_angle * mass / energy)
    one_minus_cos = 2.0 * sin_half * sin_half
    phi = 2.0 * np.pi * (np.arange(64) + 0.5) / 64
    e = np.array(energy)
    kin = kinematics(e, x * e, np.array(one_minus_cos), np.array(t), phi, mass, CU.mass)
    got = 2.0 * np.pi * np.mean(d4sigma(kind, kin, g2(CU, kin.t)))

    m2, mu2 = mass**2, MUON_MASS**2
    u = 2.0 * one_minus_cos * energy**2 * x + m2 * (1.0 - x) / x + mu2 * x
    k = (-u * x + m2 * (1.0 - x) + mu2 * x**2) / u**2
    split = {
        "scalar": x**2 / (1.0 - x) + 2.0 * (m2 - 4.0 * mu2) * k,
        "pseudoscalar": x**2 / (1.0 - x) + 2.0 * m2 * k,
        "vector": 2.0 * (2.0 - 2.0 * x + x**2) / (1.0 - x) + 4.0 * (m2 + 2.0 * mu2) * k,
    }
    boson_p = np.sqrt((x * energy) ** 2 - m2)
    flux = (t - (u / (2.0 * energy * (1.0 - x))) ** 2) / t**2 * g2(CU, np.array([t]))[0]
    expected = ALPHA**2 / (2.0 * np.pi) * boson_p * energy * (1.0 - x) * flux / u**2 * split[kind]
    assert got == pytest.approx(expected, rel=5e-3)
    for other in set(KINDS) - {kind}:
        assert got != pytest.approx(expected * split[other] / split[kind], rel=5e-3)


# --- kinematics ---


def test_t_limits_are_where_the_recoil_turns_unphysical() -> None:
    energy, boson_e, one_minus_cos, _, phi, mass, big = random_points(300)
    tmin, tmax = t_limits(energy, boson_e, one_minus_cos, mass, big)
    assert np.all((tmin > 0.0) & (tmin < tmax))

    def at(t: Array) -> tuple[Kinematics, list[Reference]]:
        points = (energy, boson_e, one_minus_cos, t, phi, mass, big)
        with mp.workdps(DIGITS):
            return kinematics(*points), [reference(row) for row in rows(points)]

    width = np.minimum(tmin, 0.1 * (tmax - tmin))
    for t in (tmin + 1e-7 * width, np.sqrt(tmin * tmax), tmax - 1e-7 * np.minimum(tmax, 0.1 * (tmax - tmin))):
        kin, refs = at(t)
        assert np.all(kin.physical)
        assert all(abs(ref.cq) <= 1 for ref in refs)
        assert all(ref.muon_out[0] > mpf(MUON_MASS) for ref in refs)
    for t in (tmin * (1.0 - 1e-7), tmax * (1.0 + 1e-7)):
        kin, refs = at(t)
        assert not np.any(kin.physical)
        assert all(abs(ref.cq) > 1 for ref in refs)


def test_nothing_is_physical_below_the_threshold_of_the_recoil() -> None:
    # hard, wide emission off a light nucleus: W^2 < (M + m_mu)^2, though a t with |cq| <= 1 may exist
    energy = np.array([400.0, 400.0, 400.0, 50.0])
    boson_e = np.array([200.0, 399.0, 100.0, 25.0])
    one_minus_cos = np.array([2.0, 1.0, 1.5, 2.0])
    big = np.full(4, 0.9315 * 9.0121831)
    tmin, tmax = t_limits(energy, boson_e, one_minus_cos, 0.1, big)
    np.testing.assert_array_equal(tmin, 0.0)
    np.testing.assert_array_equal(tmax, 0.0)
    spurious = 0
    for t in np.geomspace(1e-2, 1e8, 400):
        points = (energy, boson_e, one_minus_cos, np.full(4, t), np.zeros(4), np.full(4, 0.1), big)
        assert not np.any(kinematics(*points).physical)
        with mp.workdps(DIGITS):
            for row in rows(points):
                ref = reference(row)
                spurious += abs(ref.cq) <= 1
                assert abs(ref.cq) > 1 or ref.muon_out[0] < mpf(MUON_MASS)
    assert spurious > 0  # else the condition on W would not have been tested


def test_rows_without_phase_space_are_zero_and_finite() -> None:
    #        boson too slow | too hard | muon too slow | cos < -1 | cos > 1 | t too small | t too large | good
    energy = np.array([10.0, 10.0, 0.05, 10.0, 10.0, 10.0, 10.0, 10.0])
    boson_e = np.array([0.05, 9.95, 0.2, 5.0, 5.0, 5.0, 5.0, 5.0])
    one_minus_cos = np.array([0.0, 0.0, 0.0, 2.0 + 1e-15, -1e-9, 1e-6, 1e-6, 1e-6])
    t = np.array([0.0, 0.0, 0.0, 0.0, 1e-3, 1e-12, 1e9, 1e-3])
    good = np.arange(8) == 7
    kin = kinematics(energy, boson_e, one_minus_cos, t, np.full(8, 0.3), 0.1, CU.mass)
    np.testing.assert_array_equal(kin.physical, good)
    tmin, tmax = t_limits(energy, boson_e, one_minus_cos, 0.1, CU.mass)
    np.testing.assert_array_equal(tmax > 0.0, np.arange(8) >= 5)
    np.testing.assert_array_equal(tmin > 0.0, np.arange(8) >= 5)
    for kind in KINDS:
        np.testing.assert_array_equal(amplitude(kind, kin) > 0.0, good)
        np.testing.assert_array_equal(d4sigma(kind, kin, np.ones(8)) > 0.0, good)
    assert all(np.all(np.isfinite(momentum)) for momentum in momenta(kin))


def test_variables_broadcast() -> None:
    energy, t = np.full((3, 1), 20.0), np.array([[1e-5, 1e-4, 1e-3, 1e-2]])
    kin = kinematics(energy, 0.5 * energy, np.array(1e-6), t, np.array(0.3), 0.1, CU.mass)
    values = d4sigma("vector", kin, g2(CU, t))
    assert values.shape == (3, 4)
    assert np.all(values > 0.0)
    assert all(momentum.shape == (4, 3, 4) for momentum in momenta(kin))


@given(
    energy=st.floats(2.0, 400.0),
    log_mass=st.floats(-3.0, 0.6),
    share=st.floats(1e-6, 1.0 - 1e-6),
    log_angle=st.floats(-6.0, 0.49),
    depth=st.floats(0.0, 1.0),
    phi=st.floats(0.0, 2.0 * np.pi),
    nucleus_mass=st.sampled_from(list(TARGETS)),
)
def test_momenta_balance_and_stay_on_their_mass_shells(
    energy: float,
    log_mass: float,
    share: float,
    log_angle: float,
    depth: float,
    phi: float,
    nucleus_mass: float,
) -> None:
    mass = 10.0**log_mass
    assume(energy > mass + MUON_MASS)
    e = np.array([energy])
    boson_e = mass + share * (e - MUON_MASS - mass)
    one_minus_cos = 2.0 * np.sin(0.5 * 10.0 ** np.array([log_angle])) ** 2
    tmin, tmax = t_limits(e, boson_e, one_minus_cos, mass, nucleus_mass)
    assume(tmax[0] > 0.0)
    t = tmin * (tmax / tmin) ** depth
    kin = kinematics(e, boson_e, one_minus_cos, t, np.array([phi]), mass, nucleus_mass)
    assume(kin.physical[0])
    boson, muon, nucleus = momenta(kin)
    incoming = np.array(
        [0.0, 0.0, np.sqrt((energy - MUON_MASS) * (energy + MUON_MASS)), energy + nucleus_mass]
    )
    balance = (boson + muon + nucleus)[:, 0] - incoming
    assert np.max(np.abs(balance)) <= 8 * EPS * (energy + nucleus_mass)
    for momentum, own in ((boson, mass), (muon, MUON_MASS), (nucleus, nucleus_mass)):
        px, py, pz, own_e = momentum[:, 0]
        assert own_e >= own
        assert abs(own_e**2 - px**2 - py**2 - pz**2 - own**2) <= 8 * EPS * own_e**2


def test_momenta_are_those_of_the_variables() -> None:
    points = random_points(300)
    made = momenta(kinematics(*points))
    scale = points[0] + points[6]
    with mp.workdps(DIGITS):
        for i, row in enumerate(rows(points)):
            ref = reference(row)
            for momentum, truth in zip(made, (ref.boson, ref.muon_out, ref.nucleus_out), strict=True):
                for got, want in zip(momentum[:, i], (*truth[1:], truth[0]), strict=True):
                    assert abs(mpf(float(got)) - want) < 1e-12 * scale[i]


# --- cross-section ---


def total(kind: Kind, energy: float, mass: float, nodes: tuple[int, int, int, int]) -> float:
    """Integral of d4sigma [pb] by Gauss-Legendre quadrature in mapped variables, trapezoids in phi."""
    legendre = [np.polynomial.legendre.leggauss(n) for n in nodes[:3]]
    (y, wy), (eta, w_eta), (tau, w_tau) = legendre
    logistic = 1.0 / (1.0 + np.exp(-12.0 * y))
    window = 1.0 - (MUON_MASS + mass) / energy
    x = (mass / energy + window * logistic)[:, None, None, None]
    dx = (12.0 * wy * window * logistic * (1.0 - logistic))[:, None, None, None]
    knee = (MUON_MASS**2 * x + mass**2 * (1.0 - x) / x) / (2.0 * x * energy**2)
    half = 0.5 * np.log1p(2.0 / knee)
    power = half * (eta[:, None, None] + 1.0)
    one_minus_cos = knee * np.expm1(power)
    dcos = half * w_eta[:, None, None] * knee * np.exp(power)
    e = np.array(energy)
    tmin, tmax = t_limits(e, x * e, one_minus_cos, mass, CU.mass)
    depth = 0.5 * np.log(np.where(tmax > 0.0, tmax, 1.0) / np.where(tmax > 0.0, tmin, 1.0))
    t = np.where(tmax > 0.0, tmin, 1.0) * np.exp(depth * (tau[:, None] + 1.0))
    dt = depth * w_tau[:, None] * t
    phi = np.pi * (np.arange(nodes[3]) + 0.5) / nodes[3]
    kin = kinematics(e, x * e, one_minus_cos, t, phi, mass, CU.mass)
    density = d4sigma(kind, kin, g2(CU, t)).mean(axis=3, keepdims=True) * 2.0 * np.pi
    return float(np.sum(density * dx * dcos * dt)) * GEV2_TO_PB


@pytest.mark.parametrize(
    ("energy", "mass", "expected"),
    [(50.0, 0.1, 3.0005612e8), (20.0, 0.05, 5.21567e8), (100.0, 0.2, 1.413157e8)],
)
def test_total_cross_section_of_the_scalar(energy: float, mass: float, expected: float) -> None:
    assert total("scalar", energy, mass, (48, 40, 64, 16)) == pytest.approx(expected, rel=1e-4)
