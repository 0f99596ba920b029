"""Flat tables in CSV and Parquet: of muons, results, limits."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcgen.errors import FileFormatError
from mcgen.events import AnyArray
from mcgen.io.files import atomic_output
from mcgen.types import Array


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


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write rows as a CSV file with a header line; what is None stays empty."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    with atomic_output(path) as temporary:
        temporary.write_text(text.getvalue(), encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Limit:
    """Another experiment's limit in the plane of mass and coupling.

    Attributes
    ----------
    label : what to call it
    projected : whether it is a projection; otherwise what is inside is excluded
    curves : (k, 2) masses [GeV] and couplings, one array a piece
    """

    label: str
    projected: bool
    curves: tuple[Array, ...]


def read_limits(folder: Path) -> list[Limit]:
    """Read all limits of a folder, one CSV file each.

    Raises
    ------
    FileFormatError
        If the folder has no CSV file, or one is not as docs/scan.md says.
    """
    files = sorted(folder.glob("*.csv"))
    if not files:
        raise FileFormatError(f"{folder}: no .csv files with limits there")
    return [_read_limit(file) for file in files]


def _read_limit(path: Path) -> Limit:
    about: dict[str, str] = {"label": path.stem, "kind": "excluded"}
    pieces: list[list[tuple[float, float]]] = [[]]
    try:
        for line in path.read_text(encoding="utf-8-sig").splitlines():
            text = line.strip()
            if text.startswith("#"):
                key, colon, value = text.lstrip("# ").partition(":")
                about |= {key.strip(): value.strip()} if colon else {}
            elif not text:
                pieces.append([])
            elif text.replace(" ", "") != "mass_gev,g_mu":
                mass, coupling = (float(part) for part in text.split(","))
                if not (0.0 < mass < np.inf and 0.0 < coupling < np.inf):
                    raise ValueError(f"{text}: mass and coupling must be above 0")
                pieces[-1].append((mass, coupling))
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{path}: not a limit with columns mass_gev, g_mu: {error}") from error
    if about["kind"] not in ("excluded", "projected"):
        raise FileFormatError(f"{path}: kind: {about['kind']}; allowed are excluded and projected")
    curves = tuple(np.array(piece) for piece in pieces if piece)
    if not curves:
        raise FileFormatError(f"{path}: no points")
    return Limit(about["label"], about["kind"] == "projected", curves)
