"""The flight of the boson to its decay.

Where along its way the boson decays is drawn in one of two ways: as it decays, or so that the sample
serves every coupling. Only the sampling density differs, not what the weights stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mcgen.experiment.volumes import Volume
from mcgen.physics.kinematics import momentum_of
from mcgen.physics.models import Boson
from mcgen.record.tables import Flight, Production, undefined
from mcgen.sources.aim import Coordinates
from mcgen.types import Array


class FlightStage(Protocol):
    """A way to draw where the boson decays."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes that it consumes."""
        ...

    def __call__(self, u: Coordinates, production: Production) -> Flight:
        """Let every boson decay."""
        ...


FlightMaker = Callable[[Boson, Volume], FlightStage]


@dataclass(frozen=True)
class DecayInVolume:
    """The boson decays between entry and exit of the decay volume (Eqs. 12, 21, 22)."""

    boson: Boson
    """What flies and decays."""
    volume: Volume
    """The decay volume."""
    axes = ("decay",)

    def __call__(self, u: Coordinates, production: Production) -> Flight:
        """Draw the decay point from the exponential, truncated to the volume."""
        path_in, path_out, length = _way(self.boson, self.volume, production)
        decayed = -np.expm1((path_in - path_out) / length)
        p_decay = decayed * np.exp(-path_in / length)
        within = -length * np.log1p(-u["decay"] * decayed)
        path = path_in + np.minimum(within, path_out - path_in)
        return Flight(
            path_in=path_in,
            path_out=path_out,
            path=path,
            decay_length=length,
            p_decay=p_decay,
            point=production.position + path * production.direction,
            weight=p_decay,
        )


@dataclass(frozen=True)
class DecayAnywhere:
    """The same decays, drawn evenly along the way: no coupling is preferred before the map is trained."""

    boson: Boson
    """What flies and decays."""
    volume: Volume
    """The decay volume."""
    axes = ("decay",)

    def __call__(self, u: Coordinates, production: Production) -> Flight:
        """Draw the decay point uniformly between entry and exit of the volume."""
        path_in, path_out, length = _way(self.boson, self.volume, production)
        path = path_in + u["decay"] * (path_out - path_in)
        return Flight(
            path_in=path_in,
            path_out=path_out,
            path=path,
            decay_length=length,
            p_decay=-np.expm1((path_in - path_out) / length) * np.exp(-path_in / length),
            point=production.position + path * production.direction,
            weight=(path_out - path_in) / length * np.exp(-path / length),
        )


def _way(boson: Boson, volume: Volume, production: Production) -> tuple[Array, Array, Array]:
    """Paths at which the boson enters and leaves the volume, and its decay length (Eqs. 13, 14), all [m]."""
    path_in, path_out = volume.path_through(production.position, production.direction)
    gamma_beta = momentum_of(production.boson_e, boson.mass) / boson.mass
    # A boson at rest has no path, and a stable one no end: both limits keep 0/0 away.
    return path_in, path_out, np.clip(gamma_beta * boson.ctau(), 1e-300, 1e300)


class NoFlight:
    """The boson is left where it is made: bare collisions."""

    axes: tuple[str, ...] = ()

    def __call__(self, u: Coordinates, production: Production) -> Flight:  # noqa: ARG002
        """Give every boson the probability 1, and no path."""
        unknown = np.full(len(production.boson_e), np.nan)
        return Flight(
            path_in=unknown,
            path_out=unknown,
            path=unknown,
            decay_length=unknown,
            p_decay=np.ones_like(unknown),
            point=undefined(3, len(unknown)),
            weight=np.ones_like(unknown),
        )
