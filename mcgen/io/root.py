"""ROOT files: the events tree with its metadata."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import uproot

from mcgen.errors import FileFormatError
from mcgen.events import AnyArray, Column, Events

TREE = "events"
METADATA = "mcgen"

_REQUIRED = frozenset(
    [
        "program",
        "version",
        "events",
        "points",
        "exposure",
        "yield",
        "cut_flow",
        "remark",
        "requirements",
        "columns",
        "card",
        "seed",
        "flux",
        "chunks",
        "proposal_sha256",
    ]
)


class RootWriter:
    """Writes a TTree `events` of flat branches and the metadata as a TObjString `mcgen`.

    Parameters
    ----------
    path : file to create
    columns : what each record will hold
    """

    def __init__(self, path: Path, columns: Iterable[Column]) -> None:
        # uproot's default, ZLIB, takes ten times longer for the same size.
        self._file = uproot.recreate(path, compression=uproot.ZSTD(1))
        self._tree = self._file.mktree(TREE, {c.name: np.dtype(c.dtype) for c in columns})

    def append(self, record: Mapping[str, AnyArray]) -> None:
        """Write a chunk of rows."""
        if len(record["weight"]):
            self._tree.extend(record)

    def finish(self, metadata: Mapping[str, Any]) -> None:
        """Write the metadata, which says how the events came about."""
        self._file[METADATA] = json.dumps(metadata)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError:
            # Closing flushes; after a failed write it fails again, and the first error is the one to tell.
            if kind is None:
                raise


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open a ROOT file, and say in one sentence what is wrong with it."""
    if not os.path.isfile(path):
        raise FileFormatError(f"{path}: no such file")
    try:
        with uproot.open(path) as file:
            if path.stat().st_size < file.file.fEND:
                raise FileFormatError(f"{path}: cut short: it was {file.file.fEND} bytes long")
            yield file
    except FileFormatError:
        raise
    except Exception as error:  # uproot raises almost anything on a damaged file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FileFormatError(f"{path}: not a readable ROOT file, or damaged: {reason}") from error


def read_metadata(path: Path) -> dict[str, Any]:
    """Read the metadata of an events file.

    Raises
    ------
    FileFormatError
        If the file is not one of mcgen's.
    """
    with opened(path) as file:
        if METADATA not in file or TREE not in file:
            raise FileFormatError(
                f"{path}: holds no mcgen events (no tree {TREE!r} with metadata {METADATA!r})"
            )
        text = str(file[METADATA])
    try:
        metadata = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise FileFormatError(f"{path}: the metadata {METADATA!r} is damaged: {error}") from error
    if not isinstance(metadata, dict) or not metadata.keys() >= _REQUIRED:
        raise FileFormatError(f"{path}: the metadata {METADATA!r} is not that of mcgen events")
    return metadata


def _refuse(constant: str) -> None:
    raise ValueError(f"it holds {constant}")


def read_events(path: Path) -> Events:
    """Read an events file; see `read_metadata` for its errors."""
    metadata = read_metadata(path)
    with opened(path) as file:
        columns = file[TREE].arrays(library="np")
    return Events(columns, metadata)
