"""Widths and Delta a_mu as the paper prints them, in as many digits as mpmath works with."""

from __future__ import annotations

from typing import Any

from mpmath import mp, mpc, mpf

from mcgen.constants import ALPHA, MUON_MASS
from mcgen.physics.kinds import Kind
from mcgen.physics.models import LEPTON_MASSES

Couplings = tuple[float, float, float]


def true_lepton_width(kind: Kind, mass: float, coupling: float, lepton_mass: float) -> Any:
    m, b2 = mpf(mass), 1 - (2 * mpf(lepton_mass) / mpf(mass)) ** 2
    if b2 <= 0:
        return mpf(0)
    factor = {
        "scalar": mp.sqrt(b2) ** 3 / 8,
        "pseudoscalar": mp.sqrt(b2) / 8,
        "vector": mp.sqrt(b2) * (1 + 2 * mpf(lepton_mass) ** 2 / m**2) / 12,
    }[kind]
    return mpf(coupling) ** 2 * m * factor / mp.pi


def true_loop(kind: Kind, tau: Any) -> Any:
    """Eq. 8 as it is printed, in many digits."""
    if tau >= 1:
        f = mp.asin(1 / mp.sqrt(tau)) ** 2
    else:
        root = mp.sqrt(1 - tau)
        f = -((mp.log((1 + root) / (1 - root)) - mpc(0, 1) * mp.pi) ** 2) / 4
    return -2 * tau * (1 + (1 - tau) * f) if kind == "scalar" else -2 * tau * f


def true_photon_width(kind: Kind, mass: float, g: Couplings) -> Any:
    amplitude = sum(
        mpf(c) / mpf(m) * true_loop(kind, 4 * (mpf(m) / mpf(mass)) ** 2)
        for c, m in zip(g, LEPTON_MASSES, strict=True)
    )
    return mpf(ALPHA) ** 2 * mpf(mass) ** 3 / (256 * mp.pi**3) * abs(amplitude) ** 2


def true_delta_a_mu(kind: Kind, mass: float) -> Any:
    ratio = (mpf(mass) / mpf(MUON_MASS)) ** 2

    def integrand(z: Any) -> Any:
        numerator = {
            "scalar": (1 + z) * (1 - z) ** 2,
            "pseudoscalar": -((1 - z) ** 3),
            "vector": 2 * z * (1 - z) ** 2,
        }[kind]
        return numerator / ((1 - z) ** 2 + z * ratio)

    # in decades from the knee at 1 - z = m/m_mu, and towards z = 0 where heavy ones peak
    steps = [1 - mp.sqrt(ratio) * mpf(10) ** j for j in range(-4, 7)]
    steps += [1 / (ratio * mpf(10) ** j) for j in range(-7, 3)]
    edges = sorted({mpf(0), mpf(1), *(s for s in steps if 0 < s < 1)})
    return mp.quad(integrand, edges) / (8 * mp.pi**2)
