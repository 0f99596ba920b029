"""Making a proposal: pilot, muon importance, VEGAS training."""

from __future__ import annotations

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mcgen.card import Card
from mcgen.rng import Purpose, stream
from mcgen.sampler.proposal import (
    Ceiling,
    Component,
    MuonChoice,
    Proposal,
    adapted_grid,
    flat_grid,
    muon_importance,
)
from mcgen.sampler.sampler import BLOCK, Process, Sampler
from mcgen.types import Array, Bools, Ints

_log = logging.getLogger(__name__)

PILOT = 300_000
"""Points of each of a channel's two pilots."""

FIDUCIAL_SHARE = 0.1
"""Share of the decays as such in what the maps are trained on, beside the accepted ones."""

COMPONENT_FLOOR = 0.02
"""Share of the points that goes to the components evenly, whatever the training saw."""

OVERFLOW = 1e-3
"""Share of the yield that heavier events may exceed the common weight of unweighted ones by."""

CLASSES = 6
"""Classes of muon energy in a channel."""


@dataclass(frozen=True)
class Pilot:
    """Points of one component: place of the muon, weight, verdict, and path to the decay over the decay length."""

    place: Ints
    weight: Array
    accepted: Bools
    depth: Array


Importance = Callable[[Pilot], Array]
"""The density that the maps are trained on, at the points of a pilot."""

Goal = Callable[[list[Pilot]], Importance]
"""Makes that density from the pilots of all channels; they draw uniformly, so that weights' means are yields."""


