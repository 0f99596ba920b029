"""The story of a run: card -> flux -> proposal -> chunks -> file."""

from __future__ import annotations

import logging
import os
import platform
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

import numpy as np

from mcgen.analysis.yields import Tally
from mcgen.card import Card
from mcgen.distribution import installed_version
from mcgen.errors import ProposalError, UsageError
from mcgen.events import Events
from mcgen.flux.flux import Flux, flux_of
from mcgen.metadata import FluxSummary, Metadata, Provenance, Yield
from mcgen.record.columns import Column, Record, columns_of, concatenate
from mcgen.rng import Purpose, stream
from mcgen.run.journal import Journal, journal_beside, journal_folder
from mcgen.run.output import counted, event_file
from mcgen.run.parallel import Workers
from mcgen.sampler.process import Process, process_of
from mcgen.sampler.proposal import Proposal
from mcgen.sampler.sampler import Sampler
from mcgen.sampler.training import prepare, proposal_key
from mcgen.sources.registry import process_codes

_log = logging.getLogger(__name__)

Progress = Callable[[int], None]
"""Called with the number of points done since the last call."""

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
    for record in counted(run.chunks(workers, progress=progress), tally, provenance):
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
        _check_part(card, part)
    points = card.run.events if part is None else len(part) * card.run.chunk
    with ExitStack() as stack:
        journal = None
        if resume or points > JOURNAL_POINTS or os.path.isdir(journal_folder(output)):
            journal = stack.enter_context(journal_beside(output, resume))
        write = stack.enter_context(event_file(output, format))
        run = Run.of(card, proposal, kept=journal.proposal() if journal else None)
        provenance = run.provenance(part)
        if journal:
            journal.begin(run.proposal, provenance.to_json())
        return write(provenance, run.chunks(workers, part, journal, progress))


def _check_part(card: Card, part: range) -> None:
    count = chunks_of(card)
    if not 0 <= part.start < part.stop <= count:
        raise UsageError(
            f"chunks {part.start}:{part.stop}: the run has the chunks 0:{count}, end not included"
        )


def chunks_of(card: Card) -> int:
    """Number of chunks of a run."""
    return -(-card.run.events // card.run.chunk)


@dataclass(frozen=True)
class Run:
    """A card with everything that it needs: made once, then only chunks are drawn from it."""

    card: Card
    """What is computed."""
    seed: int
    """Of the random numbers: that of the card, or drawn."""
    flux: Flux
    """The parents."""
    process: Process
    """The physics."""
    proposal: Proposal
    """How events are drawn."""

    @classmethod
    def of(
        cls,
        card: Card,
        proposal: Proposal | None = None,
        flux: Flux | None = None,
        kept: Proposal | None = None,
    ) -> Run:
        """Load the flux, set up the physics, train the proposal if there is none.

        Parameters
        ----------
        proposal : made before for this card and flux
        flux : instead of that of the card
        kept : of the interrupted run that is continued; whether it is this run is for its journal to say

        Raises
        ------
        ProposalError
            If the proposal was made for another card or flux.
        """
        given = proposal or kept
        seed = card.run.seed
        if seed is None:
            seed = secrets.randbits(63) if given is None else given.seed
        flux = flux_of(card) if flux is None else flux
        process = process_of(card, flux)
        _log.info("%d of %d particles of %s can contribute", process.used, flux.total, flux.file)
        if proposal is not None and proposal.key != proposal_key(card, flux.sha256):
            raise ProposalError("the proposal was made for another card or flux: prepare a new one")
        if given is None:
            given = prepare(process, card, flux.sha256, seed)
        _log.info("seed %d; proposal %s", seed, given.sha256)
        return cls(card, seed, flux, process, given)

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the record."""
        return columns_of((plane.name for plane in self.card.experiment.plane), process_codes())

    def chunks(
        self,
        workers: Workers = Workers(),  # noqa: B008  # frozen
        part: range | None = None,
        journal: Journal | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Record]:
        """Draw chunks in order, all or a part of them; those that the journal has are read from it."""
        numbers = range(chunks_of(self.card)) if part is None else part
        done = set(journal.kept) if journal else set[int]()
        fresh = workers.map(self.chunk, (k for k in numbers if k not in done))
        for k in numbers:
            record = journal.load(k) if journal else None
            if record is None:  # not there, or it does not fit
                record = self.chunk(k) if k in done else next(fresh)
                if journal:
                    journal.keep(k, record)
            yield record
            if progress:
                progress(len(self.points(k)))

    def yields(self) -> dict[str, Yield]:
        """Draw all chunks, and return only the yields, in the decay volume ("fiducial") and accepted."""
        tally = Tally(self.provenance())
        for record in self.chunks():
            tally.add(record)
        return tally.yields()

    def points(self, k: int) -> range:
        """Return the indices of the points of chunk k."""
        size = self.card.run.chunk
        return range(k * size, min((k + 1) * size, self.card.run.events))

    def chunk(self, k: int) -> Record:
        """Events of chunk k: a function of card, flux, seed and k, whatever was drawn before."""
        points = self.points(k)
        if not self.proposal.components:
            return {column.name: np.zeros(0, column.dtype) for column in self.columns}
        sampler = Sampler(self.process, self.proposal)
        # A whole chunk is drawn even if the last one is cut short: a longer run begins with it.
        u = stream(self.seed, Purpose.EVENTS, k).random((self.card.run.chunk, sampler.dimension))
        return sampler.events(u[: len(points)], points.start, self.card.run.events)

    def provenance(self, part: range | None = None) -> Provenance:
        """Describe where the events come from: card, flux, proposal, versions, columns."""
        flux, ceiling = self.flux, self.proposal.ceiling
        return Provenance(
            program="mcgen",
            version=installed_version(),
            libraries={name: version(name) for name in ("numpy", "scipy", "vegas", "uproot")},
            machine=platform.machine(),
            card=self.card,
            seed=self.seed,
            points=self.card.run.events,
            chunks=chunks_of(self.card),
            flux=FluxSummary(
                file=flux.file,
                sha256=flux.sha256,
                muons=flux.total,
                rows=flux.rows,
                groups=flux.groups,
                used=self.process.used,
                left_out=self.process.left_out,
                sampled=flux.sampled,
            ),
            requirements=self.process.detector.requirements,
            columns=self.columns,
            proposal_sha256=self.proposal.sha256,
            part=None if part is None else (part.start, part.stop),
            common_weight=None if ceiling is None else ceiling.weight / self.card.run.events,
        )
