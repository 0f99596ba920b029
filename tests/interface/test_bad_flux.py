"""Faults of a flux file: told by file, column and row; muons that cannot contribute are counted."""

from __future__ import annotations

import struct
from decimal import Decimal
from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pytest
import uproot
from pyarrow import parquet

import mcgen
from mcgen.card.flux_tables import FluxTable
from mcgen.errors import FluxError
from mcgen.flux.flux import load_flux
from mcgen.types import Array
from tests.oracle.cards import COLUMNS, done, muons, refused, settings, write_csv
from tests.oracle.fluxfiles import WRITERS, write_parquet, write_rntuple


def refused_flux(file: str = "muons.csv") -> str:
    """Check that a flux is not taken, and return what is said of it."""
    message = refused("check", "tiny.toml", *settings(f"flux.file={file}"))
    assert "flux file" in message
    assert file in message
    return message


formats = pytest.mark.parametrize(("name", "write"), WRITERS.values(), ids=WRITERS)


# --- the file


@pytest.mark.parametrize("content", ["", ",".join(COLUMNS)])
def test_generate_refuses_what_check_refuses(content: str) -> None:
    Path("muons.csv").write_text(content, encoding="utf-8")
    assert refused("generate", "tiny.toml") == refused_flux()


@pytest.mark.parametrize("file", ["nowhere.csv", "nowhere.root", "builtin"])
def test_a_missing_file(file: str) -> None:
    message = refused_flux(file)
    assert "not found" in message
    assert "builtin:NAME" in message


def test_a_folder_is_no_flux(folder: Path) -> None:
    (folder / "muons.root").mkdir()
    assert "not found" in refused_flux("muons.root")


def test_an_unknown_sample_is_refused_with_the_known_ones() -> None:
    message = refused("generate", "tiny.toml", *settings("flux.file=builtin:na61_cu"))
    assert "builtin:na61_cu" in message
    assert "darkquest, na62_cu, na62_cu_mesons, na62_tax, ship_bdf, ship_mo, ship_mo_mesons" in message


def test_an_unknown_ending() -> None:
    Path("muons.txt").write_text("pdg\n13\n", encoding="utf-8")
    message = refused_flux("muons.txt")
    for ending in (".txt", ".root", ".parquet", ".csv"):
        assert ending in message


@pytest.mark.parametrize("ending", ["csv", "root", "parquet"])
@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00\x01" * 200, b"<html>not found</html>\n" * 20])
def test_a_file_of_something_else(ending: str, content: bytes) -> None:
    Path(f"other.{ending}").write_bytes(content)
    refused_flux(f"other.{ending}")


@pytest.mark.parametrize("share", [0.3, 0.9])
@pytest.mark.parametrize("kind", ["parquet", "ttree", "rntuple"])
def test_a_truncated_file(kind: str, share: float) -> None:
    name, write = WRITERS[kind]
    write(Path(name), muons())
    content = Path(name).read_bytes()
    Path(name).write_bytes(content[: int(share * len(content))])
    refused_flux(name)


def test_a_root_file_without_muons() -> None:
    with uproot.recreate("other.root") as file:
        file["electrons"] = muons()
        file["histogram"] = np.histogram([1.0, 2.0])
    message = refused_flux("other.root")
    assert "no tree 'muons'" in message
    assert "electrons, histogram (no tree)" in message


@pytest.mark.parametrize("what", ["text", np.histogram([1.0])])
def test_muons_that_are_no_tree(what: Any) -> None:
    with uproot.recreate("other.root") as file:
        file["muons"] = what
    assert "no tree 'muons'; the file holds muons (no tree)" in refused_flux("other.root")


# --- its columns


@formats
def test_every_format_is_read_alike(name: str, write: Any) -> None:
    columns = muons()
    write(Path(name), columns | {"extra": np.zeros(150)})
    flux = load_flux(FluxTable(file=name))
    assert len(flux) == 150
    np.testing.assert_array_equal(flux.pdg, columns["pdg"])
    np.testing.assert_array_equal(flux.position, [columns[name] for name in ("x", "y", "z")])
    np.testing.assert_array_equal(flux.momentum, [columns[name] for name in ("px", "py", "pz")])
    np.testing.assert_array_equal(flux.rate, columns["w"])