def prepare(
    process: Process,
    card: Card,
    flux_sha256: str,
    seed: int,
    goal: Goal | None = None,
    pilot_points: int | None = None,
) -> Proposal:
    """Make the proposal for a process.

    The pilot draws muons uniformly from the table; it tells how much each cell of muons contributes to
    each channel. Every channel then gets its own muon probabilities, and every class of muon energies in
    it its own VEGAS map: the map is a product of one-dimensional ones, and what the detector accepts
    of x, angles and decay points differs most between soft and hard muons.

    Parameters
    ----------
    process : the physics
    card : for the training's settings, and as what the proposal is made for
    flux_sha256 : digest of the flux file
    seed : of the streams for pilot and training
    goal : what the maps are trained on; by default the yields at the card's coupling
    pilot_points : of each of a channel's two pilots, if less than `PILOT`
    """
    axes = ("component", "muon", *process.axes)
    key = proposal_key(card, flux_sha256)
    if not len(process.muons):
        return Proposal(axes, (), key, seed)
    count = len(process.ratios)
    uniform = MuonChoice.of(np.ones(len(process.muons)))
    flat = [Component(channel, 1.0 / count, uniform, flat_grid(len(axes) - 1)) for channel in process.ratios]
    sampler = Sampler(process, Proposal(axes, tuple(flat), key, seed))
    batches = _Batches(seed, len(axes) - 1)

    size = min(pilot_points or PILOT, PILOT)
    pilots = [_pilot(sampler, c, batches(Purpose.PILOT, i, 1, size)) for i, c in enumerate(flat)]
    importance = goal(pilots) if goal else _importance(pilots, card.run.vegas.train_on)
    components: list[Component] = []
    for i, (component, pilot) in enumerate(zip(flat, pilots, strict=True)):
        rough = _with_muons(component, process, pilot, importance(pilot))
        second = _pilot(sampler, rough, batches(Purpose.PILOT, count + i, 1, size))
        chosen = _with_muons(rough, process, second, importance(second))
        components += _by_aim(process, _by_energy(process, chosen))

    settings = card.run.vegas
    aim = process.axes.index("aim") + 1 if "aim" in process.axes else 0
    trained, sizes = [], []
    for i, component in enumerate(components):
        # Beside the detector's first plane nothing is accepted: less training is enough.
        beside = component.grid[aim, 0] > 0.0
        neval = max(settings.neval // (4 * CLASSES if beside else CLASSES), 1000)
        training = batches(Purpose.TRAINING, i, settings.nitn, neval)
        grid, spread = adapted_grid(_integrand(sampler, component, importance), component.grid, training)
        _log.info("trained component %d of %d, channel %s", i + 1, len(components), component.channel)
        trained.append(replace(component, grid=grid))
        sizes.append(spread)
    proposal = Proposal(axes, _mixture(trained, np.array(sizes)), key, seed)
    if not card.run.unweighted:
        return proposal
    u = batches(Purpose.CEILING, 0, 1, PILOT, extra=1)
    return replace(
        proposal, ceiling=_ceiling(Sampler(process, proposal), next(u), card.run.write == "accepted")
    )


def _ceiling(sampler: Sampler, u: Array, accepted_only: bool) -> Ceiling:
    """Weight above which lies no more than `OVERFLOW` of the yield, in a pilot."""
    record = sampler.events(u)
    weight = np.sort(record["weight"][record["accepted"]] if accepted_only else record["weight"])[::-1]
    if not len(weight):
        return Ceiling(1.0, accepted_only)
    # What the events above the i-th weight exceed it by, together.
    excess = np.cumsum(weight) - weight * np.arange(1, len(weight) + 1)
    place = np.searchsorted(excess, OVERFLOW * weight.sum(), side="right") - 1
    return Ceiling(float(weight[place]), accepted_only)


def _integrand(sampler: Sampler, component: Component, importance: Importance) -> Callable[[Array], Array]:
    """What the map of a component is trained on."""
    return lambda u: importance(_pilot(sampler, component, iter([u])))


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
    dimension: int

    def __call__(
        self, purpose: Purpose, number: int, count: int, size: int, extra: int = 0
    ) -> Iterator[Array]:
        """Yield `count` batches of `size` points for the component of a number, with extra axes."""
        for k in range(count):
            yield stream(self.seed, purpose, (number << 32) | k).random((size, self.dimension + extra))


def _pilot(sampler: Sampler, component: Component, batches: Iterator[Array]) -> Pilot:
    """Weights and verdicts of one component."""
    found = []
    for batch in batches:
        for start in range(0, len(batch), BLOCK):
            story = sampler.story(component, batch[start : start + BLOCK])
            depth = story.flight.path / story.flight.decay_length
            found.append((story.place, story.weight, story.verdict.accepted, depth))
    return Pilot(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _importance(pilots: list[Pilot], train_on: str) -> Importance:
    """Make the density that the maps are trained on, w sqrt(accepted/Y_a^2 + 0.1/Y_f^2).

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


def _with_muons(component: Component, process: Process, pilot: Pilot, importance: Array) -> Component:
    """Choose the muons of a component by what a pilot of it saw of them and of their cells."""
    rate = process.muons.muon.rate
    # The pilot's weights are over the probabilities with which it chose its muons.
    per_rate = importance * component.muons.dense()[pilot.place] / rate[pilot.place]
    probability = muon_importance(rate, process.muons.groups, pilot.place, per_rate)
    return replace(component, muons=MuonChoice.of(probability))


def _by_energy(process: Process, component: Component) -> Iterator[Component]:
    """Split a component into classes of muon energy that are equally important."""
    energy = process.muons.muon.momentum[3]
    chosen = component.muons.dense()
    order = np.argsort(energy)
    quantile = np.empty(len(energy))
    quantile[order] = np.cumsum(chosen[order])
    number = np.minimum((quantile * CLASSES).astype(np.int64), CLASSES - 1)
    for i in np.unique(number):
        probability = np.where(number == i, chosen, 0.0)
        yield replace(component, muons=MuonChoice.of(probability))


def _by_aim(process: Process, components: Iterator[Component]) -> Iterator[Component]:
    """Split components where the axis "aim" changes what the axes after it mean."""
    for component in components:
        if "aim" not in process.axes or not process.aims_at_plane(component.channel):
            yield component
            continue
        for low, high in ((0.0, 0.5), (0.5, 1.0)):
            grid = component.grid.copy()
            grid[process.axes.index("aim") + 1] = np.linspace(low, high, grid.shape[1])
            yield replace(component, grid=grid)
