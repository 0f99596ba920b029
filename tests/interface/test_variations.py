"""Variations of the weight: five of them in every format, in what is printed, and what is refused."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyhepmc
import pylhe
import pytest
import uproot
from pyarrow import parquet

import mcgen
from mcgen.card import shipped_cards
from mcgen.digits import two_digits
from mcgen.flux.corrections import MULTIPLICITY_FACTORS
from mcgen.report import write_report
from mcgen.sensitivity.output import scan_to_dict
from mcgen.sensitivity.scan import scan
from tests.interface.formats import NAMES
from tests.oracle.cards import CARD, assert_same_columns, done, muons, refused, settings, write_csv

FIVE = """\
variations = [
  { name = "kaons", kind = "flux", parent = [321, 130], factor = 0.75 },
  { name = "band", kind = "flux", factors = [[40, 0.7], [100, 0.5]] },
  { name = "helm", kind = "form_factor", model = "helm" },
  { name = "ww_1", kind = "method", method = "ww" },
  { name = "coupled", kind = "coupling", g_mu = 1.2e-4 },
]
"""
WEIGHTS = [f"weight_{name}" for name in ("kaons", "band", "helm", "ww_1", "coupled")]
EXACT = "production.method=exact"


def write_card(folder: Path, variations: str = FIVE) -> Path:
    """Write the tiny card with variations, and muons of pions and kaons."""
    rows = muons()
    write_csv(folder / "muons.csv", {**rows, "parent": np.resize([211.0, 321.0, 130.0], len(rows["w"]))})
    path = folder / "five.toml"
    path.write_text(f'{variations}{CARD}\n[production]\nmethod = "exact"\n', encoding="utf-8")
    return path


@pytest.fixture(autouse=True)
def card(folder: Path) -> Path:
    return write_card(folder)


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> mcgen.Events:
    """Events with five variations; not to be changed."""
    return mcgen.generate(mcgen.load_card(write_card(tmp_path_factory.mktemp("five"))))


def sums(columns: Mapping[str, Any]) -> dict[str, float]:
    return {name: float(np.sum(columns[name])) for name in WEIGHTS}


def of_tree(name: str) -> Callable[[Path], dict[str, float]]:
    def read(path: Path) -> dict[str, float]:
        with uproot.open(path) as file:
            return sums(file[name].arrays(WEIGHTS, library="np"))

    return read


def of_parquet(path: Path) -> dict[str, float]:
    table = parquet.read_table(path)
    return sums({name: table[name].to_numpy() for name in WEIGHTS})


def of_hepmc3(path: Path) -> dict[str, float]:
    with pyhepmc.open(path) as file:
        read = list(file)
    assert read[0].run_info.weight_names == ["CV", *WEIGHTS]
    return {name: sum(event.weight(name) for event in read) for name in WEIGHTS}


def of_lhe(path: Path) -> dict[str, float]:
    file = pylhe.LHEFile.fromfile(path)
    read = list(file.events)
    assert file.header is not None
    assert file.header.initrwgt.list_weights_ids() == WEIGHTS
    return {name: sum(event.weights[name] for event in read) / len(read) for name in WEIGHTS}


READERS: dict[str, Callable[[Path], dict[str, float]]] = {
    "root": of_tree("events"),
    "rntuple": of_tree("events"),
    "parquet": of_parquet,
    "hepmc3": of_hepmc3,
    "lhe": of_lhe,
    "fairship": of_tree("LLP_tree"),
}


@pytest.mark.parametrize("format", list(NAMES))
def test_every_format_has_the_sum_of_each_weight(events: mcgen.Events, format: str) -> None:
    path = Path(NAMES[format])
    mcgen.write(events, path, format)
    found, expected = READERS[format](path), sums(events.columns)
    assert found == pytest.approx(expected, rel=1e-12)
    assert len({f"{value:.6e}" for value in [*found.values(), events.weight.sum()]}) == 6, "all differ"


def test_fairship_finds_the_number_of_daughters_last(events: mcgen.Events) -> None:
    mcgen.write(events, "out.root", "fairship")
    with uproot.open("out.root") as file:
        assert file["LLP_tree"].keys()[-6:] == [*WEIGHTS, "ndau"]


def test_nothing_else_changes(events: mcgen.Events, card: Path) -> None:
    alone = mcgen.generate(mcgen.load_card(card, ["variations=[]"]))
    others = {name: values for name, values in events.columns.items() if name not in WEIGHTS}
    assert_same_columns(others, alone.columns)
    assert not alone.outcome.variations


def test_a_file_knows_the_yields_and_says_them(card: Path) -> None:
    printed = " ".join(done("generate", card, "-o", "five.root").out.split())
    events = mcgen.read("five.root")
    accepted, outcome = events.accepted, events.outcome
    kaons, band, helm = (
        events.yield_of(accepted, variation=name).value - outcome.accepted.value
        for name in ("kaons", "band", "helm")
    )
    method = events.weight_ww_1[accepted].sum() - outcome.accepted.value
    assert (
        f"(flux sample) +- {two_digits(np.hypot(kaons, band))} (flux model) +- {two_digits(abs(helm))} (form factor) "
        f"+- {two_digits(abs(method))} (method)"
    ) in printed
    said = json.loads(done("inspect", "five.root", "--json").out)["yield"]["variations"]
    assert list(said) == ["kaons", "band", "helm", "ww_1", "coupled"]
    for name, yields in said.items():
        weight = events[f"weight_{name}"]
        assert yields["fiducial"]["value"] == pytest.approx(weight.sum(), rel=1e-12)
        assert yields["accepted"]["value"] == pytest.approx(weight[accepted].sum(), rel=1e-12)
    write_report(Path("five.root"), Path("five.html"), pictures=[])
    page = Path("five.html").read_text(encoding="utf-8")
    assert f"{outcome.variations['helm']['accepted'].value:.4g}" in page


def test_parts_datasets_and_processes_count_as_one_run_does(card: Path) -> None:
    done("generate", card, "-o", "whole.root")
    for chunks in ("0:1", "1:3"):
        done("generate", card, "--chunks", chunks, "-o", f"part{chunks[0]}.root")
    done("merge", "merged.root", "part0.root", "part1.root")
    done("generate", card, "-o", "set/")
    done("generate", card, "--jobs", "2", "-o", "two.root")
    whole = mcgen.read("whole.root")
    for path in ("merged.root", "set", "two.root"):
        found = mcgen.read(path)
        assert_same_columns(found.columns, whole.columns)
        assert found.outcome.variations == whole.outcome.variations


def test_check_says_what_is_varied(card: Path) -> None:
    assert "variation kaons: the flux of 321, 130 times 0.75\n" in done("check", card).out
    said = json.loads(done("check", card, "--json").out)["variations"]
    assert said["band"] == "the flux times 0.7 from 40 GeV, 0.5 from 100 GeV"


def test_chosen_columns_keep_the_named_weights(card: Path) -> None:
    for columns in ("slim", "boson_e"):
        found = mcgen.generate(mcgen.load_card(card, [f"run.columns={columns}", "run.events=200"]))
        assert set(WEIGHTS) <= found.columns.keys()


def test_a_number_of_unweighted_events_has_the_same_ratios(card: Path) -> None:
    found = mcgen.generate(mcgen.load_card(card), unweighted=20)
    ratio = found.weight_kaons / found.weight
    assert np.isclose(ratio, 1.0, rtol=1e-12).any()
    assert (np.isclose(ratio, 1.0, rtol=1e-12) | np.isclose(ratio, 0.75, rtol=1e-12)).all()


def test_reweighting_carries_them_along(events: mcgen.Events) -> None:
    found = events.reweight(g_mu=1.05e-4)
    for name in WEIGHTS[:-1]:
        np.testing.assert_allclose(found[name] / found.weight, events[name] / events.weight, rtol=1e-12)
    np.testing.assert_array_equal(found.weight_coupled, events.weight_coupled)
    at_that_coupling = events.reweight(g_mu=1.2e-4)
    np.testing.assert_allclose(events.weight_coupled, at_that_coupling.weight, rtol=1e-12)
    assert found.outcome.variations["helm"]["accepted"].value == pytest.approx(
        found.weight_helm[found.accepted].sum()
    )


def test_a_scan_has_limits_of_each(card: Path) -> None:
    changes = ["scan.masses=[0.05]", "run.events=2000", "experiment.exposure.value=1e20"]
    found = scan_to_dict(scan(mcgen.load_card(card, changes)))
    alone = scan_to_dict(scan(mcgen.load_card(card, [*changes, "variations=[]"])))
    (point,), (other,) = found["points"], alone["points"]
    limits = point.pop("variations")
    assert point == other
    assert list(limits) == ["kaons", "band", "helm", "ww_1"], "a scan varies the coupling itself"
    for name in ("kaons", "band"):  # fewer parents: less reach at both ends
        assert point["g_low"] < limits[name]["g_low"]
        assert limits[name]["g_high"] < point["g_high"]


@pytest.mark.parametrize(
    ("variation", "message"),
    [
        ('name = "a-b", kind = "flux", factor = 1', "variations.0.name"),
        ('name = "a", kind = "flux"', "needs either factor or factors"),
        ('name = "a", kind = "flux", factor = 1.0, model = "helm"', "variations.a.model: not with kind"),
        ('name = "a", kind = "flux", factors = [[5, 0.7], [2, 1]]', "the momenta must rise"),
        ('name = "a", kind = "form_factor"', "variations.a.model: missing"),
        ('name = "a", kind = "form_factor", model = "woods"', "'helm', 'elastic' or 'pauli'"),
        ('name = "a", kind = "method", method = "exact"', "'ww' or 'iww'"),
        ('name = "a", kind = "stopping_power", factor = 5', "must be from 0.5 to 2"),
        ('name = "a", kind = "stopping_power"', "variations.a.factor: missing"),
        (
            'name = "a", kind = "stopping_power", factor = 1, parent = 211',
            "variations.a.parent: not with kind",
        ),
        ('name = "kaons", kind = "flux", factor = 1', "2 of them are named 'kaons'"),
    ],
)
def test_faults_are_told(variation: str, message: str) -> None:
    text = Path("five.toml").read_text(encoding="utf-8")
    Path("five.toml").write_text(
        text.replace("variations = [", f"variations = [ {{ {variation} }},"), "utf-8"
    )
    assert message in refused("check", "five.toml")


def test_a_method_is_of_exact_events() -> None:
    assert 'needs production.method = "exact"' in refused(
        "check", "five.toml", *settings("production.method=ww")
    )


def test_a_flux_that_does_not_know_its_parents_is_told_of() -> None:
    write_csv(Path("muons.csv"), muons())
    message = refused("generate", "five.toml", "-o", "out.root")
    assert "does not say what its muons are from" in message
    assert "--set variations=[]" in message


def test_a_converted_flux_keeps_its_parents(card: Path) -> None:
    done("flux", "convert", "muons.csv", "muons.parquet")
    same = mcgen.generate(mcgen.load_card(card, ["flux.file=muons.parquet"]))
    assert (same.weight_kaons / same.weight).min() == pytest.approx(0.75)


def test_shipped_cards_vary_what_is_known_of_their_fluxes() -> None:
    exact = {name: path for name, path in shipped_cards("run").items() if name.endswith("_exact")}
    sets = {name: tomllib.loads(path.read_text(encoding="utf-8")) for name, path in exact.items()}
    of_fluxes = [card["variations"] for card in sets.values() if "flux" in card]
    of_beams = [card["variations"] for card in sets.values() if "beam" in card]
    assert all(variations == of_fluxes[0] for variations in of_fluxes)
    assert all(variations == of_fluxes[0][-2:] for variations in of_beams)
    factors = {
        pdg: variation["factor"]
        for variation in of_fluxes[0]
        if "parent" in variation
        for pdg in np.atleast_1d(variation["parent"]).tolist()
    }
    assert factors == MULTIPLICITY_FACTORS
    assert [variation.get("model") for variation in of_fluxes[0][-2:]] == ["helm", "pauli"]
