"""Which particles are followed, and the numbers of their decays to muons."""

from __future__ import annotations

from particle import Particle

from mcgen.constants import mass_of


def decay_length_of(pdg: int) -> float:
    """Decay length c tau of a particle [m], from the tables of the Particle Data Group."""
    found = Particle.from_pdgid(abs(pdg)).ctau
    assert found is not None
    return float(found) * 1e-3


FORCED = (211, 321, 130)
"""All of these are made to decay, with their probability as weight: pi, K, K_L."""

UNSTABLE = (310, 3122, 3112, 3222, 3312, 3322, 3334)
"""These decay or interact, whatever comes first: K_S and hyperons."""

STABLE = (2212, 2112)
"""These only interact."""

HADRONS = (*FORCED, *UNSTABLE, *STABLE)
"""Absolute PDG ids of those that fly through matter."""

RESONANCES = (221, 331, 113, 223, 333)
"""These decay where they are made, and to two muons with a small weight: eta, eta', rho, omega, phi."""

AT_ONCE = (*RESONANCES, 3212)
"""These decay where they are made."""

PHOTON, PION0, JPSI, MUON = 22, 111, 443, 13

CTAU = {pdg: decay_length_of(pdg) for pdg in (*FORCED, *UNSTABLE)}
"""c tau [m], by absolute PDG id."""

CHARGED = (211, 321, 3112, 3222, 3312, 3334, 2212)
"""Those of the hadrons that lose energy by ionisation."""

# Branching ratios: S. Navas et al. (Particle Data Group), Phys. Rev. D 110 (2024) 030001.

PION_TO_MUON = 0.999877
"""pi -> mu nu."""

KAON_TO_MUON = 0.6356
"""K -> mu nu."""

KAON_TO_PION_MUON = 0.03352
"""K -> pi0 mu nu."""

KLONG_TO_PION_MUON = 0.2704
"""K_L -> pi mu nu, both charges."""

PION0_TO_PHOTONS = 0.98823
"""pi0 -> gamma gamma."""

TO_MUONS = {221: 5.8e-6, 113: 4.55e-5, 223: 7.4e-5, 333: 2.85e-4}
"""eta, rho, omega, phi -> mu mu."""

DALITZ = {221: 3.1e-4, 331: 1.13e-4, 223: 1.34e-4}
"""eta, eta' -> gamma mu mu, omega -> pi0 mu mu."""

DALITZ_COMPANION = {221: 0.0, 331: 0.0, 223: mass_of(111)}
"""Mass of what comes with the two muons [GeV]."""
