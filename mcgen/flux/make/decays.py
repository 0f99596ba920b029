"""Decays as kinematics: two bodies, K -> pi mu nu, and boosts to the laboratory."""

from __future__ import annotations

import numpy as np

from mcgen.constants import MUON_MASS, mass_of
from mcgen.flux.make.particles import Particles, Rows
from mcgen.flux.make.species import (
    KAON_TO_MUON,
    KAON_TO_PION_MUON,
    KLONG_TO_PION_MUON,
    MUON,
    PION_TO_MUON,
)
from mcgen.physics.kinematics import dot, norm
from mcgen.types import Array

FORM_FACTOR_SLOPE = 0.0282
"""lambda_+ of the vector form factor of K -> pi mu nu, 1 + lambda_+ q^2/m_pi^2 (Particle Data Group 2024)."""


def breakup(mass: Array | float, first: Array | float, second: Array | float) -> Array:
    """Momentum [GeV] of both daughters in the rest frame of a two-body decay; 0 below threshold."""
    m, a, b = (np.asarray(value, dtype=np.float64) for value in (mass, first, second))
    square = (m - a - b) * (m + a + b) * (m - a + b) * (m + a - b)
    return np.sqrt(np.maximum(square, 0.0)) / (2.0 * m)


def isotropic(count: int, rng: np.random.Generator) -> Array:
    """Unit vectors (3, n) of all directions alike."""
    cosine, azimuth = 2.0 * rng.random(count) - 1.0, 2.0 * np.pi * rng.random(count)
    sine = np.sqrt((1.0 - cosine) * (1.0 + cosine))
    return np.stack([sine * np.cos(azimuth), sine * np.sin(azimuth), cosine])


def boosted(momentum: Array, mass: Array | float, frame: Array, frame_mass: Array | float) -> Array:
    """Momenta (3, n) in the laboratory [GeV].

    p + P/M [(p.P)/(E + M) + e], for a frame that moves with momentum P, mass M and energy E.

    Parameters
    ----------
    momentum : (3, n) in the moving frame [GeV]
    mass : (n,) or one, of what moves in it [GeV]
    frame, frame_mass : (3, n) momentum and (n,) or one mass of what the frame belongs to [GeV]
    """
    energy = np.sqrt(dot(momentum, momentum) + np.square(mass))
    frame_energy = np.sqrt(dot(frame, frame) + np.square(frame_mass))
    lab: Array = momentum + frame / frame_mass * (dot(momentum, frame) / (frame_energy + frame_mass) + energy)
    return lab


def two_body(
    parents: Particles, first: float, second: float, rng: np.random.Generator
) -> tuple[Array, Array]:
    """Momenta (3, n) [GeV] of the daughters of isotropic decays; masses of the daughters in [GeV]."""
    star = breakup(parents.mass, first, second) * isotropic(len(parents), rng)
    one = boosted(star, first, parents.momentum, parents.mass)
    return one, parents.momentum - one


def muon_energy_of_kaons(mass: float, pion_mass: float, count: int, rng: np.random.Generator) -> Array:
    """Draw energies (n,) [GeV] of the muon in the rest frame of K -> pi mu nu.

    The density in the muon's and the pion's energy is A f(q^2)^2 with A = M (2 E_mu E_nu - M W) + m_mu^2 (W/4 - E_nu),
    W = (M^2 + m_pi^2 - m_mu^2)/(2 M) - E_pi, as of the vector form factor f alone (xi = 0; Particle Data Group, "K_l3
    form factors").
    """
    most_muon = (mass**2 + MUON_MASS**2 - pion_mass**2) / (2.0 * mass)
    most_pion = (mass**2 + pion_mass**2 - MUON_MASS**2) / (2.0 * mass)

    def density(muon: Array, pion: Array) -> Array:
        neutrino = mass - muon - pion
        p, q = np.sqrt(muon**2 - MUON_MASS**2), np.sqrt(pion**2 - pion_mass**2)
        allowed = (neutrino < p + q) & (neutrino > np.abs(p - q))
        rest = most_pion - pion
        amplitude = mass * (2.0 * muon * neutrino - mass * rest) + MUON_MASS**2 * (0.25 * rest - neutrino)
        q2 = mass**2 + pion_mass**2 - 2.0 * mass * pion
        slope = 1.0 + FORM_FACTOR_SLOPE * q2 / mass_of(211) ** 2
        return np.where(allowed, np.maximum(amplitude, 0.0), 0.0) * slope**2

    grid = np.meshgrid(np.linspace(MUON_MASS, most_muon, 200), np.linspace(pion_mass, most_pion, 200))
    ceiling = 1.05 * density(grid[0].ravel(), grid[1].ravel()).max()
    found = np.zeros(0)
    while len(found) < count:
        size = 6 * (count - len(found)) + 20
        muon = MUON_MASS + (most_muon - MUON_MASS) * rng.random(size)
        pion = pion_mass + (most_pion - pion_mass) * rng.random(size)
        found = np.append(found, muon[rng.random(size) * ceiling < density(muon, pion)])
    return found[:count]


