"""Weights of events: sums over samples, and what other couplings make of them."""

from __future__ import annotations

from math import sqrt

import numpy as np

from mcgen.types import Array, Ints


def effective_size(weights: Array, squares: Array | None = None) -> float:
    """Number of equal weights that would fluctuate as much, (sum w)^2/sum w^2; 0 without events.

    Parameters
    ----------
    weights : (n,)
    squares : what the second sum is over, of any length; default: the squares of the weights
    """
    square = float(weights @ weights if squares is None else np.sum(squares))
    return float(np.sum(weights)) ** 2 / square if square > 0.0 else 0.0


def integration_error(total: float, square: float, points: int) -> float:
    """Error of the sum of the weights of all points of a run, sqrt((n sum w^2 - (sum w)^2)/(n - 1)).

    Parameters
    ----------
    total, square : sum of the weights, and of their squares
    points : number n of the points, those of weight 0 included
    """
    return sqrt(max(points * square - total * total, 0.0) / (points - 1))


def error_by_group(weights: Array, group: Ints) -> float:
    """Error of a sum of weights, of which those of one group fluctuate together: sqrt(sum_groups (sum_group w)^2).

    Parameters
    ----------
    weights : (n,)
    group : (n,) number of the group that each is of, from 0
    """
    sums = np.bincount(group, weights=weights)
    return sqrt(sums @ sums)


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
