"""What is read is never written over, what is there is kept, what is damaged is not passed on."""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import mcgen
from mcgen.errors import FileFormatError, McgenError, RunError, UsageError
from mcgen.events import Events
from mcgen.io.events.root import RootWriter
from mcgen.metadata import Metadata
from mcgen.plots.gallery import GALLERY
from mcgen.report import write_report
from mcgen.types import Array
from tests.oracle.cards import done, refused, run
from tests.oracle.described import described, redescribed


@pytest.fixture(autouse=True)
def tiny_root(sample: Path) -> None:
    shutil.copy(sample, "tiny.root")


def write_damaged(events: Events, name: str, column: str, values: Array) -> None:
    """Write events with one other column, and the digests of the columns that they had."""
    metadata = Metadata(events.provenance, events.outcome)
    with RootWriter(Path(name), events.provenance.columns) as writer:
        writer.append({**events.columns, column: values})
        writer.finish(metadata)


# --- outputs that are inputs, or there already ---------------------------------------------------------------


def test_a_run_does_not_replace_its_flux() -> None:
    done("flux", "convert", "muons.csv", "tiny2.root")
    before = Path("tiny2.root").read_bytes()
    Path("tiny2.toml").write_text(Path("tiny.toml").read_text().replace("muons.csv", "tiny2.root"))
    for force in ([], ["--force"]):
        message = refused("generate", "tiny2.toml", *force, code=2)
        assert "tiny2.root" in message
        assert "also what is read" in message
    assert Path("tiny2.root").read_bytes() == before


@pytest.mark.parametrize(
    ("command", "kept"),
    [
        ("generate tiny.toml -o link.root --force", "muons.root"),
        ("convert tiny.root tiny.root --force", "tiny.root"),
        ("reweight tiny.root ./tiny.root --g-mu 1.01e-4 --force", "tiny.root"),
        ("flux convert muons.csv muons.csv --force", "muons.csv"),
        ("scan tiny.toml -o scan.json --with scan.json --force", "scan.json"),
        ("report tiny.root -o tiny.html --force", "tiny.root"),
    ],
)
def test_an_output_that_is_an_input_is_refused(command: str, kept: str) -> None:
    done("flux", "convert", "muons.csv", "muons.root")
    card = Path("tiny.toml").read_text()
    Path("tiny.toml").write_text(card.replace("muons.csv", "muons.root"))
    os.link("muons.root", "link.root")
    Path("scan.json").write_text('{"points": [], "contours": [], "g_minus_2": {}, "title": ""}')
    os.link("tiny.root", "tiny.html")  # one file under two names
    before = Path(kept).read_bytes()
    assert "also what is read" in refused(*command.split(), code=2)
    assert Path(kept).read_bytes() == before


COMMANDS = {
    "generate tiny.toml -o out.root": "out.root",
    "prepare tiny.toml -o out.npz": "out.npz",
    "convert tiny.root out.parquet": "out.parquet",
    "reweight tiny.root out.root --g-mu 1.01e-4": "out.root",
    "report tiny.root -o out.html": "out.html",
    "plot tiny.root -o plots": "plots/cut_flow.png",
    "xsec tiny.toml --energies 20 -o out.png": "out.png",
    "flux convert muons.csv out.csv": "out.csv",
    "flux show muons.csv -o plots": "plots/momentum.png",
    "merge out.root part.root": "out.root",
    "scan tiny.toml --masses 0.05 -o out.json": "out_grid.csv",
}


@pytest.mark.usefixtures("one_picture")
@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_there_is_kept_unless_force_is_given(command: str) -> None:
    output = Path(COMMANDS[command])
    done("generate", "tiny.toml", "--chunks", "0:3", "-o", "part.root")
    output.parent.mkdir(exist_ok=True)
    output.write_text("precious")
    message = refused(*command.split(), code=2)
    assert f"{output}: is there already" in message
    assert "--force" in message
    assert output.read_text() == "precious"
    done(*command.split(), "--force")
    assert output.read_bytes() != b"precious"


def test_a_pipe_a_device_and_a_link_are_not_replaced() -> None:
    os.mkfifo("pipe.root")
    Path("link.root").symlink_to("elsewhere.root")
    Path("null.root").symlink_to("/dev/null")
    for name, what in (("pipe.root", "pipe"), ("link.root", "symbolic link"), ("null.root", "symbolic link")):
        assert what in refused("generate", "tiny.toml", "-o", name, "--force", code=2)
    assert stat.S_ISFIFO(Path("pipe.root").lstat().st_mode)
    assert Path("link.root").is_symlink()
    assert not Path("elsewhere.root").exists()


def test_python_keeps_what_is_there_too() -> None:
    events = mcgen.read("tiny.root")
    before = Path("tiny.root").read_bytes()
    with pytest.raises(UsageError, match="is there already"):
        mcgen.write(events, "tiny.root")
    assert Path("tiny.root").read_bytes() == before
    mcgen.write(events[:5], "tiny.root", force=True)
    assert len(mcgen.read("tiny.root")) == 5


# --- damaged columns -----------------------------------------------------------------------------------------


READERS = {
    "reweight damaged.root out.root --g-mu 1.01e-4": "out.root",
    "validate damaged.root --reference tiny.root -o out": "out",
    "validate tiny.root --reference damaged.root -o out": "out",
    "plot damaged.root -o out": "out",
    "report damaged.root -o out.html": "out.html",
    "convert damaged.root out.parquet": "out.parquet",
}


