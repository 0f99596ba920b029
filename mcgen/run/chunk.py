"""A chunk of a run as it goes to a file: rows, what is counted of them, digests; made where it is drawn."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from mcgen.analysis.yields import Sums, Tally
from mcgen.io.events.digests import Digests, digests_of
from mcgen.metadata import Provenance
from mcgen.record.columns import Record


@dataclass(frozen=True, slots=True)
class Chunk:
    """A finished chunk."""

    rows: Record
    """Those that are written."""
    sums: Sums
    """What is counted, also of rows that are not written."""
    digests: Digests
    """Of the columns of the rows."""


def finished(record: Record, provenance: Provenance, accepted_only: bool) -> Chunk:
    """Count and digest a chunk of all decays in the volume, of which all or the accepted ones are written."""
    tally = Tally(provenance)
    (rows,) = counted([record], tally, accepted_only)
    return Chunk(rows, tally.sums(), digests_of(rows))


def counted(records: Iterable[Record], tally: Tally, accepted_only: bool) -> Iterator[Record]:
    """Count the records of all decays in the decay volume, and yield them, or only the accepted ones."""
    for record in records:
        tally.add(record)
        if accepted_only:
            record = {name: values[record["accepted"]] for name, values in record.items()}
        yield record
