"""A scan as a submission to HEPData."""

from __future__ import annotations

import shutil
from collections.abc import Mapping, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from mcgen.card.variations import VariationTable
from mcgen.experiment.exposure import EXPOSURES
from mcgen.io.files import atomic_output

_ERRORS = {"integration": "mc_error", "flux": "flux_error"}
"""Label of an error, and the end of its key in the data of a scan."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table."""

    name: str
    """Of the quantity."""
    values: Sequence[float]
    """One a row."""
    units: str = ""
    """Of the values."""
    errors: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """By label, one a row."""
    shifts: Mapping[str, Sequence[float | None]] = field(default_factory=dict)
    """By label, one a row: what a variation adds to the value; None where it has no value."""


@dataclass(frozen=True, slots=True)
class DataTable:
    """A table of a submission: one quantity against others."""

    name: str
    """Of the table; that of its file follows from it."""
    description: str
    """What it holds."""
    against: tuple[Column, ...]
    """What the quantity depends on."""
    quantity: Column
    """What it is about."""


def hepdata_files(folder: Path, scan_file: Path) -> list[Path]:
    """Files of a submission in a folder; `scan_file` is put there, too."""
    names = ("submission", "lower_limit", "upper_limit", "contour", "yields")
    return [*(folder / f"{name}.yaml" for name in names), folder / scan_file.name]


def write_hepdata(data: Mapping[str, Any], scan_file: Path, folder: Path) -> list[Path]:
    """Write a submission of both limits, the contours and the yields, with the scan itself as a resource.

    Parameters
    ----------
    data : a scan as plain data, see `scan_to_dict`
    scan_file : its JSON file
    folder : is there already

    Returns
    -------
    The files, as `hepdata_files` lists them
    """
    from hepdata_lib import Submission, Table

    submission = Submission()
    submission.comment = _comment(data)
    submission.add_additional_resource(
        "The scan with its card, from which mcgen makes it again.", str(scan_file.resolve()), copy_file=True
    )
    for one in tables_of(data):
        table = Table(one.name)
        table.description = one.description
        table.location = "Computed by mcgen"
        table.keywords["observables"] = ["N"]
        table.keywords["phrases"] = ["Beam Dump", "Light Boson", "Muon Coupling"]
        for column in one.against:
            table.add_variable(_variable(column, is_independent=True))
        variable = _variable(one.quantity, is_independent=False)
        for name, (value, units) in qualifiers_of(data).items():
            variable.add_qualifier(name, value, units)
        table.add_variable(variable)
        submission.add_table(table)
    files = hepdata_files(folder, scan_file)
    # The library leaves an archive of all in the working directory, too.
    with TemporaryDirectory() as place:
        with chdir(place):
            submission.create_files(place, validate=False)
        for file in files:
            with atomic_output(file) as temporary:
                shutil.copyfile(Path(place) / file.name, temporary)
    return files


def tables_of(data: Mapping[str, Any]) -> list[DataTable]:
    """Both limits against mass, the corners of the contours, and the yields against mass and coupling."""
    n_signal, grid = data["n_signal"], data["grid"]
    tables = []
    for which, key in (("Lower", "g_low"), ("Upper", "g_high")):
        points = [point for point in data["points"] if point[key] is not None]
        errors = {label: [point[f"{key}_{end}"] for point in points] for label, end in _ERRORS.items()}
        names = dict.fromkeys(name for point in points for name in point.get("variations", {}))
        shifts = {
            _label(name): [_shift(point["variations"][name][key], point[key]) for point in points]
            for name in names
        }
        tables.append(
            DataTable(
                f"{which} limit",
                f"The {which.lower()} coupling at which {n_signal:.4g} accepted events are expected, against mass.",
                (Column("M(X)", [point["mass_gev"] for point in points], "GeV"),),
                Column("G(MU)", [point[key] for point in points], errors=errors, shifts=shifts),
            )
        )
    corners = [corner for contour in data["contours"] for corner in contour]
    tables.append(
        DataTable(
            "Contour",
            f"Corners of the closed polygons within which {n_signal:.4g} accepted events or more are expected; a polygon "
            "ends where its first corner comes again.",
            (Column("M(X)", [mass for mass, _ in corners], "GeV"),),
            Column("G(MU)", [g for _, g in corners]),
        )
    )
    rows = [
        (mass, g, *(grid[name][i][j] for name in ("yield", *_ERRORS.values())))
        for i, mass in enumerate(grid["masses_gev"])
        for j, g in enumerate(grid["couplings"])
    ]
    masses, couplings, yields, *errors_of_yields = map(list, zip(*rows, strict=True))
    varied = {name: chain.from_iterable(values) for name, values in grid.get("variations", {}).items()}
    shifts_of_yields = {
        _label(name): [_shift(*pair) for pair in zip(values, yields, strict=True)]
        for name, values in varied.items()
    }
    tables.append(
        DataTable(
            "Yields",
            "Expected number of accepted events against mass and coupling.",
            (Column("M(X)", masses, "GeV"), Column("G(MU)", couplings)),
            Column(
                "N",
                yields,
                errors=dict(zip(_ERRORS, errors_of_yields, strict=True)),
                shifts=shifts_of_yields,
            ),
        )
    )
    return tables


