"""From the chunks of a run to a file with its metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mcgen.analysis.yields import Tally
from mcgen.io.events.digests import ColumnDigests
from mcgen.io.events.store import format_of
from mcgen.io.files import atomic_output
from mcgen.metadata import Metadata, Provenance
from mcgen.run.chunk import Chunk


class Write(Protocol):
    """Writes the chunks of a run to a file."""

    def __call__(
        self, provenance: Provenance, chunks: Iterable[Chunk], tally: Tally | None = None
    ) -> Metadata:
        """Write chunks, and return the metadata.

        Parameters
        ----------
        tally : to count them with, for whoever keeps its sums
        """
        ...


@contextmanager
def event_file(path: Path, format: str | None = None) -> Iterator[Write]:
    """Open a file for the events of a run, which appears under its name when it is complete.

    Parameters
    ----------
    format : one of `mcgen.io.events.store.FORMATS`; by default that of the file's ending

    Yields
    ------
    A function that writes chunks, given the run's provenance, and returns the metadata

    Raises
    ------
    UsageError, RunError
        If the file cannot be written; nothing is left under its name.
    """
    kind = format_of(path, format)
    with atomic_output(path) as temporary:

        def write(provenance: Provenance, chunks: Iterable[Chunk], tally: Tally | None = None) -> Metadata:
            kind.check(path, provenance)
            tally = tally or Tally(provenance)
            columns = ColumnDigests((c.name for c in provenance.columns), provenance.card.run.chunk)
            with kind.writer(temporary, provenance.columns) as writer:
                for chunk in chunks:
                    writer.append(chunk.rows)
                    tally.add_sums(chunk.sums)
                    columns.add_chunk(len(chunk.rows["weight"]), chunk.digests)
                metadata = Metadata(provenance, tally.outcome(columns.rows, columns.digests()))
                writer.finish(metadata)
                return metadata

        yield write
