"""The stages between a muon and its boson's daughters.

Each stage declares the axes of the cube that it consumes, takes their coordinates (n,) and the tables
before it, and returns a new table with its weight: the physical density over the sampling density.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mcgen.card.experiment import VolumeTable
from mcgen.constants import GEV2_TO_M2, MUON_MASS, mass_of
from mcgen.detector import path_through
from mcgen.dump import Dump
from mcgen.events import Daughters, Emission, Flight, Muon, Track
from mcgen.physics.bremsstrahlung import iww
from mcgen.physics.formfactors import ChiTable
from mcgen.physics.kinematics import momentum_of, two_body_decay
from mcgen.physics.models import DAUGHTERS, Boson, Channel
from mcgen.types import Array

Coordinates = Mapping[str, Array]
"""Coordinates (n,) in [0, 1) by the name of their axis."""


@dataclass(frozen=True)
class StraightTrack:
    """The muon flies straight; the emission point is uniform along the path where it can emit."""

    dump: Dump
    axes = ("depth",)

    def __call__(self, u: Coordinates, muon: Muon, direction: Array, length: Array) -> Track:
        """Bring muons (n,) with unit directions (3, n) to a point within `length` (n,) [m]."""
        path = u["depth"] * length
        energy, layer = self.dump.travel(muon.position, direction, muon.momentum[3], path)
        density = np.array([layer.material.number_density for layer in self.dump.layers])
        return Track(
            path=path,
            position=muon.position + path * direction,
            direction=direction,
            energy=energy,
            layer=layer,
            weight=GEV2_TO_M2 * density.take(layer) * length,
        )


class EmissionStage(Protocol):
    """A production method: draws what the boson takes of the muon's energy, and where it goes."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes that it consumes."""
        ...

    def __call__(self, u: Coordinates, track: Track) -> Emission:
        """Radiate a boson from every track."""
        ...


class Collinear:
    """Improved Weizsaecker-Williams: the boson keeps the muon's direction (Eqs. 15, 19).

    Parameters
    ----------
    max_energy : largest muon energy of the flux [GeV], for the range of the photon flux's table
    """

    axes = ("x",)

    def __init__(self, boson: Boson, dump: Dump, max_energy: float) -> None:
        self._boson = boson
        t_min = float(iww.t_min(np.array(max_energy), boson.mass))
        nuclei = [layer.material.nucleus for layer in dump.layers]
        self._chi = [ChiTable(nucleus, t_min, iww.t_max(boson.mass)) for nucleus in nuclei]

    def __call__(self, u: Coordinates, track: Track) -> Emission:
        """Draw x uniformly in its kinematic window."""
        boson, energy = self._boson, track.energy
        low, high = boson.mass / energy, 1.0 - MUON_MASS / energy
        width = np.maximum(high - low, 0.0)
        x = low + u["x"] * width
        chi = by_layer(track, [table(iww.t_min(energy, boson.mass)) for table in self._chi])
        sigma = boson.g_mu**2 * iww.dsigma_dx(boson.kind, energy, x, boson.mass, chi)
        undefined = np.broadcast_to(np.nan, (4, len(x)))
        return Emission(
            x=x,
            theta=np.zeros_like(x),
            t=undefined[0],
            boson_e=x * energy,
            direction=track.direction,
            recoil=undefined,
            nucleus=undefined,
            weight=sigma * width,
        )


def by_layer(track: Track, values: list[Array]) -> Array:
    """Pick, for every track, the value (n,) that belongs to the layer of its emission."""
    return values[0] if len(values) == 1 else np.choose(track.layer, values)


@dataclass(frozen=True)
class DecayInVolume:
    """The boson decays between entry and exit of the decay volume (Eqs. 12, 21, 22)."""

    boson: Boson
    volume: VolumeTable
    axes = ("decay",)

    def __call__(self, u: Coordinates, track: Track, emission: Emission) -> Flight:
        """Draw the decay point from the exponential, truncated to the volume."""
        path_in, path_out = path_through(self.volume, track.position, emission.direction)
        gamma_beta = momentum_of(emission.boson_e, self.boson.mass) / self.boson.mass
        # A boson at rest has no path; the smallest length keeps 0/0 away.
        length = np.maximum(gamma_beta * self.boson.ctau(), 1e-300)
        missed = np.expm1((path_in - path_out) / length)
        p_decay = -missed * np.exp(-path_in / length)
        # -log1p(u expm1(-d/L)) L is d u where d/L underflows
        within = np.where(missed > -1e-300, u["decay"] * (path_out - path_in), 0.0)
        within = within - length * np.log1p(u["decay"] * missed) * (missed <= -1e-300)
        path = path_in + np.minimum(within, path_out - path_in)
        return Flight(
            path_in=path_in,
            path_out=path_out,
            path=path,
            decay_length=length,
            p_decay=p_decay,
            point=track.position + path * emission.direction,
            weight=p_decay,
        )


@dataclass(frozen=True)
class TwoBodyDecay:
    """Isotropic decay in the boson's rest frame."""

    boson: Boson
    axes = ("cos_star", "phi_star")

    def __call__(self, u: Coordinates, channel: Channel, emission: Emission) -> Daughters:
        """Draw the daughters of one channel."""
        pdgs = DAUGHTERS[channel]
        first, second = two_body_decay(
            emission.boson_e,
            emission.direction,
            self.boson.mass,
            mass_of(pdgs[0]),
            2.0 * u["cos_star"] - 1.0,
            2.0 * np.pi * u["phi_star"],
        )
        return Daughters(pdgs, first, second)
