"""The chunks of a run in their order: from its journal, or drawn."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import tee

from mcgen.run.chunk import Chunk
from mcgen.run.journal import Journal
from mcgen.run.parallel import Workers


def chunks_in_order(
    draw: Callable[[int], Chunk], numbers: Sequence[int], workers: Workers, journal: Journal | None
) -> Iterator[tuple[int, Chunk]]:
    """Yield chunks with their numbers; those that the journal has are read from it, the others kept there.

    Parameters
    ----------
    draw : from the number of a chunk to what it is; picklable
    numbers : of the chunks; they may be more than are ever asked for
    workers : who draws
    """
    if journal is None:
        yield from zip(numbers, workers.map(draw, numbers), strict=True)
        return
    done = set(journal.kept)
    fresh = _kept(draw, (k for k in numbers if k not in done), workers, journal)
    for k in numbers:
        chunk = journal.load(k) if k in done else next(fresh)
        if chunk is None:  # it does not fit
            chunk = draw(k)
            journal.keep(k, chunk)
        yield k, chunk


def _kept(
    draw: Callable[[int], Chunk], numbers: Iterable[int], workers: Workers, journal: Journal
) -> Iterator[Chunk | None]:
    """Yield chunks that are drawn and kept.

    Processes of this machine keep what they draw themselves, and it is read from there: this process, which writes,
    has enough to do, and a pipe costs four times as much.
    """
    if workers.are_processes:
        for k in workers.map(partial(_drawn_and_kept, draw, journal), numbers):
            yield journal.taken(k)
        return
    keeping, drawing = tee(numbers)
    for k, chunk in zip(keeping, workers.map(draw, drawing), strict=True):
        journal.keep(k, chunk)
        yield chunk


def _drawn_and_kept(draw: Callable[[int], Chunk], journal: Journal, k: int) -> int:
    journal.keep(k, draw(k))
    return k
