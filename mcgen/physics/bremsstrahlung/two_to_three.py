"""Kinematics of mu(p) N(P) -> mu(p') N(P') X(k) with the recoil of the nucleus.

Metric (+,-,-,-), q = P - P', t = -q^2 > 0, T = t/(2M) the nucleus' kinetic energy, and, all positive,

    u = m_mu^2 - (p - k)^2,  s = (p' + k)^2 - m_mu^2,  w = E - E_X,  V = |p - k| as three-vectors.

Everything is computed in the laboratory: nucleus at rest, muon of energy E along +z, boson of energy E_X in
the half plane y = 0, x >= 0. Expressions are arranged so that leading terms do not cancel, which the form in
plain dot products does at high energy and small t.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.types import Array, Bools

_M2 = MUON_MASS**2


@dataclass(frozen=True, slots=True)
class Kinematics:
    """One 2 -> 3 configuration a row, with what amplitude and momenta share.

    Transverse and longitudinal refer to the virtual muon's momentum p - k; the transverse x axis lies in
    the plane of p and k, on the side of p (and of k: p and k have the same transverse momentum).
    """

    physical: Bools
    """(n,) False where there is no phase space; q is 0 there, and nothing else is meaningful."""
    energy: Array
    """(n,) E, of the muon [GeV]."""
    boson_e: Array
    """(n,) E_X [GeV]."""
    mass: Array | float
    """(n,) or scalar, of the boson [GeV]."""
    nucleus_mass: Array | float
    """(n,) or scalar [GeV]."""
    muon_p: Array
    """(n,) |p| [GeV]."""
    boson_p: Array
    """(n,) |k| [GeV]."""
    sin_theta: Array
    """(n,) of the boson's angle to the muon."""
    one_minus_cos: Array
    """(n,) of the same angle."""
    virtual_p: Array
    """(n,) V [GeV]."""
    s: Array
    """(n,) positive invariant [GeV^2]."""
    u: Array
    """(n,) positive invariant [GeV^2]."""
    t: Array
    """(n,) positive invariant [GeV^2]."""
    s_minus_u: Array
    """(n,) s - u = 2 k.q, without cancellation [GeV^2]."""
    dipole: Array
    """(n,) s w - u E, what is left of the two diagrams' monopoles [GeV^3]."""
    transverse: Array
    """(n,) component of k, and of p, across p - k [GeV]."""
    boson_along: Array
    """(n,) component of k along p - k [GeV]."""
    q_x: Array
    """(n,) momentum given to the muon, along the transverse axis in the plane [GeV]."""
    q_y: Array
    """(n,) the same, out of the plane [GeV]."""
    q_z: Array
    """(n,) the same, along p - k [GeV]."""


def _momenta_and_u(
    energy: Array, boson_e: Array, one_minus_cos: Array, mass: Array | float
) -> tuple[Array, Array, Array, Array]:
    """Return |p|, |k|, |p| - |k| [GeV] and u [GeV^2], without differences of large numbers.

    u = [2 m_mu^2 k^2 + m_X^2 (E w + p (p - k) + m_mu^2)]/(E E_X + p k) + 2 p k (1 - cos theta).
    """
    mass2 = mass * mass
    w = energy - boson_e
    p = np.sqrt(np.maximum((energy - MUON_MASS) * (energy + MUON_MASS), 0.0))
    k = np.sqrt(np.maximum((boson_e - mass) * (boson_e + mass), 0.0))
    p_minus_k = (w * (energy + boson_e) + (mass2 - _M2)) / (p + k)
    pk = p * k
    forward = 2.0 * _M2 * k * k + mass2 * (energy * w + p * p_minus_k + _M2)
    return p, k, p_minus_k, forward / (energy * boson_e + pk) + 2.0 * pk * one_minus_cos


