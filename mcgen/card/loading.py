"""From a file, a name or plain data to a checked card.

The experiment card is merged under the run card's [experiment], and what the command line sets over
both. All faults are reported at once.
"""

from __future__ import annotations

import copy
import difflib
import functools
import operator
import os
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from importlib import resources
from pathlib import Path
from typing import Any, get_args

from pydantic import TypeAdapter, ValidationError

from mcgen.card.checks import faults_of
from mcgen.card.run_tables import Card, FluxTable
from mcgen.errors import CardError, UsageError
from mcgen.experiment.tables import KEYS_OF_SHAPES
from mcgen.fields import Table

_BY_NAME = ("plane", "magnet")


def cards_folder() -> Path:
    """Folder of the shipped cards: inside an installed package, beside it in a source tree."""
    package = Path(str(resources.files("mcgen")))
    inside = package / "cards"
    return inside if inside.is_dir() else package.parent / "cards"


def shipped_cards(kind: str = "run") -> dict[str, Path]:
    """Names and files of the shipped cards; `kind` is "run" or "experiment"."""
    folder = cards_folder() if kind == "run" else cards_folder() / "experiments"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def shipped_card(name: str) -> Path:
    """File of a shipped card, run or experiment; a `UsageError` if there is none of that name."""
    shipped = shipped_cards("run") | shipped_cards("experiment")
    if name not in shipped:
        known = f"{_did_you_mean(name, shipped)}; there are {', '.join(shipped)}"
        raise UsageError(f"{name}: no shipped card of that name{known}")
    return shipped[name]


def find_card(name: str | Path, kind: str = "run", relative_to: Path | None = None) -> Path:
    """File of a card: a path if there is one, else a shipped card of that name.

    Raises
    ------
    UsageError
        If there is neither; the message names the closest shipped card.
    """
    path = Path(relative_to or Path(), name)
    if os.path.isfile(path):
        return path
    shipped = shipped_cards(kind)
    if str(name) in shipped:
        return shipped[str(name)]
    if kind == "run" and str(name) in shipped_cards("experiment"):
        raise UsageError(
            f'{name}: an experiment card; a run card names it as card = "{name}" in [experiment]'
        )
    what = "card" if kind == "run" else "experiment card"
    raise UsageError(
        f"{name}: no such {what}, neither as a file nor among the shipped ones"
        f"{_did_you_mean(Path(name).stem, shipped)}; shipped: {', '.join(shipped) or 'none'}"
    )


def load_card(source: str | Path | Mapping[str, Any], settings: Sequence[str] = ()) -> Card:
    """Load and check a run card.

    Parameters
    ----------
    source
        A path, the name of a shipped card, or the plain data of a card (`Card.to_dict`).
    settings
        Changes as KEY=VALUE, as `--set` of the command line takes them; the value is TOML, and
        what does not parse is a string. Relative paths are relative to the working directory.

    Raises
    ------
    CardError
        With all faults of the card.
    UsageError
        If there is no such card.
    """
    changes = [_setting(text) for text in settings]
    if isinstance(source, Mapping):
        raw = copy.deepcopy(dict(source))
    else:
        path = find_card(source)
        raw = _read(path)
        for keys, value in changes:
            if keys == ["experiment", "card"]:
                here = os.path.abspath(str(value))
                card = here if os.path.isfile(here) else value
                raw["experiment"] = {**_as_table(raw.get("experiment")), "card": card}
        _locate_flux(raw, path.parent)
        if "experiment" in raw:
            raw["experiment"] = _resolved_experiment(raw["experiment"], path)
    for keys, value in changes:
        if keys != ["experiment", "card"]:
            _assign(raw, keys, value)
    _locate_flux(raw, Path.cwd())
    return _checked(raw, "card" if isinstance(source, Mapping) else str(source))


