"""What reaches the terminal: no control characters of others' text, and no value that fills the screen."""

from __future__ import annotations

import json
import logging
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import uproot
from hypothesis import given
from hypothesis import strategies as st

import mcgen
from mcgen.cli.terminal import LONGEST_LINE, visible
from tests.oracle.cards import CARD, COMMAND, Outcome, done, run, settings, toml
from tests.oracle.described import described

STEERING = "red\x1b[31m \x9b2J \x07\r\x08 \u202eabc :warning: [bold]b"
SEEN = r"red\x1b[31m \x9b2J \x07\r\x08 \u202eabc :warning: [bold]b"


@pytest.fixture
def hostile(folder: Path) -> Path:
    """A card with such a title, a flux and an experiment of such names, in such a file."""
    flux = f"muons\x1b]0;a\x07{STEERING[:9]}.csv"
    (folder / "muons.csv").rename(folder / flux)
    text = CARD.replace('"Tiny"', toml(STEERING)).replace('"muons.csv"', toml(flux))
    text = text.replace('card = "na62"', f'card = "na62"\ntitle = {toml(STEERING)}\nnote = {toml(STEERING)}')
    card = folder / "tiny\x1b[31m.toml"
    card.write_text(text, encoding="utf-8")
    return card


def assert_harmless(outcome: Outcome) -> None:
    for text in (outcome.out, outcome.err):
        assert re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e]", text) is None, text


def commands(card: str) -> Iterator[tuple[str, ...]]:
    """Every command that prints something of a card or a file, in an order in which they work."""
    events = "out\x1b[31m.root"
    yield "check", card
    yield "generate", card, "-o", events
    yield "inspect", events
    yield "inspect", events, "--json"
    yield "inspect", events, "--verify"
    yield "convert", events, "copy\x07.root"
    yield "reweight", events, "other\x07.root", "--g-mu", "1.1e-4"
    yield "validate", events, "--reference", "copy\x07.root"
    yield "plot", events, "-o", "plots\x07"
    yield "report", events, "-o", "page\x07.html"
    yield "prepare", card, "-o", "proposal\x07.npz"
    yield "generate", card, "--proposal", "proposal\x07.npz", "--chunks", "0:3", "-o", "part\x07.root"
    yield "merge", "whole\x07.root", "part\x07.root"
    yield "scan", card, "--masses", "0.05", "-o", "scan\x07.json"
    yield "xsec", card, "--energies", "20", "-o", "xsec\x07.png"
    yield "flux", "show", card
    yield "cite", card
    yield "flux", "convert", card, "native\x07.csv"


@pytest.mark.usefixtures("one_picture")
def test_no_result_steers_the_terminal(hostile: Path) -> None:
    tried = set()
    for command in commands(str(hostile)):
        outcome = done(*command)
        assert_harmless(outcome)
        tried |= set(command) & set(COMMAND.commands)
        if command[0] in ("check", "inspect") and "--json" not in command:
            assert SEEN in outcome.out
    assert set(COMMAND.commands) - tried == {"cards"}, "it prints shipped cards only"


def test_the_log_does_not_steer_the_terminal(hostile: Path) -> None:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers.clear()
    try:
        outcome = done("-v", "generate", hostile, "-o", "out.root")
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert r"muons\x1b]0;a\x07red" in outcome.err
    assert_harmless(outcome)


@pytest.mark.parametrize(
    "command",
    [
        ("check", STEERING),
        ("check", "tiny.toml", *settings(f"model.{STEERING}=1")),
        ("check", "tiny.toml", *settings(f"model.name={STEERING}")),
        ("check", "tiny.toml", *settings(f"flux.file={STEERING}.csv")),
        ("check", "tiny.toml", "--set", STEERING),
        ("cards", STEERING),
        ("inspect", f"{STEERING}.root"),
        ("generate", "tiny.toml", "-o", STEERING),
        ("generate", "tiny.toml", f"--{STEERING}"),
        (STEERING,),
        (f"--{STEERING}",),
        ("flux", STEERING),
        ("flux", "show", f"{STEERING}.csv"),
        ("scan", "tiny.toml", "--with", STEERING),
        ("xsec", "tiny.toml", "--energies", STEERING),
    ],
)
def test_no_message_steers_the_terminal(command: tuple[str, ...]) -> None:
    outcome = run(*command)
    assert outcome.code == 2
    assert "red" in outcome.err
    assert_harmless(outcome)


