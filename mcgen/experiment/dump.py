"""The dump: where a muon starts, how far it gets, where that is, and what is left of its energy."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial, reduce
from itertools import pairwise
from typing import Literal, assert_never

import numpy as np

from mcgen.experiment.bending import bent_leg
from mcgen.experiment.sides import Sides
from mcgen.experiment.target import TargetTable
from mcgen.physics.energy_loss import ConstantLoss, EnergyLoss, NoLoss, TableLoss
from mcgen.physics.formfactors import Nucleus
from mcgen.physics.helix import bent
from mcgen.physics.kinematics import slab_interval
from mcgen.physics.matter import VACUUM, Material, material
from mcgen.physics.scattering import ScatteringMoments, scattering_moments
from mcgen.types import Array, Bools, Ints

LossKind = Literal["constant", "table"]
"""How a muon loses energy: at a constant rate, or by tables at each energy."""

_NO_SIDES = Sides()

_NEAR = 1e-9
"""Rounding of a place [m]."""


@dataclass(frozen=True, slots=True)
class Layer:
    """A slice of the dump."""

    z: tuple[float, float]
    """Front and back [m]."""
    material: Material
    """What it is of."""
    loss: EnergyLoss
    """What muons lose in it."""
    field: tuple[float, float] = (0.0, 0.0)
    """Magnetic field along x and y [T]."""
    sides: Sides = _NO_SIDES
    """Its own sides."""

    @property
    def is_magnetised(self) -> bool:
        """Whether tracks are bent in it."""
        return self.field != (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Course:
    """Muons on their way through the dump, where they are if nothing has scattered them."""

    lengths: Array
    """(k, n) of the way in each of the dump's `pieces` [m]."""
    position: Array
    """(3, n) [m]."""
    direction: Array
    """(3, n) unit vectors."""
    energies: Array
    """(k + 1, n) total energy in front of each piece, and in the end [GeV]."""
    layer: Ints
    """(n,) number of the layer."""

    @property
    def path(self) -> Array:
        """(n,) length of all of the way [m]."""
        return reduce(np.add, self.lengths)


