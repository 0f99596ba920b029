"""Many runs of one card, with other seeds or other muons: how far do yields scatter?"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from mcgen.analysis.yields import yield_of
from mcgen.card import Card
from mcgen.metadata import Yield
from mcgen.record.columns import Record
from mcgen.run.provenance import chunks_of
from mcgen.run.run import Run
from tests.oracle.quadrature import SELECTIONS, SETUPS, Cuts, Muon, Setup, expected_accepted, expected_decays
from tests.oracle.setups import card_of, toy_flux, toy_pairs
from tests.oracle.stats import Array, generator, seed_of

SELECTED = ("fiducial", "accepted")

Yields = dict[str, Yield]
"""By what is selected."""


def parts_of(card: Card, parts: int) -> Iterator[Record]:
    """Train, generate, and cut the run into parts: each as good as a run with the same training."""
    points = card.run.events // parts
    run = Run.of(card)
    for k in range(chunks_of(card)):
        record = run.chunk(k)
        part = record["event"].astype(np.int64) // points
        for number in np.unique(part):
            one = {name: values[part == number] for name, values in record.items()}
            yield one | {"weight": parts * one["weight"]}


def yields_in(record: Record, points: int, by: str = "parent_group") -> Yields:
    """Yields of a run; rows of the flux that have the same value of the column `by` are taken together."""
    everything = np.ones(len(record["weight"]), dtype=bool)
    return {
        name: yield_of(record["weight"][kept], record[by][kept], points)
        for name, kept in zip(SELECTED, (everything, record["accepted"]), strict=True)
    }


def yields_of_parts(card: Card, parts: int) -> Iterator[Yields]:
    """Yields of the parts of a run."""
    for record in parts_of(card, parts):
        yield yields_in(record, card.run.events // parts)


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


POINTS = 2000
"""Of the run of a replica."""

Protons = tuple[tuple[Muon, ...], ...]
"""Muons of each proton, which come together or not at all."""


def replica(protons: Protons, rng: np.random.Generator) -> Protons:
    """Protons that might have been there instead: each a Poisson number of times."""
    times = rng.poisson(1.0, len(protons))
    return tuple(one for one, count in zip(protons, times.tolist(), strict=True) for _ in range(count))


def bootstrap(folder: Path, replicas: int) -> dict[str, list[Yield]]:
    """Yields of a run for each of many replicas of the toy flux, every muon from a proton of its own."""
    toy = toy_flux()
    records = _runs_of_replicas(toy, tuple((one,) for one in toy.muons), folder, replicas)
    return _transposed([yields_in(record, POINTS) for record in records])


def bootstrap_pairs(folder: Path, replicas: int) -> tuple[dict[str, list[Yield]], dict[str, list[Yield]]]:
    """Yields of a run for each of many replicas of pairs of muons; with errors by group, and by row."""
    toy = toy_pairs()
    protons = tuple(zip(toy.muons[::2], toy.muons[1::2], strict=True))
    records = list(_runs_of_replicas(toy, protons, folder, replicas))
    by_group, by_row = (
        _transposed([yields_in(record, POINTS, by) for record in records])
        for by in ("parent_group", "parent_row")
    )
    return by_group, by_row


def _runs_of_replicas(toy: Setup, protons: Protons, folder: Path, replicas: int) -> Iterator[Record]:
    rng = generator("bootstrap")
    for i in range(replicas):
        these = replica(protons, rng)
        setup = replace(toy, muons=tuple(one for proton in these for one in proton))
        groups = [number for number, proton in enumerate(these) for _ in proton]
        seed = seed_of("bootstrap", i)
        run = {"events": POINTS, "seed": seed, "vegas": {"pilot": 5000, "nitn": 1, "neval": 1000}}
        card = card_of(setup, folder, run, channel="gammagamma", cuts=PHOTONS, groups=groups)
        (record,) = parts_of(card, 1)
        yield {name: record[name] for name in ("weight", "accepted", "parent_group", "parent_row")}


def _transposed(runs: list[Yields]) -> dict[str, list[Yield]]:
    return {key: [yields[key] for yields in runs] for key in SELECTED}
