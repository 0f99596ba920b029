"""The notebooks run as they are printed, and print what they are stored with."""

from __future__ import annotations

import os
import re
import sys
from itertools import zip_longest
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbformat import NotebookNode

import mcgen
from tests.oracle.pages import ROOT

NOTEBOOK = ROOT / "docs" / "example.ipynb"
TUTORIALS = sorted((ROOT / "docs" / "tutorials").glob("*.ipynb"))
NUMBER = re.compile(r"[-+]?\d+(?:\.\d+)?(?:e[-+]?\d+)?")


@pytest.fixture(autouse=True)
def kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let kernels, and the commands in them, use the package that is tested."""
    monkeypatch.setenv("PYTHONPATH", str(Path(mcgen.__file__).parents[1]))
    monkeypatch.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")


def read(path: Path) -> NotebookNode:
    notebook: NotebookNode = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    return notebook


def execute(notebook: NotebookNode, folder: Path) -> None:
    """Execute a notebook in a folder, and see that it has neither errors nor warnings."""
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    printed = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in printed), (
        printed
    )


def text_of(notebook: NotebookNode) -> str:
    return "".join(output.get("text", "") for cell in notebook.cells for output in cell.get("outputs", ()))


def figures_of(notebook: NotebookNode) -> list[str]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    return [output.data["image/png"] for output in outputs if "image/png" in output.get("data", {})]


def differing(stored: str, found: str) -> list[tuple[str | None, str | None]]:
    """Return the words of two texts that differ, or numbers by more than another CPU makes them; lines may break anywhere."""

    def same(a: str | None, b: str | None) -> bool:
        if a is None or b is None:
            return False
        numbers = [float(number) for number in NUMBER.findall(a)]
        return NUMBER.sub("#", a) == NUMBER.sub("#", b) and numbers == pytest.approx(
            [float(number) for number in NUMBER.findall(b)], rel=0.02
        )

    return [(a, b) for a, b in zip_longest(stored.split(), found.split()) if not same(a, b)]


@pytest.mark.pages
@pytest.mark.filterwarnings("default")  # of the kernel's machinery, not of ours
def test_the_notebook_runs(folder: Path) -> None:
    notebook = read(NOTEBOOK)
    assert not any(cell.get("outputs") for cell in notebook.cells), "kept without outputs"
    execute(notebook, folder)
    assert "mass 0.0500 GeV" in text_of(notebook)
    assert len(figures_of(notebook)) == 1


@pytest.mark.pages
@pytest.mark.filterwarnings("default")  # of the kernel's machinery, not of ours
@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_a_tutorial_gives_what_it_is_stored_with(path: Path, folder: Path) -> None:
    place = folder / "docs" / "tutorials"
    place.mkdir(parents=True)
    (folder / "validation").symlink_to(ROOT / "validation")  # its samples, where the clone has them
    stored, notebook = read(path), read(path)
    execute(notebook, place)
    assert text_of(stored)
    assert not differing(text_of(stored), text_of(notebook))
    assert len(figures_of(notebook)) == len(figures_of(stored)) > 0


def test_texts_differ_by_a_word_or_a_number() -> None:
    assert not differing("10.0 +- 0.50 events\n", "10.1 +-  0.505\nevents\n")
    assert differing("10.0 events\n", "11.0 events\n")
    assert differing("10.0 events\n", "10.0 protons\n")
    assert differing("10.0 events\n", "")
