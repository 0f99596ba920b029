"""Names of files that are no text: bytes that are not UTF-8 work wherever a name is only a name."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

import mcgen
from tests.oracle.cards import done, refused, settings

BYTES = os.fsdecode(b"a\xff b")
SHOWN = r"a\udcff b"

pytestmark = pytest.mark.skipif(sys.platform == "darwin", reason="its files have names in UTF-8 only")

OUTPUTS = [
    (f"{BYTES}.root", None),
    (f"{BYTES}.root", "rntuple"),
    (f"{BYTES}.root", "fairship"),
    (f"{BYTES}.parquet", None),
    (f"{BYTES}.hepmc3", None),
    (f"{BYTES}.lhe.gz", None),
]


@pytest.mark.parametrize(("output", "format_"), OUTPUTS)
def test_events_go_to_a_file_of_any_name(output: str, format_: str | None) -> None:
    options = [] if format_ is None else ["--format", format_]
    assert (
        f"{SHOWN}.{output.partition('.')[2]}: 500 events"
        in done("generate", "tiny.toml", "-o", output, *options).out
    )
    assert Path(output).stat().st_size > 1000


@pytest.mark.parametrize("ending", ["root", "parquet"])
def test_events_come_from_a_file_of_any_name(sample: Path, ending: str) -> None:
    file = f"{BYTES}.{ending}"
    done("convert", sample, file)
    assert mcgen.read(file).outcome.events == 500
    assert f"{SHOWN}.{ending}: all columns are as they were written" in done("inspect", file, "--verify").err


@pytest.mark.parametrize("ending", ["root", "parquet", "csv"])
def test_a_flux_is_written_to_a_file_of_any_name(ending: str) -> None:
    file = f"{BYTES}.{ending}"
    assert f"{SHOWN}.{ending}: 150 particles" in done("flux", "convert", "muons.csv", file).out
    Path(file).rename(f"plain.{ending}")
    assert "150 of 150 particles count" in done("flux", "show", f"plain.{ending}").out


def test_a_card_of_any_name(folder: Path) -> None:
    (folder / "tiny.toml").rename(folder / f"{BYTES}.toml")
    done("generate", f"{BYTES}.toml")
    assert (folder / f"{BYTES}.root").exists()


@pytest.mark.parametrize(
    "command",
    [
        ("check", "tiny.toml", *settings(f"flux.file={BYTES}.csv")),
        ("generate", "tiny.toml", *settings(f"flux.file={BYTES}.csv")),
        ("check", f"{BYTES}/tiny.toml"),
        ("flux", "show", f"{BYTES}.csv"),
    ],
)
def test_a_flux_in_a_card_has_a_name_that_is_text(folder: Path, command: tuple[str, ...]) -> None:
    (folder / BYTES).mkdir()
    for name in ("tiny.toml", "muons.csv"):
        (folder / BYTES / name).write_bytes((folder / name).read_bytes())
    (folder / f"{BYTES}.csv").write_bytes((folder / "muons.csv").read_bytes())
    message = refused(*command)
    assert "flux.file = " in message
    assert "must be text in UTF-8; if it is a path, rename the file or folder" in message


def test_an_experiment_card_of_such_a_name_is_not_there() -> None:
    message = refused("check", "tiny.toml", *settings(f"experiment.card={BYTES}"))
    assert f"{SHOWN}: no such experiment card" in message
