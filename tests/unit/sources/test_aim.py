"""Stereographic aim: discs that every useful ray meets, and directions drawn into them with the density they say.

`density` is per solid angle, so the mean of 1/density over the cube is the solid angle that is covered, and the
mean of h/density the integral of h over it: for every function h, if the directions are where they should be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.special import roots_legendre

from mcgen.experiment.planes import CirclePlane, EllipsePlane, OctagonPlane, Plane, RectanglePlane
from mcgen.experiment.volumes import Box, Cylinder, EllipticCylinder, Frustum, Slab, Volume
from mcgen.sources.aim import BROADENING, Aim, AnyAim, Disc, EveryDirection, plane_disc, volume_disc
from mcgen.types import Array, Bools, Ints
from tests.oracle.stats import assert_agrees, assert_same_distribution, assert_same_fractions, generator

Vector = tuple[float, float, float]


VOLUMES: dict[str, Volume] = {
    "cylinder": Cylinder(shape="cylinder", z_m=(80.0, 160.0), radius_m=1.0),
    "cylinder off axis": Cylinder(shape="cylinder", z_m=(10.0, 12.0), radius_m=0.3, centre_m=(2.0, -1.0)),
    "ellipse": EllipticCylinder(shape="elliptic_cylinder", z_m=(50.0, 105.0), semi_axes_m=(2.5, 5.0)),
    "box": Box(shape="box", z_m=(20.0, 30.0), half_width_m=(1.0, 1.5)),
    "box off axis": Box(shape="box", z_m=(14.0, 34.0), half_width_m=(1.25, 1.25), centre_m=(-2.5, 0.5)),
    "opening frustum": Frustum(
        shape="frustum", z_m=(33.0, 83.0), half_width_in_m=(0.5, 1.0), half_width_out_m=(2.0, 3.0)
    ),
    "closing frustum": Frustum(
        shape="frustum", z_m=(33.0, 83.0), half_width_in_m=(3.0, 1.0), half_width_out_m=(1.0, 0.1)
    ),
}

SLAB = Slab(shape="slab", z_m=(10.0, 11.0))

PLANES: dict[str, Plane] = {
    "circle": CirclePlane(name="plane", shape="circle", z_m=180.0, radius_m=1.2, hole_radius_m=0.1),
    "ellipse": EllipsePlane(
        name="plane", shape="ellipse", z_m=105.0, semi_axes_m=(2.5, 5.0), centre_m=(0.5, 0.0)
    ),
    "rectangle": RectanglePlane(
        name="plane", shape="rectangle", z_m=36.0, half_width_m=(1.25, 2.0), centre_m=(2.5, 0.0)
    ),
    "octagon": OctagonPlane(name="plane", shape="octagon", z_m=218.0, half_width_m=(1.1, 1.2), max_sum_m=1.6),
    "octagon of a cut": OctagonPlane(
        name="plane", shape="octagon", z_m=218.0, half_width_m=(1.1, 1.2), max_sum_m=1.15
    ),
}


@dataclass(frozen=True)
class View:
    """A point of emission [m], the muon's direction, the spread of the angles [rad], and what is aimed at."""

    position: Vector
    direction: Vector
    spread: float
    volume: str

    def rays(self, n: int) -> tuple[Array, Array]:
        """Position and direction (3, n) of the muons."""
        return np.tile(np.array(self.position)[:, None], n), unit(self.direction, n)

    def disc(self, n: int = 1) -> Disc:
        return volume_disc(VOLUMES[self.volume], self.rays(n)[0])

    def draw(self, u_1: Array, u_2: Array) -> tuple[Array, Array]:
        aim = Aim(VOLUMES[self.volume])
        n = len(u_1)
        u = {"aim": np.full(n, 0.3), "aim_1": u_1, "aim_2": u_2}
        return aim.draw(u, *self.rays(n), np.full(n, self.spread))


def unit(direction: Vector | Array, n: int) -> Array:
    """Unit vectors (3, n) along directions (3,) or (3, n)."""
    along: Array = np.broadcast_to(np.reshape(direction, (3, -1)), (3, n)) / np.linalg.norm(direction, axis=0)
    return along


