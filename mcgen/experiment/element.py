"""What stands at one place along the beam."""

from __future__ import annotations

from mcgen.fields import Metres, Name, Table


class Element(Table):
    """A plane or a magnet."""

    name: Name
    """Name; that of a plane is part of the names of columns."""
    z_m: Metres
    """Place along the beam [m]; of a magnet its centre."""
