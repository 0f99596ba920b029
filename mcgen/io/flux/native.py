"""The native format of fluxes: its columns, and how it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import numpy as np
import uproot

from mcgen.distribution import how_to_install
from mcgen.errors import UsageError
from mcgen.io.files import atomic_output
from mcgen.record.columns import AnyArray

NATIVE = ("pdg", "x", "y", "z", "px", "py", "pz", "w")
"""Columns: PDG id, metres, GeV, particles per proton on target."""

GROUP = "group"
"""Optional column: rows of the same number are not independent of each other."""

TREE = "muons"
"""Tree that holds them in a ROOT file."""

_BLOCK = 500_000
"""Rows that are written at a time."""

Columns = Mapping[str, AnyArray]


def write_particles(path: Path, columns: Columns) -> None:
    """Write particles to a .root, .parquet or .csv file.

    Parameters
    ----------
    columns : (n,) those of the native format, with or without that of groups

    Raises
    ------
    UsageError, RunError
        If the ending is unknown or the file cannot be written.
    """
    write = writer_for(path)
    with atomic_output(path) as temporary:
        write(temporary, {name: columns[name] for name in (*NATIVE, GROUP) if name in columns})


def writer_for(path: Path) -> Callable[[Path, Columns], None]:
    """Writer of the format that a file's ending stands for; a `UsageError` if there is none."""
    if path.suffix not in _WRITERS:
        raise UsageError(
            f"{path}: unknown ending {path.suffix!r}; a flux goes to {', '.join(_WRITERS)} files"
        )
    return _WRITERS[path.suffix]


def _blocks(columns: Columns) -> Iterator[dict[str, AnyArray]]:
    for start in range(0, len(columns["w"]), _BLOCK):
        yield {name: values[start : start + _BLOCK] for name, values in columns.items()}


def _write_root(path: Path, columns: Columns) -> None:
    with uproot.recreate(path, compression=uproot.ZSTD(1)) as file:
        tree = file.mktree(TREE, {name: values.dtype for name, values in columns.items()})
        for block in _blocks(columns):
            tree.extend(block)


def _write_parquet(path: Path, columns: Columns) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError(f"{path}: Parquet needs pyarrow: {how_to_install('parquet')}") from error
    schema = pyarrow.schema([(name, pyarrow.from_numpy_dtype(v.dtype)) for name, v in columns.items()])
    # Opened here, for pyarrow takes no name that is not UTF-8.
    with path.open("wb") as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for block in _blocks(columns):
            writer.write_table(pyarrow.table(block, schema))


def _write_csv(path: Path, columns: Columns) -> None:
    # Seventeen digits give every double back.
    formats = ["%d" if np.issubdtype(values.dtype, np.integer) else "%.17g" for values in columns.values()]
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(columns) + "\n")
        for block in _blocks(columns):
            np.savetxt(file, np.column_stack(list(block.values())), fmt=formats, delimiter=",")


_WRITERS: dict[str, Callable[[Path, Columns], None]] = {
    ".root": _write_root,
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}