VIEWS = {
    "narrow spread": View((0.0, 0.0, 1.0), (0.0, 0.0, 1.0), 1e-3, "cylinder"),
    "wide spread": View((0.0, 0.0, 1.0), (0.0, 0.0, 1.0), 0.1, "cylinder"),
    "beside the disc": View((0.01, 0.0, 1.0), (0.02, 0.01, 1.0), 5e-3, "cylinder"),
    "off axis": View((0.2, -0.1, 2.0), (0.1, 0.0, 1.0), 0.05, "cylinder off axis"),
    "inclined": View((-0.3, 0.4, 0.0), (0.5, -0.5, 1.0), 0.3, "box off axis"),
    "exit wider than entrance": View((0.0, 0.3, 1.0), (0.0, 0.05, 1.0), 0.05, "opening frustum"),
    "far from the axis": View((3.0, 4.0, 1.0), (0.0, 0.0, 1.0), 0.02, "box"),
}


# --- Solid angles and their parts ---------------------------------------------------------------------------


def midpoints(n: int, m: int) -> tuple[Array, Array]:
    """Points of the square in the middle of n x m cells."""
    one, two = np.meshgrid((np.arange(n) + 0.5) / n, (np.arange(m) + 0.5) / m, indexing="ij")
    return one.ravel(), two.ravel()


def over_disc(disc: Disc, n: int = 200) -> tuple[Array, Array]:
    """Points (2, k) of one disc relative to its centre, and the areas that they stand for (Gauss, trapezoids)."""
    nodes, weights = roots_legendre(n)  # numpy solves for the eigenvalues of a full matrix
    radius = 0.5 * disc.radius[0] * (1.0 + nodes)
    azimuth = 2.0 * np.pi * np.arange(n) / n
    points = radius[:, None] * np.stack([np.cos(azimuth), np.sin(azimuth)])[:, None, :]
    area = np.repeat(0.5 * disc.radius[0] * weights * radius * 2.0 * np.pi / n, n)
    return points.reshape(2, -1), area


def solid_angles(view: View, disc: Disc, points: Array, area: Array) -> tuple[Array, Array]:
    """Directions (3, k) from the point of emission to points of a disc, and their solid angles (k,)."""
    aside = points + disc.centre[:, :1] - np.array(view.position)[:2, None]
    depth = float(disc.depth[0])
    length = np.sqrt(aside[0] ** 2 + aside[1] ** 2 + depth**2)
    return np.concatenate([aside, np.full((1, len(length)), depth)]) / length, area * depth / length**3


def wanted(view: View, direction: Array, depth: float) -> Array:
    """What the density is proportional to, 1/(rho^2 + b^2)^2 in the plane, from its definition."""
    muon = np.array(view.direction)
    at = direction[:2] / direction[2] * depth
    ray = muon[:2] / muon[2] * depth
    rho2 = (at[0] - ray[0]) ** 2 + (at[1] - ray[1]) ** 2
    b = BROADENING * depth * view.spread
    return np.asarray(depth**2 / direction[2] ** 3 / (rho2 + b * b) ** 2)


@pytest.mark.parametrize("name", VIEWS)
def test_density_is_that_of_the_definition_and_integrates_to_one(name: str) -> None:
    view = VIEWS[name]
    disc = view.disc()
    depth = float(disc.depth[0])
    there, omega = solid_angles(view, disc, *over_disc(disc))
    norm = float(omega @ wanted(view, there, depth))
    direction, density = view.draw(*midpoints(40, 40))
    np.testing.assert_allclose(density, wanted(view, direction, depth) / norm, rtol=1e-9)


