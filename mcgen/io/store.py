"""Events files, whatever their format."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from mcgen.errors import UsageError
from mcgen.events import AnyArray, Column, Events
from mcgen.io import root
from mcgen.io.digests import ColumnHashes
from mcgen.io.files import atomic_output


class Writer(Protocol):
    """Writes one events file, chunk by chunk."""

    def append(self, record: Mapping[str, AnyArray]) -> None:
        """Write a chunk of rows."""
        ...

    def finish(self, metadata: Mapping[str, Any]) -> None:
        """Write what is known only at the end: yields, digests, number of rows."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def writer_for(path: Path) -> Callable[[Path, Iterable[Column]], Writer]:
    """Writer of the format that a file's ending stands for.

    Raises
    ------
    UsageError
        If the ending is unknown.
    """
    if path.suffix != ".root":
        raise UsageError(f"{path}: unknown ending {path.suffix!r}; events go to .root files")
    return root.RootWriter


def write(events: Events, path: str | Path) -> None:
    """Write events to a ROOT file.

    Raises
    ------
    UsageError, RunError
        If the file cannot be written; nothing is left under its name.
    """
    path = Path(path)
    writer_class = writer_for(path)
    if not events.metadata:
        raise UsageError(
            f"{path}: these events have no metadata, which says how they came about; use those of mcgen"
        )
    described = events.metadata.get("columns", {})
    columns = tuple(
        Column(
            name, str(values.dtype), *(described.get(name, {}).get(key, "") for key in ("unit", "meaning"))
        )
        for name, values in events.columns.items()
    )
    hashes = ColumnHashes(events.columns)
    hashes.add(events.columns)
    digests = hashes.digests()
    metadata = {
        **events.metadata,
        "events": len(events),
        "columns": {
            c.name: {"unit": c.unit, "dtype": c.dtype, "meaning": c.meaning, "sha256": digests[c.name]}
            for c in columns
        },
    }
    with atomic_output(path) as temporary, writer_class(temporary, columns) as writer:
        writer.append(events.columns)
        writer.finish(metadata)


def read(path: str | Path) -> Events:
    """Read an events file.

    Raises
    ------
    FileFormatError
        If it is not one of mcgen's, or damaged.
    """
    return root.read_events(Path(path))
