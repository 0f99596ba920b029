"""Directions that reach the decay volume: stereographic aim.

Around the muon the cross-section falls off like 1/(1 - cos theta + c)^2, which in a plane at distance d
across the muon's way is close to 1/(rho^2 + b^2)^2 with b = d sqrt(2 c), rho the distance from the muon's
ray. Stereographic projection makes that uniform on a sphere, and a disc a cap of it: so the distribution,
truncated to a disc that every useful ray meets, is sampled exactly with two uniform numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcgen.card.experiment import Box, Cylinder, EllipticCylinder, Frustum, Slab, VolumeTable
from mcgen.types import Array

BROADENING = 1.4
"""Factor on b: tails a little wider than those of the cross-section keep the weights bounded."""


@dataclass(frozen=True)
class Aim:
    """A disc, in the plane of the decay volume's entrance, that every ray through the volume meets."""

    volume: VolumeTable

    def disc(self, position: Array) -> tuple[Array, Array]:
        """Centre and radius of the disc for emission points in front of the volume.

        The volume is the convex hull of its two faces; the disc encloses the entrance and the exit as
        it is seen through the entrance's plane.

        Parameters
        ----------
        position : (3, n) [m]

        Returns
        -------
        centre : (2, n) [m]
        radius : (n,) [m], infinite for a volume without sides
        """
        z_in, z_out = self.volume.z_m
        near, far = face_radii(self.volume)
        axis = np.array(self.volume.centre_m)[:, None]
        if np.isinf(near):
            return np.broadcast_to(axis, (2, position.shape[1])), np.full(position.shape[1], np.inf)
        scale = (z_in - position[2]) / (z_out - position[2])
        offset = (1.0 - scale) * (position[:2] - axis)  # of the exit, seen through the entrance's plane
        distance = np.hypot(offset[0], offset[1])
        seen = scale * far
        radius = np.maximum(np.maximum(near, seen), 0.5 * (distance + near + seen))
        radius = np.where(distance + seen <= near, near, np.where(distance + near <= seen, seen, radius))
        shift = np.where(distance + near <= seen, distance, np.maximum(radius - near, 0.0))
        return axis + shift / np.maximum(distance, 1e-300) * offset, radius

    def draw(
        self, u1: Array, u2: Array, position: Array, direction: Array, spread: Array
    ) -> tuple[Array, Array]:
        """Draw directions towards the disc.

        Parameters
        ----------
        u1, u2 : (n,) uniform in [0, 1)
        position, direction : (3, n) emission points [m] and directions of the muons
        spread : (n,) sqrt(2 c), the typical angle between boson and muon [rad]

        Returns
        -------
        direction : (3, n) unit vectors of the bosons
        density : (n,) per solid angle; 0 where no direction can be drawn
        """
        centre, radius = self.disc(position)
        depth = self.volume.z_m[0] - position[2]
        forward = np.maximum(direction[2], 1e-3)  # muons that scattering has turned aside
        ray = position[:2] + direction[:2] / forward * depth
        b = BROADENING * depth * spread
        to_disc = (centre - ray) / b
        distance = np.hypot(to_disc[0], to_disc[1])
        near, far = np.arctan(distance - radius / b), np.arctan(distance + radius / b)
        hit = np.sin(0.5 * (far - near)) ** 2

        # A point of the cap about the image of the disc, then the rotation that brings the cap there.
        one_minus_cos = 2.0 * u1 * hit
        cos, sin = 1.0 - one_minus_cos, np.sqrt(one_minus_cos * (2.0 - one_minus_cos))
        along, across = sin * np.cos(2.0 * np.pi * u2), sin * np.sin(2.0 * np.pi * u2)
        cos_tilt, sin_tilt = np.cos(near + far), np.sin(near + far)
        height = 1.0 + cos_tilt * cos - sin_tilt * along
        height = np.maximum(height, 1e-14)
        p_along, p_across = (cos_tilt * along + sin_tilt * cos) / height, across / height

        unit = np.where(distance > 0.0, to_disc / np.maximum(distance, 1e-300), [[1.0], [0.0]])
        point = ray + b * (p_along * unit + p_across * np.stack([-unit[1], unit[0]]))
        sideways = point - position[:2]
        length = np.sqrt(sideways[0] ** 2 + sideways[1] ** 2 + depth * depth)
        towards = np.stack([sideways[0] / length, sideways[1] / length, depth / length])
        planar = 1.0 + p_along * p_along + p_across * p_across
        per_area = 1.0 / (hit * np.pi * b * b * planar * planar)
        return towards, per_area * length * length * length / depth


def face_radii(volume: VolumeTable) -> tuple[float, float]:
    """Radii [m] of circles about entrance and exit of a volume; infinite without sides."""
    match volume:
        case Cylinder():
            return volume.radius_m, volume.radius_m
        case EllipticCylinder():
            return max(volume.semi_axes_m), max(volume.semi_axes_m)
        case Box():
            half = float(np.hypot(*volume.half_width_m))
            return half, half
        case Frustum():
            return float(np.hypot(*volume.half_width_in_m)), float(np.hypot(*volume.half_width_out_m))
        case Slab():
            return np.inf, np.inf
