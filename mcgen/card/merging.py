"""Tables over tables: the run card's over the experiment card's, and what `--set` changes over both.

All of it works on plain data, before anything is checked.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from mcgen.errors import UsageError
from mcgen.experiment.tables import KEYS_OF_SHAPES
from mcgen.experiment.target import KEYS_OF_BLOCK
from mcgen.parsing import DEEPEST, TooDeep, parse_toml

_BY_NAME = ("plane", "magnet")


def merged(base: Any, over: Any) -> Any:
    """Merge tables deeply, [[plane]] and [[magnet]] by name; anything else is replaced.

    Another shape drops the dimensions of the old one, layers of a target drop the block that it was.
    """
    if not isinstance(base, dict) or not isinstance(over, Mapping):
        return copy.deepcopy(over)
    result = copy.deepcopy(base)
    if "shape" in over and over["shape"] != base.get("shape"):
        for key in KEYS_OF_SHAPES:
            result.pop(key, None)
    if "layer" in over:
        for key in KEYS_OF_BLOCK:
            result.pop(key, None)
    for key, value in over.items():
        if key in _BY_NAME and isinstance(value, list) and isinstance(base.get(key), list):
            result[key] = _merged_by_name(base[key], value)
        else:
            result[key] = merged(result[key], value) if key in result else copy.deepcopy(value)
    return result


def _merged_by_name(base: list[Any], over: list[Any]) -> list[Any]:
    result = copy.deepcopy(base)
    names = [_name_of(item) for item in base]
    for item in over:
        name = _name_of(item)
        if name is not None and name in names:
            index = names.index(name)
            result[index] = merged(result[index], item)
        else:
            result.append(copy.deepcopy(item))
    return result


def _name_of(item: Any) -> Any:
    return item.get("name") if isinstance(item, dict) else None


def setting(text: str) -> tuple[list[str], Any]:
    """Split KEY=VALUE into the key's parts and the value: TOML, and what does not parse is a string.

    Raises
    ------
    UsageError
        If it is not of that form, or deeper than any card.
    """
    key, equals, value = text.partition("=")
    keys = [part.strip() for part in key.split(".")]
    if not equals or not all(keys):
        raise UsageError(f"--set {text}: expected KEY=VALUE with a key like model.mass_gev")
    if len(keys) > DEEPEST:
        raise UsageError(f"--set {text}: no key has {len(keys)} parts")
    try:
        parsed = parse_toml(f"value = {value}")
    except TooDeep as error:
        raise UsageError(f"--set {text}: {error}") from None
    except ValueError:
        return keys, value.strip()
    return keys, parsed["value"] if list(parsed) == ["value"] else value.strip()


def assign(raw: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set one key, in place; items of an array of tables go by their name or index.

    Raises
    ------
    UsageError
        If the key leads through what is not a table, or to an item that is not there.
    """
    place: Any = raw
    for depth, key in enumerate(keys[:-1]):
        if isinstance(place, list):
            place = place[_index(place, key, keys[:depth])]
        elif isinstance(place, dict):
            place = place.setdefault(key, {})
        if not isinstance(place, dict | list):
            raise UsageError(f"--set {'.'.join(keys)}: {'.'.join(keys[: depth + 1])} is not a table")
    if isinstance(place, list):
        index = _index(place, keys[-1], keys[:-1])
        place[index] = merged(place[index], value)
    else:
        # A table is merged as a card's would be; an array of tables, given whole, replaces the old one.
        change = {keys[-1]: value}
        result = {**place, **change} if isinstance(value, list) else merged(place, change)
        place.clear()
        place.update(result)


def _index(items: list[Any], key: str, path: list[str]) -> int:
    names = [_name_of(item) for item in items]
    if key in names:
        return names.index(key)
    if key.isdecimal() and int(key) < len(items):
        return int(key)
    known = ", ".join(str(name or i) for i, name in enumerate(names))
    raise UsageError(f"--set {'.'.join(path)}.{key}: no item of that name or index; there are {known}")
