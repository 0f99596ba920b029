"""Runs that end with a number of events: no bias of stopping on a count, and honest errors."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mcgen
from mcgen.analysis.yields import Tally
from mcgen.metadata import Yield
from mcgen.record.columns import Record
from mcgen.run.counting import cut, ended, endless
from mcgen.run.run import Run
from tests.oracle.cards import write_tiny_card
from tests.oracle.stats import Array, assert_agrees, seed_of

NUMBER, RUNS = 3, 250


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    folder: Path = tmp_path_factory.mktemp("counting")
    card = mcgen.load_card(write_tiny_card(folder))
    changes = {"seed": seed_of("counting"), "write": "accepted", "columns": ("slim",)}
    return Run.of(endless(card.replace(run=changes)))


@pytest.fixture(scope="module")
def truth(run: Run) -> dict[str, Yield]:
    """Yields of one long run from the same proposal."""
    card = run.card.replace(run={"events": 50_000, "chunk": 50_000})
    return replace(run, card=card, seed=seed_of("counting", "truth")).yields()


def small_runs(run: Run) -> Iterator[tuple[Run, list[Record]]]:
    """Runs of a number of events, and the chunks that they are cut from."""
    for i in range(RUNS):
        one = replace(run, seed=seed_of("counting", i))
        records: list[Record] = []

        def keeping(one: Run = one, records: list[Record] = records) -> Iterator[Record]:
            for record in one.chunks():
                records.append(record)
                yield record

        yield ended(one, NUMBER, keeping()), records


@pytest.fixture(scope="module")
def found(run: Run) -> list[tuple[int, dict[str, Yield]]]:
    """Points and yields of small runs."""
    results = []
    for final, records in small_runs(run):
        tally = Tally(final.provenance())
        for record in cut(records, final.card.run.events):
            tally.add(record)
        results.append((final.card.run.events, tally.yields()))
    return results


@pytest.mark.parametrize("selection", ["fiducial", "accepted"])
def test_many_small_runs_have_the_yields_of_a_long_one(
    found: list[tuple[int, dict[str, Yield]]], truth: dict[str, Yield], selection: str
) -> None:
    values = np.array([yields[selection].value for _, yields in found])
    assert_agrees(*mean_and_error(values, truth[selection]), 0.0)


def test_a_run_that_ends_with_an_event_is_noticed(
    found: list[tuple[int, dict[str, Yield]]], truth: dict[str, Yield]
) -> None:
    """Control: with the point of event number + 1 in the run, too, the yield comes out too large."""
    more = (NUMBER + 1) / NUMBER
    values = np.array([more * y["accepted"].value * points / (points + 1) for points, y in found])
    with pytest.raises(AssertionError):
        assert_agrees(*mean_and_error(values, truth["accepted"]), 0.0)


def test_their_errors_are_their_spread(
    found: list[tuple[int, dict[str, Yield]]], truth: dict[str, Yield]
) -> None:
    expected = truth["accepted"]
    values = np.array([yields["accepted"].value for _, yields in found])
    variances = np.array([yields["accepted"].mc_error ** 2 for _, yields in found])
    spread = (values - expected.value) ** 2 - expected.mc_error**2
    error = float((spread - variances).std(ddof=1) / np.sqrt(RUNS))
    assert_agrees(float((spread - variances).mean()), error, 0.0)
    # Control: errors twice as large.
    error = float((spread - 4.0 * variances).std(ddof=1) / np.sqrt(RUNS))
    with pytest.raises(AssertionError):
        assert_agrees(float((spread - 4.0 * variances).mean()), error, 0.0)


def mean_and_error(values: Array, truth: Yield) -> tuple[float, float]:
    """Mean difference of independent values from the truth, and its error."""
    error = float(np.hypot(values.std(ddof=1) / np.sqrt(len(values)), truth.mc_error))
    return float(values.mean()) - truth.value, error
