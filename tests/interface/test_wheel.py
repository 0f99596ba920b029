"""The wheel brings the cards and the data, and works where the source tree is not."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("hatchling", reason="building a wheel needs hatchling")
    place = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (found,) = place.glob("mcgen_hep-*.whl")
    return found


def test_the_wheel_holds_cards_and_data(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    for path in [*ROOT.glob("cards/**/*.toml")]:
        assert f"mcgen/{path.relative_to(ROOT)}" in names
    assert "mcgen/CITATION.cff" in names
    for path in ROOT.glob("mcgen/**/*"):
        if path.is_file() and "__pycache__" not in path.parts:
            assert str(path.relative_to(ROOT)) in names
    assert not [name for name in names if name.startswith(("tests/", "docs/", "cards/"))]


def test_the_wheel_is_small(wheel: Path) -> None:
    assert wheel.stat().st_size < 20e6


def test_the_wheel_works_on_its_own(wheel: Path, tmp_path: Path) -> None:
    zipfile.ZipFile(wheel).extractall(tmp_path / "site")
    environment = {**os.environ, "PYTHONPATH": str(tmp_path / "site"), "PYTHONSAFEPATH": "1"}
    code = "import sys, mcgen.cli, mcgen.bibliography as b; print(mcgen.__file__, *b.references()); sys.argv = ['mcgen', 'cards']; mcgen.cli.main()"
    found = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.startswith(str(tmp_path / "site"))
    assert "2205.09870" in found.stdout
    for path in ROOT.glob("cards/**/*.toml"):
        assert path.stem in found.stdout
