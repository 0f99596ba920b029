"""The Python interface, and that a seed makes the same events however they are drawn."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import mcgen
from mcgen.card import Card
from mcgen.digits import two_digits
from mcgen.errors import CardError, FileFormatError, UsageError
from mcgen.flux.flux import flux_of
from mcgen.run.provenance import chunks_of
from mcgen.run.run import Run
from tests.oracle.cards import CARD, assert_same_columns, done
from tests.oracle.described import described

PUBLIC = [
    *("Card", "Events", "Flux", "McgenError", "Workers", "Yield"),
    *("cite", "generate", "generate_chunks", "load_card", "plot", "read", "scan", "write", "xsec"),
]
EPSILON = np.finfo(float).eps


class HtmlCells(HTMLParser):
    """Elements of a table, and what stands in its cells and its caption."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.cells: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:  # noqa: ARG002
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.cells.append(data)


@pytest.fixture
def card() -> Card:
    return mcgen.load_card("tiny.toml")


@pytest.fixture(scope="module")
def events(sample: Path) -> mcgen.Events:
    return mcgen.read(sample)


# --- names


def test_the_public_names() -> None:
    assert sorted(mcgen.__all__) == PUBLIC
    assert dir(mcgen) == sorted([*PUBLIC, "__version__"])
    assert all(getattr(mcgen, name) is getattr(mcgen, name) for name in PUBLIC)
    with pytest.raises(AttributeError, match="generat"):
        mcgen.generat  # noqa: B018


def test_the_import_is_quick() -> None:
    heavy = "{'numpy', 'scipy', 'uproot', 'pydantic', 'vegas'}"
    code = f"import sys, mcgen.cli.commands; print(sorted({heavy} & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
    # Half a second of every command that shows results or makes them.
    code = "import sys, mcgen.cli.text, mcgen.run.generate; print('scipy.stats' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"


# --- cards


def test_a_card_loads_from_a_path_a_name_or_its_data(card: Card, folder: Path) -> None:
    assert mcgen.load_card(folder / "tiny.toml") == card
    assert mcgen.load_card(card.to_dict()) == card
    assert mcgen.load_card("na62_leptophilic").model == card.model


def test_replace_merges_like_a_card(card: Card) -> None:
    changed = card.replace(
        model={"mass_gev": 0.1},
        run={"events": 300, "vegas": {"pilot": 5000, "nitn": 2}},
        experiment={"exposure": {"value": 1e17}, "plane": [{"name": "straw4", "radius_m": 0.5}]},
    )
    assert (changed.model.mass_gev, changed.model.g_mu) == (0.1, card.model.g_mu)
    assert (changed.run.events, changed.run.seed) == (300, 1)
    assert (changed.run.vegas.nitn, changed.run.vegas.neval) == (2, 1000)
    assert (changed.experiment.exposure.kind, changed.experiment.exposure.value) == ("pot", 1e17)
    assert [plane.name for plane in changed.experiment.plane] == ["straw1", "straw4", "lkr"]
    assert changed.experiment.plane[1] == card.experiment.plane[1].model_copy(update={"radius_m": 0.5})
    assert changed.experiment.plane[0] == card.experiment.plane[0]
    assert card == mcgen.load_card("tiny.toml"), "the card itself is as it was"


def test_replace_takes_another_experiment_card(card: Card) -> None:
    assert card.replace(experiment={"card": "ship"}) == mcgen.load_card("tiny.toml", ["experiment.card=ship"])


def test_replace_checks_the_card(card: Card) -> None:
    with pytest.raises(CardError) as caught:
        card.replace(model={"mass": 0.1, "g_mu": -1.0}, rum={})
    assert len(caught.value.faults) == 3


def test_a_card_does_not_change(card: Card) -> None:
    with pytest.raises(ValueError, match="frozen"):
        card.model.mass_gev = 0.1  # type: ignore[misc]


@pytest.mark.parametrize("source", [3, ["tiny.toml"], None])
def test_a_source_that_is_no_card(source: object) -> None:
    with pytest.raises((UsageError, TypeError)):
        mcgen.load_card(source)  # type: ignore[arg-type]


# --- events


def test_columns_are_attributes(events: mcgen.Events) -> None:
    assert len(events) == 500
    assert events.weight is events.columns["weight"]
    assert "d1_straw1_x" in dir(events)
    assert "500" in repr(events)
    with pytest.raises(AttributeError, match="wheight"):
        events.wheight  # noqa: B018


