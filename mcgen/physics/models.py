"""The light bosons: couplings, widths, branching ratios, lifetime, and what they do to g-2 (arXiv:2205.09870).

A vector may mix with the photon, L = -(eps/2) F_ab V^ab beside L = -e Q A_a fbar gamma^a f with e > 0: that of a charged
lepton, Q = -1, is then coupled to it by g_l + e eps. Neutrinos are not touched.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from scipy.integrate import quad

from mcgen.constants import ALPHA, ELECTRON_MASS, HBAR_C, MUON_MASS, TAU_MASS
from mcgen.physics.kinds import KINDS, Kind

Channel = Literal["ee", "mumu", "tautau", "gammagamma", "nunu"]

CHANNELS: tuple[Channel, ...] = ("ee", "mumu", "tautau", "gammagamma", "nunu")
"""All decay channels."""

Outcome = Channel | Literal["none"]
"""What becomes of a boson in the event record: it may be left at its emission."""

OUTCOMES: tuple[Outcome, ...] = ("none", *CHANNELS)
"""All outcomes, in the order of their codes."""

VISIBLE: tuple[Channel, ...] = ("ee", "mumu", "tautau", "gammagamma")

DAUGHTERS: dict[Outcome, tuple[int, int]] = {
    "ee": (11, -11),
    "mumu": (13, -13),
    "tautau": (15, -15),
    "gammagamma": (22, 22),
    "nunu": (14, -14),
    "none": (0, 0),
}
"""PDG ids of the two daughters: the lepton first. All neutrino flavours are written as nu_mu; 0 is nobody."""

LEPTON_MASSES = (ELECTRON_MASS, MUON_MASS, TAU_MASS)

_CHARGE = math.sqrt(4.0 * math.pi * ALPHA)
"""e, above 0"""


@dataclass(frozen=True, slots=True)
class Boson:
    """A light boson and its couplings."""

    kind: Kind
    """Name of its spin and parity, a key of `mcgen.physics.kinds.KINDS`."""
    mass: float
    """m [GeV], positive."""
    couplings: tuple[float, float, float]
    """(g_e, g_mu, g_tau) without mixing, dimensionless; signs interfere in the photon loop."""
    neutrinos: bool = False
    """Whether a vector couples to the neutrino of each lepton with the lepton's coupling."""
    ctau_override: float | None = None
    """Proper decay length [m] that replaces the computed one."""
    gamma: float = 0.0
    """Tree-level coupling g to photons [1/GeV] of spin 0: -(g/4) S F F, or -(g/4) a F F-dual = g a E.B."""
    mixing: complex = 0.0
    """eps of a vector's kinetic mixing with the photon; complex where leptons of a loop can be on their mass shell."""
    branching_override: Mapping[Channel, float] | None = None
    """Branching ratios that replace the computed ones; the rest is invisible."""

    @property
    def g_mu(self) -> float:
        """Coupling to muons, without mixing."""
        return self.couplings[1]

    @property
    def charged(self) -> tuple[complex, complex, complex]:
        """Couplings of e, mu and tau to a boson on its mass shell: g_l + e eps."""
        e, mu, tau = (g + _CHARGE * self.mixing for g in self.couplings)
        return e, mu, tau

    @property
    def radiating(self) -> float:
        """|g_mu + e eps|, the coupling by which muons radiate bosons."""
        return abs(self.charged[1])

    @property
    def pdg(self) -> int:
        """PDG id in the event record."""
        return KINDS[self.kind].pdg

    def widths(self) -> dict[Channel, float]:
        """Partial widths [GeV] of all channels; 0 below threshold."""
        ee, mumu, tautau = (
            lepton_width(self.kind, self.mass, g, m) for g, m in zip(self.charged, LEPTON_MASSES, strict=True)
        )
        return {
            "ee": ee,
            "mumu": mumu,
            "tautau": tautau,
            "gammagamma": photon_width(self.kind, self.mass, self.couplings, self.gamma),
            "nunu": neutrino_width(self.mass, self.couplings)
            if self.neutrinos and KINDS[self.kind].spin == 1
            else 0.0,
        }

    def total_width(self) -> float:
        """Total width [GeV]: of the lifetime override if there is one."""
        if self.ctau_override is not None:
            return HBAR_C / self.ctau_override
        return sum(self.widths().values())

    def ctau(self) -> float:
        """Proper decay length c tau = hbar c/Gamma [m] (Eq. 12); infinite for a stable boson."""
        if self.ctau_override is not None:
            return self.ctau_override
        width = self.total_width()
        return HBAR_C / width if width > 0.0 else math.inf

    def branching_ratios(self) -> dict[Channel, float]:
        """Branching ratio of every channel; 0 where closed."""
        if self.branching_override is not None:
            return {c: self.branching_override.get(c, 0.0) for c in CHANNELS}
        widths = self.widths()
        total = sum(widths.values())
        return {c: width / total if total > 0.0 else 0.0 for c, width in widths.items()}


