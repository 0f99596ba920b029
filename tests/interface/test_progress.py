"""Progress bars: on terminals alone, not with --quiet, and over all events that are read."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import mcgen
from mcgen.io.events.store import convert, read_chunks
from mcgen.report import write_report
from mcgen.run.merge import merge
from mcgen.survey import survey_of
from mcgen.types import Progress
from tests.oracle.cards import done, write_tiny_card

COMMANDS = [
    ("convert", "tiny.root", "copy.root"),
    ("plot", "tiny.root", "-o", "plots"),
    ("report", "tiny.root", "-o", "page.html"),
    ("merge", "whole.root", "a.root", "b.root"),
    ("inspect", "tiny.root", "--verify", "--json"),
]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file, a dataset and two parts of the same run."""
    folder = tmp_path_factory.mktemp("made")
    card = write_tiny_card(folder)
    done("--quiet", "generate", card, "-o", folder / "tiny.root")
    done("--quiet", "generate", card, "-o", f"{folder / 'folder'}/")
    for chunks, name in (("0:1", "a.root"), ("1:3", "b.root")):
        done("--quiet", "generate", card, "--chunks", chunks, "-o", folder / name)
    return folder


@pytest.fixture
def rows(folder: Path, made: Path) -> int:
    """Number of events of each of them, which are copied to here."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    return len(mcgen.read("tiny.root"))


@pytest.fixture(autouse=True)
def no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing takes longer than reading so few events, and tells of nothing."""
    monkeypatch.setattr("mcgen.plots.gallery.pictures_of", lambda _: ())
    monkeypatch.setattr("mcgen.report.render", lambda *_: "")


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: command[0])
def test_a_bar_on_a_terminal_alone(
    rows: int, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = done(*command)
    assert "reading" not in plain.err + plain.out
    again = [*command, "--force"] if command[0] != "inspect" else command
    monkeypatch.setenv("FORCE_COLOR", "1")  # a terminal, as far as the library can tell
    shown = done(*again)
    assert "reading" in shown.err
    assert f"/{rows}" in re.sub(r"\x1b\[[^m]*m", "", shown.err)
    assert "reading" not in shown.out, "results alone go to stdout"
    assert "reading" not in done("--quiet", *again).err


@pytest.mark.parametrize(
    "look",
    [
        lambda progress: list(read_chunks("tiny.root", 7, progress=progress)),
        lambda progress: list(read_chunks("folder", 7, progress=progress)),
        lambda progress: convert("tiny.root", "copy.parquet", progress=progress),
        lambda progress: survey_of(Path("folder"), progress=progress),
        lambda progress: mcgen.plot("tiny.root", "plots", progress=progress),
        lambda progress: write_report(Path("tiny.root"), Path("page.html"), pictures=(), progress=progress),
        lambda progress: merge(Path("whole.root"), [Path("a.root"), Path("b.root")], progress),
    ],
    ids=["file", "dataset", "convert", "survey", "plot", "report", "merge"],
)
def test_every_event_is_told_of_once(rows: int, look: Callable[[Progress], object]) -> None:
    told: list[int] = []
    look(told.append)
    assert sum(told) == rows
