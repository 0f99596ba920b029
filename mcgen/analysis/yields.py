"""What a run yields: expected numbers of events with both errors, cut flow, effective sample size."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import sqrt

import numpy as np

from mcgen.errors import reasons
from mcgen.metadata import CutFlowStep, FluxSummary, Metadata, Outcome, Provenance, Yield
from mcgen.physics.models import OUTCOMES
from mcgen.record.columns import AnyArray, named_weights, weight_column
from mcgen.sources.bremsstrahlung import Bremsstrahlung
from mcgen.sources.registry import process_codes
from mcgen.types import Array, Bools, Ints
from mcgen.weights import effective_size, integration_error

Sums = Mapping[str, AnyArray]
"""What a `Tally` is made of: small arrays by name, which add up over the parts of a run."""

LABELS = {"fiducial": "decays in the decay volume", "accepted": "accepted"}
"""What people call the yields."""

_Kind = tuple[int, int, bool]
"""Codes of process and channel, and whether the event is accepted."""


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
        self.add_placed(weight, *placed(group))

    def add_placed(self, weight: Array, there: Ints, place: Ints) -> None:
        """Count events by their weights, and the places (k,) of their groups among those that are there."""
        self._sum[there] += np.bincount(place, weights=weight, minlength=len(there))
        self._square[there] += np.bincount(place, weights=weight * weight, minlength=len(there))

    def sums(self) -> tuple[Ints, Array, Array]:
        """Groups that were there, and their sums of weights and of squared weights."""
        there = np.flatnonzero(self._sum)
        return there, self._sum[there], self._square[there]

    def add_sums(self, there: Ints, total: Array, square: Array) -> None:
        """Count what another tally has counted."""
        self._sum[there] += total
        self._square[there] += square

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
            mc_error=integration_error(total, square, points),
            flux_error=sqrt(max(scale * by_group, 0.0)),
            effective_size=effective_size(self._sum, self._square),
        )


def placed(group: Ints) -> tuple[Ints, Ints]:
    """Groups (k,) that are there, and the place (n,) among them of each event's group (n,)."""
    # Not all groups: a histogram over those of a flux of millions costs more than a chunk.
    there, place = np.unique(group, return_inverse=True)
    return there, place


_KEYS = ("groups", "sum", "square")

_VARIED = "varied_"
"""What names of sums of variations begin with."""


