"""Events kept on disk until what a format has to say first is known."""

from __future__ import annotations

import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np

from mcgen.errors import UsageError
from mcgen.io.files import Closing
from mcgen.metadata import Metadata
from mcgen.record.columns import AnyArray, Column, named_weights

ROWS = 10_000
"""Number of events that are held in memory at a time."""


class SpoolingWriter(Closing, ABC):
    """Collects the columns of a format in a nameless file beside the output, and writes all at the end.

    The system removes a nameless file when the process ends, however it ends.

    Parameters
    ----------
    path : file to create
    columns : what each record will hold
    rows : number of events that are held in memory at a time

    Raises
    ------
    UsageError
        If the events do not have the columns that the format needs.
    """

    needed: ClassVar[tuple[str, ...]]
    """Columns that the format is made from, besides those of named weights."""

    def __init__(self, path: Path, columns: Iterable[Column], rows: int = ROWS) -> None:
        dtypes = {column.name: column.dtype for column in columns}
        if missing := [name for name in self.needed if name not in dtypes]:
            raise UsageError(f"this format needs columns that the events do not have: {', '.join(missing)}")
        self.path = path
        self.rows = 0
        self._at_a_time = rows
        self.named_weights = tuple(named_weights(dtypes))
        self._names = (*self.needed, *self.named_weights)
        self._dtype = np.dtype([(name, dtypes[name]) for name in self._names])
        self._file = tempfile.TemporaryFile(dir=path.parent)  # noqa: SIM115 - closed by __exit__

    def append(self, record: Mapping[str, AnyArray]) -> None:
        """Keep a chunk of rows."""
        rows = np.empty(len(record["weight"]), self._dtype)
        for name in self._names:
            rows[name] = record[name]
        self._file.write(rows.tobytes())
        self._file.flush()
        self.rows += len(rows)

    def chunks(self) -> Iterator[dict[str, AnyArray]]:
        """Columns of all rows, from the beginning, some rows at a time."""
        self._file.seek(0)
        while block := self._file.read(self._at_a_time * self._dtype.itemsize):
            rows = np.frombuffer(block, self._dtype)
            yield {name: np.ascontiguousarray(rows[name]) for name in self._names}

    @abstractmethod
    def finish(self, metadata: Metadata) -> None:
        """Write the file from `chunks`."""
