"""Events files, whatever their format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, replace
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self

from mcgen.distribution import how_to_install
from mcgen.errors import FileFormatError, RunError, UsageError
from mcgen.io.events.checks import conforming
from mcgen.io.events.dataset import Part, is_dataset, read_index
from mcgen.io.events.digests import ColumnDigests, verified
from mcgen.io.events.fairship import FairShipWriter
from mcgen.io.events.hepmc3 import Hepmc3Writer
from mcgen.io.events.lhe import LheWriter
from mcgen.io.events.metadata import digest_of
from mcgen.io.events.names import FormatName
from mcgen.io.events.parquet import ParquetWriter, open_parquet
from mcgen.io.events.root import NTupleWriter, RootWriter, open_root
from mcgen.io.files import atomic_output
from mcgen.metadata import Metadata, Provenance
from mcgen.record.columns import AnyArray, Column, Record
from mcgen.types import Progress

CHUNK = 50_000
"""Number of events that are read at a time, unless another is asked for."""


class Writer(Protocol):
    """Writes one events file, chunk by chunk."""

    def append(self, record: Mapping[str, AnyArray]) -> None:
        """Write a chunk of rows."""
        ...

    def finish(self, metadata: Metadata) -> None:
        """Write what is known only at the end: yields, digests, number of rows."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Reader(Protocol):
    """Reads one events file, chunk by chunk."""

    metadata: Metadata
    rows: int

    def chunks(self, size: int) -> Iterator[Record]:
        """Columns of at most `size` events at a time; of no event, once."""
        ...


WriterClass = Callable[[Path, Iterable[Column]], Writer]


@dataclass(frozen=True, slots=True)
class Format:
    """A format of events files."""

    endings: tuple[str, ...]
    """Of file names."""
    writer: WriterClass
    """Makes files."""
    reader: Callable[[Path], AbstractContextManager[Reader]] | None = None
    """Opens files; None if they do not hold all of the events."""
    library: str = ""
    """What it needs besides the program's own dependencies."""
    extra: str = ""
    """The extra that brings that library."""

    def fits(self, path: Path) -> bool:
        """Whether a file's name ends as it should."""
        return any(path.name.endswith(ending) and path.name != ending for ending in self.endings)

    def require(self, path: Path) -> None:
        """Raise UsageError if the library is not there."""
        if self.library and find_spec(self.library) is None:
            raise UsageError(
                f"{path}: this format needs {self.library}: {how_to_install(self.extra)}, or choose another"
            )

    def check(self, path: Path, provenance: Provenance) -> None:
        """Raise UsageError if the format cannot hold the events: bare collisions have no decay."""
        if self.reader is None and provenance.is_collision:
            raise UsageError(f"{path}: collisions without a decay go to root, rntuple or parquet")


FORMATS: dict[FormatName, Format] = {
    "root": Format((".root",), RootWriter, open_root),
    "rntuple": Format((".root",), NTupleWriter, open_root),
    "parquet": Format((".parquet",), ParquetWriter, open_parquet, "pyarrow", "parquet"),
    "hepmc3": Format(
        (".hepmc3", ".hepmc3.gz", ".hepmc", ".hepmc.gz"), Hepmc3Writer, None, "pyhepmc", "hepmc"
    ),
    "lhe": Format((".lhe", ".lhe.gz"), LheWriter, None, "pylhe", "lhe"),
    "fairship": Format((".root",), FairShipWriter),
}
"""Formats by name; a file's ending stands for the first one that has it."""


def format_named(name: str) -> Format:
    """Format of a name.

    Raises
    ------
    UsageError
        If there is none.
    """
    if name not in FORMATS:
        raise UsageError(f"unknown format {name!r}; events go to {', '.join(FORMATS)}")
    return FORMATS[name]


def format_of(path: Path, format: str | None = None) -> Format:
    """Format for a file to write: a named one, by default that which the file's ending stands for.

    Raises
    ------
    UsageError
        If the ending is unknown, or not one of the format's, or a library is missing.
    """
    candidates = FORMATS.values() if format is None else [format_named(format)]
    found = next((one for one in candidates if one.fits(path)), None)
    if found is None:
        endings = dict.fromkeys(ending for one in candidates for ending in one.endings)
        what = "events go" if format is None else f"format {format} goes"
        raise UsageError(f"{path}: unknown ending; {what} to {', '.join(endings)} files")
    found.require(path)
    return found


