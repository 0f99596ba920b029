"""A folder in which one process at a time works."""

from __future__ import annotations

import errno
import fcntl
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcgen.errors import RunError, UsageError
from mcgen.io.lock import LOCK, locked
from mcgen.io.pids import pid_space

HOLD = """
import sys
from pathlib import Path
from mcgen.io.lock import locked
with locked(Path(sys.argv[1])):
    print("at work", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def no_locks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a file system that has no locks."""

    def unsupported(*_: Any) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", unsupported)


@pytest.mark.parametrize("locks", ["locks", "no locks"])
def test_a_second_one_is_refused_until_the_first_has_finished(
    tmp_path: Path, locks: str, request: pytest.FixtureRequest
) -> None:
    if locks == "no locks":
        request.getfixturevalue("no_locks")
    folder = tmp_path / "out.parts"
    with locked(folder):
        (folder / "kept").touch()
        with pytest.raises(
            UsageError, match=f"at work there, process {os.getpid()} on {os.uname().nodename}"
        ):
            locked(folder).__enter__()
        assert {path.name for path in folder.iterdir()} == {LOCK, "kept"}
    with locked(folder):
        (folder / "kept").unlink()
    assert list(tmp_path.iterdir()) == [], "an empty folder does not stay"


def test_another_process_has_it_until_it_is_killed(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path / "out.parts")]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        with pytest.raises(UsageError, match=f"process {process.pid} on "):
            locked(tmp_path / "out.parts").__enter__()
        process.kill()
        process.wait()
        with locked(tmp_path / "out.parts"):
            pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.usefixtures("no_locks")
def test_without_locks_only_what_has_surely_ended_lets_go(tmp_path: Path) -> None:
    folder = tmp_path / "out.parts"
    folder.mkdir()
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        pass
    (folder / LOCK).write_text(f"{process.pid} 00000000 elsewhere", encoding="utf-8")
    with pytest.raises(UsageError, match=rf"process {process.pid} on elsewhere.*remove .*{LOCK} if"):
        locked(folder).__enter__()
    (folder / LOCK).write_text(f"{process.pid} {pid_space()} here", encoding="utf-8")
    with locked(folder):
        assert (folder / LOCK).read_text(encoding="utf-8").startswith(f"{os.getpid()} ")


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(RunError, match="file: cannot be written: File exists"):
        locked(tmp_path / "file").__enter__()
    with pytest.raises(RunError, match="cannot be made"):
        locked(tmp_path / "nowhere" / "out.parts").__enter__()
