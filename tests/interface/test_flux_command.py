"""`mcgen flux`: what it says of a flux is what the rows say; what it converts is what was there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot
from pyarrow import parquet

import mcgen
from mcgen.card import flux_table
from mcgen.flux.census import census
from mcgen.flux.flux import load_flux
from tests.oracle.cards import CARD, COLUMNS, done, muons, refused, write_csv
from tests.oracle.fluxfiles import add_plane, fairship_columns, plane_columns, write_fairship, write_parquet


def shown(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done("flux", "show", *arguments, "--json").out)
    return found


def test_show_counts_and_rates() -> None:
    columns = muons()
    columns["pdg"][:10] = 11.0
    columns["w"][10:15] = 0.0
    write_csv(Path("muons.csv"), columns)
    found = shown("muons.csv")
    assert (found["file"], found["particles"]) == ("muons.csv", 150)
    assert found["left_out"] == {"not_parents": 10, "zero_rate": 5}
    assert (found["groups"], found["together"], found["largest_group"]) == (135, 0, 1)

    kept = {name: values[15:] for name, values in columns.items()}
    w, p = kept["w"], np.sqrt(kept["px"] ** 2 + kept["py"] ** 2 + kept["pz"] ** 2)
    angle = np.arccos(kept["pz"] / p)
    assert found["muons"]["rate"] == pytest.approx(w.sum())
    assert list(found["parents"]) == ["13", "-13"]
    for pdg in (13, -13):
        assert found["parents"][str(pdg)]["rate"] == pytest.approx(w[kept["pdg"] == pdg].sum())
    assert [entry["momentum_gev"] for entry in found["above"]] == [2, 5, 10, 20, 50, 100, 200]
    for entry in found["above"]:
        above = w[p > entry["momentum_gev"]]
        assert entry["particles"] == len(above)
        assert entry["rate"] == pytest.approx(above.sum())
        assert entry["error"] == pytest.approx(np.sqrt((above**2).sum()))
    assert found["above"][4]["rate"] < found["muons"]["rate"], "the muons are on both sides of a threshold"
    for entry in found["bins"]:
        inside = (p >= entry["low_gev"]) & (p < (entry["high_gev"] or np.inf))
        assert entry["particles"] == inside.sum()
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
    assert "150 of 150 particles count" in printed
    assert f"{muons()['w'].sum():.5g} +-" in printed
    assert "left out" not in printed
    assert "\n150 independent groups of particles\n" in printed


def grouped() -> dict[str, Any]:
    """Muons of momenta all over the thresholds, in groups of up to some ten."""
    rng = np.random.default_rng(11)
    return muons() | {"pz": rng.uniform(1.0, 120.0, 150), "group": rng.integers(0, 40, 150) * 10**15}


def by_group(w: Any, group: Any) -> float:
    """Sum of the squared weights of groups."""
    return float(sum(w[group == one].sum() ** 2 for one in set(group.tolist())))


def test_errors_are_by_group() -> None:
    columns = grouped()
    write_parquet(Path("muons.parquet"), columns)
    found = shown("muons.parquet")
    w, p, group = (
        columns["w"],
        np.linalg.norm([columns[name] for name in ("px", "py", "pz")], axis=0),
        columns["group"],
    )
    sizes = np.unique(group, return_counts=True)[1]
    assert found["groups"] == len(sizes)
    assert found["together"] == sizes[sizes > 1].sum()
    assert found["largest_group"] == sizes.max()
    assert found["muons"]["error"] ** 2 == pytest.approx(by_group(w, group))
    assert found["muons"]["error"] ** 2 > 2.0 * float(w @ w), "as of independent rows"
    for pdg, entry in found["parents"].items():
        chosen = columns["pdg"] == int(pdg)
        assert entry["error"] ** 2 == pytest.approx(by_group(w[chosen], group[chosen]))
    for entry in found["bins"]:
        inside = (p >= entry["low_gev"]) & (p < (entry["high_gev"] or np.inf))
        if inside.any():
            square = by_group(w[inside], group[inside])
            assert entry["error"] ** 2 == pytest.approx(square)
            assert entry["effective_size"] == pytest.approx(w[inside].sum() ** 2 / square)
    printed = done("flux", "show", "muons.parquet").out
    assert (
        f"{len(sizes)} independent groups of particles; {found['together']} are together with others"
        in printed
    )


def test_errors_of_the_histograms_are_by_group() -> None:
    columns = grouped()
    columns["z"] = np.round(columns["z"])  # so that a bin holds several of a group
    write_parquet(Path("muons.parquet"), columns)
    found = census(load_flux(flux_table({"file": "muons.parquet"})))
    for pdg, errors in found.depth.errors.items():
        chosen = columns["pdg"] == pdg
        z, w, group = columns["z"][chosen], columns["w"][chosen], columns["group"][chosen]
        place = np.digitize(z, found.depth.edges) - 1
        expected = [by_group(w[place == k], group[place == k]) for k in range(len(errors))]
        np.testing.assert_allclose(errors**2, expected, rtol=1e-12, atol=0.0)
        assert errors @ errors > 1.5 * (w @ w), "as of independent rows"


def test_muons_of_one_proton_count_once_for_the_errors() -> None:
    pairs = {name: np.repeat(values[:40], 2) for name, values in muons().items()} | {"w": np.full(80, 1e-3)}
    with uproot.recreate("flux.root") as file:
        add_plane(file.mkdir("NTuple"), plane_columns(pairs, 50), [2] * 40 + [0] * 10)
    found = shown("flux.root", "--format", "muonfluxenhancement")
    assert found["muons"]["rate"] == pytest.approx(80e-3)
    assert found["muons"]["effective_size"] == pytest.approx(40.0)
    assert (found["groups"], found["together"]) == (40, 80)
    twice = shown("flux.root", "--format", "muonfluxenhancement", "--protons", "25")
    assert twice["muons"]["rate"] == pytest.approx(160e-3)


def test_mesons_are_counted_apart() -> None:
    columns = muons()
    columns["pdg"][:90] = np.repeat([211.0, -211.0, 321.0], 30)
    write_csv(Path("muons.csv"), columns)
    found = shown("muons.csv", "-o", "plots")
    assert found["left_out"] == {"not_parents": 0, "zero_rate": 0}
    assert list(found["parents"]) == ["13", "-13", "211", "-211", "321"]
    for pdg, entry in found["parents"].items():
        chosen = columns["pdg"] == int(pdg)
        assert entry["particles"] == chosen.sum()
        assert entry["rate"] == pytest.approx(columns["w"][chosen].sum())
    assert found["muons"]["particles"] == 60
    assert sum(entry["particles"] for entry in found["bins"]) == 60


def test_mesons_without_a_muon() -> None:
    write_csv(Path("muons.csv"), muons() | {"pdg": np.full(150, -321.0)})
    found = shown("muons.csv", "-o", "plots")
    assert list(found["parents"]) == ["-321"]
    assert found["muons"] == {"particles": 0, "rate": 0.0, "error": 0.0, "effective_size": 0.0}
    printed = done("flux", "show", "muons.csv").out
    assert "-321" in printed
    assert "muons per proton" not in printed


def test_show_an_embedded_flux_and_that_of_a_card(folder: Path) -> None:
    assert shown("builtin:na62_cu")["particles"] > 1e5
    (folder / "mine.toml").write_text((folder / "tiny.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert shown("mine.toml")["muons"] == shown("muons.csv")["muons"]
    message = refused("flux", "show", "mine.toml", "--protons", "5")
    assert "the card says how" in message


@pytest.mark.parametrize("material", ["na62_cu", "ship_mo"])
def test_the_page_of_the_embedded_samples_counts_their_groups(material: str) -> None:
    page = (Path(mcgen.__file__).parent / "data" / "README.md").read_text(encoding="utf-8")
    found = shown(f"builtin:{material}")
    for count in (found["particles"], found["groups"], found["together"]):
        assert f"{count:,} " in page or f"{count:,})" in page
    assert f"({100.0 * found['together'] / found['particles']:.1f} %)" in page
    assert found["largest_group"] == 5


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
    assert printed == f"{target}: 150 particles\n"
    found = reread(target)
    assert list(found) == list(COLUMNS)
    for name, values in muons().items():
        np.testing.assert_array_equal(found[name], values)
    assert shown(str(target))["muons"] == shown("muons.csv")["muons"]


@pytest.mark.parametrize("ending", ["root", "parquet", "csv"])
def test_convert_keeps_groups_and_mesons(ending: str) -> None:
    columns = grouped()
    columns["pdg"][:20] = 211.0
    columns["pdg"][20:40] = -321.0
    write_parquet(Path("muons.parquet"), columns)
    target = Path(f"new.{ending}")
    first, second = load_flux(flux_table({"file": "muons.parquet"})), None
    assert f"150 particles in {first.groups} groups" in done("flux", "convert", "muons.parquet", target).out
    second = load_flux(flux_table({"file": str(target)}))
    assert np.issubdtype(reread(target)["group"].dtype, np.integer) or ending == "csv"
    np.testing.assert_array_equal(second.group, first.group)
    np.testing.assert_array_equal(second.pdg, columns["pdg"])
    assert shown(str(target))["parents"] == shown("muons.parquet")["parents"]


def test_convert_says_of_lists_what_points_do_not() -> None:
    # Three entries of two muons each, at points of their own; and one muon an entry, two of them at one point.
    apart, alike = muons(6), muons(6)
    for axis in "xyz":
        alike[axis][:2] = alike[axis][0]
    for name, columns, muons_of, groups in (
        ("pairs", apart, [2, 2, 2], [0, 0, 1, 1, 2, 2]),
        ("singles", alike, [1] * 6, [0, 1, 2, 3, 4, 5]),
    ):
        with uproot.recreate("flux.root") as file:
            add_plane(file.mkdir("NTuple"), plane_columns(columns | {"w": np.ones(6)}, 6), muons_of)
        done("flux", "convert", "flux.root", f"{name}.csv", "--format", "muonfluxenhancement")
        assert load_flux(flux_table({"file": f"{name}.csv"})).group.tolist() == groups


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
        (
            "builtin:na61_cu",
            [],
            [
                "builtin:na61_cu",
                "darkquest, na62_cu, na62_cu_mesons, na62_tax, ship_bdf, ship_mo, ship_mo_mesons",
            ],
        ),
        ("nowhere.toml", [], ["nowhere.toml", "no such card"]),
    ],
)
def test_what_cannot_be_read(command: list[str], file: str, options: list[str], fragments: list[str]) -> None:
    message = refused("flux", *(word.format(file) for word in command), *options)
    for fragment in fragments:
        assert fragment in message


def test_no_parents_to_show() -> None:
    write_csv(Path("muons.csv"), muons() | {"pdg": np.full(150, 14.0)})
    assert "none of its rows is a parent" in refused("flux", "show", "muons.csv")


@pytest.mark.parametrize("output", ["new.txt", "nowhere/new.csv", "new.csv.gz"])
def test_where_nothing_can_be_written(output: str) -> None:
    assert output in refused("flux", "convert", "muons.csv", output)
