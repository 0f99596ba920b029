"""From the records of a run to a file with its metadata."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from mcgen.analysis.yields import Tally, Yield, tally_of
from mcgen.errors import reasons
from mcgen.io.events.digests import ColumnHashes
from mcgen.io.events.store import Writer, format_of
from mcgen.io.files import atomic_output
from mcgen.record.columns import AnyArray, Column

Record = dict[str, AnyArray]
Metadata = dict[str, Any]
Write = Callable[[Mapping[str, Any], Iterable[Record]], Metadata]


def written(records: Iterable[Record], provenance: Mapping[str, Any], tally: Tally) -> Iterator[Record]:
    """Count the records of all decays in the volume, and yield what of them the card wants written."""
    accepted_only = provenance["card"]["run"]["write"] == "accepted" and "part" not in provenance
    for record in records:
        tally.add(record)
        if accepted_only:
            record = {name: values[record["accepted"]] for name, values in record.items()}
        yield record


def completed(
    provenance: Mapping[str, Any], tally: Tally, rows: int, digests: Mapping[str, str] | None = None
) -> Metadata:
    """Metadata of a run: its provenance, and what is known at the end.

    Parameters
    ----------
    rows : number of events written
    digests : of the columns, if they went to a file
    """
    points = provenance["points"]
    columns = provenance["columns"]
    if digests:
        columns = {name: {**column, "sha256": digests[name]} for name, column in columns.items()}
    summary = tally.summary(points)
    remark = _remark(provenance["flux"], tally.yields(points))
    return {**provenance, "events": rows, **summary, "remark": remark, "columns": columns}


@contextmanager
def event_file(path: Path, format: str | None = None) -> Iterator[Write]:
    """Open a file for the events of a run, which appears under its name when it is complete.

    Parameters
    ----------
    format : one of `mcgen.io.events.store.FORMATS`; by default that of the file's ending

    Yields
    ------
    A function that writes records, given the run's provenance, and returns the metadata

    Raises
    ------
    UsageError, RunError
        If the file cannot be written; nothing is left under its name.
    """
    found = format_of(path, format)
    with atomic_output(path) as temporary:

        def write(provenance: Mapping[str, Any], records: Iterable[Record]) -> Metadata:
            found.check(path, provenance)
            columns = [
                Column(name, c["dtype"], c["unit"], c["meaning"]) for name, c in provenance["columns"].items()
            ]
            with found.writer(temporary, columns) as writer:
                return _write(writer, columns, provenance, records)

        yield write


def _write(
    writer: Writer, columns: list[Column], provenance: Mapping[str, Any], records: Iterable[Record]
) -> Metadata:
    tally, hashes = tally_of(provenance), ColumnHashes(c.name for c in columns)
    for record in written(records, provenance, tally):
        writer.append(record)
        hashes.add(record)
    metadata = completed(provenance, tally, hashes.rows, hashes.digests())
    writer.finish(metadata)
    return metadata


def _remark(flux: Mapping[str, Any], yields: Mapping[str, Yield]) -> str:
    """Say in a sentence why nothing came out; empty if something did."""
    if not flux["used"]:
        return f"No muon can contribute: {reasons(flux['left_out'])}."
    if yields["fiducial"].value == 0.0:
        return "No boson decays in the decay volume: all decay long before or far behind it, or miss it."
    if yields["accepted"].value == 0.0:
        return "No decay fulfils all requirements of a selection."
    return ""
