"""The run card: model, production, flux, experiment, run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from mcgen.constants import MUON_MASS
from mcgen.experiment.dump import Dump, LossKind, dump_of
from mcgen.experiment.tables import ExperimentTable
from mcgen.fields import Metres, Spaced, Table, Text
from mcgen.physics.kinds import KINDS
from mcgen.physics.models import MODELS, VISIBLE, Boson, Channel
from mcgen.sources.bremsstrahlung.methods import METHODS, min_energy
from mcgen.sources.registry import SOURCES

Coupling = Annotated[float, Field(ge=-10.0, le=10.0)]
Fraction = Annotated[float, Field(ge=0.0, le=1.0)]


def _channels(value: Any) -> Any:
    if value == "all":
        return VISIBLE
    return tuple(value) if isinstance(value, list) else value


ALL = tuple(SOURCES)


def _processes(value: Any) -> Any:
    if value == "all":
        return ALL
    return tuple(value) if isinstance(value, list) else value


if TYPE_CHECKING:
    ModelName = str
    KindName = str
    ProcessName = str
    MethodName = str
else:
    ModelName = Literal[(*MODELS, "custom")]
    KindName = Literal[tuple(KINDS)]
    ProcessName = Literal[ALL]
    MethodName = Literal[tuple(METHODS)]


class CouplingsTable(Table):
    """Couplings to each lepton; their signs interfere in the photon loop."""

    e: Coupling = 0.0
    mu: Annotated[float, Field(gt=0.0, le=10.0)]
    tau: Coupling = 0.0


class ModelTable(Table):
    """The boson."""

    name: ModelName
    particle: KindName = "scalar"
    mass_gev: Annotated[float, Field(ge=1e-4, le=10.0)]
    g_mu: Annotated[float, Field(gt=0.0, le=10.0)] | None = None
    couplings: CouplingsTable | None = None
    neutrinos: bool = False
    ctau_m: Annotated[float, Field(gt=0.0, le=1e20)] | None = None
    branching: dict[Channel, Fraction] | None = None
    channels: Annotated[tuple[Channel, ...], BeforeValidator(_channels), Field(min_length=1)] = VISIBLE
    """Decay channels to generate; "all" stands for every visible one."""

    def boson(self) -> Boson:
        """Return the boson that this table describes."""
        if self.couplings is not None:
            couplings = (self.couplings.e, self.couplings.mu, self.couplings.tau)
        else:
            couplings = MODELS[self.name].couplings(self.g_mu or 0.0)
        return Boson(
            kind=self.particle,
            mass=self.mass_gev,
            couplings=couplings,
            neutrinos=self.neutrinos or (self.name in MODELS and MODELS[self.name].neutrinos),
            ctau_override=self.ctau_m,
            branching_override=self.branching,
        )

    def open_channels(self) -> dict[Channel, float]:
        """Return the enabled channels that are open, with their branching ratios."""
        ratios = self.boson().branching_ratios()
        return {c: ratio for c, ratio in ratios.items() if c in self.channels and ratio > 0.0}


class ProductionTable(Table):
    """How the boson comes about, and what the muon loses on its way."""

    processes: Annotated[tuple[ProcessName, ...], BeforeValidator(_processes), Field(min_length=1)] = ALL
    """Sources of the boson; "all" stands for every one, as far as the flux has parents for it."""
    method: MethodName = "iww"
    """Production method of bremsstrahlung."""
    min_energy_factor: Annotated[float, Field(ge=0.0, le=1e6)] | None = None
    """Muons need this times max(m_mu, m) at emission; default: that of the method."""
    energy_loss: LossKind = "constant"
    stopping_power_gev_per_m: Annotated[float, Field(gt=0.0, le=1e3)] | None = None
    """With constant loss; default from the material's minimum ionisation."""
    multiple_scattering: bool = False

    def min_energy(self, mass: float) -> float:
        """Energy [GeV] that a muon needs at emission: of the validity cut and of the kinematics."""
        return min_energy(self.method, self.min_energy_factor, mass)


def _named(value: Any) -> Any:
    """Take a plain string for the name of a column in our own unit."""
    return {"name": value} if isinstance(value, str) else value


class PlainColumn(Table):
    """A column without a unit in somebody's flux file."""

    name: Annotated[str, Field(min_length=1, max_length=200)]


class LengthColumn(PlainColumn):
    """A column of lengths."""

    unit: Literal["m", "cm", "mm"] = "m"


class EnergyColumn(PlainColumn):
    """A column of energies or momenta."""

    unit: Literal["GeV", "MeV"] = "GeV"


LengthName = Annotated[LengthColumn, BeforeValidator(_named)]
EnergyName = Annotated[EnergyColumn, BeforeValidator(_named)]
PlainName = Annotated[PlainColumn, BeforeValidator(_named)]


class ColumnsTable(Table):
    """Names and units of the columns of somebody's flux file; all of them, so that no unit is guessed."""

    pdg: PlainName
    x: LengthName
    y: LengthName
    z: LengthName
    px: EnergyName
    py: EnergyName
    pz: EnergyName
    w: PlainName


FluxFormat = Literal["native", "muonfluxenhancement", "fairship", "columns"]


class FluxTable(Table):
    """The muons, from a file."""

    file: Annotated[str, Field(min_length=1, max_length=4096)]
    format: FluxFormat = "native"
    protons: Annotated[float, Field(gt=0.0, le=1e30)] | None = None
    """Divides the weights, where the format does not say per how many protons they are."""
    tree: Annotated[str, Field(min_length=1, max_length=200)] | None = None
    """Which tree of a ROOT file."""
    z_offset_m: Metres | None = None
    """Added to z, so that the front of the dump is where the experiment's frame has it."""
    columns: ColumnsTable | None = None


