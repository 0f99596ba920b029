"""Runs into datasets: whoever draws some chunks writes their file; who coordinates sees sums and digests only."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from mcgen.analysis.yields import Tally
from mcgen.card import Card
from mcgen.errors import FileFormatError, RunError, UsageError
from mcgen.io.events.dataset import (
    STATE,
    Part,
    check_part,
    part_name,
    remove_state,
    write_index,
)
from mcgen.io.events.metadata import digest_of
from mcgen.io.events.store import format_named, read_metadata
from mcgen.io.keeping import kept_on_failure
from mcgen.io.lock import locked
from mcgen.metadata import Metadata, Provenance
from mcgen.run.journal import Journal, differences
from mcgen.run.merge import in_order
from mcgen.run.output import event_file
from mcgen.run.parallel import Workers
from mcgen.run.parts import Made, common, keep, parts_there, read_parts, sums_of
from mcgen.run.provenance import check_chunks, chunks_of
from mcgen.run.run import Run, points_of
from mcgen.sampler.proposal import Proposal
from mcgen.types import Progress

PART_POINTS = 250_000
"""Points of a part of a dataset that one command makes, whoever draws them."""


@dataclass(frozen=True)
class PartMaker:
    """Draws chunks of a run and writes them to a part of a dataset; picklable, for workers."""

    run: Run
    """What is drawn."""
    folder: Path
    """Of the dataset; workers elsewhere need it under the same name."""
    format: str
    """Of the parts."""
    size: int = 1
    """Chunks of a part."""

    def __call__(self, first: int) -> Made:
        """Make the part that begins with a chunk."""
        return self.make(self.chunks(first))

    def chunks(self, first: int) -> range:
        """Chunks of the part that begins with a chunk."""
        return range(first, min(first + self.size, chunks_of(self.run.card)))

    def make(self, chunks: range) -> Made:
        """Draw some chunks, and write them and their sums."""
        name = part_name(chunks.start, format_named(self.format).endings[0])
        path = self.folder / name
        if not os.path.isdir(self.folder):
            raise RunError(
                f"{self.folder}: there is no such folder where this worker runs; datasets need a shared one"
            )
        provenance = self.run.provenance(chunks)
        tally = Tally(provenance)
        with event_file(path, self.format) as write:
            metadata = write(provenance, self.run.finished(provenance, provenance.accepted_only), tally)
        part = Part(
            name, chunks.start, chunks.stop, metadata.outcome.events, path.stat().st_size, digest_of(metadata)
        )
        made = Made(part, common(provenance))
        keep(self.folder, made, tally.sums())
        return made


def generate_dataset(
    card: Card,
    folder: Path,
    *,
    workers: Workers = Workers(),  # noqa: B008  # frozen
    proposal: Proposal | None = None,
    part: range | None = None,
    resume: bool = False,
    format: str | None = None,
    progress: Progress | None = None,
    part_points: int = PART_POINTS,
) -> Metadata:
    """Generate the events of a card into a dataset, and return the run's metadata.

    Finished parts stay where they are if the run is interrupted; the index is written when all are there.

    Parameters
    ----------
    folder : of the dataset, which is there
    proposal : made before for this card and flux; otherwise it is made now
    part : numbers of the chunks to generate, as one part, for `index_dataset` to complete the dataset
    resume : whether an interrupted run is to be continued, if there is one
    format : of the parts, by default "root"; one that events can be read from
    progress : called with the number of points done since the last call
    part_points : points of a part, rounded to whole chunks

    Raises
    ------
    UsageError, RunError
        If the card, the flux, the proposal or the folder cannot be used, or a worker fails.
    Interrupted
        If the run was stopped and can be continued.
    """
    format = readable(format)
    if part is not None:
        check_chunks(card, part)
        made = PartMaker(Run.of(card, proposal), folder, format).make(part)
        return read_metadata(folder / made.part.file)
    with locked(folder / STATE):
        journal = Journal(folder / STATE)
        if journal.is_started and not resume:
            raise UsageError(
                f"{folder}: holds an interrupted run: continue it with --resume, or remove that folder"
            )
        there: dict[int, Made] = {}
        with kept_on_failure(_Kept(folder, there, journal)):
            run = Run.of(card, proposal, kept=journal.proposal())
            provenance = run.provenance()
            journal.begin(run.proposal, provenance.to_json())
            maker = PartMaker(run, folder.absolute(), format, max(part_points // card.run.chunk, 1))
            firsts = range(0, chunks_of(card), maker.size)
            for made in parts_there(folder, common(provenance)):
                # A batch job may have made another part that begins with that chunk.
                if made.part.first in firsts and made.part.end == maker.chunks(made.part.first).stop:
                    there[made.part.first] = made
            for made in workers.map(maker, [first for first in firsts if first not in there]):
                _check_arrived(folder, made.part)
                there[made.part.first] = made
                if progress:
                    progress(len(points_of(card, range(made.part.first, made.part.end))))
            return _complete(folder, provenance, [there[first] for first in firsts])


def index_dataset(folder: Path) -> Metadata:
    """Check that a folder has all parts of one run, and write the index.

    Raises
    ------
    UsageError
        If parts overlap, are missing, or are of different runs.
    FileFormatError
        If a part is missing, or not as long as it was.
    """
    found = sorted(read_parts(folder), key=lambda made: made.part.first)
    if not found:
        raise UsageError(f"{folder}: holds no parts of a run; mcgen generate --chunks makes them")
    for made in found[1:]:
        if made.run_sha256 != found[0].run_sha256:
            keys = ", ".join(sorted(differences(found[0].run, made.run))[:5])
            raise UsageError(
                f"{folder / made.part.file}: of another run than {found[0].part.file}: {keys} differ"
            )
    in_order(
        {folder / made.part.file: (made.part.first, made.part.end) for made in found}, found[0].run["chunks"]
    )
    for made in found:
        check_part(folder, made.part)
    provenance = replace(read_metadata(folder / found[0].part.file).provenance, part=None)
    metadata = _complete(folder, provenance, found)
    remove_state(folder)
    return metadata


def readable(format: str | None) -> str:
    """Format of the parts; a `UsageError` for one that events cannot be read from."""
    name = format or "root"
    kind = format_named(name)
    if kind.reader is None:
        raise UsageError(f"--format {name}: datasets are of root, rntuple or parquet files")
    return name


def _complete(folder: Path, provenance: Provenance, parts: Sequence[Made]) -> Metadata:
    """Write the index of parts in the order of their chunks."""
    tally = Tally(provenance)
    for made in parts:
        tally.add_sums(sums_of(folder, made.part))
    metadata = Metadata(provenance, tally.outcome(sum(made.part.events for made in parts)))
    write_index(folder, metadata, [made.part for made in parts])
    return metadata


@dataclass(frozen=True)
class _Kept:
    """Finished parts of a run, as `kept_on_failure` asks for them."""

    folder: Path
    """Of the dataset."""
    there: Mapping[int, Made]
    """Finished parts, by their first chunk."""
    journal: Journal
    """What else is kept of the run."""

    def advice(self) -> str:
        """How many parts are there, and how to go on."""
        if not self.there:
            return ""
        return f"{len(self.there)} finished parts are kept in {self.folder}: continue with --resume"

    def remove(self) -> None:
        """Remove the state: all is done, or nothing."""
        self.journal.remove()


def _check_arrived(folder: Path, part: Part) -> None:
    """Tell if a worker's part is not here: the folder is not shared."""
    try:
        check_part(folder, part)
    except FileFormatError as error:
        raise RunError(
            f"{folder}: a worker wrote {part.file}, which is not here: all machines need the folder under this name ({error})"
        ) from error
