"""Polarisation of vectors from M -> mu nu V.

By the equations of motion of muon and neutrino, and for polarisations with e.k = 0, the amplitude of radiation off the muon's line,
and off the neutrino's, too, is

    A(e) = ubar(nu) (1 + gamma5) [-h eslash + m_mu (alpha + beta kslash eslash)] v(mu),
    h = 1, alpha = 2 p.e/D, beta = 1/D    or    h = 0, alpha = 2 p.e/D - 2 p_nu.e/P^2, beta = 1/D + 1/P^2,

with D = (p + k)^2 - m_mu^2 and P^2 = (p_nu + k)^2. The symmetric part of its square, with w = p.e (p_nu.k) - p_nu.e (p.k), is

    T(e, e')/8 = [h (1 + 2 m_mu^2/D) - m_mu^2 beta^2 m^2] (p.e p_nu.e' + p_nu.e p.e')
        + m_mu^2 [p.p_nu alpha alpha' + beta (alpha w' + w alpha')]
        - e.e' {h [p.p_nu - 2 m_mu^2 p_nu.k/D] + m_mu^2 beta^2 [2 (p.k)(p_nu.k) - m^2 p.p_nu]}.
"""

from __future__ import annotations

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.physics.kinematics import dot, norm, transverse_frame
from mcgen.physics.meson_decay.invariants import Invariants
from mcgen.physics.polarisation import LightCone, Polarisation, density_of, on_light_cone, twice_product
from mcgen.types import Array

_M2 = MUON_MASS * MUON_MASS


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # rows without phase space: isotropic
def polarisation(boson: Array, muon: Array, neutrino: Array, mass: float, neutrinos: bool) -> Polarisation:
    """Spin state of vectors from decays of mesons, summed over the spins of muon and neutrino.

    Parameters
    ----------
    boson, muon, neutrino : (4, n) [GeV]
    mass : of the boson [GeV]
    neutrinos : whether it couples to the neutrino as to the muon
    """
    axis = boson[:3] / norm(boson[:3])
    frame = (*transverse_frame(axis), axis)
    plus = boson[3] + norm(boson[:3])
    k = on_light_cone(np.zeros_like(plus), np.zeros_like(plus), plus, mass * mass)
    p, nu = (
        on_light_cone(dot(one[:3], frame[0]), dot(one[:3], frame[1]), one[3] + dot(one[:3], axis), mass2)
        for one, mass2 in ((muon, _M2), (neutrino, 0.0))
    )
    invariants = Invariants(
        muon_boson=0.5 * twice_product(p, k, _M2, mass * mass),
        neutrino_boson=0.5 * twice_product(nu, k, 0.0, mass * mass),
        muon_neutrino=0.5 * twice_product(p, nu, _M2, 0.0),
        mass=mass,
    )
    found = tensor(invariants, _components(p, k, mass), _components(nu, k, mass), neutrinos)
    return Polarisation(density_of(found), frame, k, mass)


def tensor(inv: Invariants, muon: Array, neutrino: Array, neutrinos: bool) -> Array:
    """T(e_i, e_j) (3, 3, n) [GeV^4], in the normalisation of `BosonKind.meson_amplitude`, which is its trace.

    Parameters
    ----------
    muon, neutrino : (3, n) p.e_i and p_nu.e_i [GeV], with e_i.e_j = -delta_ij and e_i.k = 0
    neutrinos : whether the boson couples to the neutrino as to the muon
    """
    pk, nk, pn, mass2 = inv.muon_boson, inv.neutrino_boson, inv.muon_neutrino, inv.mass * inv.mass
    line, other = inv.muon_line, inv.neutrino_line
    alpha, beta, h = 2.0 * muon / line, 1.0 / line, 1.0
    if neutrinos:
        alpha, beta, h = alpha - 2.0 * neutrino / other, beta + 1.0 / other, 0.0
    w = muon * nk - neutrino * pk
    diagonal = h * (pn - 2.0 * _M2 * nk / line) + _M2 * beta * beta * (2.0 * pk * nk - mass2 * pn)
    result: Array = 8.0 * (
        (h * (1.0 + 2.0 * _M2 / line) - _M2 * beta * beta * mass2) * _both(muon, neutrino)
        + _M2 * (0.5 * pn * _both(alpha, alpha) + beta * _both(alpha, w))
        + diagonal * np.eye(3)[:, :, None]
    )
    return result


def _both(a: Array, b: Array) -> Array:
    """a_i b_j + b_i a_j (3, 3, n)."""
    outer: Array = a[:, None] * b[None]
    return outer + outer.transpose(1, 0, 2)


def _components(p: LightCone, k: LightCone, mass: float) -> Array:
    """p.e_i (3, n) in the basis of `Polarisation`, for a boson along the axis [GeV]."""
    return np.stack([-p.one, -p.two, 0.5 * (p.minus * k.plus / mass - p.plus * mass / k.plus)])