@formats
@pytest.mark.parametrize("missing", [("w",), ("pdg", "pz")])
def test_missing_columns(name: str, write: Any, missing: tuple[str, ...]) -> None:
    write(Path(name), {key: values for key, values in muons().items() if key not in missing})
    message = refused_flux(name)
    assert f"missing column {', '.join(missing)};" in message
    assert ", ".join(COLUMNS) in message


@formats
def test_an_empty_flux(name: str, write: Any) -> None:
    write(Path(name), muons(0))
    assert "holds no particles" in refused_flux(name)


@pytest.mark.parametrize("column", COLUMNS)
def test_not_a_number(column: str) -> None:
    columns = muons()
    columns[column][[3, 7]] = np.nan
    write_csv(Path("muons.csv"), columns)
    assert f"column {column} is not finite in row 3 and 1 more" in refused_flux()


@formats
def test_not_a_number_in_any_format(name: str, write: Any) -> None:
    columns = muons()
    columns["w"][149] = np.nan
    write(Path(name), columns)
    assert "column w is not finite in row 149;" in refused_flux(name)


@pytest.mark.parametrize("value", [float("inf"), -float("inf")])
def test_an_infinite_weight(value: float) -> None:
    columns = muons()
    columns["w"][149] = value
    write_csv(Path("muons.csv"), columns)
    assert "column w is not finite in row 149;" in refused_flux()


@formats
def test_a_negative_weight(name: str, write: Any) -> None:
    columns = muons()
    columns["w"][5] *= -1.0
    write(Path(name), columns)
    assert "weight w is negative in row 5;" in refused_flux(name)


def test_all_weights_zero() -> None:
    write_csv(Path("muons.csv"), muons() | {"w": np.zeros(150)})
    assert "all weights w are 0" in refused_flux()


@pytest.mark.parametrize("value", [5e-324, 1e-300, 1e-200, 1e-61])
def test_weights_too_small_for_anything(value: float) -> None:
    write_csv(Path("muons.csv"), muons() | {"w": np.full(150, value)})
    assert "all weights w are below 1e-60 particles per proton" in refused_flux()
    columns = muons()
    columns["w"][20:50] = value
    write_csv(Path("muons.csv"), columns)
    assert "left out: 30 negligible rate" in done("check", "tiny.toml").out
    events = mcgen.generate(mcgen.load_card("tiny.toml"))
    assert events.provenance.flux.left_out["negligible_rate"] == 30
    assert events.outcome.yields["accepted"].value > 0.0


def test_the_smallest_weights_that_count() -> None:
    # Yields are as small in proportion, and neither they nor their errors are lost in the range of doubles.
    found = []
    for factor in (1.0, 1e-54):
        write_csv(Path("muons.csv"), muons() | {"w": factor * muons()["w"]})
        flux = load_flux(FluxTable(file="muons.csv"))
        assert not flux.dropped
        found.append(mcgen.generate(mcgen.load_card("tiny.toml")).outcome.yields["accepted"])
    for name in ("value", "mc_error", "flux_error"):
        assert getattr(found[1], name) == pytest.approx(1e-54 * getattr(found[0], name), rel=1e-6, abs=0.0)
    assert found[1].effective_size == pytest.approx(found[0].effective_size, rel=1e-6)


def test_weights_beyond_reason() -> None:
    write_csv(Path("muons.csv"), muons() | {"w": np.full(150, 1e308)})
    assert "w" in refused_flux()


@pytest.mark.parametrize("value", [2e5, 1e200])
def test_momenta_beyond_reason(value: float) -> None:
    columns = muons()
    columns["pz"][1] = value
    write_csv(Path("muons.csv"), columns)
    message = refused_flux()
    assert "row 1;" in message
    assert "GeV" in message


