"""Decay volume, planes, magnets and requirements: who is seen.

The tables of the experiment card are the geometry; the functions here ask them questions.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mcgen.experiment.tables import (
    Box,
    CirclePlane,
    Cylinder,
    EllipsePlane,
    EllipticCylinder,
    ExperimentTable,
    Frustum,
    MagnetTable,
    OctagonPlane,
    PlaneTable,
    RectanglePlane,
    SelectionTable,
    Slab,
    VolumeTable,
)
from mcgen.physics.kinematics import ellipse_interval, halfspace_interval, slab_interval
from mcgen.physics.models import DAUGHTERS, Outcome
from mcgen.record.tables import Daughters, Verdict
from mcgen.types import Array, Bools

CHARGE = {11: -1, 13: -1, 15: -1, -11: 1, -13: 1, -15: 1}
"""Charges by PDG code; all others are neutral."""

Hits = dict[str, tuple[Array, Array]]
"""(x, y) [m], shape (2, n), of both daughters at each plane; NaN where one is not there."""


def path_through(volume: VolumeTable, position: Array, direction: Array) -> tuple[Array, Array]:
    """Path lengths at which rays enter and leave a decay volume.

    Parameters
    ----------
    position, direction : (3, n) starting points [m] and unit directions

    Returns
    -------
    path_in, path_out : (n,) [m], 0 <= path_in < path_out; both 0 where the ray misses
    """
    x, y = position[0] - volume.centre_m[0], position[1] - volume.centre_m[1]
    vx, vy, vz = direction
    intervals = [slab_interval(position[2], vz, *volume.z_m)]
    match volume:
        case Cylinder():
            intervals.append(ellipse_interval(x, y, vx, vy, (volume.radius_m, volume.radius_m)))
        case EllipticCylinder():
            intervals.append(ellipse_interval(x, y, vx, vy, volume.semi_axes_m))
        case Box():
            for u, v, half in ((x, vx, volume.half_width_m[0]), (y, vy, volume.half_width_m[1])):
                intervals.append(slab_interval(u, v, -half, half))
        case Frustum():
            intervals += _frustum_intervals(volume, (x, y, position[2]), (vx, vy, vz))
        case Slab():
            pass
    enter = np.maximum(np.max([i[0] for i in intervals], axis=0), 0.0)
    leave = np.min([i[1] for i in intervals], axis=0)
    hit = enter < leave
    return np.where(hit, enter, 0.0), np.where(hit, leave, 0.0)


def _frustum_intervals(
    volume: Frustum, position: tuple[Array, Array, Array], direction: tuple[Array, Array, Array]
) -> Iterator[tuple[Array, Array]]:
    """Intervals inside each of the four inclined sides."""
    length = volume.z_m[1] - volume.z_m[0]
    z, vz = position[2] - volume.z_m[0], direction[2]
    for axis in (0, 1):
        start = volume.half_width_in_m[axis]
        slope = (volume.half_width_out_m[axis] - start) / length
        for sign in (1.0, -1.0):
            distance = sign * position[axis] - start - slope * z
            yield halfspace_interval(distance, sign * direction[axis] - slope * vz)


def inside(plane: PlaneTable, x: Array, y: Array) -> Bools:
    """Whether points (n,) [m] are within a plane's aperture and outside its hole; NaN is not."""
    x, y = x - plane.centre_m[0], y - plane.centre_m[1]
    match plane:
        case CirclePlane():
            within = x * x + y * y <= plane.radius_m**2
        case EllipsePlane():
            a, b = plane.semi_axes_m
            within = (x / a) ** 2 + (y / b) ** 2 <= 1.0
        case RectanglePlane():
            within = (np.abs(x) <= plane.half_width_m[0]) & (np.abs(y) <= plane.half_width_m[1])
        case OctagonPlane():
            half_x, half_y = plane.half_width_m
            ax, ay = np.abs(x), np.abs(y)
            within = (ax <= half_x) & (ay <= half_y) & (ax + ay <= plane.max_sum_m)
    if plane.hole_radius_m > 0.0:
        within &= x * x + y * y >= plane.hole_radius_m**2
    return within


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement: its code in `failed`, its bit in `failed_bits`, what and whose it is."""

    code: int
    name: str
    selection: str

    @property
    def bit(self) -> int:
        """Number of the bit in `failed_bits`."""
        return self.code - 1


@dataclass(frozen=True)
class Detector:
    """Planes, magnets and selections of an experiment."""

    planes: tuple[PlaneTable, ...]
    magnets: tuple[MagnetTable, ...]
    selections: tuple[SelectionTable, ...]

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """All requirements, codes counted from 1: no selection for the channel, then card order."""
        found = [Requirement(1, "a selection for the channel", "")]
        for index, selection in enumerate(self.selections):
            for name in _requirement_names(selection):
                found.append(Requirement(len(found) + 1, name, selection.name or str(index)))
        return tuple(found)

    @property
    def axes(self) -> tuple[str, ...]:
        """Cube axes that the verdict consumes: one if any selection has an efficiency below 1."""
        return ("efficiency",) if any(s.efficiency < 1.0 for s in self.selections) else ()

    def selection_for(self, channel: Outcome) -> int | None:
        """Index of the selection that applies to a channel, if there is one."""
        return next((i for i, s in enumerate(self.selections) if channel in s.channels), None)

    def unbent_plane(self, channel: Outcome) -> PlaneTable | None:
        """First plane that both daughters must meet and that no magnet bends them before, if there is one.

        An accepted boson points into its convex hull: where its line meets the plane is the mean of where
        its daughters do, weighted with their longitudinal momenta.
        """
        index = self.selection_for(channel)
        if index is None:
            return None
        required = [plane for plane in self.planes if plane.name in self.selections[index].planes]
        first = min(required, key=lambda plane: plane.z_m, default=None)
        bending = [m.z_m for m in self.magnets] if DAUGHTERS[channel][0] in CHARGE else []
        if first is None or min(bending, default=np.inf) < first.z_m:
            return None
        return first

    def trace(self, daughters: Daughters, point: Array) -> Hits:
        """Follow both daughters from their vertex (3, n) [m] through the magnets to all planes."""
        first = self._trace_one(daughters.pdgs[0], daughters.first, point)
        second = self._trace_one(daughters.pdgs[1], daughters.second, point)
        return {plane.name: (first[plane.name], second[plane.name]) for plane in self.planes}

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")  # daughters without pz get nowhere
    def _trace_one(self, pdg: int, momentum: Array, point: Array) -> dict[str, Array]:
        """Positions of one daughter at all planes, element by element along z.

        A dipole adds its kick to (px, py) of charge +1 at its centre and keeps |p|; it acts on
        daughters that are born before it. One that would be turned round is lost.
        """
        charge = CHARGE.get(pdg, 0)
        x0, y0, z0 = point
        px, py, pz = momentum[0], momentum[1], momentum[2]
        sx, sy = np.where(pz > 0.0, (px / pz, py / pz), np.nan)
        hits = {}
        for element in sorted([*self.planes, *self.magnets], key=lambda e: e.z_m):
            dz = element.z_m - z0
            if not isinstance(element, MagnetTable):
                ahead = np.where(element.z_m > point[2], dz, np.nan)
                hits[element.name] = np.stack([x0 + sx * ahead, y0 + sy * ahead])
            elif charge:
                acts = element.z_m > point[2]
                x0, y0 = np.where(acts, x0 + sx * dz, x0), np.where(acts, y0 + sy * dz, y0)
                z0 = np.where(acts, element.z_m, z0)
                square = px * px + py * py + pz * pz
                px = np.where(acts, px + charge * element.kick_gev[0], px)
                py = np.where(acts, py + charge * element.kick_gev[1], py)
                left = square - px * px - py * py
                pz = np.sqrt(np.where(acts, np.where(left > 0.0, left, np.nan), pz * pz))
                sx, sy = np.where(acts, (px / pz, py / pz), (sx, sy))
        return hits

    def judge(self, channel: Outcome, daughters: Daughters, point: Array, luck: Array | None) -> Verdict:
        """Evaluate all requirements of the selection that applies to the channel.

        Parameters
        ----------
        point : (3, n) decay points [m]
        luck : (n,) uniform in [0, 1), compared with the selection's efficiency, if it has one
        """
        hits = self.trace(daughters, point)
        n = point.shape[1]
        if not self.selections:
            return Verdict(hits, np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.uint64))
        index = self.selection_for(channel)
        if index is None:
            return Verdict(hits, np.ones(n, dtype=np.int64), np.ones(n, dtype=np.uint64))
        selection = self.selections[index]
        code = 2 + sum(len(list(_requirement_names(s))) for s in self.selections[:index])
        failed = np.zeros(n, dtype=np.int64)
        bits = np.zeros(n, dtype=np.uint64)
        for passed in self._outcomes(selection, daughters, hits, luck):
            lost = ~passed
            failed = np.where((failed == 0) & lost, code, failed)
            bits |= lost.astype(np.uint64) << np.uint64(code - 1)
            code += 1
        return Verdict(hits, failed, bits)

    def _outcomes(
        self,
        selection: SelectionTable,
        daughters: Daughters,
        hits: Mapping[str, tuple[Array, Array]],
        luck: Array | None,
    ) -> Iterator[Bools]:
        """Whether each requirement is met, in the order of `_requirement_names`."""
        by_name = {plane.name: plane for plane in self.planes}
        for name in selection.planes:
            one, two = hits[name]
            yield inside(by_name[name], *one) & inside(by_name[name], *two)
        e1, e2 = daughters.first[3], daughters.second[3]
        if selection.min_energy_gev > 0.0:
            yield np.minimum(e1, e2) >= selection.min_energy_gev
        if selection.min_energy_sum_gev > 0.0:
            yield e1 + e2 >= selection.min_energy_sum_gev
        if selection.min_radius_m > 0.0:
            one, two = hits[selection.planes[-1]]
            yield np.minimum(np.hypot(*one), np.hypot(*two)) >= selection.min_radius_m
        if selection.min_separation_m > 0.0:
            one, two = hits[selection.planes[-1]]
            yield np.hypot(*(one - two)) >= selection.min_separation_m
        if selection.efficiency < 1.0:
            assert luck is not None
            yield luck < selection.efficiency


def _requirement_names(selection: SelectionTable) -> Iterator[str]:
    """Names of a selection's requirements, in the order in which they are evaluated."""
    for plane in selection.planes:
        yield f"both in {plane}"
    if selection.min_energy_gev > 0.0:
        yield f"each E >= {selection.min_energy_gev:g} GeV"
    if selection.min_energy_sum_gev > 0.0:
        yield f"sum of E >= {selection.min_energy_sum_gev:g} GeV"
    if selection.min_radius_m > 0.0:
        yield f"each r >= {selection.min_radius_m:g} m at {selection.planes[-1]}"
    if selection.min_separation_m > 0.0:
        yield f"separation >= {selection.min_separation_m:g} m at {selection.planes[-1]}"
    if selection.efficiency < 1.0:
        yield f"efficiency {selection.efficiency:g}"


def detector_of(experiment: ExperimentTable) -> Detector:
    """Build the detector of an experiment."""
    return Detector(experiment.plane, experiment.magnet, experiment.selection)
