"""A scan as plain data, and as files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from itertools import groupby
from pathlib import Path
from typing import Any

from mcgen.distribution import installed_version
from mcgen.errors import FileFormatError
from mcgen.io.files import atomic_output
from mcgen.parsing import parse_json
from mcgen.physics.models import Outcome
from mcgen.sensitivity.contour import WIDTHS, Crossing, MassPoint
from mcgen.sensitivity.curves import write_csv
from mcgen.sensitivity.g_minus_2 import g_minus_2_couplings, why_no_band
from mcgen.sensitivity.perturbativity import perturbative_limit
from mcgen.sensitivity.refinement import closing_end
from mcgen.sensitivity.sample import COUPLINGS, varied_names
from mcgen.sensitivity.scan import Scan

_YIELD = {
    "yield": "value",
    "mc_error": "mc_error",
    "flux_error": "flux_error",
    "effective_size": "effective_size",
}


def scan_to_dict(scan: Scan) -> dict[str, Any]:
    """Return a scan as plain data, all numbers for the card's exposure."""
    card = scan.card
    return {
        "program": "mcgen",
        "version": installed_version(),
        "title": card.title,
        "model": card.model.name,
        "particle": card.model.particle,
        "experiment": card.experiment.name,
        "exposure": card.experiment.exposure.model_dump(),
        "method": card.production.method,
        "n_signal": scan.n_signal,
        "perturbative_limit": perturbative_limit(card),
        "seed": scan.seed,
        "points": [_point(scan, point) for point in scan.points],
        "contours": [list(contour) for contour in contours(scan)],
        "grid": _grid(scan),
        "g_minus_2": {
            **card.g_minus_2.model_dump(),
            "no_band": why_no_band(card, [point.mass for point in scan.points]),
            "points": [
                {"mass_gev": point.mass, **g_minus_2_couplings(card, point.mass)} for point in scan.points
            ],
        },
        "card": card.to_dict(),
    }


def _grid(scan: Scan) -> dict[str, Any]:
    found: dict[str, Any] = {
        "masses_gev": [point.mass for point in scan.points],
        "couplings": list(scan.card.scan.grid),
    }
    for name, key in _YIELD.items():
        found[name] = [[getattr(y, key) for y in point.yields] for point in scan.points]
    if names := varied_names(scan.card):
        found["variations"] = {name: [point.varied_yields[name] for point in scan.points] for name in names}
    return found


def _point(scan: Scan, point: MassPoint) -> dict[str, Any]:
    sides = {"g_low": point.low, "g_high": point.high}
    found: dict[str, Any] = {"mass_gev": point.mass}
    for name, crossing in sides.items():
        found |= _crossing(name, crossing)
    found |= {"n_max": point.n_max, "g_max": point.g_max, "open": scan.is_open(point)}
    largest = perturbative_limit(scan.card)
    found |= {f"{name}_perturbative": c and c.g_mu <= largest for name, c in sides.items()}
    for name, others in (("by_process", point.by_process), ("variations", point.varied)):
        if others or (name == "variations" and scan.card.variations):
            found[name] = {
                other: dict(zip(("g_low", "g_high", "n_max"), values, strict=False))
                for other, values in others.items()
            }
    return found


def _crossing(name: str, crossing: Crossing | None) -> dict[str, Any]:
    if crossing is None:
        keys = ("error", "mc_error", "flux_error", "effective_size", "regenerated")
        return {name: None} | {f"{name}_{key}": None for key in keys}
    return {
        name: crossing.g_mu,
        f"{name}_error": crossing.error,
        f"{name}_mc_error": crossing.mc_error,
        f"{name}_flux_error": crossing.flux_error,
        f"{name}_effective_size": crossing.effective_size,
        f"{name}_regenerated": crossing.regenerated,
    }


