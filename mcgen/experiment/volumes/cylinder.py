"""The round decay volume."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from mcgen.experiment.volumes.base import Volume
from mcgen.fields import Length
from mcgen.physics.kinematics import ellipse_interval
from mcgen.types import Array


class Cylinder(Volume):
    """Round decay volume."""

    shape: Literal["cylinder"]
    """Name of the shape."""
    radius_m: Length
    """Radius [m]."""

    def within_sides(self, position: Array, direction: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the interval inside the cylinder, see `Volume`."""
        axes = (self.radius_m, self.radius_m)
        yield ellipse_interval(position[0], position[1], direction[0], direction[1], axes)

    @property
    def face_radii(self) -> tuple[float, float]:
        """The radius, twice [m]."""
        return self.radius_m, self.radius_m

    def half_widths(self, axis: int) -> tuple[float, float]:  # noqa: ARG002
        """Return the radius, twice [m]."""
        return self.radius_m, self.radius_m
