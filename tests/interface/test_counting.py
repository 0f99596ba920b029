"""`generate --unweighted N`: exactly N events, those of an ordinary run of as many points as that took."""

from __future__ import annotations

from pathlib import Path

import pytest

import mcgen
from mcgen.errors import Interrupted, RunError, UsageError
from mcgen.metadata import Metadata
from mcgen.run import counting
from mcgen.run.chunk import Chunk
from mcgen.run.generate import generate_file
from mcgen.run.journal import Journal
from tests.oracle.cards import assert_same_columns, done, refused, settings


@pytest.fixture
def card(folder: Path) -> mcgen.Card:
    return mcgen.load_card(folder / "tiny.toml")


def assert_same(one: mcgen.Events, other: mcgen.Events) -> None:
    assert_same_columns(one.columns, other.columns)
    assert one.provenance == other.provenance
    assert one.outcome.yields == other.outcome.yields


@pytest.mark.parametrize(("write", "number"), [("fiducial", 37), ("accepted", 2)])
def test_it_is_the_ordinary_run_of_so_many_points(write: str, number: int) -> None:
    chosen = settings(f"run.write={write}")
    printed = done("generate", "--unweighted", str(number), "tiny.toml", *chosen, "-o", "number.root")
    assert f"number.root: {number} events" in printed.out
    events = mcgen.read("number.root")
    assert len(events) == number
    common = events.provenance.common_weight
    assert common is not None
    assert (events.weight >= common).all()
    assert events.outcome.yields[write].value == pytest.approx(events.weight.sum(), rel=1e-12)
    points = str(events.provenance.points)
    done("--quiet", "generate", "tiny.toml", "--unweighted", "-n", points, *chosen, "-o", "points.root")
    assert_same(events, mcgen.read("points.root"))
    # One point more has one event more.
    more = str(events.provenance.points + 1)
    done("--quiet", "generate", "tiny.toml", "--unweighted", "-n", more, *chosen, "-o", "more.root")
    assert len(mcgen.read("more.root")) == number + 1
    assert not Path("number.root.parts").exists() or not list(Path("number.root.parts").glob("chunk-*"))


def test_processes_and_python_have_the_same_events(card: mcgen.Card) -> None:
    done("--quiet", "generate", "tiny.toml", "--unweighted", "30", "-o", "one.root")
    done("--quiet", "generate", "tiny.toml", "--unweighted=30", "--jobs", "2", "-o", "two.root")
    one = mcgen.read("one.root")
    assert_same(one, mcgen.read("two.root"))
    assert_same(one, mcgen.generate(card, unweighted=30))


def test_what_follows_is_a_number_or_a_card() -> None:
    done("--quiet", "generate", "--unweighted", "tiny.toml", "-o", "all.root")
    assert mcgen.read("all.root").provenance.points == 500
    done("--quiet", "generate", "tiny.toml", "-o", "last.root", "--unweighted")
    assert_same(mcgen.read("all.root"), mcgen.read("last.root"))


@pytest.mark.parametrize("number", ["0", "1", "-5", "1.5", "1e3", "10_000_000_000_000"])
def test_numbers_that_are_none(number: str) -> None:
    assert "from 2 to" in refused("generate", "--unweighted", number, "tiny.toml")


@pytest.mark.parametrize(
    ("options", "word"), [(["-n", "500"], "-n"), (["-o", "name/"], "file"), (["--chunks", "0:1"], "--chunks")]
)
def test_what_does_not_go_with_a_number(options: list[str], word: str) -> None:
    assert word in refused("generate", "tiny.toml", "--unweighted", "20", *options)


def test_python_refuses_it_too(card: mcgen.Card) -> None:
    with pytest.raises(UsageError, match="2 at least"):
        mcgen.generate(card, unweighted=1)
    with pytest.raises(UsageError, match="part"):
        generate_file(card, Path("part.root"), part=range(1), unweighted=20)


def test_a_zero_yield_ends(card: mcgen.Card, monkeypatch: pytest.MonkeyPatch) -> None:
    """Muons that are too slow for the boson, and cuts that nothing passes."""
    slow = settings("production.min_energy_factor=1e5")
    assert "nothing that" in refused("generate", "tiny.toml", "--unweighted", "20", *slow, code=1)
    monkeypatch.setattr(counting, "PATIENCE", 1000)
    selection = {
        "name": "none",
        "channels": ["ee", "gammagamma"],
        "planes": ["straw1"],
        "min_energy_gev": 1e4,
    }
    blind = card.replace(run={"write": "accepted"}, experiment={"selection": [selection]})
    with pytest.raises(RunError, match="not one in 1000 points"):
        mcgen.generate(blind, unweighted=20)


def test_a_killed_run_is_continued(monkeypatch: pytest.MonkeyPatch, card: mcgen.Card) -> None:
    expected = mcgen.generate(card, unweighted=60)
    keep, kept = Journal.keep, list[int]()

    def dying(self: Journal, number: int, chunk: Chunk) -> None:
        if len(kept) == 2:
            raise KeyboardInterrupt
        kept.append(number)
        keep(self, number, chunk)

    monkeypatch.setattr(Journal, "keep", dying)
    with pytest.raises(Interrupted, match="2 finished chunks"):
        generate_file(card, Path("out.root"), unweighted=60)
    monkeypatch.setattr(Journal, "keep", keep)
    assert "--resume" in refused("generate", "tiny.toml", "--unweighted", "60", "-o", "out.root")
    drawn: list[int] = []
    metadata: Metadata = generate_file(
        card, Path("out.root"), unweighted=60, resume=True, progress=drawn.append
    )
    assert sum(drawn) == metadata.outcome.events == 60
    assert_same(mcgen.read("out.root"), expected)
