"""The muons: rows of a flux file, checked, in units of mcgen."""

from __future__ import annotations

import hashlib
import os
from array import array
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from mcgen.card import Card
from mcgen.card.run_tables import BeamTable, FluxTable
from mcgen.constants import MUON_MASS, mass_of
from mcgen.errors import FileFormatError, FluxError, reasons
from mcgen.io.files import sha256_of
from mcgen.io.flux.layouts import MuonBlock, muon_blocks
from mcgen.io.flux.native import NATIVE
from mcgen.physics.kinematics import momentum_of, norm, on_shell
from mcgen.record.tables import Parent
from mcgen.types import Array, Bools, Ints

MAX_ENERGY = 1e5
"""Energy above which a muon is taken for a mistake in units [GeV]."""

MAX_DISTANCE = 1e5
"""Distance beyond which a muon is taken for a mistake in units [m]."""

MAX_RATE = 1e30
"""Weight beyond all reason [muons per proton]."""


@dataclass(frozen=True)
class Flux:
    """Muons at their production, each standing for `rate` muons per proton on target.

    Attributes
    ----------
    file : name as in the card
    sha256 : of the file's content
    pdg : (n,) 13 or -13; anything else is left out later
    position, momentum : (3, n) [m], [GeV]
    rate : (n,) muons per unit of exposure
    row : (n,) row of the file that each particle is from, ascending
    group : (n,) number of the group of rows that are not independent of each other, counted from 0
    sampled : whether the rows are a sample with a statistical error; a beam's rows are not
    dropped : numbers of muons of the file that are not here, because its format says so, by reason
    """

    file: str
    sha256: str
    pdg: Ints
    position: Array
    momentum: Array
    rate: Array
    row: Ints
    group: Ints
    sampled: bool = True
    dropped: dict[str, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rate)

    @property
    def rows(self) -> int:
        """Rows of the file, up to the last one that a muon is from."""
        return int(self.row[-1]) + 1 if len(self) else 0

    @property
    def groups(self) -> int:
        """Number of groups of rows that are independent of each other."""
        return int(self.group.max()) + 1 if len(self) else 0

    def select(self, particles: Collection[int]) -> Parent:
        """Return the particles with one of the PDG ids, on their mass shell."""
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
        )

    @property
    def total(self) -> int:
        """Muons of the file, those that were dropped included."""
        return len(self) + sum(self.dropped.values())


BEAM_ROWS = 2**17
"""Rows of a beam that is not a pencil: points of a low-discrepancy sequence."""


def flux_of(card: Card) -> Flux:
    """Return the muons of a card, from its flux file or its beam."""
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


def load_flux(table: FluxTable) -> Flux:
    """Read and check a flux file, block by block: little more is in memory than the flux itself.

    Raises
    ------
    FluxError
        If the file is missing, empty, not what the card says, or has values that cannot be.
    """
    path = flux_path(table.file)
    try:
        columns, dropped = _gathered(table.file, muon_blocks(path, table))
    except FileFormatError as error:
        raise FluxError(f"flux file {error}") from error
    if not columns["row"]:
        because = f": {reasons(dropped)}" if any(dropped.values()) else ""
        raise FluxError(f"flux file {table.file}: holds no muons{because}")
    row = np.frombuffer(columns.pop("row"), np.int64)
    flux = Flux(
        file=table.file,
        sha256=sha256_of(path),
        pdg=np.frombuffer(columns.pop("pdg")).astype(np.int64),
        position=_stacked(columns, ("x", "y", "z")),
        momentum=_stacked(columns, ("px", "py", "pz")),
        rate=np.frombuffer(columns.pop("w")),
        row=row,
        group=np.unique(row, return_inverse=True)[1],
        dropped=dropped,
    )
    if not flux.rate.any():
        raise FluxError(f"flux file {table.file}: all weights w are 0")
    return flux


def _stacked(columns: dict[str, array[Any]], names: Sequence[str]) -> Array:
    """Join columns as a vector, each freed before the next."""
    joined = np.empty((len(names), len(columns[names[0]])))
    for values, name in zip(joined, names, strict=True):
        values[:] = np.frombuffer(columns.pop(name))
    return joined


def _gathered(file: str, blocks: Iterable[MuonBlock]) -> tuple[dict[str, array[Any]], dict[str, int]]:
    """Collect rows and columns, and the numbers of dropped rows; refuse rows that cannot be."""
    # Arrays that grow in place: blocks that are kept and joined at the end would need twice the memory.
    columns: dict[str, array[Any]] = {"row": array("q"), **{name: array("d") for name in NATIVE}}
    dropped: Counter[str] = Counter()
    first: dict[str, int] = {}
    count: Counter[str] = Counter()
    for block in blocks:
        dropped.update(block.dropped)
        for name, values in {"row": block.row, **block.columns}.items():
            columns[name].frombytes(values.view(np.uint8).data)
        for what, bad in _impossible(block.columns):
            count[what] += int(bad.sum())
            if bad.any():
                first.setdefault(what, int(block.row[bad.argmax()]))
    for what in count:
        if what in first:
            also = f" and {count[what] - 1} more" if count[what] > 1 else ""
            raise FluxError(
                f"flux file {file}: {what} in row {first[what]}{also}; correct or remove those rows"
            )
    return columns, dict(dropped)


def _impossible(values: Mapping[str, Array]) -> Iterator[tuple[str, Bools]]:
    """Yield what a row cannot be, and which rows are."""
    largest = np.max(np.abs([values["px"], values["py"], values["pz"]]), axis=0)
    farthest = np.max(np.abs([values["x"], values["y"], values["z"]]), axis=0)
    for name, column in values.items():
        yield f"column {name} is not finite", ~np.isfinite(column)
    yield "the weight w is negative", values["w"] < 0.0
    yield f"the weight w is above {MAX_RATE:g} muons per proton", values["w"] > MAX_RATE
    yield f"the momentum is above {MAX_ENERGY:g} GeV (are px, py, pz in GeV?)", largest > MAX_ENERGY
    yield f"the position is beyond {MAX_DISTANCE:g} m (are x, y, z in metres?)", farthest > MAX_DISTANCE
    yield "pdg is no PDG id", (np.abs(values["pdg"]) > 2**31 - 1) | (np.trunc(values["pdg"]) != values["pdg"])