@pytest.mark.parametrize("name", VIEWS)
def test_mean_of_one_over_the_density_is_the_solid_angle(name: str) -> None:
    view = VIEWS[name]
    disc = view.disc()
    there, omega = solid_angles(view, disc, *over_disc(disc))
    # u_1 -> 1 is the rim of the disc's image, where the density is least: 1 - u_1 = s^2.
    s, u_2 = midpoints(300, 300)
    direction, density = view.draw(1.0 - s * s, u_2)
    for h, truth in ((np.ones_like(s), omega.sum()), (direction[0], omega @ there[0])):
        assert np.mean(2.0 * s * h / density) == pytest.approx(float(truth), rel=1e-3, abs=1e-4 * omega.sum())


@pytest.mark.parametrize("name", VIEWS)
def test_drawn_points_follow_the_density(name: str) -> None:
    view, n = VIEWS[name], 40_000
    disc = view.disc(n)
    rng = generator("aim", name)
    direction, _ = view.draw(rng.random(n), rng.random(n))
    points = direction[:2] / direction[2] * disc.depth + np.array(view.position)[:2, None] - disc.centre
    category, probability = cells(view, disc, points)
    assert_same_fractions(category, np.ones(n), probability)
    for wrong in (0.97 * points, points + 0.03 * np.std(points)):
        with pytest.raises(AssertionError, match="chi2"):
            assert_same_fractions(cells(view, disc, wrong)[0], np.ones(n), probability)


RINGS, SECTORS = 5, 6


def cells(view: View, disc: Disc, at: Array) -> tuple[Ints, Array]:
    """Cell of each point (2, n) relative to the disc's centre, and each cell's probability.

    Cells are rings, cut into sectors; the rings' edges make them about equally probable.
    """
    points, area = over_disc(disc)
    there, omega = solid_angles(view, disc, points, area)
    share = omega * wanted(view, there, float(disc.depth[0]))
    share /= share.sum()
    r = np.hypot(points[0], points[1])
    order = np.argsort(r)
    edges = r[order][np.searchsorted(np.cumsum(share[order]), np.arange(1, RINGS) / RINGS)]
    # Between the rings of the quadrature, and not on one.
    edges = np.array([0.5 * (edge + np.min(r[r > edge * (1.0 + 1e-9)])) for edge in edges])
    probability = np.bincount(cell_of(points, edges), share, RINGS * SECTORS)
    # Cells without probability to speak of are put together with the most probable one.
    rare = probability < 2e-3
    merged = np.where(rare, int(np.argmax(probability)), np.arange(len(probability)))
    total = np.bincount(merged, probability, len(probability))
    used = np.flatnonzero(total)
    return np.searchsorted(used, merged[cell_of(at, edges)]).astype(np.int64), np.asarray(total[used])


def cell_of(points: Array, edges: Array) -> Ints:
    # A turn by a little keeps the sectors' edges off the quadrature's points.
    turn = 0.5 * np.pi / 200
    sector = ((np.arctan2(points[1], points[0]) + turn) / (2.0 * np.pi) % 1.0) * SECTORS
    ring = np.searchsorted(edges, np.hypot(points[0], points[1]))
    return np.asarray(ring * SECTORS + np.minimum(sector.astype(np.int64), SECTORS - 1), dtype=np.int64)


# --- Discs --------------------------------------------------------------------------------------------------

positions = st.tuples(st.floats(-3.0, 3.0), st.floats(-3.0, 3.0), st.floats(-1.0, 9.0))
units = st.floats(0.0, 1.0)


def ray_through(volume: Volume, position: Vector, share: Vector) -> tuple[Array, Array]:
    """Position and direction (3, 1) of a ray towards a point of the box about a volume."""
    half = half_sizes(volume)
    z = volume.z_m[0] + share[2] * (volume.z_m[1] - volume.z_m[0])
    point = np.array(
        [*(np.array(volume.centre_m) + (2.0 * np.array(share[:2]) - 1.0) * half), z], dtype=np.float64
    )
    start = np.array(position)[:, None]
    way = point[:, None] - start
    return start, way / np.linalg.norm(way)


def half_sizes(volume: Volume) -> Array:
    """Half sizes in x and y of the box about a volume."""
    return np.array([max(volume.half_widths(axis)) for axis in (0, 1)])


