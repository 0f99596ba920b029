"""Datasets: the same events as in one file, from whoever draws them, read by whatever reads events."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import re
import shutil
import signal
import zipfile
from pathlib import Path

import numpy as np
import pytest
import uproot

import mcgen
from mcgen.errors import FileFormatError, Interrupted, RunError, UsageError
from mcgen.events import Events
from mcgen.io.events.store import read_metadata
from mcgen.metadata import Metadata
from mcgen.run.dataset import PartMaker, generate_dataset
from mcgen.run.generate import generate_file
from mcgen.run.parallel import Workers
from mcgen.run.run import Run
from tests.oracle.cards import assert_same_columns, done, refused, run

PARTS = ("part-00000.root", "part-00002.root", "part-00004.root")


@pytest.fixture
def card(folder: Path) -> mcgen.Card:
    """Five chunks, two a part."""
    return mcgen.load_card(folder / "tiny.toml").replace(run={"events": 1000})


@pytest.fixture
def whole(card: mcgen.Card) -> Events:
    """The run in one file."""
    generate_file(card, Path("whole.root"))
    return mcgen.read("whole.root")


def dataset(card: mcgen.Card, name: str = "set", **options: object) -> Metadata:
    folder = Path(name)
    folder.mkdir(exist_ok=True)
    return generate_dataset(card, folder, part_points=400, **options)  # type: ignore[arg-type]


def assert_same(one: Events, other: Events) -> None:
    """Require equal arrays and numbers of a yield that agree but for the order of the sums."""
    assert_same_columns(one.columns, other.columns)
    assert one.provenance == other.provenance
    a, b = one.outcome, other.outcome
    assert a.events == b.events
    for name, value in a.yields.items():
        np.testing.assert_allclose(
            [value.value, value.mc_error, value.flux_error, value.effective_size],
            [getattr(b.yields[name], key) for key in ("value", "mc_error", "flux_error", "effective_size")],
            rtol=1e-12,
        )
    np.testing.assert_allclose([s.value for s in a.cut_flow], [s.value for s in b.cut_flow], rtol=1e-12)


def names(folder: str = "set") -> set[str]:
    return {path.name for path in Path(folder).iterdir()}


# --- The same events ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("jobs", [1, 2])
def test_processes_give_the_events_of_one_file(card: mcgen.Card, whole: Events, jobs: int) -> None:
    dataset(card, workers=Workers(jobs=jobs))
    assert names() == {*PARTS, "index.json"}
    assert_same(whole, mcgen.read("set"))
    other = dataset(card.replace(run={"seed": 2}), "other")
    assert other.outcome != read_metadata("set").outcome
    with pytest.raises(AssertionError):
        assert_same(whole, mcgen.read("other"))


def test_only_accepted_events(card: mcgen.Card) -> None:
    card = card.replace(run={"write": "accepted"})
    generate_file(card, Path("whole.root"))
    dataset(card)
    assert_same(mcgen.read("whole.root"), mcgen.read("set"))
    # Their files alone do not tell what else was drawn.
    assert "hold accepted events only" in refused("merge", "out.root", *(f"set/{part}" for part in PARTS))
    assert not Path("out.root").exists()


def test_parts_of_a_farm(whole: Events) -> None:
    settings = ("--set", "run.events=1000")
    done("prepare", "tiny.toml", *settings, "-o", "tiny.npz")
    for part in ("3:5", "0:1", "1:3"):
        done(
            "-q", "generate", "tiny.toml", *settings, "--proposal", "tiny.npz", "--chunks", part, "-o", "set/"
        )
        if part != "1:3":
            assert "the chunks" in refused("merge", "set")
    message = refused("inspect", "set")
    assert "not complete" in message
    assert "mcgen merge set/" in message
    done("merge", "set/")
    assert names() == {"part-00000.root", "part-00001.root", "part-00003.root", "index.json"}
    assert_same(whole, mcgen.read("set"))


def test_a_part_of_another_size_is_drawn_anew(card: mcgen.Card, whole: Events) -> None:
    dataset(card, part=range(1))  # the run's own first part has two chunks
    dataset(card)
    assert names() == {*PARTS, "index.json"}
    assert_same(whole, mcgen.read("set"))


def test_parts_of_two_runs_are_not_joined(card: mcgen.Card) -> None:
    for part, seed in ((range(3), 1), (range(3, 5), 2)):
        dataset(card.replace(run={"seed": seed}), part=part)
    assert re.search(r"part-00003.root: of another run than part-00000.root: .*seed", refused("merge", "set"))


def test_parts_that_overlap_are_not_joined(card: mcgen.Card) -> None:
    for part in (range(3), range(2, 5)):
        dataset(card, part=part)
    assert "overlaps" in refused("merge", "set")


# --- Interrupted --------------------------------------------------------------------------------------------


def test_an_interrupted_run_goes_on(card: mcgen.Card, whole: Events) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted, match="1 finished parts are kept in set: continue with --resume"):
        dataset(card, progress=stop)
    assert names() == {PARTS[0], ".run"}
    before = Path("set", PARTS[0]).stat().st_mtime_ns
    with pytest.raises(UsageError, match="holds an interrupted run: continue it with --resume"):
        dataset(card)
    with pytest.raises(UsageError, match=r"differs from this one in .*seed"):
        dataset(card.replace(run={"seed": 2}), resume=True)
    dataset(card, resume=True)
    assert Path("set", PARTS[0]).stat().st_mtime_ns == before
    assert names() == {*PARTS, "index.json"}
    assert_same(whole, mcgen.read("set"))


@pytest.mark.parametrize("damage", ["cut short", "gone", "sums cut short", "sums changed"])
def test_what_does_not_fit_is_drawn_again(card: mcgen.Card, whole: Events, damage: str) -> None:
    def stop(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(Interrupted):
        dataset(card, progress=stop)
    part, sums = Path("set", PARTS[0]), Path("set/.run/part-00000.npz")
    match damage:
        case "cut short":
            part.write_bytes(part.read_bytes()[:-1])
        case "gone":
            part.unlink()
        case "sums cut short":
            sums.write_bytes(sums.read_bytes()[:-100])
        case _:
            change_a_sum(sums)
    dataset(card, resume=True)
    assert_same(whole, mcgen.read("set"))


def change_a_byte(path: Path, place: int) -> None:
    data = bytearray(path.read_bytes())
    data[place] ^= 1
    path.write_bytes(data)


def change_a_sum(path: Path) -> None:
    """Change a byte of the sums of weights of a part."""
    with zipfile.ZipFile(path) as archive:
        place = archive.getinfo("float64.npy").header_offset + 500
    change_a_byte(path, place)


def test_sums_of_a_farms_part_that_are_damaged_are_told(card: mcgen.Card) -> None:
    for chunks in (range(2), range(2, 5)):
        dataset(card, part=chunks)
    change_a_sum(Path("set/.run/part-00002.npz"))
    message = refused("merge", "set/")
    assert "part-00002.npz: damaged" in message
    assert "make the chunks 2:5 again" in message
    assert not Path("set/index.json").exists()


def test_what_a_worker_sends_back_does_not_grow_with_its_points(card: mcgen.Card) -> None:
    Path("set").mkdir()
    maker = PartMaker(Run.of(card), Path("set"), "root", 4)
    sizes = [len(pickle.dumps(maker.make(chunks))) for chunks in (range(1), range(1, 5))]
    assert abs(sizes[1] - sizes[0]) < 50


def test_a_worker_that_dies(card: mcgen.Card, whole: Events) -> None:
    def kill_a_worker(_: int) -> None:
        if workers := multiprocessing.active_children():
            assert workers[0].pid is not None
            os.kill(workers[0].pid, signal.SIGKILL)

    with pytest.raises(RunError, match=r"worker process died.*finished parts are kept in set"):
        dataset(
            card.replace(run={"events": 4000, "chunk": 100}),
            workers=Workers(jobs=2),
            progress=kill_a_worker,
            resume=True,
        )
    shutil.rmtree("set")
    dataset(card, resume=True)
    assert_same(whole, mcgen.read("set"))


# --- Read by everything -------------------------------------------------------------------------------------


@pytest.mark.usefixtures("one_picture")
def test_what_reads_events_reads_datasets(card: mcgen.Card, whole: Events) -> None:
    dataset(card)
    assert "all columns are as they were written" in run("inspect", "set", "--verify").err
    shown, expected = (json.loads(done("inspect", name, "--json").out) for name in ("set", "whole.root"))
    assert shown["events"] == expected["events"]
    assert shown["yield"]["accepted"]["value"] == pytest.approx(
        expected["yield"]["accepted"]["value"], rel=1e-12
    )
    done("-q", "convert", "set", "copy.parquet")
    np.testing.assert_array_equal(mcgen.read("copy.parquet").weight, whole.weight)
    done("-q", "reweight", "set", "other.root", "--g-mu", "1.1e-4")
    np.testing.assert_array_equal(mcgen.read("other.root").weight, whole.reweight(1.1e-4).weight)
    assert "ratio 1.0000" in done("validate", "set", "--reference", "whole.root").out
    done("plot", "set")
    done("report", "set")
    assert Path("set.html").is_file()
    assert Path("set_plots").is_dir()
    # As everybody else reads it.
    chained = uproot.concatenate("set/part-*.root:events", ["weight"], library="np")["weight"]
    np.testing.assert_array_equal(np.sort(chained), np.sort(whole.weight))


def test_parquet(card: mcgen.Card, whole: Events) -> None:
    dataset(card, format="parquet")
    assert names() == {"part-00000.parquet", "part-00002.parquet", "part-00004.parquet", "index.json"}
    assert_same(whole, mcgen.read("set"))


@pytest.mark.parametrize("damage", ["missing", "short", "exchanged", "index", "elsewhere"])
def test_damage_is_told(card: mcgen.Card, damage: str) -> None:
    dataset(card)
    part, index = Path("set", PARTS[1]), Path("set/index.json")
    match damage:
        case "missing":
            part.unlink()
        case "short":
            part.write_bytes(part.read_bytes()[:-7])
        case "exchanged":
            shutil.copy(Path("set", PARTS[0]), part)
        case "index":
            index.write_text(
                index.read_text(encoding="utf-8").replace('"seed": 1', '"seed": 3'), encoding="utf-8"
            )
        case _:
            index.write_text(
                index.read_text(encoding="utf-8").replace(PARTS[1], "../whole.root"), encoding="utf-8"
            )
    with pytest.raises((FileFormatError, RunError), match=r"missing|damaged|is not the file|not the name"):
        mcgen.read("set")


@pytest.mark.parametrize("jobs", ["1", "2"])
def test_parts_are_verified_by_processes(card: mcgen.Card, jobs: str) -> None:
    dataset(card)
    done("inspect", "set", "--verify", "--jobs", jobs)
    part = Path("set", PARTS[1])
    with uproot.open(part) as file:
        place = int(file["events/boson_e"].member("fBasketSeek")[0]) + 400
    change_a_byte(part, place)
    assert re.search(
        rf"{PARTS[1]}: .*(damaged|not the file)",
        refused("inspect", "set", "--verify", "--jobs", jobs, code=1),
    )


# --- Folders ------------------------------------------------------------------------------------------------


def test_a_trailing_slash_or_the_switch_makes_a_dataset() -> None:
    done("-q", "generate", "tiny.toml", "-o", "one/")
    done("-q", "generate", "tiny.toml", "--dataset")
    assert names("one") == names("tiny") == {"part-00000.root", "index.json"}
    assert_same(mcgen.read("one"), mcgen.read("tiny"))


def test_what_is_there_is_kept_unless_force_is_given() -> None:
    done("-q", "generate", "tiny.toml", "-o", "set/")
    before = Path("set/index.json").read_bytes()
    assert "is there already" in refused("generate", "tiny.toml", "-o", "set/", "--seed", "2")
    assert Path("set/index.json").read_bytes() == before
    done("-q", "generate", "tiny.toml", "-o", "set/", "--seed", "2", "--force")
    assert mcgen.read("set").provenance.seed == 2


def test_other_folders_are_left_alone() -> None:
    Path("mine").mkdir()
    Path("mine/thesis.tex").write_text("years of work", encoding="utf-8")
    assert "holds 'thesis.tex', which is no part" in refused(
        "generate", "tiny.toml", "-o", "mine/", "--force"
    )
    assert "no dataset of events" in refused("inspect", "mine")
    assert "give the name of a folder" in refused("generate", "tiny.toml", "-o", "tiny.toml/")
    assert "give the parts to join" in refused("merge", "out.root")
    assert "holds no parts" in refused("merge", "mine")
    assert "datasets are of root, rntuple or parquet" in refused(
        "generate", "tiny.toml", "-o", "set/", "--format", "lhe"
    )
    assert names("mine") == {"thesis.tex"}


def test_no_output_inside_of_what_is_read() -> None:
    done("-q", "generate", "tiny.toml", "-o", "set/")
    for output in ("set/part-00000.root", "set/new.root"):
        assert "is also what is read" in refused("convert", "set", output, "--force")
    assert names("set") == {"part-00000.root", "index.json"}
