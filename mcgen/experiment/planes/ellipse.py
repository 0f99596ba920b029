"""The elliptic plane."""

from __future__ import annotations

from typing import Literal

from mcgen.experiment.planes.base import Plane
from mcgen.experiment.planes.rims import least_in_ellipse
from mcgen.fields import LengthPair
from mcgen.types import Array, Bools


class EllipsePlane(Plane):
    """Elliptic plane."""

    shape: Literal["ellipse"]
    """Name of the shape."""
    semi_axes_m: LengthPair
    """Semi-axes along x and y [m]."""

    def within_rim(self, x: Array, y: Array) -> Bools:
        """Whether points are within the ellipse, see `Plane`."""
        a, b = self.semi_axes_m
        within: Bools = (x / a) ** 2 + (y / b) ** 2 <= 1.0
        return within

    @property
    def enclosing_radius(self) -> float:
        """The longer semi-axis [m]."""
        return max(self.semi_axes_m)

    def half_width(self, axis: int) -> float:
        """Return the semi-axis [m]."""
        return self.semi_axes_m[axis]

    def least_momentum(self, at: Array, moved: tuple[Array, Array]) -> Array:
        """Least momenta (2, n) [GeV], see `Plane`."""
        return least_in_ellipse(at, moved, self.semi_axes_m)
