"""One muon and one nucleus: what takes the place of dump, aim, flight and decay where cross-sections are wanted.

The weights of such events are shares of the cross-section in pb; all that would come later is NaN.
"""

from __future__ import annotations

import numpy as np

from mcgen.constants import GEV2_TO_PB
from mcgen.physics.models import DAUGHTERS, Outcome
from mcgen.record.tables import Daughters, Emission, Flight, Muon, Track
from mcgen.sources.stage import Coordinates
from mcgen.types import Array, Ints


class AtProduction:
    """The muon meets a nucleus of the target's first layer where it is produced."""

    axes: tuple[str, ...] = ()

    def __call__(self, u: Coordinates, muon: Muon, direction: Array, length: Array) -> Track:  # noqa: ARG002
        """Leave muons (n,) with unit directions (3, n) as they are."""
        n = len(muon.row)
        layer: Ints = np.zeros(n, dtype=np.int64)
        energy = muon.momentum[3]
        return Track(np.zeros(n), muon.position, direction, energy, layer, np.full(n, GEV2_TO_PB))


class NoFlight:
    """The boson is left where it is emitted."""

    axes: tuple[str, ...] = ()

    def __call__(self, u: Coordinates, track: Track, emission: Emission) -> Flight:  # noqa: ARG002
        """Give every boson the probability 1, and no path."""
        unknown = np.full(len(emission.x), np.nan)
        return Flight(
            path_in=unknown,
            path_out=unknown,
            path=unknown,
            decay_length=unknown,
            p_decay=np.ones_like(unknown),
            point=np.broadcast_to(np.nan, (3, len(unknown))),
            weight=np.ones_like(unknown),
        )


class NoDecay:
    """No daughters."""

    axes: tuple[str, ...] = ()

    def __call__(self, u: Coordinates, channel: Outcome, emission: Emission, flight: Flight) -> Daughters:  # noqa: ARG002
        """Fill in for the daughters."""
        nobody = np.broadcast_to(np.nan, (4, len(emission.x)))
        return Daughters(DAUGHTERS[channel], nobody, nobody, np.ones(len(emission.x)))