def replace(card: Card, changes: Mapping[str, Any]) -> Card:
    """Merge changes into a card, check the result (see `Card.replace`)."""
    raw = card.model_dump(mode="json", exclude_unset=True)
    experiment = changes.get("experiment", {})
    if isinstance(experiment, Mapping) and "card" in experiment:
        raw["experiment"] = {}
        changes = {**changes, "experiment": _resolved_experiment(dict(experiment), Path("card"))}
    return _checked(_merged(raw, changes), "card")


def flux_table(flux: Mapping[str, Any]) -> FluxTable:
    """Check a card's [flux] table alone.

    Raises
    ------
    CardError
        With all its faults.
    """
    raw = {"flux": dict(flux)}
    try:
        table = FluxTable.model_validate(raw["flux"])
    except ValidationError as error:
        items = [{**item, "loc": ("flux", *item["loc"])} for item in error.errors()]
        raise CardError(str(flux["file"]), [_sentence(item, raw) for item in items]) from None
    if faults := list(faults_of({"flux": table})):
        raise CardError(table.file, faults)
    return table


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise CardError(str(path), [f"not valid TOML: {error}"]) from error
    except UnicodeDecodeError as error:
        raise CardError(str(path), ["not a text file in UTF-8"]) from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _as_table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _resolved_experiment(table: Any, run_card: Path) -> Any:
    """Put the experiment card under the run card's own [experiment] table."""
    if not isinstance(table, dict) or not isinstance(table.get("card"), str):
        return table  # a whole experiment in the run card, or a fault that the schema reports
    found = find_card(table["card"], "experiment", relative_to=run_card.parent)
    return _merged(_read(found), table)


def _locate_flux(raw: dict[str, Any], folder: Path) -> None:
    """Make a relative path of the flux file absolute."""
    file = _as_table(raw.get("flux")).get("file")
    if isinstance(file, str) and file and not file.startswith("builtin:"):
        raw["flux"]["file"] = os.path.abspath(os.path.join(folder, os.path.expanduser(file)))


def _merged(base: Any, over: Any) -> Any:
    """Merge tables deeply, [[plane]] and [[magnet]] by name; anything else is replaced."""
    if not isinstance(base, dict) or not isinstance(over, Mapping):
        return copy.deepcopy(over)
    result = copy.deepcopy(base)
    if "shape" in over and over["shape"] != base.get("shape"):
        for key in KEYS_OF_SHAPES:
            result.pop(key, None)
    for key, value in over.items():
        if key in _BY_NAME and isinstance(value, list) and isinstance(base.get(key), list):
            result[key] = _merged_by_name(base[key], value)
        else:
            result[key] = _merged(result[key], value) if key in result else copy.deepcopy(value)
    return result


def _merged_by_name(base: list[Any], over: list[Any]) -> list[Any]:
    result = copy.deepcopy(base)
    names = [item.get("name") if isinstance(item, dict) else None for item in base]
    for item in over:
        name = item.get("name") if isinstance(item, dict) else None
        place = names.index(name) if name is not None and name in names else None
        if place is None:
            result.append(copy.deepcopy(item))
        else:
            result[place] = _merged(result[place], item)
    return result


def _setting(text: str) -> tuple[list[str], Any]:
    """Split KEY=VALUE; the value is TOML, and what does not parse is a string."""
    key, equals, value = text.partition("=")
    keys = [part.strip() for part in key.split(".")]
    if not equals or not all(keys):
        raise UsageError(f"--set {text}: expected KEY=VALUE with a key like model.mass_gev")
    try:
        parsed = tomllib.loads(f"value = {value}")
    except tomllib.TOMLDecodeError:
        return keys, value.strip()
    return keys, parsed["value"] if list(parsed) == ["value"] else value.strip()


def _assign(raw: dict[str, Any], keys: list[str], value: Any) -> None:
    """Set one key; items of an array of tables go by their name or index."""
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
        place[index] = _merged(place[index], value)
    else:
        # A table is merged as a card's would be; an array of tables, given whole, replaces the old one.
        change = {keys[-1]: value}
        merged = {**place, **change} if isinstance(value, list) else _merged(place, change)
        place.clear()
        place.update(merged)


