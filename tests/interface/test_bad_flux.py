"""Faults of a flux file: told by file, column and row; muons that cannot contribute are counted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import awkward as ak
import numpy as np
import pyarrow as pa
import pytest
import uproot

import mcgen
from mcgen.card.run_tables import FluxTable
from mcgen.flux.flux import load_flux
from mcgen.types import Array
from tests.oracle.cards import COLUMNS, done, muons, refused, settings, write_csv
from tests.oracle.fluxfiles import WRITERS, write_parquet


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
    assert "na62_cu, ship_mo" in message


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
    assert "electrons, histogram" in message


@pytest.mark.parametrize("what", ["text", np.histogram([1.0])])
def test_muons_that_are_no_tree(what: Any) -> None:
    with uproot.recreate("other.root") as file:
        file["muons"] = what
    refused_flux("other.root")


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
    assert "holds no muons" in refused_flux(name)


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


@pytest.mark.parametrize(
    "row",
    ["13,0,0,0.1,0,0,100,heavy", "13,0,0,0.1,0,0,100", "13,0,0,0.1,0,0,100,", "13;0;0;0.1;0;0;100;1e-5"],
    ids=["word", "short", "blank", "semicolons"],
)
def test_a_row_that_is_no_row(row: str) -> None:
    Path("muons.csv").write_text(",".join(COLUMNS) + f"\n13,0,0,0.1,0,0,90,1e-5\n{row}\n", encoding="utf-8")
    refused_flux()


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["a"] * 150),
        pa.array([[1.0, 2.0]] * 150),
        pa.array([None] * 150, pa.float64()),
        pa.array([0] * 150, pa.timestamp("s")),
    ],
    ids=["texts", "lists", "nulls", "dates"],
)
def test_a_parquet_column_that_holds_no_numbers(column: Any) -> None:
    write_parquet(Path("muons.parquet"), muons() | {"w": column})
    assert "column w" in refused_flux("muons.parquet")


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
        ({"pdg": 211.0}, "not_parents"),
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
