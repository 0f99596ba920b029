"""Benchmarks of whole runs, of the cards as they are shipped and as people run them."""

from __future__ import annotations

import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run
from time import perf_counter, process_time

import mcgen
from mcgen.io.events.store import read_metadata
from mcgen.run.dataset import PartMaker, generate_dataset, index_dataset
from mcgen.run.generate import generate_file
from mcgen.run.parallel import Workers
from mcgen.run.run import Run
from tests.benchmarks.rows import Row, at_most, seconds

EXACT, IWW = "na62_leptophilic_exact", "na62_leptophilic"
"""Shipped cards that are measured; the targets are those of these two."""


def whole_runs(folder: Path, events: int = 1_000_000) -> Iterator[Row]:
    """Seconds until the first point, and microseconds of a further one: those of the machine, not ratios."""
    yield from _whole_run(folder, IWW, events, (2.0, 1.6, 0.6))
    yield from _whole_run(folder, EXACT, events, (3.5, 2.4, 1.3))


def _whole_run(folder: Path, name: str, events: int, targets: tuple[float, float, float]) -> Iterator[Row]:
    card = mcgen.load_card(name).replace(run={"events": events, "seed": 1})
    proposal = Run.of(card).proposal
    drawn = Run.of(card, proposal)
    loading = seconds(lambda: Run.of(card, proposal))
    generating = seconds(lambda: [None for _ in drawn.chunks()])
    to_file = seconds(lambda: generate_file(card, folder / "one.root", proposal=proposal)) - loading
    yield at_most(f"fixed cost of a run [s], {name}", _cpu_of_a_process(name, 100), targets[0])
    yield at_most(f"a further point, to ROOT [us], {name}", 1e6 * to_file / events, targets[1])
    yield at_most(f"of it generating [us], {name}", 1e6 * generating / events, targets[2])


def _cpu_of_a_process(name: str, events: int) -> float:
    """CPU time [s] of `mcgen generate` in a process of its own."""
    program = (
        "import sys, time, mcgen, mcgen.run.run;"
        "card = mcgen.load_card(sys.argv[1]).replace(run={'events': int(sys.argv[2]), 'seed': 1});"
        "mcgen.run.run.Run.of(card).yields();"
        "print(time.process_time())"
    )
    arguments = [sys.executable, "-c", program, name, str(events)]
    return float(run(arguments, check=True, capture_output=True, text=True).stdout)


def two_processes(folder: Path, events: int = 3_000_000) -> Iterator[Row]:
    """Wall time of two processes over that of one, training left out."""
    card = mcgen.load_card(EXACT).replace(run={"events": events, "seed": 1})
    proposal = Run.of(card).proposal
    times: dict[tuple[str, int], float] = {}
    for jobs in (1, 2):
        start = perf_counter()
        generate_file(card, folder / f"jobs{jobs}.root", workers=Workers(jobs), proposal=proposal)
        times["one file", jobs] = perf_counter() - start
        (parts := folder / f"jobs{jobs}").mkdir()
        before = _cpu_of_children()
        start, own = perf_counter(), process_time()
        generate_dataset(card, parts, workers=Workers(jobs), proposal=proposal)
        times["dataset", jobs] = perf_counter() - start
        coordinating, drawing = process_time() - own, _cpu_of_children() - before
    for kind, target in (("one file", 0.6), ("dataset", 0.55)):
        ratio = times[kind, 2] / times[kind, 1]
        yield at_most(f"2 processes / 1 process, wall, 3e6 points, {kind}", ratio, target)
    yield at_most("CPU of who coordinates / of who draws, dataset", coordinating / drawing, 0.1)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def farm(folder: Path, parts: int = 1000, points: int = 10_000) -> Iterator[Row]:
    """A dataset of many parts, as a farm leaves it: cost of its index and of reading what it says."""
    card = mcgen.load_card(EXACT).replace(
        run={"events": parts * points, "chunk": points, "seed": 1, "columns": "slim"}
    )
    (where := folder / "farm").mkdir()
    maker = PartMaker(Run.of(card), where, "root")
    for part in range(parts):
        maker.make(range(part, part + 1))
    indexing = seconds(lambda: index_dataset(where))
    yield at_most(f"index of a farm's {parts} parts [s]", indexing, 10.0)
    yield at_most(f"inspect of {parts} parts [s]", seconds(lambda: read_metadata(where)), 10.0)
