"""Parts of one run, generated apart, joined."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from mcgen.errors import FileFormatError, UsageError
from mcgen.io.events.store import read_chunks, read_metadata
from mcgen.metadata import Metadata
from mcgen.record.columns import Record, by_chunk, concatenate
from mcgen.run.chunk import finished
from mcgen.run.output import event_file
from mcgen.run.parts import SAME
from mcgen.types import Progress


def merge(output: Path, parts: Sequence[Path], progress: Progress | None = None) -> Metadata:
    """Join the parts of a run into the file that one run would have made.

    Parameters
    ----------
    parts : files of `mcgen generate --chunks`, in any order
    progress : called with the number of events read since the last call

    Raises
    ------
    UsageError
        If parts overlap, are missing, or are of different runs.
    FileFormatError, RunError
        If a file is not a part, or damaged.
    """
    found = {path: read_metadata(path) for path in parts}
    ordered = in_order(_parts_of(found), next(iter(found.values())).provenance.chunks)
    _check_same(found)
    provenance = replace(found[ordered[0]].provenance, part=None)
    records = _chunks(ordered, progress)
    chunks = (finished(record, provenance, provenance.accepted_only) for record in records)
    with event_file(output) as write:
        metadata = write(provenance, chunks)
        _check_counted(metadata, found.values())
        return metadata


def _check_counted(metadata: Metadata, parts: Iterable[Metadata]) -> None:
    """Refuse parts that hold less than what was counted: files of a dataset may hold accepted events only."""
    counted, told = metadata.outcome.fiducial, [part.outcome.fiducial for part in parts]
    total = sum(one.value for one in told if one is not None)
    if counted is None or abs(counted.value - total) > 1e-9 * total:
        raise UsageError(
            "the parts hold accepted events only, as files of a dataset do, and count others: give the dataset "
            "itself to mcgen convert"
        )


def _parts_of(found: Mapping[Path, Metadata]) -> dict[Path, tuple[int, int]]:
    """First chunk of each part, and the one behind its last."""
    parts = {}
    for path, metadata in found.items():
        if metadata.provenance.part is None:
            raise FileFormatError(f"{path}: a whole run, not a part of one; parts come from --chunks")
        parts[path] = metadata.provenance.part
    return parts


def in_order(parts: Mapping[Path, tuple[int, int]], chunks: int) -> list[Path]:
    """Paths of parts in the order of their chunks, from the first chunk of a run to the end, each once.

    Parameters
    ----------
    parts : first chunk of each, and the one behind its last
    chunks : of the whole run

    Raises
    ------
    UsageError
        If parts overlap or are missing.
    """
    ordered = sorted(parts, key=lambda path: parts[path])
    covered = 0
    before: Path | None = None
    for path in ordered:
        start, stop = parts[path]
        if start < covered:
            raise UsageError(f"{path}: overlaps with {before} in the chunks {start}:{min(stop, covered)}")
        _check_complete(covered, start)
        covered, before = stop, path
    _check_complete(covered, chunks)
    return ordered


def _check_complete(covered: int, start: int) -> None:
    if covered < start:
        raise UsageError(
            f"the chunks {covered}:{start} are missing: give all parts of the run, or generate that one with "
            f"--chunks {covered}:{start}"
        )


def _check_same(found: Mapping[Path, Metadata]) -> None:
    (first, reference), *others = found.items()
    for path, metadata in others:
        for key in SAME:
            if getattr(reference.provenance, key) != getattr(metadata.provenance, key):
                advice = "; runs of different seeds are averaged, not added" if key == "seed" else ""
                raise UsageError(f"{path}: of another run than {first}: {key} differs{advice}")


def _chunks(ordered: Iterable[Path], progress: Progress | None) -> Iterator[Record]:
    """Records chunk by chunk, so that sums come out as those of one run, to the last bit."""
    for path in ordered:
        size = read_metadata(path).provenance.card.run.chunk
        yield from _cut((record for record, _ in read_chunks(path, progress=progress)), size)


def _cut(records: Iterable[Record], size: int) -> Iterator[Record]:
    """Cut a sequence of events where their numbers pass a multiple of the size."""
    rest: Record | None = None
    for record in records:
        *whole, rest = [
            part for _, part in by_chunk(record if rest is None else concatenate([rest, record]), size)
        ] or [record]
        yield from whole
    if rest is not None:
        yield rest
