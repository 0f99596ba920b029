"""Whether the errors that mcgen quotes are the scatter of its yields."""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.stats import norm

from mcgen.metadata import Yield
from mcgen.plots.style import BLACK, BLUE, VERMILION
from mcgen.types import Array
from tests.oracle.replicas import SELECTED, bootstrap, pulls_of
from tests.oracle.stats import chi2_p
from validation.claims import Outcome, Row, agrees, likely, save_figure

CASES = ("electrons_magnet", "electrons_mixed_flux")
WORDS = {"fiducial": "decays in the volume", "accepted": "accepted"}

NOTES = """\
Every seed trains a proposal of its own; its run is cut into ten parts, each as good as a short run. Pulls are against nested
quadrature: a wrong yield would show as much as a wrong error. For the flux error the rows of a toy flux of 40 muons are
taken a Poisson number of times each, and the scatter of the yields is compared with the quoted total error. Yields of short
runs are a little skewed, as sums of weights are, hence the lower tail of the pulls."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Measure the widths of pulls, the coverage, and the scatter of replicas."""
    seeds, replicas = (8, 24) if quick else (200, 600)
    with tempfile.TemporaryDirectory() as scratch:
        pulls = {
            name: pulls_of(name, Path(scratch), seeds=seeds, parts=10, points=2000, nitn=2)
            for name in (CASES[:1] if quick else CASES)
        }
        yields = bootstrap(Path(scratch), replicas)
    rows = []
    for name, by_key in pulls.items():
        for key, values in by_key.items():
            rows += pull_rows(f"mc_error, {name}, {WORDS[key]}, {seeds} seeds", values)
    scaled = {}
    for key, found in yields.items():
        scaled[key] = deviations(found)
        rows += scatter_rows(f"flux_error, {WORDS[key]}, {replicas} bootstrapped fluxes", scaled[key])
        share = float(np.mean([one.mc_error**2 / one.total_error**2 for one in found]))
        rows.append(Row(f"{WORDS[key]}: share of mc_error² in total_error²", share, None, None, None, 0.5))
    every = np.concatenate([values for by_key in pulls.values() for values in by_key.values()])
    draw(folder, every, seeds, scaled)
    return Outcome("The quoted errors cover", tuple(rows), ("errors",), NOTES)


def pull_rows(claim: str, pulls: Array) -> list[Row]:
    """Width and mean of pulls, and the coverage of one standard deviation."""
    n = len(pulls)
    inside = float(np.mean(np.abs(pulls) < 1.0))
    expected = float(norm.cdf(1.0) - norm.cdf(-1.0))
    p = chi2_p(float(pulls @ pulls), n, two_sided=True)
    return [
        agrees(f"{claim}: rms of the pulls", float(np.sqrt(np.mean(pulls**2))), (2 * n) ** -0.5, 1.0),
        agrees(f"{claim}: mean of the pulls", float(pulls.mean()), n**-0.5, 0.0),
        agrees(f"{claim}: coverage of ±1σ", inside, (expected * (1.0 - expected) / n) ** 0.5, expected),
        likely(f"{claim}: p of the pulls' χ²", p),
    ]


def deviations(yields: list[Yield]) -> Array:
    """Deviations of yields from their mean, over the quoted total error (of all, as it scatters with the yield)."""
    values = np.array([one.value for one in yields])
    error = np.sqrt(np.mean([one.total_error**2 for one in yields]))
    return np.asarray((values - values.mean()) / error)


def scatter_rows(claim: str, scaled: Array) -> list[Row]:
    """Scatter of the yields over the quoted error."""
    n = len(scaled)
    square = float(scaled @ scaled)
    inside = float(np.mean(np.abs(scaled) < 1.0))
    expected = float(norm.cdf(1.0) - norm.cdf(-1.0))
    return [
        agrees(f"{claim}: scatter / total_error", (square / (n - 1)) ** 0.5, (2 * (n - 1)) ** -0.5, 1.0),
        agrees(f"{claim}: coverage of ±1σ", inside, (expected * (1.0 - expected) / n) ** 0.5, expected),
        likely(f"{claim}: p of the χ²", chi2_p(square, n - 1, two_sided=True)),
    ]


def draw(folder: Path, pulls: Array, seeds: int, scaled: dict[str, Array]) -> None:
    """Draw pulls and scaled deviations with the normal distribution."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.5), layout="constrained")
    grid = np.linspace(-4.5, 4.5, 200)
    for panel, samples in (
        (left, {f"{len(pulls)} pulls": (pulls, BLUE, "-")}),
        (
            right,
            {
                WORDS[key]: (scaled[key], colour, style)
                for key, colour, style in zip(SELECTED, (BLUE, VERMILION), ("-", "--"), strict=True)
            },
        ),
    ):
        edges = np.linspace(-4.5, 4.5, 46 if panel is left else 24)
        for label, (values, colour, style) in samples.items():
            content = np.histogram(values, edges)[0] / (len(values) * np.diff(edges))
            panel.stairs(content, edges, color=colour, ls=style, lw=1.3, label=label)
        panel.plot(grid, norm.pdf(grid), color=BLACK, lw=1, label="normal")
        panel.legend(fontsize=9, frameon=False, loc="upper left")
        panel.set(xlim=(-4.5, 4.5), ylim=(0.0, 0.62))
    left.set(xlabel="(yield − quadrature) / mc_error", ylabel="density", title=f"{seeds} seeds a setup")
    right.set(xlabel="(yield − mean) / total_error", title=f"{len(scaled['accepted'])} bootstrapped fluxes")
    left.set_title(left.get_title(), fontsize=10)
    right.set_title(right.get_title(), fontsize=10)
    save_figure(figure, folder, "errors")