@contextmanager
def open_events(path: str | Path) -> Iterator[Reader]:
    """Open an events file, to read it in chunks of bounded memory.

    Raises
    ------
    FileFormatError
        If it is not one of mcgen's, or damaged; also while its chunks are read.
    """
    path = Path(path)
    formats = [one for one in FORMATS.values() if one.fits(path)]
    reader, found = next(((one.reader, one) for one in formats if one.reader), (None, None))
    if reader is None or found is None:
        endings = dict.fromkeys(ending for one in FORMATS.values() if one.reader for ending in one.endings)
        why = "does not hold all columns of the events" if formats else "is no events file"
        raise FileFormatError(f"{path}: {why}; events are read from {', '.join(endings)} files")
    found.require(path)
    with reader(path) as opened:
        yield opened


def read_metadata(path: str | Path) -> Metadata:
    """Read the metadata of an events file or dataset; see `open_events` for its errors."""
    if is_dataset(Path(path)):
        return read_index(Path(path))[0]
    with open_events(path) as file:
        return file.metadata


def read_chunks(
    path: str | Path, size: int = CHUNK, *, verify: bool = True, progress: Progress | None = None
) -> Iterator[tuple[Record, Metadata]]:
    """Read an events file or dataset in chunks of at most `size` events, at least one, which may be empty.

    Parameters
    ----------
    size : most events of a chunk; 0 for all of a file at once
    verify : whether to compare the columns with their digests, behind the last chunk
    progress : called with the number of events read since the last call

    Raises
    ------
    FileFormatError
        If it is not one of mcgen's, or damaged.
    RunError
        If the columns are not those that were written.
    """
    path = Path(path)
    if is_dataset(path):
        whole, parts = read_index(path)
        for part in parts:
            for record in read_part(path, whole, part, size, verify=verify, progress=progress):
                yield record, whole
        return
    with open_events(path) as file:
        metadata = file.metadata
        chunks = file.chunks(size or max(file.rows, 1))
        records = (conforming(record, metadata.provenance, path) for record in chunks)
        for record in verified(records, metadata, path) if verify else records:
            yield record, metadata
            if progress:
                progress(len(record["weight"]))


def read_part(
    folder: Path,
    whole: Metadata,
    part: Part,
    size: int = CHUNK,
    *,
    verify: bool = True,
    progress: Progress | None = None,
) -> Iterator[Record]:
    """Read a part of a dataset, of which `whole` is the metadata; see `read_chunks`."""
    path = folder / part.file
    if verify and digest_of(read_metadata(path)) != part.metadata_sha256:
        raise RunError(f"{path}: is not the file that the dataset's index names")
    for record, _ in read_chunks(path, size, verify=verify, progress=progress):
        yield conforming(record, whole.provenance, folder)


def convert(
    source: str | Path,
    path: str | Path,
    format: str | None = None,
    *,
    verify: bool = True,
    progress: Progress | None = None,
) -> Metadata:
    """Copy an events file into another format, in bounded memory; return the metadata.

    Parameters
    ----------
    verify : whether to compare the columns with their digests
    progress : called with the number of events read since the last call

    Raises
    ------
    FileFormatError
        If the source is not one of mcgen's, or damaged.
    UsageError, RunError
        If the file cannot be written, or the source is not what was written; nothing is left.
    """
    path = Path(path)
    format_of(path, format)  # a format that cannot be written is told before anything is read
    metadata = read_metadata(source)
    records = (record for record, _ in read_chunks(source, verify=verify, progress=progress))
    return write_chunks(records, metadata, path, format)


def write_chunks(chunks: Iterator[Record], metadata: Metadata, path: Path, format: str | None) -> Metadata:
    """Write chunks of columns, at least one, to a file; return the metadata with their digests."""
    kind = format_of(path, format)
    kind.check(path, metadata.provenance)
    first = next(chunks)
    known = {column.name: column for column in metadata.provenance.columns}
    columns = tuple(
        known.get(name, Column(name, str(values.dtype), "", "")) for name, values in first.items()
    )
    hashes = ColumnDigests(first, metadata.provenance.card.run.chunk)
    with atomic_output(path) as temporary, kind.writer(temporary, columns) as writer:
        for record in chain([first], chunks):
            writer.append(record)
            hashes.add(record)
        written = Metadata(
            replace(metadata.provenance, columns=columns),
            replace(metadata.outcome, events=hashes.rows, digests=hashes.digests()),
        )
        writer.finish(written)
    return written
