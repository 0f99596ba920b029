"""Decay volumes: rays through them, and the sizes of their faces."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mcgen.experiment.volumes import VOLUMES as SHAPES
from mcgen.experiment.volumes import Box, Cylinder, EllipticCylinder, Frustum, Slab, Volume
from mcgen.physics.kinematics import norm
from mcgen.types import Array, Bools
from tests.oracle.stats import generator

Z = (10.0, 14.0)
Z_IN, Z_OUT = Z
CENTRE = (0.3, -0.2)

VOLUMES: dict[str, Volume] = {
    "slab": Slab(shape="slab", z_m=Z),
    "cylinder": Cylinder(shape="cylinder", z_m=Z, radius_m=0.8),
    "off-centre cylinder": Cylinder(shape="cylinder", z_m=Z, radius_m=0.8, centre_m=CENTRE),
    "elliptic cylinder": EllipticCylinder(
        shape="elliptic_cylinder", z_m=Z, semi_axes_m=(0.5, 1.5), centre_m=CENTRE
    ),
    "box": Box(shape="box", z_m=Z, half_width_m=(0.5, 1.5), centre_m=CENTRE),
    "growing frustum": Frustum(
        shape="frustum", z_m=Z, half_width_in_m=(0.3, 0.6), half_width_out_m=(0.9, 1.8), centre_m=CENTRE
    ),
    "shrinking frustum": Frustum(
        shape="frustum", z_m=Z, half_width_in_m=(1.5, 0.9), half_width_out_m=(0.2, 0.1)
    ),
}


def within(name: str, x: Array, y: Array, z: Array) -> Bools:
    """Whether points are inside the sides of a volume, each shape's own way."""

    def linear(start: float, end: float) -> Array:
        return start + (end - start) * (z - Z_IN) / (Z_OUT - Z_IN)

    u, v = x - CENTRE[0], y - CENTRE[1]
    inside_of: dict[str, Bools] = {
        "slab": np.ones_like(z, dtype=np.bool_),
        "cylinder": np.hypot(x, y) < 0.8,
        "off-centre cylinder": np.hypot(u, v) < 0.8,
        "elliptic cylinder": np.hypot(u / 0.5, v / 1.5) < 1.0,
        "box": (abs(u) < 0.5) & (abs(v) < 1.5),
        "growing frustum": (abs(u) < linear(0.3, 0.9)) & (abs(v) < linear(0.6, 1.8)),
        "shrinking frustum": (abs(x) < linear(1.5, 0.2)) & (abs(y) < linear(0.9, 0.1)),
    }
    return inside_of[name]


def vectors(*rows: tuple[float, float, float]) -> Array:
    return np.array(rows, dtype=np.float64).T


def random_rays(n: int) -> tuple[Array, Array]:
    """Rays towards the volumes from before, beside, inside and behind; a tenth along an axis."""
    rng = generator("rays")
    position = rng.uniform(-2.5, 2.5, (3, n))
    position[2] = rng.uniform(2.0, 20.0, n)
    target = np.stack([*rng.uniform(-1.5, 1.5, (2, n)), rng.uniform(Z_IN - 1.0, Z_OUT + 1.0, n)])
    direction = target - position
    axis = np.eye(3)[:, rng.integers(0, 3, n)] * rng.choice([-1.0, 1.0], n)
    direction = np.where(rng.random(n) < 0.1, axis, direction)
    return position, direction / norm(direction)


@pytest.mark.parametrize("name", VOLUMES)
def test_path_through_is_what_stepping_finds(name: str) -> None:
    position, direction = random_rays(800)
    path_in, path_out = VOLUMES[name].path_through(position, direction)
    assert 0.2 < (path_out > 0.0).mean() < 1.0
    step = 0.04
    for s in np.arange(0.5 * step, 25.0, step):
        x, y, z = position + s * direction
        found = (z > Z_IN) & (z < Z_OUT) & within(name, x, y, z)
        # only a step that falls on a boundary may be judged differently
        clear = np.minimum(abs(s - path_in), abs(s - path_out)) > 1e-9
        np.testing.assert_array_equal(found[clear], ((path_in < s) & (s < path_out))[clear])


