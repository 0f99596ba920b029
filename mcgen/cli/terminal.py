"""What reaches the terminal: the text of cards, files and names with its control characters made visible.

Whatever the commands print goes through here, so that no title recolours a terminal and no value fills it.
"""

from __future__ import annotations

import io
import json
import sys
import unicodedata
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    import logging

LONGEST_LINE = 1000
"""Characters of a line of a message; what is longer is cut in the middle, for the end often says what to do."""

LONGEST_RESULT = 5000
"""Characters of a line of a result: room for the longest note of a card."""


def visible(text: str, longest: int = LONGEST_LINE) -> str:
    """Text as a terminal may have it: no control characters but ends of lines, no line longer than that."""
    return "\n".join(_cut(_escaped(line), longest) for line in text.split("\n"))


def _escaped(line: str) -> str:
    """Write what would steer the terminal, or cannot be written, as an escape of Python."""
    if line.isprintable():
        return line
    return "".join(c if _is_harmless(c) else c.encode("unicode_escape").decode() for c in line)


def _is_harmless(character: str) -> bool:
    return character.isprintable() or character == "\t" or unicodedata.category(character) == "Zs"


def _cut(line: str, longest: int) -> str:
    if len(line) <= longest:
        return line
    gap = f" ... [{len(line)} characters] ... "
    end = (longest - len(gap)) // 4
    return line[: longest - len(gap) - end] + gap + line[-end:]


def echo(text: object, err: bool = False) -> None:
    """Print lines, to stdout or stderr."""
    typer.echo(visible(str(text)), err=err)  # noqa: TID251  # the one place


def echo_json(data: Any) -> None:
    """Print plain data as JSON; whole, for its strings are escaped already."""
    typer.echo(json.dumps(data, indent=2, allow_nan=False))  # noqa: TID251


def take_any_letter() -> None:
    """Let letters that the terminal's encoding lacks be printed as escapes."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def log_to_stderr() -> None:
    """Show what the modules log."""
    import logging

    handler = logging.StreamHandler(sys.stderr)
    handler.addFilter(_made_visible)
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", handlers=[handler])


def _made_visible(record: logging.LogRecord) -> bool:
    record.msg, record.args = visible(record.getMessage()), ()
    return True
