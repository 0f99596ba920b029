"""A chunk of a flux: some protons of each stratum, from their collisions to rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcgen.constants import PROTON_MASS
from mcgen.flux.corrections import factors_of
from mcgen.flux.make.cascade import Cascade, beam, follow
from mcgen.flux.make.charm import JPSI_IN_WINDOW, OPEN_CHARM, charm_per_collision, jpsi_rise, jpsi_rows
from mcgen.flux.make.decays import muons_of
from mcgen.flux.make.dimuons import dimuon_rows
from mcgen.flux.make.flight import forced_decays
from mcgen.flux.make.generator import PythiaCharm, PythiaGenerator, silent
from mcgen.flux.make.particles import Particles, Rows
from mcgen.flux.make.photons import conversion_rows, photons_of_pions
from mcgen.flux.make.protocols import Charm, Generator
from mcgen.flux.make.settings import Settings, Stratum
from mcgen.flux.make.species import PHOTON, PION0
from mcgen.flux.make.thinning import thinned
from mcgen.physics.kinematics import norm
from mcgen.record.columns import AnyArray
from mcgen.rng import Purpose, stream
from mcgen.types import Ints

BINS = 32
"""Bins of ln p, in each of which thinning leaves the same number of rows at most."""

COUNTS = ("collisions", "empty", "failed", "lost")
"""What is counted: collisions; those that gave nothing and were drawn again; particles that were lost since their collision or decay
failed, or since there is no cross-section of theirs."""

Record = dict[str, AnyArray]
"""Columns of the native format, parent and group, of rows (n,); and "counts" (4,), as in `COUNTS`."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """Draws chunks: a function of the settings, the seed and the number of the chunk."""

    settings: Settings
    """What is made."""
    seed: int
    """Of the random numbers."""

    def __call__(self, chunk: int) -> Record:
        """Rows of a chunk, with weights per proton of the whole run."""
        rng = stream(self.seed, Purpose.FLUX, chunk)
        with silent():
            return rows_of_chunk(
                self.settings, chunk, PythiaGenerator(rng), PythiaCharm(self.settings.energy, rng), rng
            )


def rows_of_chunk(
    settings: Settings, chunk: int, generator: Generator, charm: Charm, rng: np.random.Generator
) -> Record:
    """Follow the protons of a chunk, stratum by stratum, and thin their rows."""
    rows, counts = [], np.zeros(len(COUNTS), np.int64)
    for stratum, group in zip(settings.strata, settings.groups(chunk), strict=True):
        least = max(stratum.threshold, settings.cascade_threshold or 0.0)
        protons = beam(settings.energy, PROTON_MASS, settings.slabs.edges[0], group)
        cascade = follow(protons, settings.slabs, least, generator, rng)
        counts[[0, 3]] += cascade.collisions, cascade.lost
        rows.append(_rows(cascade, settings, stratum, charm, rng))
    counts[1:3] = generator.empty, generator.failed
    return _record(_thinned(Rows.join(rows), settings, chunk, rng), counts)


def _rows(
    cascade: Cascade, settings: Settings, stratum: Stratum, charm: Charm, rng: np.random.Generator
) -> Rows:
    """Rows above the stratum's threshold, weighted per proton that is followed for their momentum."""
    made = Rows.join(
        [
            *(_of_hadrons(cascade, settings, rng)),
            dimuon_rows(Particles.join([Particles.none(), *cascade.resonances]), rng),
            *(_of_photons(cascade, settings, stratum.threshold, rng)),
            *(_of_charm(cascade, settings, charm, rng)),
        ]
    )
    momentum = norm(made.momentum)
    kept = made.take((momentum >= stratum.threshold) & (made.weight > 0.0))
    factor = factors_of(kept.parent, settings.parent_factors)
    weight = factor * kept.weight / settings.protons_for(norm(kept.momentum))
    return Rows(kept.pdg, kept.position, kept.momentum, weight, kept.parent, kept.group)


