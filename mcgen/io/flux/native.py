"""The native format of fluxes: its columns, how it is written, and what it says of itself."""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import uproot

from mcgen.distribution import how_to_install
from mcgen.errors import UsageError
from mcgen.io.events.root import opened
from mcgen.io.files import Closing, atomic_output
from mcgen.io.flux.parquet import ParquetFile
from mcgen.record.columns import AnyArray

NATIVE = ("pdg", "x", "y", "z", "px", "py", "pz", "w")
"""Columns: PDG id, metres, GeV, particles per proton on target."""

GROUP = "group"
"""Optional column: rows of the same number are not independent of each other."""

PARENT = "parent"
"""Optional column: absolute PDG id of what a row is from."""

PROVENANCE = "provenance"
"""Where a file says how it was made, in JSON: a TObjString, metadata of Parquet, or a comment at the end."""

TREE = "muons"
"""Tree that holds them in a ROOT file."""

_BLOCK = 500_000
"""Rows that are written at a time."""

_LONGEST = 1_000_000
"""Bytes of the comment at the end of a CSV file, at most."""

Columns = Mapping[str, AnyArray]
Types = Mapping[str, np.dtype[Any]]


class FluxWriter(Closing, ABC):
    """Writes rows of a flux, block by block.

    Parameters
    ----------
    path : file to create
    types : of the columns, by name
    """

    @abstractmethod
    def __init__(self, path: Path, types: Types) -> None: ...

    @abstractmethod
    def append(self, columns: Columns) -> None:
        """Write a block of rows (k,)."""

    @abstractmethod
    def finish(self, provenance: Mapping[str, Any]) -> None:
        """Write how the file was made, after the last row."""


class _Root(FluxWriter):
    def __init__(self, path: Path, types: Types) -> None:
        self._file = uproot.recreate(path, compression=uproot.ZSTD(9))
        self._tree = self._file.mktree(TREE, dict(types))

    def append(self, columns: Columns) -> None:
        if len(columns["w"]):
            self._tree.extend(columns)

    def finish(self, provenance: Mapping[str, Any]) -> None:
        self._file[PROVENANCE] = json.dumps(provenance)


class _Parquet(FluxWriter):
    def __init__(self, path: Path, types: Types) -> None:
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError as error:
            raise UsageError(f"{path}: Parquet needs pyarrow: {how_to_install('parquet')}") from error
        self._schema = pyarrow.schema(
            [(name, pyarrow.from_numpy_dtype(kind)) for name, kind in types.items()]
        )
        self._table = pyarrow.table
        # Opened here, for pyarrow takes no name that is not UTF-8.
        self._bytes = path.open("wb")
        self._file = parquet.ParquetWriter(self._bytes, self._schema, compression="zstd")

    def append(self, columns: Columns) -> None:
        self._file.write_table(self._table(dict(columns), self._schema))

    def finish(self, provenance: Mapping[str, Any]) -> None:
        self._file.add_key_value_metadata({PROVENANCE: json.dumps(provenance)})

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._bytes:
            super().__exit__(kind, value, trace)


class _Csv(FluxWriter):
    def __init__(self, path: Path, types: Types) -> None:
        # Seventeen digits give every double back, nine every float.
        digits = {"f8": "%.17g", "f4": "%.9g"}
        self._formats = [digits.get(kind.str[1:], "%d") for kind in types.values()]
        self._file = path.open("w", encoding="utf-8")
        self._file.write(",".join(types) + "\n")

    def append(self, columns: Columns) -> None:
        np.savetxt(self._file, np.column_stack(list(columns.values())), fmt=self._formats, delimiter=",")

    def finish(self, provenance: Mapping[str, Any]) -> None:
        self._file.write(f"# {PROVENANCE}: {json.dumps(provenance)}\n")


_WRITERS: dict[str, type[FluxWriter]] = {".root": _Root, ".parquet": _Parquet, ".csv": _Csv}


def writer_for(path: Path) -> type[FluxWriter]:
    """Writer of the format that a file's ending stands for; a `UsageError` if there is none."""
    if path.suffix not in _WRITERS:
        raise UsageError(
            f"{path}: unknown ending {path.suffix!r}; a flux goes to {', '.join(_WRITERS)} files"
        )
    return _WRITERS[path.suffix]


@contextmanager
def flux_file(path: Path, types: Types) -> Iterator[FluxWriter]:
    """Open a flux file, which appears under its name when it is complete.

    Raises
    ------
    UsageError, RunError
        If the ending is unknown or the file cannot be written.
    """
    writer = writer_for(path)
    with atomic_output(path) as temporary, writer(temporary, types) as file:
        yield file


def write_particles(path: Path, columns: Columns) -> None:
    """Write particles to a .root, .parquet or .csv file.

    Parameters
    ----------
    columns : (n,) those of the native format, with or without the optional ones

    Raises
    ------
    UsageError, RunError
        If the ending is unknown or the file cannot be written.
    """
    chosen = {name: columns[name] for name in (*NATIVE, GROUP, PARENT) if name in columns}
    with flux_file(path, {name: values.dtype for name, values in chosen.items()}) as file:
        for start in range(0, len(chosen["w"]), _BLOCK):
            file.append({name: values[start : start + _BLOCK] for name, values in chosen.items()})


def provenance_of(path: Path) -> dict[str, Any] | None:
    """Return what a flux file says of how it was made, if mcgen made it.

    Raises
    ------
    FileFormatError
        If the file cannot be read.
    """
    try:
        found = json.loads(_provenance_text(path) or "null")
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _provenance_text(path: Path) -> str | None:
    match path.suffix.lower():
        case ".root":
            with opened(path) as file:
                return str(file[PROVENANCE]) if PROVENANCE in file.keys(cycle=False) else None
        case ".parquet":
            return ParquetFile(path).metadata(PROVENANCE)
        case ".csv":
            with path.open("rb") as file:
                file.seek(max(path.stat().st_size - _LONGEST, 0))
                last = file.read().rstrip().rpartition(b"\n")[2].decode(errors="replace")
            return last.removeprefix(mark) if last.startswith(mark := f"# {PROVENANCE}: ") else None
    return None
