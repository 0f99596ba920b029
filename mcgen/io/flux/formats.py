"""Particles in files of our own format and of other people's, read in our columns and units."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcgen.card.flux_tables import ColumnsTable, EnergyColumn, FluxFormat, FluxTable, LengthColumn
from mcgen.errors import FileFormatError
from mcgen.io.flux.native import GROUP, NATIVE, PARENT, TREE
from mcgen.io.flux.root import Tree
from mcgen.io.flux.rows import Rows, Tabular
from mcgen.io.flux.tables import Tables, open_tables
from mcgen.types import Array, Bools, Ints

UNITS = {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "GeV": 1.0, "MeV": 1e-3}

FAIRSHIP_PROTONS = 5e13
"""Protons of a spill, for which FairShip's weights are."""

FAIRSHIP_OFFSET = 50.0
"""FairShip's muons start from a target whose face is at z = -50 m."""

ROULETTE = 1e-4
"""Muons killed by Russian roulette are still in the file, with weights below this; survivors are above."""

BLOCK = 100_000
"""Rows that are read at a time."""


@dataclass(frozen=True, slots=True)
class Particles:
    """Some particles of a flux file in our columns and units."""

    row: Ints
    """(k,) rows of the file that they are from; entries of a tree of lists."""
    columns: Mapping[str, Array]
    """(k,) the columns of the native format [m, GeV, 1/proton], with what rows are from if the file says so."""
    group: Ints | None
    """(k,) what the file says of rows that belong together: equal numbers; None if it says nothing."""
    dropped: Mapping[str, int]
    """Numbers of rows between them that do not count, by reason."""


@dataclass(frozen=True, slots=True)
class Drop:
    """Rows that do not count: those for which a test of one of the file's columns is true."""

    reason: str
    """For people, with underscores."""
    column: str
    """The file's name of the column."""
    test: Callable[[Array], Bools]
    """From values (k,) to whether the rows do not count (k,)."""


@dataclass(frozen=True, slots=True)
class Translation:
    """How the rows of a table become particles."""

    table: Tabular
    """What is read."""
    columns: Mapping[str, tuple[str, float]]
    """The file's name and the factor to our unit [m, GeV], for each of our columns."""
    needs: str
    """What to say if a column is missing."""
    group: str | None = None
    """The file's name of the column that says which rows belong together."""
    z_offset: float = 0.0
    """Added to z [m]."""
    protons: float = 1.0
    """The weights are for so many."""
    drops: tuple[Drop, ...] = ()
    """Rows that do not count."""


def particles_of(path: Path, flux: FluxTable, size: int = BLOCK) -> Iterator[Particles]:
    """Read a flux file block by block.

    Parameters
    ----------
    size : rows (or entries of lists) that are read at a time

    Raises
    ------
    FileFormatError
        If the file cannot be read, or is not in the format that the card says.
    """
    with open_tables(path) as tables:
        translation = _FORMATS[flux.format](path, tables, flux)
        columns = [name for name, _ in translation.columns.values()] + [d.column for d in translation.drops]
        columns = list(dict.fromkeys(columns))
        names, group = list(translation.table.names), translation.group
        needed = columns if group is None else [*columns, group]
        if missing := [name for name in needed if name not in names]:
            raise FileFormatError(f"{path}: missing column {', '.join(missing)}; {translation.needs}")
        if twice := [name for name in needed if names.count(name) > 1]:
            raise FileFormatError(
                f"{path}: column {twice[0]} is there {names.count(twice[0])} times; leave one"
            )
        for rows in translation.table.rows(columns, group, size):
            yield _translated(rows, translation)


def _translated(rows: Rows, translation: Translation) -> Particles:
    """Drop what does not count, and change names, units, frame and normalisation."""
    row, columns, group = rows.row, rows.columns, rows.group
    dropped = {}
    for drop in translation.drops:
        out = drop.test(columns[drop.column])
        dropped[drop.reason] = int(out.sum())
        if out.any():
            row, columns = row[~out], {name: values[~out] for name, values in columns.items()}
            group = None if group is None else group[~out]
    ours = {name: columns[theirs] * factor for name, (theirs, factor) in translation.columns.items()}
    ours["z"] += translation.z_offset
    ours["w"] /= translation.protons
    return Particles(row, ours, group, dropped)


# --- The formats ------------------------------------------------------------------------------------------


def _native(path: Path, tables: Tables, flux: FluxTable) -> Translation:
    table = _table(path, tables, TREE, flux.format)
    return Translation(
        table=table,
        columns={name: (name, 1.0) for name in (*NATIVE, PARENT) if name != PARENT or name in table.names},
        group=GROUP if GROUP in table.names else None,
        needs=f"the native format has {', '.join(NATIVE)}",
    )


def _named(path: Path, tables: Tables, flux: FluxTable) -> Translation:
    assert flux.columns is not None, "the card's checks see to it"
    table = _table(path, tables, flux.tree, flux.format)
    names = ", ".join(table.names[:30])
    return Translation(
        table=table,
        columns=_names_and_units(flux.columns),
        group=None if flux.columns.group is None else flux.columns.group.name,
        needs=f"flux.columns names what the file has: {names}",
        z_offset=flux.z_offset_m or 0.0,
        protons=flux.protons or 1.0,
    )


