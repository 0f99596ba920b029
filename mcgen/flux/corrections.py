"""How much Pythia overestimates the parents of a flux: factors from multiplicities in pp."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from mcgen.types import Array, Ints

MULTIPLICITY_FACTORS = {321: 0.75, 130: 0.75, 221: 0.6, 331: 0.6, 113: 0.62, 223: 0.65, 333: 0.8}
"""Measured multiplicity over Pythia's, by absolute PDG id of the parent: K, K_L; eta, eta'; rho, omega; phi.

Of whole events in pp at 400 GeV (NA27: M. Aguilar-Benitez et al., Z. Phys. C 50 (1991) 405), so neither of nuclei nor of a
range of momentum. K_L goes with K+-; that of eta' was not compared and goes with eta. All others count as they are.
"""


def factors_of(parent: Ints, factors: Mapping[int, float]) -> Array:
    """Factors (n,) of rows, given the absolute PDG ids (n,) of their parents; 1 for those without a factor."""
    found = np.ones(len(parent))
    for pdg, factor in factors.items():
        found[parent == pdg] = factor
    return found
