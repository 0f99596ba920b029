"""Yields, both errors, cut flow and effective size, against their definitions."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcgen.analysis.yields import Tally, YieldTally, yield_of
from mcgen.metadata import CutFlowStep, Outcome, Yield
from mcgen.record.columns import AnyArray
from mcgen.types import Array, Ints
from tests.oracle.described import flux_summary, provenance

weights = st.lists(st.floats(1e-6, 1e3), min_size=1, max_size=30)


def generator() -> np.random.Generator:
    return np.random.default_rng(int(os.environ.get("MCGEN_TEST_SEED", "1")))


def direct(weight: Array, row: Ints, points: int) -> Yield:
    """Definitions, written out over all points of the run."""
    every = np.concatenate([weight, np.zeros(points - len(weight))])
    variance = points * float(np.var(every, ddof=1))
    in_row = [weight[row == r] for r in np.unique(row)]
    flux = sum(float(w.sum()) ** 2 - float((w * w).sum()) for w in in_row)
    square = float((weight * weight).sum())
    return Yield(
        value=float(weight.sum()),
        mc_error=math.sqrt(variance),
        flux_error=math.sqrt(max(points / (points - 1) * flux, 0.0)),
        effective_size=float(weight.sum()) ** 2 / square if square else 0.0,
    )


def assert_same(found: Yield, expected: Yield, scale: float) -> None:
    assert found.value == pytest.approx(expected.value, rel=1e-12, abs=0.0)
    assert found.effective_size == pytest.approx(expected.effective_size, rel=1e-12, abs=0.0)
    # errors are roots of differences
    assert found.mc_error**2 == pytest.approx(expected.mc_error**2, rel=1e-11, abs=1e-12 * scale**2)
    assert found.flux_error**2 == pytest.approx(expected.flux_error**2, rel=1e-11, abs=1e-12 * scale**2)


# --- definitions


@given(weight=weights, rows=st.lists(st.integers(0, 5), min_size=30, max_size=30), extra=st.integers(1, 1000))
def test_yield_is_its_definition(weight: list[float], rows: list[int], extra: int) -> None:
    w, row = np.array(weight), np.array(rows[: len(weight)], dtype=np.int64)
    points = len(w) + extra
    assert_same(yield_of(w, row, points), direct(w, row, points), float(w.sum()))


@given(weight=weights, cuts=st.lists(st.integers(0, 30), max_size=3))
def test_chunks_add_up(weight: list[float], cuts: list[int]) -> None:
    w = np.array(weight)
    row = np.arange(len(w)) % 4
    tally = YieldTally(10)
    for part in np.split(np.arange(len(w)), sorted(cuts)):
        tally.add(w[part], row[part])
    assert_same(tally.result(50), yield_of(w, row, 50), float(w.sum()))


def test_an_empty_selection_yields_zero() -> None:
    nothing = yield_of(np.zeros(0), np.zeros(0, dtype=np.int64), 1000)
    assert nothing == Yield(0.0, 0.0, 0.0, 0.0)
    assert YieldTally(7).result(1000) == nothing


def test_equal_weights_of_all_points_have_no_integration_error() -> None:
    found = yield_of(np.full(1000, 0.1), np.arange(1000), 1000)
    assert found.value == pytest.approx(100.0, rel=1e-13)
    assert found.mc_error == pytest.approx(0.0, abs=1e-5)
    assert found.effective_size == pytest.approx(1000.0, rel=1e-13)


def test_integration_error_of_a_small_selection_is_that_of_counting() -> None:
    # k of n points with weight 1: binomial, n k/n (1 - k/n) n/(n-1)
    found = yield_of(np.ones(50), np.arange(50), 100_000)
    assert found.mc_error == pytest.approx(
        math.sqrt(50.0 * (1.0 - 50.0 / 1e5) * 1e5 / 99_999), rel=1e-12, abs=0.0
    )


def test_one_event_a_row_says_nothing_of_the_flux() -> None:
    assert yield_of(np.array([1.0, 1e-3, 1e3]), np.array([4, 0, 2]), 100).flux_error == 0.0


def test_one_row_has_a_flux_error_as_large_as_its_yield() -> None:
    n = 1000
    found = yield_of(np.full(n, 1.0 / n), np.zeros(n, dtype=np.int64), n)
    assert found.flux_error == pytest.approx(1.0, rel=1e-12, abs=0.0)


def test_effective_size_is_the_number_of_events_that_count() -> None:
    weight = np.array([1.0] * 10 + [1e-9] * 90)
    assert yield_of(weight, np.arange(100), 200).effective_size == pytest.approx(10.0, rel=1e-7)


def test_total_error_adds_both_in_quadrature() -> None:
    assert Yield(10.0, 3.0, 4.0, 7.0).total_error == 5.0


@given(factor=st.floats(1e-20, 1e20))
def test_yield_scales_with_the_exposure(factor: float) -> None:
    weight, row = np.array([1.0, 2.0, 4.0, 0.5]), np.array([0, 1, 1, 0])
    one, other = yield_of(weight, row, 9), yield_of(factor * weight, row, 9)
    assert other.value == pytest.approx(factor * one.value, rel=1e-12, abs=0.0)
    assert other.mc_error == pytest.approx(factor * one.mc_error, rel=1e-12, abs=0.0)
    assert other.flux_error == pytest.approx(factor * one.flux_error, rel=1e-12, abs=0.0)
    assert other.effective_size == pytest.approx(one.effective_size, rel=1e-12, abs=0.0)


# --- both errors are right on average


def toy(repetitions: int, points: int) -> tuple[Array, Array, Array]:
    """Yields of runs on a flux of three rows, and their squared errors by integration and by flux."""
    rng = generator()
    truth, chosen = np.array([1.0, 3.0, 6.0]), np.array([0.3, 0.3, 0.4])
    values = []
    for _ in range(repetitions):
        row = rng.choice(3, points, p=chosen)
        weight = truth[row] / chosen[row] * rng.uniform(0.5, 1.5, points) / points
        found = yield_of(weight, row, points)
        values.append((found.value, found.mc_error**2, found.flux_error**2))
    value, mc2, flux2 = np.array(values).T
    return value, mc2, flux2


def pull(estimates: Array, truth: float) -> float:
    return float((estimates.mean() - truth) / (estimates.std(ddof=1) / np.sqrt(len(estimates))))


def test_errors_are_unbiased() -> None:
    points = 12
    value, mc2, flux2 = toy(4000, points)
    assert abs(pull(value, 10.0)) < 5.0
    assert abs(pull((value - 10.0) ** 2 - mc2, 0.0)) < 5.0
    truth = 1.0 + 9.0 + 36.0  # sum of squared yields of the rows
    assert abs(pull(flux2, truth)) < 5.0
    # negative controls: with n for n - 1
    assert abs(pull(flux2 * (points - 1) / points, truth)) > 5.0
    assert abs(pull((value - 10.0) ** 2 - 1.4 * mc2, 0.0)) > 5.0


def test_flux_error_is_the_spread_over_fluxes() -> None:
    # the rows of a flux are a Poisson sample: each is there k times
    rng = generator()
    row_yield = np.array([1.0, 2.0, 0.5, 4.0])
    spread = (rng.poisson(1.0, (20_000, 4)) @ row_yield).var(ddof=1)
    n = 4000
    row = np.repeat(np.arange(4), n // 4)
    found = yield_of(row_yield[row] / (n // 4), row, n)
    assert found.flux_error**2 == pytest.approx(spread, rel=0.1)


# --- the tally of a run


def tally_of(groups: int, points: int, sampled: bool = True, **changes: Any) -> Tally:
    return Tally(provenance(points=points, flux=flux_summary(groups, sampled), **changes))


def record(
    weight: list[float], failed: list[int], group: list[int], process: int = 1, channel: int = 4
) -> Mapping[str, AnyArray]:
    code = np.array(failed, dtype=np.int16)
    return {
        "weight": np.array(weight, dtype=np.float64),
        "parent_group": np.array(group, dtype=np.int64),
        "failed": code,
        "accepted": code == 0,
        "process": np.full(len(code), process, dtype=np.int16),
        "channel": np.full(len(code), channel, dtype=np.int16),
    }


def test_tally_counts_decays_and_what_is_accepted() -> None:
    tally = tally_of(4, 100)
    tally.add(record([1.0, 2.0, 4.0], [0, 2, 3], [0, 1, 1]))
    tally.add(record([8.0, 16.0], [0, 1], [0, 3]))
    found = tally.yields()
    assert list(found) == ["fiducial", "accepted"]
    everything = yield_of(np.array([1.0, 2.0, 4.0, 8.0, 16.0]), np.array([0, 1, 1, 0, 3]), 100)
    accepted = yield_of(np.array([1.0, 8.0]), np.array([0, 0]), 100)
    assert_same(found["fiducial"], everything, 31.0)
    assert_same(found["accepted"], accepted, 31.0)


def test_yields_of_processes_and_channels_are_those_of_their_events() -> None:
    tally = tally_of(4, 100)
    for process, channel, weight in ((1, 4, 1.0), (2, 4, 8.0), (2, 1, 64.0), (77, 1, 0.5)):
        tally.add(record([weight, 2.0 * weight], [0, 2], [0, 1], process, channel))
    assert list(tally.by_process()) == ["bremsstrahlung", "meson_decay", "77"]
    assert list(tally.by_channel()) == ["ee", "gammagamma"]

    def expected(*weight: float) -> dict[str, Yield]:
        first = np.array(weight)
        both, row = np.concatenate([first, 2.0 * first]), np.repeat([0, 1], len(first))
        return {"fiducial": yield_of(both, row, 100), "accepted": yield_of(first, 0 * row[: len(first)], 100)}

    shares = {
        "bremsstrahlung": expected(1.0),
        "meson_decay": expected(8.0, 64.0),
        "77": expected(0.5),
        "ee": expected(64.0, 0.5),
        "gammagamma": expected(1.0, 8.0),
    }
    for name, found in (tally.by_process() | tally.by_channel()).items():
        for kind, value in found.items():
            assert_same(value, shares[name][kind], 200.0)
    for kind, value in tally.yields().items():
        assert_same(value, expected(1.0, 8.0, 64.0, 0.5)[kind], 200.0)


def test_beam_that_is_no_sample_has_no_flux_error() -> None:
    sampled, beam = tally_of(1, 100), tally_of(1, 100, sampled=False)
    for tally in (sampled, beam):
        tally.add(record([1.0, 2.0, 4.0], [0, 0, 3], [0, 0, 0]))
    for name, found in beam.yields().items():
        other = sampled.yields()[name]
        assert other.flux_error > 0.0
        assert found == Yield(other.value, other.mc_error, 0.0, other.effective_size)


def test_cut_flow_is_cumulative() -> None:
    tally = tally_of(4, 100)
    tally.add(record([1.0, 2.0, 4.0, 8.0, 16.0], [0, 2, 3, 0, 1], [0, 1, 1, 0, 3]))
    assert tally.cut_flow() == (
        CutFlowStep("decays in volume", 31.0),
        CutFlowStep("a selection for the channel", 15.0),
        CutFlowStep("tracks: both in straw1", 13.0),
        CutFlowStep("tracks: each E >= 5 GeV", 9.0),
    )


@given(st.lists(st.tuples(st.floats(0.0, 1e6), st.integers(0, 3)), max_size=20))
def test_cut_flow_falls_from_the_decays_to_the_accepted(events: list[tuple[float, int]]) -> None:
    weight, failed = np.array([w for w, _ in events]), np.array([code for _, code in events])
    tally = tally_of(1, 20)
    tally.add(record(weight.tolist(), failed.tolist(), [0] * len(events)))
    flow = [step.value for step in tally.cut_flow()]
    yields = tally.yields()
    assert flow[0] == pytest.approx(yields["fiducial"].value, rel=1e-12, abs=0.0)
    assert flow[-1] == pytest.approx(yields["accepted"].value, rel=1e-12, abs=0.0)
    for code in range(4):
        passed = weight[(failed == 0) | (failed > code)].sum()
        assert flow[code] == pytest.approx(passed, rel=1e-12, abs=0.0)
    assert flow == sorted(flow, reverse=True)


def test_last_of_the_cut_flow_is_no_difference() -> None:
    # 1e-9 accepted beside 1e9 lost
    tally = tally_of(1, 100)
    tally.add(record([1e-9, 1e9], [0, 2], [0, 0]))
    assert tally.cut_flow()[-1].value == 1e-9


def test_run_without_events_has_an_outcome() -> None:
    tally = tally_of(3, 1000)
    tally.add(record([], [], []))
    nothing = Yield(0.0, 0.0, 0.0, 0.0)
    steps = tuple(CutFlowStep(step.requirement, 0.0) for step in tally.cut_flow())
    assert len(steps) == 4
    remark = "No boson decays in the decay volume: all decay long before or far behind it, or miss it."
    assert tally.outcome(0) == Outcome(0, nothing, nothing, steps, remark=remark)


def test_overflow_is_the_share_above_the_common_weight() -> None:
    """Of the yield of the rows that are kept: of all, or of the accepted ones."""
    for write, rows in (("fiducial", [0, 1, 2, 3]), ("accepted", [0, 3])):
        card = provenance().card.replace(run={"write": write})
        tally = tally_of(4, 100, card=card, common_weight=1.0)
        weight = np.array([1.0, 1.5, 1.0, 3.0])
        tally.add(record(weight[:2].tolist(), [0, 2], [0, 1]))
        tally.add(record(weight[2:].tolist(), [3, 0], [1, 2]))
        expected = np.maximum(weight[rows] - 1.0, 0.0).sum() / weight[rows].sum()
        assert tally.outcome(len(rows)).overflow == pytest.approx(expected, rel=1e-14, abs=0.0)
    assert tally_of(4, 100).outcome(0).overflow is None


def test_parts_of_a_run_add_up_to_the_run() -> None:
    rng = generator()
    weight, failed = rng.exponential(1.0, 60), rng.integers(0, 4, 60)
    row = rng.integers(0, 5, 60)
    whole = tally_of(5, 80)
    whole.add(record(weight.tolist(), failed.tolist(), row.tolist()))
    parts = tally_of(5, 80)
    for some in np.split(np.arange(60), [7, 7, 40]):
        parts.add(record(weight[some].tolist(), failed[some].tolist(), row[some].tolist()))
    for name, found in parts.yields().items():
        assert_same(found, whole.yields()[name], float(weight.sum()))