def muons_of(parents: Particles, weight: Array, rng: np.random.Generator) -> Rows:
    """One muon (n,) of each pi, K or K_L, in one of its modes with a muon, weighted with the ratio of all of them.

    Parameters
    ----------
    parents : at their decay; pi+-, K+- or K_L
    weight : (n,) how many decay, in all modes
    """
    kind, n = np.abs(parents.pdg), len(parents)
    ratio = np.select(
        [kind == 211, kind == 321], [PION_TO_MUON, KAON_TO_MUON + KAON_TO_PION_MUON], KLONG_TO_PION_MUON
    )
    three_body = (kind == 130) | (
        (kind == 321) & (rng.random(n) * (KAON_TO_MUON + KAON_TO_PION_MUON) >= KAON_TO_MUON)
    )
    star = breakup(parents.mass, MUON_MASS, 0.0)
    for pdg, pion in ((321, 111), (130, 211)):
        chosen = np.flatnonzero(three_body & (kind == pdg))
        energy = muon_energy_of_kaons(mass_of(pdg), mass_of(pion), len(chosen), rng)
        star[chosen] = np.sqrt(np.maximum(energy**2 - MUON_MASS**2, 0.0))
    momentum = boosted(star * isotropic(n, rng), MUON_MASS, parents.momentum, parents.mass)
    sign = np.where(kind == 130, np.where(rng.random(n) < 0.5, 1, -1), np.sign(parents.pdg))
    return Rows(-MUON * sign, parents.position, momentum, weight * ratio, kind, parents.group)


def pair_rows(
    pairs: Particles, weight: Array, cosine: Array, rng: np.random.Generator, parent: Array
) -> Rows:
    """Both muons (2 n,) of pairs that come from something of a given mass.

    Parameters
    ----------
    pairs : what the pairs are from: a resonance, or a virtual photon, of `mass` above 2 m_mu
    weight : (n,)
    cosine : (n,) of the positive muon in the pair's rest frame, to the pair's direction
    parent : (n,) absolute PDG ids
    """
    n = len(pairs)
    star = breakup(pairs.mass, MUON_MASS, MUON_MASS)
    azimuth, axis = 2.0 * np.pi * rng.random(n), pairs.direction
    # Any frame across the axis will do, as the azimuth is uniform.
    across = np.cross(
        axis.T, np.where(np.abs(axis[2]) < 0.9, [[0.0], [0.0], [1.0]], [[1.0], [0.0], [0.0]]).T
    ).T
    across /= norm(across)
    other = np.cross(axis.T, across.T).T
    sine = np.sqrt((1.0 - cosine) * (1.0 + cosine))
    direction = cosine * axis + sine * (np.cos(azimuth) * across + np.sin(azimuth) * other)
    plus = boosted(star * direction, MUON_MASS, pairs.momentum, pairs.mass)
    both = [(-MUON, plus), (MUON, pairs.momentum - plus)]
    return Rows.join(
        Rows(np.full(n, pdg), pairs.position, p, weight, parent.astype(np.int64), pairs.group)
        for pdg, p in both
    )