@pytest.mark.parametrize("name", VOLUMES)
def test_paths_are_ordered_and_begin_at_the_ray(name: str) -> None:
    path_in, path_out = VOLUMES[name].path_through(*random_rays(800))
    missed = path_out == 0.0
    assert np.all(path_in[missed] == 0.0)
    assert np.all((path_in >= 0.0)[~missed])
    assert np.all((path_in < path_out)[~missed])


@pytest.mark.parametrize("name", VOLUMES)
def test_axial_ray_crosses_the_whole_length(name: str) -> None:
    x, y = VOLUMES[name].centre_m
    path_in, path_out = VOLUMES[name].path_through(vectors((x, y, 1.0)), vectors((0.0, 0.0, 1.0)))
    assert (path_in[0], path_out[0]) == (9.0, 13.0)


@pytest.mark.parametrize("name", [name for name in VOLUMES if name != "slab"])
def test_parallel_ray_outside_misses(name: str) -> None:
    path_in, path_out = VOLUMES[name].path_through(vectors((5.0, 0.0, 1.0)), vectors((0.0, 0.0, 1.0)))
    assert (path_in[0], path_out[0]) == (0.0, 0.0)


@pytest.mark.parametrize("name", VOLUMES)
def test_ray_from_inside_enters_at_once(name: str) -> None:
    x, y = VOLUMES[name].centre_m
    path_in, path_out = VOLUMES[name].path_through(vectors((x, y, 11.0)), vectors((0.0, 0.0, 1.0)))
    assert (path_in[0], path_out[0]) == (0.0, 3.0)


@pytest.mark.parametrize("name", VOLUMES)
def test_ray_that_leaves_the_volume_behind_misses(name: str) -> None:
    x, y = VOLUMES[name].centre_m
    path_in, path_out = VOLUMES[name].path_through(vectors((x, y, 15.0)), vectors((0.0, 0.0, 1.0)))
    assert (path_in[0], path_out[0]) == (0.0, 0.0)


def test_frustum_of_equal_ends_is_a_box() -> None:
    rays = random_rays(800)
    box = Box(shape="box", z_m=Z, half_width_m=(0.5, 1.5), centre_m=CENTRE)
    frustum = Frustum(
        shape="frustum", z_m=Z, half_width_in_m=(0.5, 1.5), half_width_out_m=(0.5, 1.5), centre_m=CENTRE
    )
    np.testing.assert_allclose(frustum.path_through(*rays), box.path_through(*rays), rtol=1e-12)


def test_ray_along_a_frustums_side_is_inside_it_all_the_way() -> None:
    slope = 0.15  # of the growing frustum in x
    frustum = VOLUMES["growing frustum"]
    start, along = vectors((0.3 + 0.29, -0.2, Z_IN)), vectors((slope, 0.0, 1.0)) / math.hypot(slope, 1.0)
    path_in, path_out = frustum.path_through(start, along)
    assert path_in[0] == 0.0
    assert path_out[0] == pytest.approx(4.0 * math.hypot(slope, 1.0), rel=1e-14)


# --- faces


def ends(name: str, z: float, at: Array) -> Bools:
    """Whether points (2, n) relative to the centre are within a face, by the test's own description."""
    x, y = at + np.reshape(VOLUMES[name].centre_m, (2, 1))
    return within(name, x, y, np.full_like(x, z))


@pytest.mark.parametrize("name", VOLUMES)
@pytest.mark.parametrize("axis", [0, 1])
def test_half_widths_are_where_the_faces_end(name: str, axis: int) -> None:
    for half, z in zip(VOLUMES[name].half_widths(axis), Z, strict=True):
        at = np.zeros((2, 2))
        at[axis] = min(half, 1e3) * np.array([0.999, 1.001])
        assert ends(name, z, at).tolist() == [True, math.isinf(half)]


@pytest.mark.parametrize("name", VOLUMES)
def test_face_radii_are_those_of_the_farthest_points(name: str) -> None:
    turn = np.linspace(0.0, 2.0 * np.pi, 100_000)
    for radius, z in zip(VOLUMES[name].face_radii, Z, strict=True):
        around = min(radius, 1e3) * np.stack([np.cos(turn), np.sin(turn)])
        assert ends(name, z, 0.999 * around).any(), "a smaller circle would leave some out"
        assert ends(name, z, 1.001 * around).any() == math.isinf(radius)


def test_every_shape_is_tested() -> None:
    assert {type(volume) for volume in VOLUMES.values()} == set(SHAPES)
