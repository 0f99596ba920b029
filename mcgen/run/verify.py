"""Whether events are those that were written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from mcgen.io.events.dataset import Part, is_dataset, read_index
from mcgen.io.events.store import read_chunks, read_part
from mcgen.run.parallel import Workers
from mcgen.types import Progress


def verify(path: Path, workers: Workers, progress: Progress | None = None) -> None:
    """Compare the columns of an events file or dataset with their digests, the parts of a dataset by several workers.

    Parameters
    ----------
    progress : called with the number of events read since the last call

    Raises
    ------
    FileFormatError
        If it is not one of mcgen's, or damaged.
    RunError
        If the columns are not those that were written.
    """
    if not is_dataset(path):
        for _ in read_chunks(path, progress=progress):
            pass
        return
    _, parts = read_index(path)
    for rows in workers.map(_PartReader(path, parts), range(len(parts))):
        if progress:
            progress(rows)


@dataclass(frozen=True)
class _PartReader:
    """Reads and compares a part of a dataset; picklable, for workers."""

    folder: Path
    """Of the dataset."""
    parts: tuple[Part, ...]
    """All of them."""

    def __call__(self, number: int) -> int:
        """Return the number of events of a part."""
        return sum(len(record["weight"]) for record in read_part(self.folder, self.parts[number]))
