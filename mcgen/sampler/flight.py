"""Flight and decay of the boson."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcgen.card.experiment import VolumeTable
from mcgen.constants import mass_of
from mcgen.detector import Detector, path_through
from mcgen.events import Daughters, Emission, Flight, Track
from mcgen.physics.kinematics import momentum_of, two_body_decay
from mcgen.physics.models import DAUGHTERS, Boson, Outcome
from mcgen.sampler.stage import Coordinates
from mcgen.sampler.window import cos_window, draw_cos


@dataclass(frozen=True)
class DecayInVolume:
    """The boson decays between entry and exit of the decay volume (Eqs. 12, 21, 22)."""

    boson: Boson
    volume: VolumeTable
    axes = ("decay",)

    def __call__(self, u: Coordinates, track: Track, emission: Emission) -> Flight:
        """Draw the decay point from the exponential, truncated to the volume."""
        path_in, path_out = path_through(self.volume, track.position, emission.direction)
        gamma_beta = momentum_of(emission.boson_e, self.boson.mass) / self.boson.mass
        # A boson at rest has no path, and a stable one no end: both limits keep 0/0 away.
        length = np.clip(gamma_beta * self.boson.ctau(), 1e-300, 1e300)
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
