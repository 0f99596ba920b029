"""Metadata to plain data and text and back, and what forged ones do: one error, whatever is wrong with them."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcgen.errors import FileFormatError
from mcgen.io.events.metadata import DIGEST, from_text, to_text
from mcgen.metadata import RECORD, Metadata, Outcome, Provenance, Yield
from tests.oracle.described import outcome, provenance

FILE = Path("events.root")
DIGESTS = {"event": 64 * "a", "weight": 64 * "b"}


def accepted_only() -> Provenance:
    return provenance(card=provenance().card.replace(run={"write": "accepted"}))


def reweighted() -> tuple[dict[str, Any], ...]:
    model = provenance().card.to_dict()["model"]
    return ({**model, "g_mu": 1e-4}, {**model, "g_mu": 2e-4})


def shares() -> dict[str, Any]:
    """One process of which only the accepted yield is known, and one channel."""
    accepted, fiducial = outcome().accepted, outcome().fiducial
    return {
        "by_process": {"meson_decay": {"accepted": accepted}},
        "by_channel": {"ee": {"fiducial": fiducial, "accepted": accepted}},
    }


KINDS: dict[str, Metadata] = {
    "in memory": Metadata(provenance(), outcome()),
    "in a file": Metadata(provenance(), outcome(digests=DIGESTS)),
    "a part": Metadata(provenance(part=(1, 3)), outcome()),
    "unweighted": Metadata(provenance(common_weight=0.25), outcome(overflow=0.01)),
    "reweighted": Metadata(provenance(reweighted_from=reweighted()), outcome()),
    "accepted only": Metadata(accepted_only(), outcome()),
    "accepted only, reweighted": Metadata(accepted_only(), outcome(fiducial=None, cut_flow=())),
    "nothing came out": Metadata(
        provenance(),
        outcome(events=0, accepted=Yield(0.0, 0.0, 0.0, 0.0), remark="No boson decays in the decay volume."),
    ),
    "all of it": Metadata(
        provenance(part=(0, 2), common_weight=1e-30, reweighted_from=reweighted()),
        outcome(overflow=0.0, digests=DIGESTS, remark="ζ 中 \ud800 \x07", **shares()),
    ),
}
kinds = pytest.mark.parametrize("metadata", KINDS.values(), ids=KINDS)


def valid() -> dict[str, Any]:
    """Plain data with all that there can be."""
    return copy.deepcopy(KINDS["all of it"].to_json())


# --- there and back


@kinds
def test_plain_data_there_and_back(metadata: Metadata) -> None:
    assert Metadata.from_json(metadata.to_json()) == metadata


@kinds
def test_text_there_and_back(metadata: Metadata) -> None:
    assert from_text(FILE, to_text(metadata)) == metadata
    assert from_text(FILE, to_text(metadata, {"more": {"of": "a format"}})) == metadata


def test_what_there_is_not_has_no_key() -> None:
    plain = KINDS["in memory"].to_json()
    assert not plain.keys() & {"part", "unweighted", "reweighted_from"}
    assert all("sha256" not in column for column in plain["columns"].values())
    assert set(KINDS["accepted only, reweighted"].to_json()["yield"]) == {
        "accepted",
        "by_process",
        "by_channel",
    }


def test_keys_and_values_of_the_contract() -> None:
    plain = KINDS["all of it"].to_json()
    assert (plain["program"], plain["record"]) == ("mcgen", 2)
    assert plain["part"] == [0, 2]
    assert plain["unweighted"] == {"weight": 1e-30, "overflow": 0.0}
    assert [model["g_mu"] for model in plain["reweighted_from"]] == [1e-4, 2e-4]
    assert plain["card"] == provenance().card.to_dict()
    assert plain["exposure"] == {"kind": "pot", "value": 1e18}
    assert [r["bit"] for r in plain["requirements"]] == [0, 1, 2]
    assert plain["columns"]["weight"] == {
        "unit": "",
        "dtype": "float64",
        "meaning": "expected number of events for the exposure",
        "sha256": 64 * "b",
    }
    assert list(plain["yield"]) == ["fiducial", "accepted", "by_process", "by_channel"]
    assert plain["yield"]["by_process"] == {"meson_decay": {"accepted": plain["yield"]["accepted"]}}
    assert plain["yield"]["by_channel"]["ee"]["fiducial"] == plain["yield"]["fiducial"]
    assert plain["yield"]["accepted"] == {
        "value": 1.5,
        "mc_error": 0.3,
        "flux_error": 0.4,
        "effective_size": 9.0,
        "total_error": 0.5,
    }
    assert plain["cut_flow"][0] == {"requirement": "decays in volume", "yield": 2.5}


def test_properties() -> None:
    assert [KINDS[name].provenance.accepted_only for name in ("in memory", "accepted only")] == [False, True]
    assert not provenance().is_collision
    assert list(outcome(fiducial=None).yields) == ["accepted"]


def test_yields_are_read_as_they_were_written() -> None:
    found = Metadata.from_json(valid()).outcome
    assert isinstance(found, Outcome)
    assert found.fiducial == Yield(2.5, 0.25, 0.1, 12.0)
    assert [step.value for step in found.cut_flow] == [2.5, 1.5]


# --- others' and damaged ones


def refused(data: Any) -> str:
    """Require that plain data, and the same as text, is refused in one message, which is returned."""
    with pytest.raises(FileFormatError) as caught:
        Metadata.from_json(data)
    with pytest.raises(FileFormatError) as told:
        from_text(FILE, json.dumps(data))
    assert str(told.value).startswith("events.root: ")
    return str(caught.value)


def test_events_of_the_first_version_are_refused() -> None:
    first = valid()
    del first["record"]
    assert refused(first) == (
        "the events are of record version 1, this program reads version 2: generate them again"
    )
    assert "of record version 3, this program reads version 2: generate them again" in refused(
        valid() | {"record": RECORD + 1}
    )
    assert "generate them again" in refused(valid() | {"record": "2"})


@pytest.mark.parametrize("data", [None, 3, "mcgen", [], {}, {"program": "other"}, {"record": 2}])
def test_what_is_no_metadata_of_ours(data: Any) -> None:
    assert "metadata" in refused(data)


def test_text_that_was_changed_does_not_match_its_digest() -> None:
    text = to_text(KINDS["in a file"])
    assert DIGEST in text
    changed = text.replace('"points": 100', '"points": 101')
    assert changed != text
    with pytest.raises(FileFormatError, match=r"events\.root: .*does not match its digest"):
        from_text(FILE, changed)
    body = json.loads(text)
    for order in (dict(reversed(body.items())), {k: v for k, v in body.items() if k != DIGEST}):
        assert from_text(FILE, json.dumps(order)) == KINDS["in a file"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "damaged"),
        ("no JSON", "damaged"),
        ('{"program": "mcgen"', "damaged"),
        ('{"points": NaN}', "damaged: it holds NaN"),
        ('{"points": 1e999}', "damaged: it holds 1e999"),
        (5000 * "[" + 5000 * "]", "levels deep"),
        (60 * '{"a":' + "1" + 60 * "}", "levels deep"),
        ("3" * 5000, "damaged"),
        ("[]", "not that of mcgen events"),
    ],
)
def test_text_that_is_none(text: str, said: str) -> None:
    with pytest.raises(FileFormatError, match=said) as caught:
        from_text(FILE, text)
    assert str(caught.value).startswith("events.root: ")


@pytest.mark.parametrize(
    "key",
    [
        *("version", "libraries", "machine", "card", "seed", "points", "chunks", "flux", "requirements"),
        *("columns", "proposal_sha256", "events", "yield", "cut_flow"),
    ],
)
def test_a_missing_key_is_named(key: str) -> None:
    data = valid()
    del data[key]
    assert key in refused(data)


@pytest.mark.parametrize("key", ["version", "card", "points", "flux", "requirements", "columns", "events"])
@pytest.mark.parametrize("value", [None, [[]], {"a": {"b": []}}])
def test_a_value_of_another_type_is_told(key: str, value: Any) -> None:
    assert "the metadata" in refused(valid() | {key: value})


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"card": "na62_leptophilic"}, "card"),  # a name, which would be looked up
        ({"card": "nowhere"}, "card"),
        ({"points": 1}, "points"),
        ({"points": 10**400}, "points"),
        ({"seed": -1}, "seed"),
        ({"chunks": 10**30}, "chunks"),
        ({"part": [0]}, "part"),
        ({"part": [0, 1, 2]}, "part"),
        ({"part": [2, 1]}, "part"),
        ({"part": [1, 4]}, "part"),
        ({"unweighted": {"overflow": 0.1}}, "weight"),
        ({"unweighted": {"weight": None, "overflow": 0.1}}, "weight"),
        ({"unweighted": []}, "the metadata"),
        ({"reweighted_from": [3]}, "reweighted_from"),
        ({"cut_flow": [{"requirement": "a"}]}, "yield"),
        ({"cut_flow": [{"requirement": "a", "yield": float("inf")}]}, "cut_flow"),
        ({"yield": {"fiducial": valid()["yield"]["fiducial"]}}, "accepted"),
        ({"yield": {"accepted": {"value": 1.0}}}, "accepted"),
    ],
)
def test_values_that_make_no_sense(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(FileFormatError, match=said):
        Metadata.from_json(valid() | changes)


def test_a_column_is_called_as_its_key() -> None:
    data = valid()
    data["columns"]["weight"]["name"] = "x"
    assert Metadata.from_json(data) == KINDS["all of it"]


def test_keys_that_are_not_known_are_left_alone() -> None:
    """A format adds some; what the record means is said by its version."""
    assert Metadata.from_json(valid() | {"fairship": {"z_reference_m": 1.6}}) == KINDS["all of it"]
    data = valid()
    data["card"]["flavour"] = {"number": 3}
    assert "flavour" in refused(data)


# --- mutants


def nodes(data: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths to all values in plain data, of columns of one kind to the first only."""
    inner: Any = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in inner:
        if path == ("columns",) and key not in DIGESTS:
            continue
        yield (*path, key)
        yield from nodes(value, (*path, key))


