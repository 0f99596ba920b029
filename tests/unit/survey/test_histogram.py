"""Weighted histograms with the errors of integration and flux together."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from mcgen.analysis.yields import yield_of
from mcgen.survey.histogram import GROUPS, YieldHistogram, quantiles
from mcgen.types import Array, Bools, Ints
from tests.oracle.stats import assert_unit_pulls, generator

EDGES = np.array([0.0, 1.0, 2.0, 4.0])


def filled(values: Array, weight: Array, accepted: Bools, group: Ints) -> YieldHistogram:
    spectrum = YieldHistogram(EDGES)
    spectrum.add(values, weight, accepted, group)
    return spectrum


def toy(label: str, rows: int = 400) -> tuple[Array, Array, Bools, Ints]:
    """Events of which several share a row: a Poisson number of rows, each with its own number of events."""
    rng = generator("spectrum", label)
    row = np.repeat(np.arange(rng.poisson(rows)), 5)
    values = rng.uniform(-0.5, 4.5, len(row))
    return values, rng.exponential(1.0, len(row)), rng.random(len(row)) < 0.1 + 0.2 * np.abs(values), row


def test_bins_and_their_flow_sum_to_the_yields() -> None:
    values, weight, accepted, row = toy("sums")
    values[:20] = np.nan
    spectrum = filled(values, weight, accepted, row % GROUPS)
    edges = np.concatenate([[-np.inf], EDGES, [np.inf]])
    for (found, _), chosen in (
        (spectrum.fiducial(), np.ones_like(accepted)),
        (spectrum.accepted(), accepted),
    ):
        assert found.sum() == pytest.approx(weight[chosen].sum(), rel=1e-12)
        inside = np.histogram(values[chosen], edges, weights=weight[chosen])[0]
        np.testing.assert_allclose(found[:-1], inside[:-1], rtol=1e-12)
    np.testing.assert_allclose(
        spectrum.acceptance()[0], spectrum.accepted()[0] / spectrum.fiducial()[0], rtol=1e-12
    )


def test_chunks_add_up() -> None:
    values, weight, accepted, row = toy("chunks")
    whole, parts = filled(values, weight, accepted, row % GROUPS), YieldHistogram(EDGES)
    for part in np.array_split(np.arange(len(row)), 7):
        parts.add(values[part], weight[part], accepted[part], row[part] % GROUPS)
    for one, other in zip(whole.acceptance(), parts.acceptance(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_the_error_is_the_total_error_of_the_yield() -> None:
    """Over many groupings the squared error is the one of docs/weights.md: a control with one event a row."""
    values, weight, accepted, row = toy("error")
    rng = generator("spectrum", "groupings")
    points = 10**9
    expected = [
        yield_of(weight[k], row[k], points).total_error
        for low, high in itertools.pairwise(EDGES)
        for k in [np.flatnonzero((values >= low) & (values < high))]
    ]
    squares = [
        filled(values, weight, accepted, rng.integers(GROUPS, size=row.max() + 1)[row]).fiducial()[1][1:-1]
        ** 2
        for _ in range(300)
    ]
    mean, error = np.mean(squares, axis=0), np.std(squares, axis=0, ddof=1) / np.sqrt(300)
    assert (np.abs(mean - np.square(expected)) < 5.0 * error).all()
    alone = [
        yield_of(weight[k], np.arange(len(k)), points).total_error ** 2
        for k in [np.flatnonzero((values >= 0.0) & (values < 1.0))]
    ]
    assert abs(mean[0] - alone[0]) > 5.0 * error[0], "rows that are shared count"


def test_errors_cover_the_fluctuations_of_yield_and_acceptance() -> None:
    truth, pulls, naive = 0.1 + 0.2 * 0.5, [], []
    for trial in range(150):
        values, weight, accepted, row = toy(f"trial {trial}", 4000)
        group = generator("spectrum", "group", trial).integers(GROUPS, size=row.max() + 1)[row]
        spectrum = filled(values, weight, accepted, group)
        ratio, error = spectrum.acceptance()
        pulls.append((ratio[1] - truth) / error[1])
        # 4000 rows of 5 events of mean weight 1, a fifth of them in the bin
        total, total_error = spectrum.fiducial()
        naive.append((total[1] - 4000.0) / total_error[1])
    assert_unit_pulls(np.array(pulls))
    assert_unit_pulls(np.array(naive))
    with pytest.raises(AssertionError):
        assert_unit_pulls(2.0 * np.array(pulls))


def test_acceptance_of_all_and_of_nothing() -> None:
    values, weight, _, row = toy("all")
    everything = filled(values, weight, np.ones(len(row), dtype=np.bool_), row % GROUPS).acceptance()
    np.testing.assert_allclose(everything[0], 1.0)
    np.testing.assert_allclose(everything[1], 0.0, atol=1e-12)
    nothing = YieldHistogram(EDGES).acceptance()
    assert np.isnan(nothing[0]).all()


def test_merged_bins_are_those_of_wider_edges() -> None:
    values, weight, accepted, row = toy("merged")
    fine, wide = YieldHistogram(np.linspace(0.0, 4.0, 9)), YieldHistogram(np.linspace(0.0, 4.0, 5))
    for spectrum in (fine, wide):
        spectrum.add(values, weight, accepted, row % GROUPS)
    merged = fine.merged(2)
    np.testing.assert_allclose(merged.edges, wide.edges)
    for one, other in zip(merged.fiducial(), wide.fiducial(), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9)


def test_accepted_events_of_shares_sum_to_all_in_wider_bins_too() -> None:
    values, weight, accepted, row = toy("processes")
    spectrum = YieldHistogram(np.linspace(0.0, 4.0, 9))
    shares = {name: np.where(row % 3 == number, weight, 0.0) for number, name in enumerate("abc")}
    spectrum.add(values, weight, accepted, row % GROUPS, {"process": shares})
    for found in (spectrum, spectrum.merged(2)):
        np.testing.assert_allclose(sum(found.others("process").values()), found.accepted()[0], rtol=1e-9)
    inside = accepted & (values >= 1.0) & (values < 1.5) & (row % 3 == 1)
    assert spectrum.others("process")["b"][3] == pytest.approx(weight[inside].sum())
    assert "b" not in YieldHistogram(EDGES).others("process")


def test_a_range_leaves_out_what_has_no_weight() -> None:
    rng = generator("spectrum", "range")
    values = np.append(rng.lognormal(0.0, 2.0, 100_000), [1e9, np.nan, -1.0])
    weight = np.append(np.ones(100_000), [1e-6, 1.0, 1e-6])
    spectrum = YieldHistogram.around(values, weight, True, 40)
    assert spectrum is not None
    assert spectrum.log
    assert len(spectrum.edges) == 41
    assert 1e2 < spectrum.edges[-1] < 1e6
    inside = (values >= spectrum.edges[0]) & (values <= spectrum.edges[-1])
    assert 0.998 < weight[inside].sum() / 100_000 < 1.0


@pytest.mark.parametrize("value", [15.0, 0.0, -2.0])
def test_a_range_of_one_value_has_it_inside(value: float) -> None:
    spectrum = YieldHistogram.around(np.full(3, value), np.ones(3), False, 10)
    assert spectrum is not None
    assert spectrum.edges[0] < value < spectrum.edges[-1]
    assert (np.diff(spectrum.edges) > 0.0).all()


@pytest.mark.parametrize("values", [np.full(3, np.nan), np.zeros(0), np.zeros(3)])
def test_no_range_without_a_value(values: Array) -> None:
    assert YieldHistogram.around(values, np.ones(len(values)), True, 10) is None


def test_quantiles_are_weighted() -> None:
    values, weight = np.array([3.0, 1.0, 2.0, np.inf]), np.array([1.0, 98.0, 1.0, 5.0])
    assert quantiles(values, weight, (0.1, 0.9)) == (1.0, 1.0)
    assert quantiles(values, weight, (0.1, 0.995)) == (1.0, 3.0)
