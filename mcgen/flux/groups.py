"""Which rows of a flux are not independent of each other.

What comes from one proton fluctuates together: both muons of a pair, copies of one muon that a biased simulation made. A
file may say so by a column of integers, or by keeping the particles of a proton in one entry of lists. If it does
not, rows with exactly the same point are one group: such points are drawn from a continuum, so that two independent rows
do not share one.
"""

from __future__ import annotations

import numpy as np

from mcgen.types import Array, Bools, Ints


def groups_by_label(label: Ints) -> Ints:
    """Number the groups (n,) of rows of the same label (n,), from 0 and in the order of their first rows."""
    return _numbered(_first_alike(label[None]))


def groups_by_point(position: Array) -> Ints:
    """Number the groups (n,) of rows at exactly the same point (3, n), from 0 and in the order of their first rows.

    A point that more than half of the rows share is no vertex but a convention: a default, or the place to which
    somebody has moved all particles. It says nothing of who belongs together, and each of its rows is a group of its own.
    """
    z = position[2]
    order = np.argsort(z)
    equal = z[order][1:] == z[order][:-1]
    shared = np.zeros(len(z), dtype=bool)
    shared[order[1:][equal]] = shared[order[:-1][equal]] = True
    # Only few rows share their z with another one, so only these are sorted by x and y.
    rows = np.flatnonzero(shared)
    first = np.arange(len(z))
    first[rows] = rows[_first_alike(position[:, rows])]
    size = np.bincount(first, minlength=len(z))
    convention: Bools = (2 * size > len(z))[first]
    return _numbered(np.where(convention, np.arange(len(z)), first))


def _first_alike(keys: Array | Ints) -> Ints:
    """First column (n,) that equals each column of a table (k, n)."""
    count = keys.shape[1]
    order = np.lexsort(keys)  # stable: columns that are equal stay in their order
    begins = np.arange(count) == 0
    for key in keys:
        ordered = key[order]
        begins[1:] |= ordered[1:] != ordered[:-1]
    first = np.empty(count, dtype=np.int64)
    first[order] = order[np.maximum.accumulate(np.where(begins, np.arange(count), 0))]
    return first


def _numbered(first: Ints) -> Ints:
    """Number the groups (n,) from the first row (n,) of each row's group."""
    number: Ints = np.cumsum(first == np.arange(len(first))) - 1
    return number[first]
