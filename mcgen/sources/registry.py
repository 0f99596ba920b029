"""The sources that there are: cards, columns and documents take their names from here."""

from __future__ import annotations

from mcgen.sources.bremsstrahlung import Bremsstrahlung
from mcgen.sources.meson_decay import MesonDecay
from mcgen.sources.source import Source

SOURCES: dict[str, type[Source]] = {source.name: source for source in (Bremsstrahlung, MesonDecay)}
"""By their names in the card."""


def process_codes() -> dict[int, str]:
    """Return the names of the processes by their codes in the record."""
    return {source.code: source.name for source in SOURCES.values()}
