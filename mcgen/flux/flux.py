"""The particles from which bosons come: rows of a flux file, or a beam, checked and in our units."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path

import numpy as np
from scipy.special import ndtri

from mcgen.card import Card
from mcgen.card.flux_tables import BeamTable, FluxTable
from mcgen.constants import MUON_MASS, mass_of
from mcgen.errors import FileFormatError, FluxError
from mcgen.flux.gathering import gather, stacked
from mcgen.flux.groups import groups_by_label, groups_by_point
from mcgen.io.files import sha256_of
from mcgen.io.flux.formats import BLOCK, particles_of
from mcgen.io.flux.native import GROUP, PARENT, write_particles
from mcgen.physics.kinematics import momentum_of, norm, on_shell
from mcgen.record.tables import Parent
from mcgen.types import Array, Ints


@dataclass(frozen=True)
class Flux:
    """Particles where they are given, each standing for `rate` particles per unit of exposure.

    Muons are given at their production, mesons at their decay.

    Examples
    --------
    Muons of one's own, here a pencil along the beam:

    >>> import numpy as np
    >>> energies = np.linspace(20.0, 120.0, 101)
    >>> muons = mcgen.Flux(
    ...     file="my muons",
    ...     sha256="",
    ...     pdg=np.full(101, 13),
    ...     position=np.zeros((3, 101)),
    ...     momentum=np.stack([0.0 * energies, 0.0 * energies, energies]),
    ...     rate=np.full(101, 1e-6),
    ...     row=np.arange(101),
    ...     group=np.arange(101),
    ... )
    >>> muons
    <Flux my muons: 101 particles, 0.000101 per unit of exposure>
    >>> mcgen.generate(card, flux=muons).provenance.flux.file
    'my muons'
    """

    file: str
    """Name as in the card; "beam" without a file."""
    sha256: str
    """Of the file's content."""
    pdg: Ints
    """(n,) PDG id, of any particle: sources select theirs."""
    position: Array
    """(3, n) where the particle is given [m]."""
    momentum: Array
    """(3, n) momentum there [GeV]."""
    rate: Array
    """(n,) particles that the row stands for, per proton on target or muon of a beam; may be 0."""
    row: Ints
    """(n,) row of the file that each particle is from, ascending; entry of a tree of lists."""
    group: Ints
    """(n,) number of the group of rows that are not independent of each other: from 0, without gaps, in the order of
    the groups' first rows; see `mcgen.flux.groups`."""
    sampled: bool = True
    """Whether the rows are a sample with a statistical error; a beam's rows are not."""
    origin: Ints | None = None
    """(n,) absolute PDG id of what each particle is from; 0 for unknown. None: the file does not say."""
    dropped: Mapping[str, int] = field(default_factory=dict)
    """Numbers of particles of the file that are not here, by reason."""

    def __len__(self) -> int:
        return len(self.rate)

    def __repr__(self) -> str:
        return f"<Flux {self.file}: {len(self)} particles, {self.rate.sum():.4g} per unit of exposure>"

    @property
    def rows(self) -> int:
        """Rows of the file, up to the last one that a particle is from.

        Examples
        --------
        >>> flux.rows >= len(flux)
        True
        """
        return int(self.row[-1]) + 1 if len(self) else 0

    @property
    def groups(self) -> int:
        """Number of groups of rows that are independent of each other.

        Examples
        --------
        >>> flux.groups <= len(flux)
        True
        """
        return int(self.group.max()) + 1 if len(self) else 0

    @property
    def total(self) -> int:
        """Particles of the file, those that were dropped included.

        Examples
        --------
        >>> flux.total == len(flux) + sum(flux.dropped.values())
        True
        """
        return len(self) + sum(self.dropped.values())

    def select(self, particles: Collection[int]) -> Parent:
        """Return the particles with one of the PDG ids, on their mass shell.

        Examples
        --------
        >>> muons = flux.select((13, -13))
        >>> len(muons.rate) <= len(flux)
        True
        """
        place = np.flatnonzero(np.isin(self.pdg, list(particles)))
        pdg = self.pdg.take(place)
        mass = np.zeros(len(place))
        for code in particles:
            mass[pdg == code] = mass_of(code)
        return Parent(
            row=self.row.take(place),
            group=self.group.take(place),
            pdg=pdg,
            rate=self.rate.take(place),
            position=self.position.take(place, axis=1),
            momentum=on_shell(self.momentum.take(place, axis=1), mass),
            origin=None if self.origin is None else self.origin.take(place),
        )


BEAM_ROWS = 2**17
"""Rows of a beam that is not a pencil: points of a low-discrepancy sequence."""


def flux_of(card: Card) -> Flux:
    """Return the particles of a card, from its flux file or its beam."""
    if card.beam is not None:
        return beam_flux(card.beam, card.experiment.target.front)
    assert card.flux is not None
    return load_flux(card.flux)


