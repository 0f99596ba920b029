"""Emission in the improved Weizsaecker-Williams approximation: collinear, the paper's method.

arXiv:2205.09870, Eqs. 15 and 19; pseudoscalar and vector as in arXiv:1609.06781 and arXiv:0906.0580.
Valid for muon energies far above both masses; it overestimates the rate about twofold below 100 GeV,
because its minimum momentum transfer leaves out the muon's mass.
"""

from __future__ import annotations

import numpy as np

from mcgen.constants import ALPHA, MUON_MASS
from mcgen.physics.kinds import KINDS, Kind
from mcgen.types import Array

_M2 = MUON_MASS * MUON_MASS


def t_min(energy: Array, mass: float) -> Array:
    """Minimum momentum transfer squared (m^2/2E)^2 [GeV^2] (Eq. 19)."""
    root: Array = mass * mass / (2.0 * energy)
    return root * root


def t_max(mass: float) -> float:
    """Maximum momentum transfer squared m^2 + m_mu^2 [GeV^2] (Eq. 19)."""
    return mass * mass + _M2


def dsigma_dx(kind: Kind, energy: Array, x: Array, mass: float, chi: Array) -> Array:
    """Cross-section differential in the energy fraction, for unit coupling (Eq. 15).

    alpha^2/(12 pi) chi beta_mu beta_X B(x)/[m^2 (1-x) + m_mu^2 x^2]^2 with B of `mcgen.physics.kinds`.

    Parameters
    ----------
    energy : (n,) total muon energy E [GeV]
    x : (n,) energy fraction E_X/E
    mass : boson mass m [GeV]
    chi : (n,) effective photon flux between `t_min` and `t_max`

    Returns
    -------
    (n,) [GeV^-2]; 0 outside m/E <= x <= 1 - m_mu/E
    """
    m2 = mass * mass
    y = 1.0 - x
    x2 = x * x
    shape = KINDS[kind].iww_shape(x, mass)
    denominator = m2 * y + _M2 * x2
    boson_e = x * energy
    velocities = np.sqrt(
        np.maximum(1.0 - _M2 / (energy * energy), 0.0) * np.maximum(1.0 - m2 / (boson_e * boson_e), 0.0)
    )
    inside = y * energy >= MUON_MASS
    sigma: Array = (
        (ALPHA**2 / (12.0 * np.pi)) * chi * velocities * shape / (denominator * denominator) * inside
    )
    return sigma
