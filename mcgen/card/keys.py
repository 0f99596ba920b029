"""All keys of a run card: what they mean, their units, defaults and allowed values.

Nothing is said here that the tables do not say: bounds and defaults are theirs, by pydantic's JSON Schema,
and what a key means is the string below its field.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from typing import Any, get_origin

from pydantic.fields import FieldInfo

from mcgen.card.card import Card
from mcgen.card.flux_tables import PlainColumn
from mcgen.card.messages import tables_in
from mcgen.errors import UsageError
from mcgen.fields import Table

REQUIRED = "required"
"""Default of a key that has to be given."""

OPTIONAL = "optional"
"""Default of a key that may be left out, and then is nothing, or what its meaning says."""

_UNIT = re.compile(r" \[((?:1/)?(?:GeV|m|T|rad|g)\b[^\]]*)\]")


@dataclass(frozen=True, slots=True)
class Key:
    """A key of a table."""

    name: str
    """As the card has it."""
    unit: str
    """Of its value; empty for what has none."""
    default: str
    """As TOML; or `REQUIRED`, or `OPTIONAL`."""
    allowed: str
    """Type of its value and bounds, in words."""
    meaning: str
    """A sentence or more, without the unit."""


@dataclass(frozen=True, slots=True)
class Section:
    """A table of the card; or what a table that has a kind has besides, if it is of that one."""

    name: str
    """Place in the card, as `--set` has it; empty for the card itself."""
    heading: str
    """As TOML, with the kind if it is that of one."""
    meaning: str
    """What the table is for."""
    keys: tuple[Key, ...]
    """Its keys, but for tables, which are sections of their own."""


@cache
def sections(card: type[Table] = Card) -> tuple[Section, ...]:
    """Return all tables of a card in its order, each before those inside it."""
    return tuple(_sections(card, "", "", "The card itself."))


def sections_of(name: str) -> tuple[Section, ...]:
    """Return a table and those inside it.

    Parameters
    ----------
    name : as of `Section`; that of an experiment's table may be without "experiment."

    Raises
    ------
    UsageError
        If there is no such table.
    """
    known = sections()
    for place in (name, f"experiment.{name}"):
        if found := tuple(s for s in known if s.name == place or s.name.startswith(f"{place}.")):
            return found
    names = ", ".join(dict.fromkeys(section.name for section in known if section.name))
    raise UsageError(f"cards have no table {name!r}; there are {names}")


def _sections(table: type[Table], place: str, heading: str, meaning: str) -> Iterator[Section]:
    within = {name: _own_tables(field) for name, field in table.model_fields.items()}
    yield Section(
        place, heading, meaning, _keys(table, [name for name, inner in within.items() if not inner])
    )
    schema, meanings = table.model_json_schema(), _meanings(table)
    for name, inner in within.items():
        below = f"{place}.{name}" if place else name
        is_array = get_origin(table.model_fields[name].annotation) is tuple
        inner_heading = f"[[{below}]]" if is_array else f"[{below}]"
        if len(inner) == 1:
            yield from _sections(inner[0], below, inner_heading, meanings[name])
        elif inner:
            union = schema["properties"][name]
            tag = union.get("items", union)["discriminator"]["propertyName"]
            yield from _kinds(inner, tag, below, inner_heading, meanings[name])


def _own_tables(field: FieldInfo) -> list[type[Table]]:
    """Tables that a key leads to; not those that a card writes in a line, as a value."""
    return [table for table in tables_in(field.annotation) if not issubclass(table, PlainColumn)]


def _kinds(
    tables: Sequence[type[Table]], tag: str, place: str, heading: str, meaning: str
) -> Iterator[Section]:
    """Yield what tables of several kinds have in common, and what each has besides; `tag` is the key that tells."""
    properties = [table.model_json_schema()["properties"] for table in tables]
    common = [n for n, schema in properties[0].items() if all(other.get(n) == schema for other in properties)]
    names = [own[tag]["const"] for own in properties]
    key = Key(tag, "", REQUIRED, _choice(names), _meanings(tables[0])[tag])
    yield Section(place, heading, meaning, (key, *_keys(tables[0], common)))
    for name, table, own in zip(names, tables, properties, strict=True):
        left = [n for n in own if n not in (*common, tag)]
        yield Section(place, f'{heading} with {tag} = "{name}"', _purpose(table), _keys(table, left))


def _keys(table: type[Table], names: Sequence[str]) -> tuple[Key, ...]:
    schema, meanings = table.model_json_schema(), _meanings(table)
    tables, required = schema.get("$defs", {}), schema.get("required", ())
    return tuple(
        _key(name, meanings[name], schema["properties"][name], tables, name in required) for name in names
    )


def _key(
    name: str, meaning: str, schema: Mapping[str, Any], tables: Mapping[str, Any], is_required: bool
) -> Key:
    unit = _UNIT.search(meaning)
    default = (
        REQUIRED
        if is_required
        else OPTIONAL
        if schema["default"] in (None, "", [])
        else toml(schema["default"])
    )
    return Key(
        name, unit[1] if unit else "", default, _allowed(schema, tables), _UNIT.sub("", meaning, count=1)
    )


def _allowed(schema: Mapping[str, Any], tables: Mapping[str, Any], s: str = "") -> str:
    """What a value has to be, in words; `s` makes it several, `tables` are those that the schema refers to."""
    match schema:
        case {"anyOf": [one, {"type": "null"}]}:
            return _allowed(one, tables)
        case {"anyOf": kinds}:
            return " or ".join(_allowed(kind, tables) for kind in kinds)
        case {"const": value}:
            return toml(value)
        case {"enum": values}:
            return _choice(values)
        case {"prefixItems": [item, *others]} if all(other == item for other in others):
            return f"list{s} of {1 + len(others)} {_allowed(item, tables, 's')}"
        case {"prefixItems": items}:
            return f"list{s} of {' and '.join(f'a {_allowed(item, tables)}' for item in items)}"
        case {"items": item}:
            return f"list{s} of {_allowed(item, tables, 's')}"
        case {"propertyNames": {"enum": names}, "additionalProperties": item}:
            return f"table of {_allowed(item, tables, 's')}, for {_choice(names)}"
        case {"$ref": reference}:
            return _allowed_in_a_line(tables[reference.rpartition("/")[2]]["properties"])
        case {"type": "boolean"}:
            return "true or false"
        case {"type": "string", "pattern": _}:
            return f"name{s} of letters, digits and _"
        case {"type": "string"}:
            return f"text{s}"
    return f"{schema['type']}{s} {_range(schema)}"


def _allowed_in_a_line(properties: Mapping[str, Any]) -> str:
    """What a name has to be that may stand with its unit in a table."""
    if "unit" not in properties:
        return "text"
    return f"text, or a table of `name` and `unit`: {_choice(properties['unit']['enum'])}"


def _range(schema: Mapping[str, Any]) -> str:
    match schema:
        case {"exclusiveMinimum": low, "maximum": high}:
            return f"above {toml(low)}, to {toml(high)}"
        case {"minimum": low, "exclusiveMaximum": high}:
            return f"from {toml(low)}, below {toml(high)}"
    return f"from {toml(schema['minimum'])} to {toml(schema['maximum'])}"


def _choice(values: Sequence[Any]) -> str:
    *first, last = map(toml, values)
    return f"{', '.join(first)} or {last}" if first else last


def toml(value: Any) -> str:
    """Write a value as TOML, numbers to six digits."""
    match value:
        case bool() | str():
            return json.dumps(value)
        case int():
            return f"{value:_}"
        case float():
            return re.sub(r"e\+?(-?)0*", r"e\1", f"{value:g}")
    return f"[{', '.join(map(toml, value))}]"


def _purpose(table: type[Table]) -> str:
    """Return the first paragraph of a table's docstring, in a line."""
    return _in_a_line((inspect.getdoc(table) or "").partition("\n\n")[0])


def _meanings(table: type[Table]) -> dict[str, str]:
    """Return what a table's keys mean: the strings below its fields, inherited ones too, or their descriptions."""
    found = {name: field.description or "" for name, field in table.model_fields.items()}
    for owner in reversed(table.__mro__):
        if issubclass(owner, Table):
            found |= _strings_below_fields(owner)
    return {name: _in_a_line(text) for name, text in found.items()}


def _strings_below_fields(owner: type[Table]) -> dict[str, str]:
    """Read them from the source: only the command that lists keys wants them, which need not slow others down."""
    try:
        source = inspect.getsource(owner)
    except OSError:  # a table that was made of a registry: its fields have descriptions
        return {}
    (definition,) = ast.parse(textwrap.dedent(source)).body
    assert isinstance(definition, ast.ClassDef)
    found = {}
    for statement, below in pairwise(definition.body):
        match statement, below:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                found[name] = text
    return found


def _in_a_line(text: str) -> str:
    return " ".join(text.split())
