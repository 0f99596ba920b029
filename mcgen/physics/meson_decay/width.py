"""Widths of M -> mu nu X over those of M -> mu nu, whose decay constant and CKM element cancel.

dGamma_3 = T d^3k/((2 pi)^3 2E) Phi_2(s; mu, nu)/(2 M) with T of `mcgen.physics.kinds`, Phi_2 = (1 - m_mu^2/s)/(8 pi);
Gamma_2 = 8 m_mu^2 p_nu.p Phi_2(M^2; mu, nu)/(2 M).
"""

from __future__ import annotations

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.physics.kinds import KINDS, Kind
from mcgen.physics.meson_decay.invariants import max_energy, pair_of
from mcgen.physics.meson_decay.mesons import Meson
from mcgen.physics.models import Boson
from mcgen.types import Array

_FINE, _COARSE = 64, 40
"""Nodes of the quadrature in each variable, and those of the estimate of its error."""


def over_two_body(meson_mass: Array) -> Array:
    """1/(2 (2 pi)^3 |M_2|^2 (1 - m_mu^2/M^2)) [GeV^-2], |M_2|^2 = 4 m_mu^2 (M^2 - m_mu^2).

    Times T (1 - m_mu^2/s) and d^3k/E it is the width over that of M -> mu nu, at unit coupling.

    Parameters
    ----------
    meson_mass : (n,) [GeV]
    """
    m2, mass2 = MUON_MASS * MUON_MASS, meson_mass * meson_mass
    square = 4.0 * m2 * (mass2 - m2) * (1.0 - m2 / mass2)
    return 1.0 / (16.0 * np.pi**3 * square)


def width_ratio(kind: Kind, meson_mass: float, mass: float, neutrinos: bool = False) -> tuple[float, float]:
    """Gamma(M -> mu nu X)/Gamma(M -> mu nu) at unit coupling, and the error of its quadrature.

    Parameters
    ----------
    meson_mass, mass : of the meson and of the boson [GeV]
    neutrinos : whether a vector couples to the neutrino as to the muon

    Returns
    -------
    (0, 0) where the decay is closed
    """
    if meson_mass <= mass + MUON_MASS:
        return 0.0, 0.0
    value = _quadrature(kind, meson_mass, mass, neutrinos, _FINE)
    return value, abs(value - _quadrature(kind, meson_mass, mass, neutrinos, _COARSE))


def branching_ratio(meson: Meson, boson: Boson) -> float:
    """BR(M -> mu nu X) of a meson, without the couplings of other lines than the muon's and its neutrino's."""
    ratio, _ = width_ratio(boson.kind, meson.mass, boson.mass, boson.neutrinos)
    return meson.branching * boson.g_mu**2 * ratio


def _quadrature(kind: Kind, meson_mass: float, mass: float, neutrinos: bool, nodes: int) -> float:
    """Gauss-Legendre in the boson's rapidity in the meson's frame, and in the muon's angle.

    The rapidity makes the root at rest and the logarithm of soft bosons smooth. Nodes are dense where it ends: there
    the angles within which the neutrino is along a light boson open within a small part of the spectrum.
    """
    node, node_weight = np.polynomial.legendre.leggauss(nodes)
    u, du = 0.5 * (node + 1.0), 0.5 * node_weight
    end = float(max_energy(np.array(meson_mass), mass))
    # arcosh(end/mass), without cancellation close to the threshold
    last = 2.0 * np.arcsinh(np.sqrt(0.5 * (end - mass) / mass))
    left = 1.0 - u
    rapidity = np.repeat(last * (1.0 - left**4), nodes)
    drapidity = np.repeat(last * 4.0 * left**3 * du, nodes)
    momentum = mass * np.sinh(rapidity)
    energy = mass + 2.0 * mass * np.sinh(0.5 * rapidity) ** 2
    pair = pair_of(np.array(meson_mass), energy, mass)
    t, slope = pair.forward(np.tile(u, nodes))
    amplitude = KINDS[kind].meson_amplitude(pair.invariants(t), neutrinos)
    # d^3k/E = 4 pi k^2 deta
    measure = 4.0 * np.pi * momentum * momentum * drapidity * slope * np.tile(du, nodes)
    total = np.sum(amplitude * pair.phase_space * measure)
    return float(over_two_body(np.array(meson_mass)) * total)
