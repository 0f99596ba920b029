"""Chunks drawn on a Dask cluster."""

from __future__ import annotations

import logging
import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from importlib import import_module
from time import monotonic, sleep
from typing import Any, TypeVar

from mcgen.distribution import how_to_install, installed_version
from mcgen.errors import RunError, UsageError

T = TypeVar("T")

_log = logging.getLogger(__name__)

CONNECT_SECONDS = 15.0
"""How long a Dask scheduler may take to answer."""

WATCH_SECONDS = 1.0
"""How often to see after a cluster that one waits for."""

LOGGERS = ("distributed.client", "tornado.application")
"""Where a client logs that it lost its scheduler or its workers."""


def on_cluster(
    draw: Callable[[int], T], numbers: Iterable[int], address: str, patience: float, ahead: int
) -> Iterator[T]:
    """Yield what is drawn for each number, in their order.

    Parameters
    ----------
    draw : picklable
    address : of the scheduler
    patience : how long [s] the cluster may be without workers
    ahead : numbers a thread of a worker that may wait, drawn or not, for those before them
    """
    with _connected(address, patience) as client:
        cluster = _Cluster(client, address, patience)
        cluster.wait_for_workers()
        _check_versions(client, address)
        name = f"mcgen-{os.getpid()}-{id(draw):x}"
        executor = client.get_executor(pure=False)  # not to be shut down: that waits for all, even for ever
        waiting: deque[Future[Any]] = deque()
        with cluster.holding(draw, name):
            for number in numbers:
                waiting.append(executor.submit(_draw_on_worker, name, number))
                if len(waiting) >= ahead * cluster.threads():
                    yield cluster.result(waiting.popleft())
            while waiting:
                yield cluster.result(waiting.popleft())


@contextmanager
def _connected(address: str, patience: float) -> Iterator[Any]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise UsageError(f"--dask needs dask: {how_to_install('dask')}") from error
    seconds = min(CONNECT_SECONDS, patience)
    try:
        _reach(address, seconds)
        client = distributed.Client(address, timeout=seconds, set_as_default=False)
    except (OSError, TimeoutError) as error:
        raise RunError(
            f"no Dask scheduler answers at {address}: start one, or correct the address"
        ) from error
    except (ValueError, TypeError) as error:
        raise UsageError(
            f"--dask {address!r}: not the address of a scheduler, as tcp://host:8786 ({error})"
        ) from error
    with _silenced(), client:
        yield client


@contextmanager
def _silenced() -> Iterator[None]:
    """Spare people the tracebacks that others log of what our own message says; not if they want all."""
    names = () if _log.isEnabledFor(logging.INFO) else LOGGERS
    before = {logger: logger.disabled for logger in map(logging.getLogger, names)}
    for logger in before:
        logger.disabled = True
    try:
        yield
    finally:
        for logger, disabled in before.items():
            logger.disabled = disabled


def _reach(address: str, seconds: float) -> None:
    """Connect to a scheduler and let go: a client that fails in its constructor cannot be got rid of."""
    comm, security, utils = (import_module(f"distributed.{name}") for name in ("comm", "security", "utils"))

    async def reach() -> None:
        arguments = security.Security().get_connection_args("client")
        connection = await comm.connect(address, timeout=seconds, **arguments)
        connection.abort()

    runner = utils.LoopRunner(asynchronous=False)
    runner.start()
    try:
        utils.sync(runner.loop, reach, callback_timeout=seconds)
    finally:
        runner.stop()


class _Cluster:
    """A cluster that may lose its scheduler or all of its workers.

    Parameters
    ----------
    client : connected to the scheduler
    address : of the scheduler
    patience : how long [s] there may be no workers
    """

    def __init__(self, client: Any, address: str, patience: float) -> None:
        self._client = client
        self._address = address
        self._patience = patience
        self._alone_since: float | None = None

    def threads(self) -> int:
        """Number of chunks that can be drawn at a time, or 1."""
        return max(sum(self._workers().values()), 1)

    def wait_for_workers(self) -> None:
        """Wait until there is a worker."""
        while self._is_alone():
            sleep(min(WATCH_SECONDS, self._patience))

    @contextmanager
    def holding(self, draw: Callable[[int], Any], name: str) -> Iterator[None]:
        """Have all workers hold what is drawn from, those too that join later or replace a dead one."""
        try:
            self._client.register_plugin(_holder(draw), name=name)
        except OSError as error:
            raise _lost(self._address) from error
        except Exception as error:
            raise RunError(
                f"the workers of the Dask cluster at {self._address} cannot take the run: {error}: "
                "install the same version of mcgen everywhere"
            ) from error
        try:
            yield
        finally:
            with suppress(Exception):  # a dead scheduler has been told of
                self._client.unregister_worker_plugin(name)

    def result(self, future: Future[Any]) -> Any:
        """Wait for a result as long as somebody is there to draw it."""
        while True:
            try:
                return future.result(timeout=min(WATCH_SECONDS, self._patience))
            except CancelledError as error:
                raise _lost(self._address) from error
            except TimeoutError:
                if future.done():  # it is what was raised where it was drawn
                    raise
            except import_module("distributed").KilledWorker as error:
                raise RunError(
                    f"workers of the Dask cluster at {self._address} died repeatedly: {error}"
                ) from error
            self._is_alone()

    def _is_alone(self) -> bool:
        """Whether the cluster has no workers; an error if that has been so for too long."""
        if self._workers():
            self._alone_since = None
            return False
        if self._alone_since is None:
            self._alone_since = monotonic()
            _log.warning("the Dask cluster at %s has no workers: waiting for some", self._address)
        if monotonic() - self._alone_since > self._patience:
            raise RunError(
                f"the Dask cluster at {self._address} has had no workers for {self._patience:g} s: "
                f"start some (dask worker {self._address}), or give them more time with --dask-wait"
            )
        return True

    def _workers(self) -> dict[str, int]:
        """Threads of all workers."""
        try:
            if self._client.status == "running":
                return dict(self._client.nthreads())
        except OSError as error:
            raise _lost(self._address) from error
        raise _lost(self._address)


def _lost(address: str) -> RunError:
    return RunError(f"the Dask scheduler at {address} does not answer any more: start it again")


def _holder(draw: Callable[[int], Any]) -> Any:
    from distributed import WorkerPlugin

    class Holder(WorkerPlugin):
        """Keeps what is drawn from on a worker."""

        def __init__(self) -> None:
            self.draw = draw

    return Holder()


def _draw_on_worker(name: str, number: int) -> Any:
    from distributed import get_worker

    worker: Any = get_worker()
    if name not in worker.plugins:  # it joined later, and could not take the plugin
        raise RunError(
            f"the Dask worker {worker.address} cannot take the run: install the same version of mcgen everywhere"
        )
    return worker.plugins[name].draw(number)


def _check_versions(client: Any, address: str) -> None:
    own = installed_version()
    try:
        installed = client.run(_installed_version)
    except OSError as error:
        raise _lost(address) from error
    for worker, found in installed.items():
        if found != own:
            raise UsageError(
                f"the Dask worker {worker} of {address} has mcgen {found or 'not installed'}, here it is {own}: "
                "install the same version everywhere"
            )


def _installed_version() -> str:
    try:
        return installed_version()
    except ImportError:
        return ""
