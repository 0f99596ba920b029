"""The same events from one process, several, a cluster, parts that are merged, and runs that were killed."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mcgen
from mcgen.errors import Interrupted, RunError, UsageError
from mcgen.events import Events
from mcgen.io.events.root import RootWriter
from mcgen.metadata import Metadata
from mcgen.record.columns import AnyArray
from mcgen.run.cluster import _check_versions
from mcgen.run.generate import JOURNAL_POINTS, generate_file
from mcgen.run.parallel import Workers
from mcgen.run.run import Run
from tests.oracle.cards import assert_same_columns, done, refused, run, settings
from tests.oracle.processes import children, session, wait_for
from tests.oracle.stats import seed_of

MCGEN = [sys.executable, "-m", "mcgen"]
MANY = settings("run.events=2550", "run.chunk=100")


@pytest.fixture
def card(folder: Path) -> mcgen.Card:
    return mcgen.load_card(folder / "tiny.toml")


@pytest.fixture
def whole(folder: Path) -> Events:
    """The run in one process."""
    done("--quiet", "generate", "tiny.toml", "-o", "whole.root")
    return mcgen.read(folder / "whole.root")


def assert_same_events(one: Events, other: Events) -> None:
    """Require equal arrays and equal metadata, to the last bit."""
    assert_same_columns(one.columns, other.columns)
    assert one.metadata == other.metadata


def files() -> set[str]:
    return {path.name for path in Path().iterdir()} - {"tiny.toml", "muons.csv"}


# --- several processes


def test_two_processes_give_the_events_of_one(whole: Events) -> None:
    done("--quiet", "generate", "tiny.toml", "--jobs", "2")
    assert_same_events(whole, mcgen.read("tiny.root"))
    assert files() == {"whole.root", "tiny.root"}


def test_the_comparison_sees_another_seed(whole: Events) -> None:
    done("--quiet", "generate", "tiny.toml", "--seed", "2")
    with pytest.raises(AssertionError):
        assert_same_events(whole, mcgen.read("tiny.root"))


def test_a_worker_that_dies_and_what_it_leaves(card: mcgen.Card) -> None:
    card = card.replace(run={"events": 2550, "chunk": 100})
    output = Path("tiny.root")

    def kill_a_worker(_: int) -> None:
        if workers := multiprocessing.active_children():
            assert workers[0].pid is not None
            os.kill(workers[0].pid, signal.SIGKILL)

    with pytest.raises(RunError, match=r"worker process died.*chunks are kept in .*--resume"):
        generate_file(card, output, workers=Workers(jobs=2), resume=True, progress=kill_a_worker)
    assert files() == {"tiny.root.parts"}
    generate_file(card, output, resume=True)
    generate_file(card, Path("again.root"))
    assert_same_events(mcgen.read("again.root"), mcgen.read(output))
    assert files() == {"tiny.root", "again.root"}


# --- parts of a run


@pytest.fixture
def parts(whole: Events) -> list[str]:  # noqa: ARG001  # whole.root is what the parts are compared with
    """Three chunks in two parts, of a proposal made before."""
    done("prepare", "tiny.toml")
    for name, chunks in (("p0.root", "0:1"), ("p1.root", "1:3")):
        done("-q", "generate", "tiny.toml", "--proposal", "tiny.npz", "--chunks", chunks, "-o", name)
    return ["p0.root", "p1.root"]


def test_merged_parts_are_the_whole_run(whole: Events, parts: list[str]) -> None:
    done("merge", "merged.root", *reversed(parts))
    assert_same_events(whole, mcgen.read("merged.root"))
    assert mcgen.read("p0.root").provenance.part == (0, 1)
    total = sum(mcgen.read(part).outcome.yields["accepted"].value for part in parts)
    assert total == pytest.approx(whole.outcome.yields["accepted"].value, rel=1e-12)


@pytest.mark.parametrize(("chunks", "points"), [("0:1", 200), ("2:3", 100), ("1:3", 300), (None, 500)])
def test_a_short_last_chunk_is_counted_as_it_is(
    chunks: str | None, points: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    planned, steps = [], list[int]()

    @contextmanager
    def progress(total: int, *_: Any, **__: Any) -> Iterator[Callable[[int], None]]:
        planned.append(total)
        yield steps.append

    monkeypatch.setattr("mcgen.cli.generate.progress", progress)
    monkeypatch.setattr("mcgen.cli.generate.perf_counter", iter((0.0, 0.5)).__next__)
    out = done("generate", "tiny.toml", *(["--chunks", chunks] if chunks else [])).out
    assert planned == [points]
    assert sum(steps) == points
    assert f" {2 * points:.3g} points/s" in out


def test_merged_parts_of_accepted_events() -> None:
    only = ["-q", "generate", "tiny.toml", *settings("run.write=accepted")]
    done(*only, "-o", "whole.root")
    for k in range(3):
        done(*only, "--chunks", f"{k}:{k + 1}", "-o", f"p{k}.root")
    done("-q", "merge", "merged.root", "p0.root", "p1.root", "p2.root")
    merged = mcgen.read("merged.root")
    assert_same_events(mcgen.read("whole.root"), merged)
    assert merged.accepted.all()
    assert merged.outcome.yields["fiducial"].value > merged.weight.sum()


def test_a_seed_that_was_drawn_comes_with_the_proposal() -> None:
    card = Path("tiny.toml")
    card.write_text(card.read_text(encoding="utf-8").replace("seed = 1\n", ""), encoding="utf-8")
    done("prepare", "tiny.toml")
    for k in range(3):
        done(
            "-q",
            "generate",
            "tiny.toml",
            "--proposal",
            "tiny.npz",
            "--chunks",
            f"{k}:{k + 1}",
            "-o",
            f"p{k}.root",
        )
    done("-q", "merge", "merged.root", "p0.root", "p1.root", "p2.root")


def test_parts_that_do_not_make_a_run(parts: list[str]) -> None:
    assert "the chunks 1:3 are missing" in refused("merge", "m.root", parts[0])
    assert "the chunks 0:1 are missing" in refused("merge", "m.root", parts[1])
    done("-q", "generate", "tiny.toml", "--chunks", "0:2", "-o", "p02.root")
    assert "overlaps with" in refused("merge", "m.root", "p02.root", parts[1])
    assert "a whole run, not a part" in refused("merge", "m.root", "whole.root", parts[1])


@pytest.mark.parametrize(
    ("change", "word"),
    [("model.g_mu=2e-4", "card"), ("run.seed=2", "card"), ("experiment.exposure.value=2e18", "card")],
)
def test_a_part_of_another_run(parts: list[str], change: str, word: str) -> None:
    done("-q", "generate", "tiny.toml", "--chunks", "1:3", "-o", "foreign.root", *settings(change))
    message = refused("merge", "m.root", parts[0], "foreign.root")
    assert "of another run" in message
    assert word in message


def test_parts_of_other_seeds_are_averaged_not_added(parts: list[str]) -> None:
    card = Path("tiny.toml")
    card.write_text(card.read_text(encoding="utf-8").replace("seed = 1\n", ""), encoding="utf-8")
    for k, chunks in enumerate(("0:1", "1:3")):
        done("-q", "generate", "tiny.toml", "--chunks", chunks, "-o", f"s{k}.root")
    assert "averaged, not added" in refused("merge", "m.root", "s0.root", "s1.root")
    assert "of another run" in refused("merge", "m.root", parts[0], "s1.root")


def test_a_damaged_part(parts: list[str]) -> None:
    part = Path(parts[0])
    events = mcgen.read(part)
    metadata = Metadata(events.provenance, events.outcome)
    with RootWriter(part, events.provenance.columns) as writer:
        writer.append({**events.columns, "weight": events.weight * 1.001})
        writer.finish(metadata)
    assert "p0.root: damaged" in refused("merge", "m.root", *parts, code=1)


@pytest.mark.parametrize("chunks", ["3", "2:2", "2:1", "-1:2", "a:b", "0:9999999999999999999"])
def test_chunks_that_are_no_range(chunks: str) -> None:
    assert "--chunks" in refused("generate", "tiny.toml", f"--chunks={chunks}")


def test_chunks_beyond_the_run() -> None:
    assert "the run has the chunks 0:3" in refused("generate", "tiny.toml", "--chunks", "2:4")


def test_a_proposal_of_another_card(parts: list[str]) -> None:  # noqa: ARG001  # makes tiny.npz
    changed = settings("model.g_mu=2e-4")
    message = refused("generate", "tiny.toml", "--proposal", "tiny.npz", *changed)
    assert "another card or flux" in message
    assert "prepare" in message


def test_a_proposal_that_is_none() -> None:
    assert "not a readable proposal" in refused("generate", "tiny.toml", "--proposal", "tiny.toml")
    assert "no-such.npz" in refused("generate", "tiny.toml", "--proposal", "no-such.npz")


# --- interrupted runs


def interrupt_after(count: int, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the writer fail after some chunks."""
    append = RootWriter.append
    written = 0

    def failing(self: RootWriter, record: Any) -> None:
        nonlocal written
        written += 1
        if written > count:
            raise error
        append(self, record)

    monkeypatch.setattr(RootWriter, "append", failing)


