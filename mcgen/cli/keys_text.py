"""The keys of cards as text for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable

from mcgen.card.keys import OPTIONAL, REQUIRED, Key, Section
from mcgen.cli.text import Results


def print_keys(sections: Iterable[Section]) -> None:
    """Print tables of a card with their keys: a line of what a value may be, then what it means."""
    console = Results()
    for section in sections:
        title = f"{section.heading}: {section.meaning}" if section.heading else section.meaning
        console.print(_filled(title, console.width, "", "    "), style="bold")
        for key in section.keys:
            console.print(_filled(_value(key), console.width, "  ", "      "))
            console.print(_filled(key.meaning, console.width, "      ", "      "))
        console.print()


def _value(key: Key) -> str:
    """Name, unit, default and allowed values."""
    unit = f" [{key.unit}]" if key.unit else ""
    default = key.default if key.default in (REQUIRED, OPTIONAL) else f"default {key.default}"
    return f"{key.name}{unit}: {default}; {key.allowed}"


def _filled(text: str, width: int, first: str, others: str) -> str:
    return textwrap.fill(text, width, initial_indent=first, subsequent_indent=others, break_on_hyphens=False)
