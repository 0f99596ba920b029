"""Text of others to plain data: TOML and JSON, none of it deeper than any of ours."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable, Mapping
from math import isinf
from typing import Any, NoReturn

DEEPEST = 50
"""Tables and lists in one another; cards have 6, metadata 8, and Python itself gives up near 300."""


class TooDeep(ValueError):
    """Tables and lists that are nested deeper than any of ours."""

    def __init__(self) -> None:
        super().__init__(f"tables and lists in one another, more than {DEEPEST} levels deep")


def parse_toml(text: str) -> dict[str, Any]:
    """Parse TOML; a ValueError, perhaps `TooDeep`, says what is wrong with it."""
    data: dict[str, Any] = _parsed(tomllib.loads, text)
    return data


def parse_json(text: str) -> Any:
    """Parse JSON without NaN and infinities; a ValueError, perhaps `TooDeep`, says what is wrong with it."""
    return _parsed(_loads, text)


def check_depth(data: Any) -> None:
    """Raise `TooDeep` if tables and lists are nested more than `DEEPEST` levels deep."""
    level = [data]
    for _ in range(DEEPEST + 1):
        level = [inner for outer in level for inner in _items(outer)]
        if not level:
            return
    raise TooDeep


def _items(value: Any) -> list[Any]:
    if isinstance(value, Mapping):
        return list(value.values())
    return list(value) if isinstance(value, list | tuple) else []


def _parsed(parser: Callable[[str], Any], text: str) -> Any:
    try:
        data = parser(text)
    except RecursionError:
        raise TooDeep from None
    check_depth(data)
    return data


def _loads(text: str) -> Any:
    return json.loads(text, parse_constant=_refuse, parse_float=_finite)


def _finite(digits: str) -> float:
    number = float(digits)
    if isinf(number):
        _refuse(digits)
    return number


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"it holds {constant}")
