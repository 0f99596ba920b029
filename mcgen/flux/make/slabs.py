"""The dump as hadrons and photons see it: slabs one behind the other, without sides, and lengths in them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mcgen.errors import UsageError
from mcgen.experiment.target import TargetTable
from mcgen.physics.matter import Material
from mcgen.types import Array, Bools, Ints

DEEP = 1e4
"""Length of a dump without end [m]."""

_LEVEL = 1e-9  # cosine to the z axis below which a ray would never leave its slab


def _nothing_there(what: str) -> UsageError:
    return UsageError(
        f"flux make: the dump has {what}, and hadrons are followed through matter only; give the layers in front of "
        "it with --layer"
    )


@dataclass(frozen=True, slots=True)
class Slabs:
    """Slabs of matter along z, unlimited across; outside there is nothing."""

    materials: tuple[Material, ...]
    """Of the L slabs, from the front to the back."""
    edges: tuple[float, ...]
    """(L + 1,) their faces, ascending [m]."""

    def __post_init__(self) -> None:
        if any(matter.is_vacuum for matter in self.materials):
            raise _nothing_there("a layer of vacuum")

    def __len__(self) -> int:
        return len(self.materials)

    @classmethod
    def of(cls, target: TargetTable) -> Slabs:
        """Return the layers of a card's target.

        Raises
        ------
        UsageError
            if there is a gap, or a layer of vacuum
        """
        places = target.places
        if any(before[1] < after[0] for before, after in pairwise(places)):
            raise _nothing_there("a gap between layers")
        return cls(
            tuple(layer.matter() for layer in target.layers), (places[0][0], *(end for _, end in places))
        )

    def enter_and_leave(self, z: Array, cosine: Array) -> tuple[Array, Array]:
        """Path lengths at which forward and backward rays enter and leave each slab.

        Parameters
        ----------
        z, cosine : (n,) where the rays begin [m], and their cosine to the z axis

        Returns
        -------
        (n, L) each [m], not negative; equal where the slab is not crossed
        """
        slope = np.where(np.abs(cosine) < _LEVEL, np.copysign(_LEVEL, cosine), cosine)
        crossing = (np.array(self.edges) - z[:, None]) / slope[:, None]
        one, two = crossing[:, :-1], crossing[:, 1:]
        return np.maximum(np.minimum(one, two), 0.0), np.maximum(np.maximum(one, two), 0.0)

    def lengths(self, z: Array, cosine: Array, path: Array | float = np.inf) -> Array:
        """Length (n, L) [m] of the first `path` [m] of rays that lies in each slab; all of it by default."""
        enter, leave = self.enter_and_leave(z, cosine)
        return np.clip(np.asarray(path)[..., None] - enter, 0.0, leave - enter)

    def first(self, z: Array, cosine: Array, rates: Array, depth: Array) -> tuple[Array, Ints, Bools]:
        """Find the path after which the integral of a rate along a ray is so large.

        Parameters
        ----------
        z, cosine : (n,) where the rays begin [m], and their cosine to the z axis
        rates : (n, L) per length in each slab [1/m]
        depth : (n,) the integral

        Returns
        -------
        path : (n,) [m]
        slab : (n,) number of the slab where that is
        inside : (n,) whether it is in a slab at all; if not, path and slab say nothing
        """
        enter, leave = self.enter_and_leave(z, cosine)
        step = np.where(cosine < 0.0, -1, 1)
        order = np.where(step[:, None] > 0, np.arange(len(self)), np.arange(len(self))[::-1])
        ordered = np.take_along_axis(rates * (leave - enter), order, axis=1)
        reached = np.cumsum(ordered, axis=1)
        count = (reached <= depth[:, None]).sum(axis=1)
        inside = count < len(self)
        row = np.arange(len(z))
        place = np.minimum(count, len(self) - 1)
        slab = order[row, place]
        before = reached[row, place] - ordered[row, place]
        with np.errstate(divide="ignore", invalid="ignore"):
            path = enter[row, slab] + (depth - before) / rates[row, slab]
        return np.where(inside, path, 0.0), slab, inside
