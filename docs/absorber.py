"""Draw the picture of dump.md: where SHiP's muons are behind the magnetised absorber, and where they would be.

python docs/absorber.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import LogNorm

import mcgen
from mcgen.card import Card
from mcgen.constants import MUON_MASS
from mcgen.flux.flux import flux_of
from mcgen.physics.kinematics import momentum_of
from mcgen.physics.scattering import scatter
from mcgen.sources.parents import direction_of

CARD = mcgen.load_card("ship-bdf_muonphilic_exact")
LEAST = 1.0
"""Energy down to which muons are followed [GeV]."""


def muons_behind(card: Card) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Follow all muons of the flux through the dump, scattered: position, direction, momentum, rate."""
    dump, muon = card.dump(), flux_of(card).select([13, -13])
    muon = muon.take(np.flatnonzero(dump.contains(muon.position) & (muon.momentum[2] > 0.0)))
    start = muon.position, direction_of(muon), muon.momentum[3]
    charge = np.where(muon.pdg > 0, -1.0, 1.0)
    legs = dump.legs(*start, charge, LEAST)
    course = dump.travel(start, charge, legs, dump.emission_path(legs))
    normals = np.random.default_rng(1).normal(size=(4, len(muon)))
    direction, shift = scatter(course.direction, dump.scattering(course), normals)
    position = course.position + shift
    through = (course.energies[-1] > 1.001 * LEAST) & (position[2] > dump.z[1] - 0.3)
    momentum = momentum_of(course.energies[-1], MUON_MASS)
    return position[:, through], direction[:, through], momentum[through], muon.rate[through]


def main() -> None:
    """Follow muons with and without the field, and draw them."""
    layers = [
        layer.model_dump(exclude_none=True, exclude={"field_t"}) for layer in CARD.experiment.target.layers
    ]
    without = CARD.replace(experiment={"target": {"layer": layers}})
    figure, (left, middle, right) = plt.subplots(1, 3, figsize=(13, 3.8), layout="constrained")
    volume = CARD.experiment.decay_volume
    opening = np.array([volume.half_widths(0)[0], volume.half_widths(1)[0]])[:, None]
    places, momenta = np.linspace(-2.5, 2.5, 101), np.geomspace(LEAST, 300.0, 60)
    shown = ((left, without, "no field", "#D55E00"), (middle, CARD, "1.6 T along $+y$", "#0072B2"))
    for panel, card, label, colour in shown:
        position, direction, momentum, rate = muons_behind(card)
        panel.hist2d(
            position[0], momentum, [places, momenta], weights=rate, cmap="cividis", norm=LogNorm(1e-9, 1e-5)
        )
        panel.set(xlabel="$x$ [m]", ylabel="$p$ [GeV]", yscale="log", title=f"behind the absorber, {label}")
        ahead = (volume.z_m[0] - position[2]) / direction[2]
        aside = position[:2] + ahead * direction[:2]
        towards = (np.abs(aside) < opening).all(axis=0)
        for chosen, style, which in ((slice(None), "-", ""), (towards, ":", ", to the volume")):
            right.hist(
                momentum[chosen],
                momenta,
                weights=rate[chosen],
                histtype="step",
                ls=style,
                color=colour,
                label=f"{label}{which}",
            )
    right.set(
        xscale="log", yscale="log", ylim=(1e-9, 1e-3), xlabel="$p$ [GeV]", ylabel="muons per proton and bin"
    )
    right.legend(fontsize=7, framealpha=0.9, loc="lower left")
    figure.savefig(Path(__file__).parent / "img" / "absorber.png", dpi=110)


if __name__ == "__main__":
    main()