PATHS = list(nodes(valid()))
texts = st.text(st.characters(codec=None), max_size=5)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.sampled_from([0, -1, 2**63, 10**400]),
    st.floats(allow_nan=False, allow_infinity=False),  # JSON has no others
    texts,
)
junk = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(texts, st.sampled_from(["weight", "name", "card"])), inner, max_size=3),
    ),
    max_leaves=6,
)


@st.composite
def mutants(draw: st.DrawFn) -> Any:
    """Valid metadata with values taken away, replaced or added in some places."""
    data = valid()
    for path in draw(st.lists(st.sampled_from(PATHS), min_size=1, max_size=3)):
        owner: Any = data
        try:
            for key in path[:-1]:
                owner = owner[key]
            owner[path[-1]]
        except (KeyError, IndexError, TypeError):  # an earlier change has taken it away
            continue
        if isinstance(owner, str):
            continue
        match draw(st.sampled_from(["delete", "replace", "replace", "add", "swap"])):
            case "delete":
                del owner[path[-1]]
            case "replace":
                owner[path[-1]] = draw(junk)
            case "add" if isinstance(owner, dict):
                owner[draw(texts)] = draw(junk)
            case _:
                # What is right elsewhere, as somebody's other program might put it.
                other: Any = valid()
                for key in draw(st.sampled_from(PATHS)):
                    other = other[key]
                owner[path[-1]] = other
    return data


