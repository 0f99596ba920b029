"""At which masses a contour has to be known for straight lines between them to be good enough."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from math import exp, hypot, log, sqrt

from mcgen.sensitivity.contour import Crossing, MassPoint

TOLERANCE = 0.02
"""Largest distance in ln g of a contour from the straight lines, in ln m and ln g, between its points."""

CLOSEST = 0.0025
"""Step in ln m that is not halved any more: there the contour is known this well in mass."""

DEVIATIONS = 2.0
"""Standard deviations of the integration that a bend has to exceed."""

Knot = tuple[float, float, float]
"""ln m, ln g and the error of the latter from the integration; flux errors are common to all masses."""


def added_masses(points: Sequence[MassPoint]) -> list[float]:
    """Masses [GeV] between neighbours where a contour bends too much for a straight line, or ends.

    Parameters
    ----------
    points : what is known, by rising mass
    """
    coarse: set[int] = set()
    for side in ("low", "high"):
        knots = [_knot(point.mass, getattr(point, side)) for point in points]
        for i, (left, right) in enumerate(pairwise(knots)):
            if left is None or right is None:
                too_long = left is not right  # the curve ends between them
            else:
                before = knots[i - 1] if i > 0 else None
                after = knots[i + 2] if i + 2 < len(knots) else None
                too_long = line_error(before, left, right, after) > TOLERANCE
            if too_long:
                coarse.add(i)
    steps = [(points[i].mass, points[i + 1].mass) for i in sorted(coarse)]
    return [sqrt(a * b) for a, b in steps if log(b / a) > CLOSEST]


def line_error(before: Knot | None, left: Knot, right: Knot, after: Knot | None) -> float:
    """Bound on how far a curve is from the straight line between two of its points.

    It is half of what the straight lines through the neighbouring pairs of points, extended, miss the two by. With one
    kink between them, slopes differing by s, a curve is off by s x (h - x)/h <= s h/4, and the larger miss is at least
    s h/2; one of constant curvature is off by a quarter of the bound. Without neighbours a flat curve is expected.

    Parameters
    ----------
    before, after : the points next to the two; None if there are none
    """
    misses = []
    if before is not None:
        misses.append(_miss(before, left, right))
    if after is not None:
        misses.append(_miss(after, right, left))
    if not misses:
        misses.append(abs(right[1] - left[1]))
    return max(misses) / 2.0


def _miss(far: Knot, near: Knot, end: Knot) -> float:
    """By how much the line through two points misses a third one, beyond what the integration explains."""
    ratio = (end[0] - near[0]) / (near[0] - far[0])
    miss = end[1] - near[1] - ratio * (near[1] - far[1])
    error = hypot(end[2], (1.0 + ratio) * near[2], ratio * far[2])
    return max(0.0, abs(miss) - DEVIATIONS * error)


def closing_end(inside: MassPoint, outside: MassPoint, n_signal: float) -> tuple[float, float] | None:
    """Mass [GeV] and coupling where both limits meet, between a mass with a contour and its neighbour without.

    There the largest yield is the limit; its logarithm is interpolated in that of the mass. None if the masses are too
    far apart for that, or the yield vanishes.
    """
    if abs(log(outside.mass / inside.mass)) > CLOSEST or outside.n_max <= 0.0:
        return None
    share = log(inside.n_max / n_signal) / log(inside.n_max / outside.n_max)

    def between(a: float, b: float) -> float:
        return exp((1.0 - share) * log(a) + share * log(b))

    return between(inside.mass, outside.mass), between(inside.g_max, outside.g_max)


def _knot(mass: float, crossing: Crossing | None) -> Knot | None:
    if crossing is None:
        return None
    return log(mass), log(crossing.g_mu), crossing.mc_error / crossing.g_mu
