"""What all statistical tests share."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder for the flux files of a module."""
    return tmp_path_factory.mktemp("flux")
