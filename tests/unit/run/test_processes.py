"""Workers on this machine: what they draw, what they say when they fail, and when they end."""

from __future__ import annotations

import logging
import operator
import os
import signal
import subprocess
import sys
import time
import traceback
from functools import partial
from pathlib import Path

import pytest

from mcgen.errors import RunError
from mcgen.run.processes import _portable, _without_signals, in_processes
from tests.oracle.processes import alive, children, wait_for

ASLEEP = """
import time
from mcgen.run.processes import in_processes
if __name__ == "__main__":
    for _ in in_processes(time.sleep, [0, 0, 600, 600], 2, ahead=2):
        print("one of them", flush=True)
"""


def test_results_come_in_order() -> None:
    assert list(in_processes(partial(pow, 2), range(9), 2, ahead=2)) == [2**k for k in range(9)]


def test_an_error_says_where_it_was_raised(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    with pytest.raises(ZeroDivisionError) as caught:
        list(in_processes(partial(operator.truediv, 1), [1, 0], 2, ahead=2))
    said = "".join(traceback.format_exception(caught.value))
    assert "in a worker process:\nTraceback" in said
    assert "in _serve" in said
    assert "in a worker process:\nTraceback" in caplog.text


class Unportable(Exception):
    """Can be sent, but not be made again."""

    def __reduce__(self) -> tuple[type, tuple[str]]:
        return int, ("no number",)


@pytest.mark.parametrize("error", [Unportable("odd"), ValueError(lambda: None)])
def test_an_error_that_cannot_be_sent_is_told_in_words(error: Exception) -> None:
    found = _portable(error)
    assert isinstance(found, RunError)
    assert str(found).startswith(f"a worker process failed: {type(error).__name__}: {error}")
    assert found.__notes__


def test_workers_do_not_outlive_a_killed_run_even_in_the_middle_of_a_chunk(tmp_path: Path) -> None:
    script = tmp_path / "run.py"
    script.write_text(ASLEEP, encoding="utf-8")
    with subprocess.Popen([sys.executable, script], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for _ in range(2):
            process.stdout.readline()
        workers = children(process.pid)
        assert len(workers) >= 2
        process.kill()
    wait_for(lambda: not any(alive(pid) for pid in workers), seconds=10.0)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_waits_until_a_worker_has_started(number: signal.Signals) -> None:
    came: list[str] = []
    before = signal.signal(number, lambda *_: came.append("signal"))
    try:
        with _without_signals():
            os.kill(os.getpid(), number)
            time.sleep(0.01)
            came.append("started")
        assert came == ["started", "signal"]
        os.kill(os.getpid(), number)
        assert came == ["started", "signal", "signal"], "what was there before is there again"
    finally:
        signal.signal(number, before)
