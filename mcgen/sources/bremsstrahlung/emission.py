"""Emission of the boson, one class a production method."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.experiment.dump import Dump
from mcgen.physics.bremsstrahlung import exact, iww, ww
from mcgen.physics.formfactors import ChiTable, TransferTable
from mcgen.physics.kinematics import dot, momentum_of, norm, on_shell
from mcgen.physics.models import Boson
from mcgen.record.tables import Emission, Track
from mcgen.sources.aim import Aim, EveryDirection
from mcgen.sources.stage import Coordinates
from mcgen.types import Array, Ints


class EmissionStage(Protocol):
    """A production method: draws what the boson takes of the muon's energy, and where it goes."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes that it consumes."""
        ...

    def __call__(self, u: Coordinates, track: Track, aim: Aim | EveryDirection) -> Emission:
        """Radiate a boson from every track, towards where it is aimed at."""
        ...


class Collinear:
    """Improved Weizsaecker-Williams: the boson keeps the muon's direction (Eqs. 15, 19).

    Parameters
    ----------
    max_energy : largest muon energy of the flux [GeV], for the range of the photon flux's table
    """

    axes = ("x",)

    def __init__(self, boson: Boson, dump: Dump, max_energy: float) -> None:
        self._boson = boson
        t_min = float(iww.t_min(np.array(max_energy), boson.mass))
        self._chi = [ChiTable(nucleus, t_min, iww.t_max(boson.mass)) for nucleus in dump.nuclei]

    def __call__(self, u: Coordinates, track: Track, aim: Aim | EveryDirection) -> Emission:  # noqa: ARG002
        """Draw x uniformly in its kinematic window."""
        boson, energy = self._boson, track.energy
        x, width = _energy_fraction(u, energy, boson.mass)
        chi = _by_layer(track.layer, [table(iww.t_min(energy, boson.mass)) for table in self._chi])
        sigma = boson.g_mu**2 * iww.dsigma_dx(boson.kind, energy, x, boson.mass, chi)
        undefined = np.broadcast_to(np.nan, (4, len(x)))
        return Emission(
            x=x,
            theta=np.zeros_like(x),
            t=undefined[0],
            boson_e=x * energy,
            direction=track.direction,
            recoil=undefined,
            nucleus=undefined,
            weight=sigma * width,
        )


class WeizsaeckerWilliams:
    """Weizsaecker-Williams with the angle kept; the photon's momentum is neglected.

    The recoil muon balances the boson's transverse momentum and energy; its longitudinal momentum
    follows from its mass, so that the momentum transfer itself is not there.

    Parameters
    ----------
    max_energy : largest muon energy of the flux [GeV], for the range of the photon flux's table
    """

    axes = ("x", *Aim.axes)

    def __init__(self, boson: Boson, dump: Dump, max_energy: float) -> None:
        self._boson = boson
        t_min = (min(boson.mass, MUON_MASS) ** 2 / (2.0 * max_energy)) ** 2
        self._chi = [ChiTable(nucleus, t_min, ww.t_max(boson.mass)) for nucleus in dump.nuclei]

    def __call__(self, u: Coordinates, track: Track, aim: Aim | EveryDirection) -> Emission:
        """Draw x uniformly, the direction by aim."""
        boson, energy = self._boson, track.energy
        x, width = _energy_fraction(u, energy, boson.mass)
        direction, density = _aimed(u, track, x, boson.mass, aim)
        one_minus_cos = _one_minus_cos(direction, track.direction)
        virtuality = ww.virtuality(energy, x, one_minus_cos, boson.mass)
        t_min = ww.t_min(energy, x, virtuality)
        chi = _by_layer(track.layer, [table(t_min) for table in self._chi])
        sigma = boson.g_mu**2 * ww.d2sigma(boson.kind, energy, x, virtuality, boson.mass, chi)
        boson_p = momentum_of(x * energy, boson.mass)
        along = boson_p * (1.0 - one_minus_cos)
        transverse = boson_p * direction - along * track.direction
        rest = (1.0 - x) ** 2 * energy * energy - MUON_MASS**2 - dot(transverse, transverse)
        recoil = np.sqrt(np.maximum(rest, 0.0)) * track.direction - transverse
        undefined = np.broadcast_to(np.nan, (4, len(x)))
        return Emission(
            x=x,
            theta=_angle(one_minus_cos),
            t=undefined[0],
            boson_e=x * energy,
            direction=direction,
            recoil=on_shell(recoil, MUON_MASS),
            nucleus=undefined,
            weight=sigma * width / (2.0 * np.pi * density),
        )


