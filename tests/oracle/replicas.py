"""Many runs of one card, with other seeds or other muons: how far do yields scatter?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mcgen.analysis.yields import yield_of
from mcgen.card import Card
from mcgen.metadata import Yield
from mcgen.run.provenance import chunks_of
from mcgen.run.run import Run
from tests.oracle.quadrature import SELECTIONS, SETUPS, Cuts, Muon, expected_accepted, expected_decays
from tests.oracle.setups import card_of, toy_flux
from tests.oracle.stats import Array, generator, seed_of

SELECTED = ("fiducial", "accepted")


def yields_of_parts(card: Card, parts: int) -> Iterator[dict[str, Yield]]:
    """Train, generate, and cut the run into parts: each as good as a run with the same training."""
    points = card.run.events // parts
    run = Run.of(card)
    for k in range(chunks_of(card)):
        record = run.chunk(k)
        part = record["event"].astype(np.int64) // points
        for number in np.unique(part):
            rows = part == number
            yield {
                name: yield_of(parts * record["weight"][kept], record["parent_group"][kept], points)
                for name, kept in (("fiducial", rows), ("accepted", rows & record["accepted"]))
            }


def pulls_of(name: str, folder: Path, seeds: int, parts: int, points: int, nitn: int) -> dict[str, Array]:
    """Pulls of seeds * parts runs of `points` points, every seed with a training of its own."""
    setup, channel, cuts = SELECTIONS[name]
    size = parts * points
    run = {"events": size, "chunk": size, "vegas": {"pilot": 5000, "nitn": nitn, "neval": 1000}}
    card = card_of(SETUPS[setup], folder, run, channel=channel, cuts=cuts)
    truth = {
        "fiducial": expected_decays(SETUPS[setup]).value,
        "accepted": expected_accepted(SETUPS[setup], channel, cuts).value,
    }
    found: dict[str, list[float]] = {key: [] for key in SELECTED}
    for i in range(seeds):
        seeded = card.replace(run={"seed": seed_of("pulls", name, i)})
        for yields in yields_of_parts(seeded, parts):
            for key in SELECTED:
                found[key].append((yields[key].value - truth[key]) / yields[key].mc_error)
    return {key: np.array(values) for key, values in found.items()}


PHOTONS = Cuts(218.4, radius=1.2, hole=0.1, min_energy=1.0)


def replica(muons: tuple[Muon, ...], rng: np.random.Generator) -> tuple[Muon, ...]:
    """Flux file that might have been found instead: every row a Poisson number of times."""
    times = rng.poisson(1.0, len(muons))
    return tuple(one for one, count in zip(muons, times.tolist(), strict=True) for _ in range(count))


def bootstrap(folder: Path, replicas: int) -> dict[str, list[Yield]]:
    """Yields of a run for each of many replicas of the toy flux."""
    toy, rng = toy_flux(), generator("bootstrap")
    found: dict[str, list[Yield]] = {key: [] for key in SELECTED}
    for i in range(replicas):
        setup = replace(toy, muons=replica(toy.muons, rng))
        run = {
            "events": 2000,
            "seed": seed_of("bootstrap", i),
            "vegas": {"pilot": 5000, "nitn": 1, "neval": 1000},
        }
        card = card_of(setup, folder, run, channel="gammagamma", cuts=PHOTONS)
        for yields in yields_of_parts(card, 1):
            for key in SELECTED:
                found[key].append(yields[key])
    return found
