"""The list of keys: whole, and true to the tables it is made from."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from functools import cache
from typing import Annotated, Any

import pytest
from pydantic import Field, create_model

from mcgen.card import Card, shipped_cards
from mcgen.card.keys import OPTIONAL, REQUIRED, Key, Section, sections, sections_of
from mcgen.errors import UsageError
from mcgen.fields import Table
from tests.oracle.cards import done

UNITS = {
    "_gev_per_m": "GeV/m",
    "_per_gev": "1/GeV",
    "_gev": "GeV",
    "_g_cm3": "g/cm^3",
    "_g_cm2": "g/cm^2",
    "_rad": "rad",
    "_m": "m",
    "_t": "T",
}
"""Units by the ends of keys, longer ones first."""


def unit_by_name(key: str) -> str:
    return next((unit for end, unit in UNITS.items() if key.endswith(end)), "")


@cache
def listed() -> tuple[Section, ...]:
    return sections()


def found(table: str, name: str) -> Key:
    (key,) = {
        key for section in listed() if section.name == table for key in section.keys if key.name == name
    }
    return key


def places(data: Any, place: str) -> Iterator[str]:
    """Yield the dotted keys of a card's data that are no tables."""
    for name, value in data.items():
        below = f"{place}.{name}"
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, dict):
                yield from places(item, below)
            else:
                yield below.removeprefix(".")


def test_every_key_has_a_meaning_and_the_unit_of_its_name() -> None:
    for section in listed():
        assert section.meaning
        for key in section.keys:
            assert key.meaning[-1] in ".)", (section, key)
            assert "[GeV" not in key.meaning
            if named := unit_by_name(key.name):
                assert key.unit == named, (section.name, key)


def test_every_key_of_the_shipped_cards_is_listed() -> None:
    known = {f"{section.name}.{key.name}".removeprefix(".") for section in listed() for key in section.keys}
    for kind, prefix in (("run", ""), ("experiment", ".experiment")):
        for path in shipped_cards(kind).values():
            keys = set(places(tomllib.loads(path.read_text(encoding="utf-8")), prefix))
            assert keys
            assert keys <= known, path


def test_values_and_defaults_are_those_of_the_tables() -> None:
    assert found("production", "method").allowed == '"iww", "ww" or "exact"'
    assert found("production", "method").default == '"iww"'
    assert found("model", "mass_gev") == Key("mass_gev", "GeV", REQUIRED, "number from 0.0001 to 10", "Mass.")
    assert found("run", "seed").default == OPTIONAL
    assert found("beam", "energy_gev").allowed == "number above 0.105658, to 100000"
    assert found("experiment.plane", "shape").allowed == '"circle", "ellipse", "rectangle" or "octagon"'
    assert found("variations", "factors").allowed == (
        "list of lists of a number from 0 to 100000 and a number from 0 to 1000"
    )
    assert found("experiment.selection", "efficiency").meaning.startswith("Probability")


def test_a_key_that_a_table_gets_is_listed() -> None:
    class More(Card):
        """A card with one key more."""

        depth_m: Annotated[float, Field(ge=1.0, le=2e6)] = 3.0
        """How deep it is [m]."""

    assert sections(More)[0].keys[-1] == Key("depth_m", "m", "3", "number from 1 to 2e6", "How deep it is.")


def test_a_table_that_is_made_at_run_time_is_listed_by_its_descriptions() -> None:
    field = (float, Field(default=3.0, ge=1.0, le=2e6, description="How deep it is [m]."))
    made = create_model("MadeAtRunTime", __base__=Table, __module__=__name__, depth_m=field)
    assert sections(made)[0].keys == (Key("depth_m", "m", "3", "number from 1 to 2e6", "How deep it is."),)


def test_an_experiments_table_goes_by_its_short_name() -> None:
    assert sections_of("plane") == sections_of("experiment.plane")
    assert [section.name for section in sections_of("run")] == ["run", "run.vegas"]
    with pytest.raises(UsageError, match=r"no table 'plain'; there are model, .*experiment\.plane"):
        sections_of("plain")


def test_the_list_fits_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    printed = done("cards", "--keys").out.splitlines()
    assert max(map(len, printed)) <= 80
    assert "  mass_gev [GeV]: required; number from 0.0001 to 10" in printed
    assert '[[experiment.plane]] with shape = "octagon": Octagonal plane: a rectangle whose' in printed
    assert done("cards", "--keys", "run.vegas").out.startswith("[run.vegas]: Training")