@pytest.mark.parametrize(
    "value", ["x" * 20_000, "x y " * 5000, "\x1b" * 20_000], ids=["word", "words", "escapes"]
)
@pytest.mark.parametrize(
    "command",
    [
        ("check", "{}"),
        ("check", "tiny.toml", "--set", "{}"),
        ("check", "tiny.toml", "--set", "title={}"),
        ("check", "tiny.toml", "--set", "model.name={}"),
        ("check", "tiny.toml", "--set", "model.{}=1"),
        ("check", "tiny.toml", "--set", "experiment.target.material={}"),
        ("check", "tiny.toml", "--set", "experiment.decay_volume.shape={}"),
        ("check", "tiny.toml", "--set", "experiment.plane.{}.z_m=1"),
        ("check", "tiny.toml", "--set", "experiment.card={}"),
        ("check", "tiny.toml", "--set", "flux.file={}"),
        ("generate", "tiny.toml", "--chunks", "{}"),
        ("generate", "tiny.toml", "-n", "{}"),
        ("generate", "tiny.toml", "--format", "{}"),
        ("cards", "{}"),
    ],
)
def test_no_value_fills_the_screen(command: tuple[str, ...], value: str) -> None:
    outcome = run(*(word.replace("{}", value) for word in command))
    assert outcome.code == 2
    assert outcome.out == ""
    assert 20 < len(outcome.err) < 3000


def test_a_long_title_of_a_file_is_cut(sample: Path) -> None:
    metadata = described(mcgen.read(sample))
    for key, code in (("title", 2), ("remark", 0)):
        changed = metadata | {"card": metadata["card"] | {"title": "long " * 20_000}}
        changed = changed if key == "title" else metadata | {"remark": "long " * 20_000}
        with uproot.recreate("out.root") as file:
            file["events"] = mcgen.read(sample).columns
            file["mcgen"] = json.dumps(changed)
        outcome = run("inspect", "out.root")
        assert outcome.code == code
        assert "long long" in outcome.out + outcome.err
        assert len(outcome.out + outcome.err) < len(done("inspect", sample).out) + 6000


def test_a_terminal_that_lacks_a_letter() -> None:
    found = subprocess.run(
        [sys.executable, "-m", "mcgen", "check", "tiny.toml", *settings("title=Δζ")],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        check=False,
    )
    assert (found.returncode, found.stderr) == (0, b"")
    assert found.stdout.startswith(rb"\u0394\u03b6: valid")


def test_a_note_is_printed_whole() -> None:
    note = "what one has to know " * 95
    assert note.strip() in re.sub(
        r"\s+", " ", done("check", "tiny.toml", *settings(f"experiment.note={note}")).out
    )


@given(st.text(st.characters(exclude_categories=[])), st.integers(100, 2000))
def test_what_is_visible(text: str, longest: int) -> None:
    shown = visible(text, longest)
    assert all(c.isprintable() or c in "\n\t" or c.isspace() for c in shown)
    assert "\x1b" not in shown
    assert "\r" not in shown
    shown.encode()
    assert all(len(line) <= longest for line in shown.split("\n"))
    assert shown.count("\n") == text.count("\n")
    assert visible(shown, longest) == shown


@pytest.mark.parametrize("text", ["Δa_μ = 3e-9 ± 1", "100\u202fGeV", "a\tb\nc", "日本語", ""])
def test_what_is_harmless_is_left(text: str) -> None:
    assert visible(text) == text


def test_the_end_of_a_long_line_is_kept() -> None:
    line = visible("name: " + "x" * 20_000 + "; use another")
    assert len(line) == LONGEST_LINE
    assert line.startswith("name: xx")
    assert line.endswith("; use another")
    assert "[20019 characters]" in line
