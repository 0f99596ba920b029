"""Results of scans as CSV files, and other experiments' limits to draw beside them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mcgen.errors import FileFormatError
from mcgen.io.files import atomic_output
from mcgen.types import Array


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
    """Another experiment's limit in the plane of mass and coupling."""

    label: str
    """What to call it."""
    projected: bool
    """Whether it is a projection; otherwise what is inside is excluded."""
    curves: tuple[Array, ...]
    """(k, 2) masses [GeV] and couplings, one array a piece."""


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
