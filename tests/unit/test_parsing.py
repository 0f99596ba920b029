"""Text to plain data: what is too deep, or no number, is told."""

from __future__ import annotations

import pytest

from mcgen.parsing import DEEPEST, TooDeep, parse_json, parse_toml


@pytest.mark.parametrize("levels", [1, DEEPEST])
def test_what_is_nested_within_reason_is_parsed(levels: int) -> None:
    nested = "[" * levels + "1" + "]" * levels
    inner = parse_json(nested)
    for _ in range(levels):
        (inner,) = inner
    assert inner == 1
    assert parse_toml(f"a = {nested[1:-1]}")["a"] == parse_json(nested[1:-1])


@pytest.mark.parametrize("levels", [DEEPEST + 1, 300, 100_000])
@pytest.mark.parametrize("closed", [True, False])
def test_what_is_nested_deeper_is_refused(levels: int, closed: bool) -> None:
    nested = "[" * levels + ("1" + "]" * levels if closed else "")
    expected = TooDeep if closed else ValueError
    with pytest.raises(expected):
        parse_json(nested)
    with pytest.raises(expected):
        parse_toml(f"a = {nested}")


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity"])
def test_json_has_no_such_number(number: str) -> None:
    with pytest.raises(ValueError, match=f"it holds {number}"):
        parse_json(f'{{"a": {number}}}')
