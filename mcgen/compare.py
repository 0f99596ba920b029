"""Two samples of one process: whether they are of one distribution, and of one size.

Weights may depend on what is compared. So the tests use the covariance of the weighted histograms and of the
weighted distribution functions, not an effective number of events that is right only if they do not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, inf, sqrt

import numpy as np
from scipy.special import kolmogorov
from scipy.stats import chi2 as chi2_distribution
from scipy.stats import norm as normal

from mcgen.analysis import yield_of
from mcgen.events import Events
from mcgen.io.samples import Collisions
from mcgen.physics.kinematics import dot, norm
from mcgen.types import Array, Ints

VARIABLES = {
    "x": "",
    "theta": "rad",
    "boson_e": "GeV",
    "boson_pt": "GeV",
    "recoil_e": "GeV",
    "recoil_theta": "rad",
    "t": "GeV^2",
}
"""What is compared, and its units; angles and transverse momenta are from the muon's direction."""

P_MIN = 1e-3
"""Probability below which two samples are not compatible."""

LHE_ALLOWANCE = 0.005
"""Relative error of the total of an LHE sample beyond the one that it quotes, which is usually too small."""

MAX_BINS = 25

MIN_IN_BIN = 20.0
"""Effective number of events that a bin needs."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Events in the variables that are compared.

    Attributes
    ----------
    weight : (n,)
    values : (n,) by the names in `VARIABLES`; NaN where not defined
    total, error : sum of weights and its error
    allowance : further relative error of the total
    """

    weight: Array
    values: Mapping[str, Array]
    total: float
    error: float
    allowance: float = 0.0


@dataclass(frozen=True, slots=True)
class Histogram:
    """Fractions of two samples in bins, over the widths of the bins, with errors; `edges` has one more."""

    edges: Array
    density: Array
    error: Array
    reference: Array
    reference_error: Array


@dataclass(frozen=True, slots=True)
class Shape:
    """The comparison of one variable's distribution.

    Attributes
    ----------
    chi2, ndf, p_chi2 : of the fractions in bins of equal content
    ks, ks_p : largest distance of the distribution functions, and its probability
    mean, mean_error, reference_mean, reference_mean_error : in the variable's unit
    histogram : for a picture
    """

    variable: str
    chi2: float
    ndf: int
    p_chi2: float
    ks: float
    ks_p: float
    mean: float
    mean_error: float
    reference_mean: float
    reference_mean_error: float
    histogram: Histogram

    @property
    def compatible(self) -> bool:
        """Whether both tests say so."""
        return min(self.p_chi2, self.ks_p) > P_MIN


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of two samples.

    Attributes
    ----------
    shapes : of the variables that can be compared
    left_out : reasons for the others, by their names
    sample, reference : what was compared
    """

    shapes: tuple[Shape, ...]
    left_out: Mapping[str, str]
    sample: Sample
    reference: Sample

    @property
    def total_p(self) -> float:
        """Probability of totals that are further apart, after the allowance."""
        apart = abs(self.sample.total - self.reference.total)
        apart = max(apart - self.reference.allowance * abs(self.reference.total), 0.0)
        error = hypot(self.sample.error, self.reference.error)
        z = apart / error if error > 0.0 else inf * apart if apart > 0.0 else 0.0
        return float(2.0 * normal.sf(z))

    @property
    def disagreements(self) -> list[str]:
        """Names of what is not compatible."""
        total = [] if self.total_p > P_MIN else ["total"]
        return total + [shape.variable for shape in self.shapes if not shape.compatible]

    @property
    def verdict(self) -> str:
        """One line for people."""
        wrong = self.disagreements
        if wrong:
            return f"NOT compatible: {', '.join(wrong)} (p < {P_MIN:g})"
        return f"compatible: total and {len(self.shapes)} shapes, every p > {P_MIN:g}"


def sample_of_events(events: Events) -> Sample:
    """Sample of all events of a file of mcgen's."""
    total = yield_of(events["weight"], events["muon_row"], int(events.metadata["points"]))
    muon, boson, recoil = (
        np.stack([events[f"{name}_{axis}"] for axis in ("px", "py", "pz", "e")])
        for name in ("emission_muon", "boson", "recoil")
    )
    values = _values(muon, boson, recoil, events["theta"]) | {"t": events["t"]}
    return Sample(events["weight"], values, total.value, total.mc_error)


