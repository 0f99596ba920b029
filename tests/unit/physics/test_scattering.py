"""Multiple scattering: moments along the track, sampled angles and displacements."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.integrate import quad

from mcgen.constants import MUON_MASS
from mcgen.errors import UsageError
from mcgen.physics.energy_loss import ConstantLoss, EnergyLoss, TableLoss
from mcgen.physics.kinematics import transverse_frame
from mcgen.physics.matter import Material, material
from mcgen.physics.scattering import ScatteringMoments, angles_to, scatter, scattering_moments
from mcgen.types import Array

COPPER = material("Cu")
NO_LOSS = ConstantLoss(1e-9)
CONSTANT = ConstantLoss(1.25)
TABLE = TableLoss(COPPER)
X0 = 0.01 * COPPER.radiation_length / COPPER.density  # [m]

components = st.floats(-1.0, 1.0)
directions = st.one_of(
    st.sampled_from(
        [(0, 0, 1), (0, 0, -1), (1, 0, 0), (0, -1, 0), (0, 1, 1e-12), (1e-9, 0, -1), (1, 0, -0.0)]
    ),
    st.tuples(components, components, components).filter(lambda v: np.linalg.norm(v) > 1e-3),
)
normals = st.tuples(*[st.floats(-8.0, 8.0)] * 4)


def beta_p(energy: Array | float) -> Array | float:
    return (energy * energy - MUON_MASS**2) / energy


def unit(vector: tuple[float, float, float]) -> Array:
    return (np.array(vector, dtype=np.float64) / np.linalg.norm(vector))[:, None]


def given_moments(a0: float, length: float = 1.0) -> ScatteringMoments:
    """Uniform scattering, thick enough for a logarithmic factor of 1."""
    a = np.array([a0, a0 * length / 2, a0 * length**2 / 3])
    return ScatteringMoments(np.array([length]), np.ones(1), a[:1], a[1:2], a[2:])


# --- moments


def test_without_loss_they_are_those_of_the_pdg() -> None:
    energy, length = np.array([2.0, 20.0, 200.0]), np.array([0.001, 0.1, 3.0])
    track = scattering_moments(COPPER, NO_LOSS, energy, length)
    theta_0 = 13.6e-3 / beta_p(energy) * np.sqrt(length / X0) * (1.0 + 0.038 * np.log(length / X0))
    np.testing.assert_allclose(track.angle, theta_0, rtol=1e-9)
    np.testing.assert_allclose(track.displacement, length * theta_0 / np.sqrt(3.0), rtol=1e-9)
    np.testing.assert_allclose(track.correlation, np.sqrt(3.0) / 2.0, rtol=1e-9)
    np.testing.assert_allclose(track.thickness, length / X0, rtol=1e-14)


def test_constant_loss_has_a_closed_form() -> None:
    def primitive(energy: Array) -> Array:
        """Integral of 1/(beta p)^2 dE."""
        p2 = energy * energy - MUON_MASS**2
        rest = (energy - MUON_MASS) / (energy + MUON_MASS)
        return -energy / (2.0 * p2) + np.log(rest) / (4.0 * MUON_MASS)

    energy, final = np.array([5.0, 50.0, 300.0]), np.array([2.0, 10.0, 250.0])
    track = scattering_moments(COPPER, CONSTANT, energy, CONSTANT.length_to(energy, final))
    expected = 13.6e-3**2 / X0 * (primitive(energy) - primitive(final)) / 1.25
    np.testing.assert_allclose(track.a0, expected, rtol=1e-11)


@pytest.mark.parametrize("loss", [CONSTANT, TABLE], ids=["constant", "table"])
@pytest.mark.parametrize(("energy", "left"), [(3.0, 0.1), (20.0, 0.5), (300.0, 0.1)])
def test_moments_are_the_integrals(loss: EnergyLoss, energy: float, left: float) -> None:
    start = np.array([energy])
    length = (1.0 - left) * loss.range(start)
    track = scattering_moments(COPPER, loss, start, length)
    for power, moment in enumerate((track.a0, track.a1, track.a2)):

        def integrand(s: float, power: int = power) -> float:
            here = loss.energy_after(start, s)[0]
            return float(13.6e-3**2 / X0 / beta_p(here) ** 2 * (length[0] - s) ** power)

        expected, _ = quad(integrand, 0.0, length[0], epsrel=1e-9, limit=200)
        assert moment[0] == pytest.approx(expected, rel=1e-5, abs=0.0)


@pytest.mark.parametrize("loss", [CONSTANT, TABLE], ids=["constant", "table"])
def test_pieces_make_the_whole(loss: EnergyLoss) -> None:
    energy, length = np.array([5.0, 40.0, 300.0]), np.array([2.0, 5.0, 20.0])
    whole = scattering_moments(COPPER, loss, energy, length)
    pieces = scattering_moments(COPPER, loss, energy, 0.3 * length)
    for done, part in ((0.3, 0.5), (0.8, 0.2)):
        middle = loss.energy_after(energy, done * length)
        pieces = pieces.followed_by(scattering_moments(COPPER, loss, middle, part * length))
    for name in ("length", "thickness", "a0", "a1", "a2", "angle", "displacement", "correlation"):
        np.testing.assert_allclose(getattr(pieces, name), getattr(whole, name), rtol=1e-6)


def test_a_gap_only_adds_a_lever_arm() -> None:
    track = given_moments(1e-4)
    gap = given_moments(0.0, length=2.0)
    behind = track.followed_by(gap)
    np.testing.assert_allclose(behind.a0, track.a0)
    np.testing.assert_allclose(behind.a1, track.a1 + 2.0 * track.a0)
    np.testing.assert_allclose(behind.a2, track.a2 + 4.0 * track.a1 + 4.0 * track.a0)


def test_loss_scatters_more_and_bends_the_track_later() -> None:
    energy, length = np.array([10.0]), np.array([7.0])
    free = scattering_moments(COPPER, NO_LOSS, energy, length)
    slowed = scattering_moments(COPPER, TABLE, energy, length)
    assert slowed.angle > 1.5 * free.angle
    assert slowed.correlation < free.correlation


@pytest.mark.parametrize("loss", [CONSTANT, TABLE], ids=["constant", "table"])
def test_ends_of_the_track_are_finite(loss: EnergyLoss) -> None:
    energy = np.array([100.0, 0.0, MUON_MASS, 2.0, 2.0])
    length = np.array([0.0, 1.0, 1.0, 1e6, 1e-15])
    track = scattering_moments(COPPER, loss, energy, length)
    for name in ("length", "thickness", "a0", "a1", "a2", "angle", "displacement", "correlation"):
        assert np.isfinite(getattr(track, name)).all()
    assert (track.angle[[0, 4]] == 0.0).all()
    assert (track.displacement[[0, 4]] == 0.0).all()
    np.testing.assert_allclose(track.length[3], loss.range(energy[3:4])[0], rtol=2e-6)


def test_radiation_length_is_needed() -> None:
    custom = Material("pyrite", z=17.3, a=40.0, density=5.0)
    with pytest.raises(UsageError, match="radiation length of material 'pyrite'"):
        scattering_moments(custom, CONSTANT, np.ones(1), np.ones(1))


# --- directions


@given(direction=directions)
def test_frame_is_orthonormal(direction: tuple[float, float, float]) -> None:
    along = unit(direction)
    frame = np.hstack([*transverse_frame(along), along])
    np.testing.assert_allclose(frame.T @ frame, np.eye(3), rtol=0.0, atol=1e-15 * 4)
    assert np.linalg.det(frame) == pytest.approx(1.0)


@given(direction=directions, z=normals, log_a0=st.floats(-20.0, 0.0))
def test_scattered_direction_is_a_unit_vector(
    direction: tuple[float, float, float], z: tuple[float, float, float, float], log_a0: float
) -> None:
    along, track = unit(direction), given_moments(float(np.exp(log_a0)))
    turned, shift = scatter(along, track, np.array(z)[:, None])
    assert np.linalg.norm(turned) == pytest.approx(1.0, abs=1e-14)
    assert (along * shift).sum() == pytest.approx(0.0, abs=1e-14 * (1.0 + float(np.linalg.norm(shift))))
    angle = track.angle[0] * np.hypot(z[0], z[2])
    turn = np.arctan2(np.linalg.norm(np.cross(along[:, 0], turned[:, 0])), (along * turned).sum())
    assert np.cos(turn) == pytest.approx(np.cos(angle), abs=1e-13)
    if angle < 3.0:
        assert turn == pytest.approx(angle, rel=1e-12, abs=4e-16)


@given(direction=directions, other=directions)
def test_angles_to_a_direction_turn_into_it(
    direction: tuple[float, float, float], other: tuple[float, float, float]
) -> None:
    along, wanted = unit(direction), unit(other)
    assume(float((along * wanted).sum()) > -0.999)  # any axis turns a direction into its opposite
    angles, track = angles_to(along, wanted), given_moments(1.0)
    normals = np.zeros((4, 1))
    normals[::2] = angles / track.angle
    turned, _ = scatter(along, track, normals)
    np.testing.assert_allclose(turned, wanted, rtol=0.0, atol=1e-12)


def test_no_track_changes_nothing() -> None:
    direction = np.array([[0.0, 0.6], [0.0, 0.0], [-1.0, 0.8]])
    track = scattering_moments(COPPER, TABLE, np.array([5.0, 50.0]), np.zeros(2))
    turned, shift = scatter(direction, track, np.ones((4, 2)))
    np.testing.assert_array_equal(turned, direction)
    np.testing.assert_array_equal(shift, np.zeros((3, 2)))


# --- samples


@pytest.mark.parametrize("direction", [(0.0, 0.0, 1.0), (0.0, 0.0, -1.0), (0.3, -0.7, 0.2)])
def test_samples_have_the_moments(direction: tuple[float, float, float]) -> None:
    batches, size = 100, 2000
    rng = np.random.default_rng(int(os.environ.get("MCGEN_TEST_SEED", "1")))
    energy, length = np.full(batches * size, 20.0), np.full(batches * size, 0.5)
    along = np.repeat(unit(direction), batches * size, axis=1)
    track = scattering_moments(COPPER, NO_LOSS, energy, length)
    turned, shift = scatter(along, track, rng.standard_normal((4, batches * size)))
    first, second = (axis[:, :1] for axis in transverse_frame(along))
    theta, y = ((first * v).sum(axis=0).reshape(batches, size) for v in (turned, shift))
    other = (second * shift).sum(axis=0).reshape(batches, size)

    def pull(values: Array, truth: float) -> float:
        """Deviation of the mean over the batches in its own errors."""
        error = values.std(ddof=1) / np.sqrt(batches)
        return float(abs(values.mean() - truth) / error)

    correlation = np.array([np.corrcoef(a, b)[0, 1] for a, b in zip(theta, y, strict=True)])
    truths = {
        "theta": (theta.std(axis=1, ddof=1), track.angle[0]),
        "y": (y.std(axis=1, ddof=1), track.displacement[0]),
        "correlation": (correlation, np.sqrt(3.0) / 2.0),
    }
    for values, truth in truths.values():
        assert pull(values, truth) < 5.0
        assert pull(values, 0.95 * truth) > 5.0  # the control
    assert pull((theta * other).mean(axis=1), 0.0) < 5.0
    assert pull((theta * y).mean(axis=1), 0.0) > 5.0
