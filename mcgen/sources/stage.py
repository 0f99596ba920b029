"""What the stages between a muon and its boson's daughters have in common.

Each stage declares the axes of the cube that it consumes, takes their coordinates (n,) and the tables
before it, and returns a new table with its weight: the physical density over the sampling density.
"""

from __future__ import annotations

from collections.abc import Mapping

from mcgen.types import Array

Coordinates = Mapping[str, Array]
"""Coordinates (n,) in [0, 1) by the name of their axis."""
