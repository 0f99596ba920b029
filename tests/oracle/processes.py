"""Processes as the system sees them."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path


def wait_for(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait until a condition holds; fail if it takes too long."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def children(pid: int) -> list[int]:
    """PIDs of the processes that a process has started."""
    return [child for child, (_, parent, _) in _processes().items() if parent == pid]


def session(leader: int) -> list[int]:
    """PIDs of the living processes of a session."""
    return [pid for pid, (state, _, of) in _processes().items() if of == leader and state != "Z"]


def alive(pid: int) -> bool:
    """Whether a process runs: it is there, and not only waited for."""
    return _processes().get(pid, ("Z",))[0] != "Z"


def _processes() -> dict[int, tuple[str, int, int]]:
    """State, parent and session of all processes."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text(encoding="utf-8").rpartition(")")[2].split()
        except OSError:  # it has just ended
            continue
        found[int(path.parent.name)] = fields[0], int(fields[1]), int(fields[3])
    return found
