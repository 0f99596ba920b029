"""The tables of a run card besides the experiment and the flux: model, production, run, scan, limits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from mcgen.experiment.dump import LossKind
from mcgen.fields import AsNames, Spaced, StoppingPower, Table, Text
from mcgen.physics.kinds import ALIASES, KINDS
from mcgen.physics.models import MODELS, VISIBLE, Boson, Channel, loop_mixing
from mcgen.sources.bremsstrahlung.methods import METHODS, min_energy
from mcgen.sources.registry import SOURCES

Coupling = Annotated[float, Field(ge=-10.0, le=10.0)]
"""Of either sign, or zero."""

MuonCoupling = Annotated[float, Field(ge=1e-20, le=10.0)]
"""From gravity's pull on a muon, m_mu over the Planck mass, to where perturbation theory has long ended."""

Lifetime = Annotated[float, Field(ge=1e-18, le=1e20)]
"""Times c [m]; 1e-18 is a width of 200 GeV, more than any mass here."""

Fraction = Annotated[float, Field(ge=0.0, le=1.0)]
"""A part of a whole."""


def _or_all(names: tuple[str, ...]) -> BeforeValidator:
    """Take "all" for every one of some names."""

    def read(value: Any) -> Any:
        if value == "all":
            return names
        return tuple(value) if isinstance(value, list) else value

    return BeforeValidator(read)


ALL = tuple(SOURCES)


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


def _kind_of(name: Any) -> Any:
    return ALIASES.get(name, name) if isinstance(name, str) else name


def _mixing(value: Any) -> Any:
    """One sentence for both kinds of values."""
    if value == "loop" or (type(value) in (int, float) and abs(value) <= 1.0):
        return value
    raise PydanticCustomError("mixing", 'must be a number from -1 to 1, or "loop"')


Mixing = Annotated[
    Annotated[float, Field(ge=-1.0, le=1.0)] | Literal["loop"],
    BeforeValidator(_mixing),
]
"""With the photon: a number, or what leptons make of it."""


class CouplingsTable(Table):
    """Couplings to each lepton; their signs interfere in the photon loop."""

    e: Coupling = 0.0
    """To electrons; any sign."""
    mu: MuonCoupling
    """To muons, g_mu: the one that radiates, and that scans vary."""
    tau: Coupling = 0.0
    """To taus; any sign."""
    gamma_per_gev: Coupling = 0.0
    """To photons at tree level [1/GeV], of spin 0, any sign: it interferes with the loop; decays only."""


class ModelTable(Table):
    """The boson."""

    name: ModelName
    """Which leptons couple: in proportion to their masses, muons alone, as `couplings` says, L_mu - L_tau."""
    particle: Annotated[KindName, BeforeValidator(_kind_of)] = "scalar"
    """Spin and parity; "alp" is a pseudoscalar."""
    mass_gev: Annotated[float, Field(ge=1e-4, le=10.0)]
    """Mass [GeV]."""
    g_mu: MuonCoupling | None = None
    """Coupling to muons; for all models but "custom", which has `couplings`."""
    couplings: CouplingsTable | None = None
    """Couplings of a "custom" model, one a lepton."""
    neutrinos: bool = False
    """Whether a "custom" vector couples to neutrinos as to their leptons; lmu-ltau always does."""
    kinetic_mixing: Mixing = 0.0
    """eps of an "lmu-ltau" vector and the photon, to which charged leptons couple by e eps more; or "loop": muon's and tau's."""
    ctau_m: Lifetime | None = None
    """Lifetime times c [m], in place of the computed one."""
    branching: dict[Channel, Fraction] | None = None
    """Branching ratios in place of the computed ones; what they lack to 1 is invisible."""
    channels: Annotated[tuple[Channel, ...], _or_all(VISIBLE), Field(min_length=1)] = VISIBLE
    """Decay channels to generate; "all" stands for every visible one, and is the default."""

    def in_words(self) -> str:
        """Return model, kind, mass and coupling to muons as a person says them."""
        coupling = self.g_mu if self.couplings is None else self.couplings.mu
        return f"{self.name} {self.particle}, m = {self.mass_gev:g} GeV, g_mu = {coupling:g}"

    @property
    def keeps_ratios(self) -> bool:
        """Whether all couplings keep their ratios to that to muons when it is varied, and widths go with its square."""
        return self.kinetic_mixing in (0.0, "loop")

    def boson(self) -> Boson:
        """Return the boson that this table describes."""
        if self.couplings is not None:
            couplings = (self.couplings.e, self.couplings.mu, self.couplings.tau)
        else:
            couplings = MODELS[self.name].couplings(self.g_mu or 0.0)
        mixing = self.kinetic_mixing
        return Boson(
            kind=self.particle,
            mass=self.mass_gev,
            couplings=couplings,
            neutrinos=self.neutrinos or (self.name in MODELS and MODELS[self.name].neutrinos),
            ctau_override=self.ctau_m,
            mixing=loop_mixing(self.mass_gev, couplings) if mixing == "loop" else mixing,
            gamma=0.0 if self.couplings is None else self.couplings.gamma_per_gev,
            branching_override=self.branching,
        )

    def open_channels(self) -> dict[Channel, float]:
        """Return the enabled channels that are open, with their branching ratios."""
        ratios = self.boson().branching_ratios()
        return {c: ratio for c, ratio in ratios.items() if c in self.channels and ratio > 0.0}


