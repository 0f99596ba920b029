"""Distributions of parent, boson and daughters, and the acceptance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import cycle

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from mcgen.analysis.systematics import systematic_errors, total_systematic
from mcgen.plots.style import BLACK, BLUE, CYCLE, VERMILION, add_title, tidy_log_axis
from mcgen.survey import Survey, YieldHistogram
from mcgen.survey.survey import CHANNEL, PROCESS, VARIATION
from mcgen.survey.variables import ACCEPTANCE, BOSON, DAUGHTERS, PARENT, VARIABLES, Variable
from mcgen.types import Array

_DECADES = 1e-5
"""Smallest yield that is shown, relative to the largest one."""

_MERGED = 2
"""Bins of the distributions in one bin of the acceptance."""


def draw_parent(survey: Survey) -> Figure:
    """Draw the parents of the bosons."""
    return _draw_spectra(survey, PARENT, columns=4)


def draw_boson(survey: Survey) -> Figure:
    """Draw the boson."""
    return _draw_spectra(survey, BOSON, columns=3)


def draw_daughters(survey: Survey) -> Figure:
    """Draw the daughters at the decay."""
    return _draw_spectra(survey, DAUGHTERS, columns=3)


def draw_processes(survey: Survey) -> Figure:
    """Draw the boson, by the process that made it."""
    return _draw_stacked(survey, BOSON, PROCESS)


def draw_channels(survey: Survey) -> Figure:
    """Draw the daughters, by the channel of the decay."""
    return _draw_stacked(survey, DAUGHTERS, CHANNEL)


def _draw_stacked(survey: Survey, variables: Sequence[Variable], kind: str) -> Figure:
    """Draw the accepted events of each process or channel, one on top of the other."""

    def panel(axes: Axes, histogram: YieldHistogram) -> None:
        below = np.zeros(len(histogram.edges) - 1)
        for (name, value), colour in zip(histogram.others(kind).items(), cycle(CYCLE), strict=False):
            above = below + value[1:-1]
            axes.stairs(
                above, histogram.edges, baseline=below, fill=True, color=colour, alpha=0.6, label=name
            )
            below = above
        value, error = histogram.accepted()
        _band(axes, histogram.edges, value[1:-1], error[1:-1], BLACK, "all, accepted")
        axes.set_ylim(bottom=0.0)

    return _with_legend(
        _draw(
            survey,
            variables,
            3,
            f"accepted events per bin for\n{survey.card.normalisation}",
            panel,
            foot=0.85,
        )
    )


def draw_acceptance(survey: Survey) -> Figure:
    """Draw the share of the decays in the volume that is accepted."""
    chosen = [variable for variable in VARIABLES if variable.name in ACCEPTANCE]

    def panel(axes: Axes, histogram: YieldHistogram) -> None:
        if survey.accepted_only:
            _say(axes, "the file has accepted events only")
            return
        ratio, error = histogram.acceptance()
        _band(axes, histogram.edges, ratio[1:-1], error[1:-1], VERMILION, "")
        axes.set_ylim(0.0, 1.1 * float(np.nanmax(ratio[1:-1], initial=0.0)) or 1.0)

    return _draw(survey, chosen, 3, "accepted / decays in volume", panel, foot=0.55, merged=_MERGED)


def _draw_spectra(survey: Survey, variables: Sequence[Variable], columns: int) -> Figure:
    def panel(axes: Axes, histogram: YieldHistogram) -> None:
        top = 0.0
        # The first line is the wider one, to be seen where both are the same.
        curves = [(histogram.fiducial(), BLUE, "decays in volume", 2.0)] if not survey.accepted_only else []
        for (value, error), colour, label, width in (
            *curves,
            (histogram.accepted(), VERMILION, "accepted", 1.3),
        ):
            _band(axes, histogram.edges, value[1:-1], error[1:-1], colour, label, width)
            top = max(top, float(value[1:-1].max()))
        if errors := systematic_errors(
            survey.card.variations, histogram.accepted()[0], histogram.others(VARIATION)
        ):
            value, error = histogram.accepted()[0], total_systematic(errors)
            low, high = np.maximum(value - error, 0.0), value + error
            axes.stairs(
                high[1:-1],
                histogram.edges,
                baseline=low[1:-1],
                fill=True,
                color="0.5",
                alpha=0.35,
                lw=0.0,
                label="systematic, accepted",
                zorder=0.5,
            )
        if top > 0.0:
            axes.set_yscale("log")
            axes.set_ylim(_DECADES * top, 3.0 * top)
            _tidy(axes.yaxis)

    return _with_legend(
        _draw(
            survey, variables, columns, f"events per bin for\n{survey.card.normalisation}", panel, foot=0.85
        )
    )


def _with_legend(figure: Figure) -> Figure:
    """Put the legend of the panel that has the most curves below all of them."""
    drawn = [axes.get_legend_handles_labels() for axes in figure.axes]
    if any(handles for handles, _ in drawn):
        figure.legend(
            *max(drawn, key=lambda d: len(d[0])), loc="outside lower center", ncols=3, frameon=False
        )
    return figure


def _draw(
    survey: Survey,
    variables: Sequence[Variable],
    columns: int,
    y_label: str,
    panel: Callable[[Axes, YieldHistogram], None],
    foot: float,
    merged: int = 1,
) -> Figure:
    """Draw one panel a variable, those without a value with a word why, above a foot [inch]."""
    rows = -(-len(variables) // columns)
    height = 3.0 * rows + foot
    figure, grid = plt.subplots(rows, columns, figsize=(12.0, height), squeeze=False)
    # A layout that is found by trial takes three times as long as the drawing itself.
    figure.subplots_adjust(
        left=0.075, right=0.985, wspace=0.2, hspace=0.25, bottom=foot / height, top=1.0 - 0.6 / height
    )
    for axes, variable in zip(grid.flat, variables, strict=True):
        axes.set_xlabel(variable.label)
        if variable.name not in survey.spectra:
            _say(axes, "no events" if not survey.spectra else "not defined by this method")
            continue
        histogram = survey.spectra[variable.name].merged(merged)
        if histogram.log:
            axes.set_xscale("log")
        axes.set_xlim(histogram.edges[0], histogram.edges[-1])
        if histogram.log:
            _tidy(axes.xaxis)
        panel(axes, histogram)
    for axes in grid[:, 0]:
        axes.set_ylabel(y_label)
    add_title(figure, survey.card.heading, survey.card.facts)
    return figure


def _tidy(axis: Axis) -> None:
    """Choose ticks of a logarithmic axis: of many decades their ends alone, the others take half the time of a figure."""
    tidy_log_axis(axis)
    low, high = axis.get_view_interval()
    if high > 1e4 * low:
        axis.set_minor_locator(NullLocator())


def _say(axes: Axes, text: str) -> None:
    axes.text(0.5, 0.5, text, transform=axes.transAxes, ha="center", va="center", color="0.4")
    axes.set_xticks([], minor=False)
    axes.set_yticks([], minor=False)
    axes.minorticks_off()


def _band(
    axes: Axes, edges: Array, value: Array, error: Array, colour: str, label: str, width: float = 1.3
) -> None:
    """Draw a histogram with its error band; NaN leaves a gap."""
    axes.stairs(value, edges, color=colour, lw=width, label=label, baseline=None)
    low, high = np.nan_to_num(np.maximum(value - error, 0.0)), np.nan_to_num(value + error)
    axes.stairs(high, edges, baseline=low, fill=True, color=colour, alpha=0.3, lw=0.0)
