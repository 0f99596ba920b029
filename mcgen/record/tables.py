"""The tables that the stages of the sampler make, row i the same event in all of them.

Lengths in metres, energies in GeV; a vector has shape (3, n), a four-momentum (px, py, pz, E) has (4, n).
Quantities that a stage does not define are NaN.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcgen.physics.kinematics import momentum_of
from mcgen.physics.models import Outcome
from mcgen.types import Array, Bits, Bools, Ints


@dataclass(frozen=True, slots=True)
class Parent:
    """Particles of the flux, from which bosons come: muons at their production, mesons at their decay."""

    row: Ints
    """(n,) row of the flux file."""
    group: Ints
    """(n,) number of the group of rows that are not independent of each other, counted from 0."""
    pdg: Ints
    """(n,) PDG id."""
    rate: Array
    """(n,) particles that the row stands for, per unit of exposure."""
    position: Array
    """(3, n) where the particle is given [m]."""
    momentum: Array
    """(4, n) four-momentum there [GeV]."""
    origin: Ints | None = None
    """(n,) absolute PDG id of what the particle is from, a meson's own; 0 where the flux does not say. None: nowhere."""

    def __len__(self) -> int:
        return len(self.row)

    def take(self, place: Ints) -> Parent:
        """Return the parents at some places (k,) of the table."""
        return Parent(
            row=self.row.take(place),
            group=self.group.take(place),
            pdg=self.pdg.take(place),
            rate=self.rate.take(place),
            position=self.position.take(place, axis=1),
            momentum=self.momentum.take(place, axis=1),
            origin=None if self.origin is None else self.origin.take(place),
        )


@dataclass(frozen=True, slots=True)
class Production:
    """Bosons where they come about, and what else is there: the result of a source."""

    position: Array
    """(3, n) where the boson is made [m]."""
    direction: Array
    """(3, n) unit vector of the boson."""
    boson_e: Array
    """(n,) energy of the boson [GeV]."""
    weight: Array
    """(n,) bosons per parent, over the density with which the source draws."""
    delay: Array
    """(n,) time from the parent's row to the boson, times the speed of light [m]."""
    layer: Ints
    """(n,) number of the dump's layer, counted from 0; -1 outside."""
    emitter: Array
    """(4, n) what radiates, just before: the muon after losses and scattering, or the meson [GeV]."""
    recoil: Array
    """(4, n) muon just after [GeV]."""
    nucleus: Array
    """(4, n) nucleus after a collision [GeV]."""
    neutrino: Array
    """(4, n) neutrino of a meson's decay [GeV]."""
    x: Array
    """(n,) energy of the boson over that of the emitter."""
    theta: Array
    """(n,) angle between boson and emitter [rad]."""
    t: Array
    """(n,) momentum transfer squared to the nucleus, positive [GeV^2]."""
    cross_section: Array | None = None
    """(n,) at unit coupling, of a collision: per x and what else the method has of the boson, over the density of what
    it has of others [GeV^-2]; None where there is no collision."""

    def boson(self, mass: float) -> Array:
        """Four-momentum (4, n) of the boson [GeV], from its mass [GeV]."""
        return np.concatenate([momentum_of(self.boson_e, mass) * self.direction, self.boson_e[None]])


@dataclass(frozen=True, slots=True)
class Flight:
    """The boson's way to its decay."""

    path_in: Array
    """(n,) path to the entry of the decay volume [m]; 0, as the next one, where the ray misses."""
    path_out: Array
    """(n,) path to its exit [m]."""
    path: Array
    """(n,) path to the decay [m]."""
    decay_length: Array
    """(n,) mean decay length in the laboratory [m]."""
    p_decay: Array
    """(n,) probability to decay between entry and exit; 0 where the ray misses."""
    point: Array
    """(3, n) decay point [m]."""
    weight: Array
    """(n,) density of decays at the point over that of the draw."""


@dataclass(frozen=True, slots=True)
class Daughters:
    """What the boson decays into."""

    pdgs: tuple[int, int]
    """PDG ids, the lepton first."""
    first: Array
    """(4, n) at the decay vertex [GeV]."""
    second: Array
    """(4, n) at the decay vertex [GeV]."""
    weight: Array
    """(n,) density of the decay's angles over that of the draw."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the detector says of the daughters."""

    hits: Mapping[str, tuple[Array, Array]]
    """(x, y), shape (2, n), of the first and of the second daughter at each plane [m]; NaN if not there."""
    failed: Ints
    """(n,) code of the first requirement that failed; 0 none."""
    failed_bits: Bits
    """(n,) bit of every requirement that failed."""

    @property
    def accepted(self) -> Bools:
        """Whether no requirement failed."""
        accepted: Bools = self.failed == 0
        return accepted


@dataclass(frozen=True, slots=True)
class History:
    """All that happens in events of one process and one decay channel."""

    process: int
    """Code of the process by which the boson comes about."""
    channel: Outcome
    """What the boson decays into."""
    place: Ints
    """(n,) place of the parent in the table of its source."""
    parent: Parent
    """From where the boson comes."""
    production: Production
    """How it comes about."""
    flight: Flight
    """Its way to its decay."""
    daughters: Daughters
    """What it decays into."""
    verdict: Verdict
    """What the detector says."""
    weight: Array
    """(n,) what the event counts, over the density of the draw as far as it is known; see the sampler."""


def undefined(components: int, n: int) -> Array:
    """Array (components, n) of a quantity that is not defined: NaN."""
    return np.broadcast_to(np.nan, (components, n))
