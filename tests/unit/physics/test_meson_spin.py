"""Spin of vectors from M -> mu nu V, against explicit Dirac matrices, and limits that are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from mcgen.constants import ELECTRON_MASS, MUON_MASS, mass_of
from mcgen.physics.kinds import KINDS
from mcgen.physics.kinematics import norm, two_body_decay
from mcgen.physics.meson_decay.invariants import Invariants
from mcgen.physics.meson_decay.spin import polarisation, tensor
from tests.oracle.mesons import METRIC, boosted, phase_space, product, trace, vertices
from tests.oracle.stats import Array, assert_agrees, generator

KAON = mass_of(321)


def decays(mass: float, n: int, energy: float = KAON) -> tuple[Array, Array, Array]:
    """Bosons, muons and neutrinos (4, n) of kaons of some energy along z."""
    kaon = np.repeat([[0.0], [0.0], [np.sqrt(energy**2 - KAON**2)], [energy]], n, axis=1)
    muon, neutrino, boson, _ = phase_space(generator("meson spin", n), kaon, KAON, mass)
    return boson, muon, neutrino


def daughters(boson: Array, mass: float, lepton: float) -> tuple[Array, Array]:
    rng = generator("daughters", mass, lepton)
    n = len(boson[0])
    angles = rng.uniform(-1.0, 1.0, n), rng.uniform(0.0, 2.0 * np.pi, n)
    return two_body_decay(boson[3], boson[:3] / norm(boson[:3]), mass, lepton, *angles)


def by_matrices(
    boson: Array, muon: Array, neutrino: Array, leptons: tuple[Array, Array], lepton: float, neutrinos: bool
) -> Array:
    """T^ab L_ab over its mean (n,), from the definition: all 16 traces, and the sum over polarisations."""
    found = vertices("vector", muon, neutrino, boson, neutrinos)
    mass2 = product(boson, boson)
    one, two, k = (METRIC[:, None] * p[[3, 0, 1, 2]] for p in (*leptons, boson))  # indices down, energy first
    value, total = np.zeros(len(mass2)), np.zeros(len(mass2))
    for a in range(4):
        for b in range(4):
            t = np.real(trace(found[a], found[b], muon, neutrino))
            metric = METRIC[a] if a == b else 0.0
            value += t * (one[a] * two[b] + two[a] * one[b] - 0.5 * metric * mass2)
            total += t * (k[a] * k[b] / mass2 - metric)
    return np.asarray(value / (total * mass2 / 3.0 * (1.0 + 2.0 * lepton**2 / mass2)))


@pytest.mark.parametrize("neutrinos", [True, False])
@pytest.mark.parametrize(("mass", "lepton"), [(0.05, ELECTRON_MASS), (0.15, ELECTRON_MASS), (0.3, MUON_MASS)])
def test_weight_is_that_of_dirac_matrices(mass: float, lepton: float, neutrinos: bool) -> None:
    three = decays(mass, 1000)
    leptons = daughters(three[0], mass, lepton)
    state = polarisation(*three, mass, neutrinos)
    weight = state.decay_weight(*leptons, lepton)
    expected = by_matrices(*three, leptons, lepton, neutrinos)
    assert weight.std() > 0.02
    np.testing.assert_allclose(weight, expected, rtol=1e-10)
    for wrong in (
        polarisation(*three, mass, not neutrinos),
        polarisation(three[0], three[2], three[1], mass, neutrinos),
        replace(state, density=state.density[::-1, ::-1]),
    ):
        with pytest.raises(AssertionError):
            np.testing.assert_allclose(wrong.decay_weight(*leptons, lepton), expected, rtol=1e-2)


@pytest.mark.parametrize("neutrinos", [True, False])
def test_weight_does_not_depend_on_the_frame(neutrinos: bool) -> None:
    mass, energy = 0.1, 75.0
    three = decays(mass, 300)
    leptons = daughters(three[0], mass, ELECTRON_MASS)
    kaon = np.repeat([[3.0], [-4.0], [np.sqrt(energy**2 - 25.0 - KAON**2)], [energy]], 300, axis=1)
    weights = []
    for frame in (lambda p: p, lambda p: boosted(p, kaon, KAON)):
        boson, muon, neutrino, first, second = (frame(p) for p in (*three, *leptons))
        state = polarisation(boson, muon, neutrino, mass, neutrinos)
        weights.append(state.decay_weight(first, second, ELECTRON_MASS))
    np.testing.assert_allclose(weights[1], weights[0], rtol=1e-9)


@pytest.mark.parametrize("neutrinos", [True, False])
@pytest.mark.parametrize("mass", [0.001, 0.1, 0.35])
def test_trace_of_the_tensor_is_the_amplitude(mass: float, neutrinos: bool) -> None:
    boson, muon, neutrino = decays(mass, 500)
    inv = Invariants(product(muon, boson), product(neutrino, boson), product(muon, neutrino), mass)
    along = boson[:3] / norm(boson[:3])
    one = np.cross(along, np.array([[1.0], [0.3], [-0.2]]), axis=0)
    one = one / norm(one)
    across = (one, np.cross(along, one, axis=0))
    basis = [np.concatenate([e, np.zeros((1, 500))]) for e in across]
    basis.append(np.concatenate([boson[3] * along, norm(boson[:3])[None]]) / mass)
    of_muon, of_neutrino = (np.stack([product(p, e) for e in basis]) for p in (muon, neutrino))
    found = np.einsum("iin->n", tensor(inv, of_muon, of_neutrino, neutrinos))
    expected = KINDS["vector"].meson_amplitude(inv, neutrinos)
    assert np.max(np.abs(found - expected)) < 1e-8 * np.max(expected)
    other = KINDS["vector"].meson_amplitude(inv, not neutrinos)
    assert np.max(np.abs(found - other)) > 1e-2 * np.max(expected)


def longitudinal(mass: float, neutrinos: bool) -> Array:
    """Share (n,) of longitudinal bosons, in the frame of the meson."""
    return np.asarray(polarisation(*decays(mass, 400), mass, neutrinos).density[2, 2])


def test_light_vectors_are_longitudinal_off_the_muon_alone_and_transverse_otherwise() -> None:
    """A current that is not conserved makes longitudinal vectors like 1/m^2, one that is like m^2."""
    median = {
        m: [float(np.median(x)) for x in (1.0 - longitudinal(m, False), longitudinal(m, True))]
        for m in (1e-3, 1e-2)
    }
    for light, heavy in zip(median[1e-3], median[1e-2], strict=True):
        assert 0.0 < light < 1e-3
        assert heavy / light == pytest.approx(100.0, rel=0.1)


@pytest.mark.parametrize("neutrinos", [True, False])
def test_decays_of_light_vectors_have_the_closed_forms(neutrinos: bool) -> None:
    """sin^2 if they are longitudinal, (1 + cos^2)/2 on average over the azimuth if they are transverse; massless leptons."""
    mass, n = 1e-3, 200
    three = decays(mass, n)
    state = polarisation(*three, mass, neutrinos)
    direction = three[0][:3] / norm(three[0][:3])
    for cos in (-0.9, 0.0, 0.4, 1.0):
        weight = np.zeros(n)
        for azimuth in (0.3, 0.3 + 0.5 * np.pi):
            leptons = two_body_decay(three[0][3], direction, mass, 0.0, np.full(n, cos), np.full(n, azimuth))
            weight += 0.5 * state.decay_weight(*leptons, 0.0)
        forms = 1.5 * (1.0 - cos * cos), 0.75 * (1.0 + cos * cos)
        assert np.median(np.abs(weight - forms[neutrinos])) < 1e-3
        assert np.median(np.abs(weight - forms[not neutrinos])) > 0.1


@pytest.mark.parametrize("neutrinos", [True, False])
def test_where_all_fly_in_a_line_the_decay_knows_no_azimuth(neutrinos: bool) -> None:
    """The boson's helicity is that of the muon's, so that no two of them interfere."""
    mass = 0.1
    energy = 0.2
    momentum = np.sqrt(energy**2 - mass**2)
    rest_e, rest_p = KAON - energy, -momentum
    # neutrino backwards with the share that leaves the muon on its shell
    nu = (rest_e**2 - rest_p**2 - MUON_MASS**2) / (2.0 * (rest_e + rest_p))
    line = np.array([[0.0], [0.0], [1.0]])
    boson = np.concatenate([momentum * line, [[energy]]])
    neutrino = np.concatenate([nu * line, [[nu]]])
    muon = np.concatenate([(rest_p - nu) * line, [[rest_e - nu]]])
    density = polarisation(boson, muon, neutrino, mass, neutrinos).density[:, :, 0]
    assert density[0, 0] == pytest.approx(density[1, 1], rel=1e-12)
    assert np.abs(density - np.diag(np.diag(density))).max() < 1e-12
    assert density[0, 0] > 1e-3


@pytest.mark.parametrize("neutrinos", [True, False])
def test_mean_over_the_angles_is_1(neutrinos: bool) -> None:
    mass = 0.3
    three = [np.repeat(p, 20_000, axis=1) for p in decays(mass, 4, energy=40.0)]
    leptons = daughters(three[0], mass, MUON_MASS)
    state = polarisation(three[0], three[1], three[2], mass, neutrinos)
    weight = state.decay_weight(*leptons, MUON_MASS)
    wrong = replace(state, density=1.1 * state.density).decay_weight(*leptons, MUON_MASS)
    for one, other in zip(weight.reshape(4, -1), wrong.reshape(4, -1), strict=True):
        assert one.std() > 1e-3
        assert_agrees(float(one.mean()), float(one.std()) / np.sqrt(len(one)), 1.0)
        with pytest.raises(AssertionError, match="sigma"):
            assert_agrees(float(other.mean()), float(other.std()) / np.sqrt(len(other)), 1.0)
    eigenvalues = np.linalg.eigvalsh(state.density.transpose(2, 0, 1))
    assert np.all(eigenvalues > -1e-12)
    np.testing.assert_allclose(np.einsum("iin->n", state.density), 1.0, rtol=1e-12)
