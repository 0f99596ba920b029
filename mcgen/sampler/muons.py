"""The muons that can contribute, with what is fixed for each of them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.experiment.detector import path_through
from mcgen.experiment.dump import Dump
from mcgen.experiment.tables import VolumeTable
from mcgen.flux.flux import Flux
from mcgen.physics.kinematics import norm, on_shell
from mcgen.record.tables import Muon
from mcgen.types import Array, Bools, Ints

_CELLS = (16, 24)
"""Bins in energy and in angle within which muons share their importance."""


@dataclass(frozen=True)
class MuonTable:
    """Muons inside the dump that can emit, in the order of their cells of energy and angle.

    Attributes
    ----------
    muon : (m,) rows, rates, positions and momenta at production
    direction : (3, m) unit vectors
    length : (m,) path along which the muon can emit [m]
    groups : (m,) numbers of the bin in energy, and of the cell in energy and angle
    left_out : muons of the flux file that are not here, by reason
    """

    muon: Muon
    direction: Array
    length: Array
    groups: tuple[Ints, Ints]
    left_out: dict[str, int]

    def __len__(self) -> int:
        return len(self.length)

    def take(self, place: Ints) -> tuple[Muon, Array, Array]:
        """Muons, directions and lengths at some places of the table."""
        m = self.muon
        chosen = Muon(
            row=m.row.take(place),
            pdg=m.pdg.take(place),
            rate=m.rate.take(place),
            position=m.position.take(place, axis=1),
            momentum=m.momentum.take(place, axis=1),
        )
        return chosen, self.direction.take(place, axis=1), self.length.take(place)


def muon_table(flux: Flux, dump: Dump, volume: VolumeTable, min_energy: float, collinear: bool) -> MuonTable:
    """Select the muons that can contribute, and count the others.

    Parameters
    ----------
    min_energy : total energy that a muon needs at emission [GeV]
    collinear : whether the boson keeps the direction that the muon has at production: then muons
        whose ray misses the decay volume are left out
    """
    energy = on_shell(flux.momentum, MUON_MASS)[3]
    direction = flux.momentum / np.maximum(norm(flux.momentum), 1e-300)
    tests: dict[str, Bools] = {
        "not_muons": np.abs(flux.pdg) == 13,
        "zero_rate": flux.rate > 0.0,
        "outside_dump": dump.contains(flux.position),
        "backwards": flux.momentum[2] > 0.0,
        "below_min_energy": energy > min_energy,
    }
    if collinear:
        tests["misses_decay_volume"] = path_through(volume, flux.position, direction)[1] > 0.0
    keep = np.ones(len(flux), dtype=bool)
    left_out = dict(flux.dropped)
    for reason, passed in tests.items():
        left_out[reason] = int((keep & ~passed).sum())
        keep &= passed
    row = np.flatnonzero(keep)
    cell = _cells(energy[row], direction[:, row], flux.position[:, row], volume)
    # In the order of the cells, so that the VEGAS map can follow the importance along this axis.
    order = np.argsort(cell, kind="stable")
    row, cell = row[order], cell[order]
    direction = np.ascontiguousarray(direction[:, row])
    position = np.ascontiguousarray(flux.position[:, row])
    momentum = on_shell(flux.momentum[:, row], MUON_MASS)
    # Without a muon the threshold may be beyond what the energy loss knows.
    length = dump.emission_path(position, direction, momentum[3], min_energy) if len(row) else np.zeros(0)
    muon = Muon(flux.row[row], flux.pdg[row], flux.rate[row], position, momentum)
    return MuonTable(muon, direction, length, (cell // _CELLS[1], cell), left_out)


def _cells(energy: Array, direction: Array, position: Array, volume: VolumeTable) -> Ints:
    """Cell of each muon in ln E and in the log of the angle to the centre of the decay volume's entrance."""
    if not len(energy):
        return np.zeros(0, dtype=np.int64)
    aim = np.array([*volume.centre_m, volume.z_m[0]])[:, None] - position
    miss = np.clip(norm(direction - aim / norm(aim)), 1e-4, 2.0)
    number = np.zeros(len(energy), dtype=np.int64)
    for value, bins in zip((np.log(energy), np.log(miss)), _CELLS, strict=True):
        edges = np.linspace(value.min(), value.max(), bins + 1)[1:-1]
        number = number * bins + np.searchsorted(edges, value)
    return number
