"""The target nucleus as a muon sees it: G2(t) and the effective photon flux chi.

Sources: arXiv:0906.0580 (App. A) and arXiv:2205.09870, Eqs. 16 to 18.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.special import spherical_jn

from mcgen.constants import ELECTRON_MASS, HBAR_C, NUCLEON_MASS, PROTON_MAGNETIC_MOMENT, PROTON_MASS
from mcgen.physics.interpolation import UniformCubic
from mcgen.types import Array

_FERMI_MOMENTUM = 0.26
"""Of nucleons in nuclei from iron to lead [GeV] (E. J. Moniz et al., Phys. Rev. Lett. 26 (1971) 445)."""

_PANELS = 48
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(10)


@dataclass(frozen=True, slots=True)
class Nucleus:
    """A nucleus at rest."""

    z: float
    """Charge number."""
    a: float
    """Mass number, the element's natural average."""

    @property
    def mass(self) -> float:
        """Mass M [GeV], proportional to the natural mass number."""
        return self.a * NUCLEON_MASS

    @property
    def pdg(self) -> int:
        """PDG id 100ZZZAAA0 with the rounded natural mass number."""
        return 1_000_000_000 + round(self.z) * 10_000 + round(self.a) * 10


def g2_elastic(nucleus: Nucleus, t: Array) -> Array:
    """Elastic part of G2, screened by the atom's electrons (arXiv:2205.09870, Eq. 17).

    [a^2 t/(1 + a^2 t)]^2 [1/(1 + t/d)]^2 Z^2 with a = 111 Z^(-1/3)/m_e, d = 0.164 GeV^2 A^(-2/3).

    Parameters
    ----------
    t : (n,) momentum transfer squared, positive [GeV^2]

    Returns
    -------
    (n,) dimensionless
    """
    screening = (111.0 * nucleus.z ** (-1 / 3) / ELECTRON_MASS) ** 2 * t
    size = 0.164 * nucleus.a ** (-2 / 3)
    root: Array = nucleus.z * screening / ((1.0 + screening) * (1.0 + t / size))
    return root * root


def g2_inelastic(nucleus: Nucleus, t: Array) -> Array:
    """Inelastic part of G2, scattering off single protons (arXiv:2205.09870, Eq. 18).

    [a'^2 t/(1 + a'^2 t)]^2 [(1 + t (mu_p^2 - 1)/(4 m_p^2))/(1 + t/0.71 GeV^2)^4]^2 Z
    with a' = 773 Z^(-2/3)/m_e.

    Parameters
    ----------
    t : (n,) momentum transfer squared, positive [GeV^2]

    Returns
    -------
    (n,) dimensionless
    """
    screening = (773.0 * nucleus.z ** (-2 / 3) / ELECTRON_MASS) ** 2 * t
    magnetic = (PROTON_MAGNETIC_MOMENT**2 - 1.0) / (4.0 * PROTON_MASS**2)
    dipole = (1.0 + t / 0.71) ** 2
    root: Array = screening / (1.0 + screening) * (1.0 + magnetic * t) / (dipole * dipole)
    return nucleus.z * root * root


def g2(nucleus: Nucleus, t: Array) -> Array:
    """Form factor squared G2(t) = elastic + inelastic, Z^2 included; t positive [GeV^2]."""
    return g2_elastic(nucleus, t) + g2_inelastic(nucleus, t)


def g2_helm(nucleus: Nucleus, t: Array) -> Array:
    """G2 with Helm's form factor in place of the elastic part's dipole: a sphere with a soft edge.

    F(q) = 3 j1(q R)/(q R) exp(-(q s)^2/2), q^2 = t, R^2 = c^2 + 7/3 pi^2 a^2 - 5 s^2 with s = 0.9 fm, a = 0.52 fm,
    c = (1.23 A^(1/3) - 0.60) fm (J. D. Lewin and P. F. Smith, Astropart. Phys. 6 (1996) 87, Eqs. 4.7 and 4.11).
    """
    fm = 1e-15 / HBAR_C
    edge, skin, half = 0.9 * fm, 0.52 * fm, (1.23 * nucleus.a ** (1 / 3) - 0.60) * fm
    radius = np.sqrt(half * half + 7.0 / 3.0 * (np.pi * skin) ** 2 - 5.0 * edge * edge)
    phase = np.maximum(np.sqrt(t) * radius, 1e-6)
    helm = 3.0 * spherical_jn(1, phase) / phase * np.exp(-0.5 * t * edge * edge)
    dipole = 1.0 / (1.0 + t / (0.164 * nucleus.a ** (-2 / 3)))
    elastic: Array = g2_elastic(nucleus, t) * (helm / dipole) ** 2
    return elastic + g2_inelastic(nucleus, t)


def g2_pauli(nucleus: Nucleus, t: Array) -> Array:
    """G2 with the inelastic part blocked where the proton that is struck would have to go to a state that is taken.

    In a Fermi gas the share 3/4 y - y^3/16 of the protons, y = q/k_F < 2, can take the momentum q, q^2 = t
    (two spheres of momenta, q apart; see Y.-S. Tsai, Rev. Mod. Phys. 46 (1974) 815).
    """
    y = np.minimum(np.sqrt(t) / _FERMI_MOMENTUM, 2.0)
    return g2_elastic(nucleus, t) + g2_inelastic(nucleus, t) * (0.75 * y - y**3 / 16.0)


FormFactor = Callable[[Nucleus, Array], Array]
"""G2 (n,) of a nucleus at momentum transfers squared (n,) [GeV^2]."""

