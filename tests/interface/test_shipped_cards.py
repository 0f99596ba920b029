"""The shipped cards: found from anywhere, printed, and good to generate from."""

from __future__ import annotations

import math
import pickle
import re
import tomllib
from dataclasses import asdict
from pathlib import Path
from typing import Literal, get_args, get_origin

import matplotlib.pyplot as plt
import numpy as np
import pytest

import mcgen
from mcgen.card import shipped_cards
from mcgen.card.run_tables import ModelTable, ProductionTable
from mcgen.fields import Table
from mcgen.plots.gallery import GALLERY
from mcgen.run.run import Run
from mcgen.survey import survey_of
from tests.oracle.cards import CARD, done, refused, settings

RUN_CARDS = sorted(shipped_cards("run"))
EXPERIMENTS = sorted(shipped_cards("experiment"))
QUICK = {"events": 300, "vegas": {"pilot": 5000, "nitn": 0}}


def assert_sound(events: mcgen.Events) -> None:
    """Check that all yields are finite, and that at least decays in the volume are seen."""
    for kind in ("fiducial", "accepted"):
        assert all(
            math.isfinite(value) and value >= 0.0 for value in asdict(events.outcome.yields[kind]).values()
        )
    fiducial, accepted = (events.outcome.yields[kind].value for kind in ("fiducial", "accepted"))
    assert fiducial > 0.0
    assert accepted <= fiducial
    assert events.weight.sum() == pytest.approx(fiducial, rel=1e-12, abs=0.0)
    assert events.weight.min() > 0.0


def run_card_of(experiment: str) -> str:
    """Write the tiny card for another experiment, with a beam if its exposure is in muons."""
    text = CARD.replace('"na62"', f'"{experiment}"')
    with_beam = text.replace('[flux]\nfile = "muons.csv"', "[beam]\nenergy_gev = 100.0\nspot_m = 0.01")
    kind = tomllib.loads(shipped_cards("experiment")[experiment].read_text(encoding="utf-8"))["exposure"][
        "kind"
    ]
    return with_beam if kind == "mot" else text


def test_the_cards_of_the_paper_are_shipped() -> None:
    paper = {f"{place}_{model}" for place in ("na62", "ship") for model in ("leptophilic", "muonphilic")}
    assert paper <= set(RUN_CARDS)
    assert {"na62", "ship"} <= set(EXPERIMENTS)
    assert not set(RUN_CARDS) & set(EXPERIMENTS), "`mcgen cards NAME` could not tell them apart"


@pytest.mark.parametrize("name", RUN_CARDS)
def test_a_run_card_generates(name: str) -> None:
    card = mcgen.load_card(name)
    assert card.title
    assert card.run.seed is not None
    assert card.experiment.card in EXPERIMENTS
    assert card == mcgen.load_card(shipped_cards("run")[name])
    assert card == mcgen.load_card(card.to_dict())
    assert_sound(mcgen.generate(card.replace(run=QUICK)))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_an_experiment_card_generates(name: str) -> None:
    Path("mine.toml").write_text(run_card_of(name), encoding="utf-8")
    card = mcgen.load_card("mine.toml", ["production.method=ww"])
    assert card.experiment.name == name
    assert_sound(mcgen.generate(card))


@pytest.mark.parametrize("name", RUN_CARDS)
def test_a_title_says_what_no_key_says(name: str) -> None:
    """Model, kind and method may be set anew, and no heading must contradict them then."""
    words = set(re.findall(r"[a-z-]+", mcgen.load_card(name).title.lower()))
    keys = {word for annotation in (ModelTable, ProductionTable) for word in choices_of(annotation)}
    assert {"leptophilic", "scalar", "vector", "exact", "iww"} <= keys
    assert not words & keys


def choices_of(table: type[Table]) -> set[str]:
    """Words that the keys of a table may have."""
    return {
        word
        for field in table.model_fields.values()
        if get_origin(field.annotation) is Literal
        for word in get_args(field.annotation)
    }


@pytest.mark.parametrize("name", ["na62-tax_leptophilic_exact", "muon-beam-m3_muonphilic_exact"])
def test_the_run_of_a_card_can_be_sent_to_processes(name: str) -> None:
    run = Run.of(mcgen.load_card(name).replace(run={"events": 1000, "vegas": {"pilot": 5000, "nitn": 0}}))
    chunk = run.chunk(0)
    for column, values in pickle.loads(pickle.dumps(run)).chunk(0).items():
        np.testing.assert_array_equal(chunk[column], values)


