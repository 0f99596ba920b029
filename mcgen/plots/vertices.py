"""Emission and decay vertices over the experiment from the side, with some events."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import QuadMesh
from matplotlib.colors import ListedColormap, LogNorm
from matplotlib.figure import Figure

from mcgen.experiment.tables import ExperimentTable
from mcgen.plots.style import BLACK, GREEN, ORANGE, PURPLE, VERMILION, add_title
from mcgen.survey import Survey
from mcgen.survey.survey import Map

_DECADES = 1e-3
"""Smallest density that is shown, relative to the largest one."""

_DENSITY = ListedColormap(plt.colormaps["Blues"](np.linspace(0.35, 1.0, 256)))
"""Without the lightest blues, which would look like no events."""

_GAS = 0.1
"""Density below which a layer is drawn as a gas [g/cm3]."""

_LABEL_SPACE = 0.045
"""Room for the name of a plane, as a share of the picture's width."""


def draw_vertices(survey: Survey) -> Figure:
    """Draw x and y over z: emissions in the dump on the left, decays in the experiment on the right."""
    figure, grid = plt.subplots(2, 2, figsize=(14.5, 7.4), layout="constrained", width_ratios=(1.0, 2.4))
    experiment = survey.card.experiment
    for axis, (name, row) in enumerate(zip("xy", grid, strict=True)):
        for panel, map_ in zip(row, (survey.emission[axis], survey.decay[axis]), strict=True):
            panel.set(xlim=(map_.z[0], map_.z[-1]), ylim=(map_.side[0], map_.side[-1]))
            panel.set(xlabel="$z$ [m]", ylabel=f"${name}$ [m]")
            _draw_dump(panel, experiment, axis)
            if (drawn := _draw_map(panel, map_)) is not None:
                bar = figure.colorbar(drawn, ax=panel, pad=0.01)
                bar.set_label(f"decays in volume per cell for\n{survey.card.normalisation}", fontsize=8)
        _draw_detector(row[1], experiment, axis, named=axis == 0)
        for display in survey.displays:
            z, across = display.boson[2], display.boson[axis]
            row[1].plot(z, across, ":", color="0.35", lw=0.9)
            row[1].plot(z[1], across[1], "o", color=BLACK, ms=2.5)
            for track, colour in zip(display.daughters, (VERMILION, GREEN), strict=True):
                row[1].plot(track[2], track[axis], color=colour, lw=0.9)
    grid[0, 0].set_title("emission vertices, by weight", fontsize=9)
    add_title(figure, survey.card.heading, survey.card.facts)
    return figure


def _draw_map(axes: Axes, map_: Map) -> QuadMesh | None:
    """Draw densities; return what a colour bar is for, if there are any."""
    top = float(map_.yields.max())
    if top <= 0.0:
        return None
    seen = np.ma.masked_less_equal(map_.yields.T, 0.0)
    norm = LogNorm(vmin=_DECADES * top, vmax=top, clip=True)
    return axes.pcolormesh(map_.z, map_.side, seen, cmap=_DENSITY, norm=norm, rasterized=True, zorder=1.5)


def _draw_dump(axes: Axes, experiment: ExperimentTable, axis: int) -> None:
    """Draw the layers of the dump; without sides they fill the picture's height, vacuum is left out, air is light.

    A layer with a field has a frame in the colour of the magnets.
    """
    height = min(experiment.target.half_width(axis), 2.0 * max(np.abs(axes.get_ylim())))
    for number, layer in enumerate(experiment.target.layers):
        assert layer.z_m is not None
        matter, half = layer.matter(), min(height, layer.half_width(axis))
        shade = "0.72" if number % 2 == 0 else "0.82"
        if not matter.is_vacuum:
            color = "0.94" if matter.density < _GAS else shade
            axes.fill_between(layer.z_m, -half, half, color=color, lw=0.0, zorder=1.0)
        if layer.field_t is not None and any(layer.field_t):
            axes.fill_between(layer.z_m, -half, half, fc="none", ec=PURPLE, lw=1.2, zorder=1.6)


def _draw_detector(axes: Axes, experiment: ExperimentTable, axis: int, named: bool) -> None:
    """Draw decay volume, planes with their holes, and magnets."""
    volume = experiment.decay_volume
    height = 2.0 * max(np.abs(axes.get_ylim()))
    centre, half = volume.centre_m[axis], np.minimum(volume.half_widths(axis), height)
    axes.fill_between(
        volume.z_m, centre - half, centre + half, facecolor=ORANGE, alpha=0.15, edgecolor=ORANGE, zorder=1.1
    )
    for plane in experiment.plane:
        middle, half_width, hole = plane.centre_m[axis], plane.half_width(axis), plane.hole_radius_m
        for sign in (-1.0, 1.0):
            ends = (middle + sign * hole, middle + sign * half_width)
            axes.plot((plane.z_m, plane.z_m), ends, color=BLACK, lw=2.0, solid_capstyle="butt")
    for magnet in experiment.magnet:
        axes.axvline(magnet.z_m, color=PURPLE, lw=4.0, alpha=0.5)
    if named:
        names = [(element.z_m, element.name) for element in (*experiment.plane, *experiment.magnet)]
        names.append((experiment.target.front, "dump"))
        names.append((sum(volume.z_m) / 2.0, "decay volume"))
        _write_names(axes, sorted(names))


def _write_names(axes: Axes, names: list[tuple[float, str]]) -> None:
    """Write names above the picture, moved apart where they would overlap."""
    low, high = axes.get_xlim()
    space = _LABEL_SPACE * (high - low)
    places = [z for z, _ in names]
    for i in range(1, len(places)):
        places[i] = max(places[i], places[i - 1] + space)
    for i in range(len(places) - 1, -1, -1):
        limit = high if i == len(places) - 1 else places[i + 1] - space
        places[i] = min(places[i], limit)
    for (z, name), place in zip(names, places, strict=True):
        axes.annotate(
            name,
            (z, 1.0),
            (place, 1.04),
            xycoords=("data", "axes fraction"),
            textcoords=("data", "axes fraction"),
            rotation=35,
            fontsize=8,
            arrowprops={"arrowstyle": "-", "lw": 0.6, "color": "0.4"},
            annotation_clip=False,
        )
