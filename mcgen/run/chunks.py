"""The chunks of a run in their order: from its journal, or drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from mcgen.record.columns import Record
from mcgen.run.journal import Journal
from mcgen.run.parallel import Workers


def chunks_in_order(
    draw: Callable[[int], Record], numbers: Sequence[int], workers: Workers, journal: Journal | None
) -> Iterator[tuple[int, Record]]:
    """Yield chunks with their numbers; those that the journal has are read from it, the others kept there.

    Processes of this machine keep what they draw themselves: the one that writes the file has enough to do.

    Parameters
    ----------
    draw : from the number of a chunk to its record; picklable
    numbers : of the chunks; they may be more than are ever asked for
    workers : who draws
    """
    done = set(journal.kept) if journal else set[int]()
    keeping = journal if workers.are_processes else None
    drawing = partial(_drawn_and_kept, draw, keeping) if keeping else draw
    fresh = workers.map(drawing, (k for k in numbers if k not in done))
    for k in numbers:
        record = journal.load(k) if journal else None
        if record is None:  # not there, or it does not fit
            record = draw(k) if k in done else next(fresh)
            if keeping and k not in done:
                keeping.kept.add(k)
            elif journal:
                journal.keep(k, record)
        yield k, record


def _drawn_and_kept(draw: Callable[[int], Record], journal: Journal, k: int) -> Record:
    record = draw(k)
    journal.keep(k, record)
    return record
