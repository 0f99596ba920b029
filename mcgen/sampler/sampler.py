"""The sampler: an event is a pure function of a point in the unit hypercube."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import numpy as np

from mcgen.card import Card
from mcgen.errors import ProposalError
from mcgen.experiment.detector import Detector, detector_of
from mcgen.flux.flux import Flux
from mcgen.physics.models import CHANNELS, OUTCOMES, Boson, Outcome
from mcgen.record.columns import AnyArray
from mcgen.record.layout import layout
from mcgen.record.tables import History
from mcgen.sampler.collision import AtProduction, NoDecay, NoFlight
from mcgen.sampler.flight import DecayInVolume, FlightMaker, TwoBodyDecay
from mcgen.sampler.muons import MuonTable, muon_table
from mcgen.sampler.proposal import Ceiling, Component, Proposal
from mcgen.sources.aim import Aim, EveryDirection
from mcgen.sources.bremsstrahlung.emission import EMISSIONS
from mcgen.sources.bremsstrahlung.track import MuonTrack
from mcgen.sources.stage import Coordinates
from mcgen.types import Array, Ints

BLOCK = 8192
"""Points that are worked on together; their arrays stay in the processor's cache."""


class Process:
    """The physics of a card and a flux: what happens to a muon, given coordinates in the cube.

    Parameters
    ----------
    flight : how the decay point is drawn

    Attributes
    ----------
    muons : muons that can contribute
    ratios : enabled open channels and their branching ratios; "none" for cross-sections
    axes : axes of the cube behind "component" and "muon"
    """

    def __init__(self, card: Card, flux: Flux, flight: FlightMaker = DecayInVolume) -> None:
        self.boson: Boson = card.model.boson()
        decays = card.experiment.exposure.kind != "xsec"
        channels = cast("dict[Outcome, float]", card.model.open_channels())
        self.ratios: dict[Outcome, float] = channels if decays else {"none": 1.0}
        self.exposure = card.experiment.exposure.value
        self.dump = dump = card.dump()
        volume = card.experiment.decay_volume
        min_energy = card.production.min_energy(self.boson.mass)
        self.muons: MuonTable = muon_table(flux, dump, volume, min_energy, card.production.collinear)
        self.detector: Detector = detector_of(card.experiment)
        max_energy = float(self.muons.muon.momentum[3].max(initial=min_energy))
        self._track = MuonTrack(dump, card.production.multiple_scattering) if decays else AtProduction()
        self._emission = EMISSIONS[card.production.method](self.boson, dump, max_energy)
        self._aims = {
            channel: Aim(volume, self.detector.unbent_plane(channel)) if decays else EveryDirection()
            for channel in self.ratios
        }
        self._flight = flight(self.boson, volume) if decays else NoFlight()
        self._decay = TwoBodyDecay(self.boson, self.detector) if decays else NoDecay()
        stages = (self._track, self._emission, self._flight, self._decay, self.detector)
        self.axes = tuple(axis for stage in stages for axis in stage.axes)

    def aims_at_plane(self, channel: str) -> bool:
        """Whether directions are drawn apart that can be accepted in a channel."""
        return any(self.detector.unbent_plane(c) is not None for c in CHANNELS if c == channel)

    def __call__(self, channel: Outcome, place: Ints, u: Coordinates) -> History:
        """Tell what happens to the muons at some places of the table, in one channel.

        The weight is the expected number of events for the exposure over the density of `u`; the
        probabilities with which channel and muon were chosen are not in it.
        """
        muon, direction, length = self.muons.take(place)
        track = self._track(u, muon, direction, length)
        emission = self._emission(u, track, self._aims[channel])
        flight = self._flight(u, track, emission)
        daughters = self._decay(u, channel, emission, flight)
        verdict = self.detector.judge(channel, daughters, flight.point, u.get("efficiency"))
        weight = track.weight * emission.weight * flight.weight * daughters.weight
        weight *= self.exposure * self.ratios[channel] * muon.rate
        return History(channel, place, muon, track, emission, flight, daughters, verdict, weight)


