"""The muons: rows of a flux file, checked, in units of mcgen."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

import numpy as np
from scipy.special import ndtri
from scipy.stats import qmc

from mcgen.card import Card
from mcgen.card.schema import BeamTable
from mcgen.constants import MUON_MASS
from mcgen.errors import FileFormatError, FluxError
from mcgen.events import AnyArray
from mcgen.io import root, tables
from mcgen.io.files import sha256_of
from mcgen.physics.kinematics import momentum_of, norm
from mcgen.types import Array, Ints

NATIVE = ("pdg", "x", "y", "z", "px", "py", "pz", "w")
"""Columns of the native format: metres, GeV, muons per proton on target."""

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
    sampled : whether the rows are a sample with a statistical error; a beam's rows are not
    """

    file: str
    sha256: str
    pdg: Ints
    position: Array
    momentum: Array
    rate: Array
    sampled: bool = True

    def __len__(self) -> int:
        return len(self.rate)


BEAM_ROWS = 2**17
"""Rows of a beam that is not a pencil: points of a low-discrepancy sequence."""


def flux_of(card: Card) -> Flux:
    """Return the muons of a card, from its flux file or its beam."""
    if card.beam is not None:
        return beam_flux(card.beam, card.experiment.target.front)
    assert card.flux is not None
    return load_flux(card.flux.file)


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


def load_flux(file: str) -> Flux:
    """Read and check a flux file in the native format: ROOT, Parquet or CSV by its ending.

    Raises
    ------
    FluxError
        If the file is missing, empty, lacks a column, or has values that cannot be.
    """
    path = flux_path(file)
    try:
        columns, missing = _read(path)
    except FileFormatError as error:
        raise FluxError(f"flux file {error}") from error
    if missing:
        raise FluxError(
            f"flux file {file}: missing column {', '.join(missing)}; the native format has {', '.join(NATIVE)}"
        )
    values = {name: _numbers(file, name, column) for name, column in columns.items()}
    _check(file, values)
    return Flux(
        file=file,
        sha256=sha256_of(path),
        pdg=values["pdg"].astype(np.int64),
        position=np.stack([values[name] for name in ("x", "y", "z")]),
        momentum=np.stack([values[name] for name in ("px", "py", "pz")]),
        rate=values["w"],
    )


def _read(path: Path) -> tuple[dict[str, AnyArray], list[str]]:
    match path.suffix.lower():
        case ".root":
            return root.read_columns(path, "muons", NATIVE)
        case ".csv":
            return tables.read_csv(path, NATIVE)
        case ".parquet":
            return tables.read_parquet(path, NATIVE)
    raise FluxError(f"flux file {path}: unknown ending {path.suffix!r}; .root, .parquet or .csv")


def _numbers(file: str, name: str, column: AnyArray) -> Array:
    try:
        return np.ascontiguousarray(column, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise FluxError(
            f"flux file {file}: column {name} holds {column.dtype}, not one number a row"
        ) from error


def _check(file: str, values: dict[str, Array]) -> None:
    if not len(values["w"]):
        raise FluxError(f"flux file {file}: holds no muons")
    largest = np.max(np.abs([values["px"], values["py"], values["pz"]]), axis=0)
    farthest = np.max(np.abs([values["x"], values["y"], values["z"]]), axis=0)
    for bad, what in (
        *((~np.isfinite(column), f"column {name} is not finite") for name, column in values.items()),
        (values["w"] < 0.0, "the weight w is negative"),
        (values["w"] > MAX_RATE, f"the weight w is above {MAX_RATE:g} muons per proton"),
        (largest > MAX_ENERGY, f"the momentum is above {MAX_ENERGY:g} GeV (are px, py, pz in GeV?)"),
        (farthest > MAX_DISTANCE, f"the position is beyond {MAX_DISTANCE:g} m (are x, y, z in metres?)"),
        ((np.abs(values["pdg"]) > 2**31 - 1) | (values["pdg"] % 1.0 != 0.0), "pdg is no PDG id"),
    ):
        if bad.any():
            row = int(np.flatnonzero(bad)[0])
            more = int(bad.sum()) - 1
            also = f" and {more} more" if more else ""
            raise FluxError(f"flux file {file}: {what} in row {row}{also}; correct or remove those rows")
    if not values["w"].any():
        raise FluxError(f"flux file {file}: all weights w are 0")
