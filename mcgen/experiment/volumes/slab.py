"""The decay volume without sides."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mcgen.experiment.volumes.base import Volume
from mcgen.types import Array


class Slab(Volume):
    """Decay volume without sides."""

    shape: Literal["slab"]
    """Name of the shape."""

    def within_sides(self, position: Array, direction: Array) -> tuple[()]:  # noqa: ARG002
        """Return nothing: there are no sides."""
        return ()

    @property
    def face_radii(self) -> tuple[float, float]:
        """Infinity, twice."""
        return np.inf, np.inf

    def half_widths(self, axis: int) -> tuple[float, float]:  # noqa: ARG002
        """Return infinity, twice."""
        return np.inf, np.inf
