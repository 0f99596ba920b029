"""The embedded muons as the paper counts them: all, those whose boson can be seen, those fast enough for `iww`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

import mcgen
from mcgen.card.flux_tables import FluxTable
from mcgen.constants import MUON_MASS
from mcgen.flux.flux import load_flux
from mcgen.plots.style import BLACK, ORANGE, SKY, VERMILION
from mcgen.types import Array, Bools, Ints
from mcgen.weights import error_by_group

EXPERIMENTS = {"na62": "NA62, Cu", "ship": "SHiP, Mo"}
FACTORS = (10.0, 50.0, 100.0)
"""Values of k in the cut E > k max(m_mu, m_S); the paper's own is not stated."""

MASSES = {0.1: (SKY, 3.8), 0.2: (VERMILION, 2.3), 0.5: (BLACK, 1.0)}
"""Masses [GeV] for which the cut is shown, with their colours and line widths; the first is below the muon's."""


@dataclass(frozen=True)
class Muons:
    """Muons of a flux at their production.

    Attributes
    ----------
    momentum : (n,) [GeV]
    theta : (n,) angle to the beam [rad]
    depth : (n,) z of the production point [m]
    rate : (n,) per proton
    group : (n,) number of the group that the muon fluctuates with
    seen : (n,) inside the dump, and on a ray through the decay volume, as a collinear boson would be
    """

    momentum: Array
    theta: Array
    depth: Array
    rate: Array
    group: Ints
    seen: Bools

    def fast(self, factor: float, mass: float) -> Bools:
        """Whether the energy is above `factor` times the larger of both masses."""
        energy = np.hypot(self.momentum, MUON_MASS)
        fast: Bools = energy > factor * max(MUON_MASS, mass)
        return fast

    def total(self, chosen: Bools) -> tuple[float, float]:
        """Muons per proton, and the error of a sample of groups."""
        rate = self.rate[chosen]
        return float(rate.sum()), error_by_group(rate, self.group[chosen])


@cache
def muons_of(experiment: str) -> Muons:
    """Muons of the card of an experiment."""
    card = mcgen.load_card(f"{experiment}_muonphilic")
    assert card.flux is not None
    flux = load_flux(FluxTable(file=card.flux.file))
    size = np.linalg.norm(flux.momentum, axis=0)
    direction = flux.momentum / size
    inside = card.dump().contains(flux.position) & (direction[2] > 0.0)
    hits = card.experiment.decay_volume.path_through(flux.position, direction)[1] > 0.0
    across = np.hypot(flux.momentum[0], flux.momentum[1])
    theta = np.arctan2(across, flux.momentum[2])
    return Muons(size, theta, flux.position[2], flux.rate, flux.group, inside & hits)


def fraction(muons: Muons, chosen: Bools, of: Bools) -> tuple[float, float]:
    """Fraction of some muons that are chosen, too, and its error."""
    rate, good = muons.rate[of], chosen[of]
    total = float(rate.sum())
    value = float(rate[good].sum()) / total
    return value, error_by_group(rate * (good - value), muons.group[of]) / total


def draw_stages(
    variable: str,
    bins: Array | Mapping[str, Array],
    axis: str,
    before: Sequence[str],
    limits: tuple[float, float],
    *,
    scale: float = 1.0,
) -> Figure:
    """Draw a distribution of both experiments for every k, before and after the cut.

    Parameters
    ----------
    variable : attribute of the muons
    bins : edges, in the units of the axis; of both or each experiment
    before : which of "input" and "geometry" to draw
    limits : of muons per proton and bin
    scale : unit of the axis over that of the variable
    """
    shape = (len(FACTORS), len(EXPERIMENTS))
    figure, panels = plt.subplots(
        *shape, figsize=(7.2, 6.6), sharex="col", sharey="col", layout="constrained"
    )
    for column, (name, label) in enumerate(EXPERIMENTS.items()):
        muons = muons_of(name)
        edges = bins[name] if isinstance(bins, Mapping) else bins
        values: Array = scale * getattr(muons, variable)
        for panel, factor in zip(panels[:, column], FACTORS, strict=True):
            everything = np.ones_like(muons.seen)
            # Curves are the same where nothing is cut: an area, and lines of which each is narrower than the one below it.
            looks: dict[str, tuple[Bools, dict[str, Any]]] = {
                "input": (everything, {"color": ORANGE, "lw": 1.4}),
                "geometry": (muons.seen, {"color": "0.82", "fill": True}),
            }
            looks = {stage: looks[stage] for stage in before}
            for mass, (colour, width) in MASSES.items():
                fast = muons.seen & muons.fast(factor, mass)
                looks[f"$m_S$ = {mass:g} GeV"] = (fast, {"color": colour, "lw": width})
            for text, (chosen, look) in looks.items():
                content = np.histogram(values[chosen], edges, weights=muons.rate[chosen])[0]
                panel.stairs(content, edges, label=text, **look)
            panel.set(yscale="log", ylim=limits)
            panel.set_title(f"{label}, $k$ = {factor:g}", fontsize=10)
            if variable == "momentum":
                panel.set_xscale("log")
        panels[-1, column].set_xlabel(axis)
    for panel in panels[:, 0]:
        panel.set_ylabel("muons per proton and bin", fontsize=9)
    handles, names = panels[0, 0].get_legend_handles_labels()
    figure.legend(handles, names, loc="outside upper center", ncols=len(names), fontsize=9, frameon=False)
    return figure
