"""`mcgen flux`: what it says of a flux is what the rows say; what it converts is what was there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from pyarrow import parquet

from mcgen.card import flux_table
from mcgen.flux.flux import load_flux
from tests.oracle.cards import CARD, COLUMNS, done, muons, refused, write_csv
from tests.oracle.fluxfiles import add_plane, fairship_columns, plane_columns, write_fairship


def shown(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done("flux", "show", *arguments, "--json").out)
    return found


def test_show_counts_and_rates() -> None:
    columns = muons()
    columns["pdg"][:10] = 211.0
    columns["w"][10:15] = 0.0
    write_csv(Path("muons.csv"), columns)
    found = shown("muons.csv")
    assert (found["file"], found["muons"]) == ("muons.csv", 150)
    assert found["left_out"] == {"not_muons": 10, "zero_rate": 5}

    kept = {name: values[15:] for name, values in columns.items()}
    w, p = kept["w"], np.sqrt(kept["px"] ** 2 + kept["py"] ** 2 + kept["pz"] ** 2)
    angle = np.arccos(kept["pz"] / p)
    assert found["rate"] == pytest.approx(w.sum())
    for pdg in (13, -13):
        assert found["charges"][str(pdg)]["rate"] == pytest.approx(w[kept["pdg"] == pdg].sum())
    assert [entry["momentum_gev"] for entry in found["above"]] == [2, 5, 10, 20, 50, 100, 200]
    for entry in found["above"]:
        above = w[p > entry["momentum_gev"]]
        assert entry["muons"] == len(above)
        assert entry["rate"] == pytest.approx(above.sum())
        assert entry["error"] == pytest.approx(np.sqrt((above**2).sum()))
    assert found["above"][4]["rate"] < found["rate"], "the muons are on both sides of a threshold"
    for entry in found["bins"]:
        inside = (p >= entry["low_gev"]) & (p < (entry["high_gev"] or np.inf))
        assert entry["muons"] == inside.sum()
        if not inside.any():
            assert entry["rate"] == entry["effective_size"] == 0.0
            assert entry["median_depth_m"] is None
            continue
        assert entry["effective_size"] == pytest.approx(w[inside].sum() ** 2 / (w[inside] ** 2).sum())
        for key, values in (("median_depth_m", kept["z"][inside]), ("median_angle_rad", angle[inside])):
            below, up_to = (
                w[inside][values < entry[key] * (1 - 1e-9)],
                w[inside][values <= entry[key] * (1 + 1e-9)],
            )
            assert below.sum() < 0.5 * w[inside].sum() <= up_to.sum()


def test_show_for_people() -> None:
    printed = done("flux", "show", "muons.csv").out
    assert "150 of 150 muons count" in printed
    assert f"{muons()['w'].sum():.5g} +-" in printed
    assert "left out" not in printed


def test_muons_of_one_proton_count_once_for_the_errors() -> None:
    pairs = {name: np.repeat(values[:40], 2) for name, values in muons().items()} | {"w": np.full(80, 1e-3)}
    with uproot.recreate("flux.root") as file:
        add_plane(file.mkdir("NTuple"), plane_columns(pairs, 50), [2] * 40 + [0] * 10)
    found = shown("flux.root", "--format", "muonfluxenhancement")
    assert found["rate"] == pytest.approx(80e-3)
    assert found["effective_size"] == pytest.approx(40.0)
    assert shown("flux.root", "--format", "muonfluxenhancement", "--protons", "25")["rate"] == pytest.approx(
        160e-3
    )


def test_show_an_embedded_flux_and_that_of_a_card(folder: Path) -> None:
    assert shown("builtin:na62_cu")["muons"] > 1e5
    (folder / "mine.toml").write_text((folder / "tiny.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert shown("mine.toml")["rate"] == shown("muons.csv")["rate"]
    message = refused("flux", "show", "mine.toml", "--protons", "5")
    assert "the card says how" in message


def test_a_card_with_a_beam_has_no_flux_to_show() -> None:
    beam = CARD.replace('[flux]\nfile = "muons.csv"', "[beam]\nenergy_gev = 100.0")
    Path("beam.toml").write_text(beam + '[experiment.exposure]\nkind = "mot"\n', encoding="utf-8")
    assert "from a beam" in refused("flux", "show", "beam.toml")


def test_plots_are_written(folder: Path) -> None:
    done("flux", "show", "muons.csv", "-o", "plots")
    names = sorted(path.name for path in (folder / "plots").iterdir())
    assert names == ["angle.png", "depth.png", "momentum.png"]
    for name in names:
        assert (folder / "plots" / name).read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"


def test_plots_of_muons_on_the_axis_at_one_depth() -> None:
    columns = muons() | {"px": np.zeros(150), "py": np.zeros(150), "z": np.zeros(150)}
    write_csv(Path("muons.csv"), columns)
    done("flux", "show", "muons.csv", "-o", "plots")


def test_plots_do_not_go_to_a_file() -> None:
    assert "is a file" in refused("flux", "show", "muons.csv", "-o", "muons.csv")


def reread(path: Path) -> dict[str, Any]:
    """Read a converted flux with another library."""
    match path.suffix:
        case ".root":
            return dict(uproot.open(path)["muons"].arrays(library="np"))
        case ".parquet":
            table = parquet.read_table(path)
            return {name: table[name].to_numpy() for name in table.column_names}
    rows = np.genfromtxt(path, delimiter=",", names=True)
    return {name: rows[name] for name in rows.dtype.names or ()}


@pytest.mark.parametrize("ending", ["root", "parquet", "csv"])
def test_convert_loses_nothing(ending: str) -> None:
    target = Path(f"new.{ending}")
    printed = done("flux", "convert", "muons.csv", target).out
    assert "150 muons" in printed
    found = reread(target)
    assert list(found) == list(COLUMNS)
    for name, values in muons().items():
        np.testing.assert_array_equal(found[name], values)
    assert shown(str(target))["rate"] == shown("muons.csv")["rate"]


def test_convert_from_another_format() -> None:
    write_fairship(Path("flux.root"), fairship_columns(muons()))
    done("flux", "convert", "flux.root", "new.csv", "--format", "fairship")
    first = load_flux(flux_table({"file": "flux.root", "format": "fairship"}))
    second = load_flux(flux_table({"file": "new.csv"}))
    np.testing.assert_array_equal(first.position, second.position)
    np.testing.assert_array_equal(first.momentum, second.momentum)
    np.testing.assert_array_equal(first.rate, second.rate)
    np.testing.assert_array_equal(first.pdg, second.pdg)
    done("flux", "convert", "flux.root", "twice.csv", "--format", "fairship", "--protons", "2.5e13")
    third = load_flux(flux_table({"file": "twice.csv"}))
    np.testing.assert_allclose(third.rate, 2.0 * first.rate, rtol=1e-14)


@pytest.mark.parametrize("command", [["show", "{}"], ["convert", "{}", "new.csv"]])
@pytest.mark.parametrize(
    ("file", "options", "fragments"),
    [
        ("nowhere.root", [], ["flux file nowhere.root: not found"]),
        ("muons.csv", ["--format", "fairsip"], ["flux.format = 'fairsip'", "'fairship'"]),
        ("muons.csv", ["--protons", "5"], ['flux.protons: not with format = "native"']),
        ("muons.csv", ["--format", "columns"], ["flux.columns: missing"]),
        ("muons.csv", ["--format", "fairship", "--protons", "-1"], ["flux.protons = -1", "greater than 0"]),
        ("builtin:na61_cu", [], ["builtin:na61_cu", "na62_cu, ship_mo"]),
        ("nowhere.toml", [], ["nowhere.toml", "no such card"]),
    ],
)
def test_what_cannot_be_read(command: list[str], file: str, options: list[str], fragments: list[str]) -> None:
    message = refused("flux", *(word.format(file) for word in command), *options)
    for fragment in fragments:
        assert fragment in message


def test_no_muons_to_show() -> None:
    write_csv(Path("muons.csv"), muons() | {"pdg": np.full(150, 211.0)})
    assert "none of its rows is a muon" in refused("flux", "show", "muons.csv")


@pytest.mark.parametrize("output", ["new.txt", "nowhere/new.csv", "new.csv.gz"])
def test_where_nothing_can_be_written(output: str) -> None:
    assert output in refused("flux", "convert", "muons.csv", output)
