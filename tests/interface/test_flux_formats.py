"""Muons in other programs' layouts: all numbers are read as they were meant, and every trap is told."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pytest
import uproot

import mcgen
from mcgen.card import flux_table
from mcgen.errors import UsageError
from mcgen.flux.flux import Flux, load_flux
from mcgen.io.flux.formats import particles_of
from mcgen.types import Array, Ints
from tests.oracle.cards import COLUMNS, done, muons, refused, settings
from tests.oracle.fluxfiles import (
    FAIRSHIP,
    FAIRSHIP_2015,
    SPILL,
    WRITERS,
    add_plane,
    add_target,
    fairship_columns,
    plane_columns,
    target_columns,
    write_fairship,
    write_ttree,
)
from tests.oracle.pages import PAGES
from tests.oracle.stats import assert_agrees

PROTONS = 400
"""Simulated protons of the files below: more than muons."""

Muons = dict[str, Array]


def heavy_muons(count: int = 150) -> Muons:
    """Muons whose weights times the simulated protons are above the roulette's."""
    return muons(count) | {"w": 5e-4 / PROTONS * np.linspace(1.0, 2.0, count)}


def read(file: str, format_: str, **keys: Any) -> Flux:
    return load_flux(flux_table({"file": file, "format": format_, **keys}))


def assert_muons(flux: Flux, expected: Muons) -> None:
    """Require all eight columns of every muon, to the precision of single ones."""
    found = {"pdg": flux.pdg, "w": flux.rate}
    found |= dict(zip(("x", "y", "z", "px", "py", "pz"), (*flux.position, *flux.momentum), strict=True))
    for name in COLUMNS:
        # Single precision at 50 m from the origin is 4 micrometres.
        atol = 1e-5 if name == "z" else 0.0
        np.testing.assert_allclose(found[name], expected[name], rtol=1e-6, atol=atol, err_msg=name)


def told(format_: str, file: str = "flux.root", *more: str) -> str:
    """Return the message with which a file is refused."""
    message = refused("check", "tiny.toml", *settings(f"flux.file={file}", f"flux.format={format_}", *more))
    assert f"flux file {Path(file).absolute()}" in message
    return message


# --- muonfluxenhancement


def spoilt(columns: dict[str, Any], kind: str) -> tuple[dict[str, Any], Ints]:
    """Give some rows another track type and let roulette kill some; also the rows that still count."""
    rows = np.arange(len(columns["Weight"]))
    columns[kind] = np.where(rows % 5 == 1, 0, np.where(rows % 5 == 2, 2, 1)).astype(columns[kind].dtype)
    columns["Weight"] = np.where(rows % 3 == 0, 5e-5, columns["Weight"])
    return columns, np.flatnonzero((rows % 5 != 1) & (rows % 5 != 2) & (rows % 3 != 0))