@pytest.mark.usefixtures("one_picture")
def test_a_set_kind_is_in_every_heading() -> None:
    change = settings("model.particle=pseudoscalar", "run.events=300", "run.vegas.nitn=0", "run.seed=1")
    card = mcgen.load_card("na62_leptophilic", change[1::2])
    kind = "leptophilic pseudoscalar"
    assert kind in card.facts
    done("generate", "na62_leptophilic", *change, "-o", "out.root")
    done("report", "out.root")
    page = Path("out.html").read_text(encoding="utf-8")
    survey = survey_of(Path("out.root"))
    figures = [picture.draw(survey) for picture in GALLERY]
    headings = {figure.get_suptitle() for figure in figures} - {""}
    for figure in figures:
        plt.close(figure)
    assert headings == {f"{card.heading}\n{card.facts}"}
    texts = [*headings, done("check", "na62_leptophilic", *change).out, page.partition("<main>")[0]]
    for text in texts:
        assert kind in text
        assert not re.search(r"\bscalar\b", text)
    assert not re.search(r"\bscalar\b", done("inspect", "out.root").out)


def test_cards_lists_all_with_their_titles() -> None:
    listed = done("cards").out
    for kind, names in (("run", RUN_CARDS), ("experiment", EXPERIMENTS)):
        for name in names:
            title = tomllib.loads(shipped_cards(kind)[name].read_text(encoding="utf-8"))["title"]
            assert any(line.split()[:1] == [name] and title in line for line in listed.splitlines()), name
    assert re.search("na62_leptophilic_exact +leptophilic scalar, exact +NA62", listed)


@pytest.mark.parametrize("name", RUN_CARDS)
def test_a_printed_run_card_loads_again(name: str, folder: Path) -> None:
    printed = done("cards", name).out
    (folder / "mine.toml").write_text(printed, encoding="utf-8")
    assert mcgen.load_card("mine.toml") == mcgen.load_card(name)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_printed_experiment_card_loads_again(name: str) -> None:
    Path("own.toml").write_text(done("cards", name).out, encoding="utf-8")
    for file, experiment in (("mine.toml", "own.toml"), ("shipped.toml", name)):
        Path(file).write_text(run_card_of(name).replace(f'"{name}"', f'"{experiment}"'), encoding="utf-8")
    mine, shipped = (mcgen.load_card(file).experiment for file in ("mine.toml", "shipped.toml"))
    assert mine.model_copy(update={"card": name}) == shipped


@pytest.mark.parametrize("command", [("cards",), ("check",), ("generate",)])
def test_a_misspelt_card_gets_a_suggestion(command: tuple[str, ...]) -> None:
    message = refused(*command, "na62_leptophilc")
    assert "did you mean 'na62_leptophilic'?" in message
    assert "ship_muonphilic" in message, "the shipped cards are listed"


def test_cards_prints_shipped_cards_only(folder: Path) -> None:
    (folder / "notes").write_bytes(b"\xff\xfe")
    assert "notes" in refused("cards", "notes")


@pytest.mark.parametrize(
    "name", ["na62_leptophilic", "shadows_leptophilic_exact", "muon-beam-m3_muonphilic_exact"]
)
def test_check_says_what_a_card_resolves_to(name: str) -> None:
    printed = done("check", name).out
    card = mcgen.load_card(name)
    assert f"ctau {card.model.boson().ctau():.6g} m" in printed
    assert card.experiment.title in printed
    for plane in card.experiment.plane:
        assert plane.name in printed
    for channel in card.model.open_channels():
        assert channel in printed


def test_check_writes_nothing(folder: Path) -> None:
    before = sorted(folder.iterdir())
    done("check", "tiny.toml")
    assert sorted(folder.iterdir()) == before


def test_check_reports_a_plane_inside_the_decay_volume() -> None:
    inside = settings("experiment.plane.straw1.z_m=150.0")
    assert "straw1 is inside the decay volume" in done("check", "tiny.toml", *inside).out


def test_an_experiment_card_is_not_a_run_card() -> None:
    assert "experiment card" in refused("check", "na62")


def test_an_experiment_card_given_as_a_file_is_not_a_run_card(folder: Path) -> None:
    (folder / "experiment.toml").write_text(done("cards", "na62").out, encoding="utf-8")
    message = refused("check", "experiment.toml")
    for key in ("exposure", "decay_volume"):
        assert f"did you mean '{key}'" not in message, "no key is its own correction"