@dataclass(frozen=True, slots=True)
class Model:
    """A model with one free coupling, that to muons."""

    couplings: Callable[[float], tuple[float, float, float]]
    """(g_e, g_mu, g_tau) from g_mu."""
    spins: tuple[int, ...] = (0, 1)
    """Spins that its boson may have."""
    neutrinos: bool = False
    """Whether the boson couples to the neutrino of each lepton, too."""
    mixes: bool = False
    """Whether it may mix with the photon; its couplings sum to 0, so that the leptons' loop is finite."""


MODELS = {
    "leptophilic": Model(lambda g: (g * ELECTRON_MASS / MUON_MASS, g, g * TAU_MASS / MUON_MASS), spins=(0,)),
    "muonphilic": Model(lambda g: (0.0, g, 0.0)),
    "lmu-ltau": Model(lambda g: (0.0, g, -g), spins=(1,), neutrinos=True, mixes=True),
}
"""By their names in the card, which has "custom" besides."""


def lepton_width(kind: Kind, mass: float, coupling: complex, lepton_mass: float) -> float:
    """Width of X -> l+ l- [GeV].

    See `mcgen.physics.kinds` (Eq. 6); the leptons' velocity is b = sqrt(1 - 4 m_l^2/m^2).

    Parameters
    ----------
    mass, lepton_mass : [GeV]

    Returns
    -------
    0 at and below threshold
    """
    if 2.0 * lepton_mass >= mass:
        return 0.0
    ratio = (lepton_mass / mass) ** 2
    velocity = math.sqrt((mass - 2.0 * lepton_mass) * (mass + 2.0 * lepton_mass)) / mass
    factor = KINDS[kind].lepton_width(ratio, velocity)
    return abs(coupling) ** 2 * mass * factor / math.pi


def neutrino_width(mass: float, couplings: tuple[float, float, float]) -> float:
    """Width of V -> nu nubar [GeV], g^2 m/(24 pi) for each left-handed flavour."""
    return sum(g * g for g in couplings) * mass / (24.0 * math.pi)


def photon_width(kind: Kind, mass: float, couplings: tuple[float, float, float], gamma: float = 0.0) -> float:
    """Width of X -> gamma gamma [GeV] through lepton loops (Eqs. 7 to 9) and by a coupling at tree level.

    alpha^2 m^3/(256 pi^3) |sum_l (g_l/m_l) F(4 m_l^2/m^2) +- 2 pi g/alpha|^2, without leptons g^2 m^3/(64 pi). Heavy
    leptons are a coupling of -(2 alpha/3 pi) g_l/m_l for a scalar, by the running of the charge with their mass, and of
    +(alpha/pi) g_l/m_l for a pseudoscalar, by the anomaly: F is below 0 for both, hence the sign.

    Parameters
    ----------
    mass : [GeV]
    couplings : to each lepton
    gamma : g [1/GeV]
    """
    loops = sum(
        g / m * loop_function(kind, 4.0 * (m / mass) ** 2)
        for g, m in zip(couplings, LEPTON_MASSES, strict=True)
    )
    amplitude = loops + KINDS[kind].tree_sign * 2.0 * math.pi * gamma / ALPHA
    return ALPHA**2 * mass**3 / (256.0 * math.pi**3) * abs(amplitude) ** 2


def loop_function(kind: Kind, tau: float) -> complex:
    """Fermion loop F(tau) of a boson, tau = 4 m_l^2/m^2 (Eq. 8).

    From f = arcsin^2(1/sqrt(tau)) for tau >= 1, else -[ln((1 + r)/(1 - r)) - i pi]^2/4 with r = sqrt(1 - tau).
    Heavy leptons: S -> -4/3, a -> -2.
    """
    if tau > 10.0:
        return _heavy_loop(kind, 1.0 / tau)
    if tau >= 1.0:
        f: complex = math.atan2(1.0, math.sqrt(tau - 1.0)) ** 2  # arcsin^2, well-conditioned at tau = 1
    else:
        root = math.sqrt(1.0 - tau)
        # ln((1 + r)/(1 - r)) with 1 - r = tau/(1 + r), which does not cancel for light leptons
        f = -0.25 * (2.0 * math.log1p(root) - math.log(tau) - 1j * math.pi) ** 2
    return KINDS[kind].loop(tau, f)


