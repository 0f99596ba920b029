"""The metadata of an events file as text: JSON with a digest of itself."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mcgen.errors import FileFormatError
from mcgen.metadata import Metadata
from mcgen.parsing import parse_json

METADATA = "mcgen"
"""Name of the metadata in every format that has names."""

DIGEST = "metadata_sha256"


def to_text(metadata: Metadata, more: Mapping[str, Any] | None = None) -> str:
    """Metadata as JSON, with a digest of itself.

    Parameters
    ----------
    more : what only this file's format adds
    """
    body = metadata.to_json() | dict(more or {})
    return json.dumps({**body, DIGEST: _digest(body)}, allow_nan=False)


def digest_of(metadata: Metadata) -> str:
    """Digest of metadata, as `to_text` adds it."""
    return _digest(metadata.to_json())


def _digest(body: Mapping[str, Any]) -> str:
    return hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()


def from_text(path: Path, text: str) -> Metadata:
    """Metadata from JSON.

    Parameters
    ----------
    path : file that it is from, for the message

    Raises
    ------
    FileFormatError
        If it is not the metadata of events of this version, or damaged.
    """
    try:
        body = parse_json(text)
    except ValueError as error:
        raise FileFormatError(f"{path}: the metadata {METADATA!r} is damaged: {error}") from error
    if not isinstance(body, dict):
        raise FileFormatError(f"{path}: the metadata {METADATA!r} is not that of mcgen events")
    digest = body.pop(DIGEST, None)
    if digest is not None and digest != _digest(body):
        raise FileFormatError(f"{path}: the metadata {METADATA!r} is damaged: it does not match its digest")
    try:
        return Metadata.from_json(body)
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from error