def metadata_or_message(make: Callable[[], Metadata]) -> Metadata | str:
    try:
        return make()
    except FileFormatError as error:
        return str(error)


@settings(max_examples=400, deadline=None)
@given(mutants())
def test_mutants_are_refused_or_are_metadata(data: Any) -> None:
    before = repr(data)
    found = metadata_or_message(lambda: Metadata.from_json(data))
    assert repr(data) == before, "what is read is not changed"
    if isinstance(found, Metadata):
        assert Metadata.from_json(found.to_json()) == found
        assert from_text(FILE, to_text(found)) == found


@settings(max_examples=200, deadline=None)
@given(mutants())
def test_mutants_as_text(data: Any) -> None:
    found = metadata_or_message(lambda: from_text(FILE, json.dumps(data)))
    if isinstance(found, Metadata):
        assert from_text(FILE, to_text(found)) == found
    else:
        assert found.startswith("events.root: ")


def test_many_mutants_are_refused() -> None:
    """Otherwise the mutants would test nothing: each value taken away or made nonsense, one at a time."""
    refusals = 0
    for path in PATHS:
        data = valid()
        owner: Any = data
        for key in path[:-1]:
            owner = owner[key]
        owner[path[-1]] = {"non": "sense"}
        try:
            Metadata.from_json(data)
        except FileFormatError:
            refusals += 1
    assert refusals > 0.8 * len(PATHS)
