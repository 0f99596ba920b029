"""Parts say that they are parts; files of accepted events are shown; columns that are not there are told alike."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mcgen
from mcgen.errors import UsageError
from mcgen.flux.flux import flux_of
from tests.oracle.cards import done, settings


@pytest.mark.usefixtures("one_picture")
def test_a_part_says_that_its_numbers_are_a_share() -> None:
    said = done("generate", "tiny.toml", "--chunks", "1:3", "-o", "part.root").out
    assert "a part of a run: chunks 1 to 2 of 3" in said
    assert "a part of a run: chunks 1 to 2 of 3" in done("inspect", "part.root").out
    assert json.loads(done("inspect", "part.root", "--json").out)["part"] == [1, 3]
    done("report", "part.root", "-o", "part.html")
    assert "A part of a run: chunks 1 to 2 of 3" in Path("part.html").read_text(encoding="utf-8")
    for words in (done("generate", "tiny.toml", "-o", "whole.root").out, done("inspect", "whole.root").out):
        assert "part of a run" not in words


def test_accepted_events_with_other_weights_are_drawn_and_reported() -> None:
    done("generate", "tiny.toml", *settings("run.write=accepted"), "-o", "accepted.root")
    done("reweight", "accepted.root", "other.root", "--g-mu", "1.05e-4")
    pictures = {Path(line).name for line in done("plot", "other.root", "-o", "there").out.split()}
    assert "boson.png" in pictures
    assert "cut_flow.png" not in pictures, "the other decays are not there to be counted"
    done("report", "other.root", "-o", "other.html")
    page = Path("other.html").read_text(encoding="utf-8")
    assert "Cut flow" not in page
    assert f"{mcgen.read('other.root').outcome.accepted.value:.4g}" in page


def test_entries_with_several_parents_are_drawn() -> None:
    """Rows of a flux may hold several particles, and be numbered beyond the number of these."""
    card = mcgen.load_card("tiny.toml")
    flux = flux_of(card)
    entry = np.arange(len(flux)) // 2
    mcgen.write(mcgen.generate(card, flux=replace(flux, row=1000 * entry, group=entry)), "entries.root")
    assert mcgen.read("entries.root").parent_row.max() > len(flux)
    done("report", "entries.root", "-o", "entries.html")


def test_columns_that_are_not_there_are_told_alike(sample: Path) -> None:
    events = mcgen.read(sample)
    messages = []
    for ask in (lambda: events["wait"], lambda: events.wait, lambda: events.hist("wait")):
        with pytest.raises(UsageError) as caught:
            ask()
        messages.append(str(caught.value))
    assert set(messages) == {"events have no column 'wait'; did you mean 'weight'?"}
    assert not hasattr(events, "wait")
    with pytest.raises(KeyError):
        events["wait"]


@pytest.mark.parametrize("row", [3, -1, np.int64(3), None])
def test_one_row_is_no_table(sample: Path, row: object) -> None:
    events = mcgen.read(sample)
    with pytest.raises(UsageError, match=r"one row is events\[i : i \+ 1\]"):
        events[row]  # type: ignore[call-overload]
    assert len(events[3:4]) == 1
    assert len(events[[1, 2, 5]]) == 3  # type: ignore[call-overload]
