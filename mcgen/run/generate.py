"""Generating events: in memory, chunk by chunk, or into a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from mcgen.analysis.yields import Tally
from mcgen.card import Card
from mcgen.errors import UsageError
from mcgen.events import Events
from mcgen.flux.flux import Flux
from mcgen.metadata import Metadata
from mcgen.record.columns import Record, concatenate
from mcgen.run.chunk import counted, finished
from mcgen.run.counting import cut, ended, endless
from mcgen.run.journal import journal_beside, journal_folder
from mcgen.run.output import event_file
from mcgen.run.parallel import Workers
from mcgen.run.provenance import check_chunks, chunks_of
from mcgen.run.run import Run, points_of
from mcgen.sampler.proposal import Proposal
from mcgen.types import Progress

JOURNAL_POINTS = 1_000_000
"""Runs of more points keep their finished chunks, so that they can be continued; those of several processes always."""


def generate(
    card: Card,
    workers: Workers = Workers(),  # noqa: B008  # frozen
    *,
    flux: Flux | None = None,
    proposal: Proposal | None = None,
    unweighted: int | None = None,
    progress: Progress | None = None,
) -> Events:
    """Generate the events of a card in memory.

    Parameters
    ----------
    card : for many events rather use `generate_chunks`
    workers : who draws the chunks; the events are the same
    flux : instead of that of the card
    proposal : made before for this card and flux; otherwise it is made now
    unweighted : exactly so many events of one common weight, whatever the card's points; at least 2
    progress : called with the number of points done since the last call, or of events with `unweighted`

    Returns
    -------
    The events with weight above 0, and the run's metadata

    Examples
    --------
    >>> events = mcgen.generate(card, progress=lambda points: None)
    >>> events.provenance.points == card.run.events
    True
    >>> len(mcgen.generate(card, unweighted=10))
    10
    """
    if unweighted is not None:
        return _generate_number(Run.of(endless(card), proposal, flux), unweighted, workers, progress)
    chunks = list(generate_chunks(card, workers, flux=flux, proposal=proposal, progress=progress))
    return Events(concatenate(chunk.columns for chunk in chunks), chunks[-1].metadata)


def _generate_number(run: Run, number: int, workers: Workers, progress: Progress | None) -> Events:
    """Generate a number of events of an endless run in memory."""
    kept: list[Record] = []

    def keeping() -> Iterator[Record]:
        for record in run.chunks(workers):
            kept.append(record)
            yield record

    final = ended(run, number, keeping(), progress)
    provenance = final.provenance()
    tally = Tally(provenance)
    records = cut(kept[: chunks_of(final.card)], provenance.points)
    columns = concatenate(counted(records, tally, provenance.accepted_only))
    return Events(columns, Metadata(provenance, tally.outcome(number)))


def generate_chunks(
    card: Card,
    workers: Workers = Workers(),  # noqa: B008  # frozen
    *,
    flux: Flux | None = None,
    proposal: Proposal | None = None,
    progress: Progress | None = None,
) -> Iterator[Events]:
    """Generate the events of a card chunk by chunk, in bounded memory; see `generate`.

    The metadata of each chunk has the yields of all points up to its end.

    Examples
    --------
    >>> chunks = mcgen.generate_chunks(card.replace(run={"chunk": 100}))
    >>> highest = max(chunk.boson_e.max() for chunk in chunks)
    """
    run = Run.of(card, proposal, flux)
    provenance = run.provenance()
    tally = Tally(provenance)
    rows = 0
    for record in counted(run.chunks(workers, progress=progress), tally, provenance.accepted_only):
        rows += len(record["weight"])
        yield Events(record, Metadata(provenance, tally.outcome(rows)))


def generate_file(
    card: Card,
    output: Path,
    *,
    workers: Workers = Workers(),  # noqa: B008  # frozen
    proposal: Proposal | None = None,
    part: range | None = None,
    resume: bool = False,
    format: str | None = None,
    unweighted: int | None = None,
    progress: Progress | None = None,
) -> Metadata:
    """Generate the events of a card into a file, and return the run's metadata.

    The file appears under its name when it is complete. Long runs, and those that may be resumed, keep
    their finished chunks beside it until then.

    Parameters
    ----------
    proposal : made before by `Run.of`, for this card and flux; otherwise it is made now
    part : numbers of the chunks to generate, of those of the whole run, for `mcgen.merge` to join
    resume : whether an interrupted run is to be continued, if there is one
    format : one of `mcgen.io.events.store.FORMATS`; by default that of the file's ending
    unweighted : exactly so many events of one common weight, whatever the card's points; at least 2; not of a part
    progress : called with the number of points done since the last call, or of events with `unweighted`

    Raises
    ------
    UsageError, RunError
        If the card, the flux, the proposal or the output cannot be used, or a worker fails.
    Interrupted
        If the run was stopped and can be continued.
    """
    if unweighted is not None:
        if part is not None:
            raise UsageError("a part of a run cannot have a number of events: give its points instead")
        return _write_number(
            card, output, unweighted, workers, proposal, resume=resume, format=format, progress=progress
        )
    if part is not None:
        check_chunks(card, part)
    with ExitStack() as stack:
        journal = None
        long = len(points_of(card, part)) > JOURNAL_POINTS
        if resume or long or workers.are_processes or os.path.isdir(journal_folder(output)):
            journal = stack.enter_context(journal_beside(output, resume))
        write = stack.enter_context(event_file(output, format))
        run = Run.of(card, proposal, kept=journal.proposal() if journal else None)
        provenance = run.provenance(part)
        if journal:
            journal.begin(run.proposal, provenance.to_json())
        # Whoever joins parts has to count the events that are not accepted, too.
        accepted_only = provenance.accepted_only and part is None
        return write(provenance, run.finished(provenance, accepted_only, workers, journal, progress))


def _write_number(
    card: Card,
    output: Path,
    number: int,
    workers: Workers,
    proposal: Proposal | None,
    *,
    resume: bool,
    format: str | None,
    progress: Progress | None,
) -> Metadata:
    """Generate a number of events into a file; chunks are kept beside it until the weights are known."""
    with journal_beside(output, resume) as journal, event_file(output, format) as write:
        run = Run.of(endless(card), proposal, kept=journal.proposal())
        provenance = run.provenance()
        journal.begin(run.proposal, provenance.to_json())
        found = run.finished(provenance, accepted_only=False, workers=workers, journal=journal)
        final = ended(run, number, (chunk.rows for chunk in found), progress)
        again = run.finished(
            run.provenance(range(chunks_of(final.card))), accepted_only=False, journal=journal
        )
        records = cut((chunk.rows for chunk in again), final.card.run.events)
        provenance = final.provenance()
        chunks = (finished(record, provenance, provenance.accepted_only) for record in records)
        return write(provenance, chunks)
