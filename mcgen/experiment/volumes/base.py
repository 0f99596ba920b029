"""What every decay volume is asked."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable

import numpy as np

from mcgen.fields import Interval, Pair, Table
from mcgen.physics.kinematics import slab_interval
from mcgen.types import Array


class Volume(Table, ABC):
    """A decay volume: the convex hull of its two faces, which lie across z and are centred on one axis.

    A shape is a table of the card with a `shape` of its own and keys for its sizes. What the program asks
    about it are the abstract methods.
    """

    z_m: Interval
    """Places of entrance and exit along the beam [m]."""
    centre_m: Pair = (0.0, 0.0)
    """Centre of both faces, x and y [m]."""
    shape: str
    """Name of the shape."""

    @abstractmethod
    def within_sides(self, position: Array, direction: Array) -> Iterable[tuple[Array, Array]]:
        """Intervals of the path in which rays are on the inner side of the sides, an item a side.

        Parameters
        ----------
        position : (3, n) starting points relative to the entrance's centre [m]
        direction : (3, n) unit vectors, of any sign along z

        Returns
        -------
        enter, leave : (n,) [m] each, which may be infinite or negative; enter > leave where the ray never is
        """

    @property
    @abstractmethod
    def face_radii(self) -> tuple[float, float]:
        """Radii [m] of circles about entrance and exit; infinite without sides."""

    @abstractmethod
    def half_widths(self, axis: int) -> tuple[float, float]:
        """Half sizes [m] along x (0) or y (1), at entrance and exit; infinite without sides."""

    def path_through(self, position: Array, direction: Array) -> tuple[Array, Array]:
        """Path lengths at which rays enter and leave the volume.

        Parameters
        ----------
        position, direction : (3, n) starting points [m] and unit directions

        Returns
        -------
        path_in, path_out : (n,) [m], 0 <= path_in < path_out; both 0 where the ray misses
        """
        entrance = np.array([*self.centre_m, self.z_m[0]])[:, None]
        intervals = [
            slab_interval(position[2], direction[2], *self.z_m),
            *self.within_sides(position - entrance, direction),
        ]
        enter = np.maximum(np.max([i[0] for i in intervals], axis=0), 0.0)
        leave = np.min([i[1] for i in intervals], axis=0)
        hit = enter < leave
        return np.where(hit, enter, 0.0), np.where(hit, leave, 0.0)