def _names_and_units(columns: ColumnsTable) -> dict[str, tuple[str, float]]:
    theirs = {name: getattr(columns, name) for name in NATIVE}
    theirs |= {} if columns.parent is None else {PARENT: columns.parent}
    return {
        name: (column.name, UNITS[column.unit] if isinstance(column, LengthColumn | EnergyColumn) else 1.0)
        for name, column in theirs.items()
    }


def _fairship(path: Path, tables: Tables, flux: FluxTable) -> Translation:
    if "cbmsim" in tables:
        raise FileFormatError(
            f"{path}: holds FairShip's tree cbmsim, whose entries are objects (ShipMCTrack), not flat columns; "
            "write one row a muon (fPdgCode, fStartX..fStartZ, fPx..fPz, fW of its MCTrack) to a flat tree "
            'with FairShip\'s ROOT, and read that with format = "columns"'
        )
    table = _table(path, tables, "pythia8-Geant4", flux.format)
    # Smaller ntuples have but one point and momentum, and FairShip itself starts the muons there.
    o = "o" if len(table.names) >= 17 else ""
    lengths = {name: (o + name, 1.0) for name in ("x", "y", "z", "px", "py", "pz")}
    return Translation(
        table=table,
        columns={"pdg": ("id", 1.0), **lengths, "w": ("w", 1.0)},
        needs='a muon ntuple of FairShip has id, w and ox..oz, opx..opz; other names take format = "columns"',
        z_offset=FAIRSHIP_OFFSET if flux.z_offset_m is None else flux.z_offset_m,
        protons=flux.protons or FAIRSHIP_PROTONS,
    )


def _muonfluxenhancement(path: Path, tables: Tables, flux: FluxTable) -> Translation:
    planes = [name for name in tables if re.fullmatch(r"(.*/)?Z-?\d+", name)]
    target = [name for name in tables if name.rpartition("/")[2] == "TARGET"]
    name = flux.tree or (target or planes or ["TARGET"])[0]
    if flux.tree is None and not target and len(planes) > 1:
        raise FileFormatError(f"{path}: which tree? there are {', '.join(planes)}; set flux.tree")
    table = _table(path, tables, name, flux.format)
    is_target = name.rpartition("/")[2] == "TARGET"
    momentum = {"px": ("InitPx", 1e-3), "py": ("InitPy", 1e-3), "pz": ("InitPz", 1e-3)}
    return Translation(
        table=table,
        columns={
            "pdg": ("PDGid", 1.0),
            **{axis: (f"Init{axis.upper()}", 1e-3) for axis in "xyz"},
            **momentum,
            "w": ("Weight", 1.0),
        },
        needs=(
            "the production of the muons is in the Init* branches, which slim output leaves out: "
            "use the tree TARGET, or simulate again with full output"
        ),
        z_offset=flux.z_offset_m or 0.0,
        protons=flux.protons
        or _simulated_protons(path, [table] if not is_target else _trees(tables, planes)),
        drops=(
            Drop("other_track_type", "InitT" if is_target else "TrackType", lambda kind: kind != 1.0),
            Drop("killed_by_roulette", "Weight", lambda weight: (weight >= 0.0) & (weight < ROULETTE)),
        ),
    )


def _trees(tables: Tables, names: list[str]) -> list[Tabular]:
    return [table for name in names if (table := tables[name]) is not None]


def _simulated_protons(path: Path, planes: list[Tabular]) -> float:
    """Number of entries of the trees that have one for each proton."""
    counts = {plane.entries for plane in planes if isinstance(plane, Tree)}
    if len(counts) != 1 or 0 in counts:
        found = f"its trees Z... disagree: {counts}" if len(counts) > 1 else "it has no tree Z..."
        raise FileFormatError(
            f"{path}: the number of simulated protons is not in the file ({found}); set flux.protons (--protons)"
        )
    return float(counts.pop())


def _table(path: Path, tables: Tables, name: str | None, format_: FluxFormat) -> Tabular:
    """Find a tree by its name, with or without the folder; without a name, the only table."""
    flat = tables.get("")
    if flat is not None:
        if format_ in ("fairship", "muonfluxenhancement"):
            raise FileFormatError(f'{path}: format = "{format_}" is that of ROOT files; use "columns"')
        return flat
    if name is not None and (exact := tables.get(name)):
        return exact
    found = [t for full, t in tables.items() if t and name in (None, full.rpartition("/")[2])]
    if len(found) == 1:
        return found[0]
    held = ", ".join(f"{n}{'' if tables[n] else ' (no tree)'}" for n in sorted(tables)) or "nothing"
    if found or name is None:
        raise FileFormatError(f"{path}: which tree? set flux.tree; the file holds {held}")
    raise FileFormatError(f"{path}: no tree {name!r}; the file holds {held}{_looks_like(tables, format_)}")


def _looks_like(tables: Tables, format_: FluxFormat) -> str:
    names = {part for name in tables for part in name.split("/")}
    signs: dict[FluxFormat, set[str]] = {
        "native": {TREE},
        "fairship": {"pythia8-Geant4", "cbmsim"},
        "muonfluxenhancement": {"NTuple", "TARGET"},
    }
    likely = [known for known, marks in signs.items() if marks & names and known != format_]
    return f'; it looks like format = "{likely[0]}"' if likely else ""


_FORMATS: dict[FluxFormat, Callable[[Path, Tables, FluxTable], Translation]] = {
    "native": _native,
    "columns": _named,
    "fairship": _fairship,
    "muonfluxenhancement": _muonfluxenhancement,
}
