"""M -> mu nu X in the laboratory: where the boson flies, how fast it can be there, and what is left of the meson.

A boson of given direction and momentum has one energy in the meson's frame, E* = gamma (E - beta k cos theta). So
its direction and its momentum are coordinates without branches, and their measure is the invariant d^3k/E.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.physics.kinematics import along, dot, norm, on_shell
from mcgen.physics.meson_decay.invariants import Pair, max_energy
from mcgen.types import Array

_LEAST = 1e-6
"""Smallest momentum of a boson over its mass: at rest it has no direction, and what is slower has no part in a width."""


@dataclass(frozen=True, slots=True)
class Emitters:
    """Mesons that decay."""

    momentum: Array
    """(4, n) [GeV]"""
    mass: Array
    """(n,) [GeV]"""

    @property
    def boost(self) -> Array:
        """Boost (n,): gamma beta = |p|/M."""
        return norm(self.momentum[:3]) / self.mass

    def momentum_range(self, versine: Array, mass: float) -> tuple[Array, Array]:
        """Momenta (n,) between which a boson can have at an angle to its meson [GeV]; the same if there are none.

        The roots of E* = E*_max, which is quadratic in k.

        Parameters
        ----------
        versine : (n,) 1 - cos of the angle
        mass : of the boson [GeV]
        """
        boost, gamma = self.boost, self.momentum[3] / self.mass
        end = max_energy(self.mass, mass)
        transverse = boost * boost * versine * (2.0 - versine)
        radicand = (end - mass) * (end + mass) - mass * mass * transverse
        drift = boost * (1.0 - versine) * end
        high = np.maximum((drift + gamma * np.sqrt(np.maximum(radicand, 0.0))) / (1.0 + transverse), 0.0)
        # The product of the roots, which does not cancel: above 0 if the boson cannot be at rest.
        product = (gamma * mass - end) * (gamma * mass + end) / (1.0 + transverse)
        open_ = (radicand > 0.0) & (high > 0.0)
        low = np.maximum(product, 0.0) / np.where(open_, high, 1.0)
        low, high = np.maximum(low, _LEAST * mass), np.maximum(high, _LEAST * mass)
        return np.where(open_, np.minimum(low, high), high), high

    def energy_at_rest(self, versine: Array, momentum: Array, mass: float) -> Array:
        """Energy (n,) of bosons in their meson's frame [GeV].

        Parameters
        ----------
        versine : (n,) 1 - cos of the angle to the meson
        momentum : (n,) of the boson in the laboratory [GeV]
        mass : of the boson [GeV]
        """
        own = norm(self.momentum[:3])
        # E_M E - p k, without its cancellation for fast mesons
        crossed = (self.momentum[3] * mass) ** 2 + (self.mass * momentum) ** 2
        energy = np.sqrt(momentum * momentum + mass * mass)
        forward = crossed / (self.momentum[3] * energy + own * momentum)
        result: Array = (own * momentum * versine + forward) / self.mass
        return result


def leptons(pair: Pair, t: Array, azimuth: Array, meson: Array, boson: Array) -> tuple[Array, Array]:
    """Four-momenta (4, n) of muon and neutrino in the laboratory [GeV].

    The neutrino has what the others leave of the meson's momentum, so that momenta balance; energies do as far as
    masses and numbers of 64 bits allow.

    Parameters
    ----------
    t : (n,) (1 + cos)/2 of the muon's angle to the boson in the pair's frame
    azimuth : (n,) of the muon about the boson [rad]
    meson, boson : (4, n) [GeV]
    """
    whole = meson[:3] - boson[:3]
    energy = np.sqrt(dot(whole, whole) + pair.mass * pair.mass)
    # The boson's direction in the pair's frame is the axis; without a direction, any is.
    seen = boson[:3] + whole * ((dot(boson[:3], whole) / (energy + pair.mass) - boson[3]) / pair.mass)
    length = norm(seen)
    axis = np.where(length > 0.0, seen / np.maximum(length, 1e-300), [[0.0], [0.0], [1.0]])
    cos, sin = 2.0 * t - 1.0, 2.0 * np.sqrt(t * (1.0 - t))
    inside = pair.momentum * along(axis, sin, azimuth, cos)
    own = np.sqrt(pair.momentum * pair.momentum + MUON_MASS * MUON_MASS)
    muon = inside + whole * ((dot(inside, whole) / (energy + pair.mass) + own) / pair.mass)
    return on_shell(muon, MUON_MASS), on_shell(whole - muon, 0.0)
