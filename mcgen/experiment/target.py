"""The dump's tables in the card: one block, or layers along the beam."""

from __future__ import annotations

import math
from itertools import takewhile
from typing import Annotated

from pydantic import Field, WithJsonSchema

from mcgen.fields import (
    AsTuple,
    Density,
    FieldPair,
    Interval,
    Length,
    LengthPair,
    RadiationLength,
    Table,
    Text,
)
from mcgen.physics.matter import MATERIALS, Material, material


class MaterialTable(Table):
    """A homogeneous material: a shipped one, or one's own by z, a and density."""

    material: Annotated[Text, WithJsonSchema({"enum": MATERIALS})] | None = None
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
    field_t: FieldPair | None = None
    """Uniform magnetic field along x and y [T]; none if absent."""

    def matter(self) -> Material:
        """Return the material that is named or defined."""
        if self.material is not None:
            return material(self.material, self.density_g_cm3)
        assert self.z is not None
        assert self.a is not None
        assert self.density_g_cm3 is not None
        radiation_length = math.nan if self.x0_g_cm2 is None else self.x0_g_cm2
        return Material("custom", self.z, self.a, self.density_g_cm3, radiation_length)


KEYS_OF_BLOCK = frozenset(MaterialTable.model_fields)
"""Keys of a target that is one block: they go when it gets layers."""


class LayerTable(MaterialTable):
    """What is of one material: a layer, or the whole of a dump that is one block."""

    half_width_m: LengthPair | None = None
    """Half sizes along x and y [m]; unlimited if absent."""
    radius_m: Length | None = None
    """Radius, if it is round [m]; unlimited if absent."""
    absorber: bool = False
    """Whether the target is in front of it: this layer and all behind it are none of the target."""

    def half_width(self, axis: int) -> float:
        """Half size [m] along x (0) or y (1); infinite without sides."""
        rectangle = math.inf if self.half_width_m is None else self.half_width_m[axis]
        return min(rectangle, math.inf if self.radius_m is None else self.radius_m)


class TargetTable(LayerTable):
    """The dump: one block along z, or layers along the beam, of the target and of what stands behind it."""

    layer: Annotated[tuple[LayerTable, ...], AsTuple] = ()
    """Layers from the front to the back, with nothing where they leave gaps; instead of material and z_m of the whole,
    whose sides hold for all of them."""

    @property
    def layers(self) -> tuple[LayerTable, ...]:
        """The layers; the block if there are none."""
        return self.layer or (self,)

    @property
    def places(self) -> list[tuple[float, float]]:
        """Front and back of the layers, z [m]."""
        return [layer.z_m for layer in self.layers if layer.z_m is not None]

    @property
    def front(self) -> float:
        """Front face, z [m]."""
        return self.places[0][0]

    @property
    def centre(self) -> float:
        """Middle of the target itself, in front of its absorbers, z [m]."""
        own = sum(1 for _ in takewhile(lambda layer: not layer.absorber, self.layers))
        return 0.5 * (self.front + self.places[own - 1][1])
