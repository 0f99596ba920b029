"""Photons of pi0 and others, and the muon pairs that they and their showers make on nuclei."""

from __future__ import annotations

from functools import cache

import numpy as np

from mcgen.constants import ALPHA, ELECTRON_MASS, HBAR_C, MUON_MASS
from mcgen.flux.make.decays import two_body
from mcgen.flux.make.particles import Particles, Rows
from mcgen.flux.make.shower import ATTENUATION, LEAST, track_lengths
from mcgen.flux.make.slabs import Slabs
from mcgen.flux.make.species import MUON, PHOTON, PION0_TO_PHOTONS
from mcgen.physics.kinematics import along, norm
from mcgen.physics.matter import Material
from mcgen.types import Array, Ints

_E = np.sqrt(np.e)
_CLASSICAL_RADIUS = ALPHA * HBAR_C / MUON_MASS
"""Of the muon [m]."""

_WIDEST = 0.3  # angle beyond which the small-angle formula says nothing [rad]
_SHARES = np.linspace(0.0, 1.0, 402)[1:-1]
_ENERGIES = np.geomspace(4.0 * MUON_MASS, 1e4, 120)


def photons_of_pions(pions: Particles, rng: np.random.Generator) -> Particles:
    """Both photons (2 n,) of pi0 -> gamma gamma; pi0 that make an electron pair, 1.2 %, are left out."""
    pions = pions.take(rng.random(len(pions)) < PION0_TO_PHOTONS)
    zero = np.zeros(len(pions))
    kind = np.full(len(pions), PHOTON)
    return Particles.join(
        Particles(kind, pions.position, momentum, zero, pions.group)
        for momentum in two_body(pions, 0.0, 0.0, rng)
    )


def logarithm(energy: Array, share: Array, charge: float, mass_number: float) -> Array:
    """Logarithm ln W(E, x) (n,) of the cross-section for muon pairs, 0 where there is none.

    W = W_inf [1 + (D sqrt(e) - 2) d/m]/[1 + B Z^(-1/3) sqrt(e) d/m_e], d = m^2/(2 E x (1 - x)), W_inf = B Z^(-1/3)/D m/m_e,
    B = 183, D = 1.54 A^0.27 (H. Burkhardt, S. R. Kelner and R. P. Kokoulin, CERN-SL-2002-016).

    Parameters
    ----------
    energy, share : (n,) of the photon [GeV], and the part of it that one muon gets
    """
    b, d = 183.0 * charge ** (-1.0 / 3.0), 1.54 * mass_number**0.27
    momentum = MUON_MASS**2 / (2.0 * energy * share * (1.0 - share))
    w = b / d * MUON_MASS / ELECTRON_MASS * (1.0 + (d * _E - 2.0) * momentum / MUON_MASS)
    w /= 1.0 + b * _E * momentum / ELECTRON_MASS
    allowed = energy * np.minimum(share, 1.0 - share) > MUON_MASS
    return np.where(allowed, np.log(np.maximum(w, 1.0)), 0.0)


def differential(energy: Array, share: Array, matter: Material) -> Array:
    """Cross-section d sigma/d x (n,) of a photon for muon pairs on a nucleus [m^2]: 4 alpha Z (Z + 1) r^2 [1 - 4/3 x (1 - x)] ln W.

    Z (Z + 1) instead of Z^2 is for the protons of the nucleus, of which each is hit alone, too.
    """
    factor = 4.0 * ALPHA * matter.z * (matter.z + 1.0) * _CLASSICAL_RADIUS**2
    splitting = 1.0 - 4.0 / 3.0 * share * (1.0 - share)
    return factor * splitting * logarithm(energy, share, matter.z, matter.a)


@cache
def _totals(matter: Material) -> Array:
    grid = np.meshgrid(_ENERGIES, _SHARES, indexing="ij")
    values = differential(grid[0].ravel(), grid[1].ravel(), matter).reshape(grid[0].shape)
    total: Array = values.sum(axis=1) * (_SHARES[1] - _SHARES[0])
    return total


def pairs_per_length(energy: Array, matter: Material) -> Array:
    """Muon pairs (n,) that a photon of some energy (n,) [GeV] makes per length [1/m]; 0 below 0.42 GeV."""
    total = np.interp(np.log(energy), np.log(_ENERGIES), _totals(matter), left=0.0)
    return matter.number_density * total


def radiation_length(matter: Material) -> float:
    """X0 [m]; by Dahl's fit (Particle Data Group), where the material has none."""
    grams = matter.radiation_length
    if np.isnan(grams):
        z = matter.z
        grams = 716.4 * matter.a / (z * (z + 1.0) * np.log(287.0 / np.sqrt(z)))
    return 0.01 * grams / matter.density


