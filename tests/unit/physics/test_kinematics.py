"""Frames, two-body decays, and where straight lines cross volumes."""

from __future__ import annotations

import math
import os

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st
from mpmath import mp, mpf

from mcgen.constants import ELECTRON_MASS, MUON_MASS, TAU_MASS
from mcgen.physics.kinematics import (
    along,
    dot,
    ellipse_interval,
    halfspace_interval,
    momentum_of,
    norm,
    on_shell,
    slab_interval,
    transverse_frame,
    two_body_decay,
)
from mcgen.types import Array

EPS = float(np.finfo(np.float64).eps)
Triple = tuple[float, float, float]

components = st.floats(-1.0, 1.0)
directions = st.one_of(
    st.sampled_from(
        [
            *[
                (1.0, 0.0, 0.0),
                (-1.0, 0.0, 0.0),
                (0.0, 1.0, 0.0),
                (0.0, -1.0, 0.0),
                (0.0, 0.0, 1.0),
                (0.0, 0.0, -1.0),
            ],
            *[(0.0, 0.0, -0.0), (1.0, 0.0, -0.0), (1e-9, 0.0, -1.0), (0.0, 1e-170, -1.0), (1.0, 0.0, 1e-17)],
        ]
    ).filter(any),
    st.tuples(components, components, components).filter(lambda v: np.linalg.norm(v) > 1e-3),
)
cosines = st.floats(-1.0, 1.0)
azimuths = st.floats(0.0, 2.0 * np.pi)
lengths = st.floats(-100.0, 100.0)
sizes = st.floats(0.05, 10.0)
slopes = st.one_of(st.sampled_from([0.0, -0.0]), st.floats(1e-6, 1.0), st.floats(-1.0, -1e-6))


def unit(vector: Triple) -> Array:
    v = np.array(vector, dtype=np.float64)
    return (v / np.linalg.norm(v))[:, None]


def one(value: float) -> Array:
    return np.array([value])


# --- vectors


@given(directions)
def test_frame_is_right_handed_and_orthonormal(vector: Triple) -> None:
    direction = unit(vector)
    frame = np.stack([*transverse_frame(direction), direction])[:, :, 0]
    np.testing.assert_allclose(frame @ frame.T, np.eye(3), rtol=0.0, atol=8.0 * EPS)
    np.testing.assert_allclose(np.cross(frame[0], frame[1]), frame[2], rtol=0.0, atol=8.0 * EPS)


def test_frames_of_many_directions_are_their_own() -> None:
    many = np.concatenate([unit(v) for v in [(1, 0, 0), (0, 0, -1), (1, -2, 3)]], axis=1)
    together = np.stack(transverse_frame(many))
    for i in range(many.shape[1]):
        alone = np.stack(transverse_frame(many[:, i : i + 1]))
        np.testing.assert_array_equal(together[:, :, i], alone[:, :, 0])


@given(directions, st.floats(0.0, 10.0), azimuths, st.floats(-10.0, 10.0))
def test_along_has_the_components_it_is_given(
    vector: Triple, transverse: float, azimuth: float, longitudinal: float
) -> None:
    direction = unit(vector)
    v = along(direction, one(transverse), one(azimuth), one(longitudinal))
    e1, e2 = transverse_frame(direction)
    got = np.concatenate([dot(v, e1), dot(v, e2), dot(v, direction), norm(v)])
    expected = [transverse * np.cos(azimuth), transverse * np.sin(azimuth), longitudinal]
    expected.append(np.hypot(transverse, longitudinal))
    np.testing.assert_allclose(got, expected, rtol=0.0, atol=32.0 * EPS * max(1.0, expected[-1]))


@pytest.mark.parametrize("excess", [1e-14, 1e-9, 1e-3, 1.0, 1e6])
def test_momentum_keeps_its_digits_near_rest(excess: float) -> None:
    energy = MUON_MASS * (1.0 + excess)
    with mp.workdps(40):
        expected = float(mp.sqrt(mpf(energy) ** 2 - mpf(MUON_MASS) ** 2))
    assert momentum_of(one(energy), MUON_MASS)[0] == pytest.approx(expected, rel=1e-14, abs=0.0)


