"""The embedded muons: momentum, angle and depth, against what mcgen/data/README.md says of them."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import mcgen
from mcgen.plots.style import BLUE, VERMILION
from mcgen.types import Array, Ints
from mcgen.weights import error_by_group
from validation.claims import Outcome, Row, agrees, save_figure
from validation.muons import EXPERIMENTS, Muons, muons_of

PAGE = Path(mcgen.__file__).parent / "data" / "README.md"
TRUST = ((5.0, 100.0, 1.3), (100.0, 150.0, 1.5), (150.0, 400.0, 2.0))
"""Momenta [GeV] and the factor within which the sample is to be trusted there."""

LOOKS = {"na62": (BLUE, 2.6), "ship": (VERMILION, 1.0)}
"""Colour and line width: the first line is the wider one, to be seen where both are the same."""

NOTES = """\
Numbers of muons above a momentum, and medians of depth and angle, are those of the page that comes with the
samples, within its digits and the statistical errors. The page rounds these errors down a little: above 50 GeV the
groups of muons from one point give 0.9 %, it says 0.7 %. The band is the uncertainty of the simulation that the page states: 30 % from 5 to
100 GeV, a factor 1.5 to 150 GeV, a factor 2 above; it was not checked below 5 GeV. Copper and molybdenum differ little.
Half of the slow muons come from the first half metre, fast ones from less than 0.2 m: the dump's end hardly matters."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Measure the samples; the same at any speed."""
    del quick
    text = PAGE.read_text(encoding="utf-8")
    rows = []
    thresholds = [float(word.split()[0]) for word in cells(text, "muons per proton above")]
    for name, label in EXPERIMENTS.items():
        stated = cells(text, label.split(", ")[1])
        muons = muons_of(name)
        for threshold, word in zip(thresholds, stated, strict=True):
            value, error = muons.total(muons.momentum > threshold)
            claim = f"{label}: muons per proton above {threshold:g} GeV"
            half = 0.5 * last_digit(word) / float(word)
            rows.append(agrees(claim, value, error, float(word), nsigma=2.0, allowance=half))
    rows += medians(text)
    for name, label in EXPERIMENTS.items():
        muons = muons_of(name)
        value, error = muons.total(muons.momentum > 50.0)
        rows.append(
            Row(f"{label}: relative statistical error above 50 GeV", error / value, None, None, None, 0.01)
        )
    draw(folder)
    return Outcome("The embedded muons are what their page says", tuple(rows), ("flux",), NOTES)


def cells(text: str, first: str) -> list[str]:
    """Cells of the row of a table that begins with `first`."""
    row = re.search(rf"^\| {re.escape(first)} \|(.*)\|$", text, re.MULTILINE)
    assert row is not None, f"{PAGE} has no row {first!r}"
    return [cell.strip() for cell in row[1].split("|")]


def last_digit(word: str) -> float:
    """Size of one unit of the last digit of a number as it is written."""
    mantissa, _, exponent = word.partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(10.0 ** (int(exponent or 0) - decimals))


def medians(text: str) -> list[Row]:
    """Compare the medians of depth and angle, for copper, in bins of momentum."""
    muons = muons_of("na62")
    rows = []
    for what, values, scale in (
        ("production depth", muons.depth, 1.0),
        ("angle to the beam", muons.theta, 1e3),
    ):
        for bin_text, word in zip(cells(text, "medians (Cu)"), cells(text, what), strict=True):
            if not word:
                continue
            low, high = (float(edge) for edge in bin_text.split()[0].split("-"))
            stated, unit = word.split()
            chosen = (muons.momentum > low) & (muons.momentum < high)
            value, error = weighted_median(scale * values[chosen], muons.rate[chosen], muons.group[chosen])
            half = 0.5 * last_digit(stated)
            claim = f"Cu, {low:g} to {high:g} GeV: median {what} [{unit}]"
            rows.append(
                agrees(claim, value, error, float(stated), nsigma=3.0, allowance=half / float(stated))
            )
    return rows


def weighted_median(values: Array, rate: Array, group: Ints) -> tuple[float, float]:
    """Median of weighted values, and its error: from the quantiles within the error of the share below it."""
    order = np.argsort(values)
    share = np.cumsum(rate[order]) / rate.sum()
    middle = values[order][np.searchsorted(share, 0.5)]
    spread = error_by_group(rate * ((values < middle) - 0.5), group) / rate.sum()
    low, high = (values[order][np.searchsorted(share, q)] for q in (0.5 - spread, 0.5 + spread))
    return float(middle), 0.5 * float(high - low)