def qualifiers_of(data: Mapping[str, Any]) -> dict[str, tuple[str | float, str]]:
    """What holds for all numbers of a scan, by name: value and unit."""
    exposure, statistics = data["exposure"], data["card"].get("statistics")
    limit = f"{data['n_signal']:.4g} expected events"
    if statistics is not None:
        limit += f", CLs, {100.0 * statistics['cl']:g} % CL, background {statistics['background']:g}"
        limit += f", observed {statistics['observed']}" if "observed" in statistics else ", projected"
    return {
        "MODEL": (f"{data['model']} {data['particle']}", ""),
        "EXPERIMENT": (data["experiment"], ""),
        EXPOSURES[exposure["kind"]].upper(): (exposure["value"], ""),
        "METHOD": (data["method"], ""),
        "LIMIT": (limit, ""),
    }


def _label(variation: str) -> str:
    """Label of a systematic error, as HEPData has them."""
    return f"sys,{variation}"


def _shift(varied: float | None, nominal: float) -> float | None:
    return None if varied is None else varied - nominal


def _comment(data: Mapping[str, Any]) -> str:
    return (
        f"{data['title'] or data['experiment']}: {data['model']} {data['particle']}. Expected events and limits on the "
        f"coupling to muons g(mu) against the mass of the boson X, computed by mcgen {data['version']} with seed "
        f"{data['seed']}. Errors are those of the integration and of the flux sample.{_on_variations(data)} Couplings above "
        f"{data['perturbative_limit']:.3g} are not perturbative."
    )


def _on_variations(data: Mapping[str, Any]) -> str:
    """Say what each systematic error is, if there are any."""
    variations = [VariationTable.model_validate(one) for one in data["card"].get("variations", ())]
    meanings = [f"{_label(one.name)} with {one.in_words()}" for one in variations if one.kind != "coupling"]
    if not meanings:
        return ""
    return (
        f" Systematic errors are what a variation adds to the value: {'; '.join(meanings)}. There is none where the "
        "variation has no limit."
    )


def _variable(column: Column, *, is_independent: bool) -> Any:
    from hepdata_lib import Uncertainty, Variable

    variable = Variable(
        column.name,
        is_independent=is_independent,
        is_binned=False,
        units=column.units,
        zero_uncertainties_warning=False,
    )
    variable.values = list(column.values)
    for label, values in column.errors.items():
        uncertainty = Uncertainty(label)
        uncertainty.values = list(values)
        variable.add_uncertainty(uncertainty)
    for label, shifts in column.shifts.items():
        uncertainty = Uncertainty(label, is_symmetric=False)
        uncertainty.values = [(min(shift or 0.0, 0.0), max(shift or 0.0, 0.0)) for shift in shifts]
        for row, shift in enumerate(shifts):
            if shift is None:  # which the library leaves out, but does not take with the others
                uncertainty.values[row] = None
        variable.add_uncertainty(uncertainty)
    return variable
