"""Which rows of a flux belong together: by label, by point, and where points say nothing."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from mcgen.flux.groups import groups_by_label, groups_by_point
from mcgen.types import Array


def numbered(keys: Sequence[Hashable]) -> list[int]:
    """Numbers of equal keys, in the order in which they come first."""
    numbers: dict[Hashable, int] = {}
    return [numbers.setdefault(key, len(numbers)) for key in keys]


def points(*rows: tuple[float, float, float]) -> Array:
    return np.array(rows).reshape(-1, 3).T


@given(st.lists(st.sampled_from([-(2**63), -1, 0, 1, 2**53, 2**53 + 1, 2**63 - 1]), max_size=30))
def test_labels(labels: list[int]) -> None:
    assert groups_by_label(np.array(labels, dtype=np.int64)).tolist() == numbered(labels)


COORDINATES = st.sampled_from([-1.0, 0.0, -0.0, 1e-300, 1.0, 1.0 + 2**-52])


@given(st.lists(st.tuples(COORDINATES, COORDINATES, COORDINATES), max_size=30))
def test_points(rows: list[tuple[float, float, float]]) -> None:
    # A point of more than half of the rows is that of none of them; -0.0 equals 0.0, also as a key.
    keys = [i if 2 * rows.count(row) > len(rows) else row for i, row in enumerate(rows)]
    assert groups_by_point(points(*rows)).tolist() == numbered(keys)


def test_pairs_of_many_vertices() -> None:
    rng = np.random.default_rng(5)
    vertex = rng.integers(0, 500, 1000)
    position = rng.normal(size=(3, 500))
    position[2] = np.round(position[2], 1)  # many share their z alone
    assert groups_by_point(position[:, vertex]).tolist() == numbered(vertex.tolist())


def test_a_plane_is_no_point() -> None:
    assert groups_by_point(points((0, 0, 5), (1, 0, 5), (0, 1, 5), (1, 0, 5))).tolist() == [0, 1, 2, 1]


def test_a_point_of_all_rows_says_nothing() -> None:
    assert groups_by_point(np.zeros((3, 4))).tolist() == [0, 1, 2, 3]
    assert groups_by_point(np.zeros((3, 1))).tolist() == [0]
    assert groups_by_point(np.zeros((3, 0))).tolist() == []


def test_a_default_of_most_rows_says_nothing_and_the_other_points_do() -> None:
    vertices = points((1, 1, 1), (0, 0, 0), (0, 0, 0), (1, 1, 1), (0, 0, 0), (0, 0, 0), (2, 2, 2))
    assert groups_by_point(vertices).tolist() == [0, 1, 2, 0, 3, 4, 5]


def test_a_point_of_half_of_the_rows_is_a_vertex() -> None:
    assert groups_by_point(points((0, 0, 0), (1, 0, 0), (0, 0, 0), (2, 0, 0))).tolist() == [0, 1, 0, 2]
