"""What a source is: the first stage of an event, and the only one that knows what the parent is.

Each stage declares the axes of the cube that it consumes, takes their coordinates (n,) and the tables before it,
and returns a new table with its weight: the physical density over that of the draw.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Protocol, Self

from mcgen.experiment.dump import Dump
from mcgen.experiment.volumes import Volume
from mcgen.physics.models import Boson
from mcgen.physics.polarisation import Polarisation
from mcgen.record.tables import Parent, Production
from mcgen.sources.aim import AnyAim, Coordinates
from mcgen.sources.parents import ParentTable
from mcgen.types import Ints


@dataclass(frozen=True, slots=True)
class Setting:
    """What the card says that sources are built from."""

    boson: Boson
    """What is produced."""
    dump: Dump
    """Where."""
    volume: Volume
    """The decay volume, which bosons have to reach."""
    method: str
    """Of bremsstrahlung."""
    min_energy: float
    """Total energy that a muon needs where it radiates [GeV]."""
    multiple_scattering: bool
    """Whether muons are scattered on their way."""
    polarised: bool
    """Whether bosons have a spin state that their decays depend on, as far as it is known."""


Spin = Callable[[Production], Polarisation]
"""Tells the spin state of vectors from how they came about."""


class Source(Protocol):
    """A way in which bosons come about."""

    name: ClassVar[str]
    """As cards have it in production.processes."""
    code: ClassVar[int]
    """In the column `process`; never used again for another source."""
    particles: ClassVar[frozenset[int]]
    """PDG ids of the parents; no two sources take the same."""
    meaning: ClassVar[str]
    """One line for people."""
    electromagnetic: ClassVar[bool]
    """Whether the parent meets a nucleus by a photon; what is not so is a decay."""
    references: ClassVar[tuple[str, ...]]
    """arXiv numbers of what it is from, besides the article that the program implements."""

    @property
    def parents(self) -> ParentTable:
        """Particles of the flux from which bosons can come."""
        ...

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes that it consumes."""
        ...

    @property
    def spin(self) -> Spin | None:
        """What tells how its vectors are polarised; None if nothing does, and for spin 0."""
        ...

    @classmethod
    def of(cls, setting: Setting, candidates: Parent) -> Self:
        """Build the source for a dump.

        Parameters
        ----------
        candidates : all particles of the flux with one of the PDG ids
        """
        ...

    def __call__(self, u: Coordinates, place: Ints, aim: AnyAim) -> Production:
        """Make bosons.

        Parameters
        ----------
        u : coordinates (n,) of the axes
        place : (n,) places in the table of parents
        aim : where bosons are worth being sent
        """
        ...
