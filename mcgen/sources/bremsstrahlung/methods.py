"""Emission of the boson: the production methods, each declared once in `METHODS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Protocol

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.experiment.dump import Dump
from mcgen.physics.bremsstrahlung import exact, iww, total, two_to_three, ww
from mcgen.physics.bremsstrahlung.total import FINE, Grid, Spectrum
from mcgen.physics.formfactors import ChiTable, Nucleus, TransferTable
from mcgen.physics.kinds import Kind
from mcgen.physics.kinematics import angle_of, dot, momentum_of, norm, on_shell, one_minus_cos
from mcgen.physics.models import Boson
from mcgen.record.tables import undefined
from mcgen.sources.aim import Aim, AnyAim, Coordinates
from mcgen.sources.bremsstrahlung.track import Track
from mcgen.types import Array, Ints


@dataclass(frozen=True, slots=True)
class Emission:
    """Radiated bosons and what is left of muon and nucleus; what a method does not define is NaN."""

    x: Array
    """(n,) energy of the boson over that of the muon."""
    theta: Array
    """(n,) angle between boson and muon [rad]."""
    t: Array
    """(n,) momentum transfer squared to the nucleus, positive [GeV^2]."""
    boson_e: Array
    """(n,) energy of the boson [GeV]."""
    direction: Array
    """(3, n) unit vector of the boson."""
    recoil: Array
    """(4, n) muon [GeV]."""
    nucleus: Array
    """(4, n) nucleus [GeV]."""
    cross_section: Array
    """(n,) differential cross-section at unit coupling, per x and what else is drawn [GeV^-2]."""
    width: Array
    """(n,) of the window in which x is drawn evenly."""
    density: Array | float
    """(n,) of the draw of everything else."""


class EmissionStage(Protocol):
    """A production method: draws what the boson takes of the muon's energy, and where it goes."""

    @property
    def axes(self) -> tuple[str, ...]:
        """Names of the axes that it consumes."""
        ...

    def spread(self, u: Coordinates, energy: Array) -> Array:
        """Typical angle (n,) [rad] between boson and muon, for the energies (n,) [GeV] of muons that radiate."""
        ...

    def __call__(self, u: Coordinates, track: Track, aim: AnyAim) -> Emission:
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
        self._of_layer = dump.nucleus_numbers
        self._chi = [ChiTable(nucleus, t_min, iww.t_max(boson.mass)) for nucleus in dump.nuclei]

    def spread(self, u: Coordinates, energy: Array) -> Array:  # noqa: ARG002
        """Give no angle (n,)."""
        return np.zeros_like(energy)

    def __call__(self, u: Coordinates, track: Track, aim: AnyAim) -> Emission:  # noqa: ARG002
        """Draw x uniformly in its kinematic window."""
        boson, energy, nucleus = self._boson, track.energy, self._of_layer.take(track.layer)
        x, width = _energy_fraction(u, energy, boson.mass)
        chi = _by_nucleus(nucleus, [table(iww.t_min(energy, boson.mass)) for table in self._chi])
        cross_section = iww.dsigma_dx(boson.kind, energy, x, boson.mass, chi)
        unknown = undefined(4, len(x))
        return Emission(
            x=x,
            theta=np.zeros_like(x),
            t=unknown[0],
            boson_e=x * energy,
            direction=track.direction,
            recoil=unknown,
            nucleus=unknown,
            cross_section=cross_section,
            width=width,
            density=1.0,
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
        self._of_layer = dump.nucleus_numbers
        self._chi = [ChiTable(nucleus, t_min, ww.t_max(boson.mass)) for nucleus in dump.nuclei]

    def spread(self, u: Coordinates, energy: Array) -> Array:
        """Angle (n,) [rad] at which the cross-section has dropped to 1/4."""
        return _spread(energy, _energy_fraction(u, energy, self._boson.mass)[0], self._boson.mass)

    def __call__(self, u: Coordinates, track: Track, aim: AnyAim) -> Emission:
        """Draw x uniformly, the direction by aim."""
        boson, energy, nucleus = self._boson, track.energy, self._of_layer.take(track.layer)
        x, width = _energy_fraction(u, energy, boson.mass)
        direction, density = _aimed(u, track, x, boson.mass, aim)
        versine = one_minus_cos(direction, track.direction)
        virtuality = ww.virtuality(energy, x, versine, boson.mass)
        t_min = ww.t_min(energy, x, virtuality)
        chi = _by_nucleus(nucleus, [table(t_min) for table in self._chi])
        cross_section = ww.d2sigma(boson.kind, energy, x, virtuality, boson.mass, chi)
        boson_p = momentum_of(x * energy, boson.mass)
        along = boson_p * (1.0 - versine)
        transverse = boson_p * direction - along * track.direction
        rest = (1.0 - x) ** 2 * energy * energy - MUON_MASS**2 - dot(transverse, transverse)
        recoil = np.sqrt(np.maximum(rest, 0.0)) * track.direction - transverse
        unknown = undefined(4, len(x))
        return Emission(
            x=x,
            theta=angle_of(versine),
            t=unknown[0],
            boson_e=x * energy,
            direction=direction,
            recoil=on_shell(recoil, MUON_MASS),
            nucleus=unknown,
            cross_section=cross_section,
            width=width,
            density=2.0 * np.pi * density,
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
        self._boson, self._nuclei, self._of_layer = boson, dump.nuclei, dump.nucleus_numbers
        lowest = (min(boson.mass, MUON_MASS) ** 2 / (2.0 * max_energy)) ** 2
        self._transfer = [TransferTable(nucleus, lowest) for nucleus in dump.nuclei]

    def spread(self, u: Coordinates, energy: Array) -> Array:
        """Angle (n,) [rad] at which the cross-section has dropped to 1/4."""
        return _spread(energy, _energy_fraction(u, energy, self._boson.mass)[0], self._boson.mass)

    def __call__(self, u: Coordinates, track: Track, aim: AnyAim) -> Emission:
        """Draw x uniformly, the direction by aim, t from the form factor, its azimuth uniformly."""
        boson, energy, nucleus = self._boson, track.energy, self._of_layer.take(track.layer)
        x, width = _energy_fraction(u, energy, boson.mass)
        direction, density = _aimed(u, track, x, boson.mass, aim)
        versine = one_minus_cos(direction, track.direction)
        masses = np.array([nucleus.mass for nucleus in self._nuclei])
        mass = float(masses[0]) if len(masses) == 1 else masses.take(nucleus)
        limits = two_to_three.t_limits(energy, x * energy, versine, boson.mass, mass)
        drawn = [table.draw(u["t"], *limits) for table in self._transfer]
        t = _by_nucleus(nucleus, [one for one, _ in drawn])
        g2_over_density = _by_nucleus(nucleus, [other for _, other in drawn])
        phi = 2.0 * np.pi * u["phi"]
        kin = two_to_three.kinematics(energy, x * energy, versine, t, phi, boson.mass, mass)
        cross_section = exact.d4sigma(boson.kind, kin, g2_over_density)
        _, recoil, struck = (_rotated(p, track.direction, direction) for p in two_to_three.momenta(kin))
        return Emission(
            x=x,
            theta=angle_of(versine),
            t=t,
            boson_e=x * energy,
            direction=direction,
            recoil=recoil,
            nucleus=struck,
            cross_section=cross_section,
            width=width,
            # 2 pi of the integration over phi cancels the 2 pi of the boson's own azimuth.
            density=density,
        )


class MakeSpectrum(Protocol):
    """Integrates a cross-section over all variables but x, for unit coupling."""

    def __call__(
        self, kind: Kind, energy: float, mass: float, nucleus: Nucleus, grid: Grid = FINE
    ) -> Spectrum:
        """Integrate for a kind of boson, the energy of the muon and the mass of the boson [GeV], and a nucleus."""
        ...


@dataclass(frozen=True, slots=True)
class Method:
    """A production method."""

    meaning: str
    """One line for people."""
    emission: Callable[[Boson, Dump, float], EmissionStage]
    """Makes the stage, from the boson, the dump and the largest energy of the muons [GeV]."""
    spectrum: MakeSpectrum
    """Its dsigma/dx at one energy."""
    collinear: bool = False
    """Whether the boson keeps the direction of the muon; otherwise it is aimed at the decay volume's entrance."""
    complete: bool = False
    """Whether all four-momenta are known, and with them the polarisation of vectors."""
    min_energy_factor: float = 0.0
    """Default of what multiplies the larger mass for the least energy of a muon."""


METHODS = {
    "iww": Method(
        "collinear, improved Weizsaecker-Williams: that of arXiv:2205.09870",
        Collinear,
        total.collinear_spectrum,
        collinear=True,
        min_energy_factor=10.0,
    ),
    "ww": Method(
        "Weizsaecker-Williams with the angle kept",
        WeizsaeckerWilliams,
        partial(total.spectrum_over_angles, total.ww_angles),
    ),
    "exact": Method(
        "tree level with nuclear recoil: what an experiment should use",
        Exact,
        partial(total.spectrum_over_angles, total.exact_angles),
        complete=True,
    ),
}
"""Production methods by their names in the card."""


def min_energy(method: str, factor: float | None, mass: float) -> float:
    """Energy that a muon needs where it radiates [GeV]: of the validity cut and of the kinematics.

    Parameters
    ----------
    factor : on the larger one of the masses of muon and boson; None for the method's default
    mass : of the boson [GeV]
    """
    factor = METHODS[method].min_energy_factor if factor is None else factor
    return max(factor * max(MUON_MASS, mass), MUON_MASS + mass)


def _energy_fraction(u: Coordinates, energy: Array, mass: float) -> tuple[Array, Array]:
    """x, uniform between m/E and 1 - m_mu/E, and the width of that window."""
    low = mass / energy
    width = np.maximum(1.0 - MUON_MASS / energy - low, 0.0)
    return low + u["x"] * width, width


def _aimed(u: Coordinates, track: Track, x: Array, mass: float, aim: AnyAim) -> tuple[Array, Array]:
    """Directions (3, n) that reach the volume, and their density per solid angle (n,)."""
    return aim.draw(u, track.position, track.direction, _spread(track.energy, x, mass))


def _spread(energy: Array, x: Array, mass: float) -> Array:
    """sqrt(2 c) (n,), with 2 c = U/(E^2 x) at theta = 0."""
    spread: Array = np.sqrt(ww.virtuality(energy, x, np.zeros_like(x), mass) / x) / energy
    return spread


def _by_nucleus(number: Ints, values: list[Array]) -> Array:
    """Pick, for every track, the value (n,) that belongs to its nucleus."""
    return values[0] if len(values) == 1 else np.choose(number, values)


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
