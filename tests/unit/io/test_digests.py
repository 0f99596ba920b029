"""Digests of a file are the same however it is drawn and read, and differ if anything in it does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from itertools import pairwise

import numpy as np
import pytest

from mcgen.io.events.digests import ColumnDigests, digests_of
from mcgen.record.columns import Record, by_chunk

SIZE = 10
RECORD: Record = {
    "event": np.array([0, 3, 9, 10, 11, 19, 40, 41, 57], np.uint64),
    "weight": np.arange(9) + 0.5,
    "accepted": np.arange(9) % 2 == 0,
}
CHUNKS = {0: 3, 1: 3, 4: 2, 5: 1}
"""Rows of each chunk that has any."""


def of(parts: Iterable[Record], size: int = SIZE) -> dict[str, str]:
    columns = ColumnDigests(RECORD, size)
    for part in parts:
        columns.add(part)
    assert columns.rows == len(RECORD["event"])
    return columns.digests()


def cut(record: Record, *edges: int) -> list[Record]:
    return [{name: v[a:b] for name, v in record.items()} for a, b in pairwise([0, *edges, 9])]


def test_rows_are_of_their_chunks() -> None:
    assert {chunk: len(part["event"]) for chunk, part in by_chunk(RECORD, SIZE)} == CHUNKS
    assert list(by_chunk(cut(RECORD, 0)[0], SIZE)) == []


def test_a_digest_is_that_of_the_chunks_digests() -> None:
    root = hashlib.sha256()
    for start, stop in pairwise(np.cumsum([0, *CHUNKS.values()])):
        root.update(hashlib.sha256(RECORD["weight"][start:stop].tobytes()).digest())
    assert of([RECORD])["weight"] == root.hexdigest()


@pytest.mark.parametrize("edges", [(), (1,), (3,), (4, 5), (0, 0, 6, 8, 9), tuple(range(1, 9))])
def test_it_is_the_same_however_many_rows_are_read_at_a_time(edges: tuple[int, ...]) -> None:
    assert of(cut(RECORD, *edges)) == of([RECORD])


def test_it_is_the_same_where_chunks_are_drawn() -> None:
    columns = ColumnDigests(RECORD, SIZE)
    for _, part in by_chunk(RECORD, SIZE):
        columns.add_chunk(len(part["event"]), digests_of(part))
        columns.add_chunk(0, digests_of({name: values[:0] for name, values in RECORD.items()}))
    assert columns.rows == 9
    assert columns.digests() == of([RECORD])


def test_rows_out_of_order_have_digests_too() -> None:
    order = np.random.default_rng(1).permutation(9)
    mixed = {name: values[order] for name, values in RECORD.items()}
    assert of(cut(mixed, 2, 5)) == of([mixed]) != of([RECORD])


CHANGES: dict[str, Callable[[Record], Record]] = {
    "a value": lambda record: {**record, "weight": np.where(np.arange(9) == 4, 7.0, record["weight"])},
    "a type": lambda record: {**record, "weight": record["weight"].astype(np.float32)},
    "two rows": lambda record: {**record, "weight": record["weight"][[0, 1, 2, 3, 4, 5, 6, 8, 7]]},
    "chunks": lambda record: {**record, "event": record["event"] + np.uint64(1)},
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_is_changed_has_other_digests(change: str) -> None:
    assert of([CHANGES[change]({**RECORD})]) != of([RECORD])