def sample_of_collisions(collisions: Collisions) -> Sample:
    """Sample of an LHE file."""
    c = collisions
    values = _values(c.muon, c.boson, c.recoil, _angle(c.muon, c.boson))
    # From the nucleus' momentum: its energy, in a file's digits, is its mass.
    square = dot(c.nucleus, c.nucleus)
    kinetic = square / (c.nucleus_mass + np.sqrt(c.nucleus_mass**2 + square))
    values["t"] = square - kinetic**2
    return Sample(c.weight, values, c.sigma, c.sigma_error, LHE_ALLOWANCE)


def _values(muon: Array, boson: Array, recoil: Array, theta: Array) -> dict[str, Array]:
    return {
        "x": boson[3] / muon[3],
        "theta": theta,
        "boson_e": boson[3],
        "boson_pt": norm(boson) * np.sin(theta),
        "recoil_e": recoil[3],
        "recoil_theta": _angle(muon, recoil),
    }


def _angle(a: Array, b: Array) -> Array:
    """Angle (n,) between momenta, good for small ones too."""
    angle: Array = np.arctan2(norm(np.cross(a[:3], b[:3], axis=0)), dot(a, b))
    return angle


def compare(sample: Sample, reference: Sample) -> Comparison:
    """Compare all variables of two samples, and their totals."""
    shapes, left_out = [], {}
    for name in VARIABLES:
        pairs = [(one.values[name], one.weight) for one in (sample, reference)]
        reason = _not_comparable(*pairs)
        if reason:
            left_out[name] = reason
        else:
            shapes.append(compare_shapes(name, *pairs))
    return Comparison(tuple(shapes), left_out, sample, reference)


Weighted = tuple[Array, Array]
"""Values and weights (n,)."""


def _not_comparable(sample: Weighted, reference: Weighted) -> str:
    """Say why two samples cannot be compared; empty if they can."""
    for (values, weights), whose in ((sample, "file"), (reference, "reference")):
        if np.isnan(values).any():
            return f"not defined in the {whose}"
        size = effective_size(weights)
        if size < 2.0 * MIN_IN_BIN:
            return f"too few events in the {whose}: effective size {size:.0f}"
    if np.ptp(np.concatenate([sample[0], reference[0]])) == 0.0:
        return "one value in both"
    return ""


def compare_shapes(variable: str, sample: Weighted, reference: Weighted) -> Shape:
    """Compare the distributions of one variable; what is NaN or constant cannot be."""
    chi2, ndf = two_sample_chi2(sample, reference)
    distance, size = two_sample_ks(sample, reference)
    mean, error = weighted_mean(*sample)
    reference_mean, reference_error = weighted_mean(*reference)
    return Shape(
        variable=variable,
        chi2=chi2,
        ndf=ndf,
        p_chi2=float(chi2_distribution.sf(chi2, ndf)),
        ks=distance,
        ks_p=ks_probability(distance, size),
        mean=mean,
        mean_error=error,
        reference_mean=reference_mean,
        reference_mean_error=reference_error,
        histogram=histogram(sample, reference),
    )


def effective_size(weights: Array) -> float:
    """(sum w)^2/sum w^2; 0 without events."""
    square = float(weights @ weights)
    return float(np.sum(weights)) ** 2 / square if square > 0.0 else 0.0


def weighted_mean(values: Array, weights: Array) -> tuple[float, float]:
    """Weighted mean and its error."""
    share = weights / np.sum(weights)
    mean = float(share @ values)
    return mean, float(np.sqrt(np.sum((share * (values - mean)) ** 2)))


def two_sample_chi2(one: Weighted, two: Weighted) -> tuple[float, int]:
    """Chi2 of the difference of two samples' fractions in bins, and its degrees of freedom.

    The bins have equal content in the two samples together. The fractions f_k scatter about the common m_k
    with the covariance sum_i w_i^2 (1_k - m_k)(1_l - m_l)/(sum w)^2.
    """
    sizes = np.array([effective_size(weights) for _, weights in (one, two)])
    edges = _common_quantiles(one, two, int(np.clip(sizes.min() / MIN_IN_BIN, 2, MAX_BINS)))
    categories = [np.searchsorted(edges, values).astype(np.int64) for values, _ in (one, two)]
    bins = len(edges) + 1
    pairs = [(category, weights) for category, (_, weights) in zip(categories, (one, two), strict=True)]
    fractions = np.stack([_fractions(category, weights, bins) for category, weights in pairs])
    mean = sizes @ fractions / sizes.sum()
    covariance = np.sum([_covariance(category, weights, mean) for category, weights in pairs], axis=0)
    # The fractions sum to 1: the last one follows from the others.
    kept = (fractions[0] - fractions[1])[:-1]
    return float(kept @ np.linalg.solve(covariance[:-1, :-1], kept)), bins - 1