@pytest.mark.parametrize(
    ("error", "expected"),
    [(KeyboardInterrupt(), Interrupted), (OSError(28, "No space left on device"), RunError)],
)
def test_what_was_finished_is_kept_and_continued(
    card: mcgen.Card, whole: Events, error: BaseException, expected: type[Exception]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt_after(1, error, patch)
        with pytest.raises(expected, match=r"2 finished chunks are kept in tiny.root.parts: .*--resume"):
            generate_file(card, Path("tiny.root"), resume=True)
    assert files() == {"whole.root", "tiny.root.parts"}
    drawn: list[int] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "chunk", counted(drawn))
        generate_file(card, Path("tiny.root"), resume=True)
    assert drawn == [2], "only what is missing is drawn"
    assert files() == {"whole.root", "tiny.root"}
    assert_same_events(whole, mcgen.read("tiny.root"))


def counted(drawn: list[int]) -> Callable[[Run, int], dict[str, AnyArray]]:
    chunk = Run.chunk

    def counting(self: Run, k: int) -> dict[str, AnyArray]:
        drawn.append(k)
        return chunk(self, k)

    return counting


def test_a_long_run_can_be_continued_unasked() -> None:
    """As a test cannot wait for the end of it, it is interrupted again: that it ends well is tested above."""
    long = ("generate", "tiny.toml", "--events", str(JOURNAL_POINTS + 1))
    drawn: list[int] = []
    for options, appended, kept in (((), 1, [0, 1]), (("--resume",), 2, [0, 1, 2])):
        with pytest.MonkeyPatch.context() as patch:
            interrupt_after(appended, KeyboardInterrupt(), patch)
            patch.setattr(Run, "chunk", counted(drawn))
            outcome = run(*long, *options)
        assert outcome.code == 130
        assert (
            f"{len(kept)} finished chunks are kept in tiny.root.parts: continue with --resume" in outcome.err
        )
        assert drawn == kept, "only what is missing is drawn"
        message = refused(*long)
        assert "holds an interrupted run: continue it with --resume, or remove that folder" in message