@pytest.mark.parametrize("name", VOLUMES)
@given(position=positions, share=st.tuples(units, units, units))
def test_every_ray_through_the_volume_meets_the_disc(name: str, position: Vector, share: Vector) -> None:
    volume = VOLUMES[name]
    start, way = ray_through(volume, position, share)
    assume(volume.path_through(start, way)[1][0] > 0.0)
    assert meets(volume_disc(volume, start), start, way, slack=1e-9)


def meets(disc: Disc, position: Array, direction: Array, slack: float = 0.0) -> bool:
    wider = Disc(disc.depth, disc.centre, disc.radius * (1.0 + slack))
    return bool(wider.meets(position, direction).all())


@pytest.mark.parametrize("name", VOLUMES)
def test_a_smaller_disc_would_miss_some(name: str) -> None:
    volume = VOLUMES[name]
    rng = generator("smaller disc", name)
    n = 20_000
    half = half_sizes(volume)
    # Corners and edges, seen from points about the axis.
    share = rng.choice([-1.0, 1.0], (2, n)) * rng.choice([1.0, 0.0], (2, n))
    share = np.where(rng.random((2, n)) < 0.5, share, rng.uniform(-1.0, 1.0, (2, n)))
    z = rng.choice(volume.z_m, n)
    point = np.concatenate([np.array(volume.centre_m)[:, None] + share * half[:, None], z[None, :]])
    start = np.concatenate([rng.uniform(-3.0, 3.0, (2, n)), rng.uniform(0.0, 2.0, (1, n))])
    way = (point - start) / np.linalg.norm(point - start, axis=0)
    hits = volume.path_through(start, way)[1] > 0.0
    disc = volume_disc(volume, start)
    smaller = Disc(disc.depth, disc.centre, 0.97 * disc.radius)
    wider = Disc(disc.depth, disc.centre, disc.radius * (1.0 + 1e-9))
    assert hits.sum() > 1000
    assert not np.any(hits & ~wider.meets(start, way))
    assert np.any(hits & ~smaller.meets(start, way))


@pytest.mark.parametrize("name", PLANES)
@given(position=positions, turn=st.floats(0.0, 7.0), share=units)
def test_a_planes_disc_is_the_circle_about_its_aperture(
    name: str, position: Vector, turn: float, share: float
) -> None:
    plane, start = PLANES[name], np.array(position)[:, None]
    for radius, is_met in ((share, True), (1.001 + share, False)):
        aside = radius * plane.enclosing_radius * np.array([np.cos(turn), np.sin(turn)])
        way = np.append(plane.centre_m + aside, plane.z_m)[:, None] - start
        disc = plane_disc(plane, start)
        assert meets(disc, start, way / np.linalg.norm(way), slack=1e-9) == is_met


# --- Directions ---------------------------------------------------------------------------------------------

muon_directions = st.tuples(st.floats(-1.0, 1.0), st.floats(-1.0, 1.0), st.floats(0.05, 1.0))
coordinates = st.floats(0.0, 1.0, exclude_max=True)


@pytest.mark.parametrize("name", ["opening frustum", "box off axis"])
@pytest.mark.parametrize("aim", [0.2, 0.7])
def test_the_target_is_the_middle_of_what_is_aimed_at(name: str, aim: float) -> None:
    volume, plane = VOLUMES[name], PLANES["rectangle"]
    position = generator("target", name).uniform(-0.5, 0.5, (3, 100))
    direction, size = Aim(volume, plane).target({"aim": np.full(100, aim)}, position)
    disc = plane_disc(plane, position) if aim < 0.5 else volume_disc(volume, position)
    np.testing.assert_allclose(np.linalg.norm(direction, axis=0), 1.0, rtol=1e-14)
    at = position[:2] + direction[:2] / direction[2] * disc.depth
    np.testing.assert_allclose(at, disc.centre, rtol=0.0, atol=1e-12)
    np.testing.assert_allclose(size, disc.radius * direction[2] / disc.depth, rtol=1e-14)


