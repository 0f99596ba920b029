"""Weighted samples of one variable side by side: chi2, Kolmogorov and Smirnov, means, histograms.

Weights may depend on what is compared. So the tests use the covariance of the weighted histograms and of the
weighted distribution functions, not an effective number of events that is right only if they do not.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.special import kolmogorov

from mcgen.types import Array, Ints
from mcgen.weights import effective_size

Weighted = tuple[Array, Array]
"""Values and weights (n,)."""


MAX_BINS = 25

MIN_IN_BIN = 20.0
"""Effective number of events that a bin needs."""


@dataclass(frozen=True, slots=True)
class PairedHistogram:
    """Two samples in bins."""

    edges: Array
    """(k + 1,) of the bins."""
    density: Array
    """(k,) fraction of the sample over the width of the bin."""
    error: Array
    """(k,) of that."""
    reference: Array
    """(k,) the same of the reference."""
    reference_error: Array
    """(k,) of that."""


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


def histogram(sample: Weighted, reference: Weighted) -> PairedHistogram:
    """Histogram two samples for a picture, between the 0.1 % and 99.9 % of both together."""
    values, share = _sorted_shares(sample, reference)
    content = np.cumsum(np.abs(share).sum(axis=0))
    low, high = values[np.searchsorted(content, content[-1] * np.array([0.001, 0.999]))]
    wide = low > 0.0 and high > 20.0 * low
    edges = np.geomspace(low, high, MAX_BINS + 1) if wide else np.linspace(low, high, MAX_BINS + 1)
    return PairedHistogram(edges, *_density(sample, edges), *_density(reference, edges))


def _density(sample: Weighted, edges: Array) -> tuple[Array, Array]:
    """Fractions over the widths of bins, and their errors."""
    values, weights = sample
    share = weights / np.sum(weights)
    fraction = np.histogram(values, edges, weights=share)[0]
    square = np.histogram(values, edges, weights=share * share)[0]
    variance = square * (1.0 - 2.0 * fraction) + np.sum(share * share) * fraction**2
    width = np.diff(edges)
    return fraction / width, np.sqrt(np.maximum(variance, 0.0)) / width
