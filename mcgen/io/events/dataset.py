"""Datasets: a folder of events files, each of some chunks of one run, and an index that says what they are together.

The index is the last file to be written: a folder without one holds the parts of a run that is not complete. Each part
is an events file of its own; the index has the digest of its metadata, which has those of its columns.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from mcgen.errors import FileFormatError, RunError, UsageError
from mcgen.io.events.metadata import from_text, to_text
from mcgen.io.files import atomic_output
from mcgen.io.outputs import make_folder
from mcgen.metadata import Count, Metadata
from mcgen.parsing import parse_json

INDEX = "index.json"
"""Name of the index."""

STATE = ".run"
"""Folder in a dataset of what is kept of a run until it is complete."""

_PARTS = "parts"


@dataclass(frozen=True, slots=True)
class Part:
    """A file of a dataset."""

    file: str
    """Its name in the folder."""
    first: Count
    """Number of its first chunk in the run."""
    end: Count
    """Number of the chunk behind its last one."""
    events: Count
    """Rows."""
    size: Count
    """Of the file [bytes]."""
    metadata_sha256: str
    """Digest of its metadata."""


_PART_LIST = TypeAdapter(tuple[Part, ...])


def is_dataset(path: Path) -> bool:
    """Whether a name stands for a folder, which holds events only if it is a dataset."""
    return os.path.isdir(path)


def part_name(first: int, ending: str) -> str:
    """Name of the part that begins with a chunk; `ending` is that of its format."""
    return f"part-{first:05d}{ending}"


def write_index(folder: Path, metadata: Metadata, parts: Sequence[Part]) -> None:
    """Write the index of a complete run.

    Parameters
    ----------
    metadata : of all parts together
    parts : in the order of their chunks
    """
    with atomic_output(folder / INDEX) as temporary:
        temporary.write_text(to_text(metadata, {_PARTS: [asdict(part) for part in parts]}), encoding="utf-8")


def read_index(folder: Path) -> tuple[Metadata, tuple[Part, ...]]:
    """Read what a dataset is, and its parts in the order of their chunks.

    Raises
    ------
    FileFormatError
        If the folder is no dataset, not complete, or its index damaged; or a part is not there, or of another size.
    """
    path = folder / INDEX
    if not os.path.isfile(path):
        if os.path.isdir(folder / STATE):
            raise FileFormatError(
                f"{folder}: holds parts of a run that is not complete: continue it with --resume, or, once all "
                f"parts are there, write the index: mcgen merge {folder}{os.sep}"
            )
        raise FileFormatError(f"{folder}: a folder without {INDEX}, no dataset of events")
    try:
        text = path.read_text(encoding="utf-8")
        metadata = from_text(path, text)
        parts = _PART_LIST.validate_python(_listed(parse_json(text)))
    except (OSError, UnicodeDecodeError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise FileFormatError(f"{path}: not a readable index of a dataset: {reason}") from error
    for part in parts:
        check_part(folder, part)
    return metadata, parts


def _listed(body: Any) -> Any:
    return body.get(_PARTS, ()) if isinstance(body, dict) else ()


def check_part(folder: Path, part: Part) -> None:
    """Raise FileFormatError if a part is not there, or not as long as it was."""
    path = folder / part.file
    if Path(part.file).name != part.file:
        raise FileFormatError(f"{folder / INDEX}: {part.file!r} is not the name of a file in that folder")
    try:
        size = path.stat().st_size
    except OSError as error:
        raise FileFormatError(f"{path}: a part of the dataset is missing: {error.strerror}") from error
    if size != part.size:
        raise FileFormatError(f"{path}: damaged: it has {size} bytes, not the {part.size} that were written")


def claim_dataset(folder: Path, inputs: Sequence[Path], force: bool) -> None:
    """Make the folder of a dataset, and empty it of a complete one that may be replaced.

    Parameters
    ----------
    inputs : files that are going to be read
    force : whether a complete dataset of that name may be replaced

    Raises
    ------
    UsageError
        If a dataset is there already, an input is inside, or the folder holds something else.
    RunError
        If it cannot be made or emptied.
    """
    for source in inputs:
        if folder.resolve() in source.resolve().parents:
            raise UsageError(f"{folder}: holds what is read ({source}); give another name for the output")
    if folder.is_symlink():
        raise UsageError(f"{folder}: is a symbolic link, which is not replaced; give the name of a folder")
    make_folder(folder)
    strange = sorted(path.name for path in folder.iterdir() if not _is_ours(path))
    if strange:
        raise UsageError(f"{folder}: holds {strange[0]!r}, which is no part of a dataset; give another name")
    if (folder / INDEX).exists():
        if not force:
            raise UsageError(f"{folder}: is there already; give another name, or --force to replace it")
        for path in _first_the_index(folder):
            try:
                path.unlink()
            except OSError as error:
                raise RunError(f"{path}: cannot be removed: {error.strerror}") from error


def _is_ours(path: Path) -> bool:
    return path.name in (INDEX, STATE) or path.name.startswith(("part-", "."))


def _first_the_index(folder: Path) -> Iterator[Path]:
    yield folder / INDEX
    yield from (path for path in folder.iterdir() if path.name.startswith("part-"))


def remove_state(folder: Path) -> None:
    """Remove what was kept until the run was complete."""
    shutil.rmtree(folder / STATE, ignore_errors=True)
