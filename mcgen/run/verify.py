"""Whether events are those that were written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcgen.io.events.dataset import Part, is_dataset, read_index
from mcgen.io.events.store import read_chunks, read_part
from mcgen.metadata import Metadata
from mcgen.run.parallel import Workers
from mcgen.types import Progress


def verify(path: Path, workers: Workers, progress: Progress | None = None) -> None:
    """Compare the columns of an events file or dataset with their digests, the parts of a dataset by several workers.

    It raises what `read_chunks` does, and calls `progress` with the number of events read since the last call.
    """
    if not is_dataset(path):
        for _ in read_chunks(path, progress=progress):
            pass
        return
    whole, parts = read_index(path)
    for rows in workers.map(_PartReader(path, whole, parts), range(len(parts))):
        if progress:
            progress(rows)


@dataclass(frozen=True)
class _PartReader:
    """Reads and compares a part of a dataset; picklable, for workers."""

    folder: Path
    """Of the dataset."""
    whole: Metadata
    """What the dataset is."""
    parts: tuple[Part, ...]
    """All of them."""

    def __call__(self, number: int) -> int:
        """Return the number of events of a part."""
        records = read_part(self.folder, self.whole, self.parts[number])
        return sum(len(record["weight"]) for record in records)