def _of_hadrons(cascade: Cascade, settings: Settings, rng: np.random.Generator) -> list[Rows]:
    """Muons of pi, K and K_L; and the charged ones themselves, at their decay."""
    rows = [Rows.none()]
    for hadrons in cascade.forced:
        forced = forced_decays(settings.slabs, hadrons.particles, hadrons.rates, hadrons.losses, rng)
        p, weight = forced.particles, forced.weight
        moving = weight > 0.0
        p, weight = p.take(moving), weight[moving]
        rows.append(muons_of(p, weight, rng))
        mesons = Rows(p.pdg, p.position, p.momentum, weight, np.abs(p.pdg), p.group)
        rows.append(mesons.take(np.abs(p.pdg) != 130))
    return rows


def _of_photons(
    cascade: Cascade, settings: Settings, threshold: float, rng: np.random.Generator
) -> list[Rows]:
    """Muon pairs of photons and their showers; and photons where they are made, if they are wanted."""
    pions = Particles.join([Particles.none(), *cascade.pions])
    of_pions = photons_of_pions(pions, rng)
    photons = Particles.join([of_pions, *cascade.photons])
    rows = [conversion_rows(settings.slabs, photons, threshold, rng)]
    if settings.photons:
        parents = np.concatenate([np.full(len(of_pions), PION0), *cascade.photon_parents])
        one = np.ones(len(photons))
        kind = np.full(len(photons), PHOTON)
        rows.append(Rows(kind, photons.position, photons.momentum, one, parents, photons.group))
    return rows


def _of_charm(cascade: Cascade, settings: Settings, charm: Charm, rng: np.random.Generator) -> list[Rows]:
    """Muons of J/psi and of open charm, one event of each per first collision."""
    rows = [Rows.none()]
    for firsts, slab, cross_section in cascade.firsts:
        mass_number = np.array([matter.a for matter in settings.slabs.materials])[slab]
        weight = jpsi_rise(settings.energy) * charm_per_collision(JPSI_IN_WINDOW, mass_number, cross_section)
        rows.append(jpsi_rows(firsts, weight, settings.energy, rng))
        event, momentum, pdg, parent = charm.muons(len(firsts))
        weight = charm.rise * charm_per_collision(OPEN_CHARM, mass_number, cross_section)
        rows.append(
            Rows(pdg, firsts.position[:, event], momentum, weight[event], parent, firsts.group[event])
        )
    return rows


def _thinned(rows: Rows, settings: Settings, chunk: int, rng: np.random.Generator) -> Rows:
    """Thin rows of each kind and bin of momentum to the chunk's share of what is wanted there."""
    momentum, kind = norm(rows.momentum), np.abs(rows.pdg)
    edges = np.geomspace(settings.threshold, settings.energy, BINS + 1)
    place = np.clip(np.searchsorted(edges, momentum, side="right") - 1, 0, BINS - 1)
    share = len(settings.groups(chunk)[0]) / settings.protons
    chosen, weights = [np.zeros(0, np.int64)], [np.zeros(0)]
    for pdg, most in settings.wanted().items():
        wanted = share * most / BINS
        for number in range(BINS):
            here = np.flatnonzero((kind == pdg) & (place == number))
            stay, weight = thinned(rows.weight[here], wanted, rng)
            chosen.append(here[stay])
            weights.append(weight)
    which, weight = np.concatenate(chosen), np.concatenate(weights)
    # In the order of the protons, so that a file begins with all kinds.
    order = np.argsort(rows.group[which], kind="stable")
    kept = rows.take(which[order])
    return Rows(kept.pdg, kept.position, kept.momentum, weight[order], kept.parent, kept.group)


def _record(rows: Rows, counts: Ints) -> Record:
    x, y, z = rows.position
    px, py, pz = rows.momentum
    columns = {"pdg": rows.pdg, "x": x, "y": y, "z": z, "px": px, "py": py, "pz": pz, "w": rows.weight}
    return {**columns, "group": rows.group, "parent": rows.parent, "counts": counts}
