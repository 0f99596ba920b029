"""Flight and decay of the boson.

Where along its way the boson decays is drawn in one of two ways: as it decays, or so that the sample
serves every coupling. Only the sampling density differs, not what the weights stand for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mcgen.constants import mass_of
from mcgen.experiment.detector import Detector, path_through
from mcgen.experiment.tables import VolumeTable
from mcgen.physics.kinematics import momentum_of, two_body_decay
from mcgen.physics.models import DAUGHTERS, Boson, Outcome
from mcgen.record.tables import Daughters, Emission, Flight, Track
from mcgen.sampler.window import cos_window, draw_cos
from mcgen.sources.stage import Coordinates
from mcgen.types import Array


class FlightStage(Protocol):
    """A way to draw where the boson decays."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes that it consumes."""
        ...

    def __call__(self, u: Coordinates, track: Track, emission: Emission) -> Flight:
        """Let the boson of every track decay."""
        ...


FlightMaker = Callable[[Boson, VolumeTable], FlightStage]


@dataclass(frozen=True)
class DecayInVolume:
    """The boson decays between entry and exit of the decay volume (Eqs. 12, 21, 22)."""

    boson: Boson
    volume: VolumeTable
    axes = ("decay",)

    def __call__(self, u: Coordinates, track: Track, emission: Emission) -> Flight:
        """Draw the decay point from the exponential, truncated to the volume."""
        path_in, path_out, length = _way(self.boson, self.volume, track, emission)
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
            point=track.position + path * emission.direction,
            weight=p_decay,
        )


@dataclass(frozen=True)
class DecayAnywhere:
    """The same decays, drawn evenly along the way: no coupling is preferred before the map is trained."""

    boson: Boson
    volume: VolumeTable
    axes = ("decay",)

    def __call__(self, u: Coordinates, track: Track, emission: Emission) -> Flight:
        """Draw the decay point uniformly between entry and exit of the volume."""
        path_in, path_out, length = _way(self.boson, self.volume, track, emission)
        path = path_in + u["decay"] * (path_out - path_in)
        return Flight(
            path_in=path_in,
            path_out=path_out,
            path=path,
            decay_length=length,
            p_decay=-np.expm1((path_in - path_out) / length) * np.exp(-path_in / length),
            point=track.position + path * emission.direction,
            weight=(path_out - path_in) / length * np.exp(-path / length),
        )


def _way(boson: Boson, volume: VolumeTable, track: Track, emission: Emission) -> tuple[Array, Array, Array]:
    """Paths at which the boson enters and leaves the volume, and its decay length (Eqs. 13, 14), all [m]."""
    path_in, path_out = path_through(volume, track.position, emission.direction)
    gamma_beta = momentum_of(emission.boson_e, boson.mass) / boson.mass
    # A boson at rest has no path, and a stable one no end: both limits keep 0/0 away.
    return path_in, path_out, np.clip(gamma_beta * boson.ctau(), 1e-300, 1e300)


@dataclass(frozen=True)
class TwoBodyDecay:
    """Isotropic decay in the boson's rest frame, drawn where the detector can see the daughters."""

    boson: Boson
    detector: Detector
    axes = ("cos_star", "phi_star")

    def __call__(self, u: Coordinates, channel: Outcome, emission: Emission, flight: Flight) -> Daughters:
        """Draw the daughters of one channel."""
        pdgs, mass = DAUGHTERS[channel], self.boson.mass
        azimuth = 2.0 * np.pi * u["phi_star"]
        window = cos_window(self.detector, channel, emission, mass, flight.point, azimuth)
        cos_star, weight = draw_cos(u["cos_star"], *window)
        first, second = two_body_decay(
            emission.boson_e, emission.direction, mass, mass_of(pdgs[0]), cos_star, azimuth
        )
        return Daughters(pdgs, first, second, weight)
