"""Figure 3 of the paper: normalised dsigma/dx of `iww` for several masses, with the boost threshold."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mcgen.constants import GEV2_TO_PB
from mcgen.physics.bremsstrahlung.total import Grid, Spectrum
from mcgen.physics.formfactors import Nucleus
from mcgen.plots.style import BLACK, BLUE, GREEN, ORANGE, VERMILION
from mcgen.sources.bremsstrahlung.methods import METHODS
from validation.claims import Outcome, Row, agrees, save_figure

MASSES = {
    0.01: (BLUE, "-"),
    0.05: (GREEN, "--"),
    0.1: (VERMILION, "-."),
    0.2: (ORANGE, (0, (5, 1))),
    0.5: (BLACK, ":"),
}
ENERGIES = (20.0, 100.0)
BOOST = 10.0
"""Lorentz factor of the vertical lines."""

COPPER = Nucleus(29, 63.546)

NOTES = """\
As the paper says of its figure, the spectra move from small to large x as the mass grows, and lie to the right of the line
of their mass: practically all scalars are fast. The text does not tell energy, masses and boost of the figure: here they are 20
and 100 GeV, 10 to 500 MeV, and a Lorentz factor of 10. The upper end is x = 1 − m_μ/E, which the paper leaves
open; there the exact spectra go to 0 (see the comparison with MadGraph), those of `iww` do not."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Draw the spectra; measure peaks and fast fractions."""
    grid = Grid(x=100 if quick else 600)
    spectra = {
        energy: {mass: METHODS["iww"].spectrum("scalar", energy, mass, COPPER, grid) for mass in MASSES}
        for energy in ENERGIES
    }
    rows = []
    for energy, by_mass in spectra.items():
        step = float(np.min(np.diff([one.mean_x for one in by_mass.values()])))
        rows.append(
            Row(
                f"E = {energy:g} GeV: smallest step of the mean x from mass to mass",
                step,
                None,
                None,
                0.0,
                None,
            )
        )
        for mass, one in by_mass.items():
            claim = f"E = {energy:g} GeV, m_S = {mass:g} GeV: fraction with Lorentz factor above {BOOST:g}"
            rows.append(Row(claim, fast_fraction(one, energy, mass), None, None, 0.5, None))
    found = METHODS["iww"].spectrum("scalar", 100.0, 0.05, COPPER).sigma * GEV2_TO_PB
    rows.append(agrees("Cu, E = 100 GeV, m_S = 0.05 GeV: σ/g² [pb]", found, 0.0, 1.36545e9, allowance=5e-6))
    draw(folder, spectra)
    return Outcome(
        "Fig. 3 of the paper: heavier scalars are harder, and fast", tuple(rows), ("paper_fig3",), NOTES
    )


def fast_fraction(one: Spectrum, energy: float, mass: float) -> float:
    """Fraction of the cross-section beyond the boost threshold."""
    fast = one.x > BOOST * mass / energy
    return float(one.dx[fast] @ one.dsigma_dx[fast]) / one.sigma


def draw(folder: Path, spectra: dict[float, dict[float, Spectrum]]) -> None:
    """Draw the normalised spectra."""
    figure, panels = plt.subplots(1, len(spectra), figsize=(9.0, 3.6), sharey=True, layout="constrained")
    for panel, (energy, by_mass) in zip(panels, spectra.items(), strict=True):
        for mass, one in by_mass.items():
            colour, style = MASSES[mass]
            panel.plot(one.x, one.dsigma_dx / one.sigma, ls=style, color=colour, label=f"{mass:g}")
            panel.axvline(BOOST * mass / energy, color=colour, lw=0.9, ls=(0, (2, 2)))
        panel.set(xlim=(0.0, 1.0), ylim=(0.0, 7.0), xlabel="$x = E_S/E_\\mu$")
        panel.set_title(f"Cu, $E_\\mu$ = {energy:g} GeV", fontsize=10)
    panels[0].set_ylabel("(1/$\\sigma$) d$\\sigma$/d$x$ (iww)")
    panels[0].legend(title="$m_S$ [GeV]", fontsize=9, frameon=False, loc="upper center")
    panels[1].plot([], [], color="0.4", lw=0.9, ls=(0, (2, 2)), label=f"$E_S/m_S$ = {BOOST:g}")
    panels[1].legend(handles=panels[1].lines[-1:], fontsize=9, frameon=False, loc="upper center")
    save_figure(figure, folder, "paper_fig3")
