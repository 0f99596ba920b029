"""The particles of the flux that can contribute, with what is fixed for each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from mcgen.experiment.volumes import Volume
from mcgen.physics.kinematics import norm
from mcgen.record.tables import Parent
from mcgen.types import Array, Bools, Ints

_CELLS = (24, 40)
"""Bins in energy and in angle within which parents of one particle share their importance."""


@dataclass(frozen=True)
class ParentTable:
    """Parents that can contribute, in the order of their cells of energy and angle."""

    parent: Parent
    """m of them."""
    direction: Array
    """(3, m) unit vectors."""
    cells: tuple[Ints, Ints]
    """(m,) numbers of the bin in energy, and of the cell in energy and angle, of each particle."""
    left_out: Mapping[str, int]
    """Numbers of the candidates that are not here, by reason."""

    def __len__(self) -> int:
        return len(self.parent)

    def take(self, place: Ints) -> tuple[Parent, Array]:
        """Return the parents at some places (k,) of the table, and their directions (3, k)."""
        return self.parent.take(place), self.direction.take(place, axis=1)


def direction_of(parent: Parent) -> Array:
    """Unit vectors (3, n) of parents; 0 of those at rest."""
    momentum = parent.momentum[:3]
    direction: Array = momentum / np.maximum(norm(momentum), 1e-300)
    return direction


def parent_table(candidates: Parent, volume: Volume, tests: Mapping[str, Bools]) -> ParentTable:
    """Select the parents that can contribute, and count the others.

    Parameters
    ----------
    candidates : n particles of the flux
    volume : the decay volume; parents are alike if they have similar energies and angles to its exit
    tests : what they have to pass (n,), by the reason to leave out those that do not
    """
    keep = np.ones(len(candidates), dtype=bool)
    left_out = {}
    for reason, passed in ({"zero_rate": candidates.rate > 0.0} | dict(tests)).items():
        left_out[reason] = int((keep & ~passed).sum())
        keep &= passed
    chosen = candidates.take(np.flatnonzero(keep))
    cell = _cells(chosen, volume)
    # In the order of the cells, so that the VEGAS map can follow the importance along this axis.
    order = np.argsort(cell, kind="stable")
    parent, cell = chosen.take(order), cell[order]
    return ParentTable(parent, direction_of(parent), (cell // _CELLS[1], cell), left_out)


def _cells(parent: Parent, volume: Volume) -> Ints:
    """Cell of each parent in particle, ln E and in the log of the angle to the centre of the decay volume's exit."""
    if not len(parent):
        return np.zeros(0, dtype=np.int64)
    aim = np.array([*volume.centre_m, volume.z_m[1]])[:, None] - parent.position
    miss = np.clip(norm(direction_of(parent) - aim / np.maximum(norm(aim), 1e-300)), 1e-4, 2.0)
    # Of each particle first: what a kaon yields is not what a pion does.
    number: Ints = np.unique(np.abs(parent.pdg), return_inverse=True)[1].astype(np.int64)
    for value, bins in zip((np.log(parent.momentum[3]), np.log(miss)), _CELLS, strict=True):
        edges = np.linspace(value.min(), value.max(), bins + 1)[1:-1]
        number = number * bins + np.searchsorted(edges, value)
    return number
