"""Energy of a muon along its track: constant loss, the range tables of a material, or none.

Sources: arXiv:2205.09870, Eq. 20, for the constant loss; `mcgen.physics.matter` for the tables.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.errors import UsageError
from mcgen.physics.interpolation import UniformCubic
from mcgen.physics.matter import Material, stopping_power
from mcgen.types import Array

REST_KINETIC = 1e-3
"""Kinetic energy below which a muon counts as stopped, with `TableLoss` [GeV]."""

MAX_ENERGY = 1000.0
"""Largest total energy of the stopping-power table [GeV]."""

_KNOTS = 4096
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


class EnergyLoss(ABC):
    """Mean energy of a muon along its track in one material.

    Everything follows from the range R(E), the length after which a muon of energy E stands still,
    and its inverse. A muon at rest has E = m_mu and R = 0: never 0 and never NaN, so that momenta
    stay real. Energies are total energies.
    """

    @abstractmethod
    def range(self, energy: Array) -> Array:
        """Length until the muon stands still: energy (n,) [GeV] -> (n,) [m]; 0 at rest."""

    @abstractmethod
    def energy_at(self, residual: Array) -> Array:
        """Energy of a muon that stops after `residual` (n,) [m] -> (n,) [GeV]; m_mu from 0 down."""

    def energy_after(self, energy: Array, length: Array | float) -> Array:
        """Energy of a muon after a track of some length.

        Parameters
        ----------
        energy : (n,) total energy at the start [GeV]
        length : (n,) of the track, 0 or more [m]

        Returns
        -------
        (n,) total energy [GeV]; m_mu where the muon has stopped before
        """
        left = self.energy_at(self.range(energy) - length)
        # Forth and back is not exact to the last bit, and no muon may gain energy.
        return np.minimum(left, np.maximum(energy, MUON_MASS))

    def length_to(self, energy: Array, final: Array | float) -> Array:
        """Length after which the energy has dropped to a given one.

        Parameters
        ----------
        energy : (n,) total energy at the start [GeV]
        final : (n,) or one total energy [GeV]; the muon's mass and less mean rest

        Returns
        -------
        (n,) [m]; 0 where the energy is below `final` from the start
        """
        return np.maximum(self.range(energy) - self.range(np.asarray(final, dtype=np.float64)), 0.0)

    def along(self, energy: Array, length: Array, share: Array) -> tuple[Array, Array]:
        """Points along a track that are even in the logarithm of the range that is left: there all is smooth.

        Parameters
        ----------
        energy : (n,) total energy at the start [GeV]
        length : (n,) of the track; the part behind a muon's range is left out [m]
        share : (k,) between 0 at the start and 1 at the end

        Returns
        -------
        measure, energy : (k, n) each, length per share [m], and total energy [GeV]
        """
        # At rest 1/p has no bound: keep a millionth of the range, and a micrometre of range.
        whole = np.maximum(self.range(energy), 1e-6)
        decline = -np.log1p(-np.minimum(length / whole, 1.0 - 1e-6))
        residual = whole * np.exp(-decline * share[:, None])
        return decline * residual, self.energy_at(residual)


@dataclass(frozen=True, slots=True)
class ConstantLoss(EnergyLoss):
    """The same energy loss everywhere, E(l) = E - l <dE/dz> (arXiv:2205.09870, Eq. 20)."""

    de_dz: float
    """<dE/dz>, positive [GeV/m]; `Material.minimum_loss` is the usual choice."""

    def __post_init__(self) -> None:
        if not self.de_dz > 0.0:
            raise UsageError(f"stopping power: {self.de_dz} GeV/m is not positive")

    def range(self, energy: Array) -> Array:
        """Length until the muon stands still, (E - m_mu)/<dE/dz>."""
        return np.maximum(energy - MUON_MASS, 0.0) / self.de_dz

    def energy_at(self, residual: Array) -> Array:
        """Energy of a muon that stops after `residual` [m]."""
        return MUON_MASS + self.de_dz * np.maximum(residual, 0.0)


class NoLoss(EnergyLoss):
    """No energy loss: vacuum. The range has no end, so that what follows from it is said directly."""

    def range(self, energy: Array) -> Array:
        """Length until the muon stands still: infinite; 0 at rest."""
        return np.where(energy > MUON_MASS, np.inf, 0.0)

    def energy_at(self, residual: Array) -> Array:
        """Nothing can be said of a muon by the length after which it stops."""
        raise NotImplementedError

    def energy_after(self, energy: Array, length: Array | float) -> Array:  # noqa: ARG002
        """Energy of a muon after a track of some length: the same."""
        return np.maximum(energy, MUON_MASS)

    def length_to(self, energy: Array, final: Array | float) -> Array:
        """Length after which the energy has dropped to a given one: never, or 0 from the start."""
        return np.where(energy > final, np.inf, 0.0)

    def along(self, energy: Array, length: Array, share: Array) -> tuple[Array, Array]:
        """Points along a track, even in its length."""
        shape = (len(share), len(energy))
        return np.broadcast_to(length, shape), np.broadcast_to(energy, shape)


class TableLoss(EnergyLoss):
    """Energy loss by `stopping_power`, from a kinetic energy of 1 MeV to a total of 1000 GeV.

    R(E), the integral of dE/S by Gauss quadrature, is kept as a cubic with 4096 knots in ln(E - m_mu),
    and the inverse of that cubic as another one in ln R: forth and back to 1e-9 of E. A muon counts as
    stopped below 1 MeV, where less than 0.1 mm is left. Ranges are proportional to 1/density.

    Parameters
    ----------
    material : one of the shipped, at any density

    Raises
    ------
    UsageError
        if the material is not one of the shipped, or a muon has more than 1000 GeV
    """

    def __init__(self, material: Material) -> None:
        def slope(kinetic: Array) -> Array:
            """dR/d ln(E - m_mu) [m]."""
            loss = stopping_power(material, MUON_MASS + kinetic.ravel()).reshape(kinetic.shape)
            return kinetic / (0.1 * material.density * loss)

        first, last = np.log(REST_KINETIC), np.log(MAX_ENERGY - MUON_MASS)
        knots = np.linspace(first, last, _KNOTS)
        half = 0.5 * (knots[1] - knots[0])
        pieces = half * (slope(np.exp(knots[:-1, None] + half * (1.0 + _NODES))) @ _WEIGHTS)
        slopes = slope(np.exp(knots))
        # What is left at 1 MeV if R goes as a power of E - m_mu: it keeps ln R regular there.
        self._rest = float(slopes[0] * (knots[1] - knots[0]) / np.log(slopes[1] / slopes[0]))
        ranges = self._rest + np.concatenate([[0.0], np.cumsum(pieces)])
        self._range = UniformCubic(first, last, ranges, slopes)

        log_ranges = np.linspace(np.log(ranges[0]), np.log(ranges[-1]), _KNOTS)
        at_knots = np.interp(log_ranges, np.log(ranges), knots)
        for _ in range(4):  # Newton: the inverse of the cubic itself, not of the integral
            at_knots -= (self._range(at_knots) - np.exp(log_ranges)) / self._range.slope(at_knots)
        slopes = np.exp(log_ranges + at_knots) / self._range.slope(at_knots)
        self._energy = UniformCubic(log_ranges[0], log_ranges[-1], MUON_MASS + np.exp(at_knots), slopes)

    def range(self, energy: Array) -> Array:
        """Length until the muon stands still, the integral of dE/S, at most to 1000 GeV [m]."""
        if np.max(energy, initial=0.0) > MAX_ENERGY:
            raise UsageError(
                f"a muon of {np.max(energy):.6g} GeV: the stopping-power table ends at {MAX_ENERGY:g} GeV. "
                "Leave such muons out, or use the constant energy loss"
            )
        kinetic = np.maximum(energy - MUON_MASS, REST_KINETIC)
        return self._range(np.log(kinetic)) - self._rest

    def energy_at(self, residual: Array) -> Array:
        """Energy of a muon that stops after `residual` [m]."""
        moving = residual > 0.0
        energy = self._energy(np.log(np.maximum(residual, 0.0) + self._rest))
        return np.where(moving, energy, MUON_MASS)