@pytest.mark.parametrize("aim", [Aim(SLAB), EveryDirection()])
def test_where_everything_is_good_the_target_has_no_end(aim: AnyAim) -> None:
    direction, size = aim.target({}, np.zeros((3, 5)))
    np.testing.assert_array_equal(direction, np.tile([[0.0], [0.0], [1.0]], 5))
    assert np.all(np.isinf(size))


@pytest.mark.parametrize("name", VOLUMES)
@given(
    position=positions,
    muon=muon_directions,
    log_spread=st.floats(-7.0, 1.0),
    u_1=coordinates,
    u_2=coordinates,
)
def test_directions_are_inside_the_disc(
    name: str, position: Vector, muon: Vector, log_spread: float, u_1: float, u_2: float
) -> None:
    view = View(position, muon, float(np.exp(log_spread)), name)
    direction, density = view.draw(np.array([u_1]), np.array([u_2]))
    start = np.array(position)[:, None]
    assert np.linalg.norm(direction) == pytest.approx(1.0, abs=1e-14)
    assert direction[2, 0] > 0.0
    assert 0.0 < density[0] < np.inf
    disc = view.disc()
    b = BROADENING * disc.depth[0] * view.spread
    ray = start[:2] + np.array(muon)[:2, None] / muon[2] * disc.depth
    away, radius = float(np.hypot(*(disc.centre - ray)[:, 0]) / b), float(disc.radius[0] / b)
    # On the sphere a disc far away is close to the pole, where points keep digits to 1/away^2 only.
    assert meets(disc, start, direction, slack=1e-12 + 4e-16 * (1.0 + away + radius) ** 3 / radius)


@pytest.mark.parametrize("spread", [1e-3, 0.1, 1.0])
@pytest.mark.parametrize("muon", [(0.0, 0.0, 1.0), (0.3, -0.2, 1.0)])
def test_a_slab_is_seen_under_the_half_sphere(muon: Vector, spread: float) -> None:
    # u_1 -> 1 is the horizon, where the density vanishes: 1 - u_1 = exp(-y) keeps the integrand finite.
    y, u_2 = midpoints(2000, 40)
    y *= 30.0
    u = {"aim": np.full(len(y), 0.7), "aim_1": -np.expm1(-y), "aim_2": u_2}
    start = np.tile([[0.3], [0.1], [2.0]], len(y))
    direction, density = Aim(SLAB).draw(u, start, unit(muon, len(y)), np.full(len(y), spread))
    cosine = direction[2]
    assert np.all(cosine > 0.0)
    assert np.min(cosine) < 1e-3
    for power in (0, 1, 2):
        mean = np.mean(30.0 * np.exp(-y) * cosine**power / density)
        assert mean == pytest.approx(2.0 * np.pi / (power + 1.0), rel=1e-3)


@pytest.mark.parametrize("volume", [*VOLUMES.values(), SLAB])
def test_extreme_views_stay_finite(volume: Volume) -> None:
    rng = generator("extreme", volume.shape)
    n = 5000
    muon = rng.standard_normal((3, n))  # backwards, too: after scattering there may be some
    muon[:, :4] = np.array([[1, 0, 0], [0, 0, -1], [0, 0, 1], [0, 1, 1e-300]], dtype=np.float64).T
    start = np.concatenate([rng.uniform(-100.0, 100.0, (2, n)), rng.uniform(-5.0, 9.999, (1, n))])
    u = {axis: rng.choice([0.0, 0.5, 1.0 - 2.0**-53, 1e-300, rng.random()], n) for axis in Aim.axes}
    spread = 10.0 ** rng.uniform(-7.0, 2.0, n)
    direction, density = Aim(volume).draw(u, start, unit(muon, n), spread)
    assert np.all(np.isfinite(direction))
    np.testing.assert_allclose(np.linalg.norm(direction, axis=0), 1.0, rtol=1e-12)
    assert np.all(direction[2] >= 0.0)
    assert np.all(density > 0.0)
    assert np.all(np.isfinite(density))


# --- A plane in front of the detector -----------------------------------------------------------------------


