"""The source of bosons that charged kaons and pions radiate when they decay, M -> mu nu X.

The boson's direction is drawn by aim, its momentum between the ends that the direction allows; muon and neutrino share
the rest, with the muon's angle to the boson drawn like the propagators.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import ClassVar, Self

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.physics.kinds import KINDS
from mcgen.physics.kinematics import angle_of, momentum_of, one_minus_cos
from mcgen.physics.meson_decay.invariants import max_energy, pair_of
from mcgen.physics.meson_decay.laboratory import Emitters, leptons
from mcgen.physics.meson_decay.mesons import MESONS
from mcgen.physics.meson_decay.spin import polarisation
from mcgen.physics.meson_decay.width import over_two_body
from mcgen.physics.models import Boson
from mcgen.physics.polarisation import Polarisation
from mcgen.record.tables import Parent, Production, undefined
from mcgen.sources.aim import Aim, AnyAim, Coordinates
from mcgen.sources.parents import ParentTable, parent_table
from mcgen.sources.source import Setting, Spin
from mcgen.types import Array, Ints

_SLOW = 0.5
"""Momentum along the beam over the mass below which a meson does not say where its bosons go."""


@dataclass(frozen=True)
class MesonDecay:
    """Kaons and pions decay where the flux has them."""

    name: ClassVar[str] = "meson_decay"
    code: ClassVar[int] = 2
    particles: ClassVar[frozenset[int]] = frozenset(sign * meson.pdg for meson in MESONS for sign in (1, -1))
    meaning: ClassVar[str] = "charged kaons and pions decay, K, pi -> mu nu X"
    electromagnetic: ClassVar[bool] = False
    references: ClassVar[tuple[str, ...]] = ()

    parents: ParentTable
    """Mesons that can make the boson, in front of the decay volume."""
    mass: Array
    """(m,) of each of them [GeV]."""
    rate: Array
    """(m,) what T times phase space has to be multiplied with to be a branching ratio [GeV^-2]."""
    layer: Ints
    """(m,) of the dump, where each of them decays; -1 outside."""
    boson: Boson
    """What they radiate."""
    spin: Spin | None
    """How it is polarised, if it is a vector."""

    axes = ("momentum", *Aim.axes, "muon_angle", "muon_azimuth")

    @classmethod
    def of(cls, setting: Setting, candidates: Parent) -> Self:
        """Build the source for a dump."""
        boson = setting.boson
        masses = _by_meson(candidates, {meson.pdg: meson.mass for meson in MESONS})
        tests = {
            "below_threshold": masses > boson.mass + MUON_MASS,
            "behind_entrance": candidates.position[2] < setting.volume.z_m[0],
        }
        table = parent_table(candidates, setting.volume, tests)
        mass = _by_meson(table.parent, {meson.pdg: meson.mass for meson in MESONS})
        branching = _by_meson(table.parent, {meson.pdg: meson.branching for meson in MESONS})
        # The coupling enters here, and nowhere else.
        rate = boson.g_mu**2 * branching * over_two_body(mass)
        layer = setting.dump.layer_at(table.parent.position)
        return cls(
            table, mass, rate, layer, boson, partial(spin_after_decay, boson) if setting.polarised else None
        )

    def __call__(self, u: Coordinates, place: Ints, aim: AnyAim) -> Production:
        """Let the mesons at some places of the table decay."""
        meson, direction = self.parents.take(place)
        mass, m = self.mass.take(place), self.boson.mass
        emitters = Emitters(meson.momentum, mass)
        ray, spread = self._cone(emitters, direction)
        boson_direction, density = aim.draw(u, meson.position, ray, spread)
        versine = one_minus_cos(boson_direction, direction)
        low, high = emitters.momentum_range(versine, m)
        left = 1.0 - u["momentum"]
        drawn = low + (high - low) * left * left
        # As the record has it, which keeps the energy: slow bosons' momenta lose digits.
        boson_e = np.sqrt(drawn * drawn + m * m)
        momentum = momentum_of(boson_e, m)
        boson = np.concatenate([momentum * boson_direction, boson_e[None]])
        pair = pair_of(mass, emitters.energy_at_rest(versine, momentum, m), m)
        t, slope = pair.forward(u["muon_angle"])
        muon, neutrino = leptons(pair, t, 2.0 * np.pi * u["muon_azimuth"], meson.momentum, boson)
        amplitude = KINDS[self.boson.kind].meson_amplitude(pair.invariants(t), self.boson.neutrinos)
        # d^3k/E over the density of direction and momentum
        measure = 2.0 * left * (high - low) * momentum * momentum / (boson_e * density)
        at_rest = emitters.boost == 0.0
        unknown = undefined(4, len(place))
        return Production(
            position=meson.position,
            direction=boson_direction,
            boson_e=boson_e,
            weight=self.rate.take(place) * amplitude * pair.phase_space * slope * measure,
            delay=np.zeros(len(place)),
            layer=self.layer.take(place),
            emitter=meson.momentum,
            recoil=muon,
            nucleus=unknown,
            neutrino=neutrino,
            x=boson_e / meson.momentum[3],
            theta=np.where(at_rest, np.nan, angle_of(versine)),
            t=unknown[0],
        )

    def _cone(self, emitters: Emitters, direction: Array) -> tuple[Array, Array]:
        """Unit vectors (3, n) about which bosons are distributed, and the typical angle to them (n,) [rad].

        Fast mesons send light bosons within an angle of 1/(gamma beta), and heavy ones into a smaller cone. The others
        send them everywhere: along the beam is then as good as any.
        """
        end = max_energy(emitters.mass, self.boson.mass)
        fast = emitters.momentum[2] > _SLOW * emitters.mass
        angle = momentum_of(end, self.boson.mass) / np.hypot(end, 2.0 * self.boson.mass)
        angle = np.minimum(angle / np.maximum(emitters.boost, _SLOW), 1.0)
        return np.where(fast, direction, [[0.0], [0.0], [1.0]]), np.where(fast, angle, 1.0)


def spin_after_decay(boson: Boson, production: Production) -> Polarisation:
    """Spin state of vectors from decays of mesons."""
    momentum = production.boson(boson.mass)
    return polarisation(momentum, production.recoil, production.neutrino, boson.mass, boson.neutrinos)


def _by_meson(parent: Parent, values: dict[int, float]) -> Array:
    """Value (n,) for each parent, by its PDG id without the sign."""
    result = np.zeros(len(parent))
    for pdg, value in values.items():
        result[np.abs(parent.pdg) == pdg] = value
    return result
