"""Events in a file are independent and identically distributed: in a chunk, across chunks and seeds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import rankdata

import mcgen
from mcgen.events import Events
from tests.oracle.quadrature import SELECTIONS, SETUPS
from tests.oracle.setups import card_of
from tests.oracle.stats import (
    Array,
    assert_agrees,
    assert_same_samples,
    autocorrelation_z,
    generator,
    runs_z,
    seed_of,
)

POINTS, CHUNK = 100_000, 10_000

COLUMNS = ("x", "boson_e", "decay_z", "d1_e", "emission_z", "weight")
"""Continuous ones."""


@dataclass(frozen=True)
class Sample:
    """Events, and their weights point by point: 0 where nothing was written."""

    events: Events
    weight: Array
    accepted: Array

    @property
    def series(self) -> dict[str, Array]:
        return {"fiducial": self.weight, "accepted": self.accepted}


def draw(folder: Path, name: str, label: str) -> Sample:
    setup, channel, cuts = SELECTIONS[name]
    vegas = {"pilot": 5000, "nitn": 3, "neval": 4000}
    run = {"events": POINTS, "chunk": CHUNK, "seed": seed_of("iid", name, label), "vegas": vegas}
    events = mcgen.generate(card_of(SETUPS[setup], folder, run, channel=channel, cuts=cuts))
    weight, place = np.zeros(POINTS), events.event.astype(np.int64)
    weight[place] = events.weight
    accepted = np.zeros(POINTS)
    accepted[place] = events.weight * events.accepted
    return Sample(events, weight, accepted)


@pytest.fixture(scope="module", params=["electrons_mixed_flux", "muons_validity_limit"])
def sample(request: pytest.FixtureRequest, folder: Path) -> Sample:
    return draw(folder, request.param, "first")


def assert_independent(series: Array) -> None:
    """Test neighbours, points at the same place of neighbouring chunks, and runs above the mean.

    By ranks: of the values themselves, a few large ones would decide alone.
    """
    ranks = rankdata(series)
    for lag in (1, 2, CHUNK):
        assert abs(autocorrelation_z(ranks, lag)) < 5.0, f"autocorrelation at lag {lag}"
    assert abs(runs_z(series)) < 5.0, "runs"


def test_weights_are_independent(sample: Sample) -> None:
    for series in sample.series.values():
        assert_independent(series)
    for name in (*COLUMNS, "parent_row", "channel"):
        assert_independent(values(sample.events, name))


def test_dependence_is_noticed(sample: Sample) -> None:
    rng = generator("dependence")
    for series in sample.series.values():
        smeared = series + 0.1 * np.roll(series, 1)
        # As stratified sampling writes them: each point in a stratum of its own, one after the other.
        sorted_in_blocks = np.sort(series.reshape(-1, 20), axis=1).ravel()
        # A stream that is used for two chunks.
        repeated = series.copy()
        repeated[CHUNK : 2 * CHUNK] = series[:CHUNK] * rng.uniform(0.9, 1.1, CHUNK)
        for wrong in (smeared, sorted_in_blocks, repeated):
            with pytest.raises(AssertionError, match=r"autocorrelation|runs"):
                assert_independent(wrong)


def halves(sample: Sample) -> tuple[Events, Events]:
    """Events of the first and of the second half of the points."""
    first = sample.events.event < POINTS // 2
    return sample.events[first], sample.events[~first]


def test_both_halves_are_alike(sample: Sample) -> None:
    one, two = halves(sample)
    for name in COLUMNS:
        assert_same_samples((values(one, name), one.weight), (values(two, name), two.weight))
    # The weights themselves, as drawn.
    assert_same_samples((one.weight, np.ones(len(one))), (two.weight, np.ones(len(two))))
    for series in sample.series.values():
        first, second = series.reshape(2, -1)
        error = np.hypot(first.std(), second.std()) * (POINTS / 2) ** -0.5
        assert_agrees(float(first.mean()), float(error), float(second.mean()))
        with pytest.raises(AssertionError, match="sigma"):
            assert_agrees(1.1 * float(first.mean()), float(error), float(second.mean()))


def values(events: Events, name: str) -> Array:
    return np.asarray(events.columns[name], dtype=np.float64)


def test_halves_that_differ_are_noticed(sample: Sample) -> None:
    one, two = halves(sample)
    rank = np.argsort(np.argsort(two.x)) / len(two)
    drifting = two.weight * (0.7 + 0.6 * rank)
    with pytest.raises(AssertionError, match="chi2"):
        assert_same_samples((one.x, one.weight), (two.x, drifting))


def test_seeds_are_independent(folder: Path) -> None:
    one, two = (draw(folder, "electrons_mixed_flux", label) for label in ("first", "second"))
    assert abs(correlation_z(one.weight, two.weight)) < 5.0
    assert not np.intersect1d(one.events.decay_z, two.events.decay_z).size
    # Control: seeds that shared a tenth of their random numbers.
    mixed = np.where(np.arange(POINTS) % 10 == 0, one.weight, two.weight)
    assert abs(correlation_z(one.weight, mixed)) > 5.0


def correlation_z(one: Array, two: Array) -> float:
    product = (one - one.mean()) * (two - two.mean())
    return float(product.sum() / np.sqrt(np.sum(product * product)))


def test_no_point_is_drawn_twice(sample: Sample) -> None:
    assert len(np.unique(sample.events.decay_z)) > 0.9999 * len(sample.events)
