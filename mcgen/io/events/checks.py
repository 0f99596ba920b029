"""Whether the columns of a file can be those of events: files come from anywhere, damaged or forged."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from mcgen.errors import FileFormatError
from mcgen.metadata import Provenance
from mcgen.physics.models import OUTCOMES
from mcgen.record.columns import Record, named_weights

MAX_WEIGHT = 1e120
"""Beyond all reason, and small enough that sums of squares are finite."""

MAX_SIZE = 1e9
"""Energies [GeV] and distances [m] beyond all reason, whose products are finite."""

_POINTS = frozenset(f"{point}_{axis}" for point in ("emission", "decay") for axis in "xyz")


def conforming(record: Record, provenance: Provenance, path: Path) -> Record:
    """Return a chunk of columns, if they are what the metadata says and what events can be.

    Raises
    ------
    FileFormatError
        If a column is missing, of another type, or has values that no event has.
    """
    for column in provenance.columns:
        if column.name not in record:
            raise FileFormatError(f"{path}: damaged: the column {column.name} is missing")
        if record[column.name].dtype != column.dtype:
            raise FileFormatError(
                f"{path}: damaged: the column {column.name} holds {record[column.name].dtype}, not {column.dtype}"
            )
    if "weight" not in record:
        raise FileFormatError(f"{path}: holds no mcgen events: there is no column weight")
    weight = record["weight"]
    for name in ("weight", *named_weights(record)):
        if not ((record[name] >= 0.0) & (record[name] <= MAX_WEIGHT)).all():
            raise FileFormatError(
                f"{path}: damaged: the column {name} holds values that are not between 0 and {MAX_WEIGHT:g}"
            )
    for column in provenance.columns:
        if column.unit == "GeV" or column.name in _POINTS:
            values = record[column.name]
            if (np.abs(values) > MAX_SIZE).any():  # what is not defined is NaN, and not larger
                raise FileFormatError(
                    f"{path}: damaged: the column {column.name} holds values beyond {MAX_SIZE:g} {column.unit}"
                )
    mass = provenance.card.model.mass_gev
    if "boson_e" in record and not (record["boson_e"] > mass).all():
        raise FileFormatError(
            f"{path}: damaged: the column boson_e holds values that are not above the boson's mass, {mass:g} GeV"
        )
    numbered = {
        "failed": range(len(provenance.requirements) + 1),
        "channel": range(len(OUTCOMES)),
        "parent_group": range(provenance.flux.groups),
        "layer": range(-1, len(provenance.card.experiment.target.layers)),
    }
    for name, allowed in numbered.items():
        values = record.get(name, weight[:0])
        if len(values) and not (values.min() >= allowed.start and values.max() < allowed.stop):
            raise FileFormatError(
                f"{path}: damaged: the column {name} holds values that are not in "
                f"{allowed.start} .. {allowed.stop - 1}"
            )
    return record
