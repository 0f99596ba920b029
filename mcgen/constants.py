"""Physical constants. Natural units, GeV; lengths in metres.

Masses are those of the PDG, through `particle`; CODATA 2018 for the rest.
"""

from __future__ import annotations

from particle import Particle

ALPHA = 1.0 / 137.035999
"""Fine-structure constant at zero momentum transfer."""

HBAR_C = 1.973269804e-16
"""hbar c [GeV m]."""

GEV2_TO_PB = 3.893793721e8
"""1 GeV^-2 in picobarn."""

GEV2_TO_M2 = HBAR_C**2
"""1 GeV^-2 in square metres."""

AVOGADRO = 6.02214076e23
"""Nuclei per mole."""

SPEED_OF_LIGHT = 0.299792458
"""Metres per nanosecond."""

NUCLEON_MASS = 0.9315
"""Mass of a nucleus per unit of its (natural) mass number [GeV]."""

PROTON_MAGNETIC_MOMENT = 2.79
"""In nuclear magnetons, as the inelastic form factor of arXiv:0906.0580 has it."""


def mass_of(pdg: int) -> float:
    """Mass of a particle [GeV] from its PDG id; the photon and the neutrinos are massless."""
    mass = Particle.from_pdgid(pdg).mass
    return 0.0 if mass is None else mass * 1e-3


ELECTRON_MASS = mass_of(11)
"""[GeV]"""

MUON_MASS = mass_of(13)
"""[GeV]"""

TAU_MASS = mass_of(15)
"""[GeV]"""

PROTON_MASS = mass_of(2212)
"""[GeV]"""
