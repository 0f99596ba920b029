"""The tables of a run card that say where the parents come from: a file, or a beam."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from mcgen.constants import MUON_MASS
from mcgen.fields import Metres, Table


def _named(value: Any) -> Any:
    """Take a plain string for the name of a column in our own unit."""
    return {"name": value} if isinstance(value, str) else value


class PlainColumn(Table):
    """A column without a unit in somebody's flux file."""

    name: Annotated[str, Field(min_length=1, max_length=200)]
    """What it is called there."""


class LengthColumn(PlainColumn):
    """A column of lengths."""

    unit: Literal["m", "cm", "mm"] = "m"
    """Unit that its lengths are in."""


class EnergyColumn(PlainColumn):
    """A column of energies or momenta."""

    unit: Literal["GeV", "MeV"] = "GeV"
    """Unit that its energies are in."""


LengthName = Annotated[LengthColumn, BeforeValidator(_named)]
EnergyName = Annotated[EnergyColumn, BeforeValidator(_named)]
PlainName = Annotated[PlainColumn, BeforeValidator(_named)]


class ColumnsTable(Table):
    """Names and units of the columns of somebody's flux file; all but `group` and `parent`, so that no unit is guessed."""

    pdg: PlainName
    """PDG id."""
    x: LengthName
    """Where the particle is given, horizontally."""
    y: LengthName
    """Where the particle is given, vertically."""
    z: LengthName
    """Where the particle is given, along the beam."""
    px: EnergyName
    """Momentum there, x component."""
    py: EnergyName
    """Momentum there, y component."""
    pz: EnergyName
    """Momentum there, z component."""
    w: PlainName
    """Particles that the row stands for, per proton; with `protons`, per that many."""
    group: PlainName | None = None
    """Integers: rows of the same number are not independent of each other."""
    parent: PlainName | None = None
    """PDG id, of either sign, of what the particle is from; for [[variations]] of the flux."""


FluxFormat = Literal["native", "muonfluxenhancement", "fairship", "columns"]


class FluxTable(Table):
    """The particles that bosons come from, from a file."""

    file: Annotated[str, Field(min_length=1, max_length=4096)]
    """Path, relative to the card, or builtin:NAME for an embedded sample."""
    format: FluxFormat = "native"
    """Which columns it has, in which units and frame."""
    protons: Annotated[float, Field(ge=1.0, le=1e30)] | None = None
    """Protons that the weights are for, where the format does not say; divides the weights."""
    tree: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Which tree of a ROOT file; absent: the format's, or the only one."""
    z_offset_m: Metres | None = None
    """Added to z [m], so that the front of the dump is where the experiment's frame has it."""
    columns: ColumnsTable | None = None
    """Names and units of the columns, with format = "columns"."""


class BeamTable(Table):
    """The muons, from a beam along z that meets the front of the target."""

    pdg: Literal[13, -13] = -13
    """PDG id: 13 for mu-, -13 for mu+."""
    energy_gev: Annotated[float, Field(gt=MUON_MASS, le=1e5)]
    """Mean energy [GeV]."""
    energy_spread: Annotated[float, Field(ge=0.0, le=0.2)] = 0.0
    """Standard deviation of the energy over the energy."""
    spot_m: Annotated[float, Field(ge=0.0, le=10.0)] = 0.0
    """Standard deviation of x and of y [m]."""
    divergence_rad: Annotated[float, Field(ge=0.0, le=0.1)] = 0.0
    """Standard deviation of the angles in the (x, z) and (y, z) planes [rad]."""
