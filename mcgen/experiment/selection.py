"""Selections: which conditions the daughters of which channels have to fulfil."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, create_model

from mcgen.experiment.cuts import CUTS, BothIn, Condition, Cut
from mcgen.experiment.planes import Plane
from mcgen.fields import AsTuple, Name, Table
from mcgen.physics.models import Channel


class _Selection(Table):
    """Requirements on both daughters; the first selection that names the channel applies."""

    name: Name | None = None
    """Name in the cut flow; the selection's number if absent."""
    channels: Annotated[tuple[Channel, ...], AsTuple, Field(min_length=1)]
    """Decay channels that it is for."""
    planes: Annotated[tuple[Name, ...], AsTuple] = ()
    """Planes that both daughters have to meet."""

    @property
    def cuts(self) -> tuple[Cut, ...]:
        """The cuts that ask for something, in the order of the registry."""
        last = self.planes[-1] if self.planes else ""
        return tuple(cut(getattr(self, cut.key), last) for cut in CUTS if getattr(self, cut.key) != cut.off)

    def conditions(self, planes: Mapping[str, Plane]) -> tuple[Condition, ...]:
        """All conditions in the order in which they are evaluated.

        Parameters
        ----------
        planes : of the experiment, by name
        """
        return (*(BothIn(planes[name]) for name in self.planes), *self.cuts)


if TYPE_CHECKING:

    class SelectionTable(_Selection):
        """The same, with the keys of the cuts."""

        def __getattr__(self, key: str) -> float: ...

else:
    SelectionTable = create_model(
        "SelectionTable",
        __base__=_Selection,
        __module__=__name__,
        __doc__=_Selection.__doc__,
        **{cut.key: (cut.bounds, Field(default=cut.off, description=inspect.getdoc(cut))) for cut in CUTS},
    )
