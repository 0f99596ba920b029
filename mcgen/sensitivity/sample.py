"""Accepted decays of one mass that serve every coupling and every lifetime."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np

from mcgen.analysis.yields import YieldTally, placed
from mcgen.card import Card
from mcgen.flux.flux import Flux
from mcgen.metadata import Yield
from mcgen.physics.models import CHANNELS, OUTCOMES, Outcome
from mcgen.rng import Purpose, stream
from mcgen.sampler.flight import DecayAnywhere, DecayInVolume, FlightMaker
from mcgen.sampler.process import process_of
from mcgen.sampler.sampler import Sampler
from mcgen.sampler.training import Goal, Importance, Pilot, prepare
from mcgen.types import Array, Ints
from mcgen.weights import weight_factor

REFERENCE = 1e-8
"""Coupling at which the decays of a scan are generated: there no exponential has underflown yet."""

COUPLINGS = np.geomspace(1e-10, 10.0, 89)
"""Couplings that are looked at; 10 is the largest that a card may have."""

ITERATIONS, EVALUATIONS = 6, 40_000
"""Most iterations, and points of each, of the training for one mass."""

WORTH = 1e-4
"""Yields above this share of the largest one are trained for, and those above a tenth of the limit."""

WORTHLESS = 1e-16
"""Share of the largest yield below which no sample reaches: it is not trained for, whatever the limit."""


@dataclass(frozen=True)
class DecaySample:
    """Accepted decays, with what their weights depend on."""

    g_mu: float
    """Coupling that the weights are for."""
    width: float
    """Total width that the weights are for [GeV]."""
    fixed_lifetime: bool
    """Whether the card gives the lifetime, so that the coupling does not change it."""
    ratios: dict[Outcome, float]
    """Branching ratios of the channels that were generated."""
    weight: Array
    """(k,) expected number of events."""
    depth: Array
    """(k,) path to the decay over the decay length."""
    group: Ints
    """(k,) group of the parent."""
    channel: Ints
    """(k,) code of the channel."""
    process: Ints
    """(k,) code of the process."""
    points: int
    """Number of points that were drawn, weight 0 included."""
    sampled: bool
    """Whether the parents are a sample; otherwise there is no flux error."""
    ratios_of_variations: Mapping[str, Array] = field(default_factory=dict)
    """(k,) varied weight over weight, by the name of the variation; at all couplings."""

    def varied(self, variation: str) -> DecaySample:
        """Return the sample with the weights of a variation."""
        return replace(self, weight=self.weight * self.ratios_of_variations[variation])

    def of_process(self, code: int) -> DecaySample:
        """Return the sample with the events of one process alone."""
        return replace(self, weight=np.where(self.process == code, self.weight, 0.0))

    def weights_at(self, g_mu: float) -> Array:
        """Weights (k,) at another coupling."""
        square = (g_mu / self.g_mu) ** 2
        return self.weight * weight_factor(square, 1.0 if self.fixed_lifetime else square, self.depth)

    def value_at(self, g_mu: float) -> float:
        """Yield at a coupling."""
        return float(self.weights_at(g_mu).sum())

    @cached_property
    def _placed(self) -> tuple[Ints, Ints]:
        # Once for all couplings: sorting takes as long as everything else about a yield.
        return placed(self.group)

    def yield_at(self, g_mu: float) -> Yield:
        """Yield at a coupling with its errors."""
        tally = YieldTally(int(self.group.max(initial=0)) + 1)
        tally.add_placed(self.weights_at(g_mu), *self._placed)
        found = tally.result(self.points)
        return found if self.sampled else replace(found, flux_error=0.0)

    def slope_at(self, g_mu: float) -> float:
        """Derivative of the yield with respect to ln g_mu."""
        weight = self.weights_at(g_mu)
        if self.fixed_lifetime:
            return 2.0 * float(weight.sum())
        square = (g_mu / self.g_mu) ** 2
        return float((weight * (4.0 - 2.0 * square * self.depth)).sum())

    def yields_by_width(self, channel: Outcome, widths: Array) -> list[float]:
        """Yields of a channel with branching ratio 1 at g_mu = 1, for total widths [GeV] of any size."""
        rows = np.flatnonzero(self.channel == CHANNELS.index(channel) + 1)
        weight, depth = self.weight[rows] / self.ratios[channel], self.depth[rows]
        production = 1.0 / self.g_mu**2
        return [
            float((weight * weight_factor(production, width / self.width, depth)).sum()) for width in widths
        ]


def scan_sample(card: Card, flux: Flux, seed: int, n_signal: float) -> DecaySample:
    """Draw the decays of a card's mass that serve all couplings.

    Parameters
    ----------
    card : its coupling does not matter
    n_signal : expected number of events where the limit is
    """
    vegas = card.run.vegas
    less = {"nitn": min(vegas.nitn, ITERATIONS), "neval": min(vegas.neval, EVALUATIONS)}
    goal = all_couplings(card.model.ctau_m is not None, n_signal)
    return _draw(card.at_coupling(REFERENCE).replace(run={"vegas": less}), flux, seed, DecayAnywhere, goal)


def event_sample(card: Card, flux: Flux, seed: int) -> DecaySample:
    """Draw the decays of a card as `mcgen generate` does, for couplings near the card's."""
    return _draw(card, flux, seed, DecayInVolume, None)


