"""The experiment card: exposure, dump, decay volume, magnets, planes, selections.

Frame: z = 0 at the front face of the dump, z along the beam, x horizontal, y up. Metres and GeV.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from mcgen.fields import (
    AsTuple,
    Density,
    Energy,
    Interval,
    KickPair,
    Length,
    LengthPair,
    Metres,
    Name,
    Pair,
    Table,
    Text,
)
from mcgen.physics.models import Channel

EXPOSURES = {"pot": "protons on target", "mot": "muons on target", "xsec": "per pb of muons and nuclei"}
"""Kinds of exposure, in words."""


class ExposureTable(Table):
    """What the weights are normalised to."""

    kind: Literal["pot", "mot", "xsec"] = "pot"
    """Protons on target; muons on target; or luminosity of muons and nuclei [1/pb], without dump and decay."""
    value: Annotated[float, Field(gt=0.0, le=1e30)]


class MaterialTable(Table):
    """A homogeneous material: a shipped one, or one's own by z, a and density."""

    material: Text | None = None
    z: Annotated[float, Field(ge=1.0, le=118.0)] | None = None
    a: Annotated[float, Field(ge=1.0, le=300.0)] | None = None
    density_g_cm3: Density | None = None
    x0_g_cm2: Annotated[float, Field(gt=0.0, le=1000.0)] | None = None
    """Radiation length of one's own material, for multiple scattering."""
    z_m: Interval | None = None


class TargetTable(MaterialTable):
    """The dump: one block along z, or layers one behind the other."""

    layer: Annotated[tuple[MaterialTable, ...], AsTuple] = ()
    half_width_m: LengthPair | None = None
    """Half sizes in x and y; unlimited if absent."""
    radius_m: Length | None = None
    """Radius of a round dump; unlimited if absent."""

    @property
    def front(self) -> float:
        """Front face, z [m]."""
        first = self.layer[0] if self.layer else self
        assert first.z_m is not None
        return first.z_m[0]


class _Volume(Table):
    z_m: Interval
    centre_m: Pair = (0.0, 0.0)


class Cylinder(_Volume):
    """Round decay volume."""

    shape: Literal["cylinder"]
    radius_m: Length


class EllipticCylinder(_Volume):
    """Elliptic decay volume."""

    shape: Literal["elliptic_cylinder"]
    semi_axes_m: LengthPair


class Box(_Volume):
    """Rectangular decay volume."""

    shape: Literal["box"]
    half_width_m: LengthPair


class Frustum(_Volume):
    """Rectangular decay volume whose half widths change linearly along z."""

    shape: Literal["frustum"]
    half_width_in_m: LengthPair
    half_width_out_m: LengthPair


class Slab(_Volume):
    """Decay volume without sides."""

    shape: Literal["slab"]


VolumeTable = Annotated[Cylinder | EllipticCylinder | Box | Frustum | Slab, Field(discriminator="shape")]


class MagnetTable(Table):
    """A dipole, as a kick at its centre."""

    name: Name
    z_m: Metres
    kick_gev: KickPair
    """Added to (px, py) of charge +1."""


class _Plane(Table):
    name: Name
    z_m: Metres
    centre_m: Pair = (0.0, 0.0)
    hole_radius_m: Annotated[float, Field(ge=0.0, le=1e5)] = 0.0


class CirclePlane(_Plane):
    """Round plane."""

    shape: Literal["circle"]
    radius_m: Length


class EllipsePlane(_Plane):
    """Elliptic plane."""

    shape: Literal["ellipse"]
    semi_axes_m: LengthPair


class RectanglePlane(_Plane):
    """Rectangular plane."""

    shape: Literal["rectangle"]
    half_width_m: LengthPair


class OctagonPlane(_Plane):
    """Octagonal plane: abs(x), abs(y) < half_width_m and abs(x) + abs(y) < max_sum_m."""

    shape: Literal["octagon"]
    half_width_m: LengthPair
    max_sum_m: Length


PlaneTable = Annotated[
    CirclePlane | EllipsePlane | RectanglePlane | OctagonPlane, Field(discriminator="shape")
]


class SelectionTable(Table):
    """Requirements on both daughters; the first selection that names the channel applies."""

    name: Name | None = None
    channels: Annotated[tuple[Channel, ...], AsTuple, Field(min_length=1)]
    planes: Annotated[tuple[Name, ...], AsTuple] = ()
    min_energy_gev: Energy = 0.0
    min_energy_sum_gev: Energy = 0.0
    min_radius_m: Annotated[float, Field(ge=0.0, le=1e5)] = 0.0
    """From the axis, at the last of the planes."""
    min_separation_m: Annotated[float, Field(ge=0.0, le=1e5)] = 0.0
    """Between the daughters, at the last of the planes."""
    efficiency: Annotated[float, Field(ge=0.0, le=1.0)] = 1.0


class ExperimentTable(Table):
    """An experiment."""

    card: Text | None = None
    """The experiment card that this started from."""
    name: Annotated[str, Field(min_length=1, max_length=80)]
    title: Text = ""
    references: Annotated[tuple[Text, ...], AsTuple] = ()
    note: Text = ""
    """What a user of this card has to know; printed by `mcgen check`."""
    exposure: ExposureTable
    target: TargetTable
    decay_volume: VolumeTable
    magnet: Annotated[tuple[MagnetTable, ...], AsTuple] = ()
    plane: Annotated[tuple[PlaneTable, ...], AsTuple] = ()
    selection: Annotated[tuple[SelectionTable, ...], AsTuple] = ()
