"""Digests of columns: whether what is read is what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from mcgen.errors import FileFormatError, RunError
from mcgen.metadata import Metadata
from mcgen.record.columns import Record


class ColumnHashes:
    """SHA-256 of every column's values, over all chunks."""

    def __init__(self, names: Iterable[str]) -> None:
        self._hashes = {name: hashlib.sha256() for name in names}
        self.rows = 0

    def add(self, record: Record) -> None:
        """Take the values of a chunk."""
        self.rows += len(record["weight"])
        for name, values in record.items():
            self._hashes[name].update(np.ascontiguousarray(values).data)

    def digests(self) -> dict[str, str]:
        """Digests in hexadecimal digits, by column."""
        return {name: h.hexdigest() for name, h in self._hashes.items()}


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
    hashes: ColumnHashes | None = None
    for record in chunks:
        hashes = hashes or ColumnHashes(record)
        hashes.add(record)
        yield record
    digests = hashes.digests() if hashes else {}
    if wrong := sorted(name for name in {*written, *digests} if written.get(name) != digests.get(name)):
        raise RunError(f"{path}: damaged: columns {', '.join(wrong)} are not those that were written")
