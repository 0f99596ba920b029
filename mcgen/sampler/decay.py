"""The decay of the boson into two particles.

Angles are drawn mostly where the detector can see both daughters. A daughter with the momentum p along the boson's
direction meets a plane at B + v/p, to first order in the angles: B is where the boson's line meets the plane, and v
what opening angle and magnets move it aside, v = +-p* sin* (z - z_decay) + q sum kick (z - z_magnet). B is a mean of
the places of both daughters, so that it is inside the convex hull of the aperture, and the daughter too, if p is large
enough. With p = P/2 +- p* cos* E/m that is a lower limit on cos* from one daughter, and an upper one from the other.

That window only says where points are worth having. What is left out of it, such as holes, makes it no less right: the
rest of the axis is drawn too, with a density that is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from mcgen.constants import mass_of
from mcgen.experiment.detector import Detector
from mcgen.experiment.magnets import CHARGE
from mcgen.physics.kinematics import momentum_of, transverse_frame, two_body_decay
from mcgen.physics.models import DAUGHTERS, Boson, Outcome
from mcgen.record.tables import Daughters, Flight, Production, undefined
from mcgen.sources.aim import Coordinates
from mcgen.sources.source import Spin
from mcgen.types import Array

OUTSIDE = 0.1
"""Density of what is outside the window, over that of an isotropic decay: weights are at most its inverse."""

_MARGIN = 0.02
"""What the window is wider by at both ends, for what the first order in the angles leaves out."""

_SIGN = np.array([[1.0], [-1.0]])


class DecayStage(Protocol):
    """A way to draw what the boson decays into."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes that it consumes."""
        ...

    def __call__(
        self, u: Coordinates, channel: Outcome, production: Production, flight: Flight, spin: Spin | None
    ) -> Daughters:
        """Draw the daughters of one channel.

        Parameters
        ----------
        spin : what tells how the bosons are polarised; None: they decay isotropically
        """
        ...


@dataclass(frozen=True)
class TwoBodyDecay:
    """Decay in the boson's rest frame, drawn where the detector can see the daughters."""

    boson: Boson
    """What decays."""
    detector: Detector
    """Who looks at the daughters."""
    axes = ("cos_star", "phi_star")

    def __call__(
        self, u: Coordinates, channel: Outcome, production: Production, flight: Flight, spin: Spin | None
    ) -> Daughters:
        """Draw the daughters of one channel."""
        pdgs, mass = DAUGHTERS[channel], self.boson.mass
        azimuth = 2.0 * np.pi * u["phi_star"]
        window = cos_window(self.detector, channel, production, mass, flight.point, azimuth)
        cos_star, weight = draw_cos(u["cos_star"], *window)
        first, second = two_body_decay(
            production.boson_e, production.direction, mass, mass_of(pdgs[0]), cos_star, azimuth
        )
        if spin is not None:
            weight = weight * spin(production).decay_weight(first, second, mass_of(pdgs[0]))
        return Daughters(pdgs, first, second, weight)


class NoDecay:
    """No daughters: bare collisions."""

    axes: tuple[str, ...] = ()

    def __call__(
        self,
        u: Coordinates,  # noqa: ARG002
        channel: Outcome,
        production: Production,
        flight: Flight,  # noqa: ARG002
        spin: Spin | None,  # noqa: ARG002
    ) -> Daughters:
        """Fill in for the daughters."""
        n = len(production.boson_e)
        return Daughters(DAUGHTERS[channel], undefined(4, n), undefined(4, n), np.ones(n))


