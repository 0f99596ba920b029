"""The example notebook runs as it is printed."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

import mcgen

NOTEBOOK = Path(__file__).parents[2] / "docs" / "example.ipynb"


@pytest.mark.filterwarnings("default")  # of the kernel's machinery, not of ours
def test_the_notebook_runs(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(mcgen.__file__).parents[1]))  # the package that is tested
    monkeypatch.setenv("JUPYTER_PLATFORM_DIRS", "1")
    monkeypatch.setenv("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    notebook = nbformat.read(NOTEBOOK, as_version=4)  # type: ignore[no-untyped-call]
    assert not any(cell.get("outputs") for cell in notebook.cells), "kept without outputs"
    NotebookClient(
        notebook, timeout=60, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    printed = [output for cell in notebook.cells for output in cell.get("outputs", ())]
    assert not any(output.output_type == "error" or output.get("name") == "stderr" for output in printed), (
        printed
    )
    text = "".join(output.get("text", "") for output in printed)
    assert "mass 0.0500 GeV" in text
    figures = [output.data["image/png"] for output in printed if "image/png" in output.get("data", {})]
    assert len(figures) == 1
