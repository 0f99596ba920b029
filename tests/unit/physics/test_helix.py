"""Ways of muons in a magnetic field: circles, closed forms with a constant loss, and the equation of motion."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from mcgen.constants import MUON_MASS
from mcgen.physics.energy_loss import ConstantLoss, EnergyLoss, NoLoss, TableLoss
from mcgen.physics.helix import NODES, RIGIDITY, bent, curvature
from mcgen.physics.kinematics import dot, norm
from mcgen.physics.matter import material, stopping_power
from mcgen.types import Array

IRON = material("Fe")
CONSTANT, TABLE = ConstantLoss(1.14), TableLoss(IRON)


def unit(*vector: float) -> Array:
    return np.asarray((np.array(vector) / np.linalg.norm(vector))[:, None])


def follow(
    loss: EnergyLoss,
    energy: float,
    length: float,
    field: tuple[float, float] = (0.0, 1.6),
    charge: float = 1.0,
    direction: tuple[float, ...] = (0.0, 0.0, 1.0),
    nodes: int = NODES,
) -> tuple[Array, Array]:
    """End position (3,) and direction (3,) of one muon from the origin."""
    start = np.zeros((3, 1)), unit(*direction), np.array([energy])
    position, end = bent(start, np.array([charge]), field, loss, np.array([length]), nodes)
    return position[:, 0], end[:, 0]


# --- without loss


def test_the_radius_is_that_of_the_momentum() -> None:
    # A circle in the plane across the field, R = p/(0.2998 B): 10 GeV in 1 T make 33.36 m.
    energy = np.array([np.hypot(10.0, MUON_MASS)])
    assert 1.0 / curvature(energy, (0.0, 1.0))[0] == pytest.approx(33.356, abs=1e-3)
    radius = 10.0 / (RIGIDITY * 2.0)
    position, direction = follow(NoLoss(), float(energy[0]), 3.0, (0.0, 2.0))
    angle = 3.0 / radius
    expected = [-radius * (1.0 - np.cos(angle)), 0.0, radius * np.sin(angle)]
    np.testing.assert_allclose(position, expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(direction, [-np.sin(angle), 0.0, np.cos(angle)], rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(
    ("field", "charge", "towards"),
    [
        ((0.0, 1.0), 1.0, (-1, 0)),
        ((0.0, 1.0), -1.0, (1, 0)),
        ((1.0, 0.0), 1.0, (0, 1)),
        ((1.0, 0.0), -1.0, (0, -1)),
        ((0.0, -1.0), 1.0, (1, 0)),
    ],
)
def test_positive_ones_go_where_the_lorentz_force_has_them(
    field: tuple[float, float], charge: float, towards: tuple[int, int]
) -> None:
    # F = q v x B: along z in a field along y, positive ones go to -x, as in a spectrometer whose kick is (-0.27, 0).
    for part in follow(TABLE, 20.0, 1.0, field, charge):
        np.testing.assert_array_equal(np.sign(np.round(part[:2], 12)), towards)


def test_a_short_magnet_gives_its_kick() -> None:
    # 0.6928 T over 1.3 m are a kick of 0.27 GeV.
    _, direction = follow(NoLoss(), 50.0, 1.3, (0.0, 0.6928))
    momentum = np.sqrt(50.0**2 - MUON_MASS**2)
    assert momentum * direction[0] == pytest.approx(-0.27, abs=1e-4)


@given(
    st.tuples(*[st.floats(-2.0, 2.0)] * 2).filter(lambda b: np.hypot(*b) > 1e-3),
    st.tuples(*[st.floats(-1.0, 1.0)] * 2),
    st.floats(3.0, 300.0),
    st.floats(0.0, 2.0),
    st.sampled_from([-1.0, 1.0]),
)
def test_the_field_keeps_the_length_of_vectors_and_the_angle_to_it(
    field: tuple[float, float], slopes: tuple[float, float], energy: float, length: float, charge: float
) -> None:
    start = unit(*slopes, 1.0)
    position, end = follow(TABLE, energy, length, field, charge, (*slopes, 1.0))
    assert np.linalg.norm(end) == pytest.approx(1.0, abs=1e-14)
    along = np.array([*field, 0.0]) / np.hypot(*field)
    assert along @ end == pytest.approx(along @ start[:, 0], abs=1e-14)
    assert along @ position == pytest.approx(length * (along @ start[:, 0]), abs=1e-13)
    distance = np.hypot(np.hypot(position[0], position[1]), position[2])  # squares of 1e-162 underflow
    assert distance <= length * (1.0 + 1e-12)


def test_a_weak_field_does_next_to_nothing() -> None:
    position, direction = follow(TABLE, 20.0, 3.0, (1e-9, 0.0), direction=(0.1, -0.2, 1.0))
    np.testing.assert_allclose(position, 3.0 * unit(0.1, -0.2, 1.0)[:, 0], rtol=0.0, atol=1e-9)
    np.testing.assert_allclose(direction, unit(0.1, -0.2, 1.0)[:, 0], rtol=0.0, atol=1e-9)


# --- with loss


@pytest.mark.parametrize(("energy", "length"), [(100.0, 5.0), (20.0, 5.0), (8.0, 5.0), (3.0, 2.4)])
def test_constant_loss_has_a_closed_form(energy: float, length: float) -> None:
    # int dE/(k p) = arcosh(E/m)/k: 0.3 B/k ln(E0/E) for beta = 1.
    rate = RIGIDITY * 1.6 / CONSTANT.de_dz

    def angle(way: float) -> float:
        end = energy - CONSTANT.de_dz * way
        return float(rate * (np.arccosh(energy / MUON_MASS) - np.arccosh(end / MUON_MASS)))

    position, direction = follow(CONSTANT, energy, length, charge=-1.0)
    total = angle(length)
    np.testing.assert_allclose(direction, [np.sin(total), 0.0, np.cos(total)], rtol=0.0, atol=1e-8)
    aside = quad(lambda way: np.sin(angle(way)), 0.0, length, epsabs=1e-12)[0]
    ahead = quad(lambda way: np.cos(angle(way)), 0.0, length, epsabs=1e-12)[0]
    np.testing.assert_allclose(position, [aside, 0.0, ahead], rtol=0.0, atol=1e-8)
    # Fast muons: the momentum may be the energy.
    if energy == 100.0:
        assert total == pytest.approx(rate * np.log(energy / (energy - CONSTANT.de_dz * length)), rel=1e-5)


def equation_of_motion(
    energy: float, length: float, field: tuple[float, float], charge: float, slopes: tuple[float, float]
) -> Array:
    """Position and direction (6,) by a solver of differential equations."""
    b = np.array([*field, 0.0])

    def derivative(_: float, state: Array) -> Array:
        loss = 0.1 * IRON.density * stopping_power(IRON, state[6:])
        momentum = np.sqrt(state[6] ** 2 - MUON_MASS**2)
        return np.concatenate([state[3:6], charge * RIGIDITY / momentum * np.cross(state[3:6], b), -loss])

    start = np.concatenate([np.zeros(3), unit(*slopes, 1.0)[:, 0], [energy]])
    return np.asarray(solve_ivp(derivative, (0.0, length), start, rtol=1e-9, atol=1e-10).y[:6, -1])


@pytest.mark.parametrize(("energy", "length"), [(50.0, 5.0), (6.0, 3.3)])
@pytest.mark.parametrize(("field", "charge"), [((0.0, 1.6), -1.0), ((1.2, -0.9), 1.0)])
def test_the_way_solves_the_equation_of_motion(
    energy: float, length: float, field: tuple[float, float], charge: float
) -> None:
    slopes = (0.1, -0.05)
    expected = equation_of_motion(energy, length, field, charge, slopes)
    found = np.concatenate(follow(TABLE, energy, length, field, charge, (*slopes, 1.0)))
    np.testing.assert_allclose(found, expected, rtol=0.0, atol=2e-6)
    # Controls: 0.1 % of the field, and its sign.
    for wrong in (1.001, -1.0):
        other = follow(TABLE, energy, length, (wrong * field[0], wrong * field[1]), charge, (*slopes, 1.0))
        assert np.abs(np.concatenate(other) - expected).max() > 5e-5


@pytest.mark.parametrize("loss", [CONSTANT, TABLE], ids=["constant", "table"])
def test_more_nodes_change_nothing(loss: EnergyLoss) -> None:
    # The hard case: bent by 0.5 to 0.8 rad while nearly all of the energy goes.
    best = np.concatenate(follow(loss, 8.0, 5.0, nodes=40))
    errors = [
        np.abs(np.concatenate(follow(loss, 8.0, 5.0, nodes=nodes)) - best).max()
        for nodes in (1, 2, 3, 4, NODES)
    ]
    assert all(after < 0.2 * before for before, after in pairwise(errors))
    assert errors[0] > 1e-2
    assert errors[-1] < 3e-7


@pytest.mark.parametrize("loss", [CONSTANT, TABLE, NoLoss()], ids=["constant", "table", "none"])
def test_two_ways_are_one(loss: EnergyLoss) -> None:
    n = 200
    rng = np.random.default_rng(1)
    energy, length, share = rng.uniform(4.0, 100.0, n), rng.uniform(0.0, 2.5, n), rng.random(n)
    charge = rng.choice([-1.0, 1.0], n)
    direction = np.stack([*rng.normal(0.0, 0.2, (2, n)), np.ones(n)])
    start = rng.normal(size=(3, n)), direction / norm(direction), energy
    whole = bent(start, charge, (0.5, 1.0), loss, length)
    middle = *bent(start, charge, (0.5, 1.0), loss, share * length), loss.energy_after(energy, share * length)
    parts = bent(middle, charge, (0.5, 1.0), loss, (1.0 - share) * length)
    for one, other in zip(whole, parts, strict=True):
        np.testing.assert_allclose(other, one, rtol=0.0, atol=1e-7)
    assert np.all(dot(whole[1], start[1]) < 1.0)