@pytest.mark.parametrize("value", [13.5, 1e300])
def test_a_pdg_number_that_is_none(value: float) -> None:
    columns = muons()
    columns["pdg"][2] = value
    write_csv(Path("muons.csv"), columns)
    message = refused_flux()
    assert "pdg" in message
    assert "row 2;" in message


HEADER = ",".join(COLUMNS)
ROW = "13,0,0,0.1,0,0,90,1e-5"


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("7," + ROW, "number of fields in row 2 is 9, in the header 8"),
        (ROW + ",7", "number of fields in row 2 is 9, in the header 8"),
        (ROW + ",", "number of fields in row 2 is 9, in the header 8"),
        ("13,0,0,0.1,0,0,100", "number of fields in row 2 is 7, in the header 8"),
        ("13;0;0;0.1;0;0;100;1e-5", "number of fields in row 2 is 1, in the header 8"),
        ('"13,0",0,0.1,0,0,100,1e-5', "number of fields in row 2 is 7, in the header 8"),
        ("13,0,0,0.1,0,0,100,heavy", "column w holds 'heavy' in row 2, not a number"),
        ("13,0,0,0.1,0,0,,1e-5", "column pz holds '' in row 2, not a number"),
        ("13,0,0,0.1,0,0," + "9" * 200_000, "field larger than field limit"),
        ("13,0,0,0.1,0,0,100,1_0", "1_0"),
    ],
)
@pytest.mark.parametrize("size", [2, 100_000])
def test_a_row_that_is_no_row(row: str, what: str, size: int) -> None:
    # Blank lines and comments are no rows.
    lines = [HEADER, ROW, "", "# by hand", ROW + "  # an electron's", row, ROW]
    Path("muons.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    with pytest.raises(FluxError) as caught:
        load_flux(FluxTable(file="muons.csv"), size)
    assert what in str(caught.value)
    assert len(str(caught.value)) < 300
    assert "muons.csv" in refused_flux()


def test_a_surplus_field_shifts_no_column() -> None:
    # Read by their places, the fields behind the surplus one would make a momentum the weight.
    lines = Path("muons.csv").read_text(encoding="utf-8").splitlines()
    lines[101] = "1.0," + lines[101]
    Path("muons.csv").write_text("\n".join([*lines, ""]), encoding="utf-8")
    message = refused("generate", "tiny.toml")
    assert "fields in row 100 is 9, in the header 8" in message


@pytest.mark.parametrize(
    ("separator", "name"), [(";", "semicolons"), ("\t", "tabs"), (" ", "spaces"), ("|", "bars")]
)
def test_fields_that_no_comma_separates(separator: str, name: str) -> None:
    text = Path("muons.csv").read_text(encoding="utf-8")
    Path("muons.csv").write_text(text.replace(",", separator), encoding="utf-8")
    message = refused_flux()
    assert f"separated by {name}; write commas" in message


def test_quoted_fields_and_text_in_other_columns() -> None:
    columns = muons(3)
    rows = [",".join(f'"{float(columns[name][i])!r}"' for name in COLUMNS) for i in range(3)]
    text = ['"pdg", "x", "y","z","px","py","pz","w","name, ""first"""', *(f'{row},"µ, 日本"' for row in rows)]
    Path("muons.csv").write_text("\n".join([*text, ""]), encoding="utf-8")
    flux = load_flux(FluxTable(file="muons.csv"))
    np.testing.assert_array_equal(flux.rate, columns["w"])
    np.testing.assert_array_equal(flux.momentum, [columns[name] for name in ("px", "py", "pz")])


def write_csv_twice(path: Path, columns: Any) -> None:
    write_csv(path, columns | {"twice": columns["pz"]})
    path.write_text(path.read_text(encoding="utf-8").replace("twice", "pz", 1), encoding="utf-8")


def write_parquet_twice(path: Path, columns: Any) -> None:
    arrays = [pa.array(values) for values in columns.values()]
    parquet.write_table(pa.Table.from_arrays([*arrays, arrays[0]], names=[*columns, "pz"]), path)


def write_ttree_twice(path: Path, columns: Any) -> None:
    with uproot.recreate(path, compression=None) as file:
        file.mktree("muons", dict.fromkeys([*columns, "qq"], np.dtype(float))).extend(
            columns | {"qq": columns["pz"]}
        )
    path.write_bytes(path.read_bytes().replace(b"qq", b"pz"))


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("muons.csv", write_csv_twice),
        ("muons.parquet", write_parquet_twice),
        ("muons.root", write_ttree_twice),
    ],
)
def test_a_column_that_is_there_twice(name: str, write: Any) -> None:
    write(Path(name), muons())
    assert "column pz is there 2 times; leave one" in refused_flux(name)