def beam_flux(beam: BeamTable, front: float) -> Flux:
    """Make a beam into rows: Gaussian in energy, position and angle, of equal rates, one muon in all.

    The rows are a Sobol sequence, whose integration error is below 1e-3 even for the edge of an aperture:
    the beam is given, not sampled, and has no flux error.

    Parameters
    ----------
    front : z of the target's front face [m]
    """
    from scipy.stats import qmc  # a quarter of the time that a run takes to start, and only beams need it

    pencil = beam.energy_spread == beam.spot_m == beam.divergence_rad == 0.0
    points = qmc.Sobol(5, scramble=False).random(1 if pencil else BEAM_ROWS)
    normal = np.zeros((1, 5)) if pencil else ndtri(points + 0.5 / BEAM_ROWS)
    energy = np.maximum(beam.energy_gev * (1.0 + beam.energy_spread * normal[:, 0]), MUON_MASS)
    slopes = np.tan(beam.divergence_rad * normal[:, 1:3])
    direction = np.stack([slopes[:, 0], slopes[:, 1], np.ones(len(energy))])
    momentum = momentum_of(energy, MUON_MASS) * direction / norm(direction)
    spot = beam.spot_m * normal[:, 3:]
    position = np.stack([spot[:, 0], spot[:, 1], np.full(len(energy), front)])
    return Flux(
        file="beam",
        sha256=hashlib.sha256(np.concatenate([position, momentum]).tobytes()).hexdigest(),
        pdg=np.full(len(energy), beam.pdg),
        position=position,
        momentum=momentum,
        rate=np.full(len(energy), 1.0 / len(energy)),
        row=np.arange(len(energy)),
        group=np.arange(len(energy)),
        sampled=False,
    )


def builtin_fluxes() -> dict[str, Path]:
    """Names and files of the embedded muon samples."""
    folder = Path(str(resources.files("mcgen"))) / "data"
    return {path.stem: path for path in sorted(folder.glob("*.root"))}


def flux_path(file: str) -> Path:
    """File behind a card's `flux.file`: an embedded sample or a path.

    Raises
    ------
    FluxError
        If there is no such file; the message lists the embedded samples.
    """
    if file.startswith("builtin:"):
        known = builtin_fluxes()
        name = file.removeprefix("builtin:")
        if name not in known:
            raise FluxError(f"flux file {file}: no embedded sample {name!r}; there are {', '.join(known)}")
        return known[name]
    path = Path(file)
    if not os.path.isfile(path):
        raise FluxError(f"flux file {file}: not found; give a path, or builtin:NAME for an embedded sample")
    return path


def load_flux(table: FluxTable, size: int = BLOCK) -> Flux:
    """Read and check a flux file, block by block: little more is in memory than the flux itself.

    Parameters
    ----------
    size : rows (or entries of lists) of the file that are read at a time

    Raises
    ------
    FluxError
        If the file is missing, empty, not what the card says, or has values that cannot be.
    """
    path = flux_path(table.file)
    try:
        columns, dropped = gather(table.file, particles_of(path, table, size))
    except FileFormatError as error:
        raise FluxError(f"flux file {error}") from error
    position = stacked(columns, "x", "y", "z")
    if label := columns.pop(GROUP, None):
        group = groups_by_label(np.frombuffer(label, np.int64))
    else:
        group = groups_by_point(position)
    origin = columns.pop(PARENT, None)
    return Flux(
        file=table.file,
        sha256=sha256_of(path),
        pdg=np.frombuffer(columns.pop("pdg")).astype(np.int64),
        position=position,
        momentum=stacked(columns, "px", "py", "pz"),
        rate=np.frombuffer(columns.pop("w")),
        row=np.frombuffer(columns.pop("row"), np.int64),
        group=group,
        origin=None if origin is None else np.abs(np.frombuffer(origin)).astype(np.int64),
        dropped=dropped,
    )


def write_flux(flux: Flux, path: Path) -> None:
    """Write a flux in the native format; what its own format drops is not written.

    The groups are written if there are any, and if the points would say that there are; what particles are from, if it is
    known.

    Raises
    ------
    UsageError, RunError
        If the ending is unknown or the file cannot be written.
    """
    names = ("x", "y", "z", "px", "py", "pz")
    vectors = dict(zip(names, (*flux.position, *flux.momentum), strict=True))
    grouped = flux.groups < len(flux) or groups_by_point(flux.position).max() + 1 < len(flux)
    more = {GROUP: flux.group} if grouped else {}
    more |= {} if flux.origin is None else {PARENT: flux.origin}
    write_particles(path, {"pdg": flux.pdg, **vectors, "w": flux.rate, **more})
