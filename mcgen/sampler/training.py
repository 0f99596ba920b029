"""Making a proposal: pilot, parent importance, VEGAS training."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mcgen.card import Card
from mcgen.card.run_tables import VegasTable
from mcgen.rng import Purpose, stream
from mcgen.sampler.process import Process
from mcgen.sampler.proposal import (
    Ceiling,
    Component,
    ParentChoice,
    Proposal,
    adapted_grid,
    alike,
    flat_grid,
    parent_importance,
    spread_of,
)
from mcgen.sampler.sampler import Sampler
from mcgen.types import Array, Bools, Ints

_log = logging.getLogger(__name__)

FIDUCIAL_SHARE = 0.01
"""Share of the decays as such in what the maps are trained on, beside the accepted ones."""

COMPONENT_FLOOR = 0.02
"""Share of the points that goes to the components evenly, whatever the training saw."""

OVERFLOW = 1e-3
"""Share of the yield that heavier events may exceed the common weight of unweighted ones by."""

SETTLED = 0.01
"""Maps are trained until two iterations change their spread by less than this share of the largest spread."""

LEAST_EFFORT = 0.25
"""Share of the points of second pilot and training that a source and channel gets however little it brings."""

CLASSES = 8
"""Classes of parent energy of a source and channel."""


@dataclass(frozen=True)
class Pilot:
    """Points of one component."""

    place: Ints
    """(n,) place of the parent in its source's table."""
    weight: Array
    """(n,) of the event."""
    accepted: Bools
    """(n,) the detector's verdict."""
    depth: Array
    """(n,) path to the decay over the decay length."""


Importance = Callable[[Pilot], Array]
"""The density that the maps are trained on, at the points of a pilot."""

Goal = Callable[[list[Pilot]], Importance]
"""Makes that density from the pilots of all sources and channels; they draw uniformly, so that weights' means are yields."""


def prepare(
    process: Process,
    card: Card,
    flux_sha256: str,
    seed: int,
    goal: Goal | None = None,
    pilot_points: int | None = None,
) -> Proposal:
    """Make the proposal for a process.

    The pilot draws parents uniformly from their table; it tells how much each cell of parents contributes to
    each channel. Every source and channel then gets its own parent probabilities, and every class of parent
    energies in it its own VEGAS map: the map is a product of one-dimensional ones, and what the detector accepts
    of x, angles and decay points differs most between soft and hard parents.

    Parameters
    ----------
    process : the physics
    card : for the training's settings, and as what the proposal is made for
    flux_sha256 : digest of the flux file
    seed : of the streams for pilot and training
    goal : what the maps are trained on; by default the yields at the card's coupling
    pilot_points : of the first pilot of a source and channel, if less than the card's
    """
    axes = {name: ("parent", *process.axes(name)) for name in process.sources}
    key = proposal_key(card, flux_sha256)
    flat = list(_flat_components(process, axes))
    if not flat:
        return Proposal(axes, (), key, seed)
    count = len(flat)
    sampler = Sampler(process, Proposal(axes, tuple(flat), key, seed))
    batches = _Batches(seed)

    settings = card.run.vegas
    size = min(pilot_points or settings.pilot, settings.pilot)
    pilots = [
        _pilot(sampler, [c], [next(batches(Purpose.PILOT, i, 1, (size, len(c.grid))))])
        for i, c in enumerate(flat)
    ]
    importance = goal(pilots) if goal else _importance(pilots, card.run.vegas.train_on)
    components: list[Component] = []
    densities = [importance(pilot) for pilot in pilots]
    efforts = _efforts(np.array([spread_of(density) for density in densities]))
    spreads = np.zeros(count)
    for i, (component, pilot, seen, effort) in enumerate(zip(flat, pilots, densities, efforts, strict=True)):
        rough = _with_parents(component, process, pilot, seen)
        shape = int(effort * size), len(rough.grid)
        second = _pilot(sampler, [rough], [next(batches(Purpose.PILOT, count + i, 1, shape))])
        density = importance(second)
        spreads[i] = spread_of(density)
        chosen = _with_parents(rough, process, second, density)
        components += _by_aim(process, _by_energy(process, chosen))

    trained, spreads = _trained(sampler, components, _efforts(spreads), importance, settings, batches)
    proposal = Proposal(axes, _mixture(trained, spreads), key, seed)
    if not card.run.unweighted:
        return proposal
    u = batches(Purpose.CEILING, 0, 1, (settings.pilot, proposal.dimension))
    return replace(
        proposal, ceiling=_ceiling(Sampler(process, proposal), next(u), card.run.write == "accepted")
    )


