"""Planes: a file a shape, and a line a shape in the registry."""

from mcgen.experiment.planes.base import Plane
from mcgen.experiment.planes.circle import CirclePlane
from mcgen.experiment.planes.ellipse import EllipsePlane
from mcgen.experiment.planes.octagon import OctagonPlane
from mcgen.experiment.planes.rectangle import RectanglePlane

PLANES: list[type[Plane]] = [
    CirclePlane,
    EllipsePlane,
    RectanglePlane,
    OctagonPlane,
]
"""Shapes that a card may give its planes; messages name them in this order."""

__all__ = ["PLANES", "CirclePlane", "EllipsePlane", "OctagonPlane", "Plane", "RectanglePlane"]
