"""Drawing of results; nothing is computed here."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt

from mcgen.io.files import atomic_output
from mcgen.xsec import CrossSection

COLOURS = {"iww": "#D55E00", "ww": "#0072B2", "exact": "#000000"}
"""Colours that colour-blind readers can tell apart (Okabe and Ito)."""

STYLES = {"iww": "--", "ww": "-.", "exact": "-"}


def plot_cross_sections(sections: Sequence[CrossSection], title: str, path: Path) -> None:
    """Draw dsigma/dx of the three methods, one panel an energy, into a png or pdf file."""
    energies = sorted({section.energy for section in sections})
    figure, panels = plt.subplots(
        1, len(energies), figsize=(3.2 * len(energies) + 0.6, 3.4), squeeze=False, layout="constrained"
    )
    for panel, energy in zip(panels[0], energies, strict=True):
        for section in sections:
            if section.energy == energy:
                label = f"{section.method}: {section.sigma:.3g} pb"
                style, colour = STYLES[section.method], COLOURS[section.method]
                panel.plot(section.x, section.dsigma_dx, style, color=colour, label=label)
        panel.set_title(f"$E_\\mu$ = {energy:g} GeV", fontsize=10)
        panel.set_xlabel("$x = E_X/E_\\mu$")
        panel.set_xlim(0.0, 1.0)
        panel.set_ylim(bottom=0.0)
        panel.legend(fontsize=8, frameon=False)
    panels[0][0].set_ylabel("d$\\sigma$/d$x$ [pb]")
    figure.suptitle(title, fontsize=10)
    with atomic_output(path) as temporary:
        figure.savefig(temporary, format=path.suffix[1:], dpi=150)
    plt.close(figure)
