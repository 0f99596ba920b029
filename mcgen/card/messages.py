"""The faults that pydantic finds, in a card's own words: key, value, what is allowed, a suggestion."""

from __future__ import annotations

import difflib
import functools
from collections.abc import Iterator, Sequence
from typing import Any, get_args

from mcgen.fields import Table

_LONGEST_VALUE = 60
"""Characters of a value that a message repeats."""


def sentence(error: Any, raw: Any, table: type[Table]) -> str:
    """Say one fault.

    Parameters
    ----------
    error
        One of `ValidationError.errors()`.
    raw
        The plain data that was checked.
    table
        What it was checked against; its keys are those that an unknown one may stand for.
    """
    place = [str(part) for part in place_of(error["loc"], raw)]
    key = ".".join(place) or "card"
    match error["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key{_correction(place, table)}"
        case "missing":
            return f"{key}: missing"
        case "union_tag_not_found":
            return f"{key}.shape: missing"
        case "union_tag_invalid":
            return f"{key}.shape = {error['ctx']['tag']!r}: must be one of {error['ctx']['expected_tags']}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{key}: must be a table"
    return f"{key} = {_shown(error['input'])}: {_allowed(error)}"


def _allowed(error: Any) -> str:
    """What a value has to be."""
    match error["type"]:
        case "greater_than_equal":
            positive = "greater than 0, " if error["input"] <= 0 < error["ctx"]["ge"] else ""
            return f"must be {positive}at least {_number(error['ctx']['ge'])}"
        case "less_than_equal":
            return f"must be at most {_number(error['ctx']['le'])}"
        case "string_unicode":
            return "must be text in UTF-8; if it is a path, rename the file or folder"
    message = str(error["msg"]).replace("Input should be", "must be").replace("Value error, ", "")
    return message[0].lower() + message[1:]


def _number(bound: float) -> str:
    return str(bound) if isinstance(bound, int) else f"{bound:g}"


def place_of(loc: Sequence[int | str], raw: Any) -> list[Any]:
    """Keys and indices of a fault; pydantic's also has the tags of unions, which are no keys."""
    place: list[Any] = []
    for i, part in enumerate(loc):
        is_tag = isinstance(raw, dict) and raw.get("shape") == part and i + 1 < len(loc)
        if not is_tag:
            place.append(part)
            try:
                raw = raw[part]
            except (LookupError, TypeError):
                raw = None
    return place


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _LONGEST_VALUE else text[: _LONGEST_VALUE - 3] + "..."


def _correction(place: list[str], table: type[Table]) -> str:
    """Suggest the key that an unknown one may stand for: in its own table, or another one's full name."""
    *parents, wrong = place
    own = [part for part in parents if not part.isdecimal()]
    siblings = {path[-1] for path in _key_paths(table) if list(path[:-1]) == own} - {wrong}
    close = difflib.get_close_matches(wrong, siblings, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    others = {path[-1]: ".".join(path) for path in _key_paths(table)}
    return "".join(
        f"; did you mean {others[name]!r}?"
        for name in difflib.get_close_matches(wrong, others, n=1, cutoff=0.8)
    )


@functools.cache
def _key_paths(table: type[Table]) -> tuple[tuple[str, ...], ...]:
    """All keys of a table and of the tables in it."""
    found: list[tuple[str, ...]] = []
    for name, field in table.model_fields.items():
        found.append((name,))
        for inner in tables_in(field.annotation):
            found += [(name, *path) for path in _key_paths(inner)]
    return tuple(found)


def tables_in(annotation: Any) -> Iterator[type[Table]]:
    """Tables that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
    for argument in get_args(annotation):
        yield from tables_in(argument)
