"""Cross-sections of all methods side by side."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.interpolate import PchipInterpolator

from mcgen.analysis.cross_sections import CrossSection, material_of
from mcgen.card import Card
from mcgen.plots.style import add_title, save, style_of


def plot_cross_sections(sections: Sequence[CrossSection], card: Card, path: Path) -> None:
    """Draw dsigma/dx of all methods, one panel an energy, into a png or pdf file."""
    methods = list(dict.fromkeys(section.method for section in sections))
    energies = sorted({section.energy for section in sections})
    figure, panels = plt.subplots(
        1, len(energies), figsize=(3.2 * len(energies) + 0.6, 4.1), squeeze=False, layout="constrained"
    )
    for panel, energy in zip(panels[0], energies, strict=True):
        for section in sections:
            if section.energy == energy:
                label = f"{section.method}: {section.sigma:.3g} pb"
                colour, style = style_of(methods.index(section.method))
                # The wider ones first, to be seen where two are the same.
                width = 3.0 - 0.8 * methods.index(section.method)
                x = np.linspace(section.x[0], section.x[-1], 400)  # the nodes of a quadrature are far apart
                spectrum = PchipInterpolator(section.x, section.dsigma_dx)(x)
                panel.plot(x, spectrum, style, color=colour, linewidth=width, label=label)
        panel.set_title(f"$E_\\mu$ = {energy:g} GeV", fontsize=10)
        panel.set_xlabel("$x = E_X/E_\\mu$")
        panel.set_xlim(0.0, 1.0)
        panel.set_ylim(bottom=0.0)
        # Inside, it would cover a curve somewhere.
        panel.legend(fontsize=8, frameon=False, loc="upper center", bbox_to_anchor=(0.5, -0.2))
    panels[0][0].set_ylabel("d$\\sigma$/d$x$ [pb]")
    add_title(figure, card.heading, f"{card.model.in_words()}, per nucleus of {material_of(card).name}")
    save(figure, path)