@dataclass(frozen=True, slots=True)
class Dump:
    """Layers along the beam, with nothing in the gaps between them, and with common sides if there are any."""

    layers: tuple[Layer, ...]
    """From the front to the back."""
    sides: Sides = _NO_SIDES
    """Of all of it, besides those of the layers."""

    @property
    def z(self) -> tuple[float, float]:
        """Front and back face [m]."""
        return self.layers[0].z[0], self.layers[-1].z[1]

    @property
    def pieces(self) -> tuple[Layer, ...]:
        """The layers and the gaps between them, from the front to the back."""
        pieces = [self.layers[0]]
        for before, after in pairwise(self.layers):
            if before.z[1] < after.z[0]:
                pieces.append(Layer((before.z[1], after.z[0]), material(VACUUM), NoLoss()))
            pieces.append(after)
        return tuple(pieces)

    @property
    def nuclei(self) -> tuple[Nucleus, ...]:
        """Nuclei of the layers, each kind once."""
        of_layers = [one.material.nucleus for one in self.layers if not one.material.is_vacuum]
        return tuple(dict.fromkeys(of_layers))

    @property
    def nuclei_per_area(self) -> float:
        """Nuclei along its axis [m^-2], those of all layers."""
        return sum(one.material.number_density * (one.z[1] - one.z[0]) for one in self.layers)

    @property
    def nucleus_numbers(self) -> Ints:
        """Number of its nucleus for each layer; 0 also in vacuum, where none is ever met."""
        nuclei = self.nuclei
        numbers = [0 if one.material.is_vacuum else nuclei.index(one.material.nucleus) for one in self.layers]
        return np.array(numbers, dtype=np.int64)

    @property
    def is_magnetised(self) -> bool:
        """Whether tracks are bent somewhere."""
        return any(layer.is_magnetised for layer in self.layers)

    def contains(self, position: Array) -> Bools:
        """Whether points (3, n) [m] are inside, the surface included."""
        z = position[2]
        inside: Bools = self.within_sides(position) & (z >= self.z[0]) & (z <= self.z[1])
        return inside

    def layer_at(self, position: Array) -> Ints:
        """Number of the layer (n,) at points (3, n) [m]; -1 outside, and in gaps."""
        number = np.full(position.shape[1], -1, dtype=np.int64)
        for i, layer in enumerate(self.layers):
            number[(position[2] >= layer.z[0]) & (position[2] <= layer.z[1])] = i
        return np.where(self.contains(position), number, -1)

    def within_sides(self, position: Array) -> Bools:
        """Whether points (3, n) [m] are within the sides that hold at their z."""
        inside = self.sides.contain(position)
        for layer in self.layers:
            beside = (position[2] >= layer.z[0]) & (position[2] < layer.z[1])
            inside &= ~beside | layer.sides.contain(position)
        return inside

    def legs(
        self, position: Array, direction: Array, energy: Array, charge: Array, min_energy: float
    ) -> Array:
        """Length of a muon's way in each of the `pieces`, as far as it gets.

        That is to the back, to a side, to where a field has turned it back, or to where its energy ends at
        `min_energy`. Behind a side nothing is known, so that its way ends there for good.

        Parameters
        ----------
        position, direction : (3, n) where muons start inside [m], and unit vectors forwards (pz > 0)
        energy, charge : (n,) total energy [GeV]; in units of the positron's

        Returns
        -------
        (k, n) [m]
        """
        legs = []
        going: Bools = np.ones(len(energy), dtype=np.bool_)
        for piece in self.pieces:
            ahead = going & (position[2] < piece.z[1])
            reach = np.minimum(
                piece.loss.length_to(energy, min_energy), self._to_exit(piece, position, direction)
            )
            if piece.is_magnetised:
                start = position[:, ahead], direction[:, ahead], energy[ahead]
                reach[ahead] = bent_leg(
                    start, charge[ahead], piece.field, piece.loss, min_energy, partial(self._to_exit, piece)
                )
            leg = np.where(ahead, np.maximum(reach, 0.0), 0.0)  # rounding at a side may put the exit behind
            position, direction = self._moved(piece, position, direction, energy, charge, leg)
            energy = piece.loss.energy_after(energy, leg)
            going &= ~ahead | (position[2] >= piece.z[1] - _NEAR)
            legs.append(leg)
        return np.stack(legs)

    def emission_path(self, legs: Array) -> Array:
        """Path (n,) [m] along which muons can emit: their legs (k, n) in matter."""
        return reduce(np.add, legs[[not piece.material.is_vacuum for piece in self.pieces]])

    def travel(
        self,
        start: tuple[Array, Array, Array],
        charge: Array,
        legs: Array,
        depth: Array,
    ) -> Course:
        """Let muons go along their legs.

        Parameters
        ----------
        start : position (3, n) [m], unit direction (3, n) and total energy (n,) [GeV]
        charge : (n,) in units of the positron's
        legs : (k, n) of these muons [m]
        depth : (n,) length of the way in matter, at most their `emission_path` [m]
        """
        position, direction, energy = start
        number = np.zeros(len(depth), dtype=np.int64)
        arrived: Bools = np.zeros(len(depth), dtype=np.bool_)
        lengths, energies, layer = [], [energy], -1
        for piece, leg in zip(self.pieces, legs, strict=True):
            layer += piece in self.layers
            here = ~arrived & (leg > 0.0)
            if piece.material.is_vacuum:
                length = np.where(here, leg, 0.0)
            else:
                length = np.where(here, np.minimum(depth, leg), 0.0)
                number[here] = layer
                arrived |= here & (depth < leg)
                depth = depth - length
            position, direction = self._moved(piece, position, direction, energy, charge, length)
            energy = piece.loss.energy_after(energy, length)
            lengths.append(length)
            energies.append(energy)
        return Course(np.stack(lengths), position, direction, np.stack(energies), number)

    def scattering(self, course: Course) -> ScatteringMoments:
        """Moments of the multiple scattering along a way."""
        pieces = [
            scattering_moments(piece.material, piece.loss, energy, length)
            for piece, energy, length in zip(self.pieces, course.energies, course.lengths, strict=False)
        ]
        return reduce(ScatteringMoments.followed_by, pieces)

    def _to_exit(self, piece: Layer, position: Array, direction: Array) -> Array:
        """Path (n,) [m] along rays to the back or a side of a piece; below 0 for what is behind, 0 from outside."""
        leave = slab_interval(position[2], direction[2], *piece.z)[1]
        for sides in (self.sides, piece.sides):
            first, last = sides.interval(position, direction)
            # Who comes to a front that is beside the material ends there.
            leave = np.where(first > _NEAR, np.minimum(leave, 0.0), np.minimum(leave, last))
        return leave

    @staticmethod
    def _moved(
        piece: Layer, position: Array, direction: Array, energy: Array, charge: Array, length: Array
    ) -> tuple[Array, Array]:
        """Position and direction (3, n) behind a way of some length (n,) in a piece."""
        if piece.is_magnetised:
            return bent((position, direction, energy), charge, piece.field, piece.loss, length)
        return position + length * direction, direction


def dump_of(target: TargetTable, energy_loss: LossKind, stopping_power: float | None) -> Dump:
    """Build the dump that a target describes.

    Parameters
    ----------
    stopping_power : of a constant loss, in all layers but vacuum [GeV/m]; by default each material's minimum ionisation
    """
    layers = []
    for table in target.layers:
        assert table.z_m is not None
        matter = table.matter()
        loss = _loss(matter, energy_loss, stopping_power)
        layers.append(
            Layer(
                table.z_m,
                matter,
                loss,
                table.field_t or (0.0, 0.0),
                Sides(table.half_width_m, table.radius_m),
            )
        )
    return Dump(tuple(layers), Sides(target.half_width_m, target.radius_m))


def _loss(matter: Material, kind: LossKind, stopping_power: float | None) -> EnergyLoss:
    if matter.is_vacuum:
        return NoLoss()
    match kind:
        case "constant":
            return ConstantLoss(matter.minimum_loss if stopping_power is None else stopping_power)
        case "table":
            return TableLoss(matter)
    assert_never(kind)
