"""Files that appear under their name only when they are complete."""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

from mcgen.errors import RunError, UsageError


@contextmanager
def atomic_output(path: Path) -> Iterator[Path]:
    """Give a temporary path in the same folder, renamed to `path` on success and removed on failure.

    Raises
    ------
    UsageError
        If the folder does not exist or `path` is a folder.
    RunError
        If the file cannot be written: a full disk, a read-only folder.
    """
    if not os.path.isdir(path.parent):
        raise UsageError(f"{path}: the folder {path.parent} does not exist; create it or choose another")
    if os.path.isdir(path):
        raise UsageError(f"{path}: is a folder; give the name of a file")
    # The name goes last: its ending says whether text is to be compressed.
    temporary = path.with_name(f".{os.getpid()}.part.{path.name}")
    try:
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise RunError(
            f"{path}: cannot be written: {error.strerror or error}; nothing was left under that name"
        ) from error
    finally:
        with contextlib.suppress(OSError):  # what could not be made cannot be removed
            temporary.unlink(missing_ok=True)


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
