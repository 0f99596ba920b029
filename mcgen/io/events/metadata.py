"""The metadata of an events file: JSON that says how the events came about."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcgen.errors import FileFormatError

METADATA = "mcgen"
"""Name of the metadata in every format that has names."""

DIGEST = "metadata_sha256"

_REQUIRED = frozenset(
    [
        "program",
        "version",
        "events",
        "points",
        "exposure",
        "yield",
        "cut_flow",
        "remark",
        "requirements",
        "columns",
        "card",
        "seed",
        "flux",
        "chunks",
        "proposal_sha256",
    ]
)


def to_text(metadata: Mapping[str, Any]) -> str:
    """Metadata as JSON, with a digest of itself."""
    body = {key: value for key, value in metadata.items() if key != DIGEST}
    return json.dumps({**body, DIGEST: _digest(body)})


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def from_text(path: Path, text: str) -> dict[str, Any]:
    """Metadata from JSON.

    Parameters
    ----------
    path : file that it is from, for the message

    Raises
    ------
    FileFormatError
        If it is not the metadata of events.
    """
    try:
        metadata = json.loads(text, parse_constant=_refuse)
    except ValueError as error:
        raise FileFormatError(f"{path}: the metadata {METADATA!r} is damaged: {error}") from error
    if not isinstance(metadata, dict) or not is_complete(metadata):
        raise FileFormatError(f"{path}: the metadata {METADATA!r} is not that of mcgen events")
    digest = metadata.pop(DIGEST, None)
    if digest is not None and digest != _digest(metadata):
        raise FileFormatError(f"{path}: the metadata {METADATA!r} is damaged: it does not match its digest")
    return metadata


def _refuse(constant: str) -> None:
    raise ValueError(f"it holds {constant}")


def is_complete(metadata: Mapping[str, Any]) -> bool:
    """Whether it has what that of mcgen events has."""
    if not metadata.keys() >= _REQUIRED:
        return False
    columns, card, points = (metadata[key] for key in ("columns", "card", "points"))
    described = isinstance(columns, dict) and all(isinstance(column, dict) for column in columns.values())
    return described and isinstance(card, dict) and isinstance(points, int)
