"""Contours in the plane of mass and coupling, as Fig. 8 of arXiv:2205.09870."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from mcgen.experiment.exposure import EXPOSURES
from mcgen.plots.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    add_title,
    label,
    save,
    tidy_log_axis,
)
from mcgen.sensitivity.curves import Limit
from mcgen.sources.bremsstrahlung import Bremsstrahlung

Data = Mapping[str, Any]

_LINES = ((BLUE, "-"), (SKY, "--"), (VERMILION, "-"), (PURPLE, "-."), (ORANGE, "--"), (BLACK, ":"))
"""Colours and styles of scans; green is for g-2."""

_PROCESSES = ((ORANGE, "--"), (VERMILION, ":"), (PURPLE, "-."), (SKY, "--"))
"""Of the processes of a scan."""

_WORTH = 0.01
"""Yield over that at the limit, below which none is shown."""


def plot_scans(
    scans: Sequence[Data], path: Path, limits: Sequence[Limit] = (), labels: Sequence[str] = ()
) -> None:
    """Draw scans, as `mcgen scan` writes them in JSON, into one png or pdf file.

    Parameters
    ----------
    scans : the first one's g-2 is drawn
    limits : of other experiments
    labels : of the scans, in place of those of `label_of`

    Scans of one mass are drawn as yields against the coupling.
    """
    figure, axes = plt.subplots(figsize=(5.6, 5.0), layout="constrained")
    named = list(labels or [label_of(data) for data in scans])
    if len(scans) > 1:  # a title can say for how many protons one of them is
        named = [f"{name}, {_exposure(data)}" for name, data in zip(named, scans, strict=True)]
    named = [textwrap.fill(name, 80) for name in named]
    if len({point["mass_gev"] for data in scans for point in data["points"]}) == 1:
        _draw_yields(axes, scans, named)
    else:
        draw_scans(axes, scans, limits, named)
    if len(scans) == 1:
        add_title(figure, scans[0]["title"] or scans[0]["experiment"], _facts(scans[0]))
    # Inside, it would cover a contour somewhere.
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower left", fontsize=8, frameon=False)
    save(figure, path)


def plot_panels(panels: Mapping[str, Mapping[str, Data]], path: Path, columns: int) -> None:
    """Draw panels of scans, by their titles and labels, into one png or pdf file."""
    rows = -(-len(panels) // columns)
    size = (4.6 * columns, 3.9 * rows)
    figure, axes = plt.subplots(rows, columns, figsize=size, squeeze=False, layout="constrained")
    for place, (title, scans) in zip(axes.flat, panels.items(), strict=False):
        draw_scans(place, list(scans.values()), (), list(scans))
        place.set_title(title, fontsize=10)
    # By name: panels have most of their entries in common.
    entries = {
        name: handle
        for place in axes.flat
        for handle, name in zip(*place.get_legend_handles_labels(), strict=True)
    }
    figure.legend(
        entries.values(), entries.keys(), loc="outside lower center", ncols=3, fontsize=9, frameon=False
    )
    save(figure, path)


def draw_scans(
    axes: Axes, scans: Sequence[Data], limits: Sequence[Limit] = (), labels: Sequence[str] = ()
) -> None:
    """Draw scans into some axes, without a legend; see `plot_scans`."""
    masses = [point["mass_gev"] for data in scans for point in data["points"]]
    couplings = [g for data in scans for contour in data["contours"] for _, g in contour if g < 10.0]
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlim(min(masses), max(masses) if len(set(masses)) > 1 else 1.1 * max(masses))
    axes.set_ylim(0.5 * min(couplings, default=1e-8), 3.0 * max(couplings, default=1.0))
    for axis in (axes.xaxis, axes.yaxis):
        tidy_log_axis(axis)
    for limit in limits:
        _draw_limit(axes, limit)
    _draw_g_minus_2(axes, scans[0]["g_minus_2"])
    _draw_perturbative_limit(axes, scans[0].get("perturbative_limit"))
    named = labels or [label_of(data) for data in scans]
    for data, name, (colour, style) in zip(scans, named, cycle(_LINES), strict=False):
        for i, contour in enumerate(data["contours"]):
            mass, coupling = np.array(contour).T
            axes.plot(mass, coupling, style, color=colour, linewidth=1.6, label=None if i else name)
            axes.fill(mass, coupling, color=colour, alpha=0.08, linewidth=0.0)
        _draw_variations(axes, data, colour)
    if len(scans) == 1:
        _draw_processes(axes, scans[0])
    else:
        _draw_bremsstrahlung(axes, scans)
    axes.set_xlabel("$m_X$ [GeV]")
    axes.set_ylabel("$g_\\mu$")


def _draw_yields(axes: Axes, scans: Sequence[Data], named: Sequence[str]) -> None:
    """Draw the yields of one mass against the coupling, with their errors, and where they are at the limit."""
    axes.set_xscale("log")
    axes.set_yscale("log")
    top = max(point["n_max"] for data in scans for point in data["points"])
    for data, name, (colour, style) in zip(scans, named, cycle(_LINES), strict=False):
        (point,), grid = data["points"], data["grid"]
        value, *errors = (np.array(grid[key][0]) for key in ("yield", "mc_error", "flux_error"))
        seen = value > 0.1 * _WORTH * data["n_signal"]
        coupling, value, error = (a[seen] for a in (np.array(grid["couplings"]), value, np.hypot(*errors)))
        axes.plot(coupling, value, style, color=colour, linewidth=1.6, label=name)
        axes.fill_between(coupling, value - error, value + error, color=colour, alpha=0.3, linewidth=0.0)
        for limit in (point["g_low"], point["g_high"]):
            if limit is not None:
                axes.plot(limit, data["n_signal"], "o", color=colour)
    for n_signal in dict.fromkeys(data["n_signal"] for data in scans):
        axes.axhline(n_signal, color="0.5", linewidth=0.8, label=f"{n_signal:.3g} events")
    floor = min(_WORTH * data["n_signal"] for data in scans)
    axes.set_ylim(floor, max(5.0 * top, 1e3 * floor))
    axes.set_xlabel("$g_\\mu$")
    same = len({_exposure(data) for data in scans}) == 1
    axes.set_ylabel(f"accepted events for {_exposure(scans[0])}" if same else "accepted events")


def _facts(data: Data) -> str:
    """What a figure's numbers are for."""
    masses = {point["mass_gev"] for point in data["points"]}
    what = f"m = {masses.pop():.4g} GeV," if len(masses) == 1 else f"{data['n_signal']:.4g} events for"
    return f"{data['model']} {data['particle']}, {what} {_exposure(data)}"


