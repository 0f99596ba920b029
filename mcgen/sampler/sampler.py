"""The sampler: an event is a pure function of a point in the unit hypercube."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import islice

import numpy as np

from mcgen.errors import ProposalError
from mcgen.record.columns import Record, weight_column
from mcgen.record.layout import layout
from mcgen.record.tables import History
from mcgen.sampler.process import Process
from mcgen.sampler.proposal import Ceiling, Component, Draw, Proposal, alike
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

    def histories_of(self, components: Sequence[Component], points: Sequence[Array]) -> Iterator[History]:
        """Events of components of one source and channel at points (n, d - 1) of each, block by block.

        The points are those of the cube without its first axis; the mean of the weights over uniform points of one
        component is its yield.
        """
        source, channel = components[0].source, components[0].channel
        axes = self.proposal.axes[source]
        draw = Draw.joined([c.draw(u) for c, u in zip(components, points, strict=True)])
        for start in range(0, len(draw), BLOCK):
            block = draw[start : start + BLOCK]
            coordinates = dict(zip(axes, np.ascontiguousarray(block.u.T), strict=True))
            history = self.process(source, channel, block.place, coordinates)
            yield replace(history, weight=history.weight * block.weight)

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
        record: Record = {}
        weight = np.empty(len(u))
        for rows, history in self.histories(u, points):
            weight[rows] = history.weight
            part = layout(history, self.process.boson, first + rows)
            for name, ratio in self.process.variations.items():
                part[weight_column(name)] = history.weight * ratio(history)
            if not record:
                record = {name: np.empty(len(u), part[name].dtype) for name in columns or part}
            for name, values in record.items():
                values[rows] = part[name]
        keep = np.flatnonzero(weight > 0.0)
        return record if len(keep) == len(u) else {name: values.take(keep) for name, values in record.items()}

    def histories(self, u: Array, points: int) -> Iterator[tuple[Ints, History]]:
        """Histories of points (n, d) of the cube, some of one source and channel at a time, with their rows.

        Parameters
        ----------
        points : number of points of the run, to which the weights are normalised
        """
        ceiling = self.proposal.ceiling
        for components, rows in self._split(u):
            last = 1 + len(components[0].grid)
            probability = np.repeat([c.probability for c in components], [len(own) for own in rows])
            row = np.concatenate(rows)
            start = 0
            for history in self.histories_of(components, [u[own, 1:last] for own in rows]):
                block = slice(start, start + len(history.weight))
                weight = history.weight / probability[block]
                if ceiling is not None:
                    weight = unweighted(weight, history.verdict.accepted, ceiling, u[row[block], -1])
                yield row[block], replace(history, weight=weight / points)
                start = block.stop

    def _split(self, u: Array) -> Iterator[tuple[list[Component], list[Ints]]]:
        """Yield the components of each source and channel, and the rows of each, by the first coordinate."""
        edges = np.cumsum([component.probability for component in self.proposal.components])
        number = np.searchsorted(edges[:-1], u[:, 0], side="right")
        ends = np.cumsum(np.bincount(number, minlength=len(edges)))[:-1]
        rows = iter(np.split(np.argsort(number, kind="stable"), ends))
        for components in alike(self.proposal.components):
            yield components, list(islice(rows, len(components)))


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
