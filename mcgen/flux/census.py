"""What a flux holds: how many muons, how often, with what momentum, angle and depth."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from itertools import pairwise
from math import inf, sqrt
from pathlib import Path

import numpy as np

from mcgen.errors import UsageError
from mcgen.flux.flux import Flux
from mcgen.io.flux.native import write_muons
from mcgen.physics.kinematics import norm
from mcgen.types import Array, Bools, Ints

THRESHOLDS = (2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0)
"""Momenta [GeV] above which the rate is told, and edges of the bins."""

_BINS = 60


@dataclass(frozen=True, slots=True)
class Rate:
    """Muons per proton in a range of momentum.

    Attributes
    ----------
    low, high : of the momentum [GeV]; `high` may be infinite
    muons : how many of the file
    rate, error : muons per proton; the error is that of the file as a sample of independent rows
    effective_size : (rate/error)^2, the number of equal, independent rows that would be as good
    """

    low: float
    high: float
    muons: int
    rate: float
    error: float
    effective_size: float


@dataclass(frozen=True, slots=True)
class Bin(Rate):
    """Rate in a bin of momentum, and where these muons come from.

    Attributes
    ----------
    median_depth, median_angle : weighted, of the z of production [m] and of the angle to the z axis [rad];
        NaN without a muon
    """

    median_depth: float
    median_angle: float


@dataclass(frozen=True, slots=True)
class Spectrum:
    """Rate in bins of a quantity.

    Attributes
    ----------
    edges : (k + 1,)
    rates, errors : (k,) muons per proton in each bin, by PDG id; errors as of independent muons
    """

    edges: Array
    rates: dict[int, Array]
    errors: dict[int, Array]


@dataclass(frozen=True, slots=True)
class Census:
    """Summary of a flux.

    Attributes
    ----------
    total : muons of the file
    left_out : how many do not count, by reason
    above : rates above the thresholds
    bins : rates between them
    charges : rate of each PDG id
    momentum, angle, depth : spectra in GeV, rad and m
    """

    file: str
    sha256: str
    total: int
    left_out: dict[str, int]
    above: tuple[Rate, ...]
    bins: tuple[Bin, ...]
    charges: dict[int, Rate]
    momentum: Spectrum
    angle: Spectrum
    depth: Spectrum


@dataclass(frozen=True, slots=True)
class _Muons:
    """Columns of those that count; `row` numbers the different rows without gaps."""

    row: Ints
    pdg: Ints
    rate: Array
    momentum: Array
    angle: Array
    depth: Array


def census(flux: Flux) -> Census:
    """Count the muons of a flux; rows of other particles or of rate 0 are left out.

    Raises
    ------
    UsageError
        If no muon is left.
    """
    is_muon = np.abs(flux.pdg) == 13
    used = is_muon & (flux.rate > 0.0)
    left_out = flux.dropped | {"not_muons": int((~is_muon).sum()), "zero_rate": int((is_muon & ~used).sum())}
    if not used.any():
        raise UsageError(f"flux file {flux.file}: none of its rows is a muon (pdg 13 or -13) of rate above 0")
    vector = flux.momentum[:, used]
    m = _Muons(
        row=np.cumsum(np.diff(flux.row[used], prepend=-1) > 0) - 1,
        pdg=flux.pdg[used],
        rate=flux.rate[used],
        momentum=norm(vector),
        angle=np.arctan2(np.hypot(vector[0], vector[1]), vector[2]),
        depth=flux.position[2, used],
    )
    edges = (0.0, *THRESHOLDS, inf)
    return Census(
        file=flux.file,
        sha256=flux.sha256,
        total=flux.total,
        left_out=left_out,
        above=tuple(_rate(m, low, inf) for low in (0.0, *THRESHOLDS)),
        bins=tuple(_bin(m, low, high) for low, high in pairwise(edges)),
        charges={pdg: _rate(m, 0.0, inf, m.pdg == pdg) for pdg in (13, -13)},
        momentum=_spectrum(m, m.momentum, _logarithmic(m.momentum)),
        angle=_spectrum(m, m.angle, _logarithmic(m.angle)),
        depth=_spectrum(m, m.depth, _linear(m.depth)),
    )


def write_native(flux: Flux, path: Path) -> None:
    """Write a flux in the native format; what its own format drops is not written."""
    names = ("x", "y", "z", "px", "py", "pz")
    vectors = dict(zip(names, (*flux.position, *flux.momentum), strict=True))
    write_muons(path, {"pdg": flux.pdg, **vectors, "w": flux.rate})


def _rate(m: _Muons, low: float, high: float, which: Bools | None = None) -> Rate:
    inside = (m.momentum >= low) & (m.momentum < high)
    if which is not None:
        inside &= which
    w = m.rate[inside]
    by_row = np.bincount(m.row[inside], weights=w)
    total, square = float(w.sum()), float((by_row * by_row).sum())
    return Rate(
        low=low,
        high=high,
        muons=len(w),
        rate=total,
        error=sqrt(square),
        effective_size=total * total / square if square > 0.0 else 0.0,
    )


def _bin(m: _Muons, low: float, high: float) -> Bin:
    inside = (m.momentum >= low) & (m.momentum < high)
    w = m.rate[inside]
    return Bin(
        **asdict(_rate(m, low, high)),
        median_depth=_median(m.depth[inside], w),
        median_angle=_median(m.angle[inside], w),
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


def _spectrum(m: _Muons, values: Array, edges: Array) -> Spectrum:
    rates, errors = {}, {}
    for pdg in (13, -13):
        chosen = m.pdg == pdg
        v, w = values[chosen], m.rate[chosen]
        rates[pdg] = np.histogram(v, edges, weights=w)[0]
        errors[pdg] = np.sqrt(np.histogram(v, edges, weights=w * w)[0])
    return Spectrum(edges, rates, errors)
