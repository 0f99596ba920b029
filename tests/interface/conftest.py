"""What the tests of the command line and of the Python interface share."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcgen.plots.gallery import GALLERY
from tests.oracle.cards import done, write_tiny_card


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the tiny card, on a terminal wide enough to break no line."""
    write_tiny_card(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    return tmp_path


@pytest.fixture
def one_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the cut flow alone: for tests of what is around the pictures, of which all take seconds."""
    for module in ("mcgen.plots.gallery", "mcgen.report"):
        monkeypatch.setattr(f"{module}.pictures_of", lambda *_: GALLERY[-1:])


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of the tiny card, as the command line writes them; not to be changed."""
    place = tmp_path_factory.mktemp("sample")
    output = place / "tiny.root"
    done("--quiet", "generate", write_tiny_card(place), "-o", output)
    return output
