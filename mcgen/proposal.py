"""The proposal: everything that shapes an event besides its point in the hypercube, frozen.

For every decay channel it has a probability, a table of muons with theirs, and a VEGAS map of the
remaining axes. It is made once (pilot, muon importance, training), and can be saved and reused.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import vegas

from mcgen.errors import ProposalError
from mcgen.io.files import atomic_output
from mcgen.types import Array, Ints

INCREMENTS = 100
"""Increments of an axis of the VEGAS map."""

DAMPING = 0.4
"""VEGAS's alpha: how fast the map follows what it sees."""

FLOOR = 0.1
"""Share of the muon choice that goes by rate alone, whatever the pilot saw."""


@dataclass(frozen=True)
class ChannelProposal:
    """How events of one decay channel are drawn.

    Attributes
    ----------
    name : decay channel
    probability : to choose it, whatever its branching ratio
    muon_probability : (m,) to choose each muon of the sampler's muon table
    grid : (d, increments + 1) edges of the VEGAS map, the first axis being the muon's
    """

    name: str
    probability: float
    muon_probability: Array
    grid: Array

    @cached_property
    def _cumulative(self) -> Array:
        edges = np.cumsum(self.muon_probability)
        edges[-1] = 1.0
        return edges

    @cached_property
    def _guide(self) -> Ints:
        # Place of k/K in the cumulative table: a search of its own would take most of the time.
        cells = 2 * len(self._cumulative)
        return np.searchsorted(self._cumulative, np.arange(cells) / cells, side="right")

    @cached_property
    def _map(self) -> Any:
        return vegas.AdaptiveMap([list(edges) for edges in self.grid])

    def choose_muon(self, u: Array) -> Ints:
        """Place in the muon table for each u (n,) in [0, 1)."""
        place = self._guide.take((u * len(self._guide)).astype(np.int64))
        while True:
            behind = self._cumulative.take(place) <= u
            if not behind.any():
                return place
            place += behind

    def map(self, u: Array) -> tuple[Array, Array]:
        """Map cube points (n, d) to cube points; the Jacobian (n,) is 1 over the density."""
        mapped = np.empty_like(u)
        jacobian = np.empty(len(u))
        self._map.map(np.ascontiguousarray(u), mapped, jacobian)
        return mapped, jacobian


@dataclass(frozen=True)
class Proposal:
    """The frozen state of a generator.

    Attributes
    ----------
    axes : names of the cube's axes: "channel", "muon", and what the stages declare
    channels : how events of each channel are drawn; empty if nothing can be generated
    key : what it was made for: a digest of the card's physics, and the flux file's SHA-256
    """

    axes: tuple[str, ...]
    channels: tuple[ChannelProposal, ...]
    key: str

    @cached_property
    def sha256(self) -> str:
        """Digest of everything that shapes an event."""
        digest = hashlib.sha256(json.dumps([self.axes, self.key]).encode())
        for channel in self.channels:
            digest.update(f"{channel.name} {channel.probability.hex()}".encode())
            digest.update(channel.muon_probability.tobytes())
            digest.update(channel.grid.tobytes())
        return digest.hexdigest()

    def save(self, path: Path) -> None:
        """Write the proposal as npz with a JSON header; no pickle."""
        header = {
            "axes": self.axes,
            "key": self.key,
            "channels": [[c.name, c.probability.hex()] for c in self.channels],
            "sha256": self.sha256,
        }
        arrays: dict[str, Any] = {"header": np.array(json.dumps(header))}
        for i, channel in enumerate(self.channels):
            arrays[f"muon_probability_{i}"] = channel.muon_probability
            arrays[f"grid_{i}"] = channel.grid
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
        with np.load(path, allow_pickle=False) as file:
            header = json.loads(str(file["header"]))
            channels = tuple(
                ChannelProposal(name, float.fromhex(p), file[f"muon_probability_{i}"], file[f"grid_{i}"])
                for i, (name, p) in enumerate(header["channels"])
            )
        proposal = Proposal(tuple(header["axes"]), channels, header["key"])
        intact = proposal.sha256 == header["sha256"]
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ProposalError(f"{path}: not a readable proposal: {error}") from error
    if not intact:
        raise ProposalError(f"{path}: damaged, its content does not match its digest; prepare it again")
    return proposal


def flat_grid(dimension: int) -> Array:
    """Grid of the identity map."""
    return np.tile(np.linspace(0.0, 1.0, INCREMENTS + 1), (dimension, 1))


def adapted_grid(integrand: Callable[[Array], Array], grid: Array, batches: Iterable[Array]) -> Array:
    """Train a VEGAS map, one adaptation a batch.

    Parameters
    ----------
    integrand : density (n,) to adapt to at cube points (n, d), 0 or more
    grid : edges to start from
    batches : uniform points (n, d)

    Returns
    -------
    The adapted edges
    """
    adaptive = vegas.AdaptiveMap([list(edges) for edges in grid])
    for uniform in batches:
        mapped, jacobian = np.empty_like(uniform), np.empty(len(uniform))
        adaptive.map(uniform, mapped, jacobian)
        density = integrand(mapped) * jacobian
        if density.any():
            adaptive.add_training_data(uniform, density * density)
            adaptive.adapt(DAMPING)
    return np.array(adaptive.extract_grid())


def muon_importance(rate: Array, cell: Ints, pilot_cell: Ints, pilot_yield: Array) -> Array:
    """Probabilities of the muons, proportional to rate * sqrt(E[v^2 | cell]) with a floor.

    Muons of one cell of energy and angle share the second moment of what a unit of rate yields,
    as the pilot saw it; that choice minimises the variance of the yield.

    Parameters
    ----------
    rate, cell : (m,) rate and cell of every muon
    pilot_cell, pilot_yield : (n,) cell of the pilot's muon, and yield v per unit of rate

    Returns
    -------
    (m,) summing to 1
    """
    cells = int(cell.max()) + 1
    count = np.bincount(pilot_cell, minlength=cells)
    square = np.bincount(pilot_cell, weights=pilot_yield * pilot_yield, minlength=cells)
    importance: Array = rate * np.sqrt(square / np.maximum(count, 1))[cell]
    by_rate: Array = rate / rate.sum()
    total = importance.sum()
    return (1.0 - FLOOR) * importance / total + FLOOR * by_rate if total > 0.0 else by_rate
