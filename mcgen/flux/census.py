"""What a flux holds: how many particles, how often, with what momentum, angle and depth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from math import inf

import numpy as np

from mcgen.errors import UsageError
from mcgen.flux.flux import Flux
from mcgen.flux.groups import groups_by_label
from mcgen.physics.kinematics import norm
from mcgen.types import Array, Bools, Ints
from mcgen.weights import error_by_group

PARENTS = (13, -13, 211, -211, 321, -321)
"""PDG ids of the particles that a flux is there for: muons at their production, mesons at their decay."""

THRESHOLDS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
"""Momenta [GeV] above which the rate is told, and edges of the bins."""

_BINS = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """Particles per proton in a range of momentum."""

    low: float
    """Least momentum [GeV]."""
    high: float
    """End of the range [GeV], not included; may be infinite."""
    particles: int
    """How many of the file are in it."""
    rate: float
    """Particles per proton; 0 without a particle."""
    error: float
    """Of the rate, as the file is a sample of independent groups of rows."""
    effective_size: float
    """(rate/error)^2, the number of equal, independent rows that would be as good; 0 without a particle."""


@dataclass(frozen=True, slots=True)
class Bin(Rate):
    """Rate in a bin of momentum, and where these particles come from."""

    median_depth: float
    """Median by rate of z [m]; NaN without a particle."""
    median_angle: float
    """Median by rate of the angle to the z axis [rad]; NaN without a particle."""


@dataclass(frozen=True, slots=True)
class RateHistogram:
    """Rates in bins of a quantity."""

    edges: Array
    """(k + 1,) of the bins, in the unit of the quantity."""
    rates: Mapping[int, Array]
    """(k,) particles per proton in each bin, by PDG id."""
    errors: Mapping[int, Array]
    """(k,) their errors, as of independent groups of rows."""


@dataclass(frozen=True, slots=True)
class Census:
    """Summary of a flux."""

    file: str
    """Name, as the user gave it."""
    sha256: str
    """Of the file's content."""
    total: int
    """Particles of the file."""
    left_out: Mapping[str, int]
    """How many of them do not count, by reason."""
    groups: int
    """Groups of those that count, which are independent of each other."""
    together: int
    """Particles that count and are in a group with another one."""
    largest: int
    """Particles in the largest group."""
    parents: Mapping[int, Rate]
    """All of each kind that there is, by PDG id."""
    muons: Rate
    """All muons."""
    above: tuple[Rate, ...]
    """Muons above the thresholds."""
    bins: tuple[Bin, ...]
    """Muons between them."""
    momentum: RateHistogram
    """[GeV]"""
    angle: RateHistogram
    """To the z axis [rad]."""
    depth: RateHistogram
    """z of the point where the particle is given [m]."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """Columns of those that count."""

    group: Ints
    """(n,) from 0, without gaps."""
    pdg: Ints
    """(n,) PDG id."""
    rate: Array
    """(n,) per proton, above 0."""
    momentum: Array
    """(n,) [GeV]"""
    angle: Array
    """(n,) to the z axis [rad]."""
    depth: Array
    """(n,) z [m]."""


def census(flux: Flux) -> Census:
    """Count the particles of a flux; rows of other particles than parents, or of rate 0, are left out.

    Raises
    ------
    UsageError
        If no particle is left.
    """
    is_parent = np.isin(flux.pdg, PARENTS)
    used = is_parent & (flux.rate > 0.0)
    left_out = {
        **flux.dropped,
        "not_parents": int((~is_parent).sum()),
        "zero_rate": int((is_parent & ~used).sum()),
    }
    if not used.any():
        ids = ", ".join(str(pdg) for pdg in PARENTS)
        raise UsageError(f"flux file {flux.file}: none of its rows is a parent (pdg {ids}) of rate above 0")
    vector = flux.momentum[:, used]
    p = _Counted(
        group=groups_by_label(flux.group[used]),
        pdg=flux.pdg[used],
        rate=flux.rate[used],
        momentum=norm(vector),
        angle=np.arctan2(np.hypot(vector[0], vector[1]), vector[2]),
        depth=flux.position[2, used],
    )
    size = np.bincount(p.group)
    is_muon = np.abs(p.pdg) == 13
    return Census(
        file=flux.file,
        sha256=flux.sha256,
        total=flux.total,
        left_out=left_out,
        groups=len(size),
        together=int(size[size > 1].sum()),
        largest=int(size.max()),
        parents={pdg: _rate(p, p.pdg == pdg) for pdg in PARENTS if pdg in p.pdg},
        muons=_rate(p, is_muon),
        above=tuple(_rate(p, is_muon, low) for low in THRESHOLDS),
        bins=tuple(_bin(p, is_muon, low, high) for low, high in pairwise((0.0, *THRESHOLDS, inf))),
        momentum=_histogram(p, p.momentum, _logarithmic(p.momentum)),
        angle=_histogram(p, p.angle, _logarithmic(p.angle)),
        depth=_histogram(p, p.depth, _linear(p.depth)),
    )


def _rate(p: _Counted, which: Bools, low: float = 0.0, high: float = inf) -> Rate:
    inside = which & (p.momentum >= low) & (p.momentum < high)
    rate = p.rate[inside]
    total, error = float(rate.sum()), error_by_group(rate, p.group[inside])
    return Rate(
        low=low,
        high=high,
        particles=len(rate),
        rate=total,
        error=error,
        effective_size=(total / error) ** 2 if error > 0.0 else 0.0,
    )


def _bin(p: _Counted, which: Bools, low: float, high: float) -> Bin:
    inside = which & (p.momentum >= low) & (p.momentum < high)
    return Bin(
        **asdict(_rate(p, which, low, high)),
        median_depth=_median(p.depth[inside], p.rate[inside]),
        median_angle=_median(p.angle[inside], p.rate[inside]),
    )


def _median(values: Array, weights: Array) -> float:
    if not len(values):
        return float("nan")
    order = np.argsort(values)
    share = np.cumsum(weights[order])
    return float(values[order[np.searchsorted(share, 0.5 * share[-1])]])


def _logarithmic(values: Array) -> Array:
    """Edges of bins that hold all values but zeros."""
    positive = values[values > 0.0]
    low, high = (positive.min(), positive.max()) if len(positive) else (1.0, 1.0)
    return np.geomspace(low * (1.0 - 1e-9), high * (1.0 + 1e-9), _BINS + 1)


def _linear(values: Array) -> Array:
    low, high = values.min(), values.max()
    margin = 1e-9 * (1.0 + abs(low) + abs(high))
    return np.linspace(low - margin, high + margin, _BINS + 1)


def _histogram(p: _Counted, values: Array, edges: Array) -> RateHistogram:
    rates, errors = {}, {}
    groups = p.group.max() + 1
    for pdg in (pdg for pdg in PARENTS if pdg in p.pdg):
        chosen = p.pdg == pdg
        v, w = values[chosen], p.rate[chosen]
        rates[pdg] = np.histogram(v, edges, weights=w)[0]
        # One entry a bin and group, of all that the group has there.
        place = np.searchsorted(edges, v, side="right") - 1
        pairs, entry = np.unique(place * groups + p.group[chosen], return_inverse=True)
        sums = np.bincount(entry, weights=w)
        errors[pdg] = np.sqrt(np.histogram(pairs // groups, np.arange(_BINS + 1), weights=sums * sums)[0])
    return RateHistogram(edges, rates, errors)
