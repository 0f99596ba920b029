"""Figure 6 of the paper: momentum and angle of the muons after the geometry, and after the cut for `iww`."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

from validation.claims import Outcome, Row, save_figure
from validation.muons import EXPERIMENTS, FACTORS, MASSES, fraction, muons_of

SLOW = 2.0
"""A muon is slow below this many times the lowest momentum of the sample."""

NOTES = """\
Compared with the paper's statements, not with its maps. Two hold here: slow muons (below 4 GeV) have the
larger angles, and at large angles SHiP's muons are slower than NA62's, so that SHiP loses more by the cut. The lower maps are
for m_S ≤ m_μ and k = 100. The left edge, at 2 GeV, is where the embedded sample begins; white spots at small angles
of NA62 are a lack of rows, not of muons."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Measure where slow muons are, and draw the maps."""
    del quick
    rows = []
    slow_outside = {}
    for name, label in EXPERIMENTS.items():
        muons = muons_of(name)
        slow = muons.momentum < SLOW * 2.0
        wide = muons.theta > np.median(muons.theta[muons.seen])
        outer, inner = (fraction(muons, slow, muons.seen & side) for side in (wide, ~wide))
        slow_outside[name] = outer
        value = outer[0] / inner[0]
        error = value * float(np.hypot(outer[1] / outer[0], inner[1] / inner[0]))
        claim = f"{label}: fraction of slow muons, larger / smaller half of the angles"
        rows.append(Row(claim, value, error, None, 1.0, None))
    na62, ship = slow_outside["na62"], slow_outside["ship"]
    value = ship[0] / na62[0]
    error = value * float(np.hypot(ship[1] / ship[0], na62[1] / na62[0]))
    rows.append(Row("fraction of slow muons at large angles, SHiP / NA62", value, error, None, 1.0, None))
    draw(folder)
    title = "Fig. 6 of the paper: slow muons have large angles, at SHiP above all"
    return Outcome(title, tuple(rows), ("paper_fig6",), NOTES)


def draw(folder: Path) -> None:
    """Draw both maps of both experiments."""
    figure, panels = plt.subplots(2, 2, figsize=(8.6, 6.0), sharex=True, sharey="col", layout="constrained")
    most = max(FACTORS)
    for column, (name, label) in enumerate(EXPERIMENTS.items()):
        muons = muons_of(name)
        end = 1e3 * float(muons.theta[muons.seen].max())
        bins = (np.geomspace(2.0, 300.0, 41), np.linspace(0.0, end, 36))
        stages = {
            "after the geometry": muons.seen,
            f"and $E_\\mu > {most:g}\\,$max$(m_\\mu, m_S)$, $m_S \\leq m_\\mu$": muons.seen
            & muons.fast(most, min(MASSES)),
        }
        norm = None
        for panel, (stage, chosen) in zip(panels[:, column], stages.items(), strict=True):
            content = np.histogram2d(
                muons.momentum[chosen], 1e3 * muons.theta[chosen], bins, weights=muons.rate[chosen]
            )[0]
            if norm is None:
                norm = LogNorm(1e-4 * content.max(), content.max())
            mesh = panel.pcolormesh(*bins, content.T, norm=norm, cmap="cividis", rasterized=True)
            panel.set_facecolor("0.92")
            panel.set(xscale="log", ylabel="$\\theta_\\mu$ [mrad]")
            panel.set_title(f"{label}, {stage}", fontsize=9)
        panels[1, column].set_xlabel("$p_\\mu$ [GeV]")
        figure.colorbar(
            mesh,
            ax=panels[:, column],
            label="muons per proton and bin",
            location="bottom",
            aspect=40,
            pad=0.02,
        )
    save_figure(figure, folder, "paper_fig6")