def test_other_columns_may_be_there_twice() -> None:
    arrays = [pa.array(values) for values in muons().values()]
    table = pa.Table.from_arrays([*arrays, arrays[0], arrays[1]], names=[*COLUMNS, "extra", "extra"])
    parquet.write_table(table, "muons.parquet")
    assert len(load_flux(FluxTable(file="muons.parquet"))) == 150


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a"] * 150),
        pa.array([[1.0, 2.0]] * 150),
        pa.array([None] * 150, pa.float64()),
        pa.array([0] * 150, pa.timestamp("s")),
        pa.array([True] * 150),
        pa.array([Decimal("0.001")] * 150),
        pa.array([{"mean": 1.0}] * 150),
        pa.array(["a"] * 150).dictionary_encode(),
    ],
    ids=["texts", "lists", "nulls", "dates", "truths", "decimals", "structures", "categories"],
)
def test_a_parquet_column_that_holds_no_numbers(column: Any) -> None:
    write_parquet(Path("muons.parquet"), muons() | {"w": column})
    assert "column w" in refused_flux("muons.parquet")


@pytest.mark.parametrize(
    ("column", "what"),
    [
        (ak.Array(["1.0"] * 150), "column w holds string, not numbers"),
        (ak.Array([{"mean": 1.0}] * 150), "column w holds {mean: float64}, not numbers"),
        (np.ones(150, dtype=bool), "column w holds bool, not numbers"),
        (ak.Array([1.0, None] * 75), "column w is not finite in row 1 and 74 more"),
        (ak.Array([[1.0]] * 150), "column w holds lists, and pdg one value an entry"),
        (ak.Array([1.0, "a"] * 75), "column w holds union"),
    ],
    ids=["texts", "structures", "truths", "nulls", "lists", "mixed"],
)
def test_an_rntuple_column_that_holds_no_numbers(column: Any, what: str) -> None:
    write_rntuple(Path("muons.root"), muons() | {"w": column})
    assert what in refused_flux("muons.root")


@pytest.mark.parametrize(("name", "write"), [WRITERS[kind] for kind in ("parquet", "ttree", "rntuple")])
@pytest.mark.parametrize("kind", [np.uint64, np.int64, np.int32, np.float32])
def test_numbers_of_other_types(name: str, write: Any, kind: Any) -> None:
    # The largest integers are beyond those that doubles tell apart.
    largest = np.iinfo(kind).max if np.issubdtype(kind, np.integer) else 1e9
    columns = muons() | {"w": np.full(150, largest, dtype=kind)}
    write(Path(name), columns)
    np.testing.assert_array_equal(load_flux(FluxTable(file=name)).rate, float(largest))


def test_a_name_in_a_parquet_file_that_is_no_text() -> None:
    write_parquet(Path("muons.parquet"), muons() | {"extra": np.zeros(150)})
    content = Path("muons.parquet").read_bytes().replace(b"extra", b"extr\xff")
    Path("muons.parquet").write_bytes(content)
    assert "not a readable Parquet file" in refused_flux("muons.parquet")


def test_a_tree_that_claims_more_entries_than_it_has() -> None:
    # Reading in steps would go on for ever.
    with uproot.recreate("muons.root", compression=None) as file:
        file.mktree("muons", dict.fromkeys(COLUMNS, np.dtype(float))).extend(muons())
    content = Path("muons.root").read_bytes()
    count, claimed = struct.pack(">q", 150), struct.pack(">q", 10**12)
    place = content.index(count)
    Path("muons.root").write_bytes(content[:place] + claimed + content[place + 8 :])
    with uproot.open("muons.root") as file:
        assert file["muons"].num_entries == 10**12
    assert "damaged: 1000000000000 entries, and fewer in its branches" in refused_flux("muons.root")


