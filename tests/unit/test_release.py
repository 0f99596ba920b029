"""A release: its version is that of the tag, and its notes are what the changelog says of it."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CHANGELOG = """\
# Changelog

## Unreleased

## 1.2.3 - 2026-01-31

### Fixed

- This.

## 1.2.30 - 2026-01-30

"""


@pytest.fixture(scope="module")
def notes_of() -> Callable[[str, str], str]:
    found: Callable[[str, str], str] = runpy.run_path(str(ROOT / ".ci" / "release_notes.py"))["notes_of"]
    return found


def test_notes_are_the_changelogs(notes_of: Callable[[str, str], str]) -> None:
    assert notes_of("v1.2.3", CHANGELOG) == "### Fixed\n\n- This."


@pytest.mark.parametrize("tag", ["v1.2", "v1.2.4", "v1.2.30", "Unreleased", "v1x2.3"])
def test_a_release_that_the_changelog_does_not_tell_of_is_none(
    notes_of: Callable[[str, str], str], tag: str
) -> None:
    with pytest.raises(SystemExit, match=r"CHANGELOG\.md says nothing under '## "):
        notes_of(tag, CHANGELOG)


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What says how the version comes about, as a repository of its own without a tag."""
    pytest.importorskip("hatch_vcs")
    place = tmp_path_factory.mktemp("sources")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, place)
    git(place, "init", "--quiet")
    git(place, "add", ".")
    git(place, *COMMIT)
    return place


COMMIT = ("-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "--quiet", "--message", "x")


def git(place: Path, *arguments: str) -> None:
    own = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    subprocess.run(["git", "-C", str(place), *arguments], check=True, env=own)


def version_of(place: Path) -> str:
    """Return the version that a build of some sources has."""
    own = {
        name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "SETUPTOOLS_SCM"))
    }
    asked = subprocess.run(
        [sys.executable, "-m", "hatchling", "version"],
        cwd=place,
        check=True,
        capture_output=True,
        text=True,
        env=own,
    )
    return asked.stdout.strip()


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_the_version_is_that_of_the_tag(sources: Path, tmp_path: Path) -> None:
    assert version_of(sources).startswith("0.1.0.dev1")
    git(sources, "tag", "v1.2.3")
    assert version_of(sources) == "1.2.3"
    git(sources, *COMMIT, "--allow-empty")
    assert version_of(sources).startswith("1.2.4.dev1")
    bare = tmp_path / "bare"
    shutil.copytree(sources, bare, ignore=shutil.ignore_patterns(".git"))
    assert version_of(bare) == "0.1.0.dev0"
    (bare / "PKG-INFO").write_text(
        "Metadata-Version: 2.4\nName: mcgen-hep\nVersion: 1.2.3\n", encoding="utf-8"
    )
    assert version_of(bare) == "1.2.3"


def test_the_installed_version_is_shown() -> None:
    shown = subprocess.run(
        [sys.executable, "-m", "mcgen", "--version"], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert shown.stdout == f"mcgen {version('mcgen-hep')}\n"
