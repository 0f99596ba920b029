"""Chunks drawn in processes of this machine.

Every worker has a pipe of its own: in the queues that the standard library's pools share, a worker that is
killed while it sends blocks all others for ever.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import pickle
import signal
import threading
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from multiprocessing import connection, resource_tracker
from multiprocessing.connection import Connection as Pipe
from typing import Any, TypeVar

from mcgen.errors import RunError

T = TypeVar("T")

_log = logging.getLogger(__name__)


def in_processes(draw: Callable[[int], T], numbers: Iterable[int], jobs: int, ahead: int) -> Iterator[T]:
    """Yield what is drawn for each number, in their order.

    Parameters
    ----------
    draw : picklable
    jobs : number of processes
    ahead : numbers a process that may wait, drawn or not, for those before them
    """
    # Spawned, since a fork of a process with threads (of libraries) may hang.
    context = multiprocessing.get_context("spawn")
    resource_tracker.ensure_running()  # it unblocks signals when it starts, which must not happen below
    pipes: list[Pipe] = []
    processes = []
    try:
        for _ in range(jobs):
            with _without_signals():
                pipe, other = context.Pipe()
                process = context.Process(target=_serve, args=(other,), daemon=True)
                process.start()
                other.close()  # or the end of the worker would not be the end of its pipe
                pipes.append(pipe)
                processes.append(process)
        for pipe in pipes:  # once all are on their way: each takes a while until it listens
            _send(pipe, draw)
        yield from _served(pipes, iter(numbers), ahead)
    finally:
        for pipe, process in zip(pipes, processes, strict=True):
            pipe.close()
            process.terminate()
            process.join()


@contextmanager
def _without_signals() -> Iterator[None]:
    """Put off what is to stop this process, and start processes that Ctrl-C does not reach.

    Ctrl-C goes to all processes of a terminal; the first one ends the others. They inherit that the signal
    is blocked, so that they are silent from their first instruction. Here that is not enough: threads of
    libraries would take the signal, and Python's handler would run between two steps of a start.
    """
    came: list[int] = []
    handlers = {}
    if threading.current_thread() is threading.main_thread():  # no other one may set handlers
        for number in (signal.SIGINT, signal.SIGTERM):
            handlers[number] = signal.signal(number, lambda caught, _: came.append(caught))
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for number, handler in handlers.items():
            signal.signal(number, handler)
        for caught in came:
            signal.raise_signal(caught)


def _served(pipes: list[Pipe], numbers: Iterator[int], ahead: int) -> Iterator[Any]:
    """Hand numbers to idle workers, and yield the results in their order."""
    idle, busy = deque(pipes), dict[Pipe, int]()
    order, results = deque[int](), dict[int, Any]()
    while True:
        while idle and len(order) < ahead * len(pipes):
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
        _log.info("%s", "\n".join(result.__notes__))
        raise result
    return result


def _dead() -> RunError:
    return RunError(
        "a worker process died, perhaps for want of memory: try fewer --jobs or a smaller run.chunk"
    )


# --- in the worker


def _serve(pipe: Pipe) -> None:
    """Take what to draw with, and draw what is asked for, until the pipe is closed at the other end."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    with contextlib.suppress(EOFError, OSError):
        draw: Callable[[int], Any] = pipe.recv()
        while True:
            number = pipe.recv()
            try:
                result = draw(number)
            except Exception as error:  # noqa: BLE001  # it is raised where the results are wanted
                result = _portable(error)
            pipe.send(result)


def _end_with_parent() -> None:
    """End at once, even in the middle of a chunk, when nobody is left to take it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _portable(error: Exception) -> Exception:
    """Return an error that can be sent, with its traceback in a note: only the note is sent along."""
    note = f"in a worker process:\n{traceback.format_exc()}"
    try:
        error.add_note(note)
        pickle.loads(pickle.dumps(error))
    except Exception:  # noqa: BLE001  # classes of others may do anything here
        error = RunError(f"a worker process failed: {type(error).__name__}: {error}")
        error.add_note(note)
    return error