def _common_quantiles(one: Weighted, two: Weighted, bins: int) -> Array:
    """Inner edges of bins in which the two samples together, each with equal say, have equal content."""
    values, share = _sorted_shares(one, two)
    content = np.cumsum(np.abs(share).sum(axis=0))
    inner = np.searchsorted(content, content[-1] * np.arange(1, bins) / bins)
    edges: Array = np.unique(values[inner])
    edges = edges[edges < values[-1]]  # nothing is above the largest value
    if not len(edges):
        edges = values[values < values[-1]][-1:]
    return edges


def _sorted_shares(one: Weighted, two: Weighted) -> tuple[Array, Array]:
    """Values of both samples in order, and their shares (2, n) in each of the samples."""
    values = np.concatenate([one[0], two[0]])
    share = np.zeros((2, len(values)))
    share[0, : len(one[0])] = one[1] / np.sum(one[1])
    share[1, len(one[0]) :] = two[1] / np.sum(two[1])
    order = np.argsort(values, kind="stable")
    return values[order], share[:, order]


def _fractions(category: Ints, weights: Array, bins: int) -> Array:
    """Weighted fractions (k,) in categories."""
    fractions: Array = np.bincount(category, weights, bins) / np.sum(weights)
    return fractions


def _covariance(category: Ints, weights: Array, mean: Array) -> Array:
    """Covariance (k, k) of weighted fractions that scatter about `mean`."""
    square = _fractions(category, weights * weights, len(mean)) * np.sum(weights**2) / np.sum(weights) ** 2
    covariance = np.diag(square) - np.outer(mean, square) - np.outer(square, mean)
    covariance += np.outer(mean, mean) * np.sum(square)
    return covariance


def two_sample_ks(one: Weighted, two: Weighted) -> tuple[float, float]:
    """Largest distance of two samples' distribution functions, and its effective size.

    The variance of F(v) is sum_i w_i^2 (1(v_i <= v) - F(v))^2/(sum w)^2, which is F (1 - F)/n for equal weights.
    The tail of the maximum of a Gaussian process goes as exp(-d^2/(2 max V)), hence the size 1/(4 max V).
    """
    values, share = _sorted_shares(one, two)
    below, square = np.cumsum(share, axis=1), np.cumsum(share * share, axis=1)
    variance = square * (1.0 - 2.0 * below) + square[:, -1:] * below * below
    # Among equal values only behind the last one.
    last = np.append(np.diff(values) > 0.0, True)
    distance = np.max(np.abs(below[0] - below[1])[last])
    return float(distance), float(0.25 / np.max(variance.sum(axis=0)[last]))


def ks_probability(distance: float, size: float) -> float:
    """Probability of a larger distance: Kolmogorov's limit with Stephens' correction for finite size."""
    root = sqrt(size)
    return float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def histogram(sample: Weighted, reference: Weighted) -> Histogram:
    """Histogram two samples for a picture, between the 0.1 % and 99.9 % of both together."""
    values, share = _sorted_shares(sample, reference)
    content = np.cumsum(np.abs(share).sum(axis=0))
    low, high = values[np.searchsorted(content, content[-1] * np.array([0.001, 0.999]))]
    wide = low > 0.0 and high > 20.0 * low
    edges = np.geomspace(low, high, MAX_BINS + 1) if wide else np.linspace(low, high, MAX_BINS + 1)
    return Histogram(edges, *_density(sample, edges), *_density(reference, edges))


def _density(sample: Weighted, edges: Array) -> tuple[Array, Array]:
    """Fractions over the widths of bins, and their errors."""
    values, weights = sample
    share = weights / np.sum(weights)
    fraction = np.histogram(values, edges, weights=share)[0]
    square = np.histogram(values, edges, weights=share * share)[0]
    variance = square * (1.0 - 2.0 * fraction) + np.sum(share * share) * fraction**2
    width = np.diff(edges)
    return fraction / width, np.sqrt(np.maximum(variance, 0.0)) / width
