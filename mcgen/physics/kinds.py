"""The kinds of bosons by spin and parity, each declared once: couplings, widths, loops and amplitudes.

Scalar S, Eq. 5 of arXiv:2205.09870: L = -sum_l g_l S lbar l; pseudoscalar a: L = -i sum_l g_l a lbar
gamma5 l; vector V, Eq. 2: L = -sum_l g_l V_alpha lbar gamma^alpha l. All formulas are for unit coupling.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from mcgen.constants import MUON_MASS
from mcgen.physics.bremsstrahlung.two_to_three import Kinematics, transverse2
from mcgen.physics.meson_decay.invariants import Invariants
from mcgen.types import Array

Kind = str
"""Name of a kind, a key of `KINDS`."""

_M2 = MUON_MASS * MUON_MASS


class BosonKind(ABC):
    """A kind of boson."""

    pdg: ClassVar[int]
    """An unassigned PDG id that model files commonly give to such particles."""
    spin: ClassVar[int]
    """0 or 1."""
    tree_sign: ClassVar[int]
    """Sign of a coupling to photons at tree level beside the fermion loop, see `models.photon_width`; 0: none."""

    @abstractmethod
    def lepton_width(self, ratio: float, velocity: float) -> float:
        """Width into a pair of leptons over m/pi.

        Parameters
        ----------
        ratio : m_l^2/m^2
        velocity : of the leptons in the boson's frame
        """

    @abstractmethod
    def loop(self, tau: float, f: complex) -> complex:
        """Fermion loop to two photons, from tau = 4 m_l^2/m^2 and f(tau) (Eq. 8); 0 if it does not decay so."""

    @abstractmethod
    def heavy_loop_term(self, c: float, following: float) -> float:
        """Coefficient of (1/tau)^n of -F/2, from those of z arcsin^2(sqrt z)/z at n and n + 1."""

    @abstractmethod
    def g_minus_2(self, y: float) -> float:
        """Numerator of the one-loop contribution to the muon's (g-2)/2 (Eqs. 3, 4), with y = 1 - z."""

    @abstractmethod
    def iww_shape(self, x: Array, mass: float) -> Array:
        """B(x) [GeV^2] of the improved Weizsaecker-Williams approximation (Eq. 15)."""

    @abstractmethod
    def ww_amplitude(self, x: Array, y: Array, k: Array, mass: float) -> Array:
        """A of the Weizsaecker-Williams approximation with angle; y = 1 - x, k [GeV^-2] as in `ww.d2sigma`."""

    @abstractmethod
    def exact_terms(self, kin: Kinematics) -> tuple[float, Array | float, Array]:
        """Number N, c and h [GeV^2] of the exact amplitude, see `exact.amplitude`."""

    @abstractmethod
    def meson_amplitude(self, inv: Invariants, neutrinos: bool) -> Array:
        """T (n,) [GeV^4] of M -> mu nu X: the squared amplitude, summed over spins, over G_F^2 |V|^2 f^2/2.

        From ubar(nu) Mslash (1 - gamma5) (-Qslash + m_mu)/D Gamma v(mu), Q = p + k and D = Q^2 - m_mu^2, with Gamma the
        boson's vertex. In the same normalisation M -> mu nu has 8 m_mu^2 p_nu.p.

        Parameters
        ----------
        neutrinos : whether a vector is radiated off the neutrino, too, with the muon's coupling
        """


