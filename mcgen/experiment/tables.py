"""The experiment card: all that stands along the beam.

Frame: z = 0 at the front face of the dump, z along the beam, x horizontal, y up. Metres and GeV.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from mcgen.experiment.exposure import ExposureTable
from mcgen.experiment.magnets import MagnetTable
from mcgen.experiment.planes import PLANES, Plane
from mcgen.experiment.selection import SelectionTable
from mcgen.experiment.target import TargetTable
from mcgen.experiment.volumes import VOLUMES, Volume
from mcgen.fields import AsTuple, Table, Text


def one_of(shapes: Sequence[type[Table]]) -> Any:
    """Type of a table that has one of some shapes, by its key `shape`."""
    return Annotated[reduce(or_, shapes), Field(discriminator="shape")]


def keys_of(shapes: Sequence[type[Table]]) -> frozenset[str]:
    """Keys that some of the shapes have, but not all of them."""
    keys = [frozenset(shape.model_fields) for shape in shapes]
    return frozenset.union(*keys) - frozenset.intersection(*keys)


if TYPE_CHECKING:
    VolumeTable = Volume
    PlaneTable = Plane
else:
    VolumeTable = one_of(VOLUMES)
    PlaneTable = one_of(PLANES)

KEYS_OF_SHAPES = keys_of(VOLUMES) | keys_of(PLANES)
"""Keys that go with a shape: a table that gets another shape loses those of the old one."""


class ExperimentTable(Table):
    """An experiment."""

    card: Text | None = None
    """The experiment card to start from: the name of a shipped one, or a path; its keys may be given here again."""
    name: Annotated[str, Field(min_length=1, max_length=80)]
    """Short name, of files and pictures."""
    title: Text = ""
    """What the experiment is, in a line."""
    references: Annotated[tuple[Text, ...], AsTuple] = ()
    """Where the numbers come from."""
    note: Text = ""
    """What a user of this card has to know; printed by `mcgen check`."""
    exposure: ExposureTable
    """What the weights are normalised to."""
    target: TargetTable
    """The dump: one block along z, or layers, of the target and of what stands behind it."""
    decay_volume: VolumeTable
    """Where decays count."""
    magnet: Annotated[tuple[MagnetTable, ...], AsTuple] = ()
    """Dipoles that bend the daughters, as kicks at their centres."""
    plane: Annotated[tuple[PlaneTable, ...], AsTuple] = ()
    """Planes that the daughters are followed to."""
    selection: Annotated[tuple[SelectionTable, ...], AsTuple] = ()
    """Requirements on both daughters; the first selection that names the channel applies.

    Without any selection every decay in the volume is accepted; with some, a channel that none names is not.
    """
