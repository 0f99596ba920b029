"""From the records of a run to a file with its metadata."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from mcgen.analysis.yields import Tally
from mcgen.io.events.digests import ColumnHashes
from mcgen.io.events.store import format_of
from mcgen.io.files import atomic_output
from mcgen.metadata import Metadata, Provenance
from mcgen.record.columns import Record


class Write(Protocol):
    """Writes the records of a run to a file."""

    def __call__(
        self, provenance: Provenance, records: Iterable[Record], tally: Tally | None = None
    ) -> Metadata:
        """Write records of all decays in the volume, and return the metadata.

        Parameters
        ----------
        tally : to count them with, for whoever keeps its sums; then rejected events of a part need not be kept
        """
        ...


def counted(records: Iterable[Record], tally: Tally, accepted_only: bool) -> Iterator[Record]:
    """Count the records of all decays in the volume, and yield them, or only the accepted ones."""
    for record in records:
        tally.add(record)
        if accepted_only:
            record = {name: values[record["accepted"]] for name, values in record.items()}
        yield record


@contextmanager
def event_file(path: Path, format: str | None = None) -> Iterator[Write]:
    """Open a file for the events of a run, which appears under its name when it is complete.

    Parameters
    ----------
    format : one of `mcgen.io.events.store.FORMATS`; by default that of the file's ending

    Yields
    ------
    A function that writes records, given the run's provenance, and returns the metadata

    Raises
    ------
    UsageError, RunError
        If the file cannot be written; nothing is left under its name.
    """
    kind = format_of(path, format)
    with atomic_output(path) as temporary:

        def write(provenance: Provenance, records: Iterable[Record], tally: Tally | None = None) -> Metadata:
            kind.check(path, provenance)
            # Whoever joins parts has to count the events that are not accepted, too.
            accepted_only = provenance.accepted_only and (provenance.part is None or tally is not None)
            tally = tally or Tally(provenance)
            hashes = ColumnHashes(c.name for c in provenance.columns)
            with kind.writer(temporary, provenance.columns) as writer:
                for record in counted(records, tally, accepted_only):
                    writer.append(record)
                    hashes.add(record)
                metadata = Metadata(provenance, tally.outcome(hashes.rows, hashes.digests()))
                writer.finish(metadata)
                return metadata

        yield write
