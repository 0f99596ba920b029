"""The story of a run: card -> flux -> physics -> proposal -> chunks."""

from __future__ import annotations

import logging
import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import numpy as np

from mcgen.analysis.yields import Tally
from mcgen.card import Card
from mcgen.errors import ProposalError
from mcgen.flux.flux import Flux, flux_of
from mcgen.metadata import Provenance, Yield
from mcgen.record.columns import Record
from mcgen.rng import Purpose, stream
from mcgen.run.chunk import Chunk, finished
from mcgen.run.chunks import chunks_in_order
from mcgen.run.journal import Journal
from mcgen.run.parallel import Workers
from mcgen.run.provenance import chunks_of, columns_of_run, provenance_of
from mcgen.sampler.process import Process, process_of
from mcgen.sampler.proposal import Proposal
from mcgen.sampler.sampler import Sampler
from mcgen.sampler.training import prepare, proposal_key
from mcgen.types import Progress

_log = logging.getLogger(__name__)


def points_of(card: Card, part: range | None = None) -> range:
    """Return the points of some chunks of a run, by default of all; the run's last chunk may be short."""
    chunks = range(chunks_of(card)) if part is None else part
    size, points = card.run.chunk, card.run.events
    return range(min(chunks.start * size, points), min(chunks.stop * size, points))


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

    def chunks(
        self,
        workers: Workers = Workers(),  # noqa: B008  # frozen
        progress: Progress | None = None,
    ) -> Iterator[Record]:
        """Draw all chunks in order, in memory."""
        numbers = range(chunks_of(self.card))
        for k, record in zip(numbers, workers.map(self.chunk, numbers), strict=True):
            yield record
            if progress:
                progress(len(points_of(self.card, range(k, k + 1))))

    def finished(
        self,
        provenance: Provenance,
        accepted_only: bool,
        workers: Workers = Workers(),  # noqa: B008  # frozen
        journal: Journal | None = None,
        progress: Progress | None = None,
    ) -> Iterator[Chunk]:
        """Draw the chunks of the run, or of its part, in order, for a file; those that the journal has are read from it.

        Parameters
        ----------
        provenance : of what is drawn
        accepted_only : whether the other rows are only counted
        """
        numbers = range(chunks_of(self.card)) if provenance.part is None else range(*provenance.part)
        draw = partial(self._finished, provenance, accepted_only)
        for k, chunk in chunks_in_order(draw, numbers, workers, journal):
            yield chunk
            if progress:
                progress(len(points_of(self.card, range(k, k + 1))))

    def _finished(self, provenance: Provenance, accepted_only: bool, k: int) -> Chunk:
        return finished(self.chunk(k), provenance, accepted_only)

    def yields(self) -> dict[str, Yield]:
        """Draw all chunks, and return only the yields, in the decay volume ("fiducial") and accepted."""
        tally = Tally(self.provenance())
        for record in self.chunks():
            tally.add(record)
        return tally.yields()

    def chunk(self, k: int) -> Record:
        """Events of chunk k: a function of card, flux, seed and k, whatever was drawn before."""
        points = points_of(self.card, range(k, k + 1))
        columns = columns_of_run(self.card)
        if not self.proposal.components:
            return {column.name: np.zeros(0, column.dtype) for column in columns}
        sampler = Sampler(self.process, self.proposal)
        # A whole chunk is drawn even if the last one is cut short: a longer run begins with it.
        u = stream(self.seed, Purpose.EVENTS, k).random((self.card.run.chunk, sampler.dimension))
        names = [column.name for column in columns]
        return sampler.events(u[: len(points)], points.start, self.card.run.events, names)

    def provenance(self, part: range | None = None) -> Provenance:
        """Describe where the events come from; `part` has the numbers of their chunks, if these are not all."""
        return provenance_of(self.card, self.seed, self.flux, self.process, self.proposal, part)
