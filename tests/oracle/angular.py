"""Integrals of the three methods' cross-sections with any function of energy fraction and angle.

The differential cross-sections are mcgen's own, each of them tested by itself; everything that the sampler
does with them is not used.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.physics.bremsstrahlung import exact, iww, two_to_three, ww
from mcgen.physics.formfactors import Nucleus, chi, g2
from mcgen.physics.kinds import Kind
from mcgen.types import Array

Factor = Callable[[Array, Array], Array]
"""A function of x and 1 - cos theta, which broadcast."""


@dataclass(frozen=True, slots=True)
class Nodes:
    """Numbers of Gauss nodes."""

    x: int = 40
    angle: int = 28
    t: int = 40
    phi: int = 10


def integral(
    method: str,
    kind: Kind,
    energy: float,
    mass: float,
    nucleus: Nucleus,
    factor: Factor,
    *,
    least_t: float = 0.0,
    nodes: Nodes = Nodes(),
) -> float:
    """Cross-section [GeV^-2] for unit coupling, with a factor in the integrand.

    Parameters
    ----------
    least_t : of `exact`, momentum transfers below it are left out [GeV^2]
    """
    x, dx = _energy_fractions(energy, mass, nodes.x)
    if method == "iww":
        e = np.full_like(x, energy)
        flux = chi(nucleus, iww.t_min(e, mass), iww.t_max(mass))
        return float(dx @ (iww.dsigma_dx(kind, e, x, mass, flux) * factor(x, np.zeros_like(x))))
    x, dx = x[:, None], dx[:, None]
    # 1 - cos = c0 (exp(eta) - 1) with c0 where the cross-section has dropped to a quarter.
    c0 = (MUON_MASS**2 * x + mass**2 * (1.0 - x) / x) / (2.0 * x * energy**2)
    eta, d_eta = _gauss(nodes.angle)
    span = np.log1p(2.0 / c0)
    one_minus_cos = np.minimum(c0 * np.expm1(span * eta), 2.0)
    measure = dx * d_eta * span * (one_minus_cos + c0)
    if method == "ww":
        density = _ww(kind, energy, x, one_minus_cos, mass, nucleus)
    else:
        density = _exact(kind, energy, x, one_minus_cos, mass, nucleus, least_t, nodes)
    return float(np.sum(measure * density * factor(x, one_minus_cos)))


def _energy_fractions(energy: float, mass: float, n: int) -> tuple[Array, Array]:
    """Nodes that crowd at both ends of the window, where roots vanish and heavy bosons peak."""
    s, ds = _gauss(n)
    low, high = mass / energy, 1.0 - MUON_MASS / energy
    return low + (high - low) * np.sin(0.5 * np.pi * s) ** 2, ds * (high - low) * 0.5 * np.pi * np.sin(
        np.pi * s
    )


def _gauss(n: int) -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(n)
    return 0.5 * (1.0 + nodes), 0.5 * weights


def _ww(kind: Kind, energy: float, x: Array, one_minus_cos: Array, mass: float, nucleus: Nucleus) -> Array:
    e, fraction = np.full_like(one_minus_cos, energy), np.broadcast_to(x, one_minus_cos.shape)
    u = ww.virtuality(e, fraction, one_minus_cos, mass)
    t_min = ww.t_min(e, fraction, u)
    t_max = ww.t_max(mass)
    flux = chi(nucleus, np.minimum(t_min, t_max).ravel(), t_max).reshape(u.shape)
    return ww.d2sigma(kind, e, fraction, u, mass, flux)


def _exact(
    kind: Kind,
    energy: float,
    x: Array,
    one_minus_cos: Array,
    mass: float,
    nucleus: Nucleus,
    least_t: float,
    nodes: Nodes,
) -> Array:
    e = np.full_like(one_minus_cos, energy)
    t_min, t_max = two_to_three.t_limits(e, x * e, one_minus_cos, mass, nucleus.mass)
    t_min = np.maximum(t_min, least_t)
    allowed = t_max > t_min
    span = np.log(np.where(allowed, t_max, 1.0) / np.where(allowed, t_min, 1.0))[..., None, None]
    tau, d_tau = _gauss(nodes.t)
    phi, d_phi = _gauss(nodes.phi)  # of the half circle: the cross-section is even
    t = np.where(allowed, t_min, 1.0)[..., None, None] * np.exp(tau[:, None] * span)
    c = one_minus_cos[..., None, None]
    kin = two_to_three.kinematics(
        e[..., None, None], (x * e)[..., None, None], c, t, np.pi * phi, mass, nucleus.mass
    )
    density = exact.d4sigma(kind, kin, g2(nucleus, t)) * t * span
    # Not as products of matrices, whose threads would cost more than they bring.
    return np.asarray(2.0 * np.pi * np.einsum("xctp,t,p->xc", density, d_tau, d_phi))
