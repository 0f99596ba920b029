"""Masses that a scan adds, and the ends of its contours, against contours in closed form."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import exp, log, pi, sqrt

import numpy as np
import pytest

import mcgen
from mcgen.constants import ELECTRON_MASS, MUON_MASS, TAU_MASS
from mcgen.sensitivity.contour import Crossing, MassPoint
from mcgen.sensitivity.output import contours
from mcgen.sensitivity.perturbativity import perturbative_limit
from mcgen.sensitivity.refinement import (
    CLOSEST,
    TOLERANCE,
    added_masses,
    closing_end,
    line_error,
)
from mcgen.sensitivity.scan import Scan
from mcgen.types import Array

N_SIGNAL = 2.3
THRESHOLD, KINK, TIP = 2.0 * ELECTRON_MASS, 0.0017, 0.15
"""Masses [GeV] where the contour below rises without bound, turns, and ends."""


def limits(mass: Array | float) -> tuple[Array, Array]:
    """ln g of both limits: a power of the distance to the threshold, a kink, and a root at the end."""
    x, over = np.log(mass), np.log(mass) - log(THRESHOLD)
    middle = -7.0 - 0.75 * np.log(over) - 0.8 * np.abs(x - log(KINK))
    width = 1.5 * np.sqrt(np.maximum(log(TIP) - x, 0.0))
    return middle - width, middle + width


def found_at(mass: float, error: float = 1e-4, rng: np.random.Generator | None = None) -> MassPoint:
    """What a scan would find there, with an error of the limits."""
    if mass >= TIP:
        return point(mass, N_SIGNAL * (TIP / mass) ** 3)
    shifts = rng.normal(0.0, error, 2) if rng else (0.0, 0.0)
    low, high = (
        Crossing(g, error * g, 0.0, 1e4)
        for g in (exp(float(limit) + shift) for limit, shift in zip(limits(mass), shifts, strict=True))
    )
    return point(mass, N_SIGNAL * (TIP / mass) ** 3, low, high)


def point(
    mass: float, n_max: float, low: Crossing | None = None, high: Crossing | None = None, g_max: float = 0.0
) -> MassPoint:
    middle = exp(sum(float(limit) for limit in limits(mass)) / 2.0)
    return MassPoint(mass, low, high, n_max, g_max or middle, (), {}, {})


def start() -> list[float]:
    return list(map(float, np.geomspace(1.001 * THRESHOLD, 2.0 * MUON_MASS, 24)))


def refined(error: float = 1e-4, rng: np.random.Generator | None = None) -> list[MassPoint]:
    masses, points = start(), dict[float, MassPoint]()
    while masses:
        points |= {mass: found_at(mass, error, rng) for mass in masses}
        masses = added_masses([points[mass] for mass in sorted(points)])
    return [points[mass] for mass in sorted(points)]


def worst_line(points: list[MassPoint]) -> float:
    """Largest distance in ln g from straight lines where these are longer than CLOSEST."""
    inside = [p for p in points if p.low]
    x = np.log([p.mass for p in inside])
    between = [np.linspace(a, b, 22)[1:-1] for a, b in pairwise(x) if b - a > CLOSEST]
    fine = np.concatenate(between)
    lines = [np.interp(fine, x, [log(getattr(p, side).g_mu) for p in inside]) for side in ("low", "high")]
    return float(np.abs(np.array(lines) - limits(np.exp(fine))).max())


def test_lines_are_as_good_as_stated() -> None:
    coarse, points = [found_at(mass) for mass in start()], refined()
    assert worst_line(points) < TOLERANCE
    assert worst_line(coarse) > 10.0 * TOLERANCE, "the masses at the start are not good enough"
    assert len(points) < 100


def test_masses_are_not_added_for_noise() -> None:
    quiet, noisy = len(refined()), len(refined(0.01, np.random.default_rng(1)))
    assert noisy < 1.2 * quiet
    # Without an error to tell it from a bend, the same noise is taken for one.
    rng = np.random.default_rng(1)
    bends = [found_at(mass, 0.1, rng) for mass in np.geomspace(0.01, 0.1, 50)]
    taken = [
        replace(
            p,
            low=p.low and replace(p.low, mc_error=0.0),
            high=p.high and replace(p.high, mc_error=0.0),
        )
        for p in bends
    ]
    assert len(added_masses(taken)) > 3 * len(added_masses(bends))


def test_a_contour_is_closed_where_both_limits_meet() -> None:
    points = refined()
    (corners,) = contours(Scan(mcgen.load_card("na62_muonphilic"), 1, N_SIGNAL, tuple(points)))
    heaviest, coupling = max(corners)
    assert heaviest == pytest.approx(TIP, rel=1e-6)
    assert log(coupling) == pytest.approx(float(limits(TIP)[0]), abs=1e-3)


def test_an_end_that_is_not_known_is_not_made_up() -> None:
    inside = point(0.1, 3.0)
    assert closing_end(inside, point(0.1 * exp(1.01 * CLOSEST), 1.0), N_SIGNAL) is None
    assert closing_end(inside, point(0.1001, 0.0), N_SIGNAL) is None
    assert closing_end(inside, point(0.1001, 1.0), N_SIGNAL) is not None


def test_a_bound_of_straight_lines() -> None:
    line = [(x, 2.0 - 3.0 * x, 0.0) for x in (0.0, 1.0, 3.0, 4.0)]
    assert line_error(*line) == pytest.approx(0.0, abs=1e-12)
    # A kink of slope +-1: the line misses it by 1.5, the longer extension the other end by 6.
    kink = [(x, abs(x), 0.0) for x in (-2.0, -1.0, 3.0, 5.0)]
    assert line_error(*kink) == pytest.approx(3.0)
    # A parabola: four times what the line misses.
    square = [(x, x * x, 0.0) for x in (-3.0, -1.0, 1.0, 3.0)]
    assert line_error(*square) == pytest.approx(4.0)
    assert line_error(None, (0.0, 0.0, 0.0), (1.0, 0.1, 0.0), None) == pytest.approx(0.05)


def test_couplings_of_perturbation_theory() -> None:
    muonphilic, leptophilic = (mcgen.load_card(f"na62_{name}") for name in ("muonphilic", "leptophilic"))
    assert perturbative_limit(muonphilic) == pytest.approx(sqrt(4.0 * pi))
    assert perturbative_limit(leptophilic) == pytest.approx(sqrt(4.0 * pi) * MUON_MASS / TAU_MASS)
