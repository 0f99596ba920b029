"""Parquet files: the columns of the events, and their metadata as that of the schema."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from mcgen.errors import FileFormatError
from mcgen.io.events.metadata import METADATA, from_text, to_text
from mcgen.io.files import Closing
from mcgen.metadata import Metadata
from mcgen.record.columns import AnyArray, Column


class ParquetWriter(Closing):
    """Writes the columns, ZSTD compressed, one row group a chunk, and the metadata under the key `mcgen`.

    Parameters
    ----------
    path : file to create
    columns : what each record will hold
    """

    def __init__(self, path: Path, columns: Iterable[Column]) -> None:
        import pyarrow
        from pyarrow import parquet

        self._schema = pyarrow.schema(
            [(c.name, pyarrow.from_numpy_dtype(np.dtype(c.dtype))) for c in columns]
        )
        self._file = ExitStack()
        # Opened here, for pyarrow takes no name that is not UTF-8.
        sink = self._file.enter_context(path.open("wb"))
        # A stored Arrow schema would hide the metadata, which comes after it, from readers of the schema.
        self._writer = self._file.enter_context(
            parquet.ParquetWriter(sink, self._schema, compression="zstd", store_schema=False)
        )

    def append(self, record: Mapping[str, AnyArray]) -> None:
        """Write a chunk of rows."""
        import pyarrow

        if len(record["weight"]):
            self._writer.write_table(pyarrow.table(dict(record), schema=self._schema))

    def finish(self, metadata: Metadata) -> None:
        """Write the metadata, which says how the events came about."""
        self._writer.add_key_value_metadata({METADATA: to_text(metadata)})


class ParquetReader:
    """Reads an open events file in chunks.

    Attributes
    ----------
    metadata : how the events came about
    rows : number of events
    """

    def __init__(self, path: Path, file: Any) -> None:
        self._path, self._file = path, file
        found = file.schema_arrow.metadata or {}
        if METADATA.encode() not in found:
            raise FileFormatError(f"{path}: holds no mcgen events (no metadata {METADATA!r})")
        if "weight" not in file.schema_arrow.names:
            raise FileFormatError(f"{path}: damaged: the column weight is missing")
        with _readable(path):
            text = found[METADATA.encode()].decode()
        self.metadata = from_text(path, text)
        self.rows = int(file.metadata.num_rows)

    def chunks(self, size: int) -> Iterator[dict[str, AnyArray]]:
        """Read the columns of at most `size` events at a time; of no event, once."""
        names = self._file.schema_arrow.names
        with _readable(self._path):
            batches = self._file.iter_batches(batch_size=size)
            if self.rows == 0:
                batches = iter([self._file.schema_arrow.empty_table()])
        while True:
            with _readable(self._path):
                batch = next(batches, None)
                if batch is None:
                    return
                columns = {name: _flat(batch.column(name), name) for name in names}
            yield columns


def _flat(column: Any, name: str) -> AnyArray:
    values: AnyArray = np.asarray(column)
    if values.dtype.kind not in "biuf":
        raise ValueError(f"column {name} holds {column.type}, not numbers")
    return values


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say in one sentence what is wrong with a Parquet file."""
    import pyarrow

    try:
        yield
    except (OSError, ValueError, pyarrow.ArrowException) as error:
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FileFormatError(f"{path}: not a readable Parquet file, or damaged: {reason}") from error


@contextmanager
def open_parquet(path: Path) -> Iterator[ParquetReader]:
    """Open an events file.

    Raises
    ------
    FileFormatError
        If the file is not one of mcgen's.
    """
    import pyarrow
    from pyarrow import parquet

    if not os.path.isfile(path):
        raise FileFormatError(f"{path}: no such file")
    with ExitStack() as stack:
        with _readable(path):
            source = stack.enter_context(pyarrow.OSFile(os.fsencode(path)))
            file = stack.enter_context(parquet.ParquetFile(source))
        yield ParquetReader(path, file)
