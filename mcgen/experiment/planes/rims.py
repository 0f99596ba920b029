"""Least momenta for the two kinds of rims, ellipses and polygons (see `Plane.least_momentum`)."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mcgen.types import Array


def least_in_ellipse(at: Array, moved: tuple[Array, Array], semi_axes: tuple[float, float]) -> Array:
    """Least p (2, n) [GeV] with which at + moved/p is within an ellipse about the origin.

    Parameters
    ----------
    at, moved : as of `Plane.least_momentum`
    semi_axes : (a, b) [m]
    """
    a, b = semi_axes
    (x, y), (vx, vy) = at, moved
    x, y, vx, vy = x / a, y / b, vx / a, vy / b
    left = 1.0 - x * x - y * y
    along = x * vx + y * vy
    least: Array = (along + np.sqrt(along * along + np.maximum(left, 0.0) * (vx * vx + vy * vy))) / left
    return np.where(left > 0.0, least, np.inf)


def least_between(sides: Iterable[tuple[Array, Array, float]]) -> Array:
    """Least p (2, n) [GeV] with which place + moved/p is between both of each pair of opposite sides.

    Parameters
    ----------
    sides : of each pair, place (n,) [m] and moved (2, n) [GeV m] along one direction, and half [m]: the sides
        are at +-half
    """
    least = np.zeros(())
    for place, moved, half in sides:
        between = np.maximum(moved / (half - place), -moved / (half + place))
        least = np.maximum(least, np.where(np.abs(place) < half, between, np.inf))
    return least
