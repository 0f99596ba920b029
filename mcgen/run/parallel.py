"""Where chunks are drawn: in this process, in processes of this machine, on a Dask cluster.

A chunk is a function of its number alone, so that the results are the same everywhere; they come back in
the order of the numbers, and only a few are on their way at a time.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from importlib import import_module
from multiprocessing import connection
from multiprocessing.connection import Connection as Pipe
from typing import Any, TypeVar

from mcgen.distribution import how_to_install, installed_version
from mcgen.errors import RunError, UsageError

T = TypeVar("T")
Draw = Callable[[int], T]

AHEAD = 2
"""Chunks a worker that may wait for the writer: enough to keep all busy, few enough to bound the memory."""

CONNECT_SECONDS = 15
"""How long a Dask scheduler may take to answer."""


@dataclass(frozen=True, slots=True)
class Workers:
    """Who draws chunks.

    Attributes
    ----------
    jobs : number of processes on this machine; 1 is this process itself
    dask : address of a Dask scheduler, instead of processes
    """

    jobs: int = 1
    dask: str | None = None

    def map(self, draw: Draw[T], numbers: Iterable[int]) -> Iterator[T]:
        """Yield what is drawn for each number, in their order.

        Parameters
        ----------
        draw : picklable; sent to every worker once

        Raises
        ------
        RunError
            If a worker dies, or no scheduler answers.
        UsageError
            If dask is not installed, or a worker has another version of mcgen.
        """
        if self.dask is not None:
            return _on_dask(draw, numbers, self.dask)
        if self.jobs > 1:
            return _in_processes(draw, numbers, self.jobs)
        return map(draw, numbers)


# --- processes -----------------------------------------------------------------------------------
#
# Every worker has a pipe of its own: in the queues that the standard library's pools share, a worker that is
# killed while it sends blocks all others for ever.


def _in_processes(draw: Draw[T], numbers: Iterable[int], jobs: int) -> Iterator[T]:
    # Spawned, since a fork of a process with threads (of libraries) may hang.
    context = multiprocessing.get_context("spawn")
    pipes: list[Pipe] = []
    processes = []
    try:
        for _ in range(jobs):
            pipe, other = context.Pipe()
            process = context.Process(target=_serve, args=(other,), daemon=True)
            process.start()
            other.close()  # or the end of the worker would not be the end of its pipe
            pipes.append(pipe)
            processes.append(process)
        for pipe in pipes:  # once all are on their way: each takes a while until it listens
            _send(pipe, draw)
        yield from _served(pipes, iter(numbers))
    finally:
        for pipe, process in zip(pipes, processes, strict=True):
            pipe.close()
            process.terminate()
            process.join()


def _served(pipes: list[Pipe], numbers: Iterator[int]) -> Iterator[Any]:
    """Hand numbers to idle workers, and yield the results in their order."""
    idle, busy = deque(pipes), dict[Pipe, int]()
    order, results = deque[int](), dict[int, Any]()
    while True:
        while idle and len(order) < AHEAD * len(pipes):
            number = next(numbers, None)
            if number is None:
                break
            _send(idle[0], number)
            busy[idle.popleft()] = number
            order.append(number)
        if not order:
            return
        if order[0] in results:
            yield results.pop(order.popleft())
            continue
        for pipe in connection.wait(list(busy)):
            assert isinstance(pipe, Pipe)
            results[busy.pop(pipe)] = _received(pipe)
            idle.append(pipe)


def _send(pipe: Pipe, what: Any) -> None:
    try:
        pipe.send(what)
    except OSError as error:
        raise _dead() from error


def _received(pipe: Pipe) -> Any:
    try:
        result = pipe.recv()
    except (EOFError, OSError) as error:
        raise _dead() from error
    if isinstance(result, BaseException):
        raise result
    return result


def _dead() -> RunError:
    return RunError(
        "a worker process died, perhaps for want of memory: try fewer --jobs or a smaller run.chunk"
    )


def _serve(pipe: Pipe) -> None:
    """Take what to draw with, and draw what is asked for, until the pipe is closed at the other end."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; the first process ends the others
    with contextlib.suppress(EOFError, OSError):
        draw: Draw[Any] = pipe.recv()
        while True:
            number = pipe.recv()
            try:
                result = draw(number)
            except Exception as error:  # noqa: BLE001  # it is raised where the results are wanted
                result = error
            pipe.send(result)


# --- dask ----------------------------------------------------------------------------------------


def _on_dask(draw: Draw[T], numbers: Iterable[int], address: str) -> Iterator[T]:
    try:
        distributed: Any = import_module("distributed")
    except ImportError as error:
        raise UsageError(f"--dask needs dask: {how_to_install('dask')}") from error
    try:
        client = distributed.Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise RunError(
            f"no Dask scheduler answers at {address}: start one, or correct the address"
        ) from error
    with client:
        _check_versions(client, address)
        name = f"mcgen-{os.getpid()}-{id(draw):x}"
        # A plugin reaches every worker once, and those too that join later or replace a dead one.
        client.register_plugin(_holder(draw), name=name)
        try:
            futures = _in_order(
                lambda number: client.submit(_draw_on_dask, name, number, pure=False),
                numbers,
                AHEAD * max(sum(client.nthreads().values()), 1),
            )
            yield from futures
        except distributed.KilledWorker as error:
            raise RunError(f"workers of the Dask cluster at {address} died repeatedly: {error}") from error
        finally:
            client.unregister_worker_plugin(name)


def _in_order(submit: Callable[[int], Any], numbers: Iterable[int], ahead: int) -> Iterator[Any]:
    """Submit a few numbers ahead, and yield the results in their order."""
    waiting: deque[Any] = deque()
    for number in numbers:
        waiting.append(submit(number))
        if len(waiting) >= ahead:
            yield waiting.popleft().result()
    while waiting:
        yield waiting.popleft().result()


def _holder(draw: Draw[Any]) -> Any:
    from distributed import WorkerPlugin

    class Holder(WorkerPlugin):
        """Keeps what is drawn from on a worker."""

        def __init__(self) -> None:
            self.draw = draw

    return Holder()


def _draw_on_dask(name: str, number: int) -> Any:
    from distributed import get_worker

    worker: Any = get_worker()
    return worker.plugins[name].draw(number)


def _check_versions(client: Any, address: str) -> None:
    own = installed_version()
    for worker, found in client.run(_installed_version).items():
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