def _exposure(data: Data) -> str:
    exposure = data["exposure"]
    return f"{exposure['value']:g} {EXPOSURES[exposure['kind']]}"


def _draw_variations(axes: Axes, data: Data, colour: str) -> None:
    """Shade what the limits of a scan's variations span."""
    points = [point for point in data["points"] if point.get("variations")]
    mass = [point["mass_gev"] for point in points]
    for name in ("g_low", "g_high"):
        spans = []
        for point in points:
            found = [point[name], *(limits[name] for limits in point["variations"].values())]
            known = [g for g in found if g is not None]
            spans.append((min(known), max(known)) if point[name] is not None else (np.nan, np.nan))
        if spans:
            low, high = np.array(spans).T
            axes.fill_between(mass, low, high, color=colour, alpha=0.3, linewidth=0.0)


def _draw_processes(axes: Axes, data: Data) -> None:
    """Draw the limits of each process alone."""
    names = dict.fromkeys(name for point in data["points"] for name in point.get("by_process", ()))
    for name, (colour, style) in zip(names, cycle(_PROCESSES), strict=False):
        _draw_alone(axes, data, name, style, colour, f"{name} alone")


def _draw_bremsstrahlung(axes: Axes, scans: Sequence[Data]) -> None:
    """Draw what muons alone make of each of several scans, in its colour."""
    name = Bremsstrahlung.name
    text: str | None = f"{name} alone"
    for data, (colour, _) in zip(scans, cycle(_LINES), strict=False):
        if any(name in point.get("by_process", ()) for point in data["points"]):
            _draw_alone(axes, data, name, ":", colour, text)
            text = None


def _draw_alone(axes: Axes, data: Data, name: str, style: str, colour: str, text: str | None) -> None:
    """Draw both limits of one process, where others contribute, too; `text` is what the legend says."""
    mass = [point["mass_gev"] for point in data["points"]]
    alone = [point.get("by_process", {}).get(name, {}) for point in data["points"]]
    for side, said in (("g_low", text), ("g_high", None)):
        coupling = np.array([np.nan if limits.get(side) is None else limits[side] for limits in alone])
        axes.plot(mass, coupling, style, color=colour, linewidth=1.2, label=said)


def label_of(data: Data) -> str:
    """What a scan is of: its title, and what its card said in the end."""
    facts = (data["title"] or data["experiment"], data["model"], data["particle"], data["method"])
    return "{}, {} {}, {}".format(*(label(str(fact)) for fact in facts))


def _draw_g_minus_2(axes: Axes, data: Data) -> None:
    """Shade the couplings that explain the muon's g-2, or say why none does, and those that it excludes."""
    points = data["points"]
    mass = np.array([point["mass_gev"] for point in points])

    def column(name: str) -> Any:
        return np.array([np.nan if point[name] is None else point[name] for point in points])

    low, high, excluded = (column(name) for name in ("g_low", "g_high", "g_excluded"))
    if np.isfinite(high).any():
        axes.fill_between(
            mass, low, high, color=GREEN, alpha=0.35, linewidth=0.0, label="$(g-2)_\\mu$, 2 $\\sigma$"
        )
    elif why := data.get("no_band"):  # files of earlier versions do not say
        axes.plot([], [], " ", label=f"$(g-2)_\\mu$: {why}")
    if np.isfinite(excluded).any():
        top = axes.get_ylim()[1]
        axes.fill_between(
            mass,
            excluded,
            top,
            where=excluded < top,
            color="0.88",
            linewidth=0.0,
            label="$(g-2)_\\mu$, excluded",
        )


def _draw_perturbative_limit(axes: Axes, limit: float | None) -> None:
    """Hatch the couplings that are too large for perturbation theory; files of earlier versions do not say."""
    top = axes.get_ylim()[1]
    if limit is not None and limit < top:
        axes.axhspan(
            limit, top, fill=False, hatch="///", edgecolor="0.6", linewidth=0.0, label="not perturbative"
        )


def _draw_limit(axes: Axes, limit: Limit) -> None:
    for i, curve in enumerate(limit.curves):
        name = None if i else label(limit.label)
        if limit.projected:
            axes.plot(curve[:, 0], curve[:, 1], "--", color="0.4", linewidth=1.0, label=name)
        else:
            axes.fill(curve[:, 0], curve[:, 1], color="0.85", edgecolor="0.5", linewidth=0.8, label=name)
