"""Generating events: in memory, chunk by chunk, or into a file."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

from mcgen.analysis.yields import Tally
from mcgen.card import Card
from mcgen.events import Events
from mcgen.flux.flux import Flux
from mcgen.metadata import Metadata
from mcgen.record.columns import concatenate
from mcgen.run.journal import journal_beside, journal_folder
from mcgen.run.output import counted, event_file
from mcgen.run.parallel import Workers
from mcgen.run.provenance import check_chunks
from mcgen.run.run import Progress, Run, points_of
from mcgen.sampler.proposal import Proposal

JOURNAL_POINTS = 1_000_000
"""Runs of more points keep their finished chunks, so that they can be continued."""


def generate(
    card: Card,
    workers: Workers = Workers(),  # noqa: B008  # frozen
    *,
    flux: Flux | None = None,
    proposal: Proposal | None = None,
    progress: Progress | None = None,
) -> Events:
    """Generate the events of a card in memory.

    Parameters
    ----------
    card : for many events rather use `generate_chunks`
    workers : who draws the chunks; the events are the same
    flux : instead of that of the card
    proposal : made before for this card and flux; otherwise it is made now
    progress : called with the number of points done since the last call

    Returns
    -------
    The events with weight above 0, and the run's metadata
    """
    chunks = list(generate_chunks(card, workers, flux=flux, proposal=proposal, progress=progress))
    return Events(concatenate(chunk.columns for chunk in chunks), chunks[-1].metadata)


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

    Raises
    ------
    UsageError, RunError
        If the card, the flux, the proposal or the output cannot be used, or a worker fails.
    Interrupted
        If the run was stopped and can be continued.
    """
    if part is not None:
        check_chunks(card, part)
    with ExitStack() as stack:
        journal = None
        if resume or len(points_of(card, part)) > JOURNAL_POINTS or os.path.isdir(journal_folder(output)):
            journal = stack.enter_context(journal_beside(output, resume))
        write = stack.enter_context(event_file(output, format))
        run = Run.of(card, proposal, kept=journal.proposal() if journal else None)
        provenance = run.provenance(part)
        if journal:
            journal.begin(run.proposal, provenance.to_json())
        return write(provenance, run.chunks(workers, part, journal, progress))
