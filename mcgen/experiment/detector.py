"""The detector: planes, magnets and selections; who is seen, and which requirement fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from mcgen.experiment.cuts import Condition, Hits, Pairs
from mcgen.experiment.magnets import CHARGE, MagnetTable
from mcgen.experiment.planes import Plane
from mcgen.experiment.selection import SelectionTable
from mcgen.experiment.tables import ExperimentTable
from mcgen.physics.models import Outcome
from mcgen.record.tables import Daughters, Verdict
from mcgen.types import Array


@dataclass(frozen=True, slots=True)
class Requirement:
    """One requirement, as the record counts it."""

    code: int
    """In `failed`, where it is the first that fails; from 1."""
    name: str
    """What is asked."""
    selection: str
    """Whose it is: name or number of the selection, or empty."""

    @property
    def bit(self) -> int:
        """Number of the bit in `failed_bits`."""
        return self.code - 1


@dataclass(frozen=True)
class Detector:
    """Planes, magnets and selections of an experiment."""

    planes: tuple[Plane, ...]
    """In the order of the card."""
    magnets: tuple[MagnetTable, ...]
    """In the order of the card."""
    selections: tuple[SelectionTable, ...]
    """In the order of the card."""

    @cached_property
    def conditions(self) -> tuple[tuple[Condition, ...], ...]:
        """Conditions of each selection, in the order in which they are evaluated."""
        planes = {plane.name: plane for plane in self.planes}
        return tuple(selection.conditions(planes) for selection in self.selections)

    @cached_property
    def requirements(self) -> tuple[Requirement, ...]:
        """All requirements, codes counted from 1: no selection for the channel, then card order."""
        found = [Requirement(1, "a selection for the channel", "")]
        for index, (selection, conditions) in enumerate(zip(self.selections, self.conditions, strict=True)):
            for condition in conditions:
                found.append(Requirement(len(found) + 1, condition.name, selection.name or str(index)))
        return tuple(found)

    @property
    def axes(self) -> tuple[str, ...]:
        """Cube axes that the verdict consumes, those of its conditions."""
        used = (axis for conditions in self.conditions for one in conditions for axis in one.axes)
        return tuple(dict.fromkeys(used))

    def selection_for(self, channel: Outcome) -> int | None:
        """Index of the selection that applies to a channel, if there is one."""
        return next((i for i, s in enumerate(self.selections) if channel in s.channels), None)

    def narrowest_plane(self, channel: Outcome, front: float, entrance: float) -> Plane | None:
        """Plane that both daughters must meet and that looks smallest from the axis, if there is one.

        An accepted boson points into the convex hull of each: where its line meets the plane is the mean of
        where its daughters do, weighted with their longitudinal momenta. Magnets give them opposite kicks, which
        leave that mean where it is.

        Parameters
        ----------
        front : place on the axis from which it is looked at [m]
        entrance : place behind it that the plane has to be behind [m]; nobody in a plane before that is a daughter
        """
        index = self.selection_for(channel)
        required = () if index is None else self.selections[index].planes
        planes = [plane for plane in self.planes if plane.name in required and plane.z_m > entrance]
        return min(
            planes,
            key=lambda plane: plane.half_width(0) * plane.half_width(1) / (plane.z_m - front) ** 2,
            default=None,
        )

    def trace(self, daughters: Daughters, point: Array) -> Hits:
        """Follow both daughters from their vertex (3, n) [m] through the magnets to all planes."""
        first = self._trace_one(daughters.pdgs[0], daughters.first, point)
        second = self._trace_one(daughters.pdgs[1], daughters.second, point)
        return {plane.name: (first[plane.name], second[plane.name]) for plane in self.planes}

    @np.errstate(divide="ignore", invalid="ignore", over="ignore")  # daughters without pz get nowhere
    def _trace_one(self, pdg: int, momentum: Array, point: Array) -> dict[str, Array]:
        """Positions of one daughter at all planes, element by element along z.

        A magnet acts on daughters that are born before it. One that would be turned round is lost.
        """
        charge = CHARGE.get(pdg, 0)
        x0, y0, z0 = point
        momentum = momentum[:3]
        sx, sy = np.where(momentum[2] > 0.0, momentum[:2] / momentum[2], np.nan)
        hits = {}
        elements: list[Plane | MagnetTable] = [*self.planes, *self.magnets]
        for element in sorted(elements, key=lambda e: e.z_m):
            dz = element.z_m - z0
            if isinstance(element, Plane):
                ahead = np.where(element.z_m > point[2], dz, np.nan)
                hits[element.name] = np.stack([x0 + sx * ahead, y0 + sy * ahead])
            elif charge:
                acts = element.z_m > point[2]
                x0, y0 = np.where(acts, x0 + sx * dz, x0), np.where(acts, y0 + sy * dz, y0)
                z0 = np.where(acts, element.z_m, z0)
                momentum = np.where(acts, element.kicked(momentum, charge), momentum)
                sx, sy = np.where(acts, momentum[:2] / momentum[2], (sx, sy))
        return hits

    def judge(self, channel: Outcome, daughters: Daughters, point: Array, u: Mapping[str, Array]) -> Verdict:
        """Evaluate all requirements of the selection that applies to the channel.

        Parameters
        ----------
        point : (3, n) decay points [m]
        u : coordinates (n,) in [0, 1) by axis, `axes` among them
        """
        hits = self.trace(daughters, point)
        n = point.shape[1]
        if not self.selections:
            return Verdict(hits, np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.uint64))
        index = self.selection_for(channel)
        if index is None:
            return Verdict(hits, np.ones(n, dtype=np.int64), np.ones(n, dtype=np.uint64))
        pairs = Pairs(daughters, point, hits, u)
        failed = np.zeros(n, dtype=np.int64)
        bits = np.zeros(n, dtype=np.uint64)
        before = sum(map(len, self.conditions[:index]))
        for code, condition in enumerate(self.conditions[index], 2 + before):
            lost = ~condition.passed(pairs)
            failed = np.where((failed == 0) & lost, code, failed)
            bits |= lost.astype(np.uint64) << np.uint64(code - 1)
        return Verdict(hits, failed, bits)


def detector_of(experiment: ExperimentTable) -> Detector:
    """Build the detector of an experiment."""
    return Detector(experiment.plane, experiment.magnet, experiment.selection)