class ProductionTable(Table):
    """How the boson comes about, and what the muon loses on its way."""

    processes: Annotated[tuple[ProcessName, ...], _or_all(ALL), Field(min_length=1)] = ALL
    """Sources of the boson; "all" stands for every one, as far as the flux has parents for it, and is the default."""
    method: MethodName = "iww"
    """Of bremsstrahlung: collinear Weizsaecker-Williams, Weizsaecker-Williams with an angle, or exact tree level."""
    min_energy_factor: Annotated[float, Field(ge=0.0, le=1e6)] | None = None
    """Muons need this times max(m_mu, m) at emission; default 10 for iww, 0 for ww and exact."""
    energy_loss: LossKind = "constant"
    """Of muons in the dump: one stopping power at all energies, or the tabulated ones of the materials."""
    stopping_power_gev_per_m: StoppingPower | None = None
    """Energy loss [GeV/m], with constant loss; default from the material's minimum ionisation."""
    multiple_scattering: bool = False
    """Whether muons scatter on their way to the emission."""
    spin_correlations: bool = True
    """Whether vectors decay as they are polarised, which bremsstrahlung by exact and meson decays define."""

    def min_energy(self, mass: float) -> float:
        """Energy [GeV] that a muon needs at emission: of the validity cut and of the kinematics."""
        return min_energy(self.method, self.min_energy_factor, mass)


class VegasTable(Table):
    """Training of the importance sampling."""

    pilot: Annotated[int, Field(ge=100, le=100_000_000)] = 100_000
    """Points of each of the two pilots of a source and channel, from which parents get their importance; the second has
    fewer where there is little to gain."""
    nitn: Annotated[int, Field(ge=0, le=200)] = 12
    """Iterations at most, as long as they gain something; 0: none, points are drawn evenly."""
    neval: Annotated[int, Field(ge=1000, le=10_000_000)] = 40_000
    """Points an iteration."""
    train_on: Literal["accepted", "fiducial"] = "accepted"
    """Where events are to be dense: among the accepted ones (with a hundredth of all decays), or among all decays."""


class RunTable(Table):
    """How much, and with which random numbers."""

    events: Annotated[int, Field(ge=2, le=10**12)] = 100_000
    """Number n of cube points; the weights are normalised to it."""
    seed: Annotated[int, Field(ge=0, lt=2**63)] | None = None
    """Seed of the random numbers; absent: drawn, printed and stored."""
    chunk: Annotated[int, Field(ge=100, le=5_000_000)] = 50_000
    """Points that are drawn at a time: what bounds the memory."""
    write: Literal["fiducial", "accepted"] = "fiducial"
    """Which events are written: all decays in the decay volume, or the accepted ones."""
    columns: Annotated[tuple[Text, ...], AsNames] = ("all",)
    """Of the events: "all"; "slim": what it takes to follow bosons' daughters, two fifths of the file; or a list of names.

    Those that yields are counted from are always there: event, weight, accepted, failed, channel, process, parent_group.
    """
    unweighted: bool = False
    """Whether what is written has one common weight, by accept and reject."""
    vegas: VegasTable = VegasTable()
    """Training of the importance sampling."""


DEFAULT_COUPLINGS = tuple(np.geomspace(1e-8, 1.0, 41).tolist())
"""Couplings at which a scan tabulates its yields."""


class ScanTable(Table):
    """Contours in mass and coupling."""

    masses: (
        Annotated[tuple[Annotated[float, Field(ge=1e-4, le=10.0)], ...], Spaced, Field(min_length=1)] | None
    ) = None
    """Masses [GeV]: a list, or "LOW:HIGH:N". Absent: from 2 m_e to 2 m_mu, refined."""
    refine: bool | None = None
    """Whether to add masses until straight lines between them are within 2 % of the contour; default: if masses are absent."""
    couplings: (
        Annotated[tuple[Annotated[float, Field(ge=1e-12, le=10.0)], ...], Spaced, Field(min_length=1)] | None
    ) = None
    """To muons, for the grid of yields; a list, or "LOW:HIGH:N"; default 1e-8:1:41. The contour needs no grid."""
    n_signal: Annotated[float, Field(ge=1e-6, le=1e12)] | None = None
    """Expected number of signal events at the limit; default 2.3, or from [statistics].

    No experiment excludes what it would see once in a million times.
    """

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
    """Expected number of background events."""
    observed: Annotated[int, Field(ge=0, le=10**9)] | None = None
    """Events seen; absent: the median of the background, for a projection."""
    cl: Annotated[float, Field(ge=0.5, le=0.9999)] = 0.9
    """Confidence level of the limit."""


class GMinus2Table(Table):
    """Difference between measured and predicted (g-2)/2 of the muon.

    By default that of 2025: White Paper 2025 (arXiv:2505.21476) and the final result of Fermilab (arXiv:2506.03069).
    The cards of arXiv:2205.09870 have that of 2021, (251 +- 59)e-11.
    """

    value: Annotated[float, Field(ge=-1e-6, le=1e-6)] = 38e-11
    """Measured minus predicted."""
    error: Annotated[float, Field(ge=1e-15, le=1e-6)] = 63e-11
    """Standard deviation of the difference; the electron's, the best of all, is a hundred times 1e-15."""