def test_a_short_run_keeps_nothing_unasked() -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt_after(1, KeyboardInterrupt(), patch)
        message = refused("generate", "tiny.toml", "--events", "1000", code=130)
    assert "--resume" not in message


def interrupted(card: mcgen.Card) -> None:
    with pytest.MonkeyPatch.context() as patch:
        interrupt_after(1, KeyboardInterrupt(), patch)
        with pytest.raises(Interrupted):
            generate_file(card, Path("tiny.root"), resume=True)


@pytest.mark.parametrize("damage", ["cut short", "exchanged"])
def test_a_chunk_that_does_not_fit_is_drawn_and_kept_again(
    card: mcgen.Card, whole: Events, damage: str
) -> None:
    interrupted(card)
    chunks = [Path(f"tiny.root.parts/chunk-000000{k}.npy") for k in range(2)]
    chunks[0].write_bytes(chunks[0].read_bytes()[:-1000] if damage == "cut short" else chunks[1].read_bytes())
    for expected in ([0], [2]):
        drawn: list[int] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Run, "chunk", counted(drawn))
            if expected == [0]:
                interrupt_after(1, KeyboardInterrupt(), patch)
            outcome = run("-q", "generate", "tiny.toml", "--resume")
        assert drawn == expected
        assert outcome.code == (130 if expected == [0] else 0)
    assert_same_events(whole, mcgen.read("tiny.root"))


