"""Mutants of valid cards and flux files: no traceback, no hang, no absurd number that passes unseen."""

from __future__ import annotations

import copy
import math
import random
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

import mcgen
from mcgen.card import shipped_cards
from tests.oracle.cards import muons, run, toml, write_csv
from tests.oracle.described import described
from tests.oracle.stats import seed_of

Random = random.Random

LIMIT_SECONDS = 60
"""Time after which a mutant hangs; a hundred times what one takes."""

NASTY: tuple[Any, ...] = (
    *(
        math.nan,
        math.inf,
        -math.inf,
        0,
        -1,
        1,
        0.0,
        -0.0,
        1e-300,
        1e300,
        -1e300,
        1e-5,
        1e5,
        2**63,
        -(2**63),
        10**30,
    ),
    *(
        True,
        False,
        "",
        " ",
        "x" * 5000,
        "\x00",
        "\u202e",
        "nan",
        "1e-3",
        "../../../etc/passwd",
        "builtin:na62_cu",
    ),
    *(
        [],
        [math.nan, 1.0],
        [1.0, 0.0],
        [0.0, 0.0],
        [1e300, 1e301],
        ["ee"],
        [[]],
        {},
        {"a": 1},
        {"name": "straw1"},
    ),
)


def leaves(table: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Paths of all values in nested tables and lists, tables themselves included."""
    if path:
        yield path
    items: list[tuple[Any, Any]] = []
    if isinstance(table, dict):
        items = list(table.items())
    elif isinstance(table, list):
        items = list(enumerate(table))
    for key, value in items:
        yield from leaves(value, (*path, key))


def mutate(rng: Random, table: dict[str, Any]) -> None:
    """Change one place of a table."""
    path = rng.choice(list(leaves(table)))
    parent: Any = table
    for key in path[:-1]:
        parent = parent[key]
    key = path[-1]
    match rng.choice(["nasty", "nasty", "nasty", "scale", "drop", "rename", "twice", "swap"]):
        case "nasty":
            parent[key] = copy.deepcopy(rng.choice(NASTY))
        case "scale" if isinstance(parent[key], int | float) and not isinstance(parent[key], bool):
            parent[key] = parent[key] * rng.choice([-1.0, 1e-6, 1e-3, 1e3, 1e6, 1e12])
        case "drop":
            del parent[key]
        case "rename" if isinstance(parent, dict):
            parent[f"{key}_"] = parent.pop(key)
        case "twice" if isinstance(parent, list):
            parent.append(copy.deepcopy(parent[key]))
        case "swap":
            other = rng.choice(list(leaves(table)))
            value: Any = table
            for step in other:
                value = value[step]
            parent[key] = copy.deepcopy(value)


@contextmanager
def time_limit() -> Iterator[None]:
    def hangs(*_: Any) -> None:
        raise TimeoutError("it hangs")

    before = signal.signal(signal.SIGALRM, hangs)
    signal.alarm(LIMIT_SECONDS)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def numbers(value: Any) -> Iterator[float]:
    match value:
        case dict():
            for item in value.values():
                yield from numbers(item)
        case list() | tuple():
            for item in value:
                yield from numbers(item)
        case bool():
            return
        case int() | float():
            yield float(value)


def survives(*arguments: str) -> bool:
    """Run a command on something hostile: it works, or says in one message why not."""
    with time_limit():
        outcome = run(*arguments)
    assert outcome.code in (0, 1, 2), outcome
    if outcome.code == 0:
        return True
    assert outcome.out == ""
    assert outcome.err.startswith("mcgen: "), outcome.err
    assert "Traceback" not in outcome.err
    return False


@pytest.mark.parametrize("count", [200, pytest.param(5000, marks=pytest.mark.nightly)])
def test_mutants_of_cards(folder: Path, count: int) -> None:
    rng = Random(seed_of("cards", count))  # no secret
    bases = [mcgen.load_card(name).to_dict() for name in shipped_cards()]
    accepted = 0
    for number in range(count):
        table = copy.deepcopy(rng.choice(bases))
        if "flux" in table:
            table["flux"]["file"] = "muons.csv"
        table["run"] |= {"events": 200, "chunk": 200, "vegas": {"pilot": 5000, "nitn": 1, "neval": 1000}}
        for _ in range(rng.choice([1, 1, 2, 3])):
            mutate(rng, table)
        Path("mutant.toml").write_text(
            "\n".join(f"{toml(key)} = {toml(value)}" for key, value in table.items()), encoding="utf-8"
        )
        if not survives("check", "mutant.toml"):
            continue
        accepted += 1
        card = mcgen.load_card("mutant.toml")
        assert all(math.isfinite(number) for number in numbers(card.to_dict()))
        small = (
            card.run.events * card.run.vegas.neval * max(card.run.vegas.nitn, 1) < 1e7
            and card.run.chunk < 1e5
        )
        if number % 10 == 0 and small and survives("-q", "generate", "mutant.toml"):
            found = described(mcgen.read(folder / "mutant.root"))
            assert all(math.isfinite(number) for number in numbers(found["yield"]))
    assert 0.02 * count < accepted < 0.9 * count, f"{accepted} of {count} mutants were accepted: a blunt test"


@pytest.mark.parametrize("count", [80, pytest.param(2000, marks=pytest.mark.nightly)])
def test_mutants_of_flux_files(count: int) -> None:
    rng = Random(seed_of("fluxes", count))  # no secret
    write_csv(Path("muons.csv"), muons())
    lines = Path("muons.csv").read_text(encoding="utf-8").splitlines()
    words = [
        "nan",
        "inf",
        "-1",
        "1e300",
        "",
        "x",
        "0",
        "1e-320",
        "\x00",
        '"',
        ",",
        "13.5",
        "1_000",
        "0x10",
        "é",
    ]
    accepted = 0
    for _ in range(count):
        rows = [line.split(",") for line in lines]
        for _ in range(rng.choice([1, 1, 3])):
            row = rng.randrange(len(rows))
            match rng.choice(["word", "word", "cut", "more", "swap", "drop"]):
                case "word":
                    rows[row][rng.randrange(len(rows[row]))] = rng.choice(words)
                case "cut":
                    rows[row] = rows[row][:-1] or [""]
                case "more":
                    rows[row].append(rng.choice(words))
                case "swap":
                    other = rng.randrange(len(rows))
                    rows[row], rows[other] = rows[other], rows[row]
                case "drop":
                    del rows[rng.randrange(len(rows)) :]
                    rows = rows or [[""]]
        Path("muons.csv").write_text("\n".join(",".join(row) for row in rows), encoding="utf-8")
        if survives("check", "tiny.toml"):
            accepted += 1
            text = run("check", "tiny.toml").out
            assert not re.search(r"\bnan\b", text)
    assert 0.02 * count < accepted < 0.9 * count, f"{accepted} of {count} mutants were accepted: a blunt test"


@pytest.mark.parametrize("count", [50, pytest.param(500, marks=pytest.mark.nightly)])
def test_damaged_events_files(sample: Path, count: int) -> None:
    """Cut or flipped anywhere: --verify tells, or nothing of the events has changed."""
    rng = Random(seed_of("damage", count))  # no secret
    content = sample.read_bytes()
    whole = mcgen.read(sample)
    told = 0
    for number in range(count):
        changed = bytearray(content)
        place = rng.randrange(len(content))
        if number % 2:
            del changed[place:]
        else:
            changed[place] ^= 1 << rng.randrange(8)
        Path("changed.root").write_bytes(changed)
        if not survives("inspect", "changed.root", "--verify"):
            told += 1
            continue
        assert not number % 2, "a file that is cut short is not whole"
        found = mcgen.read("changed.root")
        assert found.metadata == whole.metadata
        for name, values in whole.columns.items():
            assert values.tobytes() == found[name].tobytes(), name
    assert told > 0.6 * count, f"{told} of {count} were told: most bytes are data"