class BeamTable(Table):
    """The muons, from a beam along z that meets the front of the target."""

    pdg: Literal[13, -13] = -13
    energy_gev: Annotated[float, Field(gt=MUON_MASS, le=1e5)]
    energy_spread: Annotated[float, Field(ge=0.0, le=0.2)] = 0.0
    """Standard deviation of the energy over the energy."""
    spot_m: Annotated[float, Field(ge=0.0, le=10.0)] = 0.0
    """Standard deviation of x and of y."""
    divergence_rad: Annotated[float, Field(ge=0.0, le=0.1)] = 0.0
    """Standard deviation of the angles in the (x, z) and (y, z) planes."""


class VegasTable(Table):
    """Training of the importance sampling."""

    nitn: Annotated[int, Field(ge=0, le=200)] = 12
    neval: Annotated[int, Field(ge=1000, le=10_000_000)] = 80_000
    train_on: Literal["accepted", "fiducial"] = "accepted"


class RunTable(Table):
    """How much, and with which random numbers."""

    events: Annotated[int, Field(ge=2, le=10**12)] = 100_000
    """Number n of cube points; the weights are normalised to it."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    chunk: Annotated[int, Field(ge=100, le=5_000_000)] = 50_000
    write: Literal["fiducial", "accepted"] = "fiducial"
    unweighted: bool = False
    """Whether what is written has one common weight, by accept and reject."""
    vegas: VegasTable = VegasTable()


DEFAULT_COUPLINGS = tuple(np.geomspace(1e-8, 1.0, 41).tolist())
"""Couplings at which a scan tabulates its yields."""


class ScanTable(Table):
    """Contours in mass and coupling."""

    masses: (
        Annotated[tuple[Annotated[float, Field(ge=1e-4, le=10.0)], ...], Spaced, Field(min_length=1)] | None
    ) = None
    """[GeV]; a list, or "LOW:HIGH:N". Absent: from 2 m_e to 2 m_mu, refined."""
    refine: bool | None = None
    """Whether to add masses at thresholds and where the contour turns or closes; default: if masses are absent."""
    couplings: (
        Annotated[tuple[Annotated[float, Field(ge=1e-12, le=10.0)], ...], Spaced, Field(min_length=1)] | None
    ) = None
    """To muons, for the grid of yields; a list, or "LOW:HIGH:N"; default 1e-8:1:41. The contour needs no grid."""
    n_signal: Annotated[float, Field(gt=0.0, le=1e12)] | None = None
    """Expected number of signal events at the limit; default 2.3, or from [statistics]."""

    @property
    def grid(self) -> tuple[float, ...]:
        """Couplings of the grid of yields."""
        return DEFAULT_COUPLINGS if self.couplings is None else self.couplings

    @property
    def is_refined(self) -> bool:
        """Whether masses are added to those that the scan begins with."""
        return self.masses is None if self.refine is None else self.refine


class StatisticsTable(Table):
    """Counts from which the limit follows, by CLs."""

    background: Annotated[float, Field(ge=0.0, le=1e9)]
    observed: Annotated[int, Field(ge=0, le=10**9)] | None = None
    """Events seen; absent: the median of the background, for a projection."""
    cl: Annotated[float, Field(ge=0.5, le=0.9999)] = 0.9


class GMinus2Table(Table):
    """Difference between measured and predicted (g-2)/2 of the muon."""

    value: Annotated[float, Field(ge=-1e-6, le=1e-6)] = 251e-11
    error: Annotated[float, Field(gt=0.0, le=1e-6)] = 59e-11


class Card(Table):
    """A run card with its experiment card merged in."""

    title: Text = ""
    model: ModelTable
    production: ProductionTable = ProductionTable()
    flux: FluxTable | None = None
    beam: BeamTable | None = None
    experiment: ExperimentTable
    run: RunTable = RunTable()
    scan: ScanTable = ScanTable()
    statistics: StatisticsTable | None = None
    g_minus_2: GMinus2Table = GMinus2Table()

    def dump(self) -> Dump:
        """Return the dump that this card describes."""
        production = self.production
        return dump_of(self.experiment.target, production.energy_loss, production.stopping_power_gev_per_m)

    def to_dict(self) -> dict[str, Any]:
        """Return the card as plain data, from which `mcgen.load_card` makes it again."""
        return self.model_dump(mode="json", exclude_none=True)

    def replace(self, **changes: Any) -> Card:
        """Return a copy with some keys changed, checked like a new card.

        Parameters
        ----------
        changes
            Tables of the card as (nested) dictionaries; they are merged like the tables of a
            run card into those of its experiment card: ``card.replace(model={"mass_gev": 0.1})``.

        Raises
        ------
        CardError
            If the changed card has faults.
        """
        from mcgen.card.loading import replace  # the loader needs this module

        return replace(self, changes)

    def at_coupling(self, g_mu: float) -> Card:
        """Return a copy with another coupling to muons; the others keep their ratios to it.

        Raises
        ------
        CardError
            If a coupling is out of the range of cards.
        """
        couplings = self.model.couplings
        if couplings is None:
            return self.replace(model={"g_mu": g_mu})
        scale = g_mu / couplings.mu
        others = {"e": couplings.e * scale, "tau": couplings.tau * scale}
        return self.replace(model={"couplings": {"mu": g_mu, **others}})
