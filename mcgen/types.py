"""Names for the arrays that everything here is made of."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
"""Doubles. A *vector* has shape (3, n), a *four-momentum* (px, py, pz, E) has shape (4, n)."""

Ints = NDArray[np.int64]
Bits = NDArray[np.uint64]
Bools = NDArray[np.bool_]
