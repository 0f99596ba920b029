"""What is left after each requirement."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure

from mcgen.plots.style import BLUE, VERMILION, add_title, plain
from mcgen.survey import Survey


def draw_cut_flow(survey: Survey) -> Figure:
    """Draw the yields after each requirement, cumulatively, from top to bottom."""
    flow = survey.metadata.outcome.cut_flow
    yields = np.array([step.value for step in flow])
    figure, axes = plt.subplots(figsize=(9.0, 0.36 * len(flow) + 1.3), layout="constrained")
    places = np.arange(len(flow))
    axes.barh(places, yields, color=[BLUE] * (len(flow) - 1) + [VERMILION], height=0.7)
    axes.set_yticks(places, [plain(step.requirement) for step in flow], parse_math=False)
    axes.invert_yaxis()
    for place, value in zip(places, yields, strict=True):
        share = f"  ({value / yields[0]:.1%})" if yields[0] > 0.0 else ""
        axes.annotate(
            f"{value:.4g}{share}", (value, place), (4, 0), textcoords="offset points", va="center", fontsize=8
        )
    axes.set_xlim(0.0, 1.4 * yields[0] or 1.0)
    axes.set_xlabel(f"expected events for {survey.card.normalisation}")
    add_title(figure, survey.card.heading, survey.card.facts)
    return figure
