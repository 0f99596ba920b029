"""Processes, as those see them that come later: whether whoever left something behind is still there."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import os
from pathlib import Path


@functools.cache
def pid_space() -> str:
    """Digest of this machine and its namespace of PIDs: within it, a PID means one process."""
    known = [os.uname().nodename]
    with contextlib.suppress(OSError):  # not every system has it
        known.append(Path("/etc/machine-id").read_text(encoding="ascii", errors="replace"))
    with contextlib.suppress(OSError):
        known.append(str(Path("/proc/self/ns/pid").readlink()))
    return hashlib.sha256("\n".join(known).encode(errors="replace")).hexdigest()[:8]


def is_gone(pid: int, space: str) -> bool:
    """Whether a process has surely ended; of one in another PID space that cannot be known."""
    if space != pid_space():
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):  # somebody else's process; not a PID
        pass
    return False
