"""The rectangular decay volume whose sides are inclined."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from mcgen.experiment.volumes.base import Volume
from mcgen.fields import LengthPair
from mcgen.physics.kinematics import halfspace_interval
from mcgen.types import Array


class Frustum(Volume):
    """Rectangular decay volume whose half sizes change linearly along z."""

    shape: Literal["frustum"]
    """Name of the shape."""
    half_width_in_m: LengthPair
    """Half sizes of the entrance along x and y [m]."""
    half_width_out_m: LengthPair
    """Half sizes of the exit along x and y [m]."""

    def within_sides(self, position: Array, direction: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the intervals on the inner side of each of the four sides, see `Volume`."""
        length = self.z_m[1] - self.z_m[0]
        for axis in (0, 1):
            start, end = self.half_widths(axis)
            slope = (end - start) / length
            for sign in (1.0, -1.0):
                distance = sign * position[axis] - start - slope * position[2]
                yield halfspace_interval(distance, sign * direction[axis] - slope * direction[2])

    @property
    def face_radii(self) -> tuple[float, float]:
        """Half the diagonals of entrance and exit [m]."""
        return float(np.hypot(*self.half_width_in_m)), float(np.hypot(*self.half_width_out_m))

    def half_widths(self, axis: int) -> tuple[float, float]:
        """Return the half sizes of entrance and exit [m]."""
        return self.half_width_in_m[axis], self.half_width_out_m[axis]