class Exact:
    """Exact tree level with nuclear recoil: complete four-momenta of boson, muon and nucleus.

    t is drawn from the form factor, G2(t) dlnt between its limits at the (x, theta) at hand.

    Parameters
    ----------
    max_energy : largest muon energy of the flux [GeV], for the range of the form factor's table
    """

    axes = ("x", *Aim.axes, "t", "phi")

    def __init__(self, boson: Boson, dump: Dump, max_energy: float) -> None:
        self._boson, self._nuclei = boson, dump.nuclei
        lowest = (min(boson.mass, MUON_MASS) ** 2 / (2.0 * max_energy)) ** 2
        self._transfer = [TransferTable(nucleus, lowest) for nucleus in dump.nuclei]

    def __call__(self, u: Coordinates, track: Track, aim: Aim | EveryDirection) -> Emission:
        """Draw x uniformly, the direction by aim, t from the form factor, its azimuth uniformly."""
        boson, energy = self._boson, track.energy
        x, width = _energy_fraction(u, energy, boson.mass)
        direction, density = _aimed(u, track, x, boson.mass, aim)
        one_minus_cos = _one_minus_cos(direction, track.direction)
        masses = np.array([nucleus.mass for nucleus in self._nuclei])
        mass = float(masses[0]) if len(masses) == 1 else masses.take(track.layer)
        limits = exact.t_limits(energy, x * energy, one_minus_cos, boson.mass, mass)
        drawn = [table.draw(u["t"], *limits) for table in self._transfer]
        t = _by_layer(track.layer, [one for one, _ in drawn])
        g2_over_density = _by_layer(track.layer, [other for _, other in drawn])
        phi = 2.0 * np.pi * u["phi"]
        kin = exact.kinematics(energy, x * energy, one_minus_cos, t, phi, boson.mass, mass)
        sigma = boson.g_mu**2 * exact.d4sigma(boson.kind, kin, g2_over_density)
        _, recoil, nucleus = (_rotated(p, track.direction, direction) for p in exact.momenta(kin))
        return Emission(
            x=x,
            theta=_angle(one_minus_cos),
            t=t,
            boson_e=x * energy,
            direction=direction,
            recoil=recoil,
            nucleus=nucleus,
            # 2 pi of the integration over phi cancels the 2 pi of the boson's own azimuth.
            weight=sigma * width / density,
        )


EMISSIONS: dict[str, Callable[[Boson, Dump, float], EmissionStage]] = {
    "iww": Collinear,
    "ww": WeizsaeckerWilliams,
    "exact": Exact,
}
"""Production methods by their names in the card."""


def _energy_fraction(u: Coordinates, energy: Array, mass: float) -> tuple[Array, Array]:
    """x, uniform between m/E and 1 - m_mu/E, and the width of that window."""
    low = mass / energy
    width = np.maximum(1.0 - MUON_MASS / energy - low, 0.0)
    return low + u["x"] * width, width


def _aimed(
    u: Coordinates, track: Track, x: Array, mass: float, aim: Aim | EveryDirection
) -> tuple[Array, Array]:
    """Directions (3, n) that reach the volume, and their density per solid angle (n,)."""
    # 2 c = U/(E^2 x) at theta = 0: the square of the angle at which the cross-section has dropped to 1/4.
    spread = np.sqrt(ww.virtuality(track.energy, x, np.zeros_like(x), mass) / x) / track.energy
    return aim.draw(u, track, spread)


def _one_minus_cos(a: Array, b: Array) -> Array:
    """1 - cos of the angle between unit vectors (3, n), without cancellation."""
    difference = a - b
    return 0.5 * dot(difference, difference)


def _angle(one_minus_cos: Array) -> Array:
    return 2.0 * np.arcsin(np.sqrt(np.minimum(0.5 * one_minus_cos, 1.0)))


def _by_layer(layer: Ints, values: list[Array]) -> Array:
    """Pick, for every track, the value (n,) that belongs to the layer of its emission."""
    return values[0] if len(values) == 1 else np.choose(layer, values)


def _rotated(momentum: Array, muon: Array, boson: Array) -> Array:
    """Bring four-momenta (4, n) from the frame of muon (z) and boson (x, z) to the laboratory.

    The energies stay: recomputed from the rotated momenta of soft recoils, they would not balance.
    """
    across = boson - dot(boson, muon) * muon
    across = across / np.maximum(norm(across), 1e-300)
    # Once more: at small angles the first difference keeps few digits of the right angle.
    across = across - dot(across, muon) * muon
    across = across / np.maximum(norm(across), 1e-300)
    normal = np.cross(muon, across, axis=0)
    space: Array = momentum[0] * across + momentum[1] * normal + momentum[2] * muon
    return np.concatenate([space, momentum[3:]])
