"""The comparison of two weighted samples: closed forms, p-values under the null, distortions that it has to see."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from mcgen.comparison.compare import VARIABLES, Sample, compare, compare_shapes
from mcgen.comparison.two_samples import (
    MAX_BINS,
    Weighted,
    histogram,
    ks_probability,
    two_sample_chi2,
    two_sample_ks,
    weighted_mean,
)
from mcgen.types import Array
from mcgen.weights import effective_size
from tests.oracle.stats import generator

REPETITIONS = 250


def chi2_p(one: Weighted, two: Weighted) -> float:
    return float(stats.chi2.sf(*two_sample_chi2(one, two)))


def ks_p(one: Weighted, two: Weighted) -> float:
    return ks_probability(*two_sample_ks(one, two))


TESTS: dict[str, Callable[[Weighted, Weighted], float]] = {"chi2": chi2_p, "ks": ks_p}

WEIGHTS = ("equal", "independent", "dependent")


def drawn(rng: np.random.Generator, n: int, weights: str) -> Weighted:
    """Draw a sample of an exponential distribution, whatever the weights."""
    x = rng.exponential(size=n)
    if weights == "dependent":
        # With the density (1 + x) e^-x/2 and weights 1/(1 + x).
        x = np.where(rng.random(n) < 0.5, x, rng.gamma(2.0, size=n))
        return x, 1.0 / (1.0 + x)
    return x, rng.exponential(size=n) if weights == "independent" else np.ones(n)


# --- Closed forms -------------------------------------------------------------------------------------------


def test_equal_weights_give_the_classical_tests() -> None:
    rng = generator("classical")
    one, two = rng.normal(size=3000), rng.normal(0.05, size=3000)
    pair = (one, np.full(3000, 2.0)), (two, np.full(3000, 7.0))
    distance, size = two_sample_ks(*pair)
    assert distance == pytest.approx(stats.ks_2samp(one, two).statistic, rel=1e-12, abs=0.0)
    assert size == pytest.approx(1500.0, rel=1e-3)
    chi2, ndf = two_sample_chi2(*pair)
    both = np.sort(np.concatenate([one, two]))
    edges = both[np.arange(1, MAX_BINS) * len(both) // MAX_BINS - 1]
    table = [np.bincount(np.searchsorted(edges, x), minlength=MAX_BINS) for x in (one, two)]
    expected = stats.chi2_contingency(table, correction=False)
    assert ndf == MAX_BINS - 1
    assert chi2 == pytest.approx(expected.statistic, rel=1e-9)


def test_weights_that_are_multiplicities() -> None:
    # Halving the weights and doubling the events changes neither mean nor chi2 of a large sample's fractions.
    values, weights = np.array([1.0, 2.0, 4.0]), np.array([1.0, 2.0, 1.0])
    mean, error = weighted_mean(values, weights)
    assert mean == pytest.approx(2.25)
    assert error == pytest.approx(np.sqrt((1.25**2 + (2 * 0.25) ** 2 + 1.75**2) / 16.0))
    assert effective_size(weights) == pytest.approx(16.0 / 6.0)
    assert effective_size(np.zeros(0)) == 0.0


def test_scale_of_the_weights_does_not_matter() -> None:
    rng = generator("scale")
    one, two = drawn(rng, 1000, "dependent"), drawn(rng, 700, "independent")
    scaled = (one[0], 1e9 * one[1]), (two[0], 1e-9 * two[1])
    assert two_sample_chi2(*scaled) == pytest.approx(two_sample_chi2(one, two), rel=1e-9)
    assert two_sample_ks(*scaled) == pytest.approx(two_sample_ks(one, two), rel=1e-9)


def test_ties_do_not_count_as_distance() -> None:
    value = np.repeat([1.0, 2.0], 500), np.ones(1000)
    assert two_sample_ks(value, value)[0] == 0.0
    assert two_sample_chi2(value, value)[0] == pytest.approx(0.0, abs=1e-12)
    assert two_sample_chi2(value, value)[1] == 1


def test_the_histogram_holds_all_but_the_tails() -> None:
    rng = generator("histogram")
    made = histogram(drawn(rng, 5000, "equal"), drawn(rng, 4000, "dependent"))
    width = np.diff(made.edges)
    assert made.density @ width == pytest.approx(0.998, abs=2e-3)
    assert made.reference @ width == pytest.approx(0.998, abs=3e-3)
    n = 5000 * made.density * width
    np.testing.assert_allclose(made.error * width * 5000, np.sqrt(n * (1.0 - n / 5000)), rtol=1e-9)


# --- Under the null -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("kinds", [("equal", "equal"), ("independent", "equal"), ("dependent", "equal")])
@pytest.mark.parametrize("test", TESTS)
def test_probabilities_are_uniform(test: str, kinds: tuple[str, str]) -> None:
    rng = generator("null", test, *kinds)
    found = np.array(
        [TESTS[test](drawn(rng, 1500, kinds[0]), drawn(rng, 1000, kinds[1])) for _ in range(REPETITIONS)]
    )
    # The maximum of a distribution function's distance is discrete, and its limit a little conservative.
    if test == "chi2":
        assert stats.kstest(found, "uniform").pvalue > 1e-4
    for level in (0.01, 0.1, 0.5):
        expected = level * REPETITIONS
        assert np.sum(found < level) < expected + 4.0 * np.sqrt(expected) + 1.0
    assert np.sum(found < 0.3) > 0.15 * REPETITIONS


def test_effective_sizes_alone_are_not_enough() -> None:
    # Weights that depend on what is compared, taken as if they did not: the tests above would fail like this.
    rng = generator("naive")
    found = []
    for _ in range(REPETITIONS):
        x = np.where(rng.random(1000) < 0.02, rng.uniform(0.0, 0.5, 1000), rng.uniform(0.5, 1.0, 1000))
        w = np.where(x < 0.5, 49.0, 1.0)
        above = np.sum(w[x > 0.75]) / np.sum(w)
        found.append(2.0 * stats.norm.sf(abs(above - 0.25) / np.sqrt(0.1875 / effective_size(w))))
    assert stats.kstest(found, "uniform").pvalue < 1e-6


# --- Distortions --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", WEIGHTS)
@pytest.mark.parametrize("test", TESTS)
def test_a_scale_wrong_by_7_percent_is_detected(test: str, kind: str) -> None:
    rng = generator("distorted", test, kind)
    one, (x, w) = drawn(rng, 50_000, kind), drawn(rng, 50_000, kind)
    assert TESTS[test](one, (x, w)) > 1e-4
    assert TESTS[test](one, (1.07 * x, w)) < 1e-3


def test_a_tilt_of_10_percent_is_detected() -> None:
    rng = generator("tilt")
    x, w = drawn(rng, 40_000, "equal")
    tilted = (x, w * (1.0 + 0.1 * np.tanh(2.0 * (x - 1.0))))
    shape = compare_shapes("x", tilted, drawn(rng, 40_000, "equal"))
    assert min(shape.p_chi2, shape.ks_p) < 1e-3
    assert not shape.compatible


# --- Whole samples ------------------------------------------------------------------------------------------


def sample(label: str, total: float = 100.0, **values: Array | float) -> Sample:
    """Make a sample in which every variable is exponential, but those that are given."""
    rng = generator("sample", label)
    filled = {name: rng.exponential(size=1000) for name in VARIABLES}
    filled |= {name: np.broadcast_to(value, 1000) for name, value in values.items()}
    return Sample(np.ones(1000), filled, total, 1.0)


def test_all_variables_are_compared() -> None:
    found = compare(sample("a"), sample("b"))
    assert [shape.variable for shape in found.shapes] == list(VARIABLES)
    assert not found.left_out
    assert found.verdict.startswith("compatible")


@pytest.mark.parametrize(
    ("one", "two", "reason"),
    [
        ({"t": np.nan}, {}, "not defined in the file"),
        ({}, {"t": np.nan}, "not defined in the reference"),
        ({"t": 0.0}, {"t": 0.0}, "one value in both"),
    ],
)
def test_what_cannot_be_compared_is_left_out(
    one: dict[str, float], two: dict[str, float], reason: str
) -> None:
    found = compare(sample("a", **one), sample("b", **two))
    assert found.left_out == {"t": reason}
    assert [shape.variable for shape in found.shapes] == [name for name in VARIABLES if name != "t"]
    assert not found.disagreements


def test_a_constant_in_one_of_them_is_compared() -> None:
    found = compare(sample("a", theta=0.0), sample("b"))
    assert found.disagreements == ["theta"]
    assert found.verdict.startswith("NOT compatible: theta")


def test_few_events_are_left_out() -> None:
    few = Sample(np.ones(30), {name: np.arange(30.0) for name in VARIABLES}, 100.0, 1.0)
    found = compare(few, sample("b"))
    assert not found.shapes
    assert set(found.left_out) == set(VARIABLES)
    assert "effective size 30" in found.left_out["x"]


@pytest.mark.parametrize(
    ("total", "allowance", "agrees"), [(104.0, 0.0, True), (106.0, 0.0, False), (106.0, 0.02, True)]
)
def test_totals(total: float, allowance: float, agrees: bool) -> None:
    one, two = sample("a", total=total), sample("b")
    two = Sample(two.weight, two.values, two.total, two.error, allowance)
    found = compare(one, two)
    apart = max(abs(total - 100.0) - 100.0 * allowance, 0.0)
    assert found.total_p == pytest.approx(2.0 * stats.norm.sf(apart / np.sqrt(2.0)))
    assert ("total" not in found.disagreements) is agrees