@pytest.mark.usefixtures("one_picture")
@pytest.mark.parametrize("command", READERS)
def test_damage_is_told_and_not_passed_on(command: str) -> None:
    events = mcgen.read("tiny.root")
    boson_e = events.boson_e.copy()
    boson_e[3] *= 1.0 + 1e-9
    write_damaged(events, "damaged.root", "boson_e", boson_e)
    message = refused(*command.split(), code=1)
    assert "damaged.root: damaged: columns boson_e are not those that were written" in message
    assert not Path(READERS[command]).exists()
    outcome = run(*command.split(), "--no-verify")
    assert outcome.code == 0
    assert "not compared with digests: " in outcome.err


def test_python_tells_damage_and_can_go_without() -> None:
    events = mcgen.read("tiny.root")
    weight = events.weight.copy()
    weight[0] *= 2.0
    write_damaged(events, "damaged.root", "weight", weight)
    with pytest.raises(RunError, match="columns weight are not those that were written"):
        mcgen.read("damaged.root")
    assert mcgen.read("damaged.root", verify=False).weight[0] == weight[0]
    np.testing.assert_array_equal(mcgen.read("tiny.root").weight, events.weight)


FORGED: dict[str, list[float]] = {
    "weight": [np.nan, -1.0, np.inf],
    "failed": [-1, 99],
    "channel": [-3, 77],
    "parent_group": [-1, 10**9],
    "layer": [-2, 99],
    "boson_e": [0.05, 0.01, -1.0, np.nan],
}
"""Values that no event has; the boson's mass is 0.05 GeV."""


@pytest.mark.parametrize(("column", "value"), [(name, value) for name in FORGED for value in FORGED[name]])
def test_forged_columns_with_right_digests_are_told(column: str, value: float) -> None:
    events = mcgen.read("tiny.root")
    values = events[column].copy()
    values[2] = value
    forged = Events({**events.columns, column: values}, events.metadata)
    mcgen.write(forged, "forged.root")
    with pytest.raises(FileFormatError, match=rf"forged\.root: damaged: the column {column} holds values"):
        mcgen.read("forged.root")
    for command in (
        "plot forged.root -o out",
        "report forged.root -o out.html",
        "convert forged.root out.lhe",
    ):
        assert f"the column {column}" in refused(*command.split(), code=2)


@pytest.mark.parametrize("name", ["out.hepmc3", "out.lhe", "out.parquet", "fairship.root"])
def test_a_forged_mass_is_told(name: str) -> None:
    events = mcgen.read("tiny.root")
    card = described(events)["card"]
    card["model"]["mass_gev"] = 9.0
    assert events.boson_e.min() < 9.0
    mcgen.write(redescribed(events, {"card": card}), "forged.root")
    options = ("--format", "fairship") if name == "fairship.root" else ()
    assert (
        refused("convert", "forged.root", name, *options)
        == "mcgen: forged.root: damaged: the column boson_e holds values that are not above the boson's mass, 9 GeV"
    )


NONSENSE = (np.nan, 1e5, 0.0, -1.0, 1e300, -1e300)


def forge(events: Events, names: Iterable[str], value: float) -> None:
    """Write the events with some columns full of one value, as far as their types can hold it."""
    forged = {}
    for name in names:
        dtype = events[name].dtype
        if dtype.kind == "f" or abs(value) < 1e4:
            forged[name] = np.full(len(events), abs(value) if dtype.kind == "u" else value).astype(dtype)
    mcgen.write(Events({**events.columns, **forged}, events.metadata), "forged.root", force=True)


def read_by_all() -> None:
    """Run the commands that read columns: each of them ends well or with one message."""
    for command in (
        "report forged.root -o out.html --force",
        "reweight forged.root out.root --g-mu 1.01e-4 --force",
        "validate forged.root --reference tiny.root",
        "convert forged.root out.hepmc3 --force",
    ):
        outcome = run(*command.split())
        assert outcome.code in (0, 1, 2)
        assert "Traceback" not in outcome.err
        assert "Warning" not in outcome.err


@pytest.mark.parametrize(
    "value", [NONSENSE[0], *(pytest.param(value, marks=pytest.mark.nightly) for value in NONSENSE[1:])]
)
def test_forged_columns_bring_one_message_at_most(value: float) -> None:
    events = mcgen.read("tiny.root")[:50]
    for names in (
        set(events.columns) - {"weight"},
        ("boson_px", "d1_pz", "decay_x", "decay_z", "emission_z"),
    ):
        forge(events, names, value)
        read_by_all()


@pytest.mark.nightly
@pytest.mark.parametrize("value", NONSENSE)
def test_any_forged_column_brings_one_message_at_most(value: float) -> None:
    events = mcgen.read("tiny.root")[:50]
    for name in events.columns:
        forge(events, [name], value)
        read_by_all()


def test_a_plane_at_the_end_of_the_world_is_drawn() -> None:
    done("generate", "tiny.toml", "--set", "experiment.plane.lkr.z_m=99999.0", "-o", "far.root")
    (vertices,) = (picture for picture in GALLERY if picture.name == "vertices")
    write_report(Path("far.root"), Path("far.html"), pictures=[vertices])
    assert Path("far.html").stat().st_size > 10_000


def test_columns_that_are_declared_and_missing_are_told() -> None:
    events = mcgen.read("tiny.root")
    provenance = replace(events.provenance, columns=events.provenance.columns[:-1])
    with RootWriter(Path("less.root"), provenance.columns) as writer:
        writer.append({column.name: events[column.name] for column in provenance.columns})
        writer.finish(Metadata(events.provenance, events.outcome))
    with pytest.raises(McgenError, match=r"less\.root: damaged"):
        mcgen.read("less.root")
