"""The vector's polarisation, against explicit Dirac matrices in plain components, and closed forms of the decay."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from mpmath import matrix as mp_matrix
from mpmath import mp, mpf

from mcgen.constants import MUON_MASS
from mcgen.physics.bremsstrahlung.spin import polarisation
from mcgen.physics.bremsstrahlung.two_to_three import kinematics, momenta, t_limits
from mcgen.physics.kinematics import norm, two_body_decay
from mcgen.physics.polarisation import LightCone, Polarisation
from mcgen.types import Array
from tests.oracle.stats import assert_agrees, generator

MASS, NUCLEUS = 0.3, 59.193
Collision = tuple[Array, Array, Array, Array]


def collisions(n: int, mass: float = MASS, low: float = 2.0, high: float = 400.0) -> Collision:
    """Four-momenta of muon, boson, recoil and nucleus; the boson's direction is generic."""
    rng = generator("spin", mass, low)
    energy = np.exp(rng.uniform(np.log(low), np.log(high), n))
    boson_e = mass + rng.uniform(0.05, 0.95, n) * (energy - mass - MUON_MASS)
    versine = 0.5 * (rng.uniform(0.1, 3.0, n) * np.maximum(mass, MUON_MASS) / energy) ** 2
    tmin, tmax = t_limits(energy, boson_e, versine, mass, NUCLEUS)
    assert np.all(tmax > 0.0)
    t = tmin * np.exp(rng.uniform(0.0, 1.0, n) * np.log(np.minimum(tmax / tmin, 1e5)))
    kin = kinematics(energy, boson_e, versine, t, rng.uniform(0.0, 2.0 * np.pi, n), mass, NUCLEUS)
    assert np.all(kin.physical)
    muon = np.stack([np.zeros(n), np.zeros(n), kin.muon_p, energy])
    return muon, *momenta(kin)


def daughters(boson: Array, mass: float, lepton: float) -> tuple[Array, Array]:
    rng = generator("daughters", mass, lepton)
    n = len(boson[0])
    direction = boson[:3] / norm(boson[:3])
    cos, azimuth = rng.uniform(-1.0, 1.0, n), rng.uniform(0.0, 2.0 * np.pi, n)
    return two_body_decay(boson[3], direction, mass, lepton, cos, azimuth)


# --- the reference: Dirac representation, plain components, many digits, physical polarisations ---


@cache
def gammas() -> list[mp_matrix]:
    i = mp.mpc(0, 1)
    pauli = [[[0, 1], [1, 0]], [[0, -i], [i, 0]], [[1, 0], [0, -1]]]
    result = [mp.diag([1, 1, -1, -1])]
    for sigma in pauli:
        gamma = mp.zeros(4)
        for a in range(2):
            for b in range(2):
                gamma[a, 2 + b], gamma[2 + a, b] = sigma[a][b], -sigma[a][b]
        result.append(gamma)
    return result


def slash(vector: list[mpf]) -> mp_matrix:
    g = gammas()
    return vector[0] * g[0] - vector[1] * g[1] - vector[2] * g[2] - vector[3] * g[3]


def minkowski(a: list[mpf], b: list[mpf]) -> mpf:
    return a[0] * b[0] - a[1] * b[1] - a[2] * b[2] - a[3] * b[3]


def reference_tensor(row: list[list[float]], mass: float) -> tuple[list[list[mpf]], list[mpf]]:
    """T with upper indices from all 16 contractions, and k; energies from masses and conservation in many digits."""
    muon, boson, _, nucleus = ([mpf(float(c)) for c in p[:3]] for p in row)

    def shell(p: list[mpf], m: float) -> list[mpf]:
        return [mp.sqrt(mpf(m) ** 2 + sum(c * c for c in p)), *p]

    p, k = shell(muon, MUON_MASS), shell(boson, mass)
    q = [-c for c in nucleus]
    after = shell([a - b + c for a, b, c in zip(muon, boson, q, strict=True)], MUON_MASS)
    q4 = [a + b - c for a, b, c in zip(after, k, p, strict=True)]
    # The current of the nucleus, made orthogonal to the momentum transfer of this row.
    rest = [mpf(1), mpf(0), mpf(0), mpf(0)]
    part = minkowski(rest, q4) / minkowski(q4, q4)
    current = slash([a - part * b for a, b in zip(rest, q4, strict=True)])
    m1 = mpf(MUON_MASS) * mp.eye(4)
    pk = [a + b for a, b in zip(after, k, strict=True)]
    mk = [a - b for a, b in zip(p, k, strict=True)]
    m2 = mpf(MUON_MASS) ** 2
    first = (slash(pk) + m1) * current / (minkowski(pk, pk) - m2)
    second = current * (slash(mk) + m1) / (minkowski(mk, mk) - m2)
    g = gammas()
    vertices = [one * first + second * one for one in g]
    left, right = slash(after) + m1, slash(p) + m1
    bars = [g[0] * v.transpose_conj() * g[0] for v in vertices]
    products = [left * v * right for v in vertices]
    trace = [[mp.re(sum((x * y)[a, a] for a in range(4))) for y in bars] for x in products]
    return trace, k


