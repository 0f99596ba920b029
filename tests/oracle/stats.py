"""Statistical assertions: errors come from the samples, never typed in.

Weights may depend on what is compared: the tests below use the covariance of the weighted sample, not
an effective number of events that is right only if they do not.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy.special import kolmogorov
from scipy.stats import chi2, norm

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Cdf = Callable[[Array], Array]

MIN_EFFECTIVE = 10.0
"""Effective number of events below which the limit theorems say nothing, in a bin or in a sample."""


# --- Seeds ------------------------------------------------------------------------------------------------


def seed_of(*labels: object) -> int:
    """Seed for a run, 0 .. 2^63 - 1: a function of MCGEN_TEST_SEED and the labels.

    Runs with one seed share their random numbers even if their cards differ, and fluctuate together:
    every test, and every case of it, has a label of its own.
    """
    text = repr((os.environ.get("MCGEN_TEST_SEED", "1"), *labels))
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1


def generator(*labels: object) -> np.random.Generator:
    """Random numbers for a test itself, from the seed of its labels."""
    return np.random.default_rng(seed_of(*labels))


# --- One number -------------------------------------------------------------------------------------------


def assert_agrees(estimate: float, error: float, truth: float, nsigma: float = 5.0) -> None:
    """Require |estimate - truth| < nsigma * error, with an error above 0."""
    assert np.isfinite(estimate), f"the estimate is {estimate}"
    assert 0.0 < error < np.inf, f"the error is {error}"
    pull = (estimate - truth) / error
    assert abs(pull) < nsigma, f"{estimate:.8g} +- {error:.2g} is {pull:+.1f} sigma from {truth:.8g}"


def pull(values: Array, truth: float) -> float:
    """Deviation of the values' mean from the truth, in units of its error."""
    return float((values.mean() - truth) / values.std() * np.sqrt(len(values)))


def assert_unit_pulls(pulls: Array, p_min: float = 1e-4) -> None:
    """Require that independent pulls have unit variance about 0: too small is as wrong as too large."""
    chi_squared = float(np.sum(pulls * pulls))
    p = chi2_p(chi_squared, len(pulls), two_sided=True)
    assert p > p_min, f"chi2 of the pulls {chi_squared:.1f}/{len(pulls)}, p = {p:.1e}"


def chi2_p(statistic: float, ndf: int, *, two_sided: bool = False) -> float:
    """Probability of a larger chi2, or of one that is further out on either side."""
    above = float(chi2.sf(statistic, ndf))
    return 2.0 * min(above, float(chi2.cdf(statistic, ndf))) if two_sided else above


def normal_p(z: float) -> float:
    """Two-sided probability of a normal variable to be further out."""
    return float(2.0 * norm.sf(abs(z)))


# --- A sample and a distribution --------------------------------------------------------------------------


def effective_size(weights: Array) -> float:
    """(sum w)^2/sum w^2; 0 without events."""
    square = float(np.sum(weights * weights))
    return float(np.sum(weights)) ** 2 / square if square > 0.0 else 0.0


def assert_same_distribution(sample: Array, weights: Array, cdf: Cdf, p_min: float = 1e-6) -> None:
    """Kolmogorov-Smirnov test of a weighted sample against a continuous distribution function."""
    distance, size = ks_distance(sample, weights, cdf)
    assert size > MIN_EFFECTIVE, f"effective size {size:.1f}: the sample tests nothing"
    p = ks_p(distance, size)
    assert p > p_min, f"KS distance {distance:.4f} at effective size {size:.0f}, p = {p:.1e}"


def ks_distance(sample: Array, weights: Array, cdf: Cdf) -> tuple[float, float]:
    """Largest distance of a weighted sample (n,) to a distribution, and its effective size.

    The variance of the distance at t is V(t) = sum w^2 (1(x <= t) - F(t))^2/(sum w)^2, F (1 - F)/n for
    equal weights. The tail of a Gaussian process' maximum goes as exp(-d^2/(2 max V)), hence the size
    1/(4 max V): n for equal weights, and (sum w)^2/sum w^2 if weights do not depend on x.
    """
    order = np.argsort(sample)
    w = weights[order] / np.sum(weights)
    f = np.asarray(cdf(sample[order]))
    above = np.cumsum(w)
    distance = max(np.max(above - f), np.max(f - (above - w)))
    square = np.cumsum(w * w)
    variance = square * (1.0 - 2.0 * f) + square[-1] * f * f
    return float(distance), float(0.25 / np.max(variance))


