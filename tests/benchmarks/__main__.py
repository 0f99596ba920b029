"""Benchmarks: ratios measured in one run, with their targets. Nothing here is timed against a clock's limit.

    python -m tests.benchmarks [--quick]

Prints one table in Markdown; --quick leaves out the memory benchmark, which writes 10 million events.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np

import mcgen
from mcgen.flux import flux_of
from mcgen.io.root import RootWriter
from mcgen.run import Run
from mcgen.sensitivity.contour import MassPoint, mass_point

POINTS = {
    "NA62 leptophilic 0.05, 2e-5": ("na62_leptophilic", {"mass_gev": 0.05, "g_mu": 2e-5}),
    "NA62 leptophilic 0.05, 3e-4": ("na62_leptophilic", {"mass_gev": 0.05, "g_mu": 3e-4}),
    "NA62 leptophilic 0.05, 1e-3": ("na62_leptophilic", {"mass_gev": 0.05, "g_mu": 1e-3}),
    "NA62 muonphilic 0.1, 1e-3": ("na62_muonphilic", {"mass_gev": 0.1, "g_mu": 1e-3}),
    "SHiP leptophilic 0.2, 5e-5": ("ship_leptophilic", {"mass_gev": 0.2, "g_mu": 5e-5}),
    "SHiP muonphilic 0.25, 1e-6": ("ship_muonphilic", {"mass_gev": 0.25, "g_mu": 1e-6}),
    "SHADOWS leptophilic 0.1, 1e-4": ("shadows_leptophilic_exact", {"mass_gev": 0.1, "g_mu": 1e-4}),
}
METHODS: dict[str, dict[str, Any]] = {
    "iww": {"method": "iww", "energy_loss": "constant", "multiple_scattering": False},
    "exact": {
        "method": "exact",
        "energy_loss": "constant",
        "multiple_scattering": False,
        "min_energy_factor": 0.0,
    },
}
LEAST = {"iww": 0.3, "exact": 0.25}


@dataclass
class Row:
    """A line of the table: what, measured, target, whether it is met."""

    what: str
    value: float
    target: str
    met: bool

    def __str__(self) -> str:
        return f"| {self.what} | {self.value:.3g} | {self.target} | {'met' if self.met else 'missed'} |"


def at_most(what: str, value: float, target: float) -> Row:
    return Row(what, value, f"<= {target:g}", value <= target)


def at_least(what: str, value: float, target: float) -> Row:
    return Row(what, value, f">= {target:g}", value >= target)


def card_of(point: str, method: str, events: int) -> mcgen.Card:
    name, model = POINTS[point]
    return mcgen.load_card(name).replace(
        model=model, production=METHODS[method], run={"events": events, "seed": 1}
    )


def seconds(action: Callable[[], object]) -> float:
    """CPU time of a call in this process."""
    start = process_time()
    action()
    return process_time() - start


def sampling(events: int = 500_000) -> Iterator[Row]:
    """N_eff/N and heaviest weight of the accepted yield, per benchmark point."""
    for method in METHODS:
        sizes = []
        for point in POINTS:
            run = Run.of(card_of(point, method, events))
            accepted = np.concatenate([c["weight"][c["accepted"]] for c in run.chunks()])
            sizes.append(run.tally.yields(events)["accepted"].effective_size / events)
            yield at_least(f"N_eff/N, {method}, {point}", sizes[-1], LEAST[method])
            yield at_most(
                f"max/mean weight, {method}, {point}", float(accepted.max() / accepted.mean()), 100.0
            )
        yield at_least(f"N_eff/N, {method}, median of the points", float(np.median(sizes)), 0.55)


def writing(folder: Path, method: str, target: float, events: int = 1_000_000) -> Iterator[Row]:
    """Cost of generating and writing over writing alone, and of the training."""
    card = card_of("NA62 muonphilic 0.1, 1e-3", method, events)
    start = process_time()
    run = Run.of(card)
    training = process_time() - start
    chunk = run.chunk(0)

    def both() -> None:
        with RootWriter(folder / "both.root", run.columns) as writer:
            for record in run.chunks():
                writer.append(record)

    def alone() -> None:
        with RootWriter(folder / "alone.root", run.columns) as writer:
            for _ in range(run.number_of_chunks):
                writer.append(chunk)

    generating = seconds(lambda: [None for _ in run.chunks()])
    yield at_most(f"generate + write / write alone, {method}", seconds(both) / seconds(alone), target)
    yield at_most(f"pilot and training / generating 1e6 events, {method}", training / generating, 2.0)
    print(f"generating, {method}: {1e6 * generating / events:.2f} us/event", file=sys.stderr)


def contour(events: int = 400_000) -> Iterator[Row]:
    """Cost of a grid of 40 masses and 40 couplings over that of generating each point, and how they agree.

    Both are proportional to the number of masses: one mass is measured, with every third of its couplings
    that matter generated.
    """
    card = card_of("NA62 leptophilic 0.05, 3e-4", "iww", events).replace(scan={"couplings": "1e-8:1:40"})
    flux = flux_of(card)
    found: list[MassPoint] = []
    scanning = seconds(lambda: found.append(mass_point(card, flux, 1, 2.3, card.model.mass_gev)))
    yields = {g: y.value for g, y in zip(card.scan.grid, found[0].yields, strict=True)}
    worth = [g for g, value in yields.items() if value > 1e-4 * max(yields.values())]
    generated: dict[float, float] = {}

    def generate(g: float) -> None:
        run = Run.of(card.at_coupling(g))
        generated[g] = sum(float(c["weight"][c["accepted"]].sum()) for c in run.chunks())

    each = [seconds(lambda g=g: generate(g)) for g in worth[::3]]  # type: ignore[misc]
    yield at_most(
        "40 x 40 contour / generating each point, iww", scanning / (40.0 * float(np.mean(each))), 1.0 / 30.0
    )
    differences = [abs(yields[g] / value - 1.0) for g, value in generated.items()]
    yield at_most("largest difference of the two, yields above 1e-4 of the largest", max(differences), 0.02)


def memory(folder: Path) -> Iterator[Row]:
    """Peak memory at ten million events over that at one million."""
    program = (
        "import resource, sys, pathlib, mcgen, mcgen.run;"
        "card = mcgen.load_card('na62_muonphilic').replace(run={'events': int(sys.argv[1]), 'seed': 1});"
        "mcgen.run.generate_file(card, pathlib.Path(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for events in (1_000_000, 10_000_000):
        arguments = [sys.executable, "-c", program, str(events), str(folder / "memory.root")]
        peaks.append(int(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout))
        print(f"peak memory at {events} events: {peaks[-1] / 1024:.0f} MiB", file=sys.stderr)
    yield at_most("peak memory at 1e7 / at 1e6 events", peaks[1] / peaks[0], 1.1)


def start_up(repeat: int = 7) -> Iterator[Row]:
    """Time of `mcgen --help` over that of importing numpy, best of several."""

    def best(*arguments: str) -> float:
        import time

        times = []
        for _ in range(repeat):
            start = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            times.append(time.perf_counter() - start)
        return min(times)

    yield at_most(
        "`mcgen --help` / `import numpy`", best("-m", "mcgen", "--help") / best("-c", "import numpy"), 3.0
    )


def main() -> None:
    print("| benchmark | measured | target | outcome |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        stages = [
            start_up(),
            writing(folder, "iww", 1.5),
            writing(folder, "exact", 4.0),
            sampling(),
            contour(),
        ]
        if "--quick" not in sys.argv:
            stages.append(memory(folder))
        for stage in stages:
            for row in stage:
                print(row, flush=True)


if __name__ == "__main__":
    main()
