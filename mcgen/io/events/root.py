"""ROOT files: the events tree with its metadata."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import uproot

from mcgen.errors import FileFormatError
from mcgen.io.events.metadata import METADATA, from_text, to_text
from mcgen.io.files import Closing
from mcgen.metadata import Metadata
from mcgen.record.columns import AnyArray, Column

TREE = "events"


class RootWriter(Closing):
    """Writes a TTree `events` of flat branches and the metadata as a TObjString `mcgen`.

    Parameters
    ----------
    path : file to create
    columns : what each record will hold
    """

    def __init__(self, path: Path, columns: Iterable[Column]) -> None:
        # uproot's default, ZLIB, takes ten times longer for the same size.
        self._file = uproot.recreate(path, compression=uproot.ZSTD(1))
        self._tree = self._declare({c.name: np.dtype(c.dtype) for c in columns})

    def _declare(self, branches: dict[str, np.dtype[Any]]) -> Any:
        return self._file.mktree(TREE, branches)

    def append(self, record: Mapping[str, AnyArray]) -> None:
        """Write a chunk of rows."""
        if len(record["weight"]):
            self._tree.extend(record)

    def finish(self, metadata: Metadata) -> None:
        """Write the metadata, which says how the events came about."""
        self._file[METADATA] = to_text(metadata)


class NTupleWriter(RootWriter):
    """Writes the same as an RNTuple instead of a TTree."""

    def _declare(self, branches: dict[str, np.dtype[Any]]) -> Any:
        from awkward.forms import NumpyForm, RecordForm

        # Given numpy's types, uproot would set up a parser for each column.
        forms = [NumpyForm(dtype.name) for dtype in branches.values()]
        return self._file.mkrntuple(TREE, RecordForm(forms, list(branches)))


class RootReader:
    """Reads an open events file, TTree or RNTuple, in chunks.

    Attributes
    ----------
    metadata : how the events came about
    rows : number of events
    """

    def __init__(self, path: Path, file: Any) -> None:
        self._path = path
        with _readable(path):
            if METADATA not in file or TREE not in file:
                raise FileFormatError(
                    f"{path}: holds no mcgen events (no tree {TREE!r} with metadata {METADATA!r})"
                )
            text = str(file[METADATA])
            self._tree = file[TREE]
            self.rows = int(self._tree.num_entries)
        self.metadata = from_text(path, text)

    def chunks(self, size: int) -> Iterator[dict[str, AnyArray]]:
        """Read the columns of at most `size` events at a time; of no event, once."""
        for start in range(0, max(self.rows, 1), size):
            with _readable(self._path):
                columns: dict[str, AnyArray] = self._tree.arrays(
                    library="np", entry_start=start, entry_stop=min(start + size, self.rows)
                )
                if "weight" not in columns or any(values.dtype.kind == "O" for values in columns.values()):
                    raise FileFormatError(f"{self._path}: the tree {TREE!r} is not one of flat mcgen events")
            yield columns


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    """Say in one sentence what is wrong with a ROOT file."""
    try:
        yield
    except FileFormatError:
        raise
    except Exception as error:  # uproot raises almost anything on a damaged file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FileFormatError(f"{path}: not a readable ROOT file, or damaged: {reason}") from error


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if not os.path.isfile(path):
        raise FileFormatError(f"{path}: no such file")
    with _readable(path):
        # No cache: events are read once, in chunks.
        file = uproot.open(path, array_cache=None)
    with file:
        if path.stat().st_size < file.file.fEND:
            raise FileFormatError(f"{path}: cut short: it was {file.file.fEND} bytes long")
        yield file


@contextmanager
def open_root(path: Path) -> Iterator[RootReader]:
    """Open an events file.

    Raises
    ------
    FileFormatError
        If the file is not one of mcgen's.
    """
    with _opened(path) as file:
        yield RootReader(path, file)


@contextmanager
def opened(path: Path) -> Iterator[Any]:
    """Open any ROOT file, and say in one sentence what is wrong with it, also while it is read."""
    with _opened(path) as file, _readable(path):
        yield file