def test_momentum_is_zero_at_rest_and_below() -> None:
    assert momentum_of(np.array([MUON_MASS, 0.5 * MUON_MASS, 0.0]), MUON_MASS).tolist() == [0.0] * 3


def test_on_shell_puts_the_mass_in() -> None:
    four = on_shell(np.array([[3.0], [0.0], [4.0]]), 12.0)
    assert four[:, 0].tolist() == [3.0, 0.0, 4.0, 13.0]


# --- two-body decays


def pair(
    mass: float, daughter_mass: float, gamma: float, vector: Triple, cosine: float, azimuth: float
) -> tuple[float, Array, Array, Array]:
    energy, direction = gamma * mass, unit(vector)
    decay = two_body_decay(one(energy), direction, mass, daughter_mass, one(cosine), one(azimuth))
    return energy, direction, *decay


decays = given(
    daughter_mass=st.sampled_from([0.0, ELECTRON_MASS, MUON_MASS, TAU_MASS]),
    release=st.floats(-12.0, 4.0).map(lambda power: 10.0**power),
    gamma=st.one_of(st.just(1.0), st.floats(0.0, 9.0).map(lambda power: 1.0 + 10.0 ** (power - 4.0))),
    vector=directions,
    cosine=cosines,
    azimuth=azimuths,
)


def mass_of_parent(daughter_mass: float, release: float) -> float:
    return 2.0 * daughter_mass * (1.0 + release) if daughter_mass > 0.0 else 0.1 * release + 1e-4


@decays
def test_decay_balances_and_is_on_shell(
    daughter_mass: float, release: float, gamma: float, vector: Triple, cosine: float, azimuth: float
) -> None:
    mass = mass_of_parent(daughter_mass, release)
    energy, direction, first, second = pair(mass, daughter_mass, gamma, vector, cosine, azimuth)
    total = first + second
    momentum = momentum_of(one(energy), mass)
    np.testing.assert_allclose(total[:3], momentum * direction, rtol=0.0, atol=8.0 * EPS * energy)
    np.testing.assert_allclose(total[3], energy, rtol=8.0 * EPS)
    for daughter in (first, second):
        p, e = daughter[:3], daughter[3]
        assert abs(e * e - dot(p, p) - daughter_mass**2)[0] <= 8.0 * EPS * e[0] ** 2


@decays
def test_decay_has_the_angles_of_the_rest_frame(
    daughter_mass: float, release: float, gamma: float, vector: Triple, cosine: float, azimuth: float
) -> None:
    mass = mass_of_parent(daughter_mass, release)
    energy, direction, first, second = pair(mass, daughter_mass, gamma, vector, cosine, azimuth)
    with mp.workdps(40):
        p_star = float(mp.sqrt((mpf(mass) / 2) ** 2 - mpf(daughter_mass) ** 2))
    # E_1 - E_2 = 2 beta gamma p* cos*, and what is transverse is not boosted
    beta_gamma = float(momentum_of(one(energy), mass)[0]) / mass
    swing = 2.0 * beta_gamma * p_star * cosine
    assert first[3, 0] - second[3, 0] == pytest.approx(swing, rel=0.0, abs=8.0 * EPS * energy)
    e1, e2 = transverse_frame(direction)
    sine = p_star * np.sqrt((1.0 - cosine) * (1.0 + cosine))
    for daughter, sign in ((first, 1.0), (second, -1.0)):
        for axis, share in ((e1, np.cos(azimuth)), (e2, np.sin(azimuth))):
            component = dot(daughter[:3], axis)[0]
            assert component == pytest.approx(sign * sine * share, rel=1e-14, abs=8.0 * EPS * energy)


@pytest.mark.parametrize("daughter_mass", [0.0, ELECTRON_MASS])
def test_pair_mass_survives_a_hard_boost(daughter_mass: float) -> None:
    rng = np.random.default_rng(int(os.environ.get("MCGEN_TEST_SEED", "1")))
    n, mass, energy = 2000, 0.05, 300.0
    cosine, azimuth = rng.uniform(-1.0, 1.0, n), rng.uniform(0.0, 2.0 * np.pi, n)
    direction = np.repeat(unit((0.01, -0.02, 1.0)), n, axis=1)
    first, second = two_body_decay(np.full(n, energy), direction, mass, daughter_mass, cosine, azimuth)
    total = first + second
    pair_mass = np.sqrt(total[3] ** 2 - dot(total[:3], total[:3]))
    # m^2 is a difference of E^2: 4 eps (E/m)^2 = 3e-8 is what doubles permit
    np.testing.assert_allclose(pair_mass, mass, rtol=4.0 * EPS * (energy / mass) ** 2)