def draw(folder: Path) -> None:
    """Draw the three distributions of both samples, with errors and, for the momentum, its uncertainty; and their ratio."""
    figure, panels = plt.subplots(
        2, 3, figsize=(11.0, 5.2), sharex="col", height_ratios=(2.4, 1.0), layout="constrained"
    )
    variables: tuple[tuple[Callable[[Muons], Array], Array, str, str], ...] = (
        (
            lambda m: m.momentum,
            np.geomspace(2.0, 400.0, 31),
            "$p_\\mu$ [GeV]",
            "d$n$/d$p$ [1/GeV per proton]",
        ),
        (
            lambda m: 1e3 * m.theta,
            np.geomspace(0.3, 1000.0, 41),
            "$\\theta_\\mu$ [mrad]",
            "d$n$/d$\\theta$ [1/mrad per proton]",
        ),
        (
            lambda m: m.depth,
            np.linspace(0.0, 3.0, 31),
            "production depth $z$ [m]",
            "d$n$/d$z$ [1/m per proton]",
        ),
    )
    for (top, bottom), (values, bins, axis, unit) in zip(panels.T, variables, strict=True):
        logarithmic = bins is not variables[-1][1]
        middle = np.sqrt(bins[1:] * bins[:-1]) if logarithmic else 0.5 * (bins[1:] + bins[:-1])
        drawn = {name: density(muons_of(name), values(muons_of(name)), bins) for name in EXPERIMENTS}
        for name, (content, error) in drawn.items():
            colour, width = LOOKS[name]
            top.stairs(content, bins, color=colour, lw=width, label=EXPERIMENTS[name].split(", ")[1])
            top.errorbar(middle, content, error, fmt="none", color=colour, lw=0.5 * width)
        ratio, relative = ratio_of(drawn["ship"], drawn["na62"])
        bottom.axhline(1.0, color="0.6", lw=0.8)
        bottom.errorbar(middle, ratio, ratio * relative, fmt="o", ms=2.5, lw=1.0, color=LOOKS["ship"][0])
        bottom.set(xlabel=axis, ylim=(0.0, 2.0))
        top.set(yscale="log", ylabel=unit)
        if logarithmic:
            top.set_xscale("log")
    shade(
        panels[0, 0],
        variables[0][1],
        density(muons_of("na62"), muons_of("na62").momentum, variables[0][1])[0],
    )
    panels[1, 0].set_ylabel("Mo / Cu")
    # Of all three panels: the first one has the band of the momentum, too.
    figure.legend(
        *panels[0, 0].get_legend_handles_labels(),
        fontsize=9,
        frameon=False,
        ncols=3,
        loc="outside lower center",
    )
    figure.suptitle("all muons above 2 GeV", fontsize=10)
    save_figure(figure, folder, "flux")


def ratio_of(one: tuple[Array, Array], other: tuple[Array, Array]) -> tuple[Array, Array]:
    """Ratio of two histograms and its relative error; nan where one of them is empty."""
    filled = (one[0] > 0.0) & (other[0] > 0.0)
    (a, da), (b, db) = ((np.where(filled, v, np.nan) for v in pair) for pair in (one, other))
    return a / b, np.hypot(da / a, db / b)


def density(muons: Muons, values: Array, bins: Array) -> tuple[Array, Array]:
    """Muons per proton and unit in bins, and the statistical error."""
    width = np.diff(bins)
    inside = [(values >= low) & (values < high) for low, high in pairwise(bins)]
    total, error = np.array([muons.total(chosen) for chosen in inside]).T
    return total / width, error / width


def shade(panel: Axes, bins: Array, content: Array) -> None:
    """Shade how far the sample is to be trusted."""
    middle = np.sqrt(bins[1:] * bins[:-1])
    factor = np.full(len(middle), np.nan)
    for low, high, by in TRUST:
        factor[(middle >= low) & (middle <= high)] = by
    panel.stairs(
        content * factor,
        bins,
        baseline=content / factor,
        fill=True,
        color="0.85",
        label="uncertainty (Cu)",
        zorder=0.5,
    )
