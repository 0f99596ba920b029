"""What a flux holds: spectra of momentum, angle and depth."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mcgen.flux.census import Census
from mcgen.io.outputs import make_folder
from mcgen.plots.style import BLUE, GREEN, ORANGE, PURPLE, SKY, VERMILION, save

_LOOKS = {
    13: ("$\\mu^-$", BLUE),
    -13: ("$\\mu^+$", VERMILION),
    211: ("$\\pi^+$", GREEN),
    -211: ("$\\pi^-$", ORANGE),
    321: ("$K^+$", PURPLE),
    -321: ("$K^-$", SKY),
}
"""Name and colour of each parent, by PDG id."""

_PICTURES = {
    "momentum": ("momentum [GeV]", "d$N$/d ln $p$ per proton", True),
    "angle": ("angle to the z axis [rad]", "d$N$/d ln $\\theta$ per proton", True),
    "depth": ("z [m]", "d$N$/d$z$ per proton [1/m]", False),
}
"""Axis, its density, and whether it is logarithmic, by what is shown."""


def plot_census(found: Census, folder: Path) -> list[Path]:
    """Draw the spectra of a flux into png files of a folder, which is made if need be.

    Raises
    ------
    UsageError, RunError
        If the folder cannot be made.
    """
    make_folder(folder)
    return [_draw(found, path.stem, *_PICTURES[path.stem], path) for path in pictures_in(folder)]


def pictures_in(folder: Path) -> list[Path]:
    """Files of the pictures of a flux in a folder."""
    return [folder / f"{name}.png" for name in _PICTURES]


def _draw(found: Census, name: str, label: str, density: str, logarithmic: bool, path: Path) -> Path:
    histogram = getattr(found, name)
    # Per unit of ln(value) on a logarithmic axis, so that areas are rates on either.
    width = np.diff(np.log(histogram.edges) if logarithmic else histogram.edges)
    figure, panel = plt.subplots(figsize=(5.0, 3.6), layout="constrained")
    for pdg, parents in found.parents.items():
        particle, colour = _LOOKS[pdg]
        height, error = histogram.rates[pdg] / width, histogram.errors[pdg] / width
        total = f"{particle}: {parents.rate:.3g} per proton"
        panel.stairs(height, histogram.edges, color=colour, label=total)
        panel.stairs(
            height + error, histogram.edges, baseline=np.maximum(height - error, 0.0), fill=True,
            color=colour, alpha=0.25, linewidth=0.0,
        )  # fmt: skip
    if logarithmic:
        panel.set_xscale("log")
    highest = max(float(np.max(rates)) for rates in histogram.rates.values()) / float(width.min())
    if highest > 0.0:  # no angle is above 0 in a parallel beam
        panel.set_yscale("log")
        panel.set_ylim(1e-6 * highest, 3.0 * highest)
    panel.set_xlabel(label)
    panel.set_ylabel(density)
    panel.legend(fontsize=8, frameon=False)
    panel.set_title(Path(found.file).name, fontsize=9)
    save(figure, path)
    return path
