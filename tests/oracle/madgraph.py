"""MadGraph's samples of fixed muon energy, and events of mcgen to compare with them, in the same variables."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

import mcgen
from mcgen.card import Card
from mcgen.comparison import compare
from mcgen.comparison.conditions import matching_card
from mcgen.comparison.two_samples import weighted_mean
from mcgen.io.samples import Collisions, read_lhe
from mcgen.physics.formfactors import Nucleus
from mcgen.physics.matter import material
from mcgen.types import Array, Bools
from tests.oracle.beams import Point, four_momenta
from tests.oracle.stats import ks_p, seed_of

FOLDER = Path(__file__).parents[2] / "validation" / "madgraph"

SAMPLES = {
    "cu_mS0.05_E20": Point(20.0, 0.05),
    "cu_mS0.1_E50": Point(50.0, 0.1),
    "cu_mS0.2_E100": Point(100.0, 0.2),
    "mo_mS0.1_E20": Point(20.0, 0.1, "Mo"),
}

POINTS = 120_000
"""Points of a run: its integration error has to be well below MadGraph's, in total and in shape."""

Sample = tuple[Array, Array]
"""Values and weights."""


@dataclass(frozen=True)
class Shapes:
    """Events in the variables of the process, with their shares in the cross-section [pb].

    `azimuth` lies between boson and nucleus across the muon, 0..pi.
    """

    weight: Array
    values: Mapping[str, Array]

    def sample(self, name: str) -> Sample:
        return self.values[name], self.weight

    def mean(self, name: str) -> tuple[float, float]:
        """Weighted mean and its error."""
        return weighted_mean(*self.sample(name))


def shapes_of(sample: compare.Sample, boson: Array, nucleus: Array) -> Shapes:
    """Variables of a sample, and the azimuth from four-momenta (4, n) with the muon along z."""
    across = boson[0] * nucleus[0] + boson[1] * nucleus[1]
    normal = boson[0] * nucleus[1] - boson[1] * nucleus[0]
    return Shapes(sample.weight, {**sample.values, "azimuth": np.abs(np.arctan2(normal, across))})


def nucleus_of(point: Point) -> Nucleus:
    return material(point.material).nucleus


@cache
def summary() -> dict[str, dict[str, float]]:
    """Rows of summary.csv by the samples' names."""
    with (FOLDER / "summary.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    return {
        f"{row.pop('target').lower()}_mS{row['m_S']}_E{row['E_mu']}": {k: float(v) for k, v in row.items()}
        for row in rows
    }


@cache
def collisions(name: str) -> Collisions:
    return read_lhe(FOLDER / f"{name}.lhe.gz")


@cache
def madgraph(name: str) -> Shapes:
    found = collisions(name)
    return shapes_of(compare.sample_of_collisions(found), found.boson, found.nucleus)


@cache
def generated(name: str, method: str, points: int = POINTS) -> Shapes:
    run = {
        "events": points,
        "seed": seed_of("madgraph", name, method),
        "vegas": {"pilot": 5000, "nitn": 6, "neval": 6000},
    }
    events = mcgen.generate(matched(name, method, run))
    boson, nucleus = (four_momenta(events, who) for who in ("boson", "nucleus"))
    return shapes_of(compare.sample_of_events(events), boson, nucleus)


def matched(name: str, method: str, run: dict[str, Any]) -> Card:
    return mcgen.load_card({**matching_card(collisions(name), name, method), "run": run})


def total_of(shares: Array, points: int = POINTS) -> tuple[float, float]:
    """Cross-section and its integration error [pb]."""
    value = float(np.sum(shares))
    return value, float(np.sqrt((points * np.sum(shares**2) - value**2) / (points - 1)))


def distance_p(first: Sample, second: Sample) -> float:
    """Kolmogorov-Smirnov probability of two weighted samples; see `tests.oracle.stats.ks_distance`."""
    order = np.argsort(np.concatenate([first[0], second[0]]), kind="stable")
    none = [np.zeros(len(weights)) for _, weights in (first, second)]
    shares = [weights / np.sum(weights) for _, weights in (first, second)]
    one = np.concatenate([shares[0], none[1]])[order]
    two = np.concatenate([none[0], shares[1]])[order]
    variance = _variance(one) + _variance(two)
    return ks_p(float(np.max(np.abs(np.cumsum(one - two)))), float(0.25 / np.max(variance)))


def _variance(share: Array) -> Array:
    """Variance of the distribution function after each of the shares (n,)."""
    below, square = np.cumsum(share), np.cumsum(share * share)
    variance: Array = square * (1.0 - 2.0 * below) + square[-1] * below * below
    return variance


def share_between(shapes: Shapes, low: float, high: float) -> tuple[float, float]:
    return fraction(shapes, (shapes.values["x"] > low) & (shapes.values["x"] < high))


def fraction(shapes: Shapes, inside: Bools) -> tuple[float, float]:
    """Fraction of the cross-section, and its error."""
    share = shapes.weight / np.sum(shapes.weight)
    value = float(share @ inside)
    return value, float(np.sqrt(np.sum((share * (inside - value)) ** 2)))