def _draw(card: Card, flux: Flux, seed: int, flight: FlightMaker, goal: Goal | None) -> DecaySample:
    """Draw decays, and keep the accepted ones."""
    process = process_of(card, flux, flight)
    pilot_points = 5 * min(card.run.vegas.neval, EVALUATIONS) // 2
    proposal = prepare(process, card, flux.sha256, seed, goal, pilot_points)
    points, chunk = card.run.events, card.run.chunk
    found: list[tuple[Array, Array, Ints, Ints, Ints]] = []
    ratios: dict[str, list[Array]] = {name: [np.zeros(0)] for name in varied_names(card)}
    if proposal.components:
        sampler = Sampler(process, proposal)
        for k, first in enumerate(range(0, points, chunk)):
            u = stream(seed, Purpose.EVENTS, k).random((chunk, sampler.dimension))[: points - first]
            for _, history in sampler.histories(u, points):
                seen = np.flatnonzero(history.verdict.accepted & (history.weight > 0.0))
                depth = (history.flight.path / history.flight.decay_length).take(seen)
                channel, code = (
                    np.full(len(seen), c) for c in (OUTCOMES.index(history.channel), history.process)
                )
                found.append(
                    (history.weight.take(seen), depth, history.parent.group.take(seen), channel, code)
                )
                for name, parts in ratios.items():
                    parts.append(process.variations[name](history).take(seen))
    none = (np.zeros(0), np.zeros(0), *(np.zeros(0, np.int64) for _ in range(3)))
    weight, depth, group, channel, code = (np.concatenate(parts) for parts in zip(none, *found, strict=True))
    return DecaySample(
        g_mu=process.boson.g_mu,
        width=process.boson.total_width(),
        fixed_lifetime=card.model.ctau_m is not None,
        ratios=dict(process.ratios),
        weight=weight,
        depth=depth,
        group=np.unique(group, return_inverse=True)[1],
        channel=channel,
        process=code,
        points=points,
        sampled=flux.sampled,
        ratios_of_variations={name: np.concatenate(parts) for name, parts in ratios.items()},
    )


def varied_names(card: Card) -> list[str]:
    """Names of the variations that a scan has: all but of the coupling, which it varies anyway."""
    return [variation.name for variation in card.variations if variation.kind != "coupling"]


def all_couplings(fixed_lifetime: bool, n_signal: float) -> Goal:
    """Make the goal of a training that serves all couplings: w sqrt(sum_g (w_g/Y_g)^2) of accepted decays.

    The sum is over couplings with a yield worth having. If nothing is accepted, all decays count.
    """
    squares = (COUPLINGS / REFERENCE) ** 2

    def goal(pilots: list[Pilot]) -> Importance:
        weight = np.concatenate([pilot.weight * pilot.accepted / len(pilot.weight) for pilot in pilots])
        blind = not weight.any()
        if blind:
            weight = np.concatenate([pilot.weight / len(pilot.weight) for pilot in pilots])
        depth = np.concatenate([pilot.depth for pilot in pilots])[weight > 0.0]
        weight = weight[weight > 0.0]
        if not len(weight):
            return lambda pilot: np.zeros_like(pilot.weight)
        factors = [(square, 1.0 if fixed_lifetime else square) for square in squares]
        yields = np.array([(weight * weight_factor(*factor, depth)).sum() for factor in factors])
        top = float(yields.max())
        worth = yields >= max(min(0.1 * n_signal, WORTH * top), WORTHLESS * top)
        # A function of the depth alone: from a table, as it is needed for millions of points.
        knots = np.linspace(np.log(depth.min()) - 1.0, np.log(depth.max()) + 1.0, 1000)
        square_sum = np.zeros(len(knots))
        for i in np.flatnonzero(worth):
            square_sum += (weight_factor(*factors[i], np.exp(knots)) / yields[i]) ** 2
        size = np.sqrt(square_sum)

        def importance(pilot: Pilot) -> Array:
            density = pilot.weight * np.interp(np.log(np.maximum(pilot.depth, 1e-300)), knots, size)
            return density if blind else density * pilot.accepted

        return importance

    return goal


def seed_for(seed: int, *labels: object) -> int:
    """Seed of a part of a scan, 0 .. 2^63 - 1, from that of the whole and what tells the part from others."""
    text = repr((seed, *labels)).encode()
    return int.from_bytes(hashlib.sha256(text).digest()[:8], "big") >> 1
