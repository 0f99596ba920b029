"""What the tests of the command line and of the Python interface share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcgen.sampler import training
from tests.oracle.cards import done, write_tiny_card


@pytest.fixture(scope="session", autouse=True)
def small_pilot() -> Iterator[None]:
    """Train on little: nothing here depends on how well the proposal is trained."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "PILOT", 5000)
        yield


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a folder with the tiny card, on a terminal wide enough to break no line."""
    write_tiny_card(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "300")
    return tmp_path


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Events of the tiny card, as the command line writes them; not to be changed."""
    place = tmp_path_factory.mktemp("sample")
    output = place / "tiny.root"
    done("--quiet", "generate", write_tiny_card(place), "-o", output)
    return output
