"""Invariants of M -> mu(p) nu(p_nu) X(k), from the boson's energy and the angle of the muon.

The boson's energy E* in the meson's frame fixes the mass of the pair, s = M^2 + m^2 - 2 M E*; in the pair's frame
the muon flies at some angle to the boson. Everything is written as sums of positive terms, so that nothing
cancels for light bosons.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.types import Array

_M2 = MUON_MASS * MUON_MASS


@dataclass(frozen=True, slots=True)
class Invariants:
    """Products of the momenta of a decay M -> mu nu X."""

    muon_boson: Array
    """(n,) p.k [GeV^2]"""
    neutrino_boson: Array
    """(n,) p_nu.k [GeV^2]"""
    muon_neutrino: Array
    """(n,) p.p_nu [GeV^2]"""
    mass: float
    """Of the boson [GeV]."""

    @property
    def muon_line(self) -> Array:
        """D = (p + k)^2 - m_mu^2 (n,) [GeV^2], the inverse propagator of the muon."""
        return 2.0 * self.muon_boson + self.mass * self.mass

    @property
    def neutrino_line(self) -> Array:
        """P^2 = (p_nu + k)^2 (n,) [GeV^2], the inverse propagator of the neutrino."""
        return 2.0 * self.neutrino_boson + self.mass * self.mass


@dataclass(frozen=True, slots=True)
class Pair:
    """Muon and neutrino in their common rest frame, in which the boson flies along the axis."""

    mass: Array
    """(n,) of the pair, sqrt(s) [GeV]."""
    momentum: Array
    """(n,) of either [GeV]."""
    least_muon: Array
    """(n,) smallest D, that of a muon along the boson [GeV^2]."""
    least_neutrino: Array
    """(n,) smallest P^2, that of a neutrino along the boson [GeV^2]."""
    span: Array
    """(n,) what both can be larger by [GeV^2]."""
    boson_mass: float
    """[GeV]"""

    @property
    def phase_space(self) -> Array:
        """1 - m_mu^2/s (n,), 8 pi times the two-body phase space."""
        return 2.0 * self.momentum / self.mass

    def forward(self, u: Array) -> tuple[Array, Array]:
        """Draw t = (1 + cos)/2, with cos of the muon's angle to the boson, like 1/(D P^2).

        That is the product of both propagators: flat for heavy bosons, and as steep as the amplitude for light ones.

        Parameters
        ----------
        u : (n,) in [0, 1)

        Returns
        -------
        t : (n,) between 0 and 1
        slope : (n,) dt/du
        """
        total = self.least_muon + self.least_neutrino + self.span  # D + P^2, whatever the angle
        span = np.maximum(self.span, 1e-300)
        length = np.log1p(span / self.least_neutrino) + np.log1p(span / self.least_muon)
        first = self.least_neutrino / (self.least_muon + span)  # P^2/D where the neutrino is along the boson
        growth = np.expm1(u * length)
        t = total * first * growth / ((1.0 + first * (1.0 + growth)) * (1.0 + first) * span)
        t = np.clip(t, 0.0, 1.0)
        invariants = self.invariants(t)
        return t, invariants.neutrino_line * invariants.muon_line * length / (total * span)

    def invariants(self, t: Array) -> Invariants:
        """Invariants (n,) from t = (1 + cos)/2 (n,) of the muon's angle to the boson."""
        mass2 = self.boson_mass * self.boson_mass
        return Invariants(
            muon_boson=0.5 * (self.least_muon - mass2 + (1.0 - t) * self.span),
            neutrino_boson=0.5 * (self.least_neutrino - mass2 + t * self.span),
            muon_neutrino=self.mass * self.momentum,
            mass=self.boson_mass,
        )


def max_energy(meson_mass: Array, mass: float) -> Array:
    """Largest energy of the boson in the meson's frame [GeV], where muon and neutrino fly together.

    Below the boson's mass if the decay is closed.

    Parameters
    ----------
    meson_mass : (n,) [GeV]
    mass : of the boson [GeV]
    """
    return mass + 0.5 * (meson_mass - mass - MUON_MASS) * (meson_mass - mass + MUON_MASS) / meson_mass


def pair_of(meson_mass: Array, energy: Array, mass: float) -> Pair:
    """Return what the boson leaves to muon and neutrino.

    Parameters
    ----------
    meson_mass : (n,) [GeV]
    energy : (n,) of the boson in the meson's frame, from its mass to `max_energy` [GeV]
    mass : of the boson [GeV]
    """
    above = np.maximum(2.0 * meson_mass * (max_energy(meson_mass, mass) - energy), 0.0)  # s - m_mu^2
    root = np.sqrt(above + _M2)
    momentum = 0.5 * above / root
    mass2 = mass * mass
    boson_p = meson_mass * np.sqrt(np.maximum((energy - mass) * (energy + mass), 0.0)) / root
    boson_e = np.sqrt(boson_p * boson_p + mass2)
    # P^2 = m^2 + 2 p' (E' + k' cos); the muon's own mass makes D larger by 2 (E_mu' - p') E'.
    least_neutrino = mass2 + 2.0 * momentum * mass2 / (boson_e + boson_p)
    return Pair(
        mass=root,
        momentum=momentum,
        least_muon=least_neutrino + 2.0 * _M2 / root * boson_e,
        least_neutrino=least_neutrino,
        span=4.0 * momentum * boson_p,
        boson_mass=mass,
    )
