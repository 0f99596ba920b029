"""A run card small enough for a test to run it in a fraction of a second, and the command line to run it with."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.main import get_command

from mcgen.cli.commands import app
from mcgen.record.columns import AnyArray
from mcgen.types import Array

COMMAND: Any = get_command(app)

COLUMNS = ("pdg", "x", "y", "z", "px", "py", "pz", "w")
"""Columns of the native flux format."""

CARD = """\
title = "Tiny"

[model]
name = "leptophilic"
particle = "scalar"
mass_gev = 0.05
g_mu = 1e-4

[flux]
file = "muons.csv"

[experiment]
card = "na62"

[run]
events = 500
seed = 1
chunk = 200

[run.vegas]
pilot = 5000
nitn = 1
neval = 1000
"""
"""Three chunks, the last one cut short; both ee and gamma gamma are open."""


def muons(count: int = 150) -> dict[str, Array]:
    """Muons in the NA62 dump, close enough to the axis for some of their bosons to be seen."""
    rng = np.random.default_rng(20)
    return {
        "pdg": rng.choice([13.0, -13.0], count),
        "x": rng.normal(0.0, 0.01, count),
        "y": rng.normal(0.0, 0.01, count),
        "z": rng.uniform(0.0, 2.0, count),
        "px": rng.normal(0.0, 0.1, count),
        "py": rng.normal(0.0, 0.1, count),
        "pz": rng.uniform(20.0, 150.0, count),
        "w": rng.uniform(0.5e-5, 1.5e-5, count),
    }


def write_csv(path: Path, columns: Mapping[str, Sequence[float] | Array]) -> None:
    """Write columns as a CSV flux file, losing no digit."""
    rows = np.column_stack([np.asarray(values, dtype=float) for values in columns.values()])
    lines = [",".join(columns), *(",".join(repr(float(value)) for value in row) for row in rows)]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")


def write_tiny_card(folder: Path, name: str = "tiny.toml") -> Path:
    """Write the tiny card and its flux into a folder."""
    write_csv(folder / "muons.csv", muons())
    card = folder / name
    card.write_text(CARD, encoding="utf-8")
    return card


def toml(value: Any) -> str:
    """Write plain data as a TOML value, tables inline."""
    match value:
        case bool():
            return "true" if value else "false"
        case str():
            escaped = "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in value)
            return f'"{escaped}"'
        case Mapping():
            return "{" + ", ".join(f"{toml(str(key))} = {toml(item)}" for key, item in value.items()) + "}"
        case list() | tuple():
            return "[" + ", ".join(toml(item) for item in value) + "]"
    return repr(value)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command left behind: its exit code, and what it printed where."""

    code: int
    out: str
    err: str


def run(*arguments: str | Path) -> Outcome:
    """Run the command line in this process; an exception that it lets escape is raised."""
    out, err = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as left:
        COMMAND.main([str(argument) for argument in arguments], prog_name="mcgen")
    code = left.value.code
    assert isinstance(code, int)
    return Outcome(code, out.getvalue(), err.getvalue())


def done(*arguments: str | Path) -> Outcome:
    """Run a command that must succeed."""
    outcome = run(*arguments)
    assert outcome.code == 0, outcome
    return outcome


def refused(*arguments: str | Path, code: int = 2) -> str:
    """Run a command that must fail with one clear message, which is returned, and leave nothing behind."""
    before = sorted(Path().rglob("*"))
    outcome = run(*arguments)
    assert outcome.code == code, outcome
    assert outcome.out == "", "what is not a result goes to stderr"
    assert outcome.err.strip().startswith("mcgen: "), outcome.err
    assert outcome.err.count("mcgen: ") == 1, "one message"
    assert "Traceback" not in outcome.err
    assert "Warning" not in outcome.err
    assert sorted(Path().rglob("*")) == before, "a partial or temporary file was left behind"
    return outcome.err.strip()


def settings(*changes: str) -> list[str]:
    """Make the options that set some keys."""
    return [word for change in changes for word in ("--set", change)]


def assert_same_columns(found: Mapping[str, AnyArray], expected: Mapping[str, AnyArray]) -> None:
    """Check that columns have the same names, order, types and values, bit for bit."""
    assert list(found) == list(expected)
    for name, values in expected.items():
        assert found[name].dtype == values.dtype, name
        np.testing.assert_array_equal(found[name], values, err_msg=name)