class Tally:
    """Fiducial and accepted yields, in all, by process and channel, and of variations, and the cut flow, of a run.

    Parameters
    ----------
    provenance : of the run: what it draws, and from what
    """

    def __init__(self, provenance: Provenance) -> None:
        self._provenance = provenance
        self._kinds: dict[_Kind, YieldTally] = {}
        self._varied: dict[tuple[str, bool], YieldTally] = {}
        self._lost = np.zeros(len(provenance.requirements) + 1)
        self._excess = 0.0

    def add(self, record: Mapping[str, AnyArray]) -> None:
        """Count a chunk of events, rejected ones included."""
        weight, group = record["weight"], record["parent_group"]
        accepted: Bools = record["accepted"]
        code = 2 * (record["process"].astype(np.int64) * len(OUTCOMES) + record["channel"]) + accepted
        for number in np.flatnonzero(np.bincount(code)).tolist():
            process, channel = divmod(number // 2, len(OUTCOMES))
            rows = code == number
            self._of(process, channel, bool(number % 2)).add(weight[rows], group[rows])
        self._add_varied(record)
        self._lost += np.bincount(record["failed"], weights=weight, minlength=len(self._lost))
        if self._provenance.common_weight is not None:
            flat = weight[accepted] if self._provenance.accepted_only else weight
            self._excess += float(np.maximum(flat - self._provenance.common_weight, 0.0).sum())

    def _add_varied(self, record: Mapping[str, AnyArray]) -> None:
        """Count the weights of variations."""
        if not (names := named_weights(record)):
            return
        for accepted in (False, True):
            rows = np.flatnonzero(record["accepted"] == accepted)
            there, place = placed(record["parent_group"].take(rows))
            for name in names:
                self._of_varied(name, accepted).add_placed(record[name].take(rows), there, place)

    def sums(self) -> Sums:
        """Return all that was counted, as arrays by name."""
        sums: dict[str, AnyArray] = {"lost": self._lost, "excess": np.array([self._excess])}
        for kind, tally in self._kinds.items():
            name = "_".join(str(int(value)) for value in kind)
            sums |= {f"{name}_{key}": values for key, values in zip(_KEYS, tally.sums(), strict=True)}
        for (column, accepted), tally in self._varied.items():
            name = f"{_VARIED}{column}_{int(accepted)}"
            sums |= {f"{name}_{key}": values for key, values in zip(_KEYS, tally.sums(), strict=True)}
        return sums

    def add_sums(self, sums: Sums) -> None:
        """Count what another tally of the same run has counted."""
        self._lost += sums["lost"]
        self._excess += float(sums["excess"][0])
        for name in (name.removesuffix("_sum") for name in sums if name.endswith("_sum")):
            there, total, square = (sums[f"{name}_{key}"] for key in _KEYS)
            if name.startswith(_VARIED):
                column, _, flag = name.removeprefix(_VARIED).rpartition("_")
                self._of_varied(column, bool(int(flag))).add_sums(there, total, square)
                continue
            process, channel, accepted = (int(value) for value in name.split("_"))
            self._of(process, channel, bool(accepted)).add_sums(there, total, square)

    def _of(self, process: int, channel: int, accepted: bool) -> YieldTally:
        kind = process, channel, accepted
        if kind not in self._kinds:
            self._kinds[kind] = YieldTally(self._provenance.flux.groups)
        return self._kinds[kind]

    def _of_varied(self, column: str, accepted: bool) -> YieldTally:
        if (column, accepted) not in self._varied:
            self._varied[column, accepted] = YieldTally(self._provenance.flux.groups)
        return self._varied[column, accepted]

    def yields(self) -> dict[str, Yield]:
        """Return the yields in the decay volume ("fiducial") and after all requirements ("accepted")."""
        return self._yields()

    def by_process(self) -> dict[str, dict[str, Yield]]:
        """Return the yields of the processes that there are events of, by name, as `yields`."""
        names = process_codes()
        codes = sorted({process for process, _, _ in self._kinds})
        return {names.get(code, str(code)): self._yields(process=code) for code in codes}

    def by_channel(self) -> dict[str, dict[str, Yield]]:
        """Return the yields of the channels that there are events of, by name, as `yields`."""
        codes = sorted({channel for _, channel, _ in self._kinds})
        return {OUTCOMES[code]: self._yields(channel=code) for code in codes}

    def variations(self) -> dict[str, dict[str, Yield]]:
        """Return the yields with the weights of the card's variations, by name, as `yields`."""
        found = {}
        for name in (variation.name for variation in self._provenance.card.variations):
            parts = [(flag, self._of_varied(weight_column(name), flag)) for flag in (True, False)]
            found[name] = self._joined(parts)
        return found

    def _yields(self, process: int | None = None, channel: int | None = None) -> dict[str, Yield]:
        """Yields of a process and of a channel, or of all."""
        return self._joined(
            [
                (accepted, part)
                for (of_process, of_channel, accepted), part in self._kinds.items()
                if process in (None, of_process) and channel in (None, of_channel)
            ]
        )

    def _joined(self, parts: Iterable[tuple[bool, YieldTally]]) -> dict[str, Yield]:
        """Yields of what was counted of events, accepted ones and others, in some parts."""
        found = {}
        for name, wanted in (("fiducial", (True, False)), ("accepted", (True,))):
            tally = YieldTally(self._provenance.flux.groups)
            for accepted, part in parts:
                if accepted in wanted:
                    tally.add_sums(*part.sums())
            value = tally.result(self._provenance.points)
            found[name] = value if self._provenance.flux.sampled else replace(value, flux_error=0.0)
        return found

    def cut_flow(self) -> tuple[CutFlowStep, ...]:
        """Yield left after each requirement, cumulatively; the first step is before any."""
        # Summed from the last requirement backwards, so that what is left is never a difference.
        left = self._lost[0] + np.append(np.cumsum(self._lost[:0:-1])[::-1], 0.0)
        names = [f"{r.selection}: {r.name}".removeprefix(": ") for r in self._provenance.requirements]
        steps = zip(["decays in volume", *names], left, strict=True)
        return tuple(CutFlowStep(name, float(value)) for name, value in steps)

    def outcome(self, events: int, digests: Mapping[str, str] | None = None) -> Outcome:
        """Return what is known at the end.

        Parameters
        ----------
        events : number of rows of the record
        digests : of its columns, if they went to a file
        """
        yields = self.yields()
        overflow = None
        if self._provenance.common_weight is not None:
            total = yields["accepted" if self._provenance.accepted_only else "fiducial"].value
            overflow = self._excess / total if total > 0.0 else 0.0
        return Outcome(
            events=events,
            accepted=yields["accepted"],
            fiducial=yields["fiducial"],
            cut_flow=self.cut_flow(),
            by_process=self.by_process(),
            by_channel=self.by_channel(),
            variations=self.variations(),
            remark=_remark(self._provenance.flux, yields),
            overflow=overflow,
            digests=digests or {},
        )


def listed(outcome: Outcome) -> Iterator[tuple[str, Yield]]:
    """Yield the yields of an outcome with what people call them: in all, and of each of several processes and channels."""
    for kind, value in outcome.yields.items():
        yield LABELS[kind], value
        for shares in (outcome.by_process, outcome.by_channel):
            if len(shares) > 1:
                yield from ((f"  {name}", yields[kind]) for name, yields in shares.items() if kind in yields)


def origin(metadata: Metadata) -> str:
    """Say in a line what makes the bosons, by which method, and what they decay into: where there are events, of those."""
    card, outcome = metadata.provenance.card, metadata.outcome
    processes = ", ".join(
        f"{name} ({card.production.method})" if name == Bremsstrahlung.name else name
        for name in outcome.by_process or card.production.processes
    )
    if metadata.provenance.is_collision:
        return f"by {processes}"
    return f"by {processes}; into {', '.join(outcome.by_channel or card.model.open_channels())}"


def _remark(flux: FluxSummary, yields: Mapping[str, Yield]) -> str:
    """Say in a sentence why nothing came out; empty if something did."""
    if not flux.used:
        return f"No particle of the flux can contribute: {reasons(flux.left_out)}."
    if yields["fiducial"].value == 0.0:
        return "No boson decays in the decay volume: all decay long before or far behind it, or miss it."
    if yields["accepted"].value == 0.0:
        return "No decay fulfils all requirements of a selection."
    return ""
