"""The sampler: an event is a pure function of a point in the unit hypercube."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from mcgen.errors import ProposalError
from mcgen.record.columns import Record
from mcgen.record.layout import layout
from mcgen.record.tables import History
from mcgen.sampler.process import Process
from mcgen.sampler.proposal import Ceiling, Component, Proposal
from mcgen.types import Array, Bools, Ints

BLOCK = 8192
"""Points that are worked on together; their arrays stay in the processor's cache."""


class Sampler:
    """Draws events of a process from a proposal.

    Raises
    ------
    ProposalError
        If the proposal was made for other axes, sources, channels or parents.
    """

    def __init__(self, process: Process, proposal: Proposal) -> None:
        needed = {name: ("parent", *process.axes(name)) for name in process.sources}
        if dict(proposal.axes) != needed:
            raise ProposalError(
                f"the proposal has the axes {_named(proposal.axes)}; the card needs {_named(needed)}: "
                "prepare a new one"
            )
        for component in proposal.components:
            known = component.channel in process.ratios
            if not known or component.parents.table != len(process.sources[component.source].parents):
                raise ProposalError("the proposal was made for another card or flux: prepare a new one")
        self.process = process
        self.proposal = proposal

    @property
    def dimension(self) -> int:
        """Number of the cube's axes; unweighted events have one more, which no map touches."""
        return self.proposal.dimension + (self.proposal.ceiling is not None)

    def history(self, component: Component, u: Array) -> History:
        """Events of one component at points (n, d - 1) of the cube without its first axis.

        The weight's mean over uniform points is the component's yield.
        """
        axes = self.proposal.axes[component.source]
        mapped, jacobian = component.map(u)
        coordinates = dict(zip(axes, np.ascontiguousarray(mapped.T), strict=True))
        place, probability = component.parents.choose(coordinates["parent"])
        history = self.process(component.source, component.channel, place, coordinates)
        return replace(history, weight=history.weight * (jacobian / probability))

    def events(
        self, u: Array, first: int = 0, points: int = 1, columns: Sequence[str] | None = None
    ) -> Record:
        """Events at points of the cube: rows of weight 0 are left out.

        Parameters
        ----------
        u : (n, d) points in [0, 1)
        first : index of the first point in its run
        points : number of points of the run, to which the weights are normalised
        columns : names of those that are wanted; default: all

        Returns
        -------
        The columns of the record, in the order of the points
        """
        histories = self.histories(u, points)
        parts = [layout(history, self.process.boson, first + rows) for rows, history in histories]
        return in_order(parts, parts[0] if columns is None else columns)

    def histories(self, u: Array, points: int) -> Iterator[tuple[Ints, History]]:
        """Histories of points (n, d) of the cube, some of one component at a time, and the numbers of their rows.

        Parameters
        ----------
        points : number of points of the run, to which the weights are normalised
        """
        ceiling = self.proposal.ceiling
        for rows, component in self._split(u):
            last = 1 + len(component.grid)
            for start in range(0, len(rows), BLOCK):
                block = rows[start : start + BLOCK]
                history = self.history(component, u[block, 1:last])
                weight = history.weight / component.probability
                if ceiling is not None:
                    weight = unweighted(weight, history.verdict.accepted, ceiling, u[block, -1])
                yield block, replace(history, weight=weight / points)

    def _split(self, u: Array) -> Iterator[tuple[Ints, Component]]:
        """Yield the rows of each component, by the first coordinate."""
        edges = np.cumsum([component.probability for component in self.proposal.components])
        number = np.searchsorted(edges[:-1], u[:, 0], side="right")
        for i, component in enumerate(self.proposal.components):
            rows = np.flatnonzero(number == i)
            if len(rows):
                yield rows, component


def _named(axes: Mapping[str, tuple[str, ...]]) -> str:
    return "; ".join(f"{source}: {', '.join(names)}" for source, names in axes.items())


def unweighted(weight: Array, accepted: Bools, ceiling: Ceiling, u: Array) -> Array:
    """Accept events with a probability in proportion to their weights, and give them all the same.

    Events above the ceiling keep their weight: the mean of what comes out is that of what went in.

    Parameters
    ----------
    weight, accepted : (n,) of the events
    u : (n,) uniform, independent of everything else

    Returns
    -------
    (n,) the new weights; 0 for what is not kept
    """
    flat = np.where(u * ceiling.weight < weight, np.maximum(weight, ceiling.weight), 0.0)
    return np.where(accepted, flat, weight) if ceiling.accepted_only else flat


def in_order(parts: list[Record], columns: Iterable[str]) -> Record:
    """Join some columns of the records of several components, in the order of their points."""
    event = np.concatenate([part["event"] for part in parts])
    order = np.argsort(event, kind="stable")
    return {name: np.concatenate([part[name] for part in parts]).take(order) for name in columns}
