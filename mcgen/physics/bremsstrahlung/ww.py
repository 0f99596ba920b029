"""Emission in the Weizsaecker-Williams approximation with the emission angle kept.

The photon flux is evaluated at each (x, theta) with the minimum momentum transfer that belongs to it,
muon mass included (arXiv:1609.06781, Sec. III). Integrated over the flux of a beam dump it agrees
with the exact tree level to better than a percent; for one soft muon it differs by up to ten.
"""

from __future__ import annotations

import numpy as np

from mcgen.constants import ALPHA, MUON_MASS
from mcgen.physics.kinds import KINDS, Kind
from mcgen.types import Array

_M2 = MUON_MASS * MUON_MASS


def virtuality(energy: Array, x: Array, one_minus_cos: Array, mass: float) -> Array:
    """Virtuality U = -u of the muon line [GeV^2].

    U = 2 (1 - cos theta) E^2 x + m^2 (1-x)/x + m_mu^2 x, for E_X >> m.

    Parameters
    ----------
    energy : (n,) total muon energy E [GeV]
    x : (n,) energy fraction E_X/E
    one_minus_cos : (n,) 1 - cos theta of the boson against the muon
    mass : boson mass m [GeV]
    """
    return 2.0 * one_minus_cos * energy * energy * x + mass * mass * (1.0 - x) / x + _M2 * x


def t_min(energy: Array, x: Array, u: Array) -> Array:
    """Minimum momentum transfer squared (U/(2 E (1-x)))^2 [GeV^2]."""
    root = u / (2.0 * energy * np.maximum(1.0 - x, 1e-100))
    return root * root


def t_max(mass: float) -> float:
    """Maximum momentum transfer squared m^2 + m_mu^2 [GeV^2], the convention of IWW."""
    return mass * mass + _M2


def d2sigma(kind: Kind, energy: Array, x: Array, u: Array, mass: float, chi: Array) -> Array:
    """Cross-section differential in energy fraction and cosine, for unit coupling.

    alpha^2/(2 pi) |k| E (1-x) chi/U^2 A with K = [-U x + m^2 (1-x) + m_mu^2 x^2]/U^2 and A of
    `mcgen.physics.kinds`.

    Parameters
    ----------
    energy : (n,) total muon energy E [GeV]
    x : (n,) energy fraction E_X/E
    u : (n,) virtuality U [GeV^2]
    mass : boson mass m [GeV]
    chi : (n,) effective photon flux between `t_min` and `t_max`

    Returns
    -------
    (n,) d2sigma/(dx dcos theta) [GeV^-2]; 0 outside m/E <= x <= 1 - m_mu/E
    """
    m2 = mass * mass
    y = np.maximum(1.0 - x, 1e-100)  # beyond the window the result is 0, not an overflow
    x2 = x * x
    k = (m2 * y + _M2 * x2 - u * x) / (u * u)
    amplitude = KINDS[kind].ww_amplitude(x, y, k, mass)
    boson_p = np.sqrt(np.maximum(x2 * energy * energy - m2, 0.0))
    inside = (1.0 - x) * energy >= MUON_MASS
    return (ALPHA**2 / (2.0 * np.pi)) * boson_p * energy * y * chi / (u * u) * amplitude * inside