def _flat_components(process: Process, axes: Mapping[str, tuple[str, ...]]) -> Iterator[Component]:
    """Yield a component for every source that has parents and every channel, all drawn evenly."""
    sources = {name: source for name, source in process.sources.items() if len(source.parents)}
    count = len(sources) * len(process.ratios)
    for name, source in sources.items():
        uniform = ParentChoice.of(np.ones(len(source.parents)))
        for channel in process.ratios:
            yield Component(name, channel, 1.0 / count, uniform, flat_grid(len(axes[name])))


def _ceiling(sampler: Sampler, u: Array, accepted_only: bool) -> Ceiling:
    """Common weight of unweighted events, from a pilot."""
    record = sampler.events(u)
    weight = record["weight"][record["accepted"]] if accepted_only else record["weight"]
    return Ceiling(ceiling_of(weight) if len(weight) else 1.0, accepted_only)


def ceiling_of(weight: Array) -> float:
    """Weight above which events (n,), at least one, exceed it by no more than `OVERFLOW` of their sum."""
    heaviest = np.sort(weight)[::-1]
    # What the events above the i-th weight exceed it by, together.
    excess = np.cumsum(heaviest) - heaviest * np.arange(1, len(heaviest) + 1)
    return float(heaviest[np.searchsorted(excess, OVERFLOW * heaviest.sum(), side="right") - 1])


def _efforts(spreads: Array) -> Array:
    """Tell what share of the points each source and channel (n,) is worth.

    What could be gained is in proportion to its spread; the more points it has, the slower it gains.
    """
    largest = spreads.max()
    return np.maximum(np.sqrt(spreads / largest), LEAST_EFFORT) if largest > 0.0 else np.ones_like(spreads)


def _trained(
    sampler: Sampler,
    components: list[Component],
    efforts: Array,
    importance: Importance,
    settings: VegasTable,
    batches: _Batches,
) -> tuple[list[Component], Array]:
    """Train the maps, those of one source and channel together, and return the spread of what each one draws."""
    trained: list[Component] = []
    sizes: list[float] = []
    for members, effort in zip(alike(components), efforts, strict=True):
        spreads, settled = [0.0] * len(members), 0
        axes = sampler.proposal.axes[members[0].source]
        points = [_training_points(c, axes, int(effort * settings.neval)) for c in members]
        training = [
            batches(Purpose.TRAINING, i, settings.nitn, (n, len(axes)))
            for i, n in enumerate(points, len(trained))
        ]
        for uniform in zip(*training, strict=True):
            pilot = _pilot(sampler, members, uniform)
            ends = np.cumsum([len(own) for own in uniform])[:-1]
            density = np.split(importance(pilot), ends)
            adapted = [
                adapted_grid(c.grid, *seen) for c, *seen in zip(members, uniform, density, strict=True)
            ]
            members = [replace(c, grid=grid) for c, (grid, _) in zip(members, adapted, strict=True)]
            before, spreads = sum(spreads), [spread for _, spread in adapted]
            # More than before: something was found late. One iteration may be as the last by chance.
            change = effort**2 * abs(sum(spreads) - before)  # as part of the largest spread
            settled = settled + 1 if change < SETTLED * before else 0
            if settled == 2:
                break
        trained += members
        sizes += spreads
        _log.info(
            "trained %d of %d components, %s, channel %s",
            len(trained),
            len(components),
            members[0].source,
            members[0].channel,
        )
    return trained, np.array(sizes)