def _limits(
    virtual_p2: Array, u: Array, w: Array, nucleus_mass: Array | float
) -> tuple[Bools, Array, Array, Array]:
    """Whether there is phase space, tmin, tmax [GeV^2], and W^2/M^2; see `t_limits`."""
    gap = 2.0 * nucleus_mass * (w - MUON_MASS) - u
    root = 2.0 * np.sqrt(virtual_p2 * np.maximum(gap, 0.0) * (gap + 4.0 * nucleus_mass * MUON_MASS))
    b = 4.0 * virtual_p2 - 2.0 * u * (1.0 + w / nucleus_mass)
    a = 1.0 + (2.0 * w + (_M2 - u) / nucleus_mass) / nucleus_mass
    b_plus_root = b + root / nucleus_mass
    return (gap > 0.0) & (w > MUON_MASS), 2.0 * u * u / b_plus_root, b_plus_root / (2.0 * a), a


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # rows without phase space become 0
def t_limits(
    energy: Array,
    boson_e: Array,
    one_minus_cos: Array,
    mass: Array | float,
    nucleus_mass: Array | float,
) -> tuple[Array, Array]:
    """Smallest and largest momentum transfer t at a fixed energy and angle of the boson.

    Roots of W^2/M^2 t^2 - b t + u^2 = 0 with b = 4 V^2 - 2 u (1 + w/M), W^2 = (P + p - k)^2; they exist, and
    belong to positive energies, exactly where W > M + m_mu, which is u < 2 M (w - m_mu). Then
    b^2 - 4 u^2 W^2/M^2 = (2V/M)^2 [2M(w - m_mu) - u][2M(w + m_mu) - u]. For M -> infinity, |V -+ |p'||^2.

    Parameters
    ----------
    energy : (n,) total energy of the muon [GeV]
    boson_e : (n,) energy of the boson [GeV]
    one_minus_cos : (n,) 1 - cos of the angle between muon and boson, in [0, 2]
    mass : (n,) or scalar, positive mass of the boson [GeV]
    nucleus_mass : (n,) or scalar [GeV]

    Returns
    -------
    tmin, tmax : (n,) [GeV^2]; both 0 where there is no phase space
    """
    p, k, p_minus_k, u = _momenta_and_u(energy, boson_e, one_minus_cos, mass)
    virtual_p2 = p_minus_k * p_minus_k + 2.0 * p * k * one_minus_cos
    physical, tmin, tmax, _ = _limits(virtual_p2, u, energy - boson_e, nucleus_mass)
    physical = physical & (boson_e >= mass) & (one_minus_cos >= 0.0) & (one_minus_cos <= 2.0)
    return np.where(physical, tmin, 0.0), np.where(physical, tmax, 0.0)


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # rows without phase space become 0
def kinematics(
    energy: Array,
    boson_e: Array,
    one_minus_cos: Array,
    t: Array,
    phi: Array,
    mass: Array | float,
    nucleus_mass: Array | float,
) -> Kinematics:
    """Complete configuration of the 2 -> 3 process from its five variables.

    With D = s w - u E, the photon's momentum q, its part q_perp^2 = W^2/M^2 (t - tmin)(tmax - t)/(4 V^2)
    across p - k, and n = m_mu^2 E_X + m_X^2 w/2 - u (E + E_X)/2:
    D = [u n + w t (k.(p-k) + n/M)]/V^2 - 2 w k_perp q_perp cos(phi), s - u = (u E_X + D)/w.

    Parameters
    ----------
    energy, boson_e, one_minus_cos, mass, nucleus_mass : as in `t_limits`
    t : (n,) momentum transfer squared, positive [GeV^2]
    phi : (n,) azimuth of q about p - k, 0 in the plane of p and k on the side of p

    Returns
    -------
    One row each; `physical` is False where t is outside its limits.
    """
    p, k, p_minus_k, u = _momenta_and_u(energy, boson_e, one_minus_cos, mass)
    w = energy - boson_e
    virtual_p2 = p_minus_k * p_minus_k + 2.0 * p * k * one_minus_cos
    physical, tmin, tmax, a = _limits(virtual_p2, u, w, nucleus_mass)
    sin2 = one_minus_cos * (2.0 - one_minus_cos)
    physical = physical & (boson_e >= mass) & (sin2 >= 0.0) & (t >= tmin) & (t <= tmax)

    virtual_p = np.sqrt(virtual_p2)
    sin_theta = np.sqrt(np.maximum(sin2, 0.0))
    transverse = p * k * sin_theta / virtual_p
    k_dot_v = k * (p_minus_k - p * one_minus_cos)
    q_perp2 = np.where(physical, a * (t - tmin) * (tmax - t), 0.0)
    q_perp = np.sqrt(q_perp2) / (2.0 * virtual_p)
    q_x = q_perp * np.cos(phi)
    q_z = np.where(physical, (u + t * (1.0 + w / nucleus_mass)) / (-2.0 * virtual_p), 0.0)

    n = _M2 * boson_e + 0.5 * (mass * mass * w - u * (energy + boson_e))
    dipole = (u * n + w * t * (k_dot_v + n / nucleus_mass)) / virtual_p2 - 2.0 * w * transverse * q_x
    s_minus_u = (u * boson_e + dipole) / w
    return Kinematics(
        physical=physical,
        energy=energy,
        boson_e=boson_e,
        mass=mass,
        nucleus_mass=nucleus_mass,
        muon_p=p,
        boson_p=k,
        sin_theta=sin_theta,
        one_minus_cos=one_minus_cos,
        virtual_p=virtual_p,
        s=u + s_minus_u,
        u=u,
        t=t,
        s_minus_u=s_minus_u,
        dipole=dipole,
        transverse=transverse,
        boson_along=k_dot_v / virtual_p,
        q_x=q_x,
        q_y=q_perp * np.sin(phi),
        q_z=q_z,
    )


