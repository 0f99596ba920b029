"""Events from a Dask cluster, whatever becomes of it."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from distributed import Client

import mcgen
from mcgen.errors import RunError
from mcgen.events import Events
from mcgen.run.dataset import generate_dataset
from mcgen.run.generate import generate_file
from mcgen.run.parallel import Workers
from tests.oracle.cards import assert_same_columns, refused
from tests.oracle.processes import wait_for


@pytest.fixture
def card(folder: Path) -> mcgen.Card:
    return mcgen.load_card(folder / "tiny.toml")


def assert_same_events(one: Events, other: Events) -> None:
    """Require equal arrays and equal metadata, to the last bit."""
    assert_same_columns(one.columns, other.columns)
    assert one.metadata == other.metadata


def dask(*arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "dask", *arguments]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


@dataclass
class Cluster:
    address: str
    scheduler: subprocess.Popen[bytes]
    workers: list[subprocess.Popen[bytes]]


@pytest.fixture
def scheduler(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster without workers."""
    description = tmp_path / "scheduler.json"
    process = dask(
        *("scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard"),
        *("--scheduler-file", str(description)),
    )
    try:
        wait_for(lambda: description.is_file() and description.stat().st_size > 0)
        yield Cluster(json.loads(description.read_text(encoding="utf-8"))["address"], process, [])
    finally:
        process.kill()
        process.wait()


@contextmanager
def with_workers(scheduler: Cluster, folder: Path, *options: str) -> Iterator[Cluster]:
    """Start two workers, which have their own files in a folder."""
    options = (*options, "--no-dashboard", "--nthreads", "1", "--local-directory", str(folder))
    scheduler.workers += [dask("worker", scheduler.address, *options) for _ in range(2)]
    try:
        with client_of(scheduler) as client:
            client.wait_for_workers(2, timeout=60)
        yield scheduler
    finally:
        for process in scheduler.workers:
            process.kill()
            process.wait()


def client_of(cluster: Cluster) -> Any:
    return Client(cluster.address, set_as_default=False)  # type: ignore[no-untyped-call]


@pytest.fixture
def cluster(scheduler: Cluster, tmp_path: Path) -> Iterator[Cluster]:
    """A cluster with two workers."""
    with with_workers(scheduler, tmp_path, "--no-nanny") as started:
        yield started


@pytest.mark.nightly
def test_a_cluster_that_loses_a_worker_gives_the_same_events(card: mcgen.Card, cluster: Cluster) -> None:
    card = card.replace(run={"events": 2550, "chunk": 100})
    done_points = []

    def kill_one(points: int) -> None:
        done_points.append(points)
        if len(done_points) == 5:
            cluster.workers[0].kill()

    generate_file(card, Path("cluster.root"), workers=Workers(dask=cluster.address), progress=kill_one)
    assert cluster.workers[0].poll() is not None
    assert cluster.workers[1].poll() is None
    generate_file(card, Path("one.root"))
    assert_same_events(mcgen.read("one.root"), mcgen.read("cluster.root"))