def test_rows_by_mask_slice_and_number(events: mcgen.Events) -> None:
    accepted = events[events.accepted]
    assert 0 < len(accepted) < len(events)
    assert accepted.accepted.all()
    for rows in (events.accepted, slice(3, 30, 2), np.array([4, 2, 2])):
        for name, values in events[rows].columns.items():
            np.testing.assert_array_equal(values, events.columns[name][rows], err_msg=name)
    assert events[:0].weight.dtype == np.float64


def test_to_awkward_and_to_pandas(events: mcgen.Events) -> None:
    array, frame = events.to_awkward(), events.to_pandas()
    assert isinstance(frame, pd.DataFrame)
    assert array.fields[: len(events.columns)] == list(frame.columns) == list(events.columns)
    assert len(array) == len(frame) == len(events)
    for name, values in events.columns.items():
        np.testing.assert_array_equal(array[name].to_numpy(), values, err_msg=name)
        np.testing.assert_array_equal(frame[name].to_numpy(), values, err_msg=name)
        assert frame[name].dtype == values.dtype


def test_vectors_have_the_masses_of_the_card(events: mcgen.Events, card: Card) -> None:
    array = events.to_awkward()
    for vector in (array.boson, array.d1 + array.d2):
        # E^2 - p^2 loses the digits of E^2/m^2.
        np.testing.assert_allclose(vector.mass2, card.model.mass_gev**2, rtol=1e-6)
    np.testing.assert_allclose((array.decay - array.emission).mag, events.decay_path, rtol=1e-9)


def test_hist_sums_to_the_yields(events: mcgen.Events) -> None:
    for kind, selection in (("fiducial", None), ("accepted", events.accepted)):
        total: Any = events.hist("boson_e", range=(20.0, 60.0), selection=selection).sum(flow=True)
        found = events.outcome.yields[kind]
        assert total.value == pytest.approx(found.value, rel=1e-12, abs=0.0)
        points = events.provenance.points
        squared = (points * total.variance - total.value**2) / (points - 1)
        assert squared**0.5 == pytest.approx(found.mc_error, rel=1e-9, abs=0.0)


# --- what a prompt and a notebook show


def test_short_texts_of_objects(events: mcgen.Events, card: Card) -> None:
    whole = events.yield_of()
    assert repr(whole).startswith(
        f"<Yield: {whole.value:.4g} +- {two_digits(whole.mc_error)} (integration) +- "
    )
    assert repr(card) == str(card) == f"<Card Tiny: {card.facts}>"
    assert repr(events) == f"<Events: 500 rows, {len(events.columns)} columns>"
    flux = flux_of(card)
    assert repr(flux).startswith(f"<Flux {card.flux.file if card.flux else ''}: 150 particles, ")
    assert f"{flux.rate.sum():.4g}" in repr(flux)


def test_tables_of_notebooks(events: mcgen.Events, card: Card) -> None:
    accepted = events[events.accepted]
    found = accepted.yield_of()
    seen = HtmlCells(accepted._repr_html_())
    assert f"{len(accepted)} events" in seen.cells[0]
    assert f"expected {found.value:.4g} +- {two_digits(found.total_error)}" in seen.cells[0]
    assert "boson_e [GeV]" in seen.cells
    assert [cell for cell in seen.cells if cell == f"{accepted.weight[4]:.5g}"]
    assert seen.tags.count("tr") == 6
    assert HtmlCells(events[:0]._repr_html_()).tags.count("tr") == 1
    assert "1 columns" in HtmlCells(mcgen.Events({"weight": events.weight})._repr_html_()).cells[0]
    assert {
        "NA62 in beam-dump mode",
        card.model.in_words(),
        "bremsstrahlung, meson_decay",
        "iww",
        "Cu",
    } <= set(HtmlCells(card._repr_html_()).cells)
    for number in (found.value, found.mc_error, found.flux_error, found.total_error, found.effective_size):
        assert f"{number:.4g}" in HtmlCells(found._repr_html_()).cells


def test_a_notebook_shows_text_as_text(card: Card) -> None:
    title = "<script>alert('1')</script> & \""
    seen = HtmlCells(card.replace(title=title, flux={"file": "<b>.csv"})._repr_html_())
    assert set(seen.tags) == {"table", "caption", "tbody", "tr", "th", "td"}
    assert seen.cells[0] == title
    assert [cell for cell in seen.cells if cell.endswith("<b>.csv")]


# --- files


def test_generate_is_what_the_command_writes(card: Card, events: mcgen.Events) -> None:
    found = mcgen.generate(card)
    assert_same_columns(found.columns, events.columns)
    for key in ("yield", "cut_flow", "seed", "requirements", "proposal_sha256", "points", "events", "remark"):
        assert described(found)[key] == described(events)[key]