def _training_points(component: Component, axes: Sequence[str], neval: int) -> int:
    """Points of one iteration: fewer beside the detector's first plane, where nothing is accepted."""
    beside = "aim" in axes and component.grid[axes.index("aim"), 0] > 0.0
    return max(neval // (4 * CLASSES if beside else CLASSES), 1000)


def _mixture(components: list[Component], sizes: Array) -> tuple[Component, ...]:
    """Give the components their probabilities, in proportion to the spread of what they bring.

    That minimises the variance of the sum; the floor keeps what the training did not see possible.
    """
    even = np.full(len(components), 1.0 / len(components))
    shares = sizes / sizes.sum() if sizes.any() else even
    shares = (1.0 - COMPONENT_FLOOR) * shares + COMPONENT_FLOOR * even
    return tuple(replace(c, probability=float(p)) for c, p in zip(components, shares, strict=True))


def proposal_key(card: Card, flux_sha256: str) -> str:
    """Digest of what a proposal belongs to: all of the card that shapes events, and the flux."""
    physics: dict[str, Any] = card.model_dump(mode="json", include={"model", "production", "experiment"})
    if card.run.unweighted:
        physics["unweighted"] = card.run.write
    if card.flux is not None:  # the same file, read in another way, holds other muons
        physics["flux"] = card.flux.model_dump(mode="json", exclude={"file"})
    for label in ("card", "name", "title", "references", "note"):
        physics["experiment"].pop(label)
    return hashlib.sha256(json.dumps([physics, flux_sha256], sort_keys=True).encode()).hexdigest()


@dataclass(frozen=True)
class _Batches:
    """Uniform points, each batch from a stream of its own."""

    seed: int
    """Of the run."""

    def __call__(self, purpose: Purpose, number: int, count: int, shape: tuple[int, int]) -> Iterator[Array]:
        """Yield `count` batches of points and their coordinates for the component of a number."""
        for k in range(count):
            yield stream(self.seed, purpose, (number << 32) | k).random(shape)


def _pilot(sampler: Sampler, components: Sequence[Component], points: Sequence[Array]) -> Pilot:
    """Weights and verdicts of points (n, d) of each of some components of one source and channel."""
    found = [
        (h.place, h.weight, h.verdict.accepted, h.flight.path / h.flight.decay_length)
        for h in sampler.histories_of(components, points)
    ]
    return Pilot(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _importance(pilots: list[Pilot], train_on: str) -> Importance:
    """Make the density that the maps are trained on, w sqrt(accepted/Y_a^2 + 0.01/Y_f^2).

    Y_a and Y_f are the pilot's yields, accepted and in the decay volume; if it saw nothing accepted,
    the decays in the volume alone count.
    """
    fiducial = sum(float(p.weight.mean()) for p in pilots)
    accepted = sum(float((p.weight * p.accepted).mean()) for p in pilots)
    if not fiducial > 0.0:
        return lambda pilot: np.zeros_like(pilot.weight)
    if train_on == "fiducial" or not accepted > 0.0:
        return lambda pilot: pilot.weight / fiducial
    # In units of the fiducial yield, and bounded: squares of next to nothing underflow.
    gain = min(fiducial / accepted, 1e100) ** 2

    def importance(pilot: Pilot) -> Array:
        density: Array = pilot.weight / fiducial * np.sqrt(gain * pilot.accepted + FIDUCIAL_SHARE)
        return density

    return importance


def _with_parents(component: Component, process: Process, pilot: Pilot, importance: Array) -> Component:
    """Choose the parents of a component by what a pilot of it saw of them and of their cells."""
    table = process.sources[component.source].parents
    rate = table.parent.rate
    # The pilot's weights are over the probabilities with which it chose its parents.
    per_rate = importance * component.parents.dense()[pilot.place] / rate[pilot.place]
    probability = parent_importance(rate, table.cells, pilot.place, per_rate)
    return replace(component, parents=ParentChoice.of(probability))


def _by_energy(process: Process, component: Component) -> Iterator[Component]:
    """Split a component into classes of parent energy that are equally important."""
    energy = process.sources[component.source].parents.parent.momentum[3]
    chosen = component.parents.dense()
    order = np.argsort(energy)
    quantile = np.empty(len(energy))
    quantile[order] = np.cumsum(chosen[order])
    number = np.minimum((quantile * CLASSES).astype(np.int64), CLASSES - 1)
    for i in np.unique(number):
        probability = np.where(number == i, chosen, 0.0)
        yield replace(component, parents=ParentChoice.of(probability))


def _by_aim(process: Process, components: Iterator[Component]) -> Iterator[Component]:
    """Split components where the axis "aim" changes what the axes after it mean."""
    for component in components:
        axes = ("parent", *process.axes(component.source))
        if "aim" not in axes or process.aims[component.channel].plane is None:
            yield component
            continue
        for low, high in ((0.0, 0.5), (0.5, 1.0)):
            grid = component.grid.copy()
            grid[axes.index("aim")] = np.linspace(low, high, grid.shape[1])
            yield replace(component, grid=grid)