FORM_FACTORS: dict[str, FormFactor] = {"helm": g2_helm, "elastic": g2_elastic, "pauli": g2_pauli}
"""What there is besides `g2`, by the names of cards."""


def chi(nucleus: Nucleus, tmin: Array | float, tmax: float, g2: FormFactor = g2) -> Array:
    """Effective photon flux: integral of (t - tmin)/t^2 G2(t) from tmin to tmax (Eq. 16).

    Composite Gauss-Legendre quadrature in ln t, good to 1e-12.

    Parameters
    ----------
    tmin : (n,) lower limit, positive [GeV^2]
    tmax : upper limit [GeV^2]
    g2 : the form factor squared

    Returns
    -------
    (n,) dimensionless; 0 where tmin >= tmax
    """
    low = np.minimum(np.atleast_1d(np.asarray(tmin, dtype=np.float64)), tmax)
    half_width = np.log1p((tmax - low) / low) / (2 * _PANELS)
    centres = 2.0 * np.arange(_PANELS) + 1.0
    offsets = (centres[:, None] + _NODES).ravel()
    t = low[:, None] * np.exp(half_width[:, None] * offsets)
    # (t - tmin)/t without cancellation near tmin
    integrand = -np.expm1(-half_width[:, None] * offsets) * g2(nucleus, t)
    value: Array = half_width * (integrand @ np.tile(_WEIGHTS, _PANELS))
    return value


class ChiTable:
    """chi(tmin) at a fixed tmax as a cubic spline, for millions of evaluations.

    The splined quantity, ln[chi/(1 - tmin/tmax)^2] against ln tmin, is smooth up to tmax,
    where chi itself vanishes quadratically.

    Parameters
    ----------
    tmin : smallest tmin that will be asked for [GeV^2]; below it the table is held constant
    tmax : upper limit of the momentum transfer [GeV^2]
    g2 : the form factor squared
    """

    def __init__(self, nucleus: Nucleus, tmin: float, tmax: float, g2: FormFactor = g2) -> None:
        self.tmax = tmax
        first, last = np.log(min(tmin, 1e-2 * tmax)), np.log(tmax)
        knots = np.linspace(first, last, int((last - first) / 0.02) + 2)
        ratio = np.full(len(knots), 0.5 * float(g2(nucleus, np.array(tmax))))  # the limit at tmax
        ratio[:-1] = chi(nucleus, np.exp(knots[:-1]), tmax, g2) / np.expm1(knots[:-1] - last) ** 2
        spline = CubicSpline(knots, np.log(ratio))
        self._range = (first, last)
        self._cubic = UniformCubic(first, last, spline(knots), spline(knots, 1))

    def __call__(self, tmin: Array) -> Array:
        """Evaluate chi at tmin (n,) [GeV^2]; 0 where tmin >= tmax."""
        inside = np.maximum((self.tmax - tmin) / self.tmax, 0.0)
        value: Array = np.exp(self._cubic(np.clip(np.log(tmin), *self._range))) * inside * inside
        return value


class TransferTable:
    """Momentum transfers distributed as G2(t) dlnt between two limits.

    The integral of G2 dlnt, from above so that it keeps its digits where G2 has dropped, is tabulated at
    uniform knots in ln t and linear in between: drawing inverts it exactly, the density is its slope.

    Parameters
    ----------
    tmin : smallest t that will be asked for [GeV^2]
    g2 : the form factor squared
    """

    def __init__(self, nucleus: Nucleus, tmin: float, g2: FormFactor = g2) -> None:
        first, last = np.log(0.5 * tmin), np.log(1e6)
        self._knots = np.linspace(first, last, 4000)
        self._step = self._knots[1] - self._knots[0]
        centres = np.exp(0.5 * (self._knots[1:] + self._knots[:-1]))
        self._slope = g2(nucleus, centres)
        from_above = np.cumsum(self._slope[::-1] * self._step)[::-1]
        self._integral = np.append(-from_above, 0.0)
        self._nucleus, self._g2 = nucleus, g2

    def draw(self, u: Array, tmin: Array, tmax: Array) -> tuple[Array, Array]:
        """Draw t from its distribution.

        Parameters
        ----------
        u : (n,) uniform in [0, 1)
        tmin, tmax : (n,) limits [GeV^2]; both 0 for no phase space

        Returns
        -------
        t : (n,) [GeV^2]
        weighted : (n,) G2(t) over the density of t [GeV^2]
        """
        low, high = (self._at(np.log(np.maximum(limit, 1e-300))) for limit in (tmin, tmax))
        aimed = low + u * (high - low)
        cell = np.searchsorted(self._integral, aimed, side="right") - 1
        cell = np.clip(cell, 0, len(self._slope) - 1)
        log_t = self._knots.take(cell) + (aimed - self._integral.take(cell)) / self._slope.take(cell)
        t = np.clip(np.exp(log_t), tmin, tmax)
        # density of t = slope/(t (high - low))
        weighted: Array = self._g2(self._nucleus, t) / self._slope.take(cell) * t * (high - low)
        return t, weighted

    def _at(self, log_t: Array) -> Array:
        """Integral up to ln t."""
        position = np.clip((log_t - self._knots[0]) / self._step, 0.0, len(self._slope) - 1e-9)
        cell = position.astype(np.int64)
        value: Array = self._integral.take(cell) + (position - cell) * self._step * self._slope.take(cell)
        return value