def test_strays_beside_the_chunks(card: mcgen.Card, whole: Events) -> None:
    interrupted(card)
    folder = Path("tiny.root.parts")
    for name in ("chunk-abc.npy", "chunk-0000001 (copy).npy"):
        (folder / name).write_bytes(b"stray")
    (folder / "chunk-0000002.npy").mkdir()
    done("-q", "generate", "tiny.toml", "--resume")
    assert_same_events(whole, mcgen.read("tiny.root"))
    assert files() == {"whole.root", "tiny.root"}


@pytest.mark.parametrize("resumed", ["anew", "continued"])
def test_a_run_under_way_is_left_alone(card: mcgen.Card, whole: Events, resumed: str) -> None:
    if resumed == "continued":
        interrupted(card)
    said: list[str] = []

    def meanwhile(_: int) -> None:
        before = {path: path.read_bytes() for path in Path("tiny.root.parts").iterdir()}
        attempts: tuple[list[str], ...] = (["--resume"], ["--resume", *settings("model.g_mu=1e-3")], [])
        said.extend(refused("generate", "tiny.toml", *options) for options in attempts)
        assert {path: path.read_bytes() for path in Path("tiny.root.parts").iterdir()} == before

    generate_file(card, Path("tiny.root"), resume=True, progress=meanwhile)
    holder = f"another run is at work there, process {os.getpid()} on {os.uname().nodename}"
    assert len(said) == 9
    assert all(f"tiny.root.parts: {holder}" in message for message in said)
    assert_same_events(whole, mcgen.read("tiny.root"))


@pytest.mark.parametrize(
    ("options", "keys"),
    [
        (settings("run.seed=2"), "card.run.seed, seed"),
        (settings("model.g_mu=1e-3"), "card.model.g_mu"),
        (["-n", "400"], "card.run.events, chunks, points"),
        (["--chunks", "0:2"], "part"),
        (["--proposal", "other.npz"], "proposal_sha256"),
    ],
)
def test_another_run_is_not_continued(card: mcgen.Card, options: list[str], keys: str) -> None:
    interrupted(card)
    if "--proposal" in options:
        done("prepare", "tiny.toml", "--seed", "3", "-o", "other.npz")
    message = refused("generate", "tiny.toml", "--resume", *options)
    assert f"tiny.root.parts: the interrupted run differs from this one in {keys}: give the same" in message
    assert "remove that folder" in message


def test_another_run_of_which_nothing_is_finished_is_left_alone(card: mcgen.Card) -> None:
    interrupted(card)
    for chunk in Path("tiny.root.parts").glob("chunk-*"):
        chunk.unlink()
    message = refused("generate", "tiny.toml", "--resume", *settings("run.seed=2"))
    assert "differs from this one in card.run.seed, seed" in message


