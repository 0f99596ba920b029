"""The rectangular decay volume."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import numpy as np

from mcgen.experiment.volumes.base import Volume
from mcgen.fields import LengthPair
from mcgen.physics.kinematics import slab_interval
from mcgen.types import Array


class Box(Volume):
    """Rectangular decay volume."""

    shape: Literal["box"]
    """Name of the shape."""
    half_width_m: LengthPair
    """Half sizes along x and y [m]."""

    def within_sides(self, position: Array, direction: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the intervals between opposite sides, see `Volume`."""
        for axis, half in enumerate(self.half_width_m):
            yield slab_interval(position[axis], direction[axis], -half, half)

    @property
    def face_radii(self) -> tuple[float, float]:
        """Half the diagonal, twice [m]."""
        half = float(np.hypot(*self.half_width_m))
        return half, half

    def half_widths(self, axis: int) -> tuple[float, float]:
        """Return the half size, twice [m]."""
        return self.half_width_m[axis], self.half_width_m[axis]
