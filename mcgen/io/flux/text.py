"""CSV files of numbers, read block by block."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np

from mcgen.errors import FileFormatError
from mcgen.io.flux.rows import Rows, doubles, integers
from mcgen.record.columns import AnyArray

_QUOTE = '"'

_OTHER_SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}


class CsvFile:
    """A CSV file with a header line; every row has as many fields as the header."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            with path.open(encoding="utf-8-sig") as file:
                header = file.readline().lstrip("#").strip()
            self.names: Sequence[str] = [
                name.strip() for name in next(csv.reader([header], skipinitialspace=True), [])
            ]
        except (OSError, ValueError, csv.Error) as error:
            raise self._damaged(str(error)) from error
        for separator, what in _OTHER_SEPARATORS.items():
            if separator in header and "," not in header:
                raise self._damaged(f"the names in its first line are separated by {what}; write commas")

    def _damaged(self, why: str) -> FileFormatError:
        return FileFormatError(f"{self._path}: not a table of numbers with a header line: {why}")

    def rows(self, columns: Sequence[str], group: str | None, size: int) -> Iterator[Rows]:
        """Read some columns."""
        # With a type for every name of the header, numpy refuses rows of another number of fields.
        kinds = ["U32" if n == group else "f8" if n in columns else "U1" for n in self.names]
        fields = [f"{place}" for place in range(len(kinds))]
        dtype = np.dtype(list(zip(fields, kinds, strict=True)))
        field_of = dict(zip(self.names, fields, strict=True))
        start = 0
        for lines in self._blocks(size):
            if not any(_content(line) for line in lines):
                continue  # numpy warns of blocks of empty lines
            try:
                table = np.loadtxt(lines, dtype, delimiter=",", quotechar=_QUOTE, ndmin=1)
            except ValueError as error:
                raise self._damaged(self._fault(lines, start, columns) or str(error)) from error
            row = np.arange(start, start + len(table))
            label = (
                None if group is None else integers(self._path, group, _parsed(table[field_of[group]]), row)
            )
            yield Rows(row, {n: doubles(self._path, n, table[field_of[n]]) for n in columns}, label)
            start += len(table)

    def _blocks(self, size: int) -> Iterator[list[str]]:
        """Lines after the header."""
        try:
            with self._path.open(encoding="utf-8-sig") as file:
                file.readline()
                while lines := list(itertools.islice(file, size)):
                    yield lines
        except (OSError, ValueError) as error:
            raise self._damaged(str(error)) from error

    def _fault(self, lines: Iterable[str], start: int, columns: Sequence[str]) -> str:
        """Say which row is none, and why; nothing if all look well."""
        rows = (fields for fields in csv.reader(map(_content, lines), quotechar=_QUOTE) if fields)
        try:
            for row, fields in enumerate(rows, start):
                if len(fields) != len(self.names):
                    return (
                        f"the number of fields in row {row} is {len(fields)}, in the header {len(self.names)} "
                        "(commas separate fields)"
                    )
                for name, text in zip(self.names, fields, strict=True):
                    if name in columns and not _is_number(text):
                        return f"column {name} holds {text[:40]!r} in row {row}, not a number"
        except csv.Error as error:
            return str(error)
        return ""


def _content(line: str) -> str:
    """Return a line without its comment and its end."""
    return line.partition("#")[0].rstrip("\r\n")


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _parsed(texts: AnyArray) -> AnyArray:
    """Read texts as integers, or as doubles if they are not all integers; as they are if they are no numbers."""
    for kind in (np.int64, np.float64):
        try:
            return texts.astype(kind)
        except (ValueError, OverflowError):
            continue
    return texts