def test_decay_at_threshold_shares_the_momentum() -> None:
    energy, direction = 7.0, unit((1.0, 2.0, 3.0))
    first, second = two_body_decay(one(energy), direction, 2.0 * MUON_MASS, MUON_MASS, one(0.3), one(1.0))
    np.testing.assert_array_equal(first, second)
    np.testing.assert_allclose(2.0 * first[3], energy, rtol=2.0 * EPS)


@given(vector=directions, cosine=cosines, azimuth=azimuths)
def test_decay_at_rest_is_back_to_back(vector: Triple, cosine: float, azimuth: float) -> None:
    mass = 0.5
    _, _, first, second = pair(mass, MUON_MASS, 1.0, vector, cosine, azimuth)
    np.testing.assert_array_equal(first[:3], -second[:3])
    np.testing.assert_allclose([first[3], second[3]], 0.5 * mass, rtol=4.0 * EPS)


@given(vector=directions, cosine=cosines, azimuth=azimuths)
def test_photons_have_no_mass(vector: Triple, cosine: float, azimuth: float) -> None:
    _, _, first, second = pair(0.05, 0.0, 600.0, vector, cosine, azimuth)
    for photon in (first, second):
        assert photon[3, 0] == norm(photon[:3])[0]


# --- lines through volumes


def scale_of(*values: float) -> float:
    return 1.0 + max(abs(v) for v in values)


@given(
    position=lengths,
    velocity=st.floats(-1.0, 1.0),
    bounds=st.tuples(lengths, lengths).filter(lambda b: b[1] - b[0] > 1e-6),
)
@example(position=0.5, velocity=0.0, bounds=(0.0, 1.0))
@example(position=0.5, velocity=-0.0, bounds=(0.0, 1.0))
@example(position=1.5, velocity=0.0, bounds=(0.0, 1.0))
@example(position=1.0, velocity=0.0, bounds=(0.0, 1.0))
@example(position=-50.0, velocity=5e-324, bounds=(0.0, 1.0))
def test_slab_interval_is_where_the_coordinate_is_between(
    position: float, velocity: float, bounds: tuple[float, float]
) -> None:
    low, high = bounds
    enter, leave = (float(v[0]) for v in slab_interval(one(position), one(velocity), low, high))
    if velocity == 0.0:
        assert (enter, leave) == ((-np.inf, np.inf) if low <= position <= high else (np.inf, -np.inf))
        return
    if abs(velocity) < 1e-290:
        return  # lengths overflow: that they do so silently is all there is to ask
    length, tolerance = leave - enter, 8.0 * EPS * scale_of(position, low, high)
    assert length > 0.0
    first, last = (position + velocity * s for s in (enter, leave))
    assert sorted([first, last]) == pytest.approx([low, high], rel=0.0, abs=tolerance)
    assert low < position + velocity * (enter + 0.5 * length) < high
    for outside in (enter - length, leave + length):
        assert not low < position + velocity * outside < high


@given(distance=lengths, velocity=st.floats(-1.0, 1.0))
@example(distance=0.0, velocity=0.0)
@example(distance=1.0, velocity=0.0)
@example(distance=-1.0, velocity=-0.0)
@example(distance=100.0, velocity=-5e-324)
def test_halfspace_interval_is_where_the_distance_is_negative(distance: float, velocity: float) -> None:
    enter, leave = (float(v[0]) for v in halfspace_interval(one(distance), one(velocity)))
    if velocity == 0.0:
        assert (enter, leave) == ((-np.inf, np.inf) if distance <= 0.0 else (np.inf, -np.inf))
        return
    crossing, other, inwards = (enter, leave, 1.0) if velocity < 0.0 else (leave, enter, -1.0)
    assert other == inwards * np.inf
    assume(math.isfinite(crossing))
    step = 1e-3 * scale_of(distance) / abs(velocity)
    assert distance + velocity * (crossing + inwards * step) < 0.0
    assert distance + velocity * (crossing - inwards * step) > 0.0


