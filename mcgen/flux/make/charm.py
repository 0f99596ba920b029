"""Charm of the first collision: open charm by its cross-section, and J/psi drawn from measured spectra."""

from __future__ import annotations

import numpy as np
from scipy.special import ndtr

from mcgen.constants import PROTON_MASS, mass_of
from mcgen.flux.make.decays import pair_rows
from mcgen.flux.make.nuclei import MILLIBARN
from mcgen.flux.make.particles import Particles, Rows
from mcgen.flux.make.species import JPSI
from mcgen.types import Array

OPEN_CHARM = 18.1e-3
"""c cbar per nucleon at 400 GeV [mb], growing with the number of nucleons (C. Lourenco and H. K. Woehri, Phys. Rept. 433
(2006) 127, as in the simulations of SHiP)."""

JPSI_IN_WINDOW = 1.18e-6
"""J/psi to two muons per nucleon at 400 GeV for 0.3 < y < 0.6 in the nucleons' centre of mass [mb] (arXiv:2604.03661)."""

WINDOW = (0.3, 0.6)

RAPIDITY_MEAN, RAPIDITY_WIDTH = -0.2, 0.85
"""Of the Gaussian in y (NA50, Eur. Phys. J. C 48 (2006) 329)."""

MEAN_PT2 = 1.6
"""Mean p_T^2 [GeV^2], of an exponential in p_T^2."""

REFERENCE_ENERGY = 400.0
"""Of the beam that the cross-sections are for [GeV]."""

RISE = 12.0
"""Exponent of the J/psi's rise with the energy, (1 - M/sqrt(s))^12 (G. A. Schuler, hep-ph/9403387)."""


def charm_per_collision(per_nucleon: float, mass_number: Array | float, cross_section: Array) -> Array:
    """Number (n,) of something hard per inelastic collision.

    Parameters
    ----------
    per_nucleon : its cross-section [mb]
    mass_number : (n,) or one, of the nucleus
    cross_section : (n,) inelastic, of a proton on the nucleus [m^2]
    """
    number: Array = per_nucleon * MILLIBARN * mass_number / cross_section
    return number


def jpsi_rise(beam_energy: float) -> float:
    """Cross-section for J/psi at a beam energy [GeV], over that at `REFERENCE_ENERGY`."""
    here, there = (
        1.0 - mass_of(JPSI) / collision_energy(energy) for energy in (beam_energy, REFERENCE_ENERGY)
    )
    ratio = max(here, 0.0) / there
    return float(ratio**RISE)


def collision_energy(beam_energy: float) -> float:
    """sqrt(s) [GeV] of a proton of some energy [GeV] and one at rest."""
    return float(np.sqrt(2.0 * PROTON_MASS * (beam_energy + PROTON_MASS)))


def jpsi_rows(firsts: Particles, weight: Array, beam_energy: float, rng: np.random.Generator) -> Rows:
    """Two muons (2 n,) of a J/psi at each of the first collisions.

    Parameters
    ----------
    firsts : (n,) beam protons where they collide
    weight : (n,) J/psi to two muons in `WINDOW` per collision
    beam_energy : [GeV]
    """
    n, mass = len(firsts), mass_of(JPSI)
    rapidity = RAPIDITY_MEAN + RAPIDITY_WIDTH * rng.standard_normal(n)
    share = _gaussian_share()
    transverse = np.sqrt(-MEAN_PT2 * np.log1p(-rng.random(n)))
    azimuth = 2.0 * np.pi * rng.random(n)
    boost = np.arccosh((beam_energy + PROTON_MASS) / collision_energy(beam_energy))
    longitudinal = np.hypot(mass, transverse) * np.sinh(rapidity + boost)
    momentum = np.stack([transverse * np.cos(azimuth), transverse * np.sin(azimuth), longitudinal])
    total = collision_energy(beam_energy)
    # Two protons at least are left beside the J/psi.
    most = 0.5 * (total + (mass**2 - 4.0 * PROTON_MASS**2) / total)
    allowed = np.hypot(mass, transverse) * np.cosh(rapidity) < most
    mesons = Particles(np.full(n, JPSI), firsts.position, momentum, np.full(n, mass), firsts.group)
    cosine = 2.0 * rng.random(n) - 1.0
    rows = pair_rows(mesons, weight / share, cosine, rng, np.full(n, JPSI))
    return rows.take(np.tile(allowed, 2))


def _gaussian_share() -> float:
    """Share of the Gaussian in y that is in the window."""
    low, high = ((edge - RAPIDITY_MEAN) / RAPIDITY_WIDTH for edge in WINDOW)
    return float(ndtr(high) - ndtr(low))
