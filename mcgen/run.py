"""The story of a run: card -> flux -> proposal -> chunks -> file."""

from __future__ import annotations

import logging
import platform
import secrets
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from mcgen.analysis import Tally
from mcgen.card import Card
from mcgen.errors import reasons
from mcgen.events import AnyArray, Column, Events, columns_of, concatenate
from mcgen.flux import Flux, flux_of
from mcgen.io.digests import ColumnHashes
from mcgen.io.files import atomic_output
from mcgen.io.store import writer_for
from mcgen.proposal import Proposal
from mcgen.rng import Purpose, stream
from mcgen.sampler import Process, Sampler, prepare

_log = logging.getLogger(__name__)

Progress = Callable[[int], None]
"""Called with the number of points done since the last call."""


def generate(card: Card) -> Events:
    """Generate the events of a card in memory.

    Parameters
    ----------
    card : for many events rather use `generate_chunks`

    Returns
    -------
    The events with weight above 0, and the run's metadata
    """
    run = Run.of(card)
    record = concatenate(run.chunks())
    return Events(record, run.metadata(len(record["weight"])))


def generate_chunks(card: Card) -> Iterator[Events]:
    """Generate the events of a card chunk by chunk, in bounded memory.

    The metadata of each chunk has the yields of all points up to its end.
    """
    run = Run.of(card)
    rows = 0
    for record in run.chunks():
        rows += len(record["weight"])
        yield Events(record, run.metadata(rows))


def generate_file(card: Card, output: Path, progress: Progress | None = None) -> dict[str, Any]:
    """Generate the events of a card into a ROOT file, and return the run's metadata.

    The file appears under its name when it is complete.

    Raises
    ------
    UsageError, RunError
        If the card, the flux or the output cannot be used; nothing is left under the file's name.
    """
    with atomic_output(output) as temporary:
        run = Run.of(card)
        with writer_for(output)(temporary, run.columns) as writer:
            hashes = ColumnHashes(run.columns)
            for record in run.chunks(progress):
                writer.append(record)
                hashes.add(record)
            metadata = run.metadata(hashes.rows, hashes.digests())
            writer.finish(metadata)
    return metadata


@dataclass(frozen=True)
class Run:
    """A card with everything that it needs: made once, then only chunks are drawn from it."""

    card: Card
    seed: int
    flux: Flux
    process: Process
    proposal: Proposal
    tally: Tally

    @classmethod
    def of(cls, card: Card) -> Run:
        """Load the flux, set up the physics, train the proposal."""
        seed = secrets.randbits(63) if card.run.seed is None else card.run.seed
        flux = flux_of(card)
        process = Process(card, flux)
        _log.info("%d of %d muons of %s can contribute", len(process.muons), flux.total, flux.file)
        proposal = prepare(process, card, flux.sha256, seed)
        _log.info("seed %d; proposal %s", seed, proposal.sha256)
        return cls(
            card, seed, flux, process, proposal, Tally(flux.rows, flux.sampled, process.detector.requirements)
        )

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """Columns of the record."""
        return columns_of(plane.name for plane in self.card.experiment.plane)

    def chunks(self, progress: Progress | None = None) -> Iterator[dict[str, AnyArray]]:
        """Draw all chunks in order, and count them."""
        for k in range(self.number_of_chunks):
            record = self.chunk(k)
            self.tally.add(record)
            if self.card.run.write == "accepted":
                record = {name: values[record["accepted"]] for name, values in record.items()}
            yield record
            if progress:
                progress(len(self.points(k)))

    @property
    def number_of_chunks(self) -> int:
        """Number of chunks of the run."""
        return -(-self.card.run.events // self.card.run.chunk)

    def points(self, k: int) -> range:
        """Return the indices of the points of chunk k."""
        size = self.card.run.chunk
        return range(k * size, min((k + 1) * size, self.card.run.events))

    def chunk(self, k: int) -> dict[str, AnyArray]:
        """Events of chunk k: a function of card, flux, seed and k, whatever was drawn before."""
        points = self.points(k)
        if not self.proposal.components:
            return {column.name: np.zeros(0, column.dtype) for column in self.columns}
        sampler = Sampler(self.process, self.proposal)
        # A whole chunk is drawn even if the last one is cut short: a longer run begins with it.
        u = stream(self.seed, Purpose.EVENTS, k).random((self.card.run.chunk, sampler.dimension))
        return sampler.events(u[: len(points)], points.start, self.card.run.events)

    def metadata(self, rows: int, digests: dict[str, str] | None = None) -> dict[str, Any]:
        """Describe the run: card, provenance, yields, columns."""
        points = self.card.run.events
        muons = self.process.muons
        return {
            "program": "mcgen",
            "version": version("mcgen"),
            "libraries": {name: version(name) for name in ("numpy", "scipy", "vegas", "uproot")},
            "machine": platform.machine(),
            "events": rows,
            "points": points,
            "exposure": self.card.experiment.exposure.model_dump(),
            **self.tally.summary(points),
            "remark": self.remark(),
            "requirements": [{**asdict(r), "bit": r.bit} for r in self.process.detector.requirements],
            "columns": {
                c.name: {"unit": c.unit, "dtype": c.dtype, "meaning": c.meaning}
                | ({"sha256": digests[c.name]} if digests else {})
                for c in self.columns
            },
            "card": self.card.to_dict(),
            "seed": self.seed,
            "flux": {
                "file": self.flux.file,
                "sha256": self.flux.sha256,
                "muons": self.flux.total,
                "used": len(muons),
                "left_out": muons.left_out,
                "sampled": self.flux.sampled,
            },
            "chunks": self.number_of_chunks,
            "proposal_sha256": self.proposal.sha256,
        }

    def remark(self) -> str:
        """Say in a sentence why nothing came out; empty if something did."""
        yields = self.tally.yields(self.card.run.events)
        if not len(self.process.muons):
            return f"No muon can contribute: {reasons(self.process.muons.left_out)}."
        if yields["fiducial"].value == 0.0:
            return "No boson decays in the decay volume: all decay long before or far behind it, or miss it."
        if yields["accepted"].value == 0.0:
            return "No decay fulfils all requirements of a selection."
        return ""
