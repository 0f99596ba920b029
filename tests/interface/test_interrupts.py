"""SIGINT and SIGTERM at any moment: one line, exit code 130, and nothing left."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

SIGNALS = (signal.SIGINT, signal.SIGTERM)
GENERATE = [
    "-m",
    "mcgen",
    "-q",
    "generate",
    "tiny.toml",
    "-n",
    "1000000000",
    "-o",
    "place/out.root",
    "--force",
]
LINE = re.compile(
    r"mcgen: interrupted; (nothing was left half-written|\d+ finished chunks are kept in .*: continue with --resume)\n"
)


@pytest.fixture
def place(folder: Path) -> Path:
    """Make a folder with an output of yesterday."""
    (folder / "place").mkdir()
    (folder / "place" / "out.root").write_bytes(b"of yesterday")
    return folder / "place"


def start(arguments: Sequence[str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def wait_until_caught(process: subprocess.Popen[str]) -> None:
    """Wait for the program's first instruction: what comes before is the interpreter's own start."""
    status = Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        mask = re.search(r"SigCgt:\s*([0-9a-f]+)", status.read_text(encoding="utf-8"))
        if mask and int(mask[1], 16) >> (signal.SIGTERM - 1) & 1:
            return
        time.sleep(0.0005)
    pytest.fail(f"it ended by itself: {process.communicate()}")


def assert_interrupted(process: subprocess.Popen[str], place: Path) -> None:
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out == ""
    found = LINE.fullmatch(err)
    assert found, err
    kept = ["out.root.parts"] if "kept" in found[1] else []
    assert sorted(path.name for path in place.iterdir()) == ["out.root", *kept]
    assert (place / "out.root").read_bytes() == b"of yesterday"


needs_proc = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="needs /proc")


@needs_proc
@pytest.mark.parametrize("delay", [0.0, 0.005, 0.01, 0.02, 0.03, 0.05, 0.08, 0.12, 0.2, 0.3, 0.45, 0.6])
def test_a_signal_from_the_first_instruction_on(place: Path, delay: float) -> None:
    processes = []
    for number in SIGNALS:
        process = start(GENERATE)
        wait_until_caught(process)
        time.sleep(delay)
        process.send_signal(number)
        processes.append(process)
    for process in processes:
        assert_interrupted(process, place)


@needs_proc
@pytest.mark.parametrize("delay", [0.0, 0.05, 0.15, 0.5, 1.5, 3.0])
def test_signal_upon_signal(place: Path, delay: float) -> None:
    """Nobody who presses twice, and no batch system, kills what removes the temporary files."""
    process = start(GENERATE)
    wait_until_caught(process)
    time.sleep(delay)
    for i in range(2000):
        if process.poll() is not None:
            break
        process.send_signal(SIGNALS[i % 2])
        time.sleep(0.002)
    assert_interrupted(process, place)


@needs_proc
def test_a_signal_while_options_are_parsed(place: Path) -> None:
    process = start(["-m", "mcgen", "generate", "--help"])
    wait_until_caught(process)
    process.send_signal(signal.SIGTERM)
    assert_interrupted(process, place)


PROGRAM = """
import os, signal, sys, time, weakref
from mcgen import interrupts

class Library:
    def __del__(self):
        signalled()

def signalled():
    os.kill(os.getpid(), signal.SIGINT)
    return sum(range(10))

def swallowed():
    try:
        signalled()
    except BaseException:
        return

def destroyed():
    Library()

def called_back():
    library = Library.__new__(type("Other", (), {}))
    keep = weakref.ref(library, lambda _: signalled())
    del library

def tidied_up():
    try:
        raise OSError("disk")
    except OSError:
        signalled()
        print("tidied up", flush=True)

def held():
    with interrupts.Held():
        signalled()
        print("held", flush=True)

def compiled():
    exec("signalled()")

interrupts.catch()
try:
    try:
        WHAT()
        print("went on", flush=True)
        time.sleep(30)
    finally:
        for _ in range(20):  # a clean-up that others disturb
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
        print("cleaned up", flush=True)
except KeyboardInterrupt:
    interrupts.ignore()
    signalled()
    print("interrupted", flush=True)
sys.exit(130)
"""


@pytest.mark.parametrize(
    ("what", "first"),
    [
        ("signalled", ""),
        ("compiled", ""),
        ("swallowed", "went on\n"),
        ("destroyed", "went on\n"),
        ("called_back", "went on\n"),
        ("tidied_up", "tidied up\n(went on\n)?"),
        ("held", "held\n(went on\n)?"),
    ],
)
def test_an_interrupt_is_neither_dropped_nor_doubled(what: str, first: str) -> None:
    """Also where a library, or Python in a destructor, drops it, the run ends, and its clean-up is not disturbed."""
    begin = time.monotonic()
    found = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("WHAT", what)], capture_output=True, text=True, check=False
    )
    assert found.stderr == ""
    assert re.fullmatch(f"{first}cleaned up\ninterrupted\n", found.stdout), found.stdout
    assert found.returncode == 130
    assert time.monotonic() - begin < 20.0, "it does not sleep to the end"


def test_an_interrupt_that_a_library_makes_an_error_of_its_own() -> None:
    """Ctrl-C while a compiled library is imported comes out as that library's ImportError."""
    code = """
import signal
from mcgen import cli
from mcgen.run import run

def half_imported(*_):
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        raise ImportError("initialization failed") from None

run.flux_of = half_imported
cli.main()
"""
    found = subprocess.run(
        [sys.executable, "-c", code, "generate", "tiny.toml"], capture_output=True, text=True, check=False
    )
    assert found.stderr == "mcgen: interrupted; nothing was left half-written\n"
    assert (found.returncode, found.stdout) == (130, "")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("io.lock", "pid_space"),  # the lock is there, its owner's name is being written
        ("run.journal", "atomic_output"),  # the file that says which run it is has just got its name
    ],
)
def test_an_interrupt_where_a_run_begins_leaves_nothing(place: Path, module: str, name: str) -> None:
    code = f"""
import signal
from contextlib import contextmanager
from mcgen import cli
import mcgen.{module} as module

done = module.{name}

@contextmanager
def output(path):
    with done(path) as temporary:
        yield temporary
    signal.raise_signal(signal.SIGINT)

def function(*arguments):
    result = done(*arguments)
    signal.raise_signal(signal.SIGINT)
    return result

module.{name} = output if done is getattr(module, "atomic_output", None) else function
cli.main()
"""
    found = subprocess.run(
        [sys.executable, "-c", code, *GENERATE[2:]], capture_output=True, text=True, check=False
    )
    assert found.stderr == "mcgen: interrupted; nothing was left half-written\n"
    assert found.returncode == 130
    assert [path.name for path in place.iterdir()] == ["out.root"]