def conversion_rows(slabs: Slabs, photons: Particles, threshold: float, rng: np.random.Generator) -> Rows:
    """Muon pairs of photons and of their showers, two rows a pair, weighted with their probability.

    A photon is absorbed after 9/7 X0 on the average; the photons of its shower are as many as `track_lengths` says, of an
    energy drawn from there, and some X0 deeper, in the first one's direction.

    Parameters
    ----------
    threshold : least momentum of a muon that matters [GeV]
    """
    energy = photons.energy
    photons = photons.take(energy > threshold + MUON_MASS)
    energy, n = photons.energy, len(photons)
    fraction, length = track_lengths()
    first = -np.log1p(-rng.random(n)) / ATTENUATION
    rows = _pairs(slabs, photons, energy, first, np.full(n, 1.0 / ATTENUATION), rng)
    least = np.maximum((threshold + MUON_MASS) / energy, LEAST)
    total = np.interp(-np.log(least), -np.log(fraction), length)
    drawn = np.exp(-np.interp(rng.random(n) * total, length, -np.log(fraction)))
    # An electron radiates after about one radiation length, and what it radiates converts after 9/7.
    later = -np.log1p(-rng.random(n)) - np.log1p(-rng.random(n)) / ATTENUATION
    return Rows.join([rows, _pairs(slabs, photons, drawn * energy, first + later, total, rng)])


def _pairs(
    slabs: Slabs, photons: Particles, energy: Array, depth: Array, track: Array, rng: np.random.Generator
) -> Rows:
    """Pairs of photons of some energy (n,) [GeV] after a depth (n,), for a track length (n,), both in X0."""
    lengths = np.array([radiation_length(matter) for matter in slabs.materials])
    cosine = photons.momentum[2] / norm(photons.momentum)
    rates = np.broadcast_to(1.0 / lengths, (len(photons), len(slabs)))
    path, slab, inside = slabs.first(photons.position[2], cosine, rates, depth)
    rows = [Rows.none()]
    for number, matter in enumerate(slabs.materials):
        here = np.flatnonzero(inside & (slab == number))
        weight = track[here] * lengths[number] * pairs_per_length(energy[here], matter)
        position = photons.position[:, here] + path[here] * photons.direction[:, here]
        rows.append(
            _split(
                energy[here], photons.direction[:, here], position, weight, photons.group[here], matter, rng
            )
        )
    return Rows.join(rows)


def _split(
    energy: Array,
    direction: Array,
    position: Array,
    weight: Array,
    group: Ints,
    matter: Material,
    rng: np.random.Generator,
) -> Rows:
    """Share the energy between the muons of pairs, and give them their angles.

    The angles follow dN/d u^2 = 1/(1 + u^2)^2, u = E_mu theta/m, which is the leading term for small angles, independent of
    each other.
    """
    possible = weight > 0.0
    energy, direction, position = energy[possible], direction[:, possible], position[:, possible]
    share = _shares(energy, matter, rng)
    rows = []
    for pdg, part in ((-MUON, share), (MUON, 1.0 - share)):
        muon = energy * part
        momentum = np.sqrt((muon - MUON_MASS) * (muon + MUON_MASS))
        t = rng.random(len(muon))
        angle = np.minimum(MUON_MASS / muon * np.sqrt(t / (1.0 - t)), _WIDEST)
        azimuth = 2.0 * np.pi * rng.random(len(muon))
        vector = along(direction, momentum * np.sin(angle), azimuth, momentum * np.cos(angle))
        kind = np.full(len(muon), pdg)
        parent = np.full(len(muon), PHOTON)
        rows.append(Rows(kind, position, vector, weight[possible], parent, group[possible]))
    return Rows.join(rows)


def _shares(energy: Array, matter: Material, rng: np.random.Generator) -> Array:
    """Draw the first muon's part of the energy (n,) from the cross-section, by acceptance and rejection.

    A photon that has room for a pair but for whose every share W is below 1 has weight 0, and is not here.
    """
    share = np.full(len(energy), 0.5)
    ceiling = 1.01 * logarithm(energy, share, matter.z, matter.a)  # ln W is largest at equal parts
    left = np.flatnonzero(ceiling > 0.0)
    while len(left):
        x, e = rng.random(len(left)), energy[left]
        value = (1.0 - 4.0 / 3.0 * x * (1.0 - x)) * logarithm(e, x, matter.z, matter.a)
        accepted = rng.random(len(left)) * ceiling[left] < value
        share[left[accepted]] = x[accepted]
        left = left[~accepted]
    return share
