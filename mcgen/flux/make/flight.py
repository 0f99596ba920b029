"""Hadrons in matter: how far they fly, what they lose, and where they decay if they are made to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.flux.make.particles import Particles
from mcgen.flux.make.slabs import Slabs
from mcgen.flux.make.species import CHARGED, CTAU
from mcgen.physics.kinematics import norm
from mcgen.physics.matter import MATERIALS, Material, bethe, material
from mcgen.types import Array, Bools

_SLOWEST = 1.02  # least E/m of the Bethe formula: the last centimetre of a hadron, far below any threshold


def hadron_loss(matter: Material, gamma: Array) -> Array:
    """Energy loss (n,) [GeV/m] of particles of unit charge and E/m = gamma (n,).

    The ionisation of a muon of the same velocity; hadrons do not radiate. A material of the user's own loses what iron
    loses per electron.
    """
    energy = MUON_MASS * np.maximum(gamma, _SLOWEST)
    known = matter if matter.name in MATERIALS else material("Fe")
    electrons = (matter.z / matter.a) / (known.z / known.a)
    loss: Array = 0.1 * matter.density * electrons * bethe(known, energy)
    return loss


def losses_of(slabs: Slabs, particles: Particles) -> Array:
    """Energy loss (n, L) [GeV/m] in each slab, taken at the energy that the particles begin with."""
    charged = np.isin(np.abs(particles.pdg), CHARGED)
    gamma = particles.energy / particles.mass
    return np.stack([np.where(charged, hadron_loss(m, gamma), 0.0) for m in slabs.materials], axis=-1)


def ctau_of(particles: Particles) -> Array:
    """Decay length c tau (n,) [m]; infinite for those that do not decay."""
    kind = np.abs(particles.pdg)
    ctau = np.full(len(kind), np.inf)
    for pdg, length in CTAU.items():
        ctau[kind == pdg] = length
    return ctau


@dataclass(frozen=True, slots=True)
class Flight:
    """Particles on straight lines through slabs, which lose energy at a constant rate in each."""

    slabs: Slabs
    """What they fly through."""
    particles: Particles
    """Where they begin; (n,)."""
    losses: Array
    """(n, L) energy loss in each slab [GeV/m]."""

    @property
    def cosine(self) -> Array:
        """(n,) to the z axis."""
        cosine: Array = self.particles.momentum[2] / norm(self.particles.momentum)
        return cosine

    def lengths(self, path: Array | float = np.inf) -> Array:
        """Length (n, L) [m] of the first `path` [m] in each slab."""
        return self.slabs.lengths(self.particles.position[2], self.cosine, path)

    def after(self, path: Array) -> tuple[Particles, Bools]:
        """Particles after `path` (n,) [m], and whether they still move (n,)."""
        p = self.particles
        energy = p.energy - (self.losses * self.lengths(path)).sum(axis=1)
        left = np.sqrt(np.maximum((energy - p.mass) * (energy + p.mass), 0.0))
        position = p.position + path * p.direction
        return Particles(p.pdg, position, left * p.direction, p.mass, p.group), energy > p.mass

    def decay_depth(self, path: Array) -> Array:
        """Mean number (n,) of decays on the first `path` (n,) [m], the integral of m/(c tau p(l)) over l.

        In a slab that is m/(c tau s) [arcosh(E/m) at its begin - at its end] for a loss s; where the particle has
        stopped, it is infinite.
        """
        p = self.particles
        lengths, ctau = self.lengths(path), ctau_of(p)
        flip = self.cosine < 0.0
        losses = np.where(flip[:, None], self.losses[:, ::-1], self.losses)
        lengths = np.where(flip[:, None], lengths[:, ::-1], lengths)
        lost = np.cumsum(losses * lengths, axis=1)
        end = (p.energy[:, None] - lost) / p.mass[:, None]
        begin = end + losses * lengths / p.mass[:, None]
        stopped = (end <= 1.0).any(axis=1)
        begin, end = np.maximum(begin, 1.0), np.maximum(end, 1.0)
        free = lengths / np.sqrt(np.maximum(begin**2 - 1.0, 1e-300))
        with np.errstate(divide="ignore", invalid="ignore"):
            slowing = (np.arccosh(begin) - np.arccosh(end)) * p.mass[:, None] / losses
        # Where the loss is small the difference would cancel.
        small = losses * lengths < 1e-6 * p.mass[:, None] * (begin - 1.0 + 1e-300)
        depth = np.where(small, free, slowing).sum(axis=1) / ctau
        return np.where(stopped, np.inf, depth)


@dataclass(frozen=True, slots=True)
class ForcedDecays:
    """Particles at the point where they are made to decay."""

    particles: Particles
    """(n,) there."""
    weight: Array
    """(n,) its mean is the probability that one decays before it interacts, stops or leaves."""


def forced_decays(
    slabs: Slabs, particles: Particles, rates: Array, losses: Array, rng: np.random.Generator
) -> ForcedDecays:
    """Make particles decay inside the slabs, in competition with their interactions where they are.

    The point is drawn from the density of decays and interactions together, as of a constant momentum; the weight is the true
    density of decays over that one.

    Parameters
    ----------
    rates : (n, L) interactions per length in each slab [1/m]
    losses : (n, L) energy loss in each slab [GeV/m]
    """
    flight = Flight(slabs, particles, losses)
    z, cosine, ctau = particles.position[2], flight.cosine, ctau_of(particles)
    free = particles.mass / (ctau * norm(particles.momentum))
    total = rates + free[:, None]
    deepest = (total * flight.lengths()).sum(axis=1)
    inside = -np.expm1(-deepest)
    depth = -np.log1p(-rng.random(len(z)) * inside)
    path, slab, found = slabs.first(z, cosine, total, depth)
    there, moving = flight.after(path)
    momentum = norm(there.momentum)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        density = particles.mass / (ctau * momentum) * np.exp(free * path - flight.decay_depth(path))
        weight = inside * density / total[np.arange(len(z)), slab]
    good = found & moving & (momentum > 0.0)
    return ForcedDecays(there, np.where(good, weight, 0.0))
