"""Particles and slabs for the tests of fluxes that are made."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mcgen.constants import mass_of
from mcgen.flux.make.particles import Particles
from mcgen.types import Array, Ints


def particles(pdg: int, mass: float, momentum: Array, z: float | Array = 0.0) -> Particles:
    """Make particles on the axis from momenta (3, n) [GeV], each of a proton of its own."""
    n = momentum.shape[1]
    position = np.zeros((3, n))
    position[2] = z
    return Particles(np.full(n, pdg), position, momentum, np.full(n, mass), np.arange(n))


def alike(pdg: int, mass: float, vector: tuple[float, float, float], count: int, z: float = 0.0) -> Particles:
    """Make particles of one momentum [GeV]."""
    return particles(pdg, mass, np.repeat(np.array(vector)[:, None], count, axis=1), z)


class Billiards:
    """A generator of collisions without Pythia: two pions a collision, cross-sections of a power of A, no failures."""

    empty = failed = 0

    def cross_sections(self, particles: Particles, nuclei: Sequence[int]) -> dict[int, Array]:
        """Cross-sections [mb], by mass number."""
        return {a: np.full(len(particles), 40.0 * a**0.7) for a in nuclei}

    def collide(self, particles: Particles, nuclei: Ints, least: float) -> Particles:
        """Return pi+, pi- and pi0, with fractions of the momentum, at the points of the collisions."""
        assert len(nuclei) == len(particles)
        made = Particles.join(
            Particles(
                np.full(len(particles), pdg),
                particles.position,
                share * particles.momentum,
                np.full(len(particles), mass_of(pdg)),
                particles.group,
            )
            for pdg, share in ((211, 0.4), (-321, 0.2), (111, 0.2), (221, 0.1), (130, 0.1))
        )
        return made.take(made.for_mesons > least)

    def decay(self, particles: Particles, least: float) -> Particles:
        """Return photons of half the momentum."""
        n = len(particles)
        photon = Particles(
            np.full(n, 22), particles.position, 0.5 * particles.momentum, np.zeros(n), particles.group
        )
        made = Particles.join([photon, photon])
        return made.take(made.energy > least)


class OneMuon:
    """A generator of open charm: one muon of 30 GeV an event."""

    rise = 1.0

    def muons(self, count: int) -> tuple[Ints, Array, Ints, Ints]:
        """Muons along the beam."""
        momentum = np.zeros((3, count))
        momentum[2] = 30.0
        return np.arange(count), momentum, np.full(count, -13), np.full(count, 411)
