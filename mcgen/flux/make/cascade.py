"""The cascade of protons in a dump, generation by generation, and what of it makes muons."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mcgen.flux.make.flight import Flight, ctau_of, losses_of
from mcgen.flux.make.nuclei import MILLIBARN, mixture_of
from mcgen.flux.make.particles import Particles
from mcgen.flux.make.protocols import Generator
from mcgen.flux.make.slabs import Slabs
from mcgen.flux.make.species import AT_ONCE, FORCED, PHOTON, PION0, RESONANCES, UNSTABLE
from mcgen.physics.kinematics import norm
from mcgen.types import Array, Bools, Ints


@dataclass(frozen=True, slots=True)
class Hadrons:
    """Hadrons that begin to fly, and the matter that they fly through."""

    particles: Particles
    """(n,)"""
    rates: Array
    """(n, L) inelastic collisions per length in each slab [1/m]."""
    losses: Array
    """(n, L) energy loss in each slab [GeV/m]."""


@dataclass(slots=True)
class Cascade:
    """What a cascade makes."""

    forced: list[Hadrons] = field(default_factory=list)
    """pi, K and K_L, where they begin to fly."""
    resonances: list[Particles] = field(default_factory=list)
    """eta, eta', rho, omega, phi, where they are made."""
    pions: list[Particles] = field(default_factory=list)
    """pi0, where they are made."""
    photons: list[Particles] = field(default_factory=list)
    """Photons of others than pi0, where they are made."""
    photon_parents: list[Ints] = field(default_factory=list)
    """Absolute PDG ids of what these are from, an array for each entry of `photons`."""
    firsts: list[tuple[Particles, Ints, Array]] = field(default_factory=list)
    """Protons of the beam where they collide, the number of their slab, and their cross-section [m^2]."""
    collisions: int = 0
    """Inelastic collisions."""
    lost: int = 0
    """Hadrons for which there are no cross-sections."""


def beam(energy: float, mass: float, front: float, group: Ints) -> Particles:
    """Protons of a pencil beam on the axis at the front of a dump.

    Parameters
    ----------
    energy, mass : [GeV]
    front : z of the front face [m]
    group : (n,) their numbers
    """
    n = len(group)
    momentum, position = np.zeros((3, n)), np.zeros((3, n))
    momentum[2], position[2] = np.sqrt((energy - mass) * (energy + mass)), front
    return Particles(np.full(n, 2212), position, momentum, np.full(n, mass), group)


def follow(
    protons: Particles, slabs: Slabs, least: float, generator: Generator, rng: np.random.Generator
) -> Cascade:
    """Follow protons, and all that they make that has or can give a meson an energy above `least` [GeV].

    Hadrons collide where their interaction length says, unless they have decayed or left before. So each particle has
    weight 1, and the rare decays are counted on the way.
    """
    cascade = Cascade()
    flying, first = protons, True
    while len(flying):
        hadrons = _hadrons(_at_once(flying, cascade, generator, least), slabs, generator, cascade)
        kind = np.abs(hadrons.particles.pdg)
        forced = np.isin(kind, FORCED)
        if forced.any():
            cascade.forced.append(
                Hadrons(hadrons.particles.take(forced), hadrons.rates[forced], hadrons.losses[forced])
            )
        flying = _next(hadrons, slabs, least, generator, rng, cascade, first)
        first = False
    return cascade


def _at_once(flying: Particles, cascade: Cascade, generator: Generator, least: float) -> Particles:
    """Sort out what does not fly: it is written down, and decays where it is."""
    flown = []
    while len(flying):
        kind = np.abs(flying.pdg)
        short, photon, pion = np.isin(kind, AT_ONCE), kind == PHOTON, kind == PION0
        flown.append(flying.take(~(short | photon | pion)))
        cascade.pions.append(flying.take(pion))
        _note_photons(cascade, flying.take(photon), 0)
        decaying = flying.take(short)
        cascade.resonances.append(decaying.take(np.isin(decaying.pdg, RESONANCES)))
        products = [Particles.none()]
        for pdg in np.unique(np.abs(decaying.pdg)).tolist():
            made = generator.decay(decaying.take(np.abs(decaying.pdg) == pdg), least)
            _note_photons(cascade, made.take(made.pdg == PHOTON), pdg)
            products.append(made.take(made.pdg != PHOTON))
        flying = Particles.join(products)
    return Particles.join(flown or [Particles.none()])


def _note_photons(cascade: Cascade, photons: Particles, parent: int) -> None:
    cascade.photons.append(photons)
    cascade.photon_parents.append(np.full(len(photons), parent))


def _hadrons(particles: Particles, slabs: Slabs, generator: Generator, cascade: Cascade) -> Hadrons:
    """Find what matter does to hadrons; those that it does nothing to are lost."""
    mixtures = [mixture_of(matter) for matter in slabs.materials]
    nuclei = sorted({a for m in mixtures for a in (m.light, m.heavy)})
    sections = generator.cross_sections(particles, nuclei)
    rates = np.stack(
        [
            matter.number_density * MILLIBARN * m.cross_section(sections)
            for matter, m in zip(slabs.materials, mixtures, strict=True)
        ],
        axis=-1,
    )
    known: Bools = np.all(rates > 0.0, axis=1)
    cascade.lost += int((~known).sum())
    particles = particles.take(known)
    return Hadrons(particles, rates[known], losses_of(slabs, particles))


def _next(
    hadrons: Hadrons,
    slabs: Slabs,
    least: float,
    generator: Generator,
    rng: np.random.Generator,
    cascade: Cascade,
    first: bool,
) -> Particles:
    """Fly, decay or collide: return the next generation."""
    p, n = hadrons.particles, len(hadrons.particles)
    flight = Flight(slabs, p, hadrons.losses)
    path, slab, inside = slabs.first(p.position[2], flight.cosine, hadrons.rates, -np.log1p(-rng.random(n)))
    decay = -np.log1p(-rng.random(n))
    unstable = np.isin(np.abs(p.pdg), UNSTABLE)
    # Hyperons and K_S decay in centimetres: what they lose on these does not matter.
    decay_path = decay * ctau_of(p) * norm(p.momentum) / p.mass
    until = np.where(inside, path, flight.lengths().sum(axis=1))
    decays = unstable & (decay_path < until)
    there, moving = flight.after(path)
    # Of pi, K and K_L those that have decayed are in the forced decays already.
    survives = unstable | (flight.decay_depth(path) < decay)
    collides = inside & moving & survives & ~decays & (there.for_mesons > least)
    broken = p.take(decays).moved(decay_path[decays])
    hit, where = there.take(collides), slab[collides]
    if first:
        density = np.array([matter.number_density for matter in slabs.materials])
        cross_section = hadrons.rates[np.flatnonzero(collides), where] / density[where]
        cascade.firsts.append((hit, where, cross_section))
    cascade.collisions += len(hit)
    nuclei = np.zeros(len(hit), np.int64)
    draw = rng.random(len(hit))
    for number, matter in enumerate(slabs.materials):
        m = mixture_of(matter)
        nuclei[where == number] = np.where(draw[where == number] < m.share, m.heavy, m.light)
    made = generator.collide(hit, nuclei, least)
    return Particles.join([made, generator.decay(broken, least)])
