"""Digests of columns: whether what is read is what was written."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import numpy as np

from mcgen.errors import FileFormatError
from mcgen.events import AnyArray, Events


class ColumnHashes:
    """SHA-256 of every column's values, over all chunks."""

    def __init__(self, names: Iterable[str]) -> None:
        self._hashes = {name: hashlib.sha256() for name in names}
        self.rows = 0

    def add(self, record: Mapping[str, AnyArray]) -> None:
        """Take the values of a chunk."""
        self.rows += len(record["weight"])
        for name, values in record.items():
            self._hashes[name].update(np.ascontiguousarray(values).data)

    def digests(self) -> dict[str, str]:
        """Digests in hexadecimal digits, by column."""
        return {name: h.hexdigest() for name, h in self._hashes.items()}


def damaged_columns(events: Events) -> list[str]:
    """Names of the columns whose values are not those that were written.

    Raises
    ------
    FileFormatError
        If the metadata has no digests.
    """
    described = events.metadata["columns"]
    if not all("sha256" in column for column in described.values()):
        raise FileFormatError("the metadata has no digests of the columns: nothing to verify")
    missing = set(described) ^ set(events.columns)
    hashes = ColumnHashes(events.columns)
    hashes.add(events.columns)
    digests = hashes.digests()
    wrong = {name for name in set(described) - missing if described[name]["sha256"] != digests[name]}
    return sorted(missing | wrong)
