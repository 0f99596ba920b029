"""What every plane is asked."""

from __future__ import annotations

from abc import ABC, abstractmethod

from mcgen.experiment.element import Element
from mcgen.fields import Distance, Pair
from mcgen.types import Array, Bools


class Plane(Element, ABC):
    """A plane across z that daughters are seen in: a convex aperture, which may have a round hole.

    A shape is a table of the card with a `shape` of its own and keys for its sizes. What the program asks
    about it are the abstract methods; they know nothing of hole and centre.
    """

    centre_m: Pair = (0.0, 0.0)
    """Centre of aperture and hole, x and y [m]."""
    hole_radius_m: Distance = 0.0
    """Radius of the hole [m]; 0 without one."""
    shape: str
    """Name of the shape."""

    @abstractmethod
    def within_rim(self, x: Array, y: Array) -> Bools:
        """Whether points (n,), relative to the centre [m], are within the rim; NaN is not."""

    @property
    @abstractmethod
    def enclosing_radius(self) -> float:
        """Radius [m] of a circle about the centre that encloses the aperture."""

    @abstractmethod
    def half_width(self, axis: int) -> float:
        """Half size [m] along x (0) or y (1)."""

    @abstractmethod
    def least_momentum(self, at: Array, moved: tuple[Array, Array]) -> Array:
        """Least p (2, n) [GeV] with which at + moved/p is within the rim; infinite where `at` is not.

        Parameters
        ----------
        at : (2, n) x and y relative to the centre [m]
        moved : x and y, (2, n) each, a row a daughter [GeV m]
        """

    def contains(self, x: Array, y: Array) -> Bools:
        """Whether points (n,) [m] are within the rim and outside the hole; NaN is not."""
        x, y = x - self.centre_m[0], y - self.centre_m[1]
        within = self.within_rim(x, y)
        if self.hole_radius_m > 0.0:
            within &= x * x + y * y >= self.hole_radius_m**2
        return within