class Scalar(BosonKind):
    """S: g^2 m b^3/(8 pi) (Eq. 6)."""

    pdg: ClassVar[int] = 9000025
    spin: ClassVar[int] = 0
    tree_sign: ClassVar[int] = 1

    def lepton_width(self, ratio: float, velocity: float) -> float:  # noqa: ARG002
        """b^3/8."""
        return velocity**3 / 8.0

    def loop(self, tau: float, f: complex) -> complex:
        """-2 tau [1 + (1 - tau) f]."""
        return -2.0 * tau * (1.0 + (1.0 - tau) * f)

    def heavy_loop_term(self, c: float, following: float) -> float:
        """The leading terms cancel."""
        return c - following

    def g_minus_2(self, y: float) -> float:
        """(1+z)(1-z)^2."""
        return (2.0 - y) * y * y

    def iww_shape(self, x: Array, mass: float) -> Array:
        """x^3 [m_mu^2 (3x^2 - 4x + 4) + 2 m^2 (1-x)]."""
        x2 = x * x
        return x * x2 * (_M2 * (3.0 * x2 - 4.0 * x + 4.0) + 2.0 * (mass * mass) * (1.0 - x))

    def ww_amplitude(self, x: Array, y: Array, k: Array, mass: float) -> Array:
        """x^2/(1-x) + 2 (m^2 - 4 m_mu^2) K."""
        return (x * x) / y + 2.0 * (mass * mass - 4.0 * _M2) * k

    def exact_terms(self, kin: Kinematics) -> tuple[float, Array | float, Array]:
        """N = 1, c = m^2 - 4 m_mu^2, h = m^2 + k_q^2: that of arXiv:1609.06781."""
        mass2 = kin.mass * kin.mass
        return 1.0, mass2 - 4.0 * _M2, mass2 + transverse2(kin, kin.transverse, kin.boson_along)

    def meson_amplitude(self, inv: Invariants, neutrinos: bool) -> Array:  # noqa: ARG002
        """8 [Q^2 D p_nu.p + 2 m_mu^2 (Q^2 + Q.p) p_nu.Q]/D^2."""
        line, both = inv.muon_line, inv.muon_neutrino + inv.neutrino_boson
        hard = (_M2 + line) * line * inv.muon_neutrino
        return 8.0 * (hard + 2.0 * _M2 * (2.0 * _M2 + line + inv.muon_boson) * both) / (line * line)


class Pseudoscalar(BosonKind):
    """a: g^2 m b/(8 pi)."""

    pdg: ClassVar[int] = 9000036
    spin: ClassVar[int] = 0
    tree_sign: ClassVar[int] = -1

    def lepton_width(self, ratio: float, velocity: float) -> float:  # noqa: ARG002
        """b/8."""
        return velocity / 8.0

    def loop(self, tau: float, f: complex) -> complex:
        """-2 tau f."""
        return -2.0 * tau * f

    def heavy_loop_term(self, c: float, following: float) -> float:  # noqa: ARG002
        """Nothing cancels."""
        return c

    def g_minus_2(self, y: float) -> float:
        """-(1-z)^3."""
        return -(y**3)

    def iww_shape(self, x: Array, mass: float) -> Array:
        """x^3 [3 m_mu^2 x^2 + 2 m^2 (1-x)]."""
        x2 = x * x
        return x * x2 * (3.0 * _M2 * x2 + 2.0 * (mass * mass) * (1.0 - x))

    def ww_amplitude(self, x: Array, y: Array, k: Array, mass: float) -> Array:
        """x^2/(1-x) + 2 m^2 K."""
        return (x * x) / y + 2.0 * (mass * mass) * k

    def exact_terms(self, kin: Kinematics) -> tuple[float, Array | float, Array]:
        """N = 1, c = m^2, h = m^2 + k_q^2."""
        mass2 = kin.mass * kin.mass
        return 1.0, mass2, mass2 + transverse2(kin, kin.transverse, kin.boson_along)

    def meson_amplitude(self, inv: Invariants, neutrinos: bool) -> Array:  # noqa: ARG002
        """8 [Q^2 D p_nu.p - 2 m_mu^2 (Q^2 - Q.p) p_nu.Q]/D^2, with what cancels in it taken out."""
        line, mass2 = inv.muon_line, inv.mass * inv.mass
        hard = line * (line * inv.muon_neutrino - _M2 * inv.neutrino_boson)
        return 8.0 * (hard - _M2 * mass2 * (inv.muon_neutrino + inv.neutrino_boson)) / (line * line)


