"""Tables of numbers in ROOT, Parquet and CSV files, read block by block in bounded memory."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

import awkward as ak
import numpy as np

from mcgen.distribution import how_to_install
from mcgen.errors import FileFormatError
from mcgen.io.events.root import opened
from mcgen.types import Array, Ints

BLOCK = 100_000
"""Rows that are read at a time."""

_TREES = ("TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple", "ROOT::Experimental::RNTuple")


@dataclass(frozen=True, slots=True)
class Block:
    """Rows of a table, one after the other.

    Attributes
    ----------
    row : (k,) number of the row, or of the entry of a tree whose branches are lists
    columns : (k,) values by name
    """

    row: Ints
    columns: dict[str, Array]


class Table(Protocol):
    """A table in a file."""

    @property
    def names(self) -> Sequence[str]:
        """Names of the columns."""
        ...

    def blocks(self, names: Sequence[str]) -> Iterator[Block]:
        """Read some of the columns."""
        ...


@contextmanager
def open_tables(path: Path) -> Iterator[Mapping[str, Table | None]]:
    """Open the tables of a file: by the path inside a ROOT file, under "" if the file is one table.

    What is in a ROOT file and is no tree is None.

    Raises
    ------
    FileFormatError
        If the file cannot be read or its ending is unknown.
    """
    match path.suffix.lower():
        case ".root":
            with opened(path) as file:
                kinds = file.classnames(recursive=True, cycle=False)
                yield {
                    name: Tree(path, file, name) if kind in _TREES else None for name, kind in kinds.items()
                }
        case ".parquet":
            yield {"": ParquetTable(path)}
        case ".csv":
            yield {"": CsvTable(path)}
        case _:
            raise FileFormatError(f"{path}: unknown ending {path.suffix!r}; .root, .parquet or .csv")


class Tree:
    """A TTree or RNTuple of an open ROOT file.

    If the branches are lists, each of their items is a row, whose number is that of the entry.
    """

    def __init__(self, path: Path, file: Any, name: str) -> None:
        self._path, self._file, self._name = path, file, name

    @cached_property
    def _tree(self) -> Any:
        return self._file[self._name]

    @property
    def names(self) -> Sequence[str]:
        """Names of the branches."""
        return list(self._tree.keys())

    @property
    def entries(self) -> int:
        """Number of entries."""
        return int(self._tree.num_entries)

    def blocks(self, names: Sequence[str]) -> Iterator[Block]:
        """Read some branches."""
        start = 0
        for arrays in self._tree.iterate(filter_name=lambda n: n in names, step_size=BLOCK, library="ak"):
            row = np.arange(start, start + len(arrays))
            columns = {name: arrays[name] for name in names}
            if all(column.ndim > 1 for column in columns.values()):
                row, columns = self._flattened(row, columns)
            yield Block(row, {name: _numbers(self._path, name, c) for name, c in columns.items()})
            start += len(arrays)

    def _flattened(self, row: Ints, columns: Mapping[str, Any]) -> tuple[Ints, dict[str, Any]]:
        first = next(iter(columns))
        counts = ak.to_numpy(ak.num(columns[first]))
        for name, column in columns.items():
            if not np.array_equal(ak.to_numpy(ak.num(column)), counts):
                raise FileFormatError(
                    f"{self._path}: branches {first} and {name} hold lists of different lengths"
                )
        return np.repeat(row, counts), {name: ak.flatten(column) for name, column in columns.items()}


class ParquetTable:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise FileFormatError(f"{path}: Parquet needs pyarrow: {how_to_install('parquet')}") from error
        self._path, self._errors, self._is = path, (OSError, pyarrow.ArrowException), pyarrow.types
        try:
            self._file = parquet.ParquetFile(path)
        except self._errors as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> FileFormatError:
        return FileFormatError(f"{self._path}: not a readable Parquet file: {str(error).splitlines()[0]}")

    @property
    def names(self) -> Sequence[str]:
        """Names of the columns."""
        return list(self._file.schema_arrow.names)

    def blocks(self, names: Sequence[str]) -> Iterator[Block]:
        """Read some columns."""
        for name in names:
            kind = self._file.schema_arrow.field(name).type
            if not (self._is.is_integer(kind) or self._is.is_floating(kind)):
                raise FileFormatError(f"{self._path}: column {name} holds {kind}, not numbers")
        start = 0
        try:
            for batch in self._file.iter_batches(BLOCK, columns=list(names)):
                columns = {name: batch[name].to_numpy(zero_copy_only=False) for name in names}
                row = np.arange(start, start + batch.num_rows)
                yield Block(row, {name: _numbers(self._path, name, c) for name, c in columns.items()})
                start += batch.num_rows
        except self._errors as error:
            raise self._damaged(error) from error


class CsvTable:
    """A CSV file with a header line."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open(encoding="utf-8-sig") as file:
                header = file.readline()
        except (OSError, ValueError) as error:
            raise self._damaged(error) from error
        self.names: Sequence[str] = [name.strip() for name in header.lstrip("#").split(",")]

    def _damaged(self, error: object) -> FileFormatError:
        return FileFormatError(f"{self._path}: not a table of numbers with a header line: {error}")

    def blocks(self, names: Sequence[str]) -> Iterator[Block]:
        """Read some columns."""
        if twice := [name for name in names if self.names.count(name) > 1]:
            raise self._damaged(f"column {twice[0]} is there twice")
        places = [self.names.index(name) for name in names]
        start = 0
        try:
            with self._path.open(encoding="utf-8-sig") as file:
                file.readline()
                while lines := list(itertools.islice(file, BLOCK)):
                    if not any(line.partition("#")[0].strip() for line in lines):
                        continue  # numpy warns of blocks of empty lines
                    rows = np.loadtxt(lines, delimiter=",", usecols=places, ndmin=2)
                    row = np.arange(start, start + len(rows))
                    yield Block(row, dict(zip(names, rows.T.copy(), strict=True)))
                    start += len(rows)
        except (OSError, ValueError) as error:
            where = f"after row {start - 1}, " if start else ""
            raise self._damaged(f"{where}{error}") from error


def _numbers(path: Path, name: str, column: Any) -> Array:
    """Make a column one of doubles."""
    try:
        values = np.ascontiguousarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise FileFormatError(f"{path}: column {name} holds {_kind(column)}, not one number a row") from error
    if values.ndim != 1:
        raise FileFormatError(f"{path}: column {name} holds {values.shape[1:]} numbers a row, not one")
    return values


def _kind(column: Any) -> str:
    return str(column.type.content) if isinstance(column, ak.Array) else str(column.dtype)
