"""Sides of what stands along the beam: a rectangle or a circle about the axis, or none."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcgen.physics.kinematics import ellipse_interval, slab_interval
from mcgen.types import Array, Bools


@dataclass(frozen=True, slots=True)
class Sides:
    """Sides parallel to the beam."""

    half_width: tuple[float, float] | None = None
    """Half sizes along x and y [m]; unlimited if None."""
    radius: float | None = None
    """Of a round side [m]; unlimited if None."""

    def contain(self, position: Array) -> Bools:
        """Whether points (3, n) [m] are within, the surface included, wherever they are along z."""
        x, y, _ = position
        inside: Bools = np.ones(len(x), dtype=np.bool_)
        if self.half_width is not None:
            inside &= (np.abs(x) <= self.half_width[0]) & (np.abs(y) <= self.half_width[1])
        if self.radius is not None:
            inside &= x * x + y * y <= self.radius * self.radius
        return inside

    def interval(self, position: Array, direction: Array) -> tuple[Array, Array]:
        """Path lengths (n,) [m] between which rays from points (3, n) are within; enter > leave for a miss."""
        n = position.shape[1]
        enter, leave = np.full(n, -np.inf), np.full(n, np.inf)
        intervals = []
        if self.half_width is not None:
            for axis, half in enumerate(self.half_width):
                intervals.append(slab_interval(position[axis], direction[axis], -half, half))
        if self.radius is not None:
            axes = (self.radius, self.radius)
            intervals.append(ellipse_interval(position[0], position[1], direction[0], direction[1], axes))
        for first, last in intervals:
            enter, leave = np.maximum(enter, first), np.minimum(leave, last)
        return enter, leave
