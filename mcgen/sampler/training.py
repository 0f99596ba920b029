"""Making a proposal: pilot, muon importance, VEGAS training."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from mcgen.card import Card
from mcgen.proposal import ChannelProposal, Proposal, adapted_grid, flat_grid, muon_importance
from mcgen.rng import Purpose, stream
from mcgen.sampler.sampler import BLOCK, Process, Sampler
from mcgen.types import Array, Bools, Ints

PILOT = 300_000
"""Points of the pilot, shared among the channels."""

FIDUCIAL_SHARE = 0.1
"""Share of the decays as such in what the maps are trained on, beside the accepted ones."""

CHANNEL_FLOOR = 0.1
"""Share of the points that goes to the channels evenly, whatever the pilot saw."""


@dataclass(frozen=True)
class _Pilot:
    """Points of one channel: place of the muon, weight and verdict."""

    place: Ints
    weight: Array
    accepted: Bools


def prepare(process: Process, card: Card, flux_sha256: str, seed: int) -> Proposal:
    """Make the proposal for a process.

    The pilot draws muons uniformly from the table; it tells how much each channel and each cell of
    muons contributes. Every channel then gets its own muon probabilities and its own VEGAS map.

    Parameters
    ----------
    process : the physics
    card : for the training's settings, and as what the proposal is made for
    flux_sha256 : digest of the flux file
    seed : of the streams for pilot and training
    """
    axes = ("channel", "muon", *process.axes)
    key = proposal_key(card, flux_sha256)
    if not len(process.muons):
        return Proposal(axes, (), key)
    count = len(process.ratios)
    uniform = np.full(len(process.muons), 1.0 / len(process.muons))
    flat = [ChannelProposal(name, 1.0 / count, uniform, flat_grid(len(axes) - 1)) for name in process.ratios]
    sampler = Sampler(process, Proposal(axes, tuple(flat), key))
    pilots = [
        _pilot(sampler, c, _batches(seed, Purpose.PILOT, i, 1, PILOT // count, len(axes) - 1))
        for i, c in enumerate(flat)
    ]
    importance = _importance(pilots, card.run.vegas.train_on)
    shares = np.array([importance(p.weight, p.accepted).mean() for p in pilots])
    shares = shares / shares.sum() if shares.any() else np.full(count, 1.0 / count)
    shares = (1.0 - CHANNEL_FLOOR) * shares + CHANNEL_FLOOR / count
    settings = card.run.vegas
    channels = []
    for i, (channel, pilot, share) in enumerate(zip(flat, pilots, shares, strict=True)):
        chosen = _with_muons(channel, process, pilot, importance(pilot.weight, pilot.accepted))

        def integrand(u: Array, chosen: ChannelProposal = chosen) -> Array:
            seen = _pilot(sampler, chosen, iter([u]))
            return importance(seen.weight, seen.accepted)

        batches = _batches(seed, Purpose.TRAINING, i, settings.nitn, settings.neval, len(axes) - 1)
        grid = adapted_grid(integrand, chosen.grid, batches)
        channels.append(ChannelProposal(channel.name, float(share), chosen.muon_probability, grid))
    return Proposal(axes, tuple(channels), key)


def proposal_key(card: Card, flux_sha256: str) -> str:
    """Digest of what a proposal belongs to: all of the card that shapes events, and the flux."""
    physics: dict[str, Any] = card.model_dump(mode="json", include={"model", "production", "experiment"})
    for label in ("card", "name", "title", "references"):
        physics["experiment"].pop(label)
    return hashlib.sha256(json.dumps([physics, flux_sha256], sort_keys=True).encode()).hexdigest()


def _batches(
    seed: int, purpose: Purpose, channel: int, count: int, size: int, dimension: int
) -> Iterator[Array]:
    """Yield uniform points, each batch from a stream of its own."""
    for k in range(count):
        yield stream(seed, purpose, (channel << 32) | k).random((size, dimension))


def _pilot(sampler: Sampler, channel: ChannelProposal, batches: Iterator[Array]) -> _Pilot:
    """Weights and verdicts of one channel."""
    found = []
    for batch in batches:
        for start in range(0, len(batch), BLOCK):
            story = sampler.story(channel, batch[start : start + BLOCK])
            found.append((story.place, story.weight, story.verdict.accepted))
    place, weight, accepted = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return _Pilot(place, weight, accepted)


def _importance(pilots: list[_Pilot], train_on: str) -> Callable[[Array, Bools], Array]:
    """Make the density that the maps are trained on, w sqrt(accepted/Y_a^2 + 0.1/Y_f^2).

    Y_a and Y_f are the pilot's yields, accepted and in the decay volume; if it saw nothing accepted,
    the decays in the volume alone count.
    """
    fiducial = sum(float(p.weight.mean()) for p in pilots)
    accepted = sum(float((p.weight * p.accepted).mean()) for p in pilots)
    for_accepted = 1.0 / accepted**2 if train_on == "accepted" and accepted > 0.0 else 0.0
    share = FIDUCIAL_SHARE if for_accepted else 1.0
    for_all = share / fiducial**2 if fiducial > 0.0 else 0.0

    def importance(weight: Array, seen: Bools) -> Array:
        density: Array = weight * np.sqrt(for_accepted * seen + for_all)
        return density

    return importance


def _with_muons(
    channel: ChannelProposal, process: Process, pilot: _Pilot, importance: Array
) -> ChannelProposal:
    """Choose muons of a channel by what the pilot saw of their cells."""
    table = process.muons
    probability = muon_importance(
        table.muon.rate, table.cell, table.cell[pilot.place], importance / table.muon.rate[pilot.place]
    )
    return ChannelProposal(channel.name, channel.probability, probability, channel.grid)
