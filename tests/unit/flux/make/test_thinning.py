"""Thinning keeps sums, on the average and each of them, and large weights."""

from __future__ import annotations

import numpy as np
import pytest

from mcgen.flux.make.thinning import shortened, thinned, threshold_weight
from tests.oracle.stats import assert_agrees, generator


@pytest.mark.parametrize("wanted", [0.3, 1.0, 7.5, 100.0, 799.0])
def test_probabilities_add_up(wanted: float) -> None:
    weight = generator("weights", wanted).lognormal(0.0, 2.0, 800)
    size = threshold_weight(weight, wanted)
    assert np.minimum(1.0, weight / size).sum() == pytest.approx(wanted)


def test_few_rows_stay_as_they_are() -> None:
    rows, weight = thinned(np.array([1.0, 0.0, 3.0]), 2.0, generator("few"))
    assert rows.tolist() == [0, 2]
    assert weight.tolist() == [1.0, 3.0]


def test_sums_are_kept() -> None:
    weight = generator("rows").lognormal(0.0, 1.5, 1000)
    size = threshold_weight(weight, 50.4)
    rng = generator("thinning")
    totals, firsts = [], []
    for _ in range(400):
        rows, new = thinned(weight, 50.4, rng)
        assert abs(len(rows) - 50) <= 1
        assert (np.diff(rows) > 0).all()
        assert abs(new.sum() - weight.sum()) <= size * (1.0 + 1e-9)
        np.testing.assert_allclose(new, np.maximum(weight[rows], size))
        totals.append(new.sum())
        firsts.append(new[rows < 500].sum())
    for found, truth in ((np.array(totals), weight.sum()), (np.array(firsts), weight[:500].sum())):
        assert_agrees(found.mean(), found.std() / np.sqrt(400), truth)
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(np.mean(firsts), np.std(firsts) / np.sqrt(400), weight[500:].sum())


def test_less_than_one_row_is_wanted() -> None:
    rng = generator("less than one")
    found = np.array([thinned(np.array([1.0, 2.0]), 0.25, rng)[1].sum() for _ in range(4000)])
    assert set(np.round(found, 9)) == {0.0, 12.0}
    assert_agrees(found.mean(), found.std() / np.sqrt(4000), 3.0)


def test_numbers_are_rounded_to_bits() -> None:
    rng = generator("bits")
    values = np.append(rng.standard_normal(5000) * 10.0 ** rng.uniform(-6.0, 3.0, 5000), 0.0)
    np.testing.assert_array_equal(shortened(values, 23), values.astype(np.float32).astype(np.float64))
    short = shortened(values, 10)
    assert np.abs(short - values).max() > 0.0
    assert (np.abs(short - values) <= 2.0**-11 * np.abs(values)).all()
    # The last 13 bits of single precision are zeros.
    assert not (short.astype(np.float32).view(np.uint32) & 0x1FFF).any()