def reference_weight(
    row: list[list[float]], d: list[float], mass: float, lepton: float
) -> tuple[float, float]:
    """T.L over its mean, from its definition, and the largest k_a T^ab."""
    with mp.workdps(50):
        tensor, k = reference_tensor(row, mass)
        metric = [1, -1, -1, -1]
        space = [mpf(float(c)) for c in d[:3]]
        # The energy of d follows from d.k = 0.
        d4 = [sum(a * b for a, b in zip(space, k[1:], strict=True)) / k[0], *space]
        one, two = ([(a + s * b) / 2 for a, b in zip(k, d4, strict=True)] for s in (1, -1))
        low = [[metric[a] * c for a, c in enumerate(v)] for v in (one, two)]
        m2 = mpf(mass) ** 2
        value, trace = mpf(0), mpf(0)
        for a in range(4):
            for b in range(4):
                decay = low[0][a] * low[1][b] + low[1][a] * low[0][b] - (metric[a] * m2 / 2 if a == b else 0)
                value += tensor[a][b] * decay
            trace -= metric[a] * tensor[a][a]
        gauge = max(abs(sum(metric[a] * k[a] * tensor[a][b] for a in range(4))) for b in range(4))
        size = max(abs(k[0] * tensor[a][b]) for a in range(4) for b in range(4))
        return float(value / (trace * m2 / 3 * (1 + 2 * mpf(lepton) ** 2 / m2))), float(gauge / size)


@pytest.mark.parametrize("mass", [0.003, 0.3, 2.0])
def test_weight_is_that_of_dirac_matrices_in_many_digits(mass: float) -> None:
    lepton = MUON_MASS if mass > 0.22 else 0.00051
    four = collisions(40, mass, low=5.0)
    first, second = daughters(four[1], mass, lepton)
    state = polarisation(*four, mass)
    weight = state.decay_weight(first, second, lepton)
    swapped = replace(state, density=state.density[::-1, ::-1]).decay_weight(first, second, lepton)
    assert np.abs(swapped / weight - 1.0).max() > 0.01  # the test tells longitudinal from transverse
    for i in range(len(weight)):
        row = [[float(c) for c in p[:, i]] for p in four]
        expected, gauge = reference_weight(row, list(first[:, i] - second[:, i]), mass, lepton)
        assert gauge < 1e-30
        assert weight[i] == pytest.approx(expected, rel=1e-10)


def fixed(density: Array, n: int, boson_p: float = 4.0) -> tuple[Polarisation, Array]:
    """A state of bosons along the third axis, and their momentum."""
    zero, one = np.zeros(n), np.ones(n)
    energy = np.hypot(boson_p, MASS)
    plus = energy + boson_p
    cone = LightCone(plus * one, MASS * MASS / plus * one, zero, zero)
    frame = (np.stack([one, zero, zero]), np.stack([zero, one, zero]), np.stack([zero, zero, one]))
    boson = np.stack([zero, zero, boson_p * one, energy * one])
    return Polarisation(np.repeat(density[:, :, None], n, axis=2), frame, cone, MASS), boson


@pytest.mark.parametrize("lepton", [0.0, MUON_MASS])
@pytest.mark.parametrize(("density", "longitudinal"), [((0.0, 0.0, 1.0), True), ((0.5, 0.5, 0.0), False)])
def test_closed_forms(density: tuple[float, ...], longitudinal: bool, lepton: float) -> None:
    """1 - b^2 cos^2 for longitudinal vectors; 1 + cos^2 + (1 - b^2) sin^2 for transverse ones."""
    cos = np.linspace(-1.0, 1.0, 21)
    state, boson = fixed(np.diag(density), len(cos))
    direction = boson[:3] / norm(boson[:3])
    first, second = two_body_decay(boson[3], direction, MASS, lepton, cos, np.full(len(cos), 0.7))
    b2 = 1.0 - 4.0 * lepton**2 / MASS**2
    forms = {True: 1.0 - b2 * cos**2, False: 1.0 - 0.5 * b2 * (1.0 - cos**2)}
    means = {True: 1.0 - b2 / 3.0, False: 1.0 - b2 / 3.0}
    weight = state.decay_weight(first, second, lepton)
    np.testing.assert_allclose(weight, forms[longitudinal] / means[longitudinal], rtol=1e-12)
    with pytest.raises(AssertionError):
        np.testing.assert_allclose(weight, forms[not longitudinal] / means[not longitudinal], rtol=1e-2)


def test_mean_over_the_angles_is_1() -> None:
    four = [np.repeat(p, 20_000, axis=1) for p in collisions(4)]
    first, second = daughters(four[1], MASS, MUON_MASS)
    state = polarisation(four[0], four[1], four[2], four[3], MASS)
    weight = state.decay_weight(first, second, MUON_MASS)
    wrong = state.decay_weight(first, second, 0.0)  # the mass left out of the norm
    for one, other in zip(weight.reshape(4, -1), wrong.reshape(4, -1), strict=True):
        assert one.std() > 1e-3
        assert_agrees(float(one.mean()), float(one.std()) / np.sqrt(len(one)), 1.0)
        with pytest.raises(AssertionError, match="sigma"):
            assert_agrees(float(other.mean()), float(other.std()) / np.sqrt(len(other)), 1.0)


def test_density_is_a_density() -> None:
    density = polarisation(*collisions(200), MASS).density
    np.testing.assert_allclose(np.einsum("iin->n", density), 1.0, rtol=1e-12)
    np.testing.assert_allclose(density, density.transpose(1, 0, 2), atol=1e-12)
    assert np.all(np.linalg.eigvalsh(density.transpose(2, 0, 1)) > -1e-12)


def test_without_a_collision_vectors_are_unpolarised() -> None:
    muon, boson, recoil, nucleus = collisions(50)
    at_rest = np.concatenate([np.zeros((3, 50)), nucleus[3:]])
    first, second = daughters(boson, MASS, MUON_MASS)
    weight = polarisation(muon, boson, recoil, at_rest, MASS).decay_weight(first, second, MUON_MASS)
    np.testing.assert_allclose(weight, 1.0, rtol=1e-12)