@pytest.mark.parametrize("name", PLANES)
@pytest.mark.parametrize("muon", [(0.0, 0.0, 1.0), (0.03, -0.01, 1.0)])
def test_with_a_plane_both_halves_cover_both_discs_once(name: str, muon: Vector) -> None:
    plane, volume = PLANES[name], VOLUMES["box"]
    view = View((0.1, 0.2, 1.0), muon, 0.03, "box")
    rng, n = generator("plane", name, muon), 200_000
    start, ray = view.rays(n)
    u = {axis: rng.random(n) for axis in Aim.axes}
    direction, density = Aim(volume, plane).draw(u, start, ray, np.full(n, view.spread))
    discs = volume_disc(volume, start), plane_disc(plane, start)
    within = [disc.meets(start, direction) for disc in discs]
    assert np.all((within[0] | within[1])[np.isfinite(density)])
    # Directions into the plane's disc come from the first half only.
    assert np.all(within[1][u["aim"] < 0.5])
    assert not np.any((within[1] & np.isfinite(density))[u["aim"] >= 0.5])
    plane_alone = float(solid_angles(view, discs[1], *over_disc(discs[1]))[1].sum())
    there, omega = solid_angles(view, discs[0], *over_disc(discs[0], 400))
    position = np.tile(np.array(view.position)[:, None], len(omega))
    around = float(omega @ ~plane_disc(plane, position).meets(position, there))
    assert_covers(density, within[1], plane_alone)
    assert_covers(density, within[0] | within[1], plane_alone + around)
    for wrong in (0.95, 1.05):
        with pytest.raises(AssertionError, match="sigma"):
            assert_covers(density, within[0] | within[1], wrong * (plane_alone + around))


def assert_covers(density: Array, part: Bools, solid_angle: float) -> None:
    """Require that directions of a part cover a solid angle; an infinite density is none at all."""
    covered = part / density
    assert_agrees(float(covered.mean()), float(covered.std() / np.sqrt(len(covered))), solid_angle)


# --- Every direction ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spread", [1e-3, 0.1, 2.0])
def test_directions_have_the_density_that_they_say(spread: float) -> None:
    n, step = 2001, 1e-6
    u_1 = np.linspace(0.0, 1.0, n)
    low, _ = drawn_everywhere(np.maximum(u_1 - step, 0.0), spread)
    high, _ = drawn_everywhere(np.minimum(u_1 + step, 1.0), spread)
    one_minus_cos, density = drawn_everywhere(u_1, spread)
    assert one_minus_cos[0] == pytest.approx(0.0, abs=1e-12)
    assert one_minus_cos[-1] == pytest.approx(2.0, rel=1e-9)
    inner = slice(20, -20)
    share = 2.0 * np.pi * density * (high - low)
    np.testing.assert_allclose(share[inner], 2.0 * step, rtol=1e-4)


def drawn_everywhere(u_1: Array, spread: float) -> tuple[Array, Array]:
    """1 - cos of the angle to the muon, and the density."""
    n, rng = len(u_1), generator("directions", spread)
    muon = rng.normal(size=3)
    direction = np.tile((muon / np.linalg.norm(muon))[:, None], n)
    u = {"aim_1": u_1, "aim_2": rng.random(n)}
    boson, density = EveryDirection().draw(u, np.zeros((3, n)), direction, np.full(n, spread))
    np.testing.assert_allclose(np.linalg.norm(boson, axis=0), 1.0, rtol=1e-12)
    return 0.5 * np.sum((boson - direction) ** 2, axis=0), density


def test_directions_are_the_same_all_around() -> None:
    azimuths = generator("azimuths").random(20_000)
    z = np.tile([[0.0], [0.0], [1.0]], len(azimuths))
    u = {"aim_1": np.full(len(azimuths), 0.5), "aim_2": azimuths}
    boson, _ = EveryDirection().draw(u, z, z, np.full(len(azimuths), 0.1))
    turned = (np.arctan2(boson[1], boson[0]) / (2.0 * np.pi)) % 1.0
    assert_same_distribution(turned, np.ones(len(turned)), lambda v: v, 1e-4)
