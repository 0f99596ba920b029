"""The tables in a file, by the file's ending."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from mcgen.errors import FileFormatError
from mcgen.io.events.root import opened
from mcgen.io.flux.parquet import ParquetFile
from mcgen.io.flux.root import Tree
from mcgen.io.flux.rows import Tabular
from mcgen.io.flux.text import CsvFile

Tables = Mapping[str, Tabular | None]
"""By the path inside a ROOT file, under "" if the file is one table; None is what is no tree."""

_TREES = ("TTree", "TNtuple", "TNtupleD", "ROOT::RNTuple", "ROOT::Experimental::RNTuple")


@contextmanager
def open_tables(path: Path) -> Iterator[Tables]:
    """Open the tables of a file.

    Raises
    ------
    FileFormatError
        If the file cannot be read or its ending is unknown.
    """
    match path.suffix.lower():
        case ".root":
            with opened(path) as file:
                kinds = file.classnames(recursive=True, cycle=False)
                yield {
                    name: Tree(path, file, name) if kind in _TREES else None for name, kind in kinds.items()
                }
        case ".parquet":
            yield {"": ParquetFile(path)}
        case ".csv":
            yield {"": CsvFile(path)}
        case _:
            raise FileFormatError(f"{path}: unknown ending {path.suffix!r}; .root, .parquet or .csv")
