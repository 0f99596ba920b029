"""Benchmarks: ratios measured in one run, with their targets. Nothing here is timed against a clock's limit.

    python -m tests.benchmarks [--quick]

Prints one table in Markdown; --quick leaves out what writes millions of events or reads millions of muons.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import uproot

import mcgen
from mcgen.card.flux_tables import FluxTable
from mcgen.card.shipped import shipped_cards
from mcgen.flux.flux import flux_of, load_flux
from mcgen.io.events.root import RootWriter
from mcgen.run.generate import generate_file
from mcgen.run.provenance import chunks_of
from mcgen.run.run import Run
from mcgen.sampler.training import ceiling_of
from mcgen.sensitivity.contour import MassPoint, mass_point
from tests.benchmarks.as_run import farm, two_processes, whole_runs
from tests.benchmarks.rows import Row, at_least, at_most, seconds

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
SHIPPED = list(shipped_cards())


def card_of(point: str, method: str, events: int) -> mcgen.Card:
    name, model = POINTS[point]
    return mcgen.load_card(name).replace(
        model=model, production=METHODS[method], run={"events": events, "seed": 1}
    )


def sampling(events: int = 500_000) -> Iterator[Row]:
    """N_eff/N and heaviest weight of the accepted yield, per benchmark point."""
    for method in METHODS:
        sizes = []
        for point in POINTS:
            run = Run.of(card_of(point, method, events))
            accepted = np.concatenate([c["weight"][c["accepted"]] for c in run.chunks()])
            sizes.append(float(accepted.sum() ** 2 / (accepted @ accepted)) / events)
            yield at_least(f"N_eff/N, {method}, {point}", sizes[-1], LEAST[method])
            yield at_most(
                f"max/mean weight, {method}, {point}", float(accepted.max() / accepted.mean()), 100.0
            )
        yield at_least(f"N_eff/N, {method}, median of the points", float(np.median(sizes)), 0.55)


def as_shipped(events: int = 500_000) -> Iterator[Row]:
    """Accepted events of the shipped cards, with the losses and the scattering that they have."""
    sizes, efficiencies = [], []
    for name in SHIPPED:
        run = Run.of(mcgen.load_card(name).replace(run={"events": events, "seed": 1}))
        accepted = np.concatenate([c["weight"][c["accepted"]] for c in run.chunks()])
        sizes.append(float(accepted.sum() ** 2 / (accepted @ accepted)) / events)
        efficiencies.append(float(accepted.mean()) / ceiling_of(accepted))
        yield at_least(f"N_eff/N, {name}", sizes[-1], 0.3 if name.startswith("shadows") else 0.4)
        yield at_most(f"max/mean weight, {name}", float(accepted.max() / accepted.mean()), 50.0)
        yield at_least(f"unweighting efficiency, {name}", efficiencies[-1], 0.1)
    yield at_least("N_eff/N, median of the shipped cards", float(np.median(sizes)), 0.6)
    yield at_least("unweighting efficiency, median", float(np.median(efficiencies)), 0.2)


def writing(folder: Path, method: str, target: float, events: int = 1_000_000) -> Iterator[Row]:
    """Cost of generating and writing over writing alone, and of the training."""
    card = card_of("NA62 muonphilic 0.1, 1e-3", method, events)
    start = process_time()
    run = Run.of(card)
    training = process_time() - start
    chunk = run.chunk(0)

    def both() -> None:
        with RootWriter(folder / "both.root", run.provenance().columns) as writer:
            for record in run.chunks():
                writer.append(record)

    def alone() -> None:
        with RootWriter(folder / "alone.root", run.provenance().columns) as writer:
            for _ in range(chunks_of(card)):
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
        "import resource, sys, pathlib, mcgen, mcgen.run.generate;"
        "card = mcgen.load_card('na62_muonphilic').replace(run={'events': int(sys.argv[1]), 'seed': 1});"
        "mcgen.run.generate.generate_file(card, pathlib.Path(sys.argv[2]));"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)"
    )
    peaks = []
    for events in (1_000_000, 10_000_000):
        arguments = [sys.executable, "-c", program, str(events), str(folder / "memory.root")]
        peaks.append(int(subprocess.run(arguments, check=True, capture_output=True, text=True).stdout))
        print(f"peak memory at {events} events: {peaks[-1] / 1024:.0f} MiB", file=sys.stderr)
    yield at_most("peak memory at 1e7 / at 1e6 events", peaks[1] / peaks[0], 1.1)


def many_events(folder: Path) -> Iterator[Row]:
    """Cost of a point at 1e5 to 1e7 points to a file, and at 1e8 to nowhere, over that at 1e6."""
    proposal = Run.of(card_of("NA62 muonphilic 0.1, 1e-3", "iww", 1000)).proposal
    cost = {}
    for events in (100_000, 1_000_000, 10_000_000):
        card = card_of("NA62 muonphilic 0.1, 1e-3", "iww", events)
        cost[events] = seconds(partial(generate_file, card, folder / "many.root", proposal=proposal)) / events
        print(f"{events} points to a file: {1e6 * cost[events]:.2f} us/point", file=sys.stderr)
    for events in (100_000, 10_000_000):
        yield at_most(f"cost of a point, {events:.0e} / 1e6 to a file", cost[events] / cost[1_000_000], 1.5)
    to_nowhere = {}
    for events in (1_000_000, 100_000_000):
        run = Run.of(card_of("NA62 muonphilic 0.1, 1e-3", "iww", events), proposal)
        to_nowhere[events] = seconds(run.yields) / events
        print(f"{events} points to nowhere: {1e6 * to_nowhere[events]:.2f} us/point", file=sys.stderr)
    ratio = to_nowhere[100_000_000] / to_nowhere[1_000_000]
    yield at_most("cost of a point, 1e8 / 1e6 without writing", ratio, 1.2)


def many_muons(folder: Path, events: int = 500_000) -> Iterator[Row]:
    """Cost of a point, training left out, with 1e4 to 1e7 muons in the flux file, over that with 1e5."""
    flux = load_flux(FluxTable(file="builtin:na62_cu"))
    cost = {}
    for count in (10_000, 100_000, 1_000_000, 10_000_000):
        rows = np.arange(count) % len(flux)
        columns = dict(zip(("x", "y", "z", "px", "py", "pz"), (*flux.position, *flux.momentum), strict=True))
        columns |= {"pdg": flux.pdg.astype(np.float64), "w": flux.rate * len(flux) / count}
        with uproot.recreate(folder / "flux.root") as file:
            file.mktree("muons", dict.fromkeys(columns, np.dtype("f8")))
            file["muons"].extend({name: values[rows] for name, values in columns.items()})
        card = card_of("NA62 muonphilic 0.1, 1e-3", "iww", events).replace(
            flux={"file": str(folder / "flux.root")}
        )
        start = process_time()
        run = Run.of(card)
        training = process_time() - start
        cost[count] = seconds(run.yields) / events
        print(
            f"{count} muons: {1e6 * cost[count]:.2f} us/point, {training:.1f} s of loading and training",
            file=sys.stderr,
        )
    for count in (10_000, 1_000_000, 10_000_000):
        yield at_most(f"cost of a point, {count:.0e} / 1e5 muons", cost[count] / cost[100_000], 2.0)
    yield at_most("loading and training with 1e7 muons [s]", training, 30.0)


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
            as_shipped(),
            whole_runs(folder),
            contour(),
        ]
        if "--quick" not in sys.argv:
            stages += [
                memory(folder),
                two_processes(folder),
                farm(folder),
                many_events(folder),
                many_muons(folder),
            ]
        for stage in stages:
            for row in stage:
                print(row, flush=True)


if __name__ == "__main__":
    main()
