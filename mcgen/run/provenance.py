"""Where the events of a run come from."""

from __future__ import annotations

import platform
from importlib.metadata import version

from mcgen.card import Card
from mcgen.distribution import installed_version
from mcgen.errors import UsageError
from mcgen.flux.flux import Flux
from mcgen.metadata import FluxSummary, Provenance
from mcgen.record.columns import Column, chosen, columns_of
from mcgen.sampler.process import Process
from mcgen.sampler.proposal import Proposal
from mcgen.sources.registry import process_codes


def chunks_of(card: Card) -> int:
    """Number of chunks of a run."""
    return -(-card.run.events // card.run.chunk)


def check_chunks(card: Card, part: range) -> None:
    """Raise UsageError if the run does not have a part's chunks."""
    count = chunks_of(card)
    if not 0 <= part.start < part.stop <= count:
        raise UsageError(
            f"chunks {part.start}:{part.stop}: the run has the chunks 0:{count}, end not included"
        )


def columns_of_run(card: Card) -> tuple[Column, ...]:
    """Return the columns that a card asks for."""
    variations = {variation.name: variation.in_words() for variation in card.variations}
    every = columns_of((plane.name for plane in card.experiment.plane), process_codes(), variations)
    return chosen(every, card.run.columns)


def provenance_of(
    card: Card, seed: int, flux: Flux, process: Process, proposal: Proposal, part: range | None = None
) -> Provenance:
    """Describe where events come from: card, flux, proposal, versions, columns.

    Parameters
    ----------
    part : numbers of the chunks, if they are a part of the run's
    """
    return Provenance(
        program="mcgen",
        version=installed_version(),
        libraries={name: version(name) for name in ("numpy", "scipy", "vegas", "uproot")},
        machine=platform.machine(),
        card=card,
        seed=seed,
        points=card.run.events,
        chunks=chunks_of(card),
        flux=FluxSummary(
            file=flux.file,
            sha256=flux.sha256,
            muons=flux.total,
            rows=flux.rows,
            groups=flux.groups,
            used=process.used,
            left_out=process.left_out,
            sampled=flux.sampled,
        ),
        requirements=process.detector.requirements,
        columns=columns_of_run(card),
        proposal_sha256=proposal.sha256,
        part=None if part is None else (part.start, part.stop),
        common_weight=None if proposal.ceiling is None else proposal.ceiling.weight / card.run.events,
    )
