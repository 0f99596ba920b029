"""Muon beams on targets: cards, and events that need no training."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import mcgen
from mcgen.card import Card
from mcgen.constants import MUON_MASS
from mcgen.events import Events
from mcgen.experiment.dump import Course, Dump
from mcgen.flux.flux import Flux, flux_of
from mcgen.physics.kinds import Kind
from mcgen.physics.models import Outcome
from mcgen.record.tables import History, Parent
from mcgen.sampler.process import Process, process_of
from mcgen.sources.bremsstrahlung import Bremsstrahlung
from mcgen.sources.bremsstrahlung.methods import Emission
from mcgen.sources.bremsstrahlung.track import Track
from mcgen.types import Array

EXPOSURE = 1e20
"""Muons on target, so that no yield is small in itself."""


def beam_card(
    energy: float,
    mass: float,
    method: str = "exact",
    *,
    target: Mapping[str, Any],
    volume: Mapping[str, Any],
    model: Mapping[str, Any] | None = None,
    production: Mapping[str, Any] | None = None,
    run: Mapping[str, Any] | None = None,
) -> Card:
    """Make the card of a pencil beam.

    Parameters
    ----------
    energy, mass : of the muons and of the boson [GeV]
    target, volume : of the experiment
    model, production, run : more keys, or others than here
    """
    return mcgen.load_card(
        {
            "model": {"name": "muonphilic", "mass_gev": mass, "g_mu": 1e-3, **(model or {})},
            "production": {"method": method, "min_energy_factor": 0.0, **(production or {})},
            "beam": {"energy_gev": energy},
            "experiment": {
                "name": "beam",
                "exposure": {"kind": "mot", "value": EXPOSURE},
                "target": dict(target),
                "decay_volume": dict(volume),
            },
            "run": dict(run or {}),
        }
    )


@dataclass(frozen=True, slots=True)
class Point:
    """Muons of one energy [GeV], a boson's mass [GeV] and kind, a target's material."""

    energy: float
    mass: float
    material: str = "Cu"
    kind: Kind = "scalar"


def four_momenta(events: Events, prefix: str) -> Array:
    """Columns of a particle as (4, n), (px, py, pz, E) [GeV]."""
    return np.stack([events.columns[f"{prefix}_{name}"] for name in ("px", "py", "pz", "e")])


def muons(position: Array, direction: Array, energy: Array) -> Flux:
    """Make a flux of muons (n,) at positions (3, n) [m] with directions (3, n) and total energies [GeV]."""
    unit = direction / np.linalg.norm(direction, axis=0)
    momentum = np.sqrt((energy - MUON_MASS) * (energy + MUON_MASS)) * unit
    n = len(energy)
    rows = np.arange(n)
    return Flux(
        "test", "", np.full(n, 13), position, momentum, np.full(n, 1.0 / n), rows, rows, sampled=False
    )


@dataclass(frozen=True, slots=True)
class Radiation:
    """Muons of a beam that radiate: the physics of a card, and what is told of it at uniform points of the cube."""

    process: Process
    dump: Dump
    source: Bremsstrahlung
    track: Track
    emission: Emission
    history: History

    @property
    def muon(self) -> Parent:
        """The muons at production."""
        return self.history.parent

    @property
    def direction(self) -> Array:
        """Their unit vectors (3, n)."""
        return self.source.parents.take(self.history.place)[1]

    @property
    def length(self) -> Array:
        """Paths (n,) along which they can radiate [m]."""
        return self.dump.emission_path(self.source.legs).take(self.history.place)

    @property
    def emission_weight(self) -> Array:
        """Cross-section (n,) over the density of the draw [GeV^-2], for unit coupling."""
        emission = self.emission
        return emission.cross_section * emission.width / emission.density


def radiation(
    card: Card, rng: np.random.Generator, n: int, flux: Flux | None = None, **fixed: float
) -> Radiation:
    """Let n muons of the card radiate in its first open channel, at uniform points of the cube.

    Parameters
    ----------
    flux : the muons instead of the card's; each is taken equally often
    fixed : coordinates that are the same in all histories
    """
    process = process_of(card, flux_of(card) if flux is None else flux)
    axes = process.axes(Bremsstrahlung.name)
    coordinates = {axis: np.full(n, fixed[axis]) if axis in fixed else rng.random(n) for axis in axes}
    return radiation_at(process, card, coordinates)


def radiation_at(process: Process, card: Card, coordinates: Mapping[str, Array]) -> Radiation:
    """Let muons radiate at points of the cube, coordinates (n,) by the names of the axes."""
    source = process.sources[Bremsstrahlung.name]
    assert isinstance(source, Bremsstrahlung)
    n = len(next(iter(coordinates.values())))
    place = np.arange(n) % len(source.parents)
    channel: Outcome = next(iter(process.ratios))
    aim, spread = process.aims[channel], source.emission.spread
    legs = source.legs.take(place, axis=1)
    track = source.track(coordinates, *source.parents.take(place), legs, aim, spread)
    return Radiation(
        process=process,
        dump=card.dump(),
        source=source,
        track=track,
        emission=source.emission(coordinates, track, aim),
        history=process(source.name, channel, place, coordinates),
    )


def course(
    dump: Dump, position: Array, direction: Array, energy: Array, path: Array, charge: float = -1.0
) -> Course:
    """Let muons go some way (n,) [m] through a dump without vacuum, at most to where they stop or leave it."""
    charges = np.full_like(energy, charge)
    legs = dump.legs(position, direction, energy, charges, 0.0)
    return dump.travel(
        (position, direction, energy), charges, legs, np.minimum(path, dump.emission_path(legs))
    )
