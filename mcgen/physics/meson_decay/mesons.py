"""The mesons whose muonic decays radiate bosons."""

from __future__ import annotations

from dataclasses import dataclass

from mcgen.constants import mass_of


@dataclass(frozen=True, slots=True)
class Meson:
    """A charged pseudoscalar meson, of either charge."""

    name: str
    """Symbol without its charge."""
    pdg: int
    """PDG id of the positive one."""
    mass: float
    """[GeV]"""
    branching: float
    """BR(M -> mu nu), inclusive of soft photons."""


MESONS = (
    Meson("K", 321, mass_of(321), 0.6356),
    Meson("pi", 211, mass_of(211), 0.99988),
)
"""Branching ratios: Review of Particle Physics 2024, 0.6356 +- 0.0011 and 0.9998770 +- 0.0000004."""


def meson_of(pdg: int) -> Meson:
    """Meson of a PDG id, of either charge; a `KeyError` for any other particle."""
    return {meson.pdg: meson for meson in MESONS}[abs(pdg)]
