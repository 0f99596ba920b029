"""The metadata of events as plain data, and events with other metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from mcgen.events import Events
from mcgen.metadata import Metadata


def described(events: Events) -> dict[str, Any]:
    """Metadata of events as `mcgen inspect --json` prints it."""
    return Metadata(events.provenance, events.outcome).to_json()


def redescribed(events: Events, changes: Mapping[str, Any]) -> Events:
    """Return the events with some keys of their metadata changed."""
    return Events(events.columns, Metadata.from_json({**described(events), **changes}))