def draw_cos(u: Array, low: Array, high: Array) -> tuple[Array, Array]:
    """Draw cos* with most of the axis inside a window.

    Parameters
    ----------
    u : (n,) in [0, 1)
    low, high : (n,) window, -1 <= low <= high <= 1

    Returns
    -------
    cos_star : (n,)
    weight : (n,) the isotropic density 1/2 over that of the draw, which is `OUTSIDE` times as much outside the
        window, and what that leaves inside
    """
    width = high - low
    rest = 2.0 - width
    share = 0.5 * OUTSIDE * rest
    inside = low + (u - share) / (1.0 - share) * width
    left = 2.0 * u / OUTSIDE - 1.0  # the rest, as if there were no window between its two parts
    outside = np.where(left < low, left, left + width)
    is_inside = u >= share
    cos_star = np.clip(np.where(is_inside, inside, outside), -1.0, 1.0)
    return cos_star, 0.5 * np.where(is_inside, width / (1.0 - share), 2.0 / OUTSIDE)


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # bosons at rest or going back: no window
def cos_window(
    detector: Detector, channel: Outcome, production: Production, mass: float, point: Array, azimuth: Array
) -> tuple[Array, Array]:
    """Range of cos* in which both daughters can be within all planes and have the energy that is required.

    Parameters
    ----------
    mass : of the boson [GeV]
    point : (3, n) decay points [m]
    azimuth : (n,) of the first daughter about the boson's direction [rad]

    Returns
    -------
    low, high : (n,) -1 and 1 where there is no such range
    """
    n = len(azimuth)
    index = detector.selection_for(channel)
    if index is None:
        return np.full(n, -1.0), np.full(n, 1.0)
    selection = detector.selections[index]
    pdg = DAUGHTERS[channel][0]
    half, own = 0.5 * mass, mass_of(pdg)
    p_star = float(np.sqrt(max((half - own) * (half + own), 0.0)))
    energy, direction = production.boson_e, production.direction
    momentum = momentum_of(energy, mass)

    e1, e2 = transverse_frame(direction)
    aside = p_star / direction[2] * (np.cos(azimuth) * e1[:2] + np.sin(azimuth) * e2[:2])
    ways = []
    required = (plane for plane in detector.planes if plane.name in selection.planes)
    for plane in sorted(required, key=lambda plane: plane.z_m):
        ahead = plane.z_m - point[2]
        meets = point[:2] + direction[:2] / direction[2] * ahead - np.array(plane.centre_m)[:, None]
        kick = np.zeros((2, n))
        for magnet in detector.magnets:
            lever = CHARGE.get(pdg, 0) * max(plane.z_m - magnet.z_m, 0.0)
            kick += np.array(magnet.kick_gev)[:, None] * np.where(magnet.z_m > point[2], lever, 0.0)
        ways.append((plane, meets, ahead * aside, kick / direction[2]))

    # E_daughter = E/2 +- p* cos* P/m, as a limit on the momentum along the boson.
    least_energy = max((condition.least_energy for condition in detector.conditions[index]), default=0.0)
    enough = 0.5 * momentum + energy / momentum * (least_energy - 0.5 * energy)
    boost = p_star * energy / mass  # p = P/2 + boost cos*
    limit = np.broadcast_to((enough - 0.5 * momentum) / boost, (2, n))
    for plane, meets, opening, kick in ways:
        moved = _SIGN * (opening[0] + kick[0]), _SIGN * (opening[1] + kick[1])
        least = plane.least_momentum(meets, moved)
        if not kick.any():
            limit = np.maximum(limit, _least_cos(boost, least, -0.5 * momentum))
            continue
        # The least momentum grows in proportion to what moves a daughter aside, and is convex in it: no less than
        # these two straight lines in sin*, which touch it at 1 and at 0.
        opens = plane.least_momentum(meets, (_SIGN * opening[0], _SIGN * opening[1]))
        closes = plane.least_momentum(meets, (-_SIGN * opening[0], -_SIGN * opening[1]))
        bends = plane.least_momentum(meets, (_SIGN * kick[0], _SIGN * kick[1]))
        limit = np.maximum(limit, _least_cos(boost, opens, least - opens - 0.5 * momentum))
        limit = np.maximum(limit, _least_cos(boost, -closes, bends - 0.5 * momentum))
    low, high = _SIGN * limit
    low, high = np.maximum(low - _MARGIN, -1.0), np.minimum(high + _MARGIN, 1.0)
    found = low < high
    return np.where(found, low, -1.0), np.where(found, high, 1.0)


def _least_cos(a: Array, b: Array, d: Array) -> Array:
    """Least cos* (2, n) with a cos* - b sin* >= d, for a > 0; above 1 where there is none.

    With R cos(theta* + delta) for the left side it is cos(arccos(d/R) - delta), if that angle is between 0 and pi.
    """
    square = a * a + b * b
    root = np.sqrt(square - d * d)
    least = (a * d + b * root) / square
    # Beyond 0 and pi: daughters that open never get there, or those that close always do.
    beyond = a * root < b * d
    least = np.where(beyond, np.copysign(2.0, b), least)
    return np.where(d * d < square, least, np.copysign(2.0, d))
