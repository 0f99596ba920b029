"""The two tables of a cascade: particles on their way, and rows of a flux."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from mcgen.constants import PROTON_MASS
from mcgen.physics.kinematics import dot, norm
from mcgen.types import Array, Bools, Ints

_BARYONS = 1000  # PDG ids of baryons that are no antibaryons are above


class _Columns:
    """What tables of columns share: the last axis of each is that of the entries."""

    __slots__ = ()

    def __len__(self) -> int:
        return len(getattr(self, fields(self)[0].name))  # type: ignore[arg-type]  # of a dataclass

    def take(self, which: Ints | Bools) -> Self:
        """Return some of the entries: those of a mask, or of numbers."""
        return type(self)(*(getattr(self, f.name)[..., which] for f in fields(self)))  # type: ignore[arg-type]

    @classmethod
    def join(cls, tables: Iterable[Self]) -> Self:
        """Return the entries of all tables, of which there is at least one."""
        columns = [[getattr(table, f.name) for f in fields(cls)] for table in tables]  # type: ignore[arg-type]
        return cls(*(np.concatenate(parts, axis=-1) for parts in zip(*columns, strict=True)))


@dataclass(frozen=True, slots=True)
class Particles(_Columns):
    """Particles at the point where they are made."""

    pdg: Ints
    """(n,) PDG id."""
    position: Array
    """(3, n) [m]"""
    momentum: Array
    """(3, n) [GeV]"""
    mass: Array
    """(n,) [GeV], that of the entry: broad resonances have their own."""
    group: Ints
    """(n,) number of the proton that they are from."""

    @property
    def energy(self) -> Array:
        """(n,) total energy [GeV]."""
        return np.sqrt(dot(self.momentum, self.momentum) + self.mass**2)

    @property
    def for_mesons(self) -> Array:
        """(n,) energy that a meson can have which they make [GeV].

        Of a baryon that is its energy without a nucleon's mass, as baryons do not vanish in collisions and decays.
        """
        return self.energy - np.where(self.pdg > _BARYONS, PROTON_MASS, 0.0)

    @property
    def direction(self) -> Array:
        """(3, n) unit vectors."""
        unit: Array = self.momentum / norm(self.momentum)
        return unit

    def moved(self, path: Array) -> Particles:
        """Return the particles `path` (n,) [m] further on their straight lines."""
        position = self.position + path * self.direction
        return Particles(self.pdg, position, self.momentum, self.mass, self.group)

    @classmethod
    def none(cls) -> Particles:
        """Return no particles."""
        return cls(
            np.zeros(0, np.int64), np.zeros((3, 0)), np.zeros((3, 0)), np.zeros(0), np.zeros(0, np.int64)
        )


@dataclass(frozen=True, slots=True)
class Rows(_Columns):
    """Rows of a flux, before they are written."""

    pdg: Ints
    """(n,) PDG id."""
    position: Array
    """(3, n) where the particle is given [m]."""
    momentum: Array
    """(3, n) momentum there [GeV]."""
    weight: Array
    """(n,) particles that the row stands for: per proton that is followed, or in all, as is said."""
    parent: Ints
    """(n,) absolute PDG id of what it is from; of a meson, its own."""
    group: Ints
    """(n,) number of the proton that it is from."""

    @classmethod
    def none(cls) -> Rows:
        """Return no rows."""
        empty = np.zeros(0, np.int64)
        return cls(empty, np.zeros((3, 0)), np.zeros((3, 0)), np.zeros(0), empty, empty)
