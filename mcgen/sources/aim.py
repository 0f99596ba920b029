"""Directions that reach the decay volume and the detector: stereographic aim.

Around the muon the cross-section falls off like 1/(1 - cos theta + c)^2, which in a plane at distance d
across the muon's way is close to 1/(rho^2 + b^2)^2 with b = d sqrt(2 c), rho the distance from the muon's
ray. Stereographic projection makes that uniform on a sphere, and a disc a cap of it: so the distribution,
truncated to a disc that every useful ray meets, is sampled exactly with two uniform numbers.

One disc holds all rays through the decay volume. If the channel's selection has planes that both daughters
must meet, a disc about the one that looks smallest holds all accepted rays: then one half of the axis "aim" is
for directions into that disc, the other half for the rest of the first one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcgen.experiment.planes import Plane
from mcgen.experiment.volumes import Volume
from mcgen.physics.kinematics import along
from mcgen.types import Array, Bools

Coordinates = Mapping[str, Array]
"""Coordinates (n,) in [0, 1) by the name of their axis."""

_FORWARD = np.array([[0.0], [0.0], [1.0]])

BROADENING = 1.4
"""Factor on b: tails a little wider than those of the cross-section keep the weights bounded."""


@dataclass(frozen=True, slots=True)
class Disc:
    """Discs across the beam, one an event."""

    depth: Array
    """(n,) distance ahead along z [m]."""
    centre: Array
    """(2, n) [m]"""
    radius: Array
    """(n,) [m]"""

    def meets(self, position: Array, direction: Array) -> Bools:
        """Whether forward rays from points (3, n) meet the discs."""
        aside = position[:2] + direction[:2] / direction[2] * self.depth - self.centre
        within: Bools = aside[0] * aside[0] + aside[1] * aside[1] <= self.radius * self.radius
        return within

    def where(self, condition: Bools, other: Disc) -> Disc:
        """These discs where the condition (n,) holds, others elsewhere."""
        return Disc(
            np.where(condition, self.depth, other.depth),
            np.where(condition, self.centre, other.centre),
            np.where(condition, self.radius, other.radius),
        )


@dataclass(frozen=True)
class Aim:
    """Where bosons are aimed at."""

    volume: Volume
    """The decay volume."""
    plane: Plane | None = None
    """A plane that every accepted boson points into, if there is one."""

    axes = ("aim", "aim_1", "aim_2")

    def draw(self, u: Coordinates, position: Array, ray: Array, spread: Array) -> tuple[Array, Array]:
        """Draw directions that reach the volume.

        Parameters
        ----------
        u : the coordinates `axes`
        position : (3, n) where bosons come from, in front of volume and plane [m]
        ray : (3, n) unit vectors about which they are distributed
        spread : (n,) sqrt(2 c), the typical angle between boson and ray [rad]

        Returns
        -------
        direction : (3, n) unit vectors of the bosons
        density : (n,) per solid angle; infinite where the direction belongs to the other half of "aim"
        """
        direction, density = _draw(u, self._disc(u, position), position, ray, spread)
        if self.plane is None:
            return direction, density
        foreign = (u["aim"] >= 0.5) & plane_disc(self.plane, position).meets(position, direction)
        return direction, np.where(foreign, np.inf, 0.5 * density)

    def target(self, u: Coordinates, position: Array) -> tuple[Array, Array]:
        """Tell where `draw` sends bosons to.

        Parameters
        ----------
        u : the coordinates `axes`; none of them if bosons keep the directions of muons
        position : (3, n) where bosons come from, in front of volume and plane [m]

        Returns
        -------
        direction : (3, n) unit vectors to the middle of what is aimed at
        size : (n,) radius that it is seen under [rad]; infinite for a volume without sides
        """
        disc = self._disc(u, position)
        aside = disc.centre - position[:2]
        length = np.sqrt(aside[0] ** 2 + aside[1] ** 2 + disc.depth**2)
        return np.stack([aside[0] / length, aside[1] / length, disc.depth / length]), disc.radius / length

    def _disc(self, u: Coordinates, position: Array) -> Disc:
        """What is aimed at from points (3, n); collinear bosons have no axis that chooses, and go for the plane."""
        disc = volume_disc(self.volume, position)
        if self.plane is None:
            return disc
        near = plane_disc(self.plane, position)
        return near.where(u["aim"] < 0.5, disc) if "aim" in u else near


class EveryDirection:
    """Aims at nothing: all directions, with a density like 1/(1 - cos theta + c)^2 about the ray's."""

    plane: Plane | None = None

    def target(self, u: Coordinates, position: Array) -> tuple[Array, Array]:  # noqa: ARG002
        """Say that no direction (3, n) is better than others: the size (n,) of the aim is infinite."""
        return np.broadcast_to(_FORWARD, position.shape), np.full(position.shape[1], np.inf)

    def draw(
        self,
        u: Coordinates,
        position: Array,  # noqa: ARG002
        ray: Array,
        spread: Array,
    ) -> tuple[Array, Array]:
        """Draw directions.

        Parameters
        ----------
        u : two of the coordinates of `Aim`
        position : not used
        ray : (3, n) unit vectors about which they are distributed
        spread : (n,) sqrt(2 c), the typical angle between boson and ray [rad]

        Returns
        -------
        direction : (3, n) unit vectors of the bosons
        density : (n,) per solid angle
        """
        c = 0.5 * (BROADENING * spread) ** 2
        one_minus_cos = 2.0 * c * u["aim_1"] / (2.0 * (1.0 - u["aim_1"]) + c)
        sin = np.sqrt(one_minus_cos * (2.0 - one_minus_cos))
        direction = along(ray, sin, 2.0 * np.pi * u["aim_2"], 1.0 - one_minus_cos)
        return direction, c * (2.0 + c) / (4.0 * np.pi * (one_minus_cos + c) ** 2)


