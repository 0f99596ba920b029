"""Steered angles: whatever the target, weighted means are those of the plain Gaussian."""

from __future__ import annotations

import numpy as np
import pytest

from mcgen.physics.kinematics import dot, norm, transverse_frame
from mcgen.sources.bremsstrahlung import Bremsstrahlung
from mcgen.sources.bremsstrahlung.steering import UNSTEERED, steered
from mcgen.types import Array
from tests.oracle.beams import Radiation, beam_card, course, muons, radiation
from tests.oracle.stats import generator, pull

CASES = {
    "narrow, ahead": (2e-3, (0.0, 0.0), 1e-4),
    "narrow, aside": (2e-3, (3e-3, -1e-3), 1e-4),
    "wide, aside": (2e-3, (3e-3, 1e-3), 4e-3),
    "far out of reach": (1e-3, (0.2, 0.3), 1e-3),
    "no target": (2e-3, (0.3, 0.0), np.inf),
}


def draw(name: str, n: int = 200_000) -> tuple[Array, Array, Array]:
    """Angles (2, n) over sigma, weights, and the normals that they came from."""
    sigma, target, width = CASES[name]
    rng = generator("steered", name)
    normals = rng.normal(size=(2, n))
    where = np.tile(np.array(target)[:, None], n)
    angles, weight = steered(rng.random(n), normals, np.full(n, sigma), where, np.full(n, width))
    return angles, weight, normals


@pytest.mark.parametrize("name", CASES)
def test_weighted_means_are_those_of_the_gaussian(name: str) -> None:
    angles, weight, _ = draw(name)
    assert np.all((weight >= 0.0) & (weight <= 1.0 / UNSTEERED))
    assert means_agree(angles, weight)


@pytest.mark.parametrize("name", ["narrow, aside", "wide, aside"])
def test_a_wrong_density_is_noticed(name: str) -> None:
    angles, weight, _ = draw(name)
    assert not means_agree(angles, np.ones_like(weight))
    # A share of the plain Gaussian that is twice as large.
    share = 2.0 * UNSTEERED
    other = (1.0 / weight - UNSTEERED) / (1.0 - UNSTEERED)
    assert not means_agree(angles, 1.0 / (share + (1.0 - share) * other))


def means_agree(angles: Array, weight: Array) -> bool:
    a, b = angles
    truths: list[tuple[Array, float]] = [(weight, 1.0), (weight * a, 0.0), (weight * b, 0.0)]
    truths += [(weight * a * b, 0.0), (weight * a * a, 1.0), (weight * (b < 1.0), 0.8413447460685429)]
    return all(abs(pull(values, truth)) < 5.0 for values, truth in truths if np.ptp(values) > 0.0)


def test_without_a_target_or_a_track_nothing_is_steered() -> None:
    angles, weight, normals = draw("no target", 1000)
    np.testing.assert_array_equal(angles, normals)
    np.testing.assert_array_equal(weight, 1.0)
    angles, weight = steered(
        np.full(1000, 0.5), normals, np.zeros(1000), np.ones((2, 1000)), np.full(1000, 1e-3)
    )
    np.testing.assert_array_equal(angles, normals)
    np.testing.assert_array_equal(weight, 1.0)


# --- On a muon's way ----------------------------------------------------------------------------------------


def scattered(method: str) -> Radiation:
    """Muons that miss a narrow volume by 20 mrad, at the end of a metre of copper."""
    volume = {"shape": "cylinder", "z_m": [20.0, 60.0], "radius_m": 0.2}
    target = {"material": "Cu", "z_m": [0.0, 1.0]}
    card = beam_card(
        30.0, 0.1, target=target, volume=volume, production={"multiple_scattering": True, "method": method}
    )
    flux = muons(np.zeros((3, 1)), np.array([[0.02], [0.0], [1.0]]), np.array([8.0]))
    return radiation(card, generator("towards", method), 100_000, flux, depth=0.9)


@pytest.mark.parametrize("method", ["iww", "ww", "exact"])
def test_muons_are_turned_towards_the_volume_and_weighted(method: str) -> None:
    told = scattered(method)
    assert "steer" in told.source.axes
    first = np.zeros(1, dtype=np.int64)
    muon, direction = told.source.parents.take(first)
    moments = told.dump.scattering(
        course(told.dump, muon.position, direction, muon.momentum[3], told.track.path[:1])
    )
    weight = told.track.weight / told.track.weight.mean()
    turned = []
    for axis in transverse_frame(direction):
        theta = np.arctan2(dot(told.track.direction, axis), dot(told.track.direction, direction))
        shift = dot(told.track.position, axis)
        rms, side, correlation = (
            float(v[0]) for v in (moments.angle, moments.displacement, moments.correlation)
        )
        assert abs(pull(weight * theta, 0.0)) < 5.0
        assert abs(pull(weight * (theta**2 - rms**2), 0.0)) < 5.0
        assert abs(pull(weight * (shift**2 - side**2), 0.0)) < 5.0
        assert abs(pull(weight * (theta * shift - correlation * rms * side), 0.0)) < 5.0
        turned.append(abs(pull(theta, 0.0)))
    # Control: without the weights, they are another distribution.
    assert max(turned) > 5.0
    # Most go where they are wanted, of whom few would have without.
    towards = np.array([[0.0], [0.0], [1.0]])
    assert np.mean(norm(told.track.direction - towards) < 0.015) > 2.0 * np.mean(
        weight * (norm(told.track.direction - towards) < 0.015)
    )


def test_no_axis_where_nothing_scatters() -> None:
    volume = {"shape": "cylinder", "z_m": [20.0, 60.0], "radius_m": 0.2}
    card = beam_card(30.0, 0.1, target={"material": "Cu", "z_m": [0.0, 1.0]}, volume=volume)
    told = radiation(card, generator("unscattered"), 10)
    assert isinstance(told.source, Bremsstrahlung)
    assert "steer" not in told.source.axes