def contours(scan: Scan) -> Iterator[list[tuple[float, float]]]:
    """Yield the closed polygons (mass [GeV], coupling) within which the yield is above the limit.

    They go along the lower limits and back along the upper ones, and through the ends where both meet, if these are
    known (`closing_end`). Elsewhere a straight edge closes them.
    """
    groups = [
        list(group) for _, group in groupby(scan.points, key=lambda point: point.n_max >= scan.n_signal)
    ]
    for before, points, after in zip([[], *groups], groups, [*groups[1:], []], strict=False):
        if points[0].n_max < scan.n_signal:
            continue
        low = [(p.mass, p.low.g_mu if p.low else float(COUPLINGS[0])) for p in points]
        high = [(p.mass, p.high.g_mu if p.high else float(COUPLINGS[-1])) for p in points]
        first = closing_end(points[0], before[-1], scan.n_signal) if before else None
        last = closing_end(points[-1], after[0], scan.n_signal) if after else None
        corners = [*filter(None, [first]), *low, *filter(None, [last]), *reversed(high)]
        yield [*corners, corners[0]]


def scan_files(output: Path, channels: Iterable[str] = ()) -> list[Path]:
    """Files of a scan: the JSON file, and beside it CSV files and tables of the yields of channels."""
    beside = [f"{name}.csv" for name in ("points", "contour", "grid")]
    beside += [f"table_{channel}.dat" for channel in channels]
    return [output, *(output.with_name(f"{output.stem}_{name}") for name in beside)]


def write_scan(scan: Scan, output: Path, tables: bool = False) -> list[Path]:
    """Write a scan: JSON, and beside it CSV files of the contours and of the grid of yields.

    Parameters
    ----------
    output : the JSON file; the others begin with its name
    tables : whether to write the yields by mass and width, a file a channel

    Returns
    -------
    The files
    """
    data = scan_to_dict(scan)
    channels = dict.fromkeys(channel for point in scan.points for channel in point.tables) if tables else ()
    _, points, contour, grid, *by_channel = files = scan_files(output, channels)
    with atomic_output(output) as temporary:
        temporary.write_text(json.dumps(data, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    names = [name for name in data["points"][0] if name not in ("by_process", "variations")]
    write_csv(points, names, [[point[name] for name in names] for point in data["points"]])
    rows = [[i, m, g] for i, corners in enumerate(data["contours"]) for m, g in corners]
    write_csv(contour, ["contour", "mass_gev", "g_mu"], rows)
    write_csv(grid, ["mass_gev", "g_mu", *_YIELD], list(_grid_rows(scan)))
    for channel, file in zip(channels, by_channel, strict=True):
        _write_table(scan, channel, file)
    return files


def _grid_rows(scan: Scan) -> Iterator[list[Any]]:
    for point in scan.points:
        for g_mu, found in zip(scan.card.scan.grid, point.yields, strict=True):
            yield [point.mass, g_mu, *(getattr(found, key) for key in _YIELD.values())]


def _write_table(scan: Scan, channel: Outcome, file: Path) -> None:
    """Write the yields of a channel for branching ratio 1 and g_mu = 1, by mass and total width."""
    card, exposure = scan.card, scan.card.experiment.exposure
    about = f"{card.experiment.name}, {card.model.particle}, {card.production.method}, {exposure.value:g} {exposure.kind}"
    lines = [
        f"# accepted {channel} events per g_mu^2 and branching ratio: {about}",
        "# m_X[GeV] Gamma_X[GeV] Y",
    ]
    for point in scan.points:
        values = zip(WIDTHS, point.tables.get(channel, ()), strict=False)
        lines += [f"{point.mass:.8e} {width:.8e} {value:.8e}" for width, value in values]
    with atomic_output(file) as temporary:
        temporary.write_text("\n".join([*lines, ""]), encoding="utf-8")


def read_scan(path: Path) -> Mapping[str, Any]:
    """Read the JSON file of a scan.

    Raises
    ------
    FileFormatError
        If it is not one.
    """
    try:
        data = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise FileFormatError(f"{path}: not a readable scan: {error}") from error
    needed = {"points", "contours", "g_minus_2", "title", "experiment", "model", "particle", "method"}
    if not isinstance(data, dict) or not needed <= set(data):
        raise FileFormatError(f"{path}: not a scan of mcgen; `mcgen scan CARD` writes one")
    return data
