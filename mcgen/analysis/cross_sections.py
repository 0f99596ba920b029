"""The production methods' cross-sections side by side, at a card's mass, coupling and target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from mcgen.card import Card
from mcgen.constants import GEV2_TO_PB
from mcgen.physics.bremsstrahlung.total import COARSE, FINE, Spectrum
from mcgen.physics.matter import Material
from mcgen.sources.bremsstrahlung.methods import METHODS
from mcgen.types import Array

DEFAULT_ENERGIES = (10.0, 20.0, 50.0, 100.0, 200.0)
"""Muon energies [GeV] of a card without a beam."""


@dataclass(frozen=True, slots=True)
class CrossSection:
    """A method's cross-section at one energy."""

    energy: float
    """Total energy of the muon [GeV]."""
    method: str
    """Name of the production method."""
    sigma: float
    """[pb]"""
    error: float
    """Difference to a coarser quadrature [pb]."""
    mean_x: float
    """Mean energy fraction."""
    mean_theta: float
    """Mean angle between boson and muon [rad]."""
    x: Array
    """(k,) energy fractions."""
    dsigma_dx: Array
    """(k,) the spectrum there [pb]."""


def cross_sections(card: Card, energies: Sequence[float] | None = None) -> list[CrossSection]:
    """Cross-sections of all methods on the (first layer of the) card's target.

    Parameters
    ----------
    energies : total muon energies [GeV]; by default the beam's, or some typical ones above threshold

    Raises
    ------
    KinematicsError
        If an energy is below threshold.

    Examples
    --------
    >>> [(section.method, section.sigma > 0.0) for section in mcgen.xsec(card, [20.0])]
    [('iww', True), ('ww', True), ('exact', True)]
    """
    boson = card.model.boson()
    nucleus = material_of(card).nucleus
    scale = boson.radiating**2 * GEV2_TO_PB
    found = []
    for energy in energies or _default_energies(card):
        for method in METHODS:
            fine, coarse = (
                METHODS[method].spectrum(boson.kind, energy, boson.mass, nucleus, grid)
                for grid in (FINE, COARSE)
            )
            found.append(_scaled(fine, coarse, scale, energy, method))
    return found


def material_of(card: Card) -> Material:
    """Material that the cross-sections of a card are of: that of the first layer that has any."""
    return next(layer.material for layer in card.dump().layers if not layer.material.is_vacuum)


def _default_energies(card: Card) -> list[float]:
    if card.beam is not None:
        return [card.beam.energy_gev]
    enough = 2.0 * card.production.min_energy(card.model.mass_gev)
    return [energy for energy in DEFAULT_ENERGIES if energy > enough] or [enough]


def _scaled(fine: Spectrum, coarse: Spectrum, scale: float, energy: float, method: str) -> CrossSection:
    return CrossSection(
        energy=energy,
        method=method,
        sigma=scale * fine.sigma,
        error=scale * abs(fine.sigma - coarse.sigma),
        mean_x=fine.mean_x,
        mean_theta=fine.mean_theta,
        x=fine.x,
        dsigma_dx=scale * fine.dsigma_dx,
    )
