"""What makes a file small: no more rows of a kind and momentum than are of use, and no more bits."""

from __future__ import annotations

import numpy as np

from mcgen.types import Array, Ints


def thinned(weight: Array, wanted: float, rng: np.random.Generator) -> tuple[Ints, Array]:
    """Choose rows with probabilities that go with their weights, so that about so many are left.

    A row of weight w stays with probability min(1, w/t) and gets the weight max(w, t), t such that these add up to
    `wanted`. The rows are chosen at equal distances along the sum of the probabilities, from a random begin: each has its
    probability, and the sum of the weights of those of less than t changes by less than t.

    Parameters
    ----------
    weight : (n,) not negative
    wanted : number of rows; all of weight above 0 stay if there are no more

    Returns
    -------
    numbers (k,) of those that stay, ascending, and their weights (k,)
    """
    rows = np.flatnonzero(weight > 0.0)
    if len(rows) <= wanted:
        return rows, weight[rows]
    size = threshold_weight(weight[rows], wanted)
    probability = np.minimum(1.0, weight[rows] / size)
    steps = np.floor(np.cumsum(probability) + rng.random())
    # Rounding of the sum must not lose those of probability 1.
    stay = (np.diff(steps, prepend=0.0) > 0.0) | (probability == 1.0)
    return rows[stay], np.maximum(weight[rows[stay]], size)


def threshold_weight(weight: Array, wanted: float) -> float:
    """Weight t for which sum min(1, w/t) is `wanted`, smaller than the number of weights (n,)."""
    ordered = np.sort(weight)[::-1]
    below = np.cumsum(ordered[::-1])[::-1]
    # With the k largest kept for sure, t = (sum of the others)/(wanted - k), if it is not below the largest of them.
    k = np.arange(len(ordered))
    possible = k < wanted
    size = below[possible] / (wanted - k[possible])
    first = int(np.argmax(size >= ordered[possible]))
    return float(size[first])


def shortened(values: Array, bits: int) -> Array:
    """Round numbers (n,) to so many bits of the mantissa, to the nearest, so that they compress; 23 are single precision."""
    mantissa, exponent = np.frexp(values)
    # frexp has the mantissa from 1/2 to 1, of which the first bit is not stored.
    rounded: Array = np.ldexp(np.rint(np.ldexp(mantissa, bits + 1)), exponent - bits - 1)
    return rounded