@given(x=lengths, y=lengths, vx=slopes, vy=slopes, a=sizes, b=sizes)
@example(x=0.3, y=-0.2, vx=0.0, vy=0.0, a=0.5, b=0.5)
@example(x=0.0, y=3.0, vx=0.1, vy=0.0, a=1.0, b=2.0)
@example(x=-3.0, y=0.5, vx=0.5, vy=0.0, a=1.0, b=0.5)
@example(x=0.0, y=0.0, vx=1e-6, vy=0.0, a=1.0, b=2.0)
@example(x=2.0, y=1e-308, vx=0.0, vy=1.0, a=1.0, b=1.0)
def test_ellipse_interval_is_where_the_line_is_inside(
    x: float, y: float, vx: float, vy: float, a: float, b: float
) -> None:
    def level(s: float) -> float:
        return ((x + vx * s) / a) ** 2 + ((y + vy * s) / b) ** 2

    found = ellipse_interval(one(x), one(y), one(vx), one(vy), (a, b))
    enter, leave = (float(v[0]) for v in found)
    square = (vx / a) ** 2 + (vy / b) ** 2
    if square == 0.0:
        assert (enter, leave) == ((-np.inf, np.inf) if level(0.0) <= 1.0 else (np.inf, -np.inf))
        return
    nearest = -(x * vx / a**2 + y * vy / b**2) / square
    tolerance = 64.0 * EPS * (1.0 + level(0.0))
    if enter > leave:
        assert (enter, leave) == (np.inf, -np.inf)
        assert level(nearest) >= 1.0 - tolerance
        return
    half = 0.5 * (leave - enter)
    assert enter + half == pytest.approx(nearest, rel=1e-12, abs=tolerance / np.sqrt(square))
    assert level(enter) == pytest.approx(1.0, rel=0.0, abs=tolerance)
    assert level(leave) == pytest.approx(1.0, rel=0.0, abs=tolerance)
    assert level(enter + half) + square * half**2 == pytest.approx(1.0, rel=0.0, abs=tolerance)
    if level(0.0) < 1.0 - tolerance:
        assert enter < 0.0 < leave


@pytest.mark.parametrize(("x", "inside"), [(0.999, True), (1.0, True), (1.001, False), (-5.0, False)])
def test_axis_parallel_ray_is_inside_an_ellipse_for_ever_or_never(x: float, inside: bool) -> None:
    enter, leave = ellipse_interval(one(x), one(0.0), one(0.0), one(-0.0), (1.0, 2.0))
    expected = (-np.inf, np.inf) if inside else (np.inf, -np.inf)
    assert (enter[0], leave[0]) == expected


@pytest.mark.parametrize("gap", [1e-6, -1e-6, 1e-10, -1e-10])
def test_grazing_ray_cuts_a_short_chord_or_misses(gap: float) -> None:
    enter, leave = ellipse_interval(one(-40.0), one(1.0 - gap), one(1.0), one(0.0), (1.0, 1.0))
    if gap < 0.0:
        assert (enter[0], leave[0]) == (np.inf, -np.inf)
    else:
        chord = 2.0 * np.sqrt(gap * (2.0 - gap))
        assert leave[0] - enter[0] == pytest.approx(chord, rel=1e4 * EPS / gap, abs=0.0)
        assert enter[0] + leave[0] == pytest.approx(80.0, rel=1e-14)


@pytest.mark.parametrize("slope", [1e-3, -1e-3])
def test_nearly_parallel_ray_loses_no_digits(slope: float) -> None:
    # x^2 - 1 is small beside (x vx)^2: one of the naive roots cancels
    x = 1.0 - 1e-13
    enter, leave = ellipse_interval(one(x), one(0.0), one(slope), one(0.0), (1.0, 1.0))
    ends = sorted([(1.0 - x) / slope, -(1.0 + x) / slope])
    assert enter[0] == pytest.approx(ends[0], rel=1e-12, abs=0.0)
    assert leave[0] == pytest.approx(ends[1], rel=1e-12, abs=0.0)
