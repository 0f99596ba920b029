"""Nuclei that Pythia has numbers for, and how a material is made of two of them.

Of the mean number of collisions in a nucleus, PythiaCascade (8.317) has a table by mass number; between its entries it divides
integers where it should divide real numbers, and is off by up to a factor of 2.6 (tungsten). So only nuclei of the table
are used: ln(sigma) goes linearly in ln(A) between the neighbours, and the nucleus of a collision is one of them at random,
such that the mean of ln(A) is right.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import numpy as np

from mcgen.physics.matter import Material
from mcgen.types import Array

CHARGES = {
    1: 1, 2: 1, 4: 2, 9: 4, 12: 6, 14: 7, 16: 8, 27: 13, 40: 18, 56: 26, 63: 29, 84: 36, 107: 47, 129: 54, 197: 79, 208: 82,
}  # fmt: skip
"""Charge number of the nuclei of the table, by mass number."""

MILLIBARN = 1e-31
"""[m^2]"""


@dataclass(frozen=True, slots=True)
class Mixture:
    """Two nuclei of the table that stand for one which may not be in it."""

    light: int
    """Mass number of the one below, or equal."""
    heavy: int
    """Mass number of the one above."""
    share: float
    """Of the heavy one in ln(A); beyond the last of the table above 1."""

    def cross_section(self, of: dict[int, Array]) -> Array:
        """Cross-section (n,) from those of nuclei (n,), by mass number; 0 where one of them is 0."""
        light, heavy = of[self.light], of[self.heavy]
        safe = (light > 0.0) & (heavy > 0.0)
        mean = np.exp(
            (1.0 - self.share) * np.log(np.where(safe, light, 1.0))
            + self.share * np.log(np.where(safe, heavy, 1.0))
        )
        return np.where(safe, mean, 0.0)


def mixture(mass_number: float) -> Mixture:
    """Return the neighbours in the table of a mass number, which need not be an integer."""
    known = sorted(CHARGES)
    light = max([a for a in known[:-1] if a <= mass_number], default=known[0])
    heavy = known[known.index(light) + 1]
    share = (log(max(mass_number, 1.0)) - log(light)) / (log(heavy) - log(light))
    return Mixture(light, heavy, share)


def mixture_of(material: Material) -> Mixture:
    """Return the nuclei that stand for a material."""
    return mixture(material.a)
