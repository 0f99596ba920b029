"""Sums over weighted samples."""

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


def error_by_group(weights: Array, group: Ints) -> float:
    """Error of a sum of weights, of which those of one group fluctuate together: sqrt(sum_groups (sum_group w)^2).

    Parameters
    ----------
    weights : (n,)
    group : (n,) number of the group that each is of, from 0
    """
    sums = np.bincount(group, weights=weights)
    return sqrt(sums @ sums)
