"""Decays to two muons: eta, eta', rho, omega and phi, each made to with its branching ratio as weight."""

from __future__ import annotations

from functools import cache

import numpy as np

from mcgen.constants import MUON_MASS, mass_of
from mcgen.flux.make.decays import boosted, breakup, isotropic, pair_rows
from mcgen.flux.make.particles import Particles, Rows
from mcgen.flux.make.species import DALITZ, DALITZ_COMPANION, TO_MUONS
from mcgen.types import Array

FORM_FACTORS = {221: (0.719, 0.0), 331: (0.79, 0.13), 223: (0.671, 0.0)}
"""Pole mass and width [GeV] of the transition form factors.

eta and omega: NA60, Phys. Lett. B 757 (2016) 437, 1/Lambda^2 = 1.934 and 2.223 GeV^-2; eta': BESIII, Phys. Rev. D 92 (2015)
012001.
"""

_POINTS = 4000


def dimuon_rows(mesons: Particles, rng: np.random.Generator) -> Rows:
    """Rows of muon pairs, two a meson and kind of its decay, of weights that are the branching ratios."""
    rows = [Rows.none()]
    for pdg, ratio in TO_MUONS.items():
        chosen = mesons.take((mesons.pdg == pdg) & (mesons.mass > 2.0 * MUON_MASS))
        count = len(chosen)
        cosine = 2.0 * rng.random(count) - 1.0
        rows.append(pair_rows(chosen, np.full(count, ratio), cosine, rng, np.full(count, pdg)))
    rows += [_dalitz(mesons.take(mesons.pdg == pdg), pdg, rng) for pdg in DALITZ]
    return Rows.join(rows)


def _dalitz(mesons: Particles, pdg: int, rng: np.random.Generator) -> Rows:
    """Decays with something else beside the pair: a photon, or of the omega a pi0."""
    other = DALITZ_COMPANION[pdg]
    values, shares = pair_masses(pdg)
    pair = np.interp(rng.random(len(mesons)), shares, values)
    possible = pair + other < mesons.mass  # a light omega may have no room for it
    mesons, pair = mesons.take(possible), pair[possible]
    momentum = boosted(
        breakup(mesons.mass, pair, other) * isotropic(len(pair), rng), pair, mesons.momentum, mesons.mass
    )
    virtual = Particles(mesons.pdg, mesons.position, momentum, pair, mesons.group)
    cosine = transverse_cosine(pair, rng)
    return pair_rows(virtual, np.full(len(pair), DALITZ[pdg]), cosine, rng, np.full(len(pair), pdg))


@cache
def pair_masses(pdg: int) -> tuple[Array, Array]:
    """Masses [GeV] of the pair, and the share of the decays below each.

    d Gamma/d q^2 ~ sqrt(1 - 4 m^2/q^2) (1 + 2 m^2/q^2)/q^2 k(q)^3 |F(q^2)|^2 (L. G. Landsberg, Phys. Rept. 128 (1985) 301),
    with the momentum k of the pair in the meson's frame.
    """
    mass, other = mass_of(pdg), DALITZ_COMPANION[pdg]
    pole, width = FORM_FACTORS[pdg]
    edges = np.linspace(2.0 * MUON_MASS, mass - other, _POINTS + 1)
    q = 0.5 * (edges[1:] + edges[:-1])
    x = (MUON_MASS / q) ** 2
    form = pole**4 / ((pole**2 - q * q) ** 2 + (pole * width) ** 2)
    density = np.sqrt(1.0 - 4.0 * x) * (1.0 + 2.0 * x) / q * breakup(mass, q, other) ** 3 * form
    share = np.concatenate([[0.0], np.cumsum(density)])
    return edges, share / share[-1]


def transverse_cosine(pair: Array, rng: np.random.Generator) -> Array:
    """Cosines (n,) of the muons of transverse virtual photons of mass (n,) [GeV].

    The density is 1 + c^2 + (4 m^2/q^2) (1 - c^2), which is at most 2.
    """
    cosine = np.zeros(len(pair))
    left = np.arange(len(pair))
    while len(left):
        c = 2.0 * rng.random(len(left)) - 1.0
        density = 1.0 + c * c + (2.0 * MUON_MASS / pair[left]) ** 2 * (1.0 - c * c)
        cosine[left] = c
        left = left[2.0 * rng.random(len(left)) >= density]
    return cosine