def ks_p(distance: float, size: float) -> float:
    """Probability of a larger distance: Kolmogorov's limit with Stephens' correction for finite size."""
    root = np.sqrt(size)
    return float(kolmogorov((root + 0.12 + 0.11 / root) * distance))


def assert_same_histogram(
    sample: Array, weights: Array, cdf: Cdf, bins: int = 20, p_min: float = 1e-6
) -> None:
    """Chi2 test of a weighted sample in bins of equal probability."""
    assert_same_fractions(bin_of(cdf(sample), bins), weights, np.full(bins, 1.0 / bins), p_min)


def bin_of(uniform: Array, bins: int) -> Ints:
    """Number of the bin of each value in 0..1."""
    return np.minimum((uniform * bins).astype(np.int64), bins - 1)


def assert_same_fractions(category: Ints, weights: Array, probability: Array, p_min: float = 1e-6) -> None:
    """Chi2 test of the fractions of a weighted sample that fall into categories.

    Parameters
    ----------
    category : (n,) 0 .. k-1
    probability : (k,) above 0, of sum 1
    """
    rarest = effective_size(weights) * float(probability.min())
    assert rarest > MIN_EFFECTIVE, f"{rarest:.1f} effective events in the rarest category: too few"
    p = fractions_p(category, weights, probability)
    assert p > p_min, f"chi2 test of {len(probability)} fractions, p = {p:.1e}"


def fractions_p(category: Ints, weights: Array, probability: Array) -> float:
    """Chi2 probability of weighted fractions, with the covariance of the weighted histogram."""
    fraction, covariance = _fractions(category, weights, probability)
    return _differences_p(fraction - probability, covariance)


def assert_same_samples(
    first: tuple[Array, Array], second: tuple[Array, Array], bins: int = 20, p_min: float = 1e-6
) -> None:
    """Chi2 test of two samples, each with its weights, in bins of equal content of the first."""
    smallest = min(effective_size(weights) for _, weights in (first, second)) / bins
    assert smallest > MIN_EFFECTIVE, f"{smallest:.1f} effective events a bin: too few"
    p = samples_p(first, second, bins)
    assert p > p_min, f"chi2 test of two samples in {bins} bins, p = {p:.1e}"


def samples_p(first: tuple[Array, Array], second: tuple[Array, Array], bins: int = 20) -> float:
    """Chi2 probability that two weighted samples have one distribution."""
    order = np.argsort(first[0])
    share = np.cumsum(first[1][order])
    edges = first[0][order][np.searchsorted(share, share[-1] * np.arange(1, bins) / bins)]
    fractions, covariances = [], []
    for sample, weights in (first, second):
        category = np.searchsorted(edges, sample).astype(np.int64)
        own = np.bincount(category, weights, bins) / np.sum(weights)
        fraction, covariance = _fractions(category, weights, own)
        fractions.append(fraction)
        covariances.append(covariance)
    return _differences_p(fractions[0] - fractions[1], covariances[0] + covariances[1])


def _fractions(category: Ints, weights: Array, mean: Array) -> tuple[Array, Array]:
    """Weighted fractions (k,) of categories, and their covariance (k, k) if they scatter about `mean`."""
    total = float(np.sum(weights))
    fraction = np.bincount(category, weights, len(mean)) / total
    square = np.bincount(category, weights * weights, len(mean)) / total**2
    covariance = np.diag(square) - np.outer(mean, square) - np.outer(square, mean)
    covariance += np.outer(mean, mean) * np.sum(square)
    return fraction, covariance


def _differences_p(difference: Array, covariance: Array) -> float:
    """Chi2 probability of differences that sum to 0: the last one follows from the others."""
    kept = difference[:-1]
    return chi2_p(float(kept @ np.linalg.solve(covariance[:-1, :-1], kept)), len(kept))


# --- A sequence -------------------------------------------------------------------------------------------


def autocorrelation_z(series: Array, lag: int = 1) -> float:
    """Autocorrelation at a lag, in units of its standard deviation for independent terms."""
    centred = series - series.mean()
    product = centred[lag:] * centred[:-lag]
    # Normalised by the products' own scatter, which heavy tails make larger than the variance squared.
    return float(product.sum() / np.sqrt(np.sum(product * product)))


def runs_z(series: Array) -> float:
    """Number of runs above and below the mean, in units of its standard deviation (Wald, Wolfowitz)."""
    high = series > series.mean()
    n, k = len(high), int(high.sum())
    runs = 1 + int(np.sum(high[1:] != high[:-1]))
    mean = 2.0 * k * (n - k) / n + 1.0
    variance = (mean - 1.0) * (mean - 2.0) / (n - 1.0)
    return float((runs - mean) / np.sqrt(variance))
