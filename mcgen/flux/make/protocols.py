"""What a flux asks of generators of collisions, so that there may be others than Pythia."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from mcgen.flux.make.particles import Particles
from mcgen.types import Array, Ints


class Generator(Protocol):
    """What a cascade asks of a generator of collisions."""

    empty: int
    """Collisions that gave nothing, and were drawn again."""
    failed: int
    """Collisions and decays that gave nothing in the end: the particle is lost."""

    def cross_sections(self, particles: Particles, nuclei: Sequence[int]) -> dict[int, Array]:
        """Inelastic cross-sections (n,) [mb], by mass number of the nucleus; 0 where there is none."""
        ...

    def collide(self, particles: Particles, nuclei: Ints, least: float) -> Particles:
        """Return what comes out of collisions with nuclei (n,), above `least` [GeV] of energy for mesons, at the same points."""
        ...

    def decay(self, particles: Particles, least: float) -> Particles:
        """Return what comes out of decays, above `least` [GeV] of energy for mesons, at the same points."""
        ...


class Charm(Protocol):
    """What a flux asks of a generator of open charm."""

    rise: float
    """Its cross-section over that at `REFERENCE_ENERGY`."""

    def muons(self, count: int) -> tuple[Ints, Array, Ints, Ints]:
        """Muons of events of open charm.

        Returns
        -------
        number of the event (k,), from 0 to count - 1; momentum (3, k) [GeV]; PDG id (k,); absolute PDG id of what decayed to
        it (k,)
        """
        ...
