"""Flat tables of muons in CSV and Parquet."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np

from mcgen.errors import FileFormatError
from mcgen.events import AnyArray


def read_csv(path: Path, names: Iterable[str]) -> tuple[dict[str, AnyArray], list[str]]:
    """Read columns of a CSV file with a header line; also the names of those that it does not have."""
    wanted = list(names)
    try:
        with path.open(encoding="utf-8-sig") as file:
            header = [name.strip() for name in file.readline().lstrip("#").split(",")]
        found = [name for name in wanted if name in header]
        if twice := [name for name in found if header.count(name) > 1]:
            raise ValueError(f"column {twice[0]} is there twice")
        rows = _load_rows(path, [header.index(name) for name in found])
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{path}: not a table of numbers with a header line: {error}") from error
    return dict(zip(found, rows.T, strict=True)), [name for name in wanted if name not in header]


def _load_rows(path: Path, columns: list[int]) -> AnyArray:
    if sum(1 for line in path.read_text(encoding="utf-8").splitlines() if line.strip()) < 2 or not columns:
        return np.empty((0, len(columns)))
    return np.loadtxt(path, delimiter=",", skiprows=1, usecols=columns, ndmin=2)


def read_parquet(path: Path, names: Iterable[str]) -> tuple[dict[str, AnyArray], list[str]]:
    """Read columns of a Parquet file; also the names of those that it does not have."""
    try:
        import pyarrow
        from pyarrow import parquet
    except ImportError as error:
        raise FileFormatError(f"{path}: Parquet needs pyarrow: pip install 'mcgen[parquet]'") from error
    wanted = list(names)
    try:
        available = set(parquet.read_schema(path).names)
        table = parquet.read_table(path, columns=[name for name in wanted if name in available])
    except (OSError, pyarrow.ArrowException) as error:
        raise FileFormatError(f"{path}: not a readable Parquet file: {str(error).splitlines()[0]}") from error
    for name in table.column_names:
        kind = table[name].type
        if not (pyarrow.types.is_integer(kind) or pyarrow.types.is_floating(kind)):
            raise FileFormatError(f"{path}: column {name} holds {kind}, not numbers")
    columns = {name: table[name].to_numpy() for name in table.column_names}
    return columns, [name for name in wanted if name not in available]