class Sampler:
    """Draws events of a process from a proposal.

    Raises
    ------
    ProposalError
        If the proposal was made for other axes, channels or muons.
    """

    def __init__(self, process: Process, proposal: Proposal) -> None:
        if proposal.axes != ("component", "muon", *process.axes):
            raise ProposalError(
                f"the proposal has the axes {', '.join(proposal.axes)}; the card needs "
                f"component, muon, {', '.join(process.axes)}: prepare a new one"
            )
        for component in proposal.components:
            known = component.channel in process.ratios
            if not known or component.muons.table != len(process.muons):
                raise ProposalError("the proposal was made for another card or flux: prepare a new one")
        self.process = process
        self.proposal = proposal

    @property
    def dimension(self) -> int:
        """Number of the cube's axes; unweighted events have one more, which no map touches."""
        return len(self.proposal.axes) + (self.proposal.ceiling is not None)

    def story(self, component: Component, u: Array) -> History:
        """Events of one component at points (n, d - 1) of the cube without its first axis.

        The weight's mean over uniform points is the component's yield.
        """
        mapped, jacobian = component.map(u)
        coordinates = dict(zip(self.proposal.axes[1:], np.ascontiguousarray(mapped.T), strict=True))
        place, probability = component.muons.choose(coordinates["muon"])
        channel = next(c for c in OUTCOMES if c == component.channel)
        story = self.process(channel, place, coordinates)
        np.multiply(story.weight, jacobian / probability, out=story.weight)
        return story

    def events(self, u: Array, first: int = 0, points: int = 1) -> dict[str, AnyArray]:
        """Events at points of the cube: rows of weight 0 are left out.

        Parameters
        ----------
        u : (n, d) points in [0, 1)
        first : index of the first point in its run
        points : number of points of the run, to which the weights are normalised

        Returns
        -------
        The columns of the record, in the order of the points
        """
        stories = self.stories(u, points)
        return in_order([layout(story, self.process.boson, first + rows) for rows, story in stories])

    def stories(self, u: Array, points: int) -> Iterator[tuple[Ints, History]]:
        """Stories of points (n, d) of the cube, some of one component at a time, and the numbers of their rows.

        Parameters
        ----------
        points : number of points of the run, to which the weights are normalised
        """
        for rows, component in self._split(u):
            for start in range(0, len(rows), BLOCK):
                block = rows[start : start + BLOCK]
                story = self.story(component, u[block, 1 : len(self.proposal.axes)])
                np.divide(story.weight, component.probability, out=story.weight)
                if self.proposal.ceiling is not None:
                    unweight(story, self.proposal.ceiling, u[block, -1])
                np.divide(story.weight, points, out=story.weight)
                yield block, story

    def _split(self, u: Array) -> Iterator[tuple[Ints, Component]]:
        """Yield the rows of each component, by the first coordinate."""
        edges = np.cumsum([component.probability for component in self.proposal.components])
        number = np.searchsorted(edges[:-1], u[:, 0], side="right")
        for i, component in enumerate(self.proposal.components):
            rows = np.flatnonzero(number == i)
            if len(rows):
                yield rows, component


def unweight(story: History, ceiling: Ceiling, u: Array) -> None:
    """Accept events with a probability in proportion to their weights, and give them all the same.

    Events above the ceiling keep their weight: the mean of what comes out is that of what went in.

    Parameters
    ----------
    u : (n,) uniform, independent of everything else
    """
    weight = story.weight
    flat = np.where(u * ceiling.weight < weight, np.maximum(weight, ceiling.weight), 0.0)
    weight[:] = np.where(story.verdict.accepted, flat, weight) if ceiling.accepted_only else flat


def in_order(parts: list[dict[str, AnyArray]]) -> dict[str, AnyArray]:
    """Join the records of several components in the order of their points."""
    event = np.concatenate([part["event"] for part in parts])
    order = np.argsort(event, kind="stable")
    return {name: np.concatenate([part[name] for part in parts]).take(order) for name in parts[0]}