def test_a_nanny_replaces_its_worker_and_what_a_dead_scheduler_leaves_is_continued(
    card: mcgen.Card, scheduler: Cluster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    card = card.replace(run={"events": 6000, "chunk": 100})
    folder = Path("set")
    folder.mkdir()
    drawn: list[int] = []

    def kill(points: int) -> None:
        drawn.append(points)
        if len(drawn) == 3:
            with client_of(scheduler) as client:
                one = next(iter(pids := client.run(os.getpid)))
                os.kill(pids[one], signal.SIGKILL)
                wait_for(lambda: len(client.nthreads()) == 2 and one not in client.nthreads())
        if len(drawn) == 12:
            scheduler.scheduler.kill()

    with with_workers(scheduler, tmp_path, "--nanny"):
        workers = Workers(dask=scheduler.address, patience=2.0)
        message = r"scheduler at .* does not answer any more: .*; \d+ finished parts are kept in set: continue with --resume"
        with pytest.raises(RunError, match=message):
            generate_dataset(card, folder, workers=workers, progress=kill, part_points=200)
    assert len(drawn) == 12
    assert "Traceback" not in capfd.readouterr().err
    drawn.clear()
    generate_dataset(card, folder, resume=True, progress=drawn.append, part_points=200)
    assert 0 < sum(drawn) <= 6000 - 12 * 200, "only what is missing is drawn"
    generate_file(card, Path("one.root"))
    assert_same_columns(mcgen.read("one.root").columns, mcgen.read("set").columns)


def test_a_folder_that_is_full_or_not_shared(
    card: mcgen.Card, cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    def allow_small_files_only() -> None:  # in here it is sent whole, and the workers need not import it
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    workers = Workers(dask=cluster.address)
    folder = Path("set")
    folder.mkdir()
    with client_of(cluster) as client:
        client.run(allow_small_files_only)  # a full disk, as workers see it
    with pytest.raises(RunError, match=r"part-00000\.root: cannot be written: File too large"):
        generate_dataset(card, folder, workers=workers)
    assert [path.name for path in folder.iterdir()] == []
    # Where the workers run there is no such folder; here there is.
    monkeypatch.setattr(Path, "absolute", lambda path: Path("/nowhere") / path)
    with pytest.raises(
        RunError, match=r"^/nowhere/set: there is no such folder where this worker runs; .* shared"
    ):
        generate_dataset(card, folder, workers=workers)
    assert [path.name for path in folder.iterdir()] == []


def test_a_part_that_was_written_elsewhere(card: mcgen.Card, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("set").mkdir()
    Path("elsewhere").mkdir()
    monkeypatch.setattr(Path, "absolute", lambda _: Path("elsewhere"))
    message = r"set: a worker wrote part-00000\.root, which is not here: all machines need the folder"
    with pytest.raises(RunError, match=message):
        generate_dataset(card, Path("set"))


@pytest.mark.parametrize(
    ("lost", "said"),
    [
        pytest.param(
            "scheduler", "the Dask scheduler at {} does not answer any more", marks=pytest.mark.nightly
        ),
        ("workers", r"the Dask cluster at {} has had no workers for 2 s: start some .*--dask-wait"),
    ],
)
def test_a_cluster_that_dies(
    card: mcgen.Card, cluster: Cluster, lost: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    card = card.replace(run={"events": 100_000, "chunk": 100})

    def kill(_: int) -> None:
        for process in [cluster.scheduler] if lost == "scheduler" else cluster.workers:
            process.kill()

    workers = Workers(dask=cluster.address, patience=2.0)
    message = "^" + said.format(cluster.address) + ".* finished chunks are kept in tiny.root.parts"
    with pytest.raises(RunError, match=message):
        generate_file(card, Path("tiny.root"), workers=workers, resume=True, progress=kill)
    assert "Traceback" not in capfd.readouterr().err


def test_a_cluster_without_workers(scheduler: Cluster, caplog: pytest.LogCaptureFixture) -> None:
    message = refused("generate", "tiny.toml", "--dask", scheduler.address, "--dask-wait", "0.5", code=1)
    assert f"the Dask cluster at {scheduler.address} has had no workers for 0.5 s: start some" in message
    assert f"the Dask cluster at {scheduler.address} has no workers: waiting for some" in caplog.messages


@pytest.mark.parametrize(
    "address", ["nonsense", "", "http://127.0.0.1:8787", "tls://127.0.0.1:9", "inproc://x"]
)
def test_what_is_no_address_of_a_scheduler(address: str) -> None:
    message = refused("generate", "tiny.toml", "--dask", address)
    assert f"--dask {address!r}: not the address of a scheduler, as tcp://host:8786 (" in message


def test_no_scheduler() -> None:
    message = refused("generate", "tiny.toml", "--dask", "tcp://127.0.0.1:9", "--dask-wait", "1", code=1)
    assert "no Dask scheduler answers at tcp://127.0.0.1:9" in message


def test_dask_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert "pip install 'mcgen-hep[dask]'" in refused("generate", "tiny.toml", "--dask", "tcp://127.0.0.1:9")
