"""What may be written where: never over an input, never over what is there unless asked to."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mcgen.errors import RunError, UsageError
from mcgen.io.files import check_output


def claim(
    outputs: Iterable[Path], inputs: Iterable[Path] = (), force: bool = False, *, new_folder: bool = False
) -> None:
    """Find out whether files may be written, before anything is computed.

    Parameters
    ----------
    outputs : files that are going to be written
    inputs : files that are going to be read, or have been
    force : whether files that are there may be replaced
    new_folder : whether the folder of the outputs is made if it is not there

    Raises
    ------
    UsageError
        If an output is an input, is there already, or is no plain file.
    RunError
        If it cannot be written there.
    """
    inputs = tuple(inputs)
    for output in outputs:
        for source in inputs:
            if _same(output, source) or (source.is_dir() and source.resolve() in output.resolve().parents):
                raise UsageError(
                    f"{output}: is also what is read ({source}); give another name for the output"
                )
        if output.parent.is_dir() or not new_folder:
            check_output(output)
        try:
            kind = output.lstat().st_mode
        except (OSError, ValueError):
            continue  # not there
        if stat.S_ISLNK(kind):
            raise UsageError(f"{output}: is a symbolic link, which is not replaced; give the name of a file")
        if not stat.S_ISREG(kind):
            raise UsageError(f"{output}: is a device or a pipe, not a file; give the name of a file")
        if not force:
            raise UsageError(f"{output}: is there already; give another name, or --force to replace it")


@contextmanager
def all_or_none(outputs: Iterable[Path]) -> Iterator[None]:
    """Take back what was written if not everything can be; what was there before stays, old or new."""
    new = [output for output in outputs if not output.exists()]
    try:
        yield
    except BaseException:
        for output in new:
            output.unlink(missing_ok=True)
        raise


def make_folder(folder: Path) -> None:
    """Make a folder, if it is not there; the one that it is in has to be.

    Raises
    ------
    UsageError, RunError
        If it cannot be made.
    """
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise UsageError(f"{folder}: is a file; give the name of a folder") from error
    except FileNotFoundError as error:
        raise UsageError(f"{folder}: the folder {folder.parent} does not exist; create it first") from error
    except OSError as error:
        raise RunError(f"{folder}: cannot be made: {error.strerror or error}") from error


def _same(one: Path, other: Path) -> bool:
    """Whether two names mean one file, through links of any kind, be it there or not."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):
        return os.path.realpath(one) == os.path.realpath(other)
