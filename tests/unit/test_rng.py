"""Streams of random numbers: one for every seed, purpose and index."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcgen.rng import Purpose, stream

LARGEST_SEED, LARGEST_INDEX = 2**63 - 1, 2**56 - 1

seeds = st.one_of(st.integers(0, LARGEST_SEED), st.sampled_from([0, 1, 2**32, 2**53 + 1, LARGEST_SEED]))
purposes = st.sampled_from(list(Purpose))
indices = st.one_of(st.integers(0, 100), st.integers(0, LARGEST_INDEX))
labels = st.tuples(seeds, purposes, indices)


@given(labels)
def test_stream_is_a_function_of_its_label(label: tuple[int, Purpose, int]) -> None:
    np.testing.assert_array_equal(stream(*label).random(20), stream(*label).random(20))


@given(labels, labels)
def test_streams_of_different_labels_differ(
    one: tuple[int, Purpose, int], other: tuple[int, Purpose, int]
) -> None:
    if one != other:
        assert not np.isin(stream(*one).random(20), stream(*other).random(20)).any()


def test_neighbours_differ_in_every_number() -> None:
    near_seeds = [0, 1, 2, 2**32, 2**32 + 1, 2**53, 2**53 + 1, LARGEST_SEED - 1, LARGEST_SEED]
    near_indices = [0, 1, 2, 255, 256, 2**32, 2**55, LARGEST_INDEX]
    labelled = itertools.product(near_seeds, Purpose, near_indices)
    numbers = np.concatenate([stream(*label).random(8) for label in labelled])
    assert len(np.unique(numbers)) == len(numbers)


def test_purposes_are_numbered_for_ever() -> None:
    # a number that moves changes every sample
    assert [purpose.name for purpose in sorted(Purpose)] == ["EVENTS", "PILOT", "TRAINING", "CEILING", "FLUX"]
    assert sorted(Purpose) == list(range(5))


def test_a_stream_begins_the_same_however_long_it_is_read() -> None:
    shape = (100, 7)
    long = stream(3, Purpose.EVENTS, 5).random(shape)
    np.testing.assert_array_equal(stream(3, Purpose.EVENTS, 5).random((40, 7)), long[:40])


def test_streams_leave_no_global_state_behind() -> None:
    first = stream(7, Purpose.EVENTS, 0)
    first.random(3)
    stream(7, Purpose.EVENTS, 0).random(1000)
    np.testing.assert_array_equal(first.random(4), stream(7, Purpose.EVENTS, 0).random(7)[3:])


@pytest.mark.parametrize("seed", [-1, 2**64])
def test_seed_out_of_range_is_refused(seed: int) -> None:
    with pytest.raises(OverflowError):
        stream(seed, Purpose.EVENTS, 0)
