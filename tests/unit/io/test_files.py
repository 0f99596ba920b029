"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import errno
import hashlib
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from mcgen.errors import CardError, RunError, UsageError
from mcgen.io.files import atomic_output, check_output, sha256_of
from mcgen.io.pids import is_gone, pid_space


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path: Path, content: bytes, error: BaseException | None = None) -> None:
    """Write a file, and fail after that if there is an error."""
    with atomic_output(path) as temporary:
        temporary.write_bytes(content)
        if error is not None:
            raise error


# --- success


@pytest.mark.parametrize("before", [None, b"old"])
def test_file_appears_complete(tmp_path: Path, before: bytes | None) -> None:
    path = tmp_path / "out.root"
    if before is not None:
        path.write_bytes(before)
    with atomic_output(path) as temporary:
        temporary.write_bytes(b"new and longer")
        assert temporary.parent == tmp_path
        assert temporary != path
        assert (path.read_bytes() if path.exists() else None) == before
    assert path.read_bytes() == b"new and longer"
    assert names_in(tmp_path) == ["out.root"]


def test_relative_path_goes_to_the_working_directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with atomic_output(Path("out.root")) as temporary:
        temporary.write_bytes(b"x")
    assert names_in(tmp_path) == ["out.root"]


def test_two_files_can_be_written_at_once(tmp_path: Path) -> None:
    with atomic_output(tmp_path / "a") as one, atomic_output(tmp_path / "b") as two:
        one.write_bytes(b"1")
        two.write_bytes(b"2")
    assert (tmp_path / "a").read_bytes() == b"1"
    assert (tmp_path / "b").read_bytes() == b"2"


# --- failure


@pytest.mark.parametrize(
    "error",
    [ValueError("no"), KeyboardInterrupt(), CardError("card", ["fault"]), RunError("worker"), MemoryError()],
)
@pytest.mark.parametrize("before", [None, b"old"])
def test_failure_leaves_what_was_there(tmp_path: Path, error: BaseException, before: bytes | None) -> None:
    path = tmp_path / "out.root"
    if before is not None:
        path.write_bytes(before)
    with pytest.raises(type(error)) as caught:
        write(path, b"half", error)
    assert caught.value is error
    assert names_in(tmp_path) == ([] if before is None else ["out.root"])
    if before is not None:
        assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("code", "reason"), [(errno.ENOSPC, "No space left"), (errno.EROFS, "Read-only"), (errno.EIO, "error")]
)
def test_os_error_while_writing_says_which_file_and_why(tmp_path: Path, code: int, reason: str) -> None:
    path = tmp_path / "out.root"
    path.write_bytes(b"old")
    with pytest.raises(RunError, match=rf"out\.root: cannot be written: .*{reason}") as caught:
        write(path, b"half", OSError(code, os.strerror(code)))
    assert isinstance(caught.value.__cause__, OSError)
    assert caught.value.exit_code == 1
    assert names_in(tmp_path) == ["out.root"]
    assert path.read_bytes() == b"old"


def test_full_disk_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, _: bytes) -> int:
        path.touch()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(RunError, match="No space left on device"):
        write(tmp_path / "out", b"anything")
    assert names_in(tmp_path) == []


def test_failure_to_rename_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out"
    path.write_bytes(b"old")

    def refuse(*_: Any) -> Path:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(RunError, match="Permission denied"):
        write(path, b"new")
    assert names_in(tmp_path) == ["out"]
    assert path.read_bytes() == b"old"


def test_nothing_written_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(RunError, match="cannot be written"), atomic_output(tmp_path / "out"):
        pass
    assert names_in(tmp_path) == []


def test_missing_folder_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="does not exist") as caught, atomic_output(tmp_path / "no" / "out"):
        pytest.fail("nothing may be written")
    assert str(tmp_path / "no") in str(caught.value)
    assert names_in(tmp_path) == []


def test_folder_in_place_of_a_file_is_wrong_use(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is a folder"), atomic_output(tmp_path):
        pytest.fail("nothing may be written")


def test_file_in_place_of_a_folder_is_wrong_use(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match="does not exist"), atomic_output(tmp_path / "file" / "out"):
        pytest.fail("nothing may be written")


@pytest.mark.parametrize("reason", [errno.EROFS, errno.EACCES, errno.ENAMETOOLONG])
def test_a_place_that_cannot_be_written_is_told_first(
    tmp_path: Path, reason: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError(reason, os.strerror(reason))

    monkeypatch.setattr(Path, "touch", refuse)
    with pytest.raises(RunError, match=os.strerror(reason)), atomic_output(tmp_path / "out"):
        pytest.fail("nothing may be computed")


# --- what killed processes leave

WRITE_AND_DIE = """
import os, signal, sys
from pathlib import Path
from mcgen.io.files import atomic_output
with atomic_output(Path(sys.argv[1])) as temporary:
    temporary.write_bytes(b"half")
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_process_left_is_removed_by_the_next(tmp_path: Path) -> None:
    path = tmp_path / "out [1] (copy).root"
    killed = subprocess.run([sys.executable, "-c", WRITE_AND_DIE, path], check=False)
    assert killed.returncode == -signal.SIGKILL
    assert len(names_in(tmp_path)) == 1
    write(tmp_path / "other.root", b"of another name")
    assert len(names_in(tmp_path)) == 2
    write(path, b"new")
    assert names_in(tmp_path) == ["other.root", path.name]


def ended() -> int:
    """PID of a process that has ended."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_only_what_is_surely_abandoned_is_removed(tmp_path: Path) -> None:
    gone = ended()
    kept = {
        f".{pid_space()}-{os.getppid()}-01234567.part.out",  # of a living process
        f".{pid_space()}-{os.getpid()}-01234567.part.out",
        f".{'0' * 8}-{gone}-01234567.part.out",  # of another machine
        f".{pid_space()}-{gone}-01234567.part.out.root",
        f".{pid_space()}-{'9' * 30}-01234567.part.out",
        f".{gone}.part.out",
    }
    for name in (*kept, f".{pid_space()}-{gone}-01234567.part.out"):
        (tmp_path / name).touch()
    check_output(tmp_path / "out")
    assert set(names_in(tmp_path)) == kept


def test_checking_a_file_that_is_being_written_does_not_touch_it(tmp_path: Path) -> None:
    with atomic_output(tmp_path / "out") as temporary:
        temporary.write_bytes(b"half")
        check_output(tmp_path / "out")
        temporary.write_bytes(temporary.read_bytes() + b" and half")
    assert (tmp_path / "out").read_bytes() == b"half and half"


def test_processes_that_are_gone() -> None:
    assert is_gone(ended(), pid_space())
    assert not is_gone(os.getpid(), pid_space())
    assert not is_gone(1, pid_space())
    assert not is_gone(ended(), "of another machine")


# --- digests


@pytest.mark.parametrize("content", [b"", b"abc", b"\x00\xff" * 300_000])
def test_digest_is_that_of_the_content(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    assert sha256_of(path) == hashlib.sha256(content).hexdigest()
