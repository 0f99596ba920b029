"""The proposal: everything that shapes an event besides its point in the hypercube, frozen.

It is a mixture of components, each a source and a decay channel with a class of parents: disjoint, so that no event
can come from two of them. Each has its own probability, parent probabilities and VEGAS map. It is made once
(pilot, parent importance, training), and can be saved and reused.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import vegas

from mcgen.errors import ProposalError
from mcgen.io.files import atomic_output
from mcgen.physics.models import Outcome
from mcgen.types import Array, Ints

INCREMENTS = 100
"""Increments of an axis of the VEGAS map."""

DAMPING = 0.5
"""VEGAS's alpha: how fast the map follows what it sees."""

SHRINKAGE = 20.0
"""Points of a pilot that a cell of parents counts for, against those of a smaller cell or a parent in it."""

FLOOR = 0.1
"""Share of the choice of parents that goes by rate alone, whatever the pilot saw."""


@dataclass(frozen=True)
class ParentChoice:
    """How a parent is chosen."""

    place: Ints
    """(k,) places in the source's table of parents that can be chosen."""
    probability: Array
    """(k,) of each of them, above 0."""
    table: int
    """Length of the table."""

    @classmethod
    def of(cls, probability: Array) -> ParentChoice:
        """Choose with probabilities (m,) for the whole table; those of probability 0 are left out."""
        place = np.flatnonzero(probability)
        return cls(place, probability[place] / probability.sum(), len(probability))

    def dense(self) -> Array:
        """Probabilities (m,) for the whole table."""
        probability = np.zeros(self.table)
        probability[self.place] = self.probability
        return probability

    @cached_property
    def _cumulative(self) -> Array:
        edges = np.cumsum(self.probability)
        edges /= edges[-1]  # exactly 1 at the last parent
        return edges

    @cached_property
    def _guide(self) -> Ints:
        # Place of k/K in the cumulative table: a search of its own would take most of the time.
        cells = 2 * len(self._cumulative)
        return np.searchsorted(self._cumulative, np.arange(cells) / cells, side="right")

    def choose(self, u: Array) -> tuple[Ints, Array]:
        """Place in the table of parents, and probability, for each u (n,) in [0, 1)."""
        found = self._guide.take((u * len(self._guide)).astype(np.int64))
        behind = np.flatnonzero(self._cumulative.take(found) <= u)
        while len(behind):
            found[behind] += 1
            behind = behind[self._cumulative.take(found[behind]) <= u[behind]]
        return self.place.take(found), self.probability.take(found)


@dataclass(frozen=True, slots=True)
class Draw:
    """Points of the cube as components of one source and channel map them."""

    u: Array
    """(n, d) coordinates: the parent's, and those of the stages."""
    place: Ints
    """(n,) place of the parent in the source's table."""
    weight: Array
    """(n,) one over the density of the coordinates and the probability of the parent."""

    @classmethod
    def joined(cls, draws: Sequence[Draw]) -> Draw:
        """Join the points of several components."""
        return cls(
            *(np.concatenate(parts) for parts in zip(*((d.u, d.place, d.weight) for d in draws), strict=True))
        )

    def __len__(self) -> int:
        return len(self.place)

    def __getitem__(self, rows: slice) -> Draw:
        return Draw(self.u[rows], self.place[rows], self.weight[rows])


@dataclass(frozen=True)
class Component:
    """How events of one source, one decay channel and one class of parents are drawn."""

    source: str
    """Name of the source."""
    channel: Outcome
    """Decay channel."""
    probability: float
    """To choose this component, whatever its branching ratio."""
    parents: ParentChoice
    """How the parent is chosen."""
    grid: Array
    """(d, increments + 1) edges of the VEGAS map, the first axis being the parent's."""

    @cached_property
    def _map(self) -> Any:
        return vegas.AdaptiveMap([list(edges) for edges in self.grid])

    def map(self, u: Array) -> tuple[Array, Array]:
        """Map cube points (n, d) to cube points; the Jacobian (n,) is 1 over the density."""
        mapped, jacobian = np.empty(u.shape), np.empty(len(u))
        self._map.map(np.ascontiguousarray(u), mapped, jacobian)
        return mapped, jacobian

    def draw(self, u: Array) -> Draw:
        """Map points (n, d) of the cube, and choose their parents."""
        mapped, jacobian = self.map(u)
        place, probability = self.parents.choose(mapped[:, 0])
        return Draw(mapped, place, jacobian / probability)


def alike(components: Iterable[Component]) -> Iterator[list[Component]]:
    """Yield neighbours of one source and channel, whose points can be worked on together."""
    for _, members in groupby(components, attrgetter("source", "channel")):
        yield list(members)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """Weight that unweighted events have in common."""

    weight: float
    """Of one event, for a run of one point."""
    accepted_only: bool
    """Whether rejected events keep their weights."""


