"""The dump: its tables in the card, where a muon starts, how far it gets, and what is left of its energy."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from typing import Annotated, Literal, assert_never

import numpy as np
from pydantic import Field

from mcgen.fields import AsTuple, Density, Interval, Length, LengthPair, RadiationLength, Table, Text
from mcgen.physics.energy_loss import ConstantLoss, EnergyLoss, TableLoss
from mcgen.physics.formfactors import Nucleus
from mcgen.physics.kinematics import ellipse_interval, slab_interval
from mcgen.physics.matter import Material, material
from mcgen.physics.scattering import ScatteringMoments, scattering_moments
from mcgen.types import Array, Bools, Ints

LossKind = Literal["constant", "table"]
"""How a muon loses energy: at a constant rate, or by tables at each energy."""


class MaterialTable(Table):
    """A homogeneous material: a shipped one, or one's own by z, a and density."""

    material: Text | None = None
    """Name of a shipped material."""
    z: Annotated[float, Field(ge=1.0, le=118.0)] | None = None
    """Charge number of one's own material."""
    a: Annotated[float, Field(ge=1.0, le=300.0)] | None = None
    """Mass number of one's own material, its natural average [g/mol]."""
    density_g_cm3: Density | None = None
    """Density [g/cm^3]; default that of the shipped material."""
    x0_g_cm2: RadiationLength | None = None
    """Radiation length of one's own material, for multiple scattering [g/cm^2]."""
    z_m: Interval | None = None
    """Front and back along the beam [m]."""

    def matter(self) -> Material:
        """Return the material that is named or defined."""
        if self.material is not None:
            return material(self.material, self.density_g_cm3)
        assert self.z is not None
        assert self.a is not None
        assert self.density_g_cm3 is not None
        radiation_length = math.nan if self.x0_g_cm2 is None else self.x0_g_cm2
        return Material("custom", self.z, self.a, self.density_g_cm3, radiation_length)


class TargetTable(MaterialTable):
    """The dump: one block along z, or layers one behind the other."""

    layer: Annotated[tuple[MaterialTable, ...], AsTuple] = ()
    """Layers, each from where the one before ends; instead of material and z_m of the whole."""
    half_width_m: LengthPair | None = None
    """Half sizes along x and y [m]; unlimited if absent."""
    radius_m: Length | None = None
    """Radius of a round dump [m]; unlimited if absent."""

    @property
    def layers(self) -> tuple[MaterialTable, ...]:
        """The layers; the block if there are none."""
        return self.layer or (self,)

    @property
    def front(self) -> float:
        """Front face, z [m]."""
        z = self.layers[0].z_m
        assert z is not None
        return z[0]

    def half_width(self, axis: int) -> float:
        """Half size [m] along x (0) or y (1); infinite without sides."""
        rectangle = math.inf if self.half_width_m is None else self.half_width_m[axis]
        return min(rectangle, math.inf if self.radius_m is None else self.radius_m)


@dataclass(frozen=True, slots=True)
class Layer:
    """A slice of the dump."""

    z: tuple[float, float]
    """Front and back [m]."""
    material: Material
    """What it is of."""
    loss: EnergyLoss
    """What muons lose in it."""


@dataclass(frozen=True, slots=True)
class Dump:
    """Layers one behind the other, with common sides if there are any."""

    layers: tuple[Layer, ...]
    """From the front to the back."""
    half_width: tuple[float, float] | None = None
    """Half sizes along x and y [m]; unlimited if None."""
    radius: float | None = None
    """Of a round dump [m]; unlimited if None."""

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

    def layer_at(self, position: Array) -> Ints:
        """Number of the layer (n,) at points (3, n) [m]; -1 outside."""
        fronts = np.array([layer.z[0] for layer in self.layers])
        number = np.searchsorted(fronts, position[2], side="right") - 1
        return np.where(self.contains(position), number, -1)

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


def dump_of(target: TargetTable, energy_loss: LossKind, stopping_power: float | None) -> Dump:
    """Build the dump that a target describes.

    Parameters
    ----------
    stopping_power : of a constant loss [GeV/m]; by default the material's minimum ionisation
    """
    layers = []
    for table in target.layers:
        assert table.z_m is not None
        matter = table.matter()
        layers.append(Layer(table.z_m, matter, _loss(matter, energy_loss, stopping_power)))
    return Dump(tuple(layers), target.half_width_m, target.radius_m)


def _loss(matter: Material, kind: LossKind, stopping_power: float | None) -> EnergyLoss:
    match kind:
        case "constant":
            return ConstantLoss(matter.minimum_loss if stopping_power is None else stopping_power)
        case "table":
            return TableLoss(matter)
    assert_never(kind)