def test_a_branch_of_lists() -> None:
    kinds: dict[str, Any] = {name: np.dtype(float) for name in COLUMNS}
    values: dict[str, Any] = dict(muons(1))
    with uproot.recreate("lists.root") as file:
        file.mktree("muons", kinds | {"w": "var * float64"}).extend(values | {"w": ak.Array([[1.0, 2.0]])})
    assert "column w" in refused_flux("lists.root")


def test_a_byte_order_mark_is_no_part_of_the_first_name() -> None:
    text = Path("muons.csv").read_text(encoding="utf-8")
    Path("muons.csv").write_text(text, encoding="utf-8-sig")
    done("check", "tiny.toml")


# --- its muons


def left_out(**columns: Array | float) -> tuple[dict[str, int], str]:
    """Return who is left out if all muons have some values, and what the summary says."""
    flux = muons(20)
    for name, value in columns.items():
        flux[name] = np.broadcast_to(value, 20)
    write_csv(Path("muons.csv"), flux)
    printed = done("generate", "tiny.toml").out
    events = mcgen.read("tiny.root")
    assert events.outcome.events == 0
    assert events.provenance.flux.muons == 20
    assert events.provenance.flux.used == 0
    counts = events.provenance.flux.left_out
    assert sum(counts.values()) == 20
    return {reason: count for reason, count in counts.items() if count}, printed


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"z": -1e-9}, "outside_dump"),
        ({"z": 3.2 + 1e-9}, "outside_dump"),
        ({"pz": -50.0}, "backwards"),
        ({"pz": 0.0}, "backwards"),
        ({"pz": 0.5, "px": 0.0, "py": 0.0}, "below_min_energy"),
        ({"pdg": 11.0}, "not_parents"),
        ({"pdg": 211.0}, "below_threshold"),  # too light to give a muon and a boson of 50 MeV
        ({"px": 90.0}, "misses_decay_volume"),
    ],
)
def test_no_muon_can_contribute(columns: dict[str, float], reason: str) -> None:
    counts, printed = left_out(**columns)
    assert counts == {reason: 20}
    assert "No particle of the flux can contribute" in printed


def test_who_is_left_out_is_counted_by_reason() -> None:
    flux = muons()
    flux["z"][:10] = -1.0
    flux["pdg"][10:30] = 11.0
    flux["w"][30:60] = 0.0
    flux["pz"][60:100] *= -1.0
    write_csv(Path("muons.csv"), flux)
    flux_used = mcgen.generate(mcgen.load_card("tiny.toml", ["production.method=ww"])).provenance.flux
    assert flux_used.left_out == {
        "not_parents": 20,
        "zero_rate": 30,
        "outside_dump": 10,
        "backwards": 40,
        "below_min_energy": 0,
        "behind_entrance": 0,
        "below_threshold": 0,
    }
    assert (flux_used.muons, flux_used.used) == (150, 50)


def test_the_side_of_the_dump_counts() -> None:
    flux = muons()
    flux["x"][:40] = 0.3
    write_csv(Path("muons.csv"), flux)
    for change in ("radius_m=0.25", "half_width_m=[0.25, 1.0]", "half_width_m=[1.0, 0.25]", "radius_m=0.35"):
        printed = done("check", "tiny.toml", *settings(f"experiment.target.{change}")).out
        assert ("left out: 40" in printed) == ("=0.25" in change or "=[0.25" in change)


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "13.5", "1e300"])
def test_no_pdg_id(folder: Path, value: str) -> None:
    lines = (folder / "muons.csv").read_text(encoding="utf-8").splitlines()
    lines[3] = ",".join([value, *lines[3].split(",")[1:]])
    (folder / "muons.csv").write_text("\n".join(lines), encoding="utf-8")
    message = refused("check", "tiny.toml")
    assert "in row 2" in message
    assert "pdg" in message
