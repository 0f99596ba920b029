"""`mcgen inspect`: what a file tells about itself, and whether it still is what was written."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

import mcgen
from tests.oracle.cards import done, refused, run
from tests.oracle.described import described, redescribed

KEYS = {
    "events",
    "points",
    "exposure",
    "yield",
    "cut_flow",
    "requirements",
    "columns",
    "card",
    "seed",
    "version",
    "flux",
    "chunks",
    "proposal_sha256",
}
"""Keys of the contract; there may be more."""


@pytest.fixture(scope="module")
def printed(sample: Path) -> dict[str, Any]:
    outcome = done("inspect", sample, "--json")
    assert outcome.err == ""
    found: dict[str, Any] = json.loads(outcome.out)
    return found


def numbers(value: Any) -> Iterator[float]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for item in value:
            yield from numbers(item)
    elif isinstance(value, int | float):
        yield value


def test_json_has_the_keys_of_the_contract(printed: dict[str, Any]) -> None:
    assert printed.keys() >= KEYS
    assert printed["exposure"] == {"kind": "pot", "value": 1e18}
    for kind in ("fiducial", "accepted"):
        assert printed["yield"][kind].keys() >= {"value", "mc_error", "flux_error", "effective_size"}
    assert all(entry.keys() >= {"requirement", "yield"} for entry in printed["cut_flow"])
    assert all(entry.keys() >= {"code", "bit", "name", "selection"} for entry in printed["requirements"])
    assert all(
        column.keys() >= {"unit", "dtype", "meaning", "sha256"} for column in printed["columns"].values()
    )
    assert printed["flux"].keys() >= {"file", "sha256", "muons", "used", "left_out"}


def test_json_has_finite_numbers_only(printed: dict[str, Any]) -> None:
    assert all(math.isfinite(number) for number in numbers(printed))
    assert len(list(numbers(printed))) > 50


def test_json_agrees_with_itself_and_the_events(printed: dict[str, Any], sample: Path) -> None:
    events = mcgen.read(sample)
    assert printed["events"] == len(events) == 500
    assert (printed["points"], printed["chunks"], printed["seed"]) == (500, 3, 1)
    assert printed["version"] == mcgen.__version__
    fiducial, accepted = printed["yield"]["fiducial"], printed["yield"]["accepted"]
    assert fiducial["value"] == pytest.approx(events.weight.sum(), rel=1e-12, abs=0.0)
    assert accepted["value"] == pytest.approx(events.weight[events.accepted].sum(), rel=1e-12, abs=0.0)
    for found, weight in ((fiducial, events.weight), (accepted, events.weight * events.accepted)):
        total, square, n = weight.sum(), (weight**2).sum(), printed["points"]
        assert found["effective_size"] == pytest.approx(total**2 / square, rel=1e-12, abs=0.0)
        assert found["mc_error"] == pytest.approx(
            math.sqrt((n * square - total**2) / (n - 1)), rel=1e-9, abs=0.0
        )
        rows = np.bincount(events.parent_row, weights=weight)
        pairs = (rows**2).sum() - square
        assert found["flux_error"] == pytest.approx(
            math.sqrt(max(n / (n - 1) * pairs, 0.0)), rel=1e-9, abs=0.0
        )
    flow = [entry["yield"] for entry in printed["cut_flow"]]
    assert flow == sorted(flow, reverse=True)
    assert flow[0] == pytest.approx(fiducial["value"], rel=1e-12, abs=0.0)
    assert flow[-1] == pytest.approx(accepted["value"], rel=1e-12, abs=0.0)
    assert 0.0 < accepted["value"] < fiducial["value"]
    assert len(flow) == len(printed["requirements"]) + 1
    assert list(printed["columns"]) == list(events.columns)


def test_json_carries_a_card_that_loads(printed: dict[str, Any], sample: Path) -> None:
    card = mcgen.load_card(printed["card"])
    assert card == mcgen.load_card(sample.with_name("tiny.toml"))


def test_the_report_names_what_the_file_holds(printed: dict[str, Any], sample: Path) -> None:
    report = done("inspect", sample).out
    for text in ("Tiny", "muons.csv", "leptophilic", "seed 1", f"mcgen {mcgen.__version__}", "500 events"):
        assert text in report
    for column in printed["columns"]:
        assert column in report
    for entry in printed["cut_flow"]:
        assert entry["requirement"] in report


def test_a_title_is_printed_as_it_is(sample: Path, folder: Path) -> None:
    events = mcgen.read(sample)
    card = {**events.provenance.card.to_dict(), "title": "a [/b] [red]c"}
    mcgen.write(redescribed(events, {"card": card}), "out.root")
    assert "a [/b] [red]c" in done("inspect", "out.root").out
    (folder / "tiny.toml").write_text(
        (folder / "tiny.toml").read_text(encoding="utf-8").replace('"Tiny"', '"a [/b] [red]c"'),
        encoding="utf-8",
    )
    assert "a [/b] [red]c" in done("check", "tiny.toml").out


# --- damage


def test_verify_of_a_sound_file(sample: Path) -> None:
    assert "as they were written" in done("inspect", sample, "--verify").err
    assert json.loads(done("inspect", sample, "--verify", "--json").out)["events"] == 500


@pytest.mark.parametrize("column", ["weight", "accepted", "d2_lkr_y"])
def test_verify_names_a_changed_column(sample: Path, column: str) -> None:
    events = mcgen.read(sample)
    with uproot.open(sample) as file:
        metadata = str(file["mcgen"])
    values = events.columns[column].copy()
    values[17] = ~values[17] if values.dtype == bool else values[17] + 1
    with uproot.recreate("changed.root") as file:
        file.mktree("events", {name: array.dtype for name, array in events.columns.items()})
        file["events"].extend(events.columns | {column: values})
        file["mcgen"] = metadata
    done("inspect", "changed.root")
    message = refused("inspect", "changed.root", "--verify", code=1)
    assert "changed.root" in message
    assert f"columns {column} " in message


@pytest.mark.parametrize("change", ["less", "more", "swapped"])
def test_verify_names_columns_that_are_not_those_written(sample: Path, change: str) -> None:
    events = mcgen.read(sample)
    columns = dict(events.columns)
    match change:
        case "less":
            del columns["x"]
        case "more":
            columns["extra"] = columns["x"]
        case "swapped":
            columns["x"], columns["p_decay"] = columns["p_decay"], columns["x"]
    with uproot.recreate("changed.root") as file:
        file["events"] = columns
        file["mcgen"] = json.dumps(described(events))
    message = refused("inspect", "changed.root", "--verify", code=1)
    said = {
        "less": "the column x is missing",
        "more": "columns extra are",
        "swapped": "columns p_decay, x are",
    }
    assert f"changed.root: damaged: {said[change]}" in message


def test_verify_sees_missing_rows(sample: Path) -> None:
    events = mcgen.read(sample)
    with uproot.recreate("changed.root") as file:
        file["events"] = {name: values[:-1] for name, values in events.columns.items()}
        file["mcgen"] = json.dumps(described(events))
    assert "damaged" in refused("inspect", "changed.root", "--verify", code=1)


@pytest.mark.parametrize("column", ["decay_z", "channel"])
def test_verify_sees_every_flipped_bit_of_the_data(sample: Path, column: str) -> None:
    """Whether the flip makes other numbers of the data or makes them unreadable, which takes both kinds."""
    with uproot.open(sample) as file:
        key = file["events"][column].basket_key(0)
        first, last = key.fSeekKey + key.fKeylen, key.fSeekKey + key.fNbytes
    content = sample.read_bytes()
    messages = []
    for place in np.linspace(first, last - 1, 8).astype(int):
        changed = bytearray(content)
        changed[place] ^= 4
        Path("changed.root").write_bytes(changed)
        messages.append(refused("inspect", "changed.root", "--verify", code=1))
    assert all("damaged" in message for message in messages)


@pytest.mark.parametrize("option", ["--verify", "--json", ""])
def test_any_flipped_byte_is_told_in_one_message(sample: Path, option: str) -> None:
    content = sample.read_bytes()
    rng = np.random.default_rng(len(option))
    codes = []
    for place in rng.integers(0, len(content), 8):
        changed = bytearray(content)
        changed[place] ^= 1 << rng.integers(0, 8)
        Path("changed.root").write_bytes(changed)
        outcome = run("inspect", "changed.root", *option.split())
        codes.append(outcome.code)
        assert outcome.code == 0 or outcome.err.startswith("mcgen: changed.root: "), outcome
    assert set(codes) <= {0, 1, 2}
    assert option != "--verify" or codes.count(1) > 1, "most bytes are data"


@pytest.mark.parametrize("share", [0.0, 0.001, 0.5, 0.99])
@pytest.mark.parametrize("option", [["--verify"], ["--json"], []])
def test_a_truncated_file(sample: Path, share: float, option: list[str]) -> None:
    content = sample.read_bytes()
    Path("short.root").write_bytes(content[: int(share * len(content))])
    code = run("inspect", "short.root", *option).code
    assert code in (1, 2)
    assert "short.root" in refused("inspect", "short.root", *option, code=code)


METADATA = [
    "{}",
    "[]",
    "no JSON",
    '{"columns": 3}',
    '{"columns": {"weight": {}}}',
    '{"events": NaN}',
    '{"card": {}, "flux": {}, "yield": {}, "columns": {}}',
    '{"program": "mcgen"}',
    '{"program": "mcgen", "columns": {"weight": {}}}',
    "[" * 3000,
]


@pytest.mark.parametrize("metadata", METADATA)
@pytest.mark.parametrize("option", [["--verify"], ["--json"], []])
def test_metadata_that_is_none(metadata: str, option: list[str]) -> None:
    with uproot.recreate("other.root") as file:
        file["events"] = {"weight": np.ones(3)}
        file["mcgen"] = metadata
    code = run("inspect", "other.root", *option).code
    assert code in (1, 2)
    assert "other.root" in refused("inspect", "other.root", *option, code=code)


def test_a_root_file_of_something_else() -> None:
    with uproot.recreate("other.root") as file:
        file["events"] = {"weight": np.ones(3)}
    assert "holds no mcgen events" in refused("inspect", "other.root")


@pytest.mark.parametrize("file", ["nowhere.root", ".", "tiny.toml", "x" * 300])
def test_no_events_file(file: str) -> None:
    assert file in refused("inspect", file)


def test_inspect_changes_nothing(sample: Path) -> None:
    copy = Path("copy.root")
    shutil.copy(sample, copy)
    before = copy.read_bytes()
    done("inspect", copy, "--verify")
    assert copy.read_bytes() == before
