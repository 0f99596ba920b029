"""The elliptic decay volume."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from mcgen.experiment.volumes.base import Volume
from mcgen.fields import LengthPair
from mcgen.physics.kinematics import ellipse_interval
from mcgen.types import Array


class EllipticCylinder(Volume):
    """Elliptic decay volume."""

    shape: Literal["elliptic_cylinder"]
    """Name of the shape."""
    semi_axes_m: LengthPair
    """Semi-axes along x and y [m]."""

    def within_sides(self, position: Array, direction: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the interval inside the cylinder, see `Volume`."""
        yield ellipse_interval(position[0], position[1], direction[0], direction[1], self.semi_axes_m)

    @property
    def face_radii(self) -> tuple[float, float]:
        """The longer semi-axis, twice [m]."""
        return max(self.semi_axes_m), max(self.semi_axes_m)

    def half_widths(self, axis: int) -> tuple[float, float]:
        """Return the semi-axis, twice [m]."""
        return self.semi_axes_m[axis], self.semi_axes_m[axis]