@dataclass(frozen=True)
class Proposal:
    """The frozen state of a generator."""

    axes: Mapping[str, tuple[str, ...]]
    """Names of the cube's axes behind "component", by source: "parent", and what its stages declare."""
    components: tuple[Component, ...]
    """What the events are a mixture of; empty if nothing can be generated."""
    key: str
    """What it was made for: a digest of the card's physics, and the flux file's SHA-256."""
    seed: int
    """Of the run that it was made for."""
    ceiling: Ceiling | None = None
    """For unweighted events."""

    @property
    def dimension(self) -> int:
        """Number of the cube's axes that are mapped, and the one that chooses the component."""
        return 1 + max((len(axes) for axes in self.axes.values()), default=0)

    @cached_property
    def sha256(self) -> str:
        """Digest of everything that shapes an event."""
        digest = hashlib.sha256(json.dumps([self.axes, self.key, self.seed, self._ceiling()]).encode())
        for component in self.components:
            digest.update(f"{component.source} {component.channel} {component.probability.hex()}".encode())
            digest.update(component.parents.place.tobytes())
            digest.update(component.parents.probability.tobytes())
            digest.update(component.grid.tobytes())
        return digest.hexdigest()

    def _ceiling(self) -> list[Any] | None:
        return None if self.ceiling is None else [self.ceiling.weight.hex(), self.ceiling.accepted_only]

    def save(self, path: Path) -> None:
        """Write the proposal as npz with a JSON header; no pickle."""
        header = {
            "axes": self.axes,
            "key": self.key,
            "seed": self.seed,
            "ceiling": self._ceiling(),
            "components": [
                [c.source, c.channel, c.probability.hex(), c.parents.table] for c in self.components
            ],
            "sha256": self.sha256,
        }
        arrays: dict[str, Any] = {"header": np.array(json.dumps(header))}
        for i, component in enumerate(self.components):
            arrays[f"parent_place_{i}"] = component.parents.place
            arrays[f"parent_probability_{i}"] = component.parents.probability
            arrays[f"grid_{i}"] = component.grid
        buffer = io.BytesIO()
        np.savez_compressed(buffer, **arrays)
        with atomic_output(path) as temporary:
            temporary.write_bytes(buffer.getvalue())


def load_proposal(path: Path) -> Proposal:
    """Read a proposal that `Proposal.save` wrote.

    Raises
    ------
    ProposalError
        If the file is not one, or is damaged.
    """
    try:
        with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            components = tuple(
                Component(
                    source,
                    channel,
                    float.fromhex(p),
                    ParentChoice(file[f"parent_place_{i}"], file[f"parent_probability_{i}"], table),
                    file[f"grid_{i}"],
                )
                for i, (source, channel, p, table) in enumerate(header["components"])
            )
        axes = {source: tuple(names) for source, names in header["axes"].items()}
        ceiling = None
        if header["ceiling"] is not None:
            weight, accepted_only = header["ceiling"]
            ceiling = Ceiling(float.fromhex(weight), accepted_only)
        proposal = Proposal(axes, components, header["key"], header["seed"], ceiling)
        intact = proposal.sha256 == header["sha256"]
    except Exception as error:  # zip and npy files raise almost anything when damaged
        raise ProposalError(f"{path}: not a readable proposal: {error}") from error
    if not intact:
        raise ProposalError(f"{path}: damaged, its content does not match its digest; prepare it again")
    return proposal


def flat_grid(dimension: int) -> Array:
    """Grid of the identity map."""
    return np.tile(np.linspace(0.0, 1.0, INCREMENTS + 1), (dimension, 1))


def adapted_grid(grid: Array, uniform: Array, density: Array) -> tuple[Array, float]:
    """Adapt a VEGAS map once.

    Parameters
    ----------
    grid : edges to start from
    uniform : points (n, d) of the cube, before they are mapped
    density : (n,) of what is to be followed over that of the map there, 0 or more

    Returns
    -------
    The adapted edges, and the density's spread
    """
    spread = spread_of(density)
    if not spread > 0.0:
        return grid, spread
    adaptive = vegas.AdaptiveMap([list(edges) for edges in grid])
    adaptive.add_training_data(uniform, density**2)
    adaptive.adapt(DAMPING)
    return np.array(adaptive.extract_grid()), spread


def spread_of(density: Array) -> float:
    """Root mean square of a density (n,)."""
    return float(np.sqrt((density**2).mean()))


def parent_importance(rate: Array, cells: Sequence[Ints], seen: Ints, seen_yield: Array) -> Array:
    """Probabilities of the parents, proportional to rate * sqrt(E[v^2]) with a floor.

    v is what a unit of a parent's rate yields; that choice minimises the variance of the sum. E[v^2] is
    the mean over a parent's points in a pilot, shrunk to that of its cell of parents that are much alike,
    which is shrunk to that of the larger cell around it: where the pilot saw little, it is not taken
    for nothing.

    Parameters
    ----------
    rate : (m,) rate of every parent
    cells : (m,) number of every parent's cell, from large cells to small ones
    seen, seen_yield : (n,) parent of each point of the pilot, and v there

    Returns
    -------
    (m,) summing to 1
    """
    count = np.bincount(seen, minlength=len(rate)).astype(np.float64)
    square = np.bincount(seen, weights=seen_yield * seen_yield, minlength=len(rate))
    mean_square = np.full(len(rate), square.sum() / max(len(seen), 1))
    for cell in [*cells, np.arange(len(rate))]:
        points, total = (np.bincount(cell, weights=values)[cell] for values in (count, square))
        mean_square = (SHRINKAGE * mean_square + total) / (SHRINKAGE + points)
    importance: Array = rate * np.sqrt(mean_square)
    by_rate: Array = rate / rate.sum()
    if not importance.any():
        return by_rate
    probability: Array = (1.0 - FLOOR) * importance / importance.sum() + FLOOR * by_rate
    return probability