AnyAim = Aim | EveryDirection


def volume_disc(volume: Volume, position: Array) -> Disc:
    """Disc in the plane of a volume's entrance that every ray from a point through the volume meets.

    The volume is the convex hull of its two faces; the disc encloses the entrance and the exit as
    it is seen through the entrance's plane.

    Parameters
    ----------
    position : (3, n) points in front of the volume [m]
    """
    z_in, z_out = volume.z_m
    near, far = volume.face_radii
    axis = np.array(volume.centre_m)[:, None]
    depth = z_in - position[2]
    if np.isinf(near):
        return Disc(depth, np.broadcast_to(axis, (2, len(depth))), np.full(len(depth), np.inf))
    scale = depth / (z_out - position[2])
    offset = (1.0 - scale) * (position[:2] - axis)  # of the exit, seen through the entrance's plane
    distance = np.hypot(offset[0], offset[1])
    seen = scale * far
    radius = np.maximum(np.maximum(near, seen), 0.5 * (distance + near + seen))
    radius = np.where(distance + seen <= near, near, np.where(distance + near <= seen, seen, radius))
    shift = np.where(distance + near <= seen, distance, np.maximum(radius - near, 0.0))
    return Disc(depth, axis + shift / np.maximum(distance, 1e-300) * offset, radius)


def plane_disc(plane: Plane, position: Array) -> Disc:
    """Disc about a plane's aperture, from points (3, n) in front of it."""
    n = position.shape[1]
    centre = np.broadcast_to(np.array(plane.centre_m)[:, None], (2, n))
    return Disc(plane.z_m - position[2], centre, np.full(n, plane.enclosing_radius))


def _draw(u: Coordinates, disc: Disc, position: Array, ray: Array, spread: Array) -> tuple[Array, Array]:
    """Unit vectors (3, n) towards the discs, and their density per solid angle."""
    # Where the ray meets the plane; scattering may have turned some aside.
    meets = position[:2] + ray[:2] / np.maximum(ray[2], 1e-3) * disc.depth
    b = BROADENING * disc.depth * spread
    to_disc, radius = (disc.centre - meets) / b, disc.radius / b
    distance = np.hypot(to_disc[0], to_disc[1])
    unit = np.where(distance > 0.0, to_disc / np.maximum(distance, 1e-300), [[1.0], [0.0]])
    # The disc's image is the cap between the angles 2 atan(D - R) and 2 atan(D + R).
    near, far = np.arctan(distance - radius), np.arctan(distance + radius)
    hit = np.sin(0.5 * (far - near)) ** 2

    # A point of the cap about its centre. Its azimuth counts from the laboratory's x, so that the map can
    # learn what a detector sees of it.
    one_minus_cos = 2.0 * u["aim_1"] * hit
    cos, sin = 1.0 - one_minus_cos, np.sqrt(one_minus_cos * (2.0 - one_minus_cos))
    u_x, u_y = np.cos(2.0 * np.pi * u["aim_2"]), np.sin(2.0 * np.pi * u["aim_2"])
    along = sin * (u_x * unit[0] + u_y * unit[1])
    across = sin * (u_y * unit[0] - u_x * unit[1])

    # The rotation that brings the cap to its place, and the projection back into the plane.
    cos_tilt, sin_tilt = np.cos(near + far), np.sin(near + far)
    height = np.maximum(1.0 + cos_tilt * cos - sin_tilt * along, 1e-14)
    p_along, p_across = (cos_tilt * along + sin_tilt * cos) / height, across / height
    sideways = meets + b * (p_along * unit + p_across * np.stack([-unit[1], unit[0]])) - position[:2]
    length = np.sqrt(sideways[0] ** 2 + sideways[1] ** 2 + disc.depth**2)
    direction = np.stack([sideways[0] / length, sideways[1] / length, disc.depth / length])
    planar = 1.0 + p_along * p_along + p_across * p_across
    return direction, length * length * length / (disc.depth * hit * np.pi * b * b * planar * planar)
