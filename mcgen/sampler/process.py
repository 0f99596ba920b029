"""The physics of a card and a flux, as plain data: sources, flight, decay, detector."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from mcgen.card import Card
from mcgen.experiment.detector import Detector, detector_of
from mcgen.flux.flux import Flux
from mcgen.physics.kinds import KINDS
from mcgen.physics.models import Boson, Outcome
from mcgen.record.tables import History
from mcgen.sampler.decay import DecayStage, NoDecay, TwoBodyDecay
from mcgen.sampler.flight import DecayInVolume, FlightMaker, FlightStage, NoFlight
from mcgen.sampler.variations import Ratio, Ratios
from mcgen.sources.aim import Aim, AnyAim, Coordinates, EveryDirection
from mcgen.sources.bremsstrahlung import Bremsstrahlung
from mcgen.sources.registry import SOURCES
from mcgen.sources.source import Setting, Source
from mcgen.types import Ints


@dataclass(frozen=True)
class Process:
    """What happens to a particle of the flux, given coordinates in the cube."""

    boson: Boson
    """What is produced."""
    ratios: Mapping[Outcome, float]
    """Enabled open channels and their branching ratios; "none" for bare collisions."""
    exposure: float
    """What rates are multiplied with."""
    sources: Mapping[str, Source]
    """By name; those without a parent too."""
    left_out: Mapping[str, int]
    """Numbers of the flux's particles that no source can use, by reason."""
    aims: Mapping[Outcome, AnyAim]
    """Where bosons are worth being sent, by channel."""
    flight: FlightStage
    """How the decay point is drawn."""
    decay: DecayStage
    """How the daughters are drawn."""
    detector: Detector
    """What is seen of them."""
    variations: Mapping[str, Ratio] = field(default_factory=dict)
    """What else their weights could be, by name."""

    def axes(self, source: str) -> tuple[str, ...]:
        """Return the axes of the cube for a source, without those that choose the component and the parent."""
        stages = (self.sources[source], self.flight, self.decay, self.detector)
        return tuple(axis for stage in stages for axis in stage.axes)

    @property
    def used(self) -> int:
        """Number of the flux's particles that can contribute."""
        return sum(len(source.parents) for source in self.sources.values())

    def __call__(self, source: str, channel: Outcome, place: Ints, u: Coordinates) -> History:
        """Tell what happens to the parents at some places of a source's table, in one channel.

        The weight is the expected number of events for the exposure (arXiv:2205.09870, Eq. 23) over the density of
        the stages' draws; the probabilities of channel, parent and point of the cube are not in it.
        """
        maker = self.sources[source]
        parent = maker.parents.parent.take(place)
        production = maker(u, place, self.aims[channel])
        flight = self.flight(u, production)
        daughters = self.decay(u, channel, production, flight, maker.spin)
        verdict = self.detector.judge(channel, daughters, flight.point, u)
        weight = production.weight * flight.weight * daughters.weight
        weight = weight * (self.exposure * self.ratios[channel] * parent.rate)
        return History(maker.code, channel, place, parent, production, flight, daughters, verdict, weight)


def process_of(card: Card, flux: Flux, flight: FlightMaker = DecayInVolume) -> Process:
    """Build the process of a card: in a thick target, or bare collisions if weights are cross-sections.

    Parameters
    ----------
    flight : how the decay point is drawn
    """
    if card.experiment.exposure.kind == "xsec":
        return bare_collision(card, flux)
    return thick_target(card, flux, flight)


def thick_target(card: Card, flux: Flux, flight: FlightMaker = DecayInVolume) -> Process:
    """Build the process of particles in a dump, whose bosons fly and decay."""
    setting = _setting(card)
    detector, volume = detector_of(card.experiment), card.experiment.decay_volume
    sources = {
        name: SOURCES[name].of(setting, flux.select(SOURCES[name].particles))
        for name in card.production.processes
    }
    front, entrance = setting.dump.z[0], volume.z_m[0]
    ratios: dict[Outcome, float] = {c: ratio for c, ratio in card.model.open_channels().items()}  # noqa: C416
    return Process(
        boson=setting.boson,
        ratios=ratios,
        exposure=card.experiment.exposure.value,
        sources=sources,
        left_out=_left_out(sources, flux),
        aims={channel: Aim(volume, detector.narrowest_plane(channel, front, entrance)) for channel in ratios},
        flight=flight(setting.boson, volume),
        decay=TwoBodyDecay(setting.boson, detector),
        detector=detector,
        variations=Ratios(card, flux, sources),
    )


def bare_collision(card: Card, flux: Flux) -> Process:
    """Build the process of muons that meet one nucleus each; weights are shares of the cross-section in pb."""
    setting = _setting(card)
    muons = flux.select(Bremsstrahlung.particles)
    sources = {Bremsstrahlung.name: Bremsstrahlung.in_collisions(setting, muons)}
    return Process(
        boson=setting.boson,
        ratios={"none": 1.0},
        exposure=card.experiment.exposure.value,
        sources=sources,
        left_out=_left_out(sources, flux),
        aims={"none": EveryDirection()},
        flight=NoFlight(),
        decay=NoDecay(),
        detector=detector_of(card.experiment),
        variations=Ratios(card, flux, sources),
    )


def _setting(card: Card) -> Setting:
    boson = card.model.boson()
    return Setting(
        boson=boson,
        dump=card.dump(),
        volume=card.experiment.decay_volume,
        method=card.production.method,
        min_energy=card.production.min_energy(boson.mass),
        multiple_scattering=card.production.multiple_scattering,
        polarised=card.production.spin_correlations and KINDS[boson.kind].spin == 1,
    )


def _left_out(sources: Mapping[str, Source], flux: Flux) -> dict[str, int]:
    """Count the particles that contribute nothing: dropped by the format, of no source, or not used by theirs."""
    candidates = sum(len(s.parents) + sum(s.parents.left_out.values()) for s in sources.values())
    counts = Counter(flux.dropped)
    counts["not_parents"] = len(flux) - candidates
    for source in sources.values():
        counts.update(source.parents.left_out)
    return dict(counts)
