"""What a run yields: expected numbers of events with both errors, cut flow, effective sample size."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import sqrt
from typing import Any

import numpy as np

from mcgen.experiment.detector import Requirement
from mcgen.record.columns import AnyArray
from mcgen.types import Array, Bools, Ints


@dataclass(frozen=True, slots=True)
class Yield:
    """An expected number of events for the exposure.

    Attributes
    ----------
    value : sum of weights
    mc_error : integration error, sqrt((n sum w^2 - (sum w)^2)/(n - 1)) over all n points of the run
    flux_error : from the finite number of muons in the flux file; 0 for a beam
    effective_size : (sum w)^2/sum w^2
    """

    value: float
    mc_error: float
    flux_error: float
    effective_size: float

    @property
    def total_error(self) -> float:
        """Both errors in quadrature."""
        return sqrt(self.mc_error**2 + self.flux_error**2)


def yield_of(weight: Array, group: Ints, points: int) -> Yield:
    """Yield of some events of a run, any selection of its rows.

    Parameters
    ----------
    weight, group : (k,) of the selected events, columns `weight` and `parent_group`
    points : number n of all points of the run
    """
    tally = YieldTally(int(group.max(initial=0)) + 1)
    tally.add(weight, group)
    return tally.result(points)


class YieldTally:
    """Sums from which a yield and its errors follow, filled chunk by chunk.

    Parameters
    ----------
    groups : number of groups of rows of the flux that are independent of each other
    """

    def __init__(self, groups: int) -> None:
        self._sum = np.zeros(groups)
        self._square = np.zeros(groups)

    def add(self, weight: Array, group: Ints) -> None:
        """Count events by their weights and groups of rows of the flux."""
        # Only of the groups that are there: a histogram over all of a flux of millions costs more than a chunk.
        there, place = np.unique(group, return_inverse=True)
        self._sum[there] += np.bincount(place, weights=weight, minlength=len(there))
        self._square[there] += np.bincount(place, weights=weight * weight, minlength=len(there))

    def result(self, points: int) -> Yield:
        """Yield of the run's `points` points.

        Groups of rows of a flux file are independent; n/(n-1) sum_groups [(sum_group w)^2 - sum_group w^2] is an
        unbiased estimate of the sum of their squared yields, the variance of a Poisson sample.
        """
        total, square = float(self._sum.sum()), float(self._square.sum())
        scale = points / (points - 1)
        by_group = float((self._sum * self._sum - self._square).sum())
        return Yield(
            value=total,
            mc_error=sqrt(max((points * square - total * total) / (points - 1), 0.0)),
            flux_error=sqrt(max(scale * by_group, 0.0)),
            effective_size=total * total / square if square > 0.0 else 0.0,
        )


class Tally:
    """Fiducial and accepted yields, and the cut flow, of a run.

    Parameters
    ----------
    groups : number of groups of rows of the flux that are independent of each other
    sampled : whether they are a sample; otherwise there is no flux error
    requirements : of the detector, in the order of their codes
    ceiling : weight that unweighted events have in common
    accepted_only : whether only accepted events are unweighted
    """

    def __init__(
        self,
        groups: int,
        sampled: bool,
        requirements: Sequence[Requirement],
        ceiling: float | None = None,
        accepted_only: bool = False,
    ) -> None:
        self._fiducial = YieldTally(groups)
        self._accepted = YieldTally(groups)
        self._sampled = sampled
        self._requirements = requirements
        self._lost = np.zeros(len(requirements) + 1)
        self._ceiling, self._accepted_only = ceiling, accepted_only
        self._excess = 0.0

    def add(self, record: Mapping[str, AnyArray]) -> None:
        """Count a chunk of events, rejected ones included."""
        weight, group = record["weight"], record["parent_group"]
        accepted: Bools = record["accepted"]
        self._fiducial.add(weight, group)
        self._accepted.add(weight[accepted], group[accepted])
        self._lost += np.bincount(record["failed"], weights=weight, minlength=len(self._lost))
        if self._ceiling is not None:
            flat = weight[accepted] if self._accepted_only else weight
            self._excess += float(np.maximum(flat - self._ceiling, 0.0).sum())

    def yields(self, points: int) -> dict[str, Yield]:
        """Return the yields in the decay volume ("fiducial") and after all requirements ("accepted")."""
        yields = {"fiducial": self._fiducial.result(points), "accepted": self._accepted.result(points)}
        return yields if self._sampled else {k: replace(y, flux_error=0.0) for k, y in yields.items()}

    def cut_flow(self) -> list[dict[str, Any]]:
        """Yield left after each requirement, cumulatively; the first entry is before any."""
        # Summed from the last requirement backwards, so that what is left is never a difference.
        left = self._lost[0] + np.append(np.cumsum(self._lost[:0:-1])[::-1], 0.0)
        names = [f"{r.selection}: {r.name}".removeprefix(": ") for r in self._requirements]
        flow = zip(["decays in volume", *names], left, strict=True)
        return [{"requirement": name, "yield": float(value)} for name, value in flow]

    def summary(self, points: int) -> dict[str, Any]:
        """Return yields, cut flow and, of unweighted events, common weight and overflow as plain data."""
        yields = self.yields(points)
        summary: dict[str, Any] = {
            "yield": {name: asdict(value) for name, value in yields.items()},
            "cut_flow": self.cut_flow(),
        }
        if self._ceiling is not None:
            total = yields["accepted" if self._accepted_only else "fiducial"].value
            overflow = self._excess / total if total > 0.0 else 0.0
            summary["unweighted"] = {"weight": self._ceiling, "overflow": overflow}
        return summary


def tally_of(provenance: Mapping[str, Any]) -> Tally:
    """Return an empty tally for a run."""
    requirements = [Requirement(r["code"], r["name"], r["selection"]) for r in provenance["requirements"]]
    ceiling = provenance.get("unweighted", {}).get("weight")
    accepted_only = provenance["card"]["run"]["write"] == "accepted"
    flux = provenance["flux"]
    return Tally(flux["groups"], flux["sampled"], requirements, ceiling, accepted_only)
