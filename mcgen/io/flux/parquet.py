"""Parquet files, read block by block."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from mcgen.distribution import how_to_install
from mcgen.errors import FileFormatError
from mcgen.io.flux.rows import Rows, doubles, integers


class ParquetFile:
    """A Parquet file."""

    def __init__(self, path: Path) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise FileFormatError(f"{path}: Parquet needs pyarrow: {how_to_install('parquet')}") from error
        self._path, self._is = path, pyarrow.types
        self._errors = (OSError, ValueError, pyarrow.ArrowException)
        try:
            # Opened by bytes, for pyarrow takes no name that is not UTF-8.
            self._file = parquet.ParquetFile(pyarrow.OSFile(os.fsencode(path)))
        except self._errors as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> FileFormatError:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        return FileFormatError(f"{self._path}: not a readable Parquet file: {reason}")

    @property
    def names(self) -> Sequence[str]:
        """Names of the columns; one that is there twice is here twice."""
        return list(self._file.schema_arrow.names)

    def metadata(self, key: str) -> str | None:
        """Return one of the texts that the file has beside its table, if it is there."""
        found = (self._file.metadata.metadata or {}).get(key.encode())
        return None if found is None else found.decode(errors="replace")

    def rows(self, columns: Sequence[str], group: str | None, size: int) -> Iterator[Rows]:
        """Read some columns."""
        names = [*columns, *([] if group is None else [group])]
        for name in names:
            kind = self._file.schema_arrow.field(name).type
            if not (self._is.is_integer(kind) or self._is.is_floating(kind)):
                raise FileFormatError(f"{self._path}: column {name} holds {kind}, not numbers")
        start = 0
        try:
            for batch in self._file.iter_batches(size, columns=names):
                row = np.arange(start, start + batch.num_rows)
                values = {name: batch[name].to_numpy(zero_copy_only=False) for name in names}
                label = None if group is None else integers(self._path, group, values[group], row)
                yield Rows(row, {name: doubles(self._path, name, values[name]) for name in columns}, label)
                start += batch.num_rows
        except self._errors as error:
            raise self._damaged(error) from error
