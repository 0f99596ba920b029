"""The round plane."""

from __future__ import annotations

from typing import Literal

from mcgen.experiment.planes.base import Plane
from mcgen.experiment.planes.rims import least_in_ellipse
from mcgen.fields import Length
from mcgen.types import Array, Bools


class CirclePlane(Plane):
    """Round plane."""

    shape: Literal["circle"]
    """Name of the shape."""
    radius_m: Length
    """Radius [m]."""

    def within_rim(self, x: Array, y: Array) -> Bools:
        """Whether points are within the circle, see `Plane`."""
        within: Bools = x * x + y * y <= self.radius_m**2
        return within

    @property
    def enclosing_radius(self) -> float:
        """The radius [m]."""
        return self.radius_m

    def half_width(self, axis: int) -> float:  # noqa: ARG002
        """Return the radius [m]."""
        return self.radius_m

    def least_momentum(self, at: Array, moved: tuple[Array, Array]) -> Array:
        """Least momenta (2, n) [GeV], see `Plane`."""
        return least_in_ellipse(at, moved, (self.radius_m, self.radius_m))