def _heavy_loop(kind: Kind, z: float) -> complex:
    """Series of F in z = 1/tau, where the closed form of the scalar cancels.

    arcsin^2(sqrt z) = sum_n c_n z^n with c_n = 2^(2n-1)/(n^2 binom(2n, n)).
    """
    total, c, power = 0.0, 1.0, 1.0
    for n in range(1, 18):
        following = c * 2.0 * n * n / ((n + 1.0) * (2.0 * n + 1.0))
        total += KINDS[kind].heavy_loop_term(c, following) * power
        c, power = following, power * z
    return -2.0 * total


def loop_mixing(mass: float, couplings: tuple[float, float, float]) -> complex:
    """Kinetic mixing eps of a vector and the photon by loops of leptons, at the vector's mass: q^2 = m^2.

    e/(2 pi^2) sum_l g_l int_0^1 dx x(1-x) ln(m_l^2 - x(1-x) q^2 - i0) = e/(12 pi^2) sum_l g_l [ln m_l^2 + P(4 m_l^2/q^2)],
    which is finite and knows no scale if the couplings sum to 0. For L_mu - L_tau and q -> 0 it is
    -(e g_mu/(12 pi^2)) ln(m_tau^2/m_mu^2), about -g_mu/69.

    Parameters
    ----------
    mass : m [GeV]
    couplings : to each lepton, whose sum is 0
    """
    loops = sum(
        g * (2.0 * math.log(m) + vacuum_polarisation(4.0 * (m / mass) ** 2))
        for g, m in zip(couplings, LEPTON_MASSES, strict=True)
    )
    return _CHARGE / (12.0 * math.pi**2) * loops


def vacuum_polarisation(r: float) -> complex:
    """P(r) = 6 int_0^1 dx x(1-x) ln(1 - 4 x(1-x)/r - i0), r = 4 m_l^2/q^2 of a lepton in a loop of two vectors.

    -5/3 - r + (1 + r/2) h with h = 2 sqrt(r-1) arctan(1/sqrt(r-1)) for r >= 1, else b [ln((1+b)/(1-b)) - i pi] with
    b = sqrt(1-r). Heavy leptons: P -> -4/(5 r).
    """
    if r > 10.0:
        return _heavy_polarisation(1.0 / r)
    if r >= 1.0:
        root = math.sqrt(r - 1.0)
        h: complex = 2.0 * root * math.atan2(1.0, root)
    else:
        root = math.sqrt(1.0 - r)
        h = root * (2.0 * math.log1p(root) - math.log(r) - 1j * math.pi)
    return -5.0 / 3.0 - r + (1.0 + 0.5 * r) * h


def _heavy_polarisation(z: float) -> float:
    """Series of P in z = 1/r, where the closed form cancels: -6 sum_n (4 z)^n/n B(n+2, n+2)."""
    total, beta = 0.0, 1.0 / 30.0
    for n in range(1, 18):
        total += (4.0 * z) ** n / n * beta
        beta *= (n + 2.0) / (2.0 * (2.0 * n + 5.0))
    return -6.0 * total


def delta_a_mu(kind: Kind, mass: float, g_mu: float) -> float:
    """One-loop contribution to the muon's (g-2)/2 (Eqs. 3, 4).

    g^2/(8 pi^2) int_0^1 dz N(z)/[(1-z)^2 + z m^2/m_mu^2] with N of `mcgen.physics.kinds`.
    """
    ratio = (mass / MUON_MASS) ** 2

    def integrand(y: float) -> float:  # y = 1 - z, so that the peak at z -> 1 is resolved
        numerator = KINDS[kind].g_minus_2(y)
        return numerator / (y * y + (1.0 - y) * ratio)

    knee = min(0.5, mass / MUON_MASS)
    value, _ = quad(integrand, 0.0, 1.0, points=[knee], epsabs=0.0, epsrel=1e-11, limit=200)
    return g_mu**2 / (8.0 * math.pi**2) * float(value)
