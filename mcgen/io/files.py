"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from mcgen.errors import RunError, UsageError
from mcgen.io.pids import is_gone, pid_space


@contextmanager
def atomic_output(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder, renamed to `path` on success and removed on failure.

    Raises
    ------
    UsageError, RunError
        As `check_output`, or if writing fails: a full disk.
    """
    check_output(path)
    temporary = _temporary(path)
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise _not_written(path, error) from error
    finally:
        with contextlib.suppress(OSError):  # what could not be made cannot be removed
            temporary.unlink(missing_ok=True)


def check_output(path: Path) -> None:
    """Refuse, before anything is computed, a file that cannot be written.

    What processes that have ended left of the same file is removed.

    Raises
    ------
    UsageError
        If the folder does not exist or `path` is a folder.
    RunError
        If nothing can be written there: a read-only folder, a name that is too long.
    """
    if not os.path.isdir(path.parent):
        raise UsageError(f"{path}: the folder {path.parent} does not exist; create it or choose another")
    if os.path.isdir(path):
        raise UsageError(f"{path}: is a folder; give the name of a file")
    temporary = _temporary(path)
    try:
        temporary.touch()  # permissions do not tell all: quotas, read-only disks, users of other machines
        temporary.unlink()
    except OSError as error:
        raise _not_written(path, error) from error
    _remove_abandoned(path)


def _temporary(path: Path) -> Path:
    """Name of a new file that says whose it is; a process may have several of the same output."""
    # The name goes last: its ending says whether text is to be compressed.
    return path.with_name(f".{pid_space()}-{os.getpid()}-{secrets.token_hex(4)}.part.{path.name}")


def _remove_abandoned(path: Path) -> None:
    """Remove the temporary files that killed processes of this machine left of a file."""
    temporary = re.compile(
        r"\.([0-9a-f]{8})-([1-9]\d*)-[0-9a-f]{8}\.part\." + re.escape(path.name), re.DOTALL
    )
    with contextlib.suppress(OSError):  # a folder that cannot be listed, or a file of somebody else
        for found in path.parent.iterdir():
            match = temporary.fullmatch(found.name)
            if match and is_gone(int(match[2]), match[1]):
                found.unlink(missing_ok=True)


def _not_written(path: Path, error: OSError) -> RunError:
    return RunError(f"{path}: cannot be written: {error.strerror or error}; nothing was left under that name")


def binary_output(path: Path) -> BinaryIO:
    """Open a file for writing; compressed if its name ends with .gz."""
    if path.suffix == ".gz":
        return cast("BinaryIO", gzip.open(path, "wb", compresslevel=6))
    return path.open("wb")


class Closing:
    """Something that writes to `_file`, which is closed in the end."""

    _file: Any

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._file.close()
        except OSError:
            # Closing flushes; after a failed write it fails again, and the first error is the one to tell.
            if kind is None:
                raise


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
