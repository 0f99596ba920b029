"""A Dask cluster whose workers are not what they should be."""

from __future__ import annotations

from concurrent.futures import Future
from typing import Any

import pytest

from mcgen.errors import RunError
from mcgen.run.cluster import _check_versions, _Cluster

ADDRESS = "tcp://127.0.0.1:1"


class Client:
    """A client of a cluster with one worker, as far as it is asked."""

    status = "running"

    def nthreads(self) -> dict[str, int]:
        return {"tcp://127.0.0.1:2": 3}

    def register_plugin(self, *_: Any, **__: Any) -> None:
        raise ValueError("ModuleNotFoundError: mcgen.sampler")

    def unregister_worker_plugin(self, _: str) -> None:
        raise OSError("gone")

    def run(self, _: Any) -> dict[str, str]:
        raise OSError("gone")


def test_a_scheduler_that_is_lost_at_the_start() -> None:
    with pytest.raises(RunError, match=f"scheduler at {ADDRESS} does not answer any more"):
        _check_versions(Client(), ADDRESS)


def test_workers_that_cannot_take_the_run() -> None:
    cluster = _Cluster(Client(), ADDRESS, 1.0)
    said = rf"workers of the Dask cluster at {ADDRESS} cannot take the run: ModuleNotFoundError.*same version"
    with pytest.raises(RunError, match=said):
        cluster.holding(abs, "name").__enter__()


def test_threads_are_counted_whenever_workers_come_and_go() -> None:
    client = Client()
    cluster = _Cluster(client, ADDRESS, 1.0)
    assert cluster.threads() == 3
    client.nthreads = lambda: {"a": 1, "b": 4}  # type: ignore[method-assign]
    assert cluster.threads() == 5
    client.nthreads = dict  # type: ignore[method-assign]
    assert cluster.threads() == 1


def test_a_timeout_of_what_is_drawn_is_no_impatience() -> None:
    future = Future[int]()
    future.set_exception(TimeoutError("of its own"))
    with pytest.raises(TimeoutError, match="of its own"):
        _Cluster(Client(), ADDRESS, 1.0).result(future)
