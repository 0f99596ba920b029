"""The muon's way through the dump, up to the emission."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from scipy.special import ndtri

from mcgen.constants import GEV2_TO_M2, GEV2_TO_PB
from mcgen.experiment.dump import Dump
from mcgen.physics.scattering import angles_to, scatter
from mcgen.record.tables import Parent
from mcgen.sources.aim import AnyAim, Coordinates
from mcgen.sources.bremsstrahlung.steering import steered
from mcgen.types import Array, Ints

_SCATTER_AXES = ("scatter_1", "scatter_2", "scatter_3", "scatter_4")

Spread = Callable[[Coordinates, Array], Array]
"""Typical angle (n,) [rad] between boson and muon, from the coordinates and the energies (n,) [GeV] of muons that
radiate; 0 for collinear emission."""


@dataclass(frozen=True, slots=True)
class Track:
    """Muons just before emission."""

    path: Array
    """(n,) since their production [m]."""
    position: Array
    """(3, n) [m]."""
    direction: Array
    """(3, n) unit vectors."""
    energy: Array
    """(n,) total energy [GeV]."""
    layer: Ints
    """(n,) number of the dump's layer."""
    weight: Array
    """(n,) nuclei per area [GeV^2] over the density of the draw; in bare collisions 1 GeV^-2 in pb."""


class TrackStage(Protocol):
    """A way to bring muons to where they radiate."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes that it consumes."""
        ...

    def __call__(
        self, u: Coordinates, muon: Parent, direction: Array, legs: Array, aim: AnyAim, spread: Spread
    ) -> Track:
        """Bring muons (n,) with unit directions (3, n) to a point of their legs (k, n) in the dump's pieces [m]."""
        ...


@dataclass(frozen=True)
class ThroughDump:
    """The emission point is uniform along the path where the muon can emit, which is in matter."""

    dump: Dump
    """What the muon goes through."""
    multiple_scattering: bool
    """Whether direction and point get the correlated Gaussian angle and displacement of a track of that length; a
    muon that leaves through a side of the dump then does not emit."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Depth, one to steer, and four for the angles and displacements of scattering."""
        return ("depth", *(("steer", *_SCATTER_AXES) if self.multiple_scattering else ()))

    def __call__(
        self, u: Coordinates, muon: Parent, direction: Array, legs: Array, aim: AnyAim, spread: Spread
    ) -> Track:
        """Bring muons (n,) with unit directions (3, n) to a point of their legs (k, n) in the dump's pieces [m]."""
        length = self.dump.emission_path(legs)
        start = muon.position, direction, muon.momentum[3]
        course = self.dump.travel(start, charge_of(muon), legs, u["depth"] * length)
        position, direction, energy = course.position, course.direction, course.energies[-1]
        density = np.array([layer.material.number_density for layer in self.dump.layers])
        weight = GEV2_TO_M2 * density.take(course.layer) * length
        if self.multiple_scattering:
            moments = self.dump.scattering(course)
            # ndtri(0) is infinite; the smallest normal number is 38 standard deviations away.
            normals = np.stack([ndtri(np.maximum(u[axis], 1e-300)) for axis in _SCATTER_AXES])
            # The lateral displacement matters little to where a muon points.
            towards, size = aim.target(u, position)
            # Standard deviations in a plane: of a disc, and of the Gaussian that is 1/(theta^2 + spread^2)^2 at 0.
            width = 0.5 * np.hypot(spread(u, energy), size)
            target = angles_to(direction, towards)
            normals[::2], steering = steered(u["steer"], normals[::2], moments.angle, target, width)
            direction, displacement = scatter(direction, moments, normals)
            position = position + displacement
            weight = weight * (steering * self.dump.within_sides(position))
        return Track(course.path, position, direction, energy, course.layer, weight)


def charge_of(muon: Parent) -> Array:
    """Charge (n,) of muons, in units of the positron's."""
    return np.where(muon.pdg > 0, -1.0, 1.0)


class AtProduction:
    """The muon meets a nucleus of the target's first layer where it is produced: bare collisions."""

    axes: tuple[str, ...] = ()

    def __call__(
        self,
        u: Coordinates,  # noqa: ARG002
        muon: Parent,
        direction: Array,
        legs: Array,  # noqa: ARG002
        aim: AnyAim,  # noqa: ARG002
        spread: Spread,  # noqa: ARG002
    ) -> Track:
        """Leave muons (n,) with unit directions (3, n) as they are."""
        n = len(muon)
        layer: Ints = np.zeros(n, dtype=np.int64)
        energy = muon.momentum[3]
        return Track(np.zeros(n), muon.position, direction, energy, layer, np.full(n, GEV2_TO_PB))
