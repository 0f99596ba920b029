"""The rectangular plane."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mcgen.experiment.planes.base import Plane
from mcgen.experiment.planes.rims import least_between
from mcgen.fields import LengthPair
from mcgen.types import Array, Bools


class RectanglePlane(Plane):
    """Rectangular plane."""

    shape: Literal["rectangle"]
    """Name of the shape."""
    half_width_m: LengthPair
    """Half sizes along x and y [m]."""

    def within_rim(self, x: Array, y: Array) -> Bools:
        """Whether points are within the rectangle, see `Plane`."""
        half_x, half_y = self.half_width_m
        within: Bools = (np.abs(x) <= half_x) & (np.abs(y) <= half_y)
        return within

    @property
    def enclosing_radius(self) -> float:
        """Half the diagonal [m]."""
        return float(np.hypot(*self.half_width_m))

    def half_width(self, axis: int) -> float:
        """Return the half size [m]."""
        return self.half_width_m[axis]

    def least_momentum(self, at: Array, moved: tuple[Array, Array]) -> Array:
        """Least momenta (2, n) [GeV], see `Plane`."""
        return least_between(zip(at, moved, self.half_width_m, strict=True))
