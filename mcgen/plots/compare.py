"""Two samples, variable by variable, with their ratio."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from mcgen.comparison.compare import Comparison, Shape
from mcgen.comparison.two_samples import PairedHistogram
from mcgen.digits import two_digits
from mcgen.plots.style import BLACK, BLUE, SKY, save
from mcgen.types import Array

_COLUMNS = 4

_LABELS = {
    "x": ("$x = E_X/E_\\mu$", ""),
    "theta": ("angle of the boson $\\theta_X$", "rad"),
    "boson_e": ("boson energy $E_X$", "GeV"),
    "boson_pt": ("boson $p_T$", "GeV"),
    "recoil_e": ("recoil muon energy $E_{\\mu'}$", "GeV"),
    "recoil_theta": ("angle of the recoil muon $\\theta_{\\mu'}$", "rad"),
    "t": ("momentum transfer $t$", "GeV$^2$"),
}
"""Names and units of the variables."""


def plot_comparison(comparison: Comparison, names: tuple[str, str], unit: str, paths: Iterable[Path]) -> None:
    """Draw the distributions of two samples and their ratios into png or pdf files.

    Parameters
    ----------
    names : of the sample and of the reference
    unit : of the totals
    """
    rows = max(-(-len(comparison.shapes) // _COLUMNS), 1)
    figure = plt.figure(figsize=(3.5 * _COLUMNS, 3.9 * rows + 0.8))
    inch = 1.0 / figure.get_figheight()
    grid = figure.add_gridspec(
        rows, _COLUMNS, left=0.05, right=0.99, bottom=0.6 * inch, top=1.0 - 0.9 * inch, wspace=0.3, hspace=0.3
    )
    for i, shape in enumerate(comparison.shapes):
        cell = grid[i // _COLUMNS, i % _COLUMNS].subgridspec(2, 1, height_ratios=(2.2, 1.0), hspace=0.06)
        top = figure.add_subplot(cell[0])
        bottom = figure.add_subplot(cell[1], sharex=top)
        top.tick_params(labelbottom=False)
        _draw_densities(top, shape, names)
        _draw_ratio(bottom, shape)
    one, two = comparison.sample, comparison.reference
    totals = (
        f"{name}: {sample.total:.5g} ± {two_digits(sample.error)} {unit}"
        for name, sample in zip(names, (one, two), strict=True)
    )
    figure.suptitle("  |  ".join([*totals, f"ratio {one.total / two.total:.4f}"]), fontsize=11)
    for path in paths:
        save(figure, path)


def _draw_densities(panel: Axes, shape: Shape, names: tuple[str, str]) -> None:
    h = shape.histogram
    centre, _ = _centres(h)
    _band(panel, h.edges, h.reference, h.reference_error)
    panel.stairs(h.reference, h.edges, color=BLUE, label=names[1])
    panel.errorbar(centre, h.density, h.error, fmt="o", ms=2.5, lw=1.0, color=BLACK, label=names[0])
    low, high = np.min(h.reference), np.max(h.reference)
    if low > 0.0 and high > 100.0 * low:
        panel.set_yscale("log")
    else:
        panel.set_ylim(bottom=0.0)
    unit = _LABELS[shape.variable][1]
    panel.set_ylabel(f"fraction per {unit or shape.variable}", fontsize=9)
    panel.set_title(f"$\\chi^2$: p = {shape.p_chi2:.2g},  KS: p = {shape.ks_p:.2g}", fontsize=9)
    panel.legend(fontsize=7, frameon=False)
    panel.tick_params(labelsize=8)


def _draw_ratio(panel: Axes, shape: Shape) -> None:
    h = shape.histogram
    centre, logarithmic = _centres(h)
    filled = np.where(h.reference > 0.0, h.reference, np.nan)
    _band(panel, h.edges, np.ones_like(filled), h.reference_error / filled)
    panel.axhline(1.0, color=BLUE, lw=1.0)
    panel.errorbar(centre, h.density / filled, h.error / filled, fmt="o", ms=2.5, lw=1.0, color=BLACK)
    panel.set_ylim(*_ratio_limits(h.density / filled))
    if logarithmic:
        panel.set_xscale("log")
    name, unit = _LABELS[shape.variable]
    panel.set_xlabel(f"{name} [{unit}]" if unit else name, fontsize=9)
    panel.set_ylabel("file / reference", fontsize=9)
    panel.tick_params(labelsize=8)


def _band(panel: Axes, edges: Array, centre: Array, half: Array) -> None:
    """Draw an error band in bins."""
    low, high = (np.append(y, y[-1]) for y in (centre - half, centre + half))
    panel.fill_between(edges, low, high, step="post", color=SKY, alpha=0.5, lw=0)


def _centres(h: PairedHistogram) -> tuple[Array, bool]:
    """Centres of the bins, and whether they are logarithmic."""
    width = np.diff(h.edges)
    if width[-1] > 1.5 * width[0]:
        return np.sqrt(h.edges[1:] * h.edges[:-1]), True
    return 0.5 * (h.edges[1:] + h.edges[:-1]), False


def _ratio_limits(ratio: Array) -> tuple[float, float]:
    """Limits that show most of the ratios, and at least 20 % on either side."""
    inner = ratio[np.isfinite(ratio)]
    low, high = np.quantile(inner, [0.04, 0.96]) if len(inner) else (1.0, 1.0)
    return max(min(0.8, low - 0.1), 0.0), max(1.2, min(high + 0.1, 5.0))
