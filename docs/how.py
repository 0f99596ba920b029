"""Draw the picture of how.md: what each step of an event does, for a leptophilic scalar at NA62.

python docs/how.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import mcgen
from mcgen.plots.style import BLACK, BLUE, GREEN, ORANGE, VERMILION

CARD = mcgen.load_card("na62_leptophilic_exact").replace(
    production={"processes": ["bremsstrahlung"]}, run={"events": 400_000, "seed": 1}
)


def main() -> None:
    """Generate events and draw them."""
    events = mcgen.generate(CARD)
    figure, axes = plt.subplots(2, 2, figsize=(10, 7), layout="constrained")
    _energies(axes[0, 0], events)
    _angles(axes[0, 1], events)
    _decays(axes[1, 0], events)
    _cuts(axes[1, 1], events)
    figure.suptitle(CARD.facts, fontsize=11)
    figure.savefig(Path(__file__).parent / "img" / "how.png", dpi=110)


def _energies(axes: Axes, events: mcgen.Events) -> None:
    bins = np.geomspace(1.0, 400.0, 45).tolist()
    for name, label, colour in (
        ("parent_e", "muon, at its production", BLACK),
        ("emitter_e", "muon, just before it radiates", BLUE),
        ("boson_e", "boson", VERMILION),
        ("recoil_e", "muon, just after", GREEN),
    ):
        axes.hist(events[name], bins, weights=events.weight, histtype="step", label=label, color=colour)
    axes.set(
        xscale="log",
        xlabel="energy [GeV]",
        ylabel="decays in the volume per bin",
        title="steps 1 to 3: energies",
    )
    axes.set_ylim(0.0, 1.25 * axes.get_ylim()[1])
    axes.legend(fontsize=8, loc="upper left", frameon=False)


def _angles(axes: Axes, events: mcgen.Events) -> None:
    beam = np.hypot(events.boson_px, events.boson_py) / events.boson_pz
    parent = np.hypot(events.parent_px, events.parent_py) / events.parent_pz
    bins = np.geomspace(1e-5, 0.1, 45).tolist()
    for angle, label, colour in (
        (parent, "muon to the beam", BLACK),
        (events.theta, "boson to the muon", VERMILION),
        (beam, "boson to the beam", BLUE),
    ):
        axes.hist(angle, bins, weights=events.weight, histtype="step", label=label, color=colour)
    axes.set(
        xscale="log",
        xlabel="angle [rad]",
        ylabel="decays in the volume per bin",
        title="steps 1 to 4: angles",
    )
    axes.legend(fontsize=8, loc="upper left", frameon=False)


def _decays(axes: Axes, events: mcgen.Events) -> None:
    bins = np.linspace(*CARD.experiment.decay_volume.z_m, 40).tolist()
    for chosen, label, colour in (
        (events, "in the volume", BLUE),
        (events[events.accepted], "accepted", VERMILION),
    ):
        axes.hist(chosen.decay_z, bins, weights=chosen.weight, histtype="step", label=label, color=colour)
    axes.set(
        xlabel="$z$ of the decay [m]", ylabel="decays per bin", yscale="log", title="step 5: decay points"
    )
    axes.legend(fontsize=8, frameon=False)


def _cuts(axes: Axes, events: mcgen.Events) -> None:
    steps = events.outcome.cut_flow
    names = [step.requirement for step in steps]
    bars = axes.barh(range(len(steps)), [step.value for step in steps], color=ORANGE)
    axes.bar_label(bars, fmt="{:.0f}", padding=3, fontsize=8)
    axes.margins(x=0.12)
    axes.set_yticks(range(len(steps)), names, fontsize=8)
    axes.invert_yaxis()
    axes.set(xlabel="expected events", title="steps 6, 7: cut flow")


if __name__ == "__main__":
    main()
