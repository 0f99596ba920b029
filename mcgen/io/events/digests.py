"""Digests of columns: whether what is read is what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np

from mcgen.errors import FileFormatError, RunError
from mcgen.metadata import Metadata
from mcgen.record.columns import AnyArray, Record, by_chunk

Digests = Mapping[str, str]
"""SHA-256 of values in hexadecimal digits, by column."""


def digests_of(record: Mapping[str, AnyArray]) -> dict[str, str]:
    """Digest of the values of each column."""
    return {name: hashlib.sha256(_bytes(values)).hexdigest() for name, values in record.items()}


class ColumnDigests:
    """SHA-256 of every column of a file: of the digests of its values in those chunks of the run that have any.

    So chunks are digested by whoever draws them, and files by whoever reads them, however many rows at a time.

    Parameters
    ----------
    names : of the columns
    size : points of a chunk of the run
    """

    def __init__(self, names: Iterable[str], size: int) -> None:
        self._columns = {name: hashlib.sha256() for name in names}
        self._size = size
        self._chunk = -1
        self._begun = {name: hashlib.sha256() for name in self._columns}
        self.rows = 0

    def add_chunk(self, rows: int, digests: Digests) -> None:
        """Take the digests of a chunk of so many rows."""
        self.rows += rows
        if rows:
            for name, digest in digests.items():
                self._columns[name].update(bytes.fromhex(digest))

    def add(self, record: Record) -> None:
        """Take the values of some more rows, in their order."""
        for chunk, part in by_chunk(record, self._size):
            if chunk > self._chunk:
                self._end_chunk()
                self._chunk = chunk
            self.rows += len(part["event"])
            for name, values in part.items():
                self._begun[name].update(_bytes(values))

    def digests(self) -> dict[str, str]:
        """Digests of the columns, when all rows were taken."""
        self._end_chunk()
        return {name: column.hexdigest() for name, column in self._columns.items()}

    def _end_chunk(self) -> None:
        if self._chunk < 0:
            return
        for name, begun in self._begun.items():
            self._columns[name].update(begun.digest())
            self._begun[name] = hashlib.sha256()
        self._chunk = -1


def _bytes(values: AnyArray) -> memoryview:
    return np.ascontiguousarray(values).data


def verified(chunks: Iterable[Record], metadata: Metadata, path: Path) -> Iterator[Record]:
    """Hand on all chunks of a file, and compare them with the digests of its metadata.

    Raises
    ------
    FileFormatError
        At the start, if the metadata has no digests.
    RunError
        At the end, if columns are not those that were written.
    """
    written = metadata.outcome.digests
    if not written:
        raise FileFormatError(f"{path}: the metadata has no digests of the columns: nothing to verify")
    hashes: ColumnDigests | None = None
    for record in chunks:
        hashes = hashes or ColumnDigests(record, metadata.provenance.card.run.chunk)
        hashes.add(record)
        yield record
    digests = hashes.digests() if hashes else {}
    if wrong := sorted(name for name in {*written, *digests} if written.get(name) != digests.get(name)):
        raise RunError(f"{path}: damaged: columns {', '.join(wrong)} are not those that were written")
