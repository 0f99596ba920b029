"""The native format of muon fluxes: its columns, and how it is written."""

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
"""Columns: PDG id, metres, GeV, muons per proton on target."""

TREE = "muons"
"""Tree that holds them in a ROOT file."""

_BLOCK = 500_000
"""Rows that are written at a time."""

Muons = Mapping[str, AnyArray]


def write_muons(path: Path, muons: Muons) -> None:
    """Write muons to a .root, .parquet or .csv file.

    Parameters
    ----------
    muons : (n,) columns of the native format

    Raises
    ------
    UsageError, RunError
        If the ending is unknown or the file cannot be written.
    """
    write = writer_for(path)
    with atomic_output(path) as temporary:
        write(temporary, {name: muons[name] for name in NATIVE})


def writer_for(path: Path) -> Callable[[Path, Muons], None]:
    """Writer of the format that a file's ending stands for; a `UsageError` if there is none."""
    if path.suffix not in _WRITERS:
        raise UsageError(f"{path}: unknown ending {path.suffix!r}; muons go to {', '.join(_WRITERS)} files")
    return _WRITERS[path.suffix]


def _blocks(muons: Muons) -> Iterator[dict[str, AnyArray]]:
    for start in range(0, len(muons["w"]), _BLOCK):
        yield {name: values[start : start + _BLOCK] for name, values in muons.items()}


def _write_root(path: Path, muons: Muons) -> None:
    with uproot.recreate(path, compression=uproot.ZSTD(1)) as file:
        tree = file.mktree(TREE, {name: values.dtype for name, values in muons.items()})
        for block in _blocks(muons):
            tree.extend(block)


def _write_parquet(path: Path, muons: Muons) -> None:
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise UsageError(f"{path}: Parquet needs pyarrow: {how_to_install('parquet')}") from error
    schema = pyarrow.schema([(name, pyarrow.from_numpy_dtype(v.dtype)) for name, v in muons.items()])
    # Opened here, for pyarrow takes no name that is not UTF-8.
    with path.open("wb") as file, parquet.ParquetWriter(file, schema, compression="zstd") as writer:
        for block in _blocks(muons):
            writer.write_table(pyarrow.table(block, schema))


def _write_csv(path: Path, muons: Muons) -> None:
    # Seventeen digits give every double back.
    formats = ["%d" if np.issubdtype(values.dtype, np.integer) else "%.17g" for values in muons.values()]
    with path.open("w", encoding="utf-8") as file:
        file.write(",".join(muons) + "\n")
        for block in _blocks(muons):
            np.savetxt(file, np.column_stack(list(block.values())), fmt=formats, delimiter=",")


_WRITERS: dict[str, Callable[[Path, Muons], None]] = {
    ".root": _write_root,
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}