def transverse2(kin: Kinematics, across: Array | float, along: Array) -> Array:
    """Square of the part of a momentum (across, 0, along) that is transverse to q [GeV^2]."""
    normal = along * kin.q_x - across * kin.q_z
    q_perp2 = kin.q_x * kin.q_x + kin.q_y * kin.q_y
    out_of_plane = (along * along + across * across) * (kin.q_y * kin.q_y)
    return (normal * normal + out_of_plane) / (q_perp2 + kin.q_z * kin.q_z)


@np.errstate(divide="ignore", invalid="ignore")  # a muon without momentum, where there is no phase space
def momenta(kin: Kinematics) -> tuple[Array, Array, Array]:
    """Four-momenta of the boson, the recoil muon and the recoil nucleus.

    The recoils' masses are put in, and their energies follow from their momenta.

    Parameters
    ----------
    kin : as returned by `kinematics`

    Returns
    -------
    boson, muon, nucleus : each (4, n): p_x, p_y, p_z, E [GeV], for a muon along +z and the boson at azimuth 0
        (y = 0, x >= 0). Where there is no phase space the nucleus stays at rest.
    """
    k_x = kin.boson_p * kin.sin_theta
    k_z = kin.boson_p * (1.0 - kin.one_minus_cos)
    muon_z = kin.muon_p - k_z
    sin_v, cos_v = k_x / kin.virtual_p, muon_z / kin.virtual_p
    q_x = np.where(kin.physical, cos_v * kin.q_x - sin_v * kin.q_z, 0.0)
    q_z = np.where(kin.physical, sin_v * kin.q_x + cos_v * kin.q_z, 0.0)
    muon_x, muon_z = q_x - k_x, q_z + muon_z
    muon_e = np.sqrt(_M2 + (muon_x * muon_x + kin.q_y * kin.q_y + muon_z * muon_z))
    m_n = kin.nucleus_mass
    nucleus_e = np.sqrt(m_n * m_n + (q_x * q_x + kin.q_y * kin.q_y + q_z * q_z))
    shape = kin.physical.shape
    return (
        _stack(shape, k_x, 0.0, k_z, kin.boson_e),
        _stack(shape, muon_x, kin.q_y, muon_z, muon_e),
        _stack(shape, -q_x, -kin.q_y, -q_z, nucleus_e),
    )


def _stack(shape: tuple[int, ...], *components: Array | float) -> Array:
    """Four components as one array (4, *shape)."""
    momentum = np.empty((4, *shape))
    for row, component in zip(momentum, components, strict=True):
        row[...] = component
    return momentum
