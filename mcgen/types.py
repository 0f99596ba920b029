"""Names for the arrays that everything here is made of, and for who is told how far it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Doubles. A *vector* has shape (3, n), a *four-momentum* (px, py, pz, E) has shape (4, n)."""

Ints = NDArray[np.int64]
Bits = NDArray[np.uint64]
Bools = NDArray[np.bool_]

Progress = Callable[[int], None]
"""Called with how much has been done since the last call: points, or what the function says."""
