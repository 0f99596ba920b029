"""MadGraph's samples of fixed muon energy, and events of mcgen to compare with them, in the same variables."""

from __future__ import annotations

import csv
import gzip
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

import mcgen
from mcgen.dump import dump_of
from mcgen.physics.bremsstrahlung.total import Method
from mcgen.physics.formfactors import Nucleus
from mcgen.types import Array, Bools
from tests.beams import Point, cross_section_shares, four_momenta, thin_card
from tests.stats import ks_p, seed_of

FOLDER = Path(__file__).parents[1] / "validation" / "madgraph"


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

    `t` [GeV^2] is that of the nucleus' momentum; `azimuth` lies between boson and nucleus across the muon, 0..pi.
    """

    weight: Array
    x: Array
    theta: Array
    t: Array
    recoil_e: Array
    recoil_theta: Array
    azimuth: Array

    def sample(self, name: str) -> Sample:
        values: Array = getattr(self, name)
        return values, self.weight

    def mean(self, name: str) -> tuple[float, float]:
        """Weighted mean and its error."""
        share = self.weight / np.sum(self.weight)
        values: Array = getattr(self, name)
        mean = float(share @ values)
        return mean, float(np.sqrt(np.sum((share * (values - mean)) ** 2)))


def shapes_of(
    weight: Array, energy: float, boson: Array, recoil: Array, nucleus: Array, nucleus_mass: float
) -> Shapes:
    """Variables from the four-momenta (4, n) of events with the muon along z."""
    square = nucleus[0] ** 2 + nucleus[1] ** 2 + nucleus[2] ** 2
    kinetic = square / (nucleus_mass + np.sqrt(nucleus_mass**2 + square))
    across = boson[0] * nucleus[0] + boson[1] * nucleus[1]
    normal = boson[0] * nucleus[1] - boson[1] * nucleus[0]
    return Shapes(
        weight=weight,
        x=boson[3] / energy,
        theta=polar(boson),
        t=square - kinetic**2,
        recoil_e=recoil[3],
        recoil_theta=polar(recoil),
        azimuth=np.abs(np.arctan2(normal, across)),
    )


def polar(momentum: Array) -> Array:
    return np.asarray(np.arctan2(np.hypot(momentum[0], momentum[1]), momentum[2]))


def nucleus_of(point: Point) -> Nucleus:
    return dump_of(thin_card(point, "exact")).nuclei[0]


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
def particles(name: str) -> Array:
    """Four-momenta (20000, 5, 4) of a sample: px, py, pz, E [GeV] of mu N | mu N S."""
    with gzip.open(FOLDER / f"{name}.lhe.gz", "rt", encoding="utf-8") as file:
        events = file.read().partition("<event>")[2].splitlines()
    # The particles' lines are the long ones; pylhe needs five times longer to read them.
    rows = np.loadtxt([line for line in events if len(line) > 100], usecols=(6, 7, 8, 9))
    return rows.reshape(-1, 5, 4)


@cache
def madgraph(name: str) -> Shapes:
    beam, _, recoil, nucleus, boson = particles(name).transpose(1, 2, 0)
    weight = np.full(beam.shape[1], summary()[name]["sigma_MG_pb"] / beam.shape[1])
    point = SAMPLES[name]
    return shapes_of(weight, point.energy, boson, recoil, nucleus, nucleus_of(point).mass)


@cache
def generated(name: str, method: Method, points: int = POINTS) -> Shapes:
    point = SAMPLES[name]
    seed = seed_of("madgraph", name, method)
    card = thin_card(point, method, events=points, seed=seed, vegas={"nitn": 6, "neval": 6000})
    events = mcgen.generate(card)
    boson, recoil, nucleus = (four_momenta(events, who) for who in ("boson", "recoil", "nucleus"))
    shares = cross_section_shares(card, events)
    return shapes_of(shares, point.energy, boson, recoil, nucleus, nucleus_of(point).mass)


def total_of(shares: Array, points: int = POINTS) -> tuple[float, float]:
    """Cross-section and its integration error [pb]."""
    value = float(np.sum(shares))
    return value, float(np.sqrt((points * np.sum(shares**2) - value**2) / (points - 1)))


def distance_p(first: Sample, second: Sample) -> float:
    """Kolmogorov-Smirnov probability of two weighted samples; see `tests.stats.ks_distance`."""
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
    return fraction(shapes, (shapes.x > low) & (shapes.x < high))


def fraction(shapes: Shapes, inside: Bools) -> tuple[float, float]:
    """Fraction of the cross-section, and its error."""
    share = shapes.weight / np.sum(shapes.weight)
    value = float(share @ inside)
    return value, float(np.sqrt(np.sum((share * (inside - value)) ** 2)))
