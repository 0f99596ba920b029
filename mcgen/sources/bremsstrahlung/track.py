"""The muon's way through the dump, up to the emission."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtri

from mcgen.constants import GEV2_TO_M2
from mcgen.experiment.dump import Dump
from mcgen.physics.scattering import scatter
from mcgen.record.tables import Muon, Track
from mcgen.sources.stage import Coordinates
from mcgen.types import Array

_SCATTER_AXES = ("scatter_1", "scatter_2", "scatter_3", "scatter_4")


@dataclass(frozen=True)
class MuonTrack:
    """The emission point is uniform along the path where the muon can emit.

    Attributes
    ----------
    dump : what the muon goes through
    multiple_scattering : whether direction and point get the correlated Gaussian angle and displacement
        of a track of that length; a muon that leaves through a side of the dump then does not emit
    """

    dump: Dump
    multiple_scattering: bool

    @property
    def axes(self) -> tuple[str, ...]:
        """Depth, and four for the angles and displacements of scattering."""
        return ("depth", *(_SCATTER_AXES if self.multiple_scattering else ()))

    def __call__(self, u: Coordinates, muon: Muon, direction: Array, length: Array) -> Track:
        """Bring muons (n,) with unit directions (3, n) to a point within `length` (n,) [m]."""
        path = u["depth"] * length
        energy, layer = self.dump.travel(muon.position, direction, muon.momentum[3], path)
        density = np.array([layer.material.number_density for layer in self.dump.layers])
        weight = GEV2_TO_M2 * density.take(layer) * length
        position = muon.position + path * direction
        if self.multiple_scattering:
            moments = self.dump.scattering(muon.position, direction, muon.momentum[3], path)
            # ndtri(0) is infinite; the smallest normal number is 38 standard deviations away.
            normals = np.stack([ndtri(np.maximum(u[axis], 1e-300)) for axis in _SCATTER_AXES])
            direction, displacement = scatter(direction, moments, normals)
            position = position + displacement
            weight = weight * self.dump.within_sides(position)
        return Track(path, position, direction, energy, layer, weight)
