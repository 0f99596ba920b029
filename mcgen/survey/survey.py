"""One pass over an events file: spectra, maps of vertices, some events."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

import numpy as np

from mcgen.card import Card
from mcgen.errors import UsageError
from mcgen.events import Events
from mcgen.io.events.store import read_chunks
from mcgen.metadata import FluxSummary, Metadata
from mcgen.physics.models import OUTCOMES
from mcgen.record.columns import weight_column
from mcgen.sources.registry import process_codes
from mcgen.survey.histogram import GROUPS, YieldHistogram, quantiles
from mcgen.survey.side import Display, displays_of, side_range, z_range
from mcgen.survey.variables import VARIABLES
from mcgen.types import Array, Ints, Progress

VARIATION, PROCESS, CHANNEL = "variation", "process", "channel"
"""Kinds of other weights that spectra have."""

BINS = 40
MAP_BINS = (120, 60)
DISPLAYS = 8
SEED = 0
"""Of groups and displays; fixed, since a picture must not change from one look to the next."""
ROWS = 100_000
"""Rows that are in memory at a time; the first ones, a fair sample, decide the ranges of the axes."""


@dataclass(frozen=True, slots=True)
class Map:
    """Expected events in cells (z, x or y) of a side view."""

    z: Array
    """(k + 1,) edges along the beam [m]."""
    side: Array
    """(l + 1,) edges across [m]."""
    yields: Array
    """(k, l) expected events."""


@dataclass(frozen=True, slots=True)
class Survey:
    """What is shown of an events file."""

    metadata: Metadata
    """Of the file."""
    spectra: Mapping[str, YieldHistogram]
    """By name of the variable; without those that no event defines."""
    emission: tuple[Map, Map]
    """Maps of where bosons are made, in (z, x) and (z, y)."""
    decay: tuple[Map, Map]
    """Maps of the decay points, in (z, x) and (z, y)."""
    displays: tuple[Display, ...]
    """Some events, drawn by weight."""

    @property
    def card(self) -> Card:
        """Card of the run."""
        return self.metadata.provenance.card

    @property
    def accepted_only(self) -> bool:
        """Whether the file holds nothing but accepted events, so that it knows no acceptance."""
        return self.metadata.provenance.accepted_only


def survey_of(
    path: Path, *, verify: bool = True, rows: int = ROWS, progress: Progress | None = None
) -> Survey:
    """Look through an events file.

    Parameters
    ----------
    verify : whether to compare the columns with their digests
    rows : that are in memory at a time; the first ones decide the ranges of the axes
    progress : called with the number of events read since the last call

    Raises
    ------
    FileFormatError
        If it is not one of mcgen's, or damaged.
    RunError
        If the columns are not those that were written.
    """
    chunks = _chunks_of(path, verify, rows, progress)
    sample = next(chunks)
    card = sample.provenance.card
    spectra = {}
    for variable in VARIABLES:
        spectrum = YieldHistogram.around(variable.values(sample), sample.weight, variable.log, BINS)
        if spectrum is not None:
            spectra[variable.name] = spectrum
    emission, decay = _emission_maps(sample), _decay_maps(sample, card)
    group_of = _grouping(sample.provenance.flux)
    for events in chain([sample], chunks):
        group = group_of(events)
        others = {
            VARIATION: {v.name: events[weight_column(v.name)] for v in card.variations},
            PROCESS: _shares(events, events.process, process_codes(), events.outcome.by_process),
            CHANNEL: _shares(events, events.channel, dict(enumerate(OUTCOMES)), events.outcome.by_channel),
        }
        for variable in VARIABLES:
            if variable.name in spectra:
                values = variable.values(events)
                spectra[variable.name].add(values, events.weight, events.accepted, group, others)
        for maps, name in ((emission, "emission"), (decay, "decay")):
            for map_, side in zip(maps, ("x", "y"), strict=True):
                _add(map_, events, name, side)
    displays = displays_of(sample, card.experiment, DISPLAYS, SEED)
    return Survey(Metadata(sample.provenance, sample.outcome), spectra, emission, decay, displays)


def _shares(
    events: Events, codes: Ints, names: Mapping[int, str], chosen: Collection[str]
) -> dict[str, Array]:
    """Weights (n,) of events that are of a code, and 0 for the others, by the code's name, of chosen ones."""
    return {
        name: np.where(codes == code, events.weight, 0.0) for code, name in names.items() if name in chosen
    }


def _grouping(flux: FluxSummary) -> Callable[[Events], Ints]:
    """Groups (n,) of events: of the row of the flux, or, as a beam's rows are no sample, of the event itself."""
    draw = np.random.default_rng(SEED)
    if not flux.sampled:
        return lambda events: draw.integers(GROUPS, size=len(events))
    bin_of_group = draw.integers(GROUPS, size=flux.groups)
    return lambda events: bin_of_group[events.parent_group]


def _chunks_of(path: Path, verify: bool, rows: int, progress: Progress | None) -> Iterator[Events]:
    """Yield the events of a file in their order, at least one chunk, which may be empty."""
    for record, metadata in read_chunks(path, rows, verify=verify, progress=progress):
        if metadata.provenance.is_collision:
            raise UsageError(f"{path}: collisions without a decay; `mcgen validate` compares and draws them")
        yield Events(record, metadata)


def _emission_maps(sample: Events) -> tuple[Map, Map]:
    """Empty maps around the emission vertices of a sample."""
    z = _range(sample.emission_z, sample.weight)
    x, y = (_range(sample[f"emission_{side}"], sample.weight) for side in ("x", "y"))
    return _empty_map(z, x), _empty_map(z, y)


def _decay_maps(sample: Events, card: Card) -> tuple[Map, Map]:
    """Empty maps of the whole experiment."""
    z = z_range(card.experiment)
    x, y = (
        side_range(card.experiment, axis, _range(sample[name], sample.weight))
        for axis, name in enumerate(("decay_x", "decay_y"))
    )
    return _empty_map(z, x), _empty_map(z, y)


def _range(values: Array, weight: Array) -> tuple[float, float]:
    """Range with all but 1 % of the weight, and a margin; of 1 m around 0 without any."""
    low, high = quantiles(values, weight, (0.005, 0.995))
    if np.isnan(low):
        return -0.5, 0.5
    margin = max(0.1 * (high - low), 1e-6 * max(abs(low), abs(high))) or 0.01
    return low - margin, high + margin


def _empty_map(z: tuple[float, float], side: tuple[float, float]) -> Map:
    cells = np.zeros(MAP_BINS)
    return Map(np.linspace(*z, MAP_BINS[0] + 1), np.linspace(*side, MAP_BINS[1] + 1), cells)


def _add(map_: Map, events: Events, name: str, side: str) -> None:
    """Add the vertices of some events to a map, in place."""
    z, across = events[f"{name}_z"], events[f"{name}_{side}"]
    map_.yields[...] += np.histogram2d(z, across, bins=(map_.z, map_.side), weights=events.weight)[0]
