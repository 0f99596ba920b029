"""The dump: where a muon starts, how far it gets, and what is left of its energy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce

import numpy as np

from mcgen.experiment.tables import MaterialTable, TargetTable
from mcgen.physics.energy_loss import ConstantLoss, EnergyLoss, TableLoss
from mcgen.physics.formfactors import Nucleus
from mcgen.physics.kinematics import ellipse_interval, slab_interval
from mcgen.physics.matter import Material, material
from mcgen.physics.scattering import ScatteringMoments, scattering_moments
from mcgen.types import Array, Bools, Ints


@dataclass(frozen=True, slots=True)
class Layer:
    """A slice of the dump between two planes of constant z [m]."""

    z: tuple[float, float]
    material: Material
    loss: EnergyLoss


@dataclass(frozen=True, slots=True)
class Dump:
    """Layers one behind the other, with common sides if there are any."""

    layers: tuple[Layer, ...]
    half_width: tuple[float, float] | None = None
    radius: float | None = None

    @property
    def z(self) -> tuple[float, float]:
        """Front and back face [m]."""
        return self.layers[0].z[0], self.layers[-1].z[1]

    @property
    def nuclei(self) -> tuple[Nucleus, ...]:
        """Nuclei of the layers."""
        return tuple(layer.material.nucleus for layer in self.layers)

    def contains(self, position: Array) -> Bools:
        """Whether points (3, n) [m] are inside, the surface included."""
        z = position[2]
        inside: Bools = self.within_sides(position) & (z >= self.z[0]) & (z <= self.z[1])
        return inside

    def within_sides(self, position: Array) -> Bools:
        """Whether points (3, n) [m] are within the sides, wherever they are along z."""
        x, y, z = position
        inside: Bools = np.ones(len(z), dtype=np.bool_)
        if self.half_width is not None:
            inside &= (np.abs(x) <= self.half_width[0]) & (np.abs(y) <= self.half_width[1])
        if self.radius is not None:
            inside &= x * x + y * y <= self.radius * self.radius
        return inside

    def path_to_exit(self, position: Array, direction: Array) -> Array:
        """Path (n,) [m] from points inside to where their rays leave through the back or a side."""
        leave = slab_interval(position[2], direction[2], *self.z)[1]
        if self.half_width is not None:
            for axis, half in enumerate(self.half_width):
                leave = np.minimum(leave, slab_interval(position[axis], direction[axis], -half, half)[1])
        if self.radius is not None:
            axes = (self.radius, self.radius)
            leave = np.minimum(
                leave, ellipse_interval(position[0], position[1], direction[0], direction[1], axes)[1]
            )
        return np.maximum(leave, 0.0)  # rounding at a side may say that the ray has just left

    def emission_path(self, position: Array, direction: Array, energy: Array, min_energy: float) -> Array:
        """Path (n,) [m] along which a muon can emit: to the exit, or to where its energy ends at `min_energy`.

        Muons go forwards (pz > 0).
        """
        to_exit = self.path_to_exit(position, direction)
        total = np.zeros_like(energy)
        for layer in self.layers:
            length = self._path_in(layer, position, direction, to_exit)
            reach = np.minimum(layer.loss.length_to(energy, min_energy), length)
            total += reach
            energy = np.where(reach < length, min_energy, layer.loss.energy_after(energy, length))
        return total

    def travel(self, position: Array, direction: Array, energy: Array, path: Array) -> tuple[Array, Ints]:
        """Energy (n,) [GeV] after `path` (n,) [m], and the number of the layer there."""
        number = np.zeros(len(path), dtype=np.int64)
        for i, layer in enumerate(self.layers):
            energy = layer.loss.energy_after(energy, self._path_in(layer, position, direction, path))
            if i > 0:
                number += position[2] + direction[2] * path >= layer.z[0]
        return energy, number

    def scattering(self, position: Array, direction: Array, energy: Array, path: Array) -> ScatteringMoments:
        """Moments of the multiple scattering along the first `path` (n,) [m]."""
        pieces = []
        for layer in self.layers:
            length = self._path_in(layer, position, direction, path)
            pieces.append(scattering_moments(layer.material, layer.loss, energy, length))
            energy = layer.loss.energy_after(energy, length)
        return reduce(ScatteringMoments.followed_by, pieces)

    @staticmethod
    def _path_in(layer: Layer, position: Array, direction: Array, path: Array) -> Array:
        """Length of the first `path` metres of forward rays that lies in a layer."""
        enter = np.maximum((layer.z[0] - position[2]) / direction[2], 0.0)
        leave = np.minimum((layer.z[1] - position[2]) / direction[2], path)
        length: Array = np.maximum(leave - enter, 0.0)
        return length


def dump_of(target: TargetTable, energy_loss: str, stopping_power: float | None) -> Dump:
    """Build the dump that a target describes.

    Parameters
    ----------
    energy_loss : "constant" or "table"
    stopping_power : of a constant loss [GeV/m]; by default the material's minimum ionisation
    """
    layers = []
    for table in target.layer or (target,):
        assert table.z_m is not None
        matter = material_of(table)
        layers.append(Layer(table.z_m, matter, _loss(matter, energy_loss, stopping_power)))
    return Dump(tuple(layers), target.half_width_m, target.radius_m)


def material_of(table: MaterialTable) -> Material:
    """Build the material that a table names or defines."""
    if table.material is not None:
        return material(table.material, table.density_g_cm3)
    assert table.z is not None
    assert table.a is not None
    assert table.density_g_cm3 is not None
    radiation_length = math.nan if table.x0_g_cm2 is None else table.x0_g_cm2
    return Material("custom", table.z, table.a, table.density_g_cm3, radiation_length)


def _loss(matter: Material, energy_loss: str, stopping_power: float | None) -> EnergyLoss:
    if energy_loss == "table":
        return TableLoss(matter)
    return ConstantLoss(matter.minimum_loss if stopping_power is None else stopping_power)
