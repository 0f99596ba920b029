"""Decay volumes: a file a shape, and a line a shape in the registry."""

from mcgen.experiment.volumes.base import Volume
from mcgen.experiment.volumes.box import Box
from mcgen.experiment.volumes.cylinder import Cylinder
from mcgen.experiment.volumes.elliptic_cylinder import EllipticCylinder
from mcgen.experiment.volumes.frustum import Frustum
from mcgen.experiment.volumes.slab import Slab

VOLUMES: list[type[Volume]] = [
    Cylinder,
    EllipticCylinder,
    Box,
    Frustum,
    Slab,
]
"""Shapes that a card may give its decay volume; messages name them in this order."""

__all__ = ["VOLUMES", "Box", "Cylinder", "EllipticCylinder", "Frustum", "Slab", "Volume"]
