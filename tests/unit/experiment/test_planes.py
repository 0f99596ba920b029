"""Planes: who is within their apertures, and how wide they are."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcgen.experiment.planes import PLANES as SHAPES
from mcgen.experiment.planes import CirclePlane, EllipsePlane, OctagonPlane, Plane, RectanglePlane
from mcgen.types import Array


def circle(name: str = "p", z: float = 20.0, **keys: Any) -> CirclePlane:
    return CirclePlane(name=name, z_m=z, shape="circle", **{"radius_m": 1.0, **keys})


def octagon(**keys: Any) -> OctagonPlane:
    return OctagonPlane(
        name="p", z_m=20.0, shape="octagon", **{"half_width_m": (1.0, 1.2), "max_sum_m": 1.6, **keys}
    )


def ellipse(**keys: Any) -> EllipsePlane:
    return EllipsePlane(name="p", z_m=20.0, shape="ellipse", semi_axes_m=(2.0, 0.5), **keys)


def rectangle(**keys: Any) -> RectanglePlane:
    return RectanglePlane(name="p", z_m=20.0, shape="rectangle", half_width_m=(2.0, 0.5), **keys)


@pytest.mark.parametrize(
    ("plane", "within", "without"),
    [
        (circle(), [(0, 0), (0.99, 0), (0, -1), (0.6, 0.79)], [(0, 1.01), (0.8, 0.61)]),
        (ellipse(), [(2, 0), (-1.99, 0), (0, 0.5), (1.2, 0.39)], [(2.01, 0), (0, 0.51), (1.2, 0.41)]),
        (rectangle(), [(2, 0.5), (-2, -0.5), (1.99, -0.49)], [(2.01, 0), (0, -0.51)]),
        (octagon(), [(1, 0.6), (-0.4, 1.2), (0, -1.2), (0.79, -0.8)], [(1.01, 0), (0, 1.21), (-0.81, 0.8)]),
        (circle(hole_radius_m=0.5), [(0.5, 0), (0, 0.7)], [(0, 0), (0.3, -0.39)]),
        (rectangle(hole_radius_m=0.25), [(0, 0.26), (-0.25, 0)], [(0.1, 0.1)]),
        (
            circle(centre_m=(3.0, -1.0), hole_radius_m=0.5),
            [(3.6, -1), (3, -0.01)],
            [(3, -1), (3.4, -1.2), (0, 0.7), (3, 0.01)],
        ),
    ],
)
def test_plane_has_its_aperture(
    plane: Plane, within: list[tuple[float, float]], without: list[tuple[float, float]]
) -> None:
    x, y = np.array([*within, *without], dtype=np.float64).T
    assert plane.contains(x, y).tolist() == [True] * len(within) + [False] * len(without)


@pytest.mark.parametrize("plane", [circle(), ellipse(), rectangle(), octagon(), circle(hole_radius_m=0.5)])
def test_nowhere_is_in_no_plane(plane: Plane) -> None:
    nan, zero = np.array([np.nan, np.nan, 0.7]), np.array([np.nan, 0.7, np.nan])
    assert not plane.contains(nan, zero).any()


PLANES: dict[str, Plane] = {
    "circle": circle(centre_m=(0.3, -0.2)),
    "ellipse": ellipse(centre_m=(0.3, -0.2)),
    "rectangle": rectangle(),
    "octagon": octagon(centre_m=(-1.0, 0.0)),
    "octagon of a cut": octagon(max_sum_m=1.15),
}


def rim(plane: Plane, direction: Array) -> float:
    """Distance [m] from the centre at which a plane's aperture ends in a direction (2,)."""
    low, high = 0.0, 100.0
    for _ in range(60):
        middle = 0.5 * (low + high)
        x, y = np.array(plane.centre_m) + middle * direction
        inside = bool(plane.contains(np.array([x]), np.array([y]))[0])
        low, high = (middle, high) if inside else (low, middle)
    return low


@pytest.mark.parametrize("name", PLANES)
@pytest.mark.parametrize("axis", [0, 1])
def test_half_width_is_where_the_aperture_ends(name: str, axis: int) -> None:
    assert PLANES[name].half_width(axis) == pytest.approx(rim(PLANES[name], np.eye(2)[axis]), rel=1e-12)


@pytest.mark.parametrize("name", [name for name in PLANES if name != "octagon of a cut"])
def test_enclosing_radius_is_that_of_the_farthest_point(name: str) -> None:
    turn = np.linspace(0.0, 2.0 * np.pi, 721)
    farthest = max(rim(PLANES[name], np.array([np.cos(t), np.sin(t)])) for t in turn)
    assert PLANES[name].enclosing_radius == pytest.approx(farthest, rel=2e-3)
    assert PLANES[name].enclosing_radius >= farthest * (1.0 - 1e-12)


coordinates = st.floats(-1.5, 1.5)
ways = st.floats(-50.0, 50.0)


@pytest.mark.parametrize("name", PLANES)
@given(at=st.tuples(coordinates, coordinates), moved=st.tuples(ways, ways))
def test_with_the_least_momentum_a_daughter_is_on_the_rim(
    name: str, at: tuple[float, float], moved: tuple[float, float]
) -> None:
    plane = PLANES[name]
    start, way = np.array(at)[:, None], np.array(moved)
    is_in, nearly = (
        plane.contains(*(f * start + np.reshape(plane.centre_m, (2, 1))))[0] for f in (1.0, 1.001)
    )
    assume(is_in == nearly)  # not on the rim
    both = np.array([[1.0], [-1.0]])
    with np.errstate(divide="ignore", invalid="ignore"):
        least = plane.least_momentum(start, (both * way[0], both * way[1]))
    assert least.shape == (2, 1)
    if not is_in:
        assert np.isinf(least).all()
        return
    assume(np.hypot(*way) > 1e-3)
    for p, sign in zip(least[:, 0], (1.0, -1.0), strict=True):
        for momentum, seen in ((1.001 * p + 1e-9, True), (0.999 * p - 1e-9, False)):
            if momentum > 0.0:
                place = start[:, 0] + sign * way / momentum + np.array(plane.centre_m)
                assert plane.contains(place[:1], place[1:])[0] == seen


def test_every_shape_is_tested() -> None:
    assert {type(plane) for plane in PLANES.values()} == set(SHAPES)
