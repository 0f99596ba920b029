"""Muons in files of our own layout and of other people's, read in our columns and units."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from mcgen.card.run_tables import ColumnsTable, EnergyColumn, FluxFormat, FluxTable, LengthColumn
from mcgen.errors import FileFormatError
from mcgen.io.flux.native import NATIVE, TREE
from mcgen.io.flux.tables import Block, Table, Tree, open_tables
from mcgen.types import Array, Bools, Ints

UNITS = {"m": 1.0, "cm": 1e-2, "mm": 1e-3, "GeV": 1.0, "MeV": 1e-3}

FAIRSHIP_PROTONS = 5e13
"""Protons of a spill, for which FairShip's weights are."""

FAIRSHIP_OFFSET = 50.0
"""FairShip's muons start from a target whose face is at z = -50 m."""

ROULETTE = 1e-4
"""Muons killed by Russian roulette are still in the file, with weights below this; survivors are above."""

Tables = Mapping[str, Table | None]


@dataclass(frozen=True, slots=True)
class MuonBlock:
    """Some rows of a flux file in our columns and units.

    Attributes
    ----------
    row : (k,) rows of the file, entries of a tree of lists
    columns : (k,) the columns of the native format
    dropped : numbers of rows that are not muons of the flux, by reason
    """

    row: Ints
    columns: dict[str, Array]
    dropped: dict[str, int]


@dataclass(frozen=True, slots=True)
class Drop:
    """Rows that do not count: those for which a test of one of the file's columns is true."""

    reason: str
    column: str
    test: Callable[[Array], Bools]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a table becomes muons.

    Attributes
    ----------
    columns : the file's name and the factor to our unit, for each of our columns
    z_offset : added to z [m]
    protons : the weights are for so many
    needs : what to say if a column is missing
    """

    table: Table
    columns: Mapping[str, tuple[str, float]]
    needs: str
    z_offset: float = 0.0
    protons: float = 1.0
    drops: tuple[Drop, ...] = ()


def muon_blocks(path: Path, flux: FluxTable) -> Iterator[MuonBlock]:
    """Read a flux file block by block.

    Raises
    ------
    FileFormatError
        If the file cannot be read, or is not in the format that the card says.
    """
    with open_tables(path) as tables:
        layout = _LAYOUTS[flux.format](path, tables, flux)
        names = [name for name, _ in layout.columns.values()] + [drop.column for drop in layout.drops]
        names = list(dict.fromkeys(names))
        available = set(layout.table.names)
        if missing := [name for name in names if name not in available]:
            raise FileFormatError(f"{path}: missing column {', '.join(missing)}; {layout.needs}")
        for block in layout.table.blocks(names):
            yield _converted(block, layout)


def _converted(block: Block, layout: Layout) -> MuonBlock:
    """Drop what does not count, and change names, units, frame and normalisation."""
    row, columns = block.row, block.columns
    dropped = {}
    for drop in layout.drops:
        out = drop.test(columns[drop.column])
        dropped[drop.reason] = int(out.sum())
        if out.any():
            row, columns = row[~out], {name: values[~out] for name, values in columns.items()}
    ours = {name: columns[theirs] * factor for name, (theirs, factor) in layout.columns.items()}
    ours["z"] += layout.z_offset
    ours["w"] /= layout.protons
    return MuonBlock(row, ours, dropped)


# --- The formats ------------------------------------------------------------------------------------------


def _native(path: Path, tables: Tables, flux: FluxTable) -> Layout:
    return Layout(
        table=_table(path, tables, TREE, flux.format),
        columns={name: (name, 1.0) for name in NATIVE},
        needs=f"the native format has {', '.join(NATIVE)}",
    )


def _named(path: Path, tables: Tables, flux: FluxTable) -> Layout:
    assert flux.columns is not None, "the card's checks see to it"
    table = _table(path, tables, flux.tree, flux.format)
    names = ", ".join(table.names[:30])
    return Layout(
        table=table,
        columns=_names_and_units(flux.columns),
        needs=f"flux.columns names what the file has: {names}",
        z_offset=flux.z_offset_m or 0.0,
        protons=flux.protons or 1.0,
    )


def _names_and_units(columns: ColumnsTable) -> dict[str, tuple[str, float]]:
    found = {}
    for name in NATIVE:
        column = getattr(columns, name)
        has_unit = isinstance(column, LengthColumn | EnergyColumn)
        found[name] = (column.name, UNITS[column.unit] if has_unit else 1.0)
    return found


def _fairship(path: Path, tables: Tables, flux: FluxTable) -> Layout:
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
    return Layout(
        table=table,
        columns={"pdg": ("id", 1.0), **lengths, "w": ("w", 1.0)},
        needs='a muon ntuple of FairShip has id, w and ox..oz, opx..opz; other names take format = "columns"',
        z_offset=FAIRSHIP_OFFSET if flux.z_offset_m is None else flux.z_offset_m,
        protons=flux.protons or FAIRSHIP_PROTONS,
    )


def _muonfluxenhancement(path: Path, tables: Tables, flux: FluxTable) -> Layout:
    planes = [name for name in tables if re.fullmatch(r"(.*/)?Z-?\d+", name)]
    target = [name for name in tables if name.rpartition("/")[2] == "TARGET"]
    name = flux.tree or (target or planes or ["TARGET"])[0]
    if flux.tree is None and not target and len(planes) > 1:
        raise FileFormatError(f"{path}: which tree? there are {', '.join(planes)}; set flux.tree")
    table = _table(path, tables, name, flux.format)
    is_target = name.rpartition("/")[2] == "TARGET"
    momentum = {"px": ("InitPx", 1e-3), "py": ("InitPy", 1e-3), "pz": ("InitPz", 1e-3)}
    return Layout(
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


def _trees(tables: Tables, names: list[str]) -> list[Table]:
    return [table for name in names if (table := tables[name]) is not None]


def _simulated_protons(path: Path, planes: list[Table]) -> float:
    """Number of entries of the trees that have one for each proton."""
    counts = {plane.entries for plane in planes if isinstance(plane, Tree)}
    if len(counts) != 1 or 0 in counts:
        found = f"its trees Z... disagree: {counts}" if len(counts) > 1 else "it has no tree Z..."
        raise FileFormatError(
            f"{path}: the number of simulated protons is not in the file ({found}); set flux.protons (--protons)"
        )
    return float(counts.pop())


def _table(path: Path, tables: Tables, name: str | None, format_: FluxFormat) -> Table:
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
    held = ", ".join(sorted(tables)) or "nothing"
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


_LAYOUTS: dict[FluxFormat, Callable[[Path, Tables, FluxTable], Layout]] = {
    "native": _native,
    "columns": _named,
    "fairship": _fairship,
    "muonfluxenhancement": _muonfluxenhancement,
}
