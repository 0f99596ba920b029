"""Cross-sections of bremsstrahlung at one muon energy, by quadrature.

The same differential cross-sections that the events are drawn from, integrated over everything but x.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.errors import KinematicsError
from mcgen.physics.bremsstrahlung import exact, iww, two_to_three, ww
from mcgen.physics.formfactors import ChiTable, Nucleus, chi, g2
from mcgen.physics.kinds import Kind
from mcgen.physics.kinematics import angle_of
from mcgen.types import Array


@dataclass(frozen=True, slots=True)
class Grid:
    """Numbers of Gauss nodes in x, angle, t and azimuth."""

    x: int = 48
    """In the energy fraction."""
    angle: int = 40
    """In the angle."""
    t: int = 64
    """In the momentum transfer."""
    phi: int = 16
    """In the azimuth."""


FINE, COARSE = Grid(), Grid(24, 20, 32, 8)


@dataclass(frozen=True, slots=True)
class Spectrum:
    """dsigma/dx of one method at one energy."""

    x: Array
    """(n,) nodes of the quadrature in x."""
    dx: Array
    """(n,) its weights."""
    dsigma_dx: Array
    """(n,) [GeV^-2]."""
    theta_dsigma_dx: Array
    """(n,) the same, times the angle between boson and muon [rad GeV^-2]."""

    @property
    def sigma(self) -> float:
        """Cross-section [GeV^-2]."""
        return float(self.dx @ self.dsigma_dx)

    @property
    def mean_theta(self) -> float:
        """Mean angle [rad]."""
        return float(self.dx @ self.theta_dsigma_dx) / self.sigma

    @property
    def mean_x(self) -> float:
        """Mean energy fraction."""
        return float(self.dx @ (self.x * self.dsigma_dx)) / self.sigma


ByAngle = Callable[[Array, Array], Array]
"""dsigma/(dx dcos) at x (n,) and 1 - cos (n,) [GeV^-2]."""

Angles = Callable[[Kind, float, float, Nucleus, Grid], ByAngle]
"""Makes that from a kind of boson, the energy of the muon and the mass of the boson [GeV], nucleus and grid."""


def collinear_spectrum(
    kind: Kind, energy: float, mass: float, nucleus: Nucleus, grid: Grid = FINE
) -> Spectrum:
    """Spectrum of `iww`, whose bosons keep the direction of the muon; see `spectrum_over_angles`."""
    x, dx = _nodes(energy, mass, grid)
    e = np.full_like(x, energy)
    flux = chi(nucleus, iww.t_min(e, mass), iww.t_max(mass))
    return Spectrum(x, dx, iww.dsigma_dx(kind, e, x, mass, flux), np.zeros_like(x))


def spectrum_over_angles(
    angles: Angles, kind: Kind, energy: float, mass: float, nucleus: Nucleus, grid: Grid = FINE
) -> Spectrum:
    """Integrate a cross-section over all variables but x, for unit coupling.

    Parameters
    ----------
    angles : the cross-section
    energy : total energy of the muon [GeV]
    mass : mass of the boson [GeV]

    Raises
    ------
    KinematicsError
        If the energy is not above m + m_mu.
    """
    x, dx = _nodes(energy, mass, grid)
    by_angle = angles(kind, energy, mass, nucleus, grid)
    rows = [_over_angle(one, energy, mass, grid, by_angle) for one in x]
    dsigma, theta_dsigma = np.array(rows).T
    return Spectrum(x, dx, dsigma, theta_dsigma)


def _nodes(energy: float, mass: float, grid: Grid) -> tuple[Array, Array]:
    """Nodes and weights in x; a `KinematicsError` below threshold."""
    if not energy > mass + MUON_MASS:
        raise KinematicsError(
            f"a muon of {energy:g} GeV cannot radiate a boson of {mass:g} GeV: it needs more than "
            f"{mass + MUON_MASS:.6g} GeV"
        )
    low, high = mass / energy, 1.0 - MUON_MASS / energy
    # Nodes crowd quadratically towards both ends, where roots vanish and heavy bosons peak.
    y, dy = _gauss(grid.x, 0.0, np.pi)
    x = low + (high - low) * np.sin(0.5 * y) ** 2
    return x, dy * (high - low) * 0.5 * np.sin(y)


def _over_angle(x: float, energy: float, mass: float, grid: Grid, by_angle: ByAngle) -> tuple[float, float]:
    """Integrate over the angle; also with the angle as a factor."""
    # 1 - cos = c0 (exp(eta) - 1): even in the logarithm of the distance to the muon's pole.
    c0 = float(ww.virtuality(np.array(energy), np.array(x), np.array(0.0), mass)) / (
        2.0 * x * energy * energy
    )
    eta, d_eta = _gauss(grid.angle, 0.0, float(np.log1p(2.0 / c0)))
    one_minus_cos = np.minimum(c0 * np.expm1(eta), 2.0)
    weighted = d_eta * c0 * np.exp(eta) * by_angle(np.full_like(eta, x), one_minus_cos)
    theta = angle_of(one_minus_cos)
    return float(weighted.sum()), float(weighted @ theta)


def ww_angles(kind: Kind, energy: float, mass: float, nucleus: Nucleus, grid: Grid) -> ByAngle:  # noqa: ARG001
    """Cross-section of `ww`."""
    table = ChiTable(nucleus, (min(mass, MUON_MASS) ** 2 / (2.0 * energy)) ** 2, ww.t_max(mass))

    def by_angle(x: Array, one_minus_cos: Array) -> Array:
        e = np.full_like(x, energy)
        u = ww.virtuality(e, x, one_minus_cos, mass)
        return ww.d2sigma(kind, e, x, u, mass, table(ww.t_min(e, x, u)))

    return by_angle


def exact_angles(kind: Kind, energy: float, mass: float, nucleus: Nucleus, grid: Grid) -> ByAngle:
    """Cross-section of `exact`, integrated over t and azimuth."""
    s, ds = _gauss(grid.t, 0.0, 1.0)
    phi, dphi = _gauss(grid.phi, 0.0, np.pi)  # even in phi

    def by_angle(x: Array, one_minus_cos: Array) -> Array:
        boson_e = x * energy
        e = np.full_like(x, energy)
        tmin, tmax = two_to_three.t_limits(e, boson_e, one_minus_cos, mass, nucleus.mass)
        allowed = tmax > 0.0
        ratio = np.log(np.where(allowed, tmax, 1.0) / np.where(allowed, tmin, 1.0))
        t = tmin[:, None, None] * np.exp(s[:, None] * ratio[:, None, None])
        e, boson_e, c = (array[:, None, None] for array in (e, boson_e, one_minus_cos))
        kin = two_to_three.kinematics(e, boson_e, c, t, phi, mass, nucleus.mass)
        value = exact.d4sigma(kind, kin, g2(nucleus, t)) * t
        integral: Array = 2.0 * ratio * np.einsum("ntp,t,p->n", value, ds, dphi)
        return integral

    return by_angle


def _gauss(n: int, low: float, high: float) -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return low + 0.5 * (high - low) * (1.0 + nodes), 0.5 * (high - low) * weights
