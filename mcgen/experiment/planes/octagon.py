"""The octagonal plane."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mcgen.experiment.planes.base import Plane
from mcgen.experiment.planes.rims import least_between
from mcgen.fields import Length, LengthPair
from mcgen.types import Array, Bools


class OctagonPlane(Plane):
    """Octagonal plane: a rectangle whose corners are cut off at 45 degrees."""

    shape: Literal["octagon"]
    """Name of the shape."""
    half_width_m: LengthPair
    """Half sizes of the rectangle along x and y [m]."""
    max_sum_m: Length
    """Largest abs(x) + abs(y) [m]."""

    def within_rim(self, x: Array, y: Array) -> Bools:
        """Whether points are within the octagon, see `Plane`."""
        half_x, half_y = self.half_width_m
        x, y = np.abs(x), np.abs(y)
        within: Bools = (x <= half_x) & (y <= half_y) & (x + y <= self.max_sum_m)
        return within

    @property
    def enclosing_radius(self) -> float:
        """Distance of the farthest corner [m]."""
        x, y = self.half_width_m
        corners = ((x, min(y, self.max_sum_m - x)), (min(x, self.max_sum_m - y), y))
        return max(float(np.hypot(*corner)) for corner in corners)

    def half_width(self, axis: int) -> float:
        """Return the half size [m], or what the corners leave of it."""
        return min(self.half_width_m[axis], self.max_sum_m)

    def least_momentum(self, at: Array, moved: tuple[Array, Array]) -> Array:
        """Least momenta (2, n) [GeV], see `Plane`."""
        (x, y), (vx, vy) = at, moved
        half_x, half_y = self.half_width_m
        return least_between(
            (
                (x, vx, half_x),
                (y, vy, half_y),
                (x + y, vx + vy, self.max_sum_m),
                (x - y, vx - vy, self.max_sum_m),
            )
        )
