"""The experiment from the side, and daughters on their way through it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcgen.events import Events
from mcgen.experiment.detector import Detector
from mcgen.experiment.planes import CirclePlane
from mcgen.experiment.tables import ExperimentTable
from mcgen.record.tables import Daughters
from mcgen.types import Array

_MARGIN = 0.03


@dataclass(frozen=True, slots=True)
class Display:
    """One event as lines of points (3, k) [m]: the boson from emission to decay, and both daughters."""

    boson: Array
    """(3, 2) from where it is made to its decay [m]."""
    daughters: tuple[Array, Array]
    """(3, k) of each, from the decay to where the view ends [m]."""


def z_range(experiment: ExperimentTable) -> tuple[float, float]:
    """Range [m] along the beam in which everything is, with a margin."""
    ends = [experiment.target.front, *experiment.decay_volume.z_m]
    ends += [element.z_m for element in (*experiment.plane, *experiment.magnet)]
    margin = _MARGIN * (max(ends) - min(ends))
    return min(ends) - margin, max(ends) + margin


def side_range(experiment: ExperimentTable, axis: int, spread: tuple[float, float]) -> tuple[float, float]:
    """Range [m] across the beam in which the axis, the decay volume and the planes are, with a margin.

    Parameters
    ----------
    spread : where the decays are: counts where the decay volume has no sides
    """
    volume = experiment.decay_volume
    extents = [(volume.centre_m[axis], max(volume.half_widths(axis)))]
    extents += [(plane.centre_m[axis], plane.half_width(axis)) for plane in experiment.plane]
    ends = [0.0, *(c + s * half for c, half in extents if np.isfinite(half) for s in (-1.0, 1.0))]
    if not np.isfinite(extents[0][1]):
        ends += [end for end in spread if np.isfinite(end)]
    low, high = min(ends), max(ends)
    margin = 0.15 * (high - low) or 1.0
    return low - margin, high + margin


def displays_of(events: Events, experiment: ExperimentTable, count: int, seed: int) -> tuple[Display, ...]:
    """Draw some events by weight, accepted ones if there are any, and follow their daughters.

    Parameters
    ----------
    events : to draw from
    count : number of events, or as many as there are
    seed : of the draw
    """
    followed = np.isfinite(events.decay_z) & (events.d1_pdg != 0)
    chosen = events[followed & events.accepted] if (followed & events.accepted).any() else events[followed]
    possible = int(np.count_nonzero(chosen.weight))
    if not possible:
        return ()
    draw = np.random.default_rng(seed)
    rows = draw.choice(
        len(chosen), size=min(count, possible), replace=False, p=chosen.weight / chosen.weight.sum()
    )
    return tuple(_display(chosen[i : i + 1], experiment) for i in rows)


def _display(event: Events, experiment: ExperimentTable) -> Display:
    """Follow the daughters of one event."""
    emission, decay = (
        np.stack([event[f"{name}_{axis}"] for axis in ("x", "y", "z")]) for name in ("emission", "decay")
    )
    first, second = (
        np.stack([event[f"{name}_{component}"] for component in ("px", "py", "pz", "e")])
        for name in ("d1", "d2")
    )
    # A plane wherever a track can have a kink, and one where the view ends: tracks are straight between.
    stops = sorted({m.z_m for m in experiment.magnet if m.z_m > decay[2, 0]} | {z_range(experiment)[1]})
    planes = tuple(  # not of a card, and not limited as there
        CirclePlane.model_construct(name=f"stop{i}", z_m=z, shape="circle", radius_m=1.0)
        for i, z in enumerate(stops)
    )
    hits = Detector(planes, experiment.magnet, ()).trace(
        Daughters((int(event.d1_pdg[0]), int(event.d2_pdg[0])), first, second, np.ones(1)), decay
    )
    tracks = []
    for daughter in (0, 1):
        places = [np.append(hits[plane.name][daughter][:, 0], plane.z_m) for plane in planes]
        tracks.append(np.stack([decay[:, 0], *places], axis=1))
    return Display(np.concatenate([emission, decay], axis=1), (tracks[0], tracks[1]))
