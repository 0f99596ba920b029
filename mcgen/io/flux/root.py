"""Trees of ROOT files, read block by block."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np

from mcgen.errors import FileFormatError
from mcgen.io.flux.rows import Rows, doubles, integers
from mcgen.types import Ints


class Tree:
    """A TTree or RNTuple of an open ROOT file.

    If the branches are lists, each of their items is a row, whose number is that of the entry; the items of an
    entry belong together.
    """

    def __init__(self, path: Path, file: Any, name: str) -> None:
        self._path, self._file, self._name = path, file, name

    @cached_property
    def _tree(self) -> Any:
        return self._file[self._name]

    @property
    def names(self) -> Sequence[str]:
        """Names of the branches; one that is there twice is here twice."""
        return list(self._tree.keys())

    @property
    def entries(self) -> int:
        """Number of entries."""
        return int(self._tree.num_entries)

    def rows(self, columns: Sequence[str], group: str | None, size: int) -> Iterator[Rows]:
        """Read some branches."""
        names = [*columns, *([] if group is None else [group])]
        start = 0
        for arrays in self._tree.iterate(filter_name=lambda n: n in names, step_size=size, library="ak"):
            row = np.arange(start, min(start + size, self.entries))
            if len(arrays) != len(row):
                raise FileFormatError(
                    f"{self._path}: damaged: {self.entries} entries, and fewer in its branches"
                )
            start += size
            values = {name: arrays[name] for name in names}
            lists = [name for name in columns if values[name].ndim > 1]
            if flat := [name for name in columns if lists and name not in lists]:
                raise FileFormatError(
                    f"{self._path}: column {lists[0]} holds lists, and {flat[0]} one value an entry; all have to be "
                    "of one kind"
                )
            if lists:
                row, values = self._flattened(row, values)
            label = row if lists else None
            if group is not None:
                label = integers(self._path, group, values[group], row)
            yield Rows(row, {name: doubles(self._path, name, values[name]) for name in columns}, label)

    def _flattened(self, row: Ints, values: Mapping[str, Any]) -> tuple[Ints, dict[str, Any]]:
        """Make the items of lists rows; what has one value an entry holds for all of its items."""
        first = next(iter(values))
        counts = ak.to_numpy(ak.num(values[first]))
        flat = {}
        for name, column in values.items():
            if column.ndim == 1:
                flat[name] = column[np.repeat(np.arange(len(column)), counts)]
                continue
            if not np.array_equal(ak.to_numpy(ak.num(column)), counts):
                raise FileFormatError(
                    f"{self._path}: branches {first} and {name} hold lists of different lengths"
                )
            flat[name] = ak.flatten(column)
        return np.repeat(row, counts), flat