def test_a_flux_that_has_changed_is_not_continued_with(card: mcgen.Card) -> None:
    interrupted(card)
    flux = Path("muons.csv")
    flux.write_text("\n".join(flux.read_text(encoding="utf-8").splitlines()[:-1]), encoding="utf-8")
    message = refused("generate", "tiny.toml", "--resume")
    assert "tiny.root.parts: the interrupted run differs from this one in flux.groups, flux.muons" in message
    assert "flux.sha256" in message


def test_a_drawn_seed_is_continued(card: mcgen.Card) -> None:
    text = Path("tiny.toml").read_text(encoding="utf-8").replace("seed = 1\n", "")
    Path("tiny.toml").write_text(text, encoding="utf-8")
    interrupted(mcgen.load_card("tiny.toml"))
    seed = json.loads(Path("tiny.root.parts/run.json").read_text(encoding="utf-8"))["seed"]
    done("-q", "generate", "tiny.toml", "--resume")
    assert mcgen.read("tiny.root").provenance.seed == seed
    generate_file(card.replace(run={"seed": seed}), Path("again.root"))
    np.testing.assert_array_equal(mcgen.read("again.root").weight, mcgen.read("tiny.root").weight)


def test_a_failure_before_anything_is_finished_leaves_nothing(card: mcgen.Card) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Run, "chunk", lambda *_: (_ for _ in ()).throw(RunError("out of luck")))
        with pytest.raises(RunError, match=r"^out of luck$"):
            generate_file(card, Path("tiny.root"), resume=True)
    assert files() == set()


@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.nightly)])
def test_kill_at_any_moment(folder: Path, kills: int) -> None:
    """kill -9, again and again: no file or a complete one, and the same events in the end."""
    command = [*MCGEN, "-q", "generate", "tiny.toml", *MANY]
    start = time.monotonic()
    subprocess.run([*command, "-o", "once.root"], check=True)
    duration = time.monotonic() - start
    rng = random.Random(seed_of("kills", kills))  # no secret
    for _ in range(kills):
        process = subprocess.Popen([*command, "--resume"])
        time.sleep(rng.uniform(0.2, 1.0) * duration)
        process.kill()
        process.wait()
        if Path("tiny.root").exists():
            assert_same_events(mcgen.read("once.root"), mcgen.read("tiny.root"))
            Path("tiny.root").unlink()
    subprocess.run([*command, "--resume"], check=True)
    assert_same_events(mcgen.read("once.root"), mcgen.read("tiny.root"))
    assert not (folder / "tiny.root.parts").exists()


@pytest.mark.parametrize("delay", [0.1, 0.4])
def test_ctrl_c_while_workers_start(delay: float) -> None:
    done("prepare", "tiny.toml")
    command = [*MCGEN, "-q", "generate", "tiny.toml", "-n", "10_000_000", "--proposal", "tiny.npz", "-j", "3"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        wait_for(lambda: len(children(process.pid)) >= 2)  # the first one keeps track of what they share
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert re.fullmatch(r"mcgen: interrupted; (nothing was left|\d+ finished chunks) [^\n]*\n", err), err
    wait_for(lambda: not session(process.pid))


def test_jobs_out_of_range() -> None:
    outcome = run("generate", "tiny.toml", "--jobs", "-1")
    assert outcome.code == 2


def test_no_number_of_jobs_takes_all_cores(whole: Events) -> None:
    done("--quiet", "generate", "tiny.toml", "--jobs", "0")
    assert_same_events(whole, mcgen.read("tiny.root"))


def test_a_worker_of_another_version() -> None:
    class Client:
        def run(self, _: Any) -> dict[str, str]:
            return {"tcp://1.2.3.4:5": "0.0.1"}

    with pytest.raises(UsageError, match=r"worker tcp://1.2.3.4:5 .* has mcgen 0.0.1, here it is"):
        _check_versions(Client(), "tcp://1.2.3.4:1")
