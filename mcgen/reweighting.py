"""Events of one coupling as events of another: exact, because all widths scale with the coupling squared."""

from __future__ import annotations

import numpy as np

from mcgen.types import Array


def weight_factor(production: float, decay: float, depth: Array) -> Array:
    """Factor (n,) on the weights of decays when production and total width change.

    The density of decays at path l is exp(-l/L)/L, and 1/L is proportional to the width.

    Parameters
    ----------
    production : cross-section over the one that the weights are for
    decay : width over the one that the weights are for
    depth : (n,) path to the decay over the decay length that the weights are for
    """
    # Decays as deep as that have weights that are next to nothing: their factors must be finite only.
    factor: Array = production * decay * np.exp(np.minimum((1.0 - decay) * depth, 700.0))
    return factor
