"""What all statistical tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from mcgen.sampler import training


@pytest.fixture(scope="module")
def small_pilot() -> Iterator[None]:
    """Train on little: yields and errors must be right whatever the training."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(training, "PILOT", 5000)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder for the flux files of a module."""
    return tmp_path_factory.mktemp("flux")