def write_enhanced(
    target: dict[str, Any] | None, plane: dict[str, Any] | None = None, slim: bool = False
) -> None:
    """Write flux.root with some of the two trees; the plane has no muon in half of its entries."""
    with uproot.recreate("flux.root") as file:
        folder = file.mkdir("NTuple")
        if target is not None:
            add_target(folder, target)
        count = 0 if plane is None else len(plane["Weight"])
        muons_of = [3] * (count // 3) + [0] * (PROTONS - count // 3)
        add_plane(folder, plane or plane_columns(heavy_muons(0), PROTONS), muons_of, slim=slim)


def test_target() -> None:
    truth = heavy_muons()
    columns, kept = spoilt(target_columns(truth, PROTONS), "InitT")
    write_enhanced(columns)
    flux = read("flux.root", "muonfluxenhancement")
    assert_muons(flux, {name: values[kept] for name, values in truth.items()})
    np.testing.assert_array_equal(flux.row, kept)
    assert flux.dropped == {"other_track_type": 60, "killed_by_roulette": 30}
    assert flux.total == 150


def test_plane_of_vectors() -> None:
    truth = heavy_muons()
    columns, kept = spoilt(plane_columns(truth, PROTONS), "TrackType")
    write_enhanced(None, columns)
    flux = read("flux.root", "muonfluxenhancement")
    assert_muons(flux, {name: values[kept] for name, values in truth.items()})
    np.testing.assert_array_equal(flux.row, kept // 3, "muons of one proton share its entry")
    assert flux.dropped == {"other_track_type": 60, "killed_by_roulette": 30}


def test_the_tree_can_be_chosen() -> None:
    write_enhanced(target_columns(heavy_muons(), PROTONS), plane_columns(heavy_muons(90), PROTONS))
    assert len(read("flux.root", "muonfluxenhancement")) == 150
    for tree in ("Z3320", "NTuple/Z3320"):
        assert_muons(read("flux.root", "muonfluxenhancement", tree=tree), heavy_muons(90))
    assert "no tree 'Z999'" in told("muonfluxenhancement", "flux.root", "flux.tree=Z999")


def test_the_muon_that_the_page_shows_in_every_format() -> None:
    shown = {
        name: {key: np.array([float(value)]) for key, value in re.findall(r"`(\w+)` (-?\d[\d.e+-]*)", row)}
        for name, row in re.findall(r"(?m)^\| `(\w+)` \| (`\w+` -?\d.*) \|$", PAGES["flux.md"])
    }
    native = shown.pop("native")
    first = load_flux(flux_table({"file": "builtin:na62_cu"}))
    assert native["w"][0] == pytest.approx(first.rate[0], rel=1e-6)
    assert native["pz"][0] == pytest.approx(first.momentum[2][0], rel=1e-6)
    # What the page does not show is filled up.
    with uproot.recreate("shown.root") as file:
        add_target(file.mkdir("NTuple"), target_columns(native, 7) | shown.pop("muonfluxenhancement"))
    write_fairship(Path("ntuple.root"), fairship_columns(native, 7.0) | shown.pop("fairship"))
    assert not shown
    assert_muons(read("shown.root", "muonfluxenhancement", protons=1e6), native)
    assert_muons(read("ntuple.root", "fairship"), native)


@pytest.mark.parametrize("tree", ["TARGET", "Z3320"])
def test_protons_of_the_card_come_first(tree: str) -> None:
    write_enhanced(target_columns(heavy_muons(), PROTONS), plane_columns(heavy_muons(), PROTONS))
    flux = read("flux.root", "muonfluxenhancement", tree=tree, protons=10.0 * PROTONS)
    assert_muons(flux, heavy_muons() | {"w": heavy_muons()["w"] / 10.0})


def test_unknown_numbers_of_protons() -> None:
    with uproot.recreate("flux.root") as file:
        add_target(file.mkdir("NTuple"), target_columns(heavy_muons(), PROTONS))
    message = told("muonfluxenhancement")
    assert "simulated protons" in message
    assert "flux.protons" in message
    assert_muons(read("flux.root", "muonfluxenhancement", protons=PROTONS), heavy_muons())


def test_planes_that_disagree_about_the_protons() -> None:
    with uproot.recreate("flux.root") as file:
        folder = file.mkdir("NTuple")
        add_target(folder, target_columns(heavy_muons(), PROTONS))
        for name, entries in (("Z3320", 400), ("Z100", 399)):
            add_plane(folder, plane_columns(heavy_muons(0), PROTONS), [0] * entries, name=name)
    assert "disagree" in told("muonfluxenhancement")
    assert_muons(read("flux.root", "muonfluxenhancement", protons=PROTONS), heavy_muons())


def test_two_planes_and_no_target() -> None:
    with uproot.recreate("flux.root") as file:
        folder = file.mkdir("NTuple")
        for name in ("Z3320", "Z100"):
            add_plane(folder, plane_columns(heavy_muons(4), PROTONS), [1] * 4, name=name)
    message = told("muonfluxenhancement")
    assert "flux.tree" in message
    assert "NTuple/Z100" in message


def test_slim_output_is_refused() -> None:
    write_enhanced(None, plane_columns(heavy_muons(), PROTONS), slim=True)
    message = told("muonfluxenhancement")
    assert "InitX" in message
    assert "slim output" in message


def test_an_analog_run_has_no_muon_of_type_one() -> None:
    columns = target_columns(heavy_muons(), PROTONS)
    write_enhanced(columns | {"InitT": np.zeros(150)})
    assert "holds no particles: 150 other track type" in told("muonfluxenhancement")


def test_a_negative_weight_is_not_taken_for_roulette() -> None:
    columns = target_columns(heavy_muons(), PROTONS)
    columns["Weight"][7] *= -1.0
    write_enhanced(columns)
    assert "weight w is negative in row 7;" in told("muonfluxenhancement")


# --- fairship


@pytest.mark.parametrize("old", [False, True])
def test_fairship(old: bool) -> None:
    columns = fairship_columns(muons(), old=old)
    assert list(columns) == (FAIRSHIP_2015 if old else FAIRSHIP)
    write_fairship(Path("flux.root"), columns)
    assert_muons(read("flux.root", "fairship"), muons())


def test_fairship_with_another_normalisation_and_frame() -> None:
    write_fairship(Path("flux.root"), fairship_columns(muons()))
    truth = muons()
    assert_muons(read("flux.root", "fairship", protons=SPILL / 4), truth | {"w": 4.0 * truth["w"]})
    assert_muons(read("flux.root", "fairship", z_offset_m=89.27), truth | {"z": truth["z"] + 39.27})


def test_fairship_objects_are_refused() -> None:
    write_ttree(Path("flux.root"), {"MCTrack.fPx": np.zeros(3)}, "cbmsim")
    message = told("fairship")
    for word in ("cbmsim", "ShipMCTrack", "fStartX", 'format = "columns"'):
        assert word in message


def test_a_fairship_tree_of_other_columns() -> None:
    columns = fairship_columns(muons())
    del columns["opx"]
    write_fairship(Path("flux.root"), columns | {"extra": columns["id"]})
    assert "missing column opx;" in told("fairship")


@pytest.mark.parametrize("format_", ["fairship", "muonfluxenhancement"])
def test_a_preset_of_root_files(format_: str) -> None:
    assert "ROOT" in told(format_, "muons.csv")


def test_the_format_that_it_looks_like_is_suggested() -> None:
    write_fairship(Path("flux.root"), fairship_columns(muons()))
    assert 'it looks like format = "fairship"' in told("native")
    assert 'it looks like format = "fairship"' in told("muonfluxenhancement")
    write_enhanced(target_columns(heavy_muons(), PROTONS))
    assert 'it looks like format = "muonfluxenhancement"' in told("native")
    write_ttree(Path("flux.root"), muons())
    assert 'it looks like format = "native"' in told("fairship")


# --- columns

NAMES: dict[str, Any] = {
    "pdg": "id",
    "x": {"name": "vx", "unit": "mm"},
    "y": {"name": "vy", "unit": "cm"},
    "z": {"name": "vz"},
    "px": {"name": "p_x", "unit": "MeV"},
    "py": {"name": "p_y", "unit": "GeV"},
    "pz": {"name": "p_z", "unit": "MeV"},
    "w": "weight",
}
FACTORS = {"pdg": 1.0, "x": 1e3, "y": 1e2, "z": 1.0, "px": 1e3, "py": 1.0, "pz": 1e3, "w": 1.0}


def named(truth: Muons) -> Muons:
    """Muons under the names and in the units above."""
    names = {ours: theirs if isinstance(theirs, str) else theirs["name"] for ours, theirs in NAMES.items()}
    return {names[ours]: FACTORS[ours] * truth[ours] for ours in COLUMNS}


containers = pytest.mark.parametrize(("name", "write"), WRITERS.values(), ids=WRITERS)


@containers
def test_columns_with_units(name: str, write: Callable[[Path, Muons], None]) -> None:
    write(Path(name), named(muons()) | {"extra": np.zeros(150)})
    flux = read(name, "columns", columns=NAMES)
    assert_muons(flux, muons())
    np.testing.assert_array_equal(flux.row, np.arange(150))
    moved = read(name, "columns", columns=NAMES, z_offset_m=-0.25, protons=100.0)
    assert_muons(moved, muons() | {"z": muons()["z"] - 0.25, "w": muons()["w"] / 100.0})


@containers
def test_a_column_of_another_name(name: str, write: Callable[[Path, Muons], None]) -> None:
    write(Path(name), named(muons()))
    with pytest.raises(UsageError, match=r"missing column wt; .*weight") as caught:
        read(name, "columns", columns=NAMES | {"w": "wt"})
    assert name in str(caught.value)


def test_vectors_of_other_names() -> None:
    columns = {key: ak.unflatten(values, [2, 0, 3, 5]) for key, values in named(muons(10)).items()}
    with uproot.recreate("flux.root") as file:
        file.mktree("a/b", dict.fromkeys(columns, "var * float64")).extend(columns)
    flux = read("flux.root", "columns", columns=NAMES)
    assert_muons(flux, muons(10))
    assert flux.row.tolist() == [0, 0, 2, 2, 2, 3, 3, 3, 3, 3]


def test_vectors_of_different_lengths() -> None:
    columns = {key: ak.unflatten(values, [2, 8]) for key, values in named(muons(10)).items()}
    columns["weight"] = ak.unflatten(np.ones(10), [3, 7])
    with uproot.recreate("flux.root") as file:
        file.mktree("a", dict.fromkeys(columns, "var * float64")).extend(columns)
    with pytest.raises(UsageError, match="id and weight hold lists of different lengths"):
        read("flux.root", "columns", columns=NAMES)


# --- groups

# Doubles would take 2^53 and 2^53 + 1 for the same.
LABELS = np.array([2**53, -4, 2**53 + 1, 2**53, 7, -4, 2**53 + 1, 7, 7, 9007199254740994])
GROUPS = [0, 1, 2, 0, 3, 1, 2, 3, 3, 4]


def write_csv_with_integers(path: Path, columns: dict[str, Any]) -> None:
    rows = zip(*(values.tolist() for values in columns.values()), strict=True)
    lines = [",".join(columns), *(",".join(map(repr, row)) for row in rows)]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


grouped = pytest.mark.parametrize(
    ("name", "write"),
    [*(WRITERS | {"csv": ("muons.csv", write_csv_with_integers)}).values()],
    ids=[*WRITERS],
)


@grouped
def test_a_column_says_which_rows_belong_together(name: str, write: Callable[[Path, Any], None]) -> None:
    columns = muons(10)
    for axis in "xyz":
        columns[axis][:4] = 0.0  # what it says comes before what points say
    write(Path(name), columns | {"group": LABELS})
    flux = load_flux(flux_table({"file": name}), size=4)
    assert flux.group.tolist() == GROUPS
    assert flux.groups == 5


@grouped
def test_the_column_may_have_another_name(name: str, write: Callable[[Path, Any], None]) -> None:
    write(Path(name), named(muons(10)) | {"proton": LABELS, "group": np.zeros(10)})
    assert read(name, "columns", columns=NAMES | {"group": "proton"}).group.tolist() == GROUPS
    assert read(name, "columns", columns=NAMES).group.tolist() == list(range(10))
    with pytest.raises(UsageError, match="missing column collision"):
        read(name, "columns", columns=NAMES | {"group": "collision"})


@containers
@pytest.mark.parametrize("value", [0.5, np.nan, np.inf, 2.0**54])
def test_a_group_that_is_no_integer(name: str, write: Callable[[Path, Muons], None], value: float) -> None:
    columns = muons(10) | {"group": np.arange(10.0)}
    write(Path(name), columns)
    assert load_flux(flux_table({"file": name})).group.tolist() == list(range(10))
    columns["group"][7] = value
    write(Path(name), columns)
    with pytest.raises(
        UsageError, match=f"column group holds {re.escape(repr(value))} in row 7; it takes integers"
    ):
        load_flux(flux_table({"file": name}), size=5)


def test_a_group_that_is_text() -> None:
    rows = Path("muons.csv").read_text(encoding="utf-8").splitlines()
    Path("muons.csv").write_text(
        "\n".join([rows[0] + ",group", *(f"{row},A{i}" for i, row in enumerate(rows[1:]))]), encoding="utf-8"
    )
    assert "column group holds text, not numbers" in told("native", "muons.csv")


@pytest.mark.parametrize(
    ("kind", "label", "groups"),
    [
        ("var * int64", ak.Array([[4, 4], [], [4, 5, 6]]), [0, 0, 0, 1, 2]),
        ("int64", np.array([8, 8, 8]), [0, 0, 0, 0, 0]),
        (None, None, [0, 0, 1, 1, 1]),
    ],
    ids=["of the items", "of the entries", "none"],
)
def test_groups_of_lists(kind: str | None, label: Any, groups: list[int]) -> None:
    columns = {key: ak.unflatten(values, [2, 0, 3]) for key, values in muons(5).items()}
    kinds: dict[str, Any] = dict.fromkeys(columns, "var * float64")
    if kind is not None:
        kinds["group"] = np.dtype(kind) if kind == "int64" else kind
        columns["group"] = label
    with uproot.recreate("flux.root") as file:
        file.mktree("muons", kinds).extend(columns)
    assert read("flux.root", "native").group.tolist() == groups


def test_rows_at_one_vertex_are_one_group_of_the_events() -> None:
    columns = muons()
    for axis in "xyz":
        columns[axis][1::2] = columns[axis][::2]
    write_csv_with_integers(Path("muons.csv"), columns)
    events = mcgen.generate(mcgen.load_card("tiny.toml"))
    np.testing.assert_array_equal(events.parent_group, events.parent_row // 2)
    assert (events.provenance.flux.rows, events.provenance.flux.groups) == (150, 75)


def test_dropped_rows_are_in_no_group() -> None:
    columns = target_columns(heavy_muons(6), PROTONS)
    for axis in "XYZ":
        columns[f"Init{axis}"][[0, 1, 4]] = 1.0
    columns["InitT"][[0, 3]] = 0.0
    write_enhanced(columns)
    flux = read("flux.root", "muonfluxenhancement")
    assert flux.row.tolist() == [1, 2, 4, 5]
    assert flux.group.tolist() == [0, 1, 0, 2]


# --- trees


def test_which_tree() -> None:
    with uproot.recreate("flux.root") as file:
        for tree, count in (("first", 10), ("second", 20)):
            file.mktree(tree, dict.fromkeys(named(muons()), np.dtype(float))).extend(named(muons(count)))
    with pytest.raises(UsageError, match=r"which tree\? set flux.tree; the file holds first, second"):
        read("flux.root", "columns", columns=NAMES)
    assert_muons(read("flux.root", "columns", columns=NAMES, tree="second"), muons(20))


def test_trees_of_one_name() -> None:
    with uproot.recreate("flux.root") as file:
        for tree, count in (("a/muons", 10), ("b/muons", 20)):
            file.mktree(tree, dict.fromkeys(muons(), np.dtype(float))).extend(muons(count))
    assert "which tree?" in told("native")
    with uproot.update("flux.root") as file:
        file.mktree("muons", dict.fromkeys(muons(), np.dtype(float))).extend(muons(30))
    assert_muons(read("flux.root", "native"), muons(30))


@containers
def test_blocks_are_short_and_rows_go_on(name: str, write: Callable[[Path, Muons], None]) -> None:
    write(Path(name), muons())
    table = flux_table({"file": name})
    assert [len(block.row) for block in particles_of(Path(name), table, size=40)] == [40, 40, 40, 30]
    flux = load_flux(table, size=40)
    assert_muons(flux, muons())
    np.testing.assert_array_equal(flux.row, np.arange(150))


@containers
def test_faults_behind_the_first_block(name: str, write: Callable[[Path, Muons], None]) -> None:
    columns = muons()
    columns["w"][[90, 91, 149]] = np.nan
    write(Path(name), columns)
    with pytest.raises(UsageError, match="column w is not finite in row 90 and 2 more"):
        load_flux(flux_table({"file": name}), size=40)


def test_the_cards_of_the_page_are_valid() -> None:
    page = (Path(__file__).parents[2] / "docs" / "flux.md").read_text(encoding="utf-8")
    cards = [tomllib.loads(text)["flux"] for text in re.findall(r"```toml\n(.*?)```", page, re.DOTALL)]
    formats = [flux_table(card).format for card in cards]
    assert formats == ["native", "muonfluxenhancement", "fairship", "columns"]


# --- the comparison sees what goes wrong

WRONG: dict[str, Callable[[Muons], Muons]] = {
    "metres for millimetres": lambda m: m | {"x": 1e-3 * m["x"]},
    "GeV for MeV": lambda m: m | {"pz": 1e-3 * m["pz"]},
    "swapped axes": lambda m: m | {"x": m["y"], "y": m["x"]},
    "swapped momenta": lambda m: m | {"px": m["py"], "py": m["px"]},
    "dropped weight": lambda m: m | {"w": np.full(len(m["w"]), m["w"].mean())},
    "lost charge": lambda m: m | {"pdg": np.abs(m["pdg"])},
    "another frame": lambda m: m | {"z": m["z"] + 0.01},
    "an order of its own": lambda m: {name: values[::-1] for name, values in m.items()},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
@pytest.mark.parametrize("format_", ["muonfluxenhancement", "fairship", "columns"])
def test_a_mistake_would_be_seen(format_: str, wrong: Callable[[Muons], Muons]) -> None:
    bad = wrong(heavy_muons())
    if format_ == "fairship":
        write_fairship(Path("flux.root"), fairship_columns(bad))
    elif format_ == "columns":
        write_ttree(Path("flux.root"), named(bad))
    else:
        write_enhanced(target_columns(bad, PROTONS))
    flux = read("flux.root", format_, protons=PROTONS if format_ == "muonfluxenhancement" else None,
                columns=NAMES if format_ == "columns" else None)  # fmt: skip
    assert_muons(flux, bad)
    with pytest.raises(AssertionError):
        assert_muons(flux, heavy_muons())


# --- whole runs


def write_muonfluxenhancement(count: int) -> int:
    """Write a run with both trees and all its traps; return how many of its rows do not count."""
    good, bad = heavy_muons(count), heavy_muons(30)
    mixed = {name: np.concatenate([good[name], bad[name]]) for name in COLUMNS}
    columns = target_columns(mixed, PROTONS)
    columns["InitT"][count : count + 10] = 0.0
    columns["Weight"][count + 10 :] = 5e-5
    write_enhanced(columns)
    return 30


def write_fairship_file(count: int) -> int:
    write_fairship(Path("flux.root"), fairship_columns(heavy_muons(count)))
    return 0


RUN = settings(
    "run.events=4000", "run.chunk=4000", "run.vegas.nitn=3", "run.vegas.neval=4000", "run.vegas.pilot=5000"
)


def fiducial(name: str, seed: int) -> mcgen.Yield:
    found = mcgen.read(f"{name}.root").outcome.yields["fiducial"]
    assert found.mc_error < 0.1 * found.value, seed
    return found


@pytest.mark.parametrize(
    ("format_", "write"),
    [("muonfluxenhancement", write_muonfluxenhancement), ("fairship", write_fairship_file)],
)
def test_a_run_from_a_foreign_flux_is_that_from_the_native_one(
    format_: str, write: Callable[[int], int]
) -> None:
    dropped = write(150)
    write_ttree(Path("native.root"), heavy_muons())
    foreign = settings("flux.file=flux.root", f"flux.format={format_}")
    done("generate", "tiny.toml", *foreign, *RUN, "--seed", "1", "-o", "foreign_out.root")
    done(
        "generate",
        "tiny.toml",
        *settings("flux.file=native.root"),
        *RUN,
        "--seed",
        "2",
        "-o",
        "native_out.root",
    )
    one, two = fiducial("foreign_out", 1), fiducial("native_out", 2)
    error = float(np.hypot(one.mc_error, two.mc_error))
    assert_agrees(one.value, error, two.value)
    with pytest.raises(AssertionError):  # as with the weights of twice the protons
        assert_agrees(0.5 * one.value, error, two.value)

    flux = mcgen.read("foreign_out.root").provenance.flux
    assert flux.muons == 150 + dropped
    assert flux.used + sum(flux.left_out.values()) == flux.muons
    if dropped:
        assert flux.left_out["other_track_type"] == 10
        assert flux.left_out["killed_by_roulette"] == 20
        for command in (["check", "tiny.toml", *foreign], ["inspect", "foreign_out.root"]):
            assert "20 killed by roulette" in done(*command).out


def test_muons_of_one_proton_are_one_row_of_the_flux_error() -> None:
    pair = {name: np.repeat(values[:1], 2) for name, values in heavy_muons().items()}
    pair |= {"px": np.zeros(2), "py": np.zeros(2)}
    with uproot.recreate("flux.root") as file:
        add_plane(file.mkdir("NTuple"), plane_columns(pair, PROTONS), [0, 2] + [0] * (PROTONS - 2))
    write_ttree(Path("native.root"), pair)
    together = mcgen.load_card("tiny.toml", ["flux.file=flux.root", "flux.format=muonfluxenhancement"])
    apart = mcgen.load_card("tiny.toml", ["flux.file=native.root"])
    one, two = mcgen.generate(together), mcgen.generate(apart)
    assert set(one.parent_row) == {1}
    errors = [events.outcome.yields["fiducial"].flux_error for events in (one, two)]
    # Half of the yield is each muon's: y for the pair, y/sqrt(2) for two independent ones.
    assert errors[0] / errors[1] == pytest.approx(np.sqrt(2.0), rel=0.02)
