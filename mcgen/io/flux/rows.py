"""Rows of a flux file as they are there, whatever kind of file it is."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import awkward as ak
import numpy as np

from mcgen.errors import FileFormatError
from mcgen.record.columns import AnyArray
from mcgen.types import Array, Ints

_EXACT = 2.0**53
"""Doubles up to here are different for different integers."""


@dataclass(frozen=True, slots=True)
class Rows:
    """Some rows of a table, one after the other."""

    row: Ints
    """(k,) number in the table, from 0; where branches are lists, the number of the entry."""
    columns: dict[str, Array]
    """(k,) values under the names of the file."""
    group: Ints | None
    """(k,) values of the column that says which rows belong together, or the entries of lists; None without them."""


class Tabular(Protocol):
    """Something in a file that has named columns of equal length."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the columns; one that is there twice is here twice."""
        ...

    def rows(self, columns: Sequence[str], group: str | None, size: int) -> Iterator[Rows]:
        """Read some of the columns.

        Parameters
        ----------
        columns : names of those of numbers
        group : name of the column of integers that says which rows belong together, if there is one
        size : rows (or entries of lists) that are read at a time
        """
        ...


def doubles(path: Path, name: str, column: Any) -> Array:
    """Make a column one of doubles; what is missing becomes NaN."""
    return np.ascontiguousarray(_numbers(path, name, column), dtype=np.float64)


def integers(path: Path, name: str, column: Any, row: Ints) -> Ints:
    """Make a column one of integers, of which different ones stay different.

    Parameters
    ----------
    row : (k,) numbers of the rows, for the message
    """
    values = _numbers(path, name, column)
    if values.dtype.kind == "f":
        bad = ~((values == np.trunc(values)) & (np.abs(values) <= _EXACT))
        if bad.any():
            first = int(bad.argmax())
            raise FileFormatError(
                f"{path}: column {name} holds {float(values[first])!r} in row {row[first]}; it takes integers, "
                "beyond 2^53 stored as such"
            )
    whole: Ints = values.astype(np.int64)  # beyond 2^63 other numbers, but still different ones
    return whole


def _numbers(path: Path, name: str, column: Any) -> AnyArray:
    """Make a column an array (k,) of numbers of some type."""
    try:
        values: AnyArray = ak.to_numpy(column)
    except (TypeError, ValueError) as error:
        raise FileFormatError(f"{path}: column {name} holds {_kind(column)}, not one number a row") from error
    if values.ndim != 1:
        raise FileFormatError(f"{path}: column {name} holds {values.shape[1:]} numbers a row, not one")
    if values.dtype.kind not in "iuf":
        raise FileFormatError(f"{path}: column {name} holds {_kind(column)}, not numbers")
    if np.ma.is_masked(values):
        values = np.ma.filled(values.astype(np.float64), np.nan)
    return np.asarray(values)


def _kind(column: Any) -> str:
    """Say what a column holds."""
    if isinstance(column, ak.Array):
        return str(column.type.content)
    return "text" if column.dtype.kind in "US" else str(column.dtype)