class Vector(BosonKind):
    """V, summed over polarisations: g^2 m b (1 + 2 m_l^2/m^2)/(12 pi); no decay to photons (Landau and Yang)."""

    pdg: ClassVar[int] = 9000023
    spin: ClassVar[int] = 1
    tree_sign: ClassVar[int] = 0

    def lepton_width(self, ratio: float, velocity: float) -> float:
        """B (1 + 2 m_l^2/m^2)/12."""
        return velocity * (1.0 + 2.0 * ratio) / 12.0

    def loop(self, tau: float, f: complex) -> complex:  # noqa: ARG002
        """0."""
        return 0.0

    def heavy_loop_term(self, c: float, following: float) -> float:  # noqa: ARG002
        """0."""
        return 0.0

    def g_minus_2(self, y: float) -> float:
        """2 z (1-z)^2."""
        return 2.0 * (1.0 - y) * y * y

    def iww_shape(self, x: Array, mass: float) -> Array:
        """2x [2 m^2 (1-x)(3 - 3x + x^2) + m_mu^2 x^2 (3x^2 - 4x + 4)]."""
        x2 = x * x
        first = 2.0 * (mass * mass) * (1.0 - x) * (3.0 - 3.0 * x + x2)
        return 2.0 * x * (first + _M2 * x2 * (3.0 * x2 - 4.0 * x + 4.0))

    def ww_amplitude(self, x: Array, y: Array, k: Array, mass: float) -> Array:
        """2 (2 - 2x + x^2)/(1-x) + 4 (m^2 + 2 m_mu^2) K."""
        return 2.0 * (2.0 - 2.0 * x + x * x) / y + 4.0 * (mass * mass + 2.0 * _M2) * k

    def exact_terms(self, kin: Kinematics) -> tuple[float, Array | float, Array]:
        """N = 2, c = m^2 + 2 m_mu^2, h = c + p_q^2 + p'_q^2."""
        c = kin.mass * kin.mass + 2.0 * _M2
        before = transverse2(kin, kin.transverse, kin.boson_along + kin.virtual_p)
        return 2.0, c, c + before + transverse2(kin, 0.0, kin.virtual_p)

    def meson_amplitude(self, inv: Invariants, neutrinos: bool) -> Array:
        """Sum over polarisations, -g + k k/m^2.

        The muon's line alone is not conserved and grows like 1/m^2. With the neutrino's, ubar(nu) gamma_a
        Pslash/P^2 Mslash (1 - gamma5) v(mu), P = p_nu + k, the current is: k k drops out, and what is left goes with m_mu^2.
        """
        line, mass2 = inv.muon_line, inv.mass * inv.mass
        pk, nk, pn = inv.muon_boson, inv.neutrino_boson, inv.muon_neutrino
        if neutrinos:
            other = inv.neutrino_line
            muon = (4.0 * (pk * nk - _M2 * (pn + nk)) - 2.0 * mass2 * pn) / (line * line)
            neutrino = (4.0 * pk * nk - 2.0 * mass2 * pn) / (other * other)
            return (
                8.0
                * _M2
                * (muon + neutrino + (8.0 * (pn + pk) * (pn + nk) - 4.0 * _M2 * nk) / (line * other))
            )
        hard = (_M2 + line) * line * pn + 2.0 * _M2 * (pk - _M2 - 2.0 * line) * (pn + nk)
        longitudinal = (_M2 - mass2) * pn + 2.0 * nk * (_M2 + pk)
        return 16.0 * hard / (line * line) + 8.0 * longitudinal / mass2


KINDS: dict[Kind, BosonKind] = {"scalar": Scalar(), "pseudoscalar": Pseudoscalar(), "vector": Vector()}
"""By their names in the card."""

ALIASES: dict[str, Kind] = {"alp": "pseudoscalar"}
"""Other names that people have for kinds; files say the kind."""