def _index(items: list[Any], key: str, path: list[str]) -> int:
    names = [item.get("name") if isinstance(item, dict) else None for item in items]
    if key in names:
        return names.index(key)
    if key.isdecimal() and int(key) < len(items):
        return int(key)
    known = ", ".join(str(name or i) for i, name in enumerate(names))
    raise UsageError(f"--set {'.'.join(path)}.{key}: no item of that name or index; there are {known}")


def _checked(raw: Any, source: str) -> Card:
    """Validate the whole card, and raise one error with all faults."""
    try:
        card = Card.model_validate(raw)
    except ValidationError as error:
        faults = [_sentence(item, raw) for item in error.errors()]
        faults += faults_of(dict(_parsed_tables(raw)))
        raise CardError(source, faults) from None
    faults = list(faults_of({name: getattr(card, name) for name in Card.model_fields}))
    if faults:
        raise CardError(source, faults)
    return card


def _parsed_tables(raw: Any) -> Iterator[tuple[str, Any]]:
    """Yield those tables of a faulty card that are valid, can be mended, or are absent."""
    for name, field in Card.model_fields.items():
        if name in _as_table(raw):
            adapter: TypeAdapter[Any] = TypeAdapter(field.annotation or Any)
            table = copy.deepcopy(raw[name])
            try:
                yield name, adapter.validate_python(table)
            except ValidationError as error:
                try:
                    yield name, adapter.validate_python(_mended(table, error))
                except ValidationError:
                    continue
        elif not field.is_required():
            yield name, field.default


def _mended(table: Any, error: ValidationError) -> Any:
    """Take unknown keys out of a table and turn reversed intervals round, so that the rest can be checked."""
    for item in error.errors():
        *place, last = _place(item["loc"], table) or [None]
        if item["type"] == "extra_forbidden":
            functools.reduce(operator.getitem, place, table).pop(last, None)
        elif item["type"] == "value_error":
            low, high = sorted(item["input"])
            functools.reduce(operator.getitem, place, table)[last] = [low, high if high > low else low + 1.0]
    return table


def _place(loc: Sequence[int | str], raw: Any) -> list[Any]:
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


def _sentence(error: Any, raw: Any) -> str:
    """Say a fault in the card's own words: key, value, what is allowed."""
    place = [str(part) for part in _place(error["loc"], raw)]
    key = ".".join(place) or "card"
    message = str(error["msg"]).replace("Input should be", "must be").replace("Value error, ", "")
    match error["type"]:
        case "extra_forbidden":
            return f"{key}: unknown key{_correction(place)}"
        case "missing":
            return f"{key}: missing"
        case "union_tag_not_found":
            return f"{key}.shape: missing"
        case "union_tag_invalid":
            return f"{key}.shape = {error['ctx']['tag']!r}: must be one of {error['ctx']['expected_tags']}"
        case "model_type" | "model_attributes_type" | "dict_type":
            return f"{key}: must be a table"
    return f"{key} = {_shown(error['input'])}: {message[0].lower()}{message[1:]}"


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _correction(place: list[str]) -> str:
    """Suggest the key that an unknown one may stand for: in its own table, or another one's full name."""
    *parents, wrong = place
    table = [part for part in parents if not part.isdecimal()]
    siblings = {path[-1] for path in _key_paths(Card) if list(path[:-1]) == table} - {wrong}
    close = difflib.get_close_matches(wrong, siblings, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    others = {path[-1]: ".".join(path) for path in _key_paths(Card)}
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
        for inner in _tables_in(field.annotation):
            found += [(name, *path) for path in _key_paths(inner)]
    return tuple(found)


def _tables_in(annotation: Any) -> Iterator[type[Table]]:
    """Tables that an annotation mentions."""
    if isinstance(annotation, type) and issubclass(annotation, Table):
        yield annotation
    for argument in get_args(annotation):
        yield from _tables_in(argument)


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