def test_a_file_holds_what_was_written(events: mcgen.Events) -> None:
    mcgen.write(events, "copy.root")
    copy = mcgen.read("copy.root")
    assert_same_columns(copy.columns, events.columns)
    assert copy.metadata == events.metadata
    done("inspect", "copy.root", "--verify")


def test_some_rows_can_be_written(events: mcgen.Events) -> None:
    accepted = events[events.accepted]
    mcgen.write(accepted, Path("accepted.root"))
    copy = mcgen.read(Path("accepted.root"))
    assert_same_columns(copy.columns, accepted.columns)
    assert copy.outcome.events == len(accepted)
    assert copy.outcome.yields == events.outcome.yields
    done("inspect", "accepted.root", "--verify")
    mcgen.write(events[:0], "none.root")
    assert_same_columns(mcgen.read("none.root").columns, events[:0].columns)


def test_generated_events_can_be_written(card: Card) -> None:
    generated = mcgen.generate(card)
    mcgen.write(generated, "mine.root")
    copy = mcgen.read("mine.root")
    assert_same_columns(copy.columns, generated.columns)
    assert set(copy.outcome.digests) == set(copy.columns)
    assert copy.provenance == generated.provenance
    assert replace(copy.outcome, digests={}) == generated.outcome
    done("inspect", "mine.root", "--verify")


def test_reading_what_is_not_there() -> None:
    with pytest.raises(FileFormatError, match="nowhere"):
        mcgen.read("nowhere.root")


def test_writing_what_has_no_format(events: mcgen.Events) -> None:
    with pytest.raises(UsageError, match="txt"):
        mcgen.write(events, "out.txt")


# --- chunks and seeds


def test_chunks_are_the_events_in_parts(card: Card, events: mcgen.Events) -> None:
    chunks = list(mcgen.generate_chunks(card))
    assert [len(chunk) for chunk in chunks] == [200, 200, 100]
    joined = {name: np.concatenate([chunk.columns[name] for chunk in chunks]) for name in events.columns}
    assert_same_columns(joined, events.columns)
    for key in ("yield", "cut_flow", "events", "seed"):
        assert described(chunks[-1])[key] == described(events)[key]


def test_chunks_do_not_depend_on_their_order(card: Card, events: mcgen.Events) -> None:
    run = Run.of(card)
    parts = [run.chunk(k) for k in reversed(range(chunks_of(run.card)))][::-1]
    joined = {name: np.concatenate([part[name] for part in parts]) for name in events.columns}
    assert_same_columns(joined, events.columns)


def test_a_longer_run_begins_with_the_same_points(card: Card, events: mcgen.Events) -> None:
    longer = mcgen.generate(card.replace(run={"events": 750}))
    same = longer[longer.event < 500]
    assert len(longer) > len(same) == len(events)
    for name, values in events.columns.items():
        if name != "weight":
            np.testing.assert_array_equal(same.columns[name], values, err_msg=name)
    np.testing.assert_allclose(same.weight * 750.0, events.weight * 500.0, rtol=4.0 * EPSILON, atol=0.0)
    assert longer.provenance.proposal_sha256 == events.provenance.proposal_sha256


def test_another_seed_makes_other_events(card: Card, events: mcgen.Events) -> None:
    other = mcgen.generate(card.replace(run={"seed": 2}))
    assert not set(other.weight) & set(events.weight)
    assert other.provenance.proposal_sha256 != events.provenance.proposal_sha256


def test_the_largest_seed() -> None:
    largest = 2**63 - 1
    done("generate", "tiny.toml", "--seed", str(largest))
    found = mcgen.read("tiny.root")
    assert found.provenance.seed == largest
    assert found.outcome.events > 0


def test_a_drawn_seed_reproduces_the_file() -> None:
    Path("tiny.toml").write_text(CARD.replace("seed = 1\n", ""), encoding="utf-8")
    done("generate", "tiny.toml", "-o", "first.root")
    first = mcgen.read("first.root")
    assert 0 <= first.provenance.seed < 2**63
    done("generate", "tiny.toml", "--seed", str(first.provenance.seed), "-o", "second.root")
    assert_same_columns(mcgen.read("second.root").columns, first.columns)
    assert mcgen.generate(mcgen.load_card("tiny.toml")).provenance.seed != first.provenance.seed


def test_the_stored_card_and_seed_reproduce_the_file(sample: Path, events: mcgen.Events) -> None:
    again = mcgen.generate(events.provenance.card)
    assert events.provenance.card.run.seed == events.provenance.seed
    assert_same_columns(again.columns, mcgen.read(sample).columns)
