"""The statistical assertions themselves: right rates of false alarms, and power."""

from __future__ import annotations

import numpy as np
import pytest

from tests.oracle.stats import (
    Array,
    assert_agrees,
    assert_same_distribution,
    assert_same_fractions,
    assert_same_histogram,
    assert_same_samples,
    assert_unit_pulls,
    autocorrelation_z,
    bin_of,
    chi2_p,
    effective_size,
    fractions_p,
    generator,
    ks_distance,
    ks_p,
    normal_p,
    runs_z,
    samples_p,
    seed_of,
)

TOYS = 1000


def toy(rng: np.random.Generator, slope: float = 0.0, n: int = 2000) -> tuple[Array, Array]:
    """Sample of the density 1 + slope (x - 1/2) on 0..1, whose weights depend on x and on chance."""
    x = rng.beta(1.3, 1.0, n)
    return x, (1.0 + slope * (x - 0.5)) / x**0.3 * rng.choice([0.5, 1.5], n)


def identity(x: Array) -> Array:
    return x


def assert_rate(p: list[float], level: float, caution: float = 1.0) -> None:
    """Require that a share `level` of the p-values is below it, or less by the factor `caution`."""
    rate, error = float(np.mean(np.array(p) < level)), np.sqrt(level * (1.0 - level) / len(p))
    assert caution * level - 5.0 * error < rate < level + 5.0 * error


def test_seeds_belong_to_labels(monkeypatch: pytest.MonkeyPatch) -> None:
    one = seed_of("one", 1)
    assert one == seed_of("one", 1)
    assert len({one, seed_of("one", 2), seed_of("one"), seed_of("two", 1)}) == 4
    monkeypatch.setenv("MCGEN_TEST_SEED", "other")
    assert seed_of("one", 1) != one


def test_rates_of_false_alarms() -> None:
    rng = generator("rates")
    toys = [toy(rng) for _ in range(TOYS)]
    ks = [ks_p(*ks_distance(x, w, identity)) for x, w in toys]
    fractions = [fractions_p(bin_of(x, 10), w, np.full(10, 0.1)) for x, w in toys]
    samples = [samples_p(one, two, 10) for one, two in zip(toys[::2], toys[1::2], strict=True)]
    for level in (0.5, 0.1, 0.02):
        assert_rate(fractions, level)
        assert_rate(samples, level)
        # The effective size is that of the worst place: cautious where weights depend on x.
        assert_rate(ks, level, caution=0.7)


def test_an_effective_size_without_regard_to_where_the_weights_are_would_be_wrong() -> None:
    rng = generator("naive")
    naive, proper = [], []
    for _ in range(TOYS):
        # The last tenth of the range is drawn ten times too rarely.
        rare = rng.random(2000) < 0.01
        x = np.where(rare, 0.9 + 0.1 * rng.random(2000), 0.9 * rng.random(2000))
        w = np.where(rare, 10.0, 0.9 / 0.99)
        distance, size = ks_distance(x, w, identity)
        proper.append(ks_p(distance, size))
        naive.append(ks_p(distance, effective_size(w)))
    assert_rate(proper, 0.1, caution=0.1)
    with pytest.raises(AssertionError):
        assert_rate(naive, 0.1, caution=0.1)


def test_distributions_are_told_apart() -> None:
    rng = generator("power")
    right, wrong = toy(rng, n=50_000), toy(rng, slope=0.3, n=50_000)
    assert_same_distribution(*right, identity)
    assert_same_histogram(*right, identity)
    assert_same_samples(right, toy(rng, n=50_000))
    with pytest.raises(AssertionError, match="KS"):
        assert_same_distribution(*wrong, identity)
    with pytest.raises(AssertionError, match="chi2"):
        assert_same_histogram(*wrong, identity)
    with pytest.raises(AssertionError, match="chi2"):
        assert_same_samples(right, wrong)


def test_samples_that_are_too_small_are_refused() -> None:
    x, w = toy(generator("small"), n=9)
    with pytest.raises(AssertionError, match="tests nothing"):
        assert_same_distribution(x, w, identity)
    with pytest.raises(AssertionError, match="too few"):
        assert_same_fractions(bin_of(x, 2), w, np.full(2, 0.5))
    with pytest.raises(AssertionError, match="too few"):
        assert_same_samples((x, w), (x, w))


def test_numbers_are_told_apart() -> None:
    assert_agrees(1.04, 0.01, 1.0)
    for estimate, error in ((1.06, 0.01), (1.0, 0.0), (np.nan, 0.01), (1.06, np.inf)):
        with pytest.raises(AssertionError):
            assert_agrees(estimate, error, 1.0)


def test_pulls_of_wrong_width_are_noticed() -> None:
    pulls = generator("pulls").normal(size=1000)
    assert_unit_pulls(pulls)
    for scale in (0.8, 1.25):
        with pytest.raises(AssertionError, match="pulls"):
            assert_unit_pulls(pulls / scale)


def test_dependent_series_are_noticed() -> None:
    rng = generator("series")
    independent = rng.exponential(size=20_000)
    mixed = independent[1:] + 0.1 * independent[:-1]
    for z in (autocorrelation_z, runs_z):
        assert abs(z(independent)) < 5.0
        assert abs(z(mixed)) > 5.0


def test_probabilities() -> None:
    assert normal_p(-1.959964) == pytest.approx(0.05, rel=1e-5, abs=0.0)
    assert chi2_p(3.841459, 1) == pytest.approx(0.05, rel=1e-5, abs=0.0)
    assert chi2_p(3.841459, 1, two_sided=True) == pytest.approx(0.1, rel=1e-5, abs=0.0)
