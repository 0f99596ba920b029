"""A folder in which one process at a time works."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path

from mcgen.errors import RunError, UsageError
from mcgen.interrupts import Held
from mcgen.io.pids import is_gone, pid_space

LOCK = "lock"
"""Name of the locked file in the folder."""

ATTEMPTS = 100
"""How often to try again when somebody else removes the folder between two steps."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make a folder if there is none, and keep others out of it; remove it in the end if nothing else is in it.

    The system releases the lock when the process ends, however it ends. On a file system that has no locks,
    the file's text stands in: it says who is at work there, and counts until that process has surely ended.

    Raises
    ------
    UsageError
        If somebody else is at work there; the message says which process of which machine.
    RunError
        If the folder, or the file in it, cannot be made.
    """
    file = None
    try:
        with Held():
            file = _claimed(folder)
        yield
    finally:
        with Held():
            if file is not None:
                _release(file, folder)
            with contextlib.suppress(OSError):  # only an empty one can be removed
                folder.rmdir()


def _claimed(folder: Path) -> FileIO:
    """Return the locked file, with this process's name in it."""
    path = folder / LOCK
    for _ in range(ATTEMPTS):
        try:
            folder.mkdir(exist_ok=True)
            with contextlib.ExitStack() as stack:
                file = stack.enter_context(path.open("a+b", buffering=0))
                _lock(file, path)
                if os.path.samestat(os.fstat(file.fileno()), path.stat()):
                    file.truncate(0)
                    file.write(f"{os.getpid()} {pid_space()} {os.uname().nodename}".encode())
                    stack.pop_all()
                    return file
        except FileNotFoundError:
            continue
        except OSError as error:
            raise RunError(f"{folder}: cannot be written: {error.strerror}") from error
    raise RunError(f"{folder}: cannot be made")


def _release(file: FileIO, folder: Path) -> None:
    """Let others in, and remove the locked file if it is alone."""
    with file, contextlib.suppress(OSError):
        file.truncate(0)
        if [path.name for path in folder.iterdir()] == [LOCK]:
            (folder / LOCK).unlink()


def _lock(file: FileIO, path: Path) -> None:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        return
    except BlockingIOError:
        advice = "wait until it has finished"
    except OSError:  # no locks on this file system
        advice = f"wait until it has finished, or remove {path} if it is no longer there"
        if _is_abandoned(_holder(file)):
            return
    pid, _, host = _holder(file)
    raise UsageError(
        f"{path.parent}: another run is at work there, process {pid} on {host}: {advice}, "
        "or give another output"
    )


def _holder(file: FileIO) -> tuple[str, str, str]:
    """PID, PID space and machine of the process whose name is in the file."""
    file.seek(0)
    words = file.read(1000).decode(errors="replace").split()
    pid, space, host = words if len(words) == 3 else ("?", "?", "?")
    return pid, space, host


def _is_abandoned(holder: tuple[str, str, str]) -> bool:
    pid, space, _ = holder
    return pid == "?" or (pid.isdecimal() and is_gone(int(pid), space))
