"""The source of bosons that muons radiate off nuclei, mu N -> mu N X."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.physics.bremsstrahlung.spin import polarisation
from mcgen.physics.kinematics import momentum_of
from mcgen.physics.polarisation import Polarisation
from mcgen.record.tables import Parent, Production, undefined
from mcgen.sources.aim import AnyAim, Coordinates
from mcgen.sources.bremsstrahlung.methods import METHODS, EmissionStage
from mcgen.sources.bremsstrahlung.track import AtProduction, ThroughDump, TrackStage, charge_of
from mcgen.sources.parents import ParentTable, direction_of, parent_table
from mcgen.sources.source import Setting, Spin
from mcgen.types import Array, Ints


@dataclass(frozen=True)
class Bremsstrahlung:
    """Muons go through the dump, and radiate bosons off its nuclei."""

    name: ClassVar[str] = "bremsstrahlung"
    code: ClassVar[int] = 1
    particles: ClassVar[frozenset[int]] = frozenset({13, -13})
    meaning: ClassVar[str] = "muons radiate off nuclei, mu N -> mu N X"
    electromagnetic: ClassVar[bool] = True
    references: ClassVar[tuple[str, ...]] = ("1609.06781", "0906.0580")

    parents: ParentTable
    """Muons that can radiate."""
    legs: Array
    """(k, m) way that each of them can go in each of the dump's pieces [m]."""
    track: TrackStage
    """How they get to where they radiate."""
    emission: EmissionStage
    """How they radiate: the production method."""
    g_squared: float
    """Square of the coupling by which muons radiate."""
    spin: Spin | None
    """How its vectors are polarised, where the method knows all four-momenta."""

    @classmethod
    def of(cls, setting: Setting, candidates: Parent) -> Self:
        """Build the source for a dump."""
        known = setting.polarised and METHODS[setting.method].complete
        spin = partial(spin_after_collision, setting.boson.mass) if known else None
        return cls._built(setting, candidates, ThroughDump(setting.dump, setting.multiple_scattering), spin)

    @classmethod
    def in_collisions(cls, setting: Setting, candidates: Parent) -> Self:
        """Build the source for bare collisions, whose weights are shares of the cross-section in pb."""
        return cls._built(setting, candidates, AtProduction(), None)

    @classmethod
    def _built(cls, setting: Setting, candidates: Parent, track: TrackStage, spin: Spin | None) -> Self:
        method, dump, min_energy = METHODS[setting.method], setting.dump, setting.min_energy
        tests = {
            "outside_dump": dump.contains(candidates.position),
            "backwards": candidates.momentum[2] > 0.0,
            "below_min_energy": candidates.momentum[3] > min_energy,
        }
        if method.collinear and not setting.multiple_scattering and not dump.is_magnetised:
            # Bosons keep the direction that the muon has at production.
            path_out = setting.volume.path_through(candidates.position, direction_of(candidates))[1]
            tests["misses_decay_volume"] = path_out > 0.0
        table = parent_table(candidates, setting.volume, tests)
        muon = table.parent
        # Without a muon the threshold may be beyond what the energy loss knows.
        legs = (
            dump.legs(muon.position, table.direction, muon.momentum[3], charge_of(muon), min_energy)
            if len(table)
            else np.zeros((len(dump.pieces), 0))
        )
        max_energy = float(muon.momentum[3].max(initial=min_energy))
        emission = method.emission(setting.boson, dump, max_energy)
        return cls(table, legs, track, emission, setting.boson.radiating**2, spin)

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes of track and emission."""
        return (*self.track.axes, *self.emission.axes)

    def __call__(self, u: Coordinates, place: Ints, aim: AnyAim) -> Production:
        """Let the muons at some places of the table radiate."""
        muon, direction = self.parents.take(place)
        legs = self.legs.take(place, axis=1)
        track = self.track(u, muon, direction, legs, aim, self.emission.spread)
        emission = self.emission(u, track, aim)
        # The coupling enters here, and nowhere else.
        sigma = self.g_squared * emission.cross_section
        return Production(
            position=track.position,
            direction=emission.direction,
            boson_e=emission.boson_e,
            weight=track.weight * (sigma * emission.width / emission.density),
            delay=_delay(muon, track.energy, track.path),
            layer=track.layer,
            emitter=np.concatenate(
                [momentum_of(track.energy, MUON_MASS) * track.direction, track.energy[None]]
            ),
            recoil=emission.recoil,
            nucleus=emission.nucleus,
            neutrino=undefined(4, len(place)),
            x=emission.x,
            theta=emission.theta,
            t=emission.t,
            cross_section=emission.cross_section,
        )


def spin_after_collision(mass: float, production: Production) -> Polarisation:
    """Spin state of vectors of some mass [GeV] from collisions of which all four-momenta are known."""
    collision = production.emitter, production.boson(mass), production.recoil, production.nucleus
    return polarisation(*collision, mass)


def _delay(muon: Parent, energy: Array, path: Array) -> Array:
    """Time (n,) from production to emission, times the speed of light [m].

    The muon's 1/beta changes little along the dump: its mean at both ends is good to 1e-3 of the muon's part above
    2 GeV.
    """
    slowness = sum(0.5 * e / momentum_of(e, MUON_MASS) for e in (muon.momentum[3], energy))
    return np.asarray(path * slowness)
