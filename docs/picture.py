"""Draw the picture of README.md: what the events of NA62's muonphilic card look like.

python docs/picture.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.patches import Rectangle

import mcgen

CARD = mcgen.load_card("na62_muonphilic_exact")


def main() -> None:
    """Generate events and draw them."""
    events = mcgen.generate(CARD)
    figure, (side, spectrum, impact) = plt.subplots(
        1, 3, figsize=(13, 3.6), layout="constrained", width_ratios=[1.7, 1, 0.9]
    )

    experiment = CARD.experiment
    (z_in, z_out), dump = experiment.decay_volume.z_m, experiment.target.z_m
    assert dump is not None
    side.add_patch(Rectangle((dump[0], -1.2), dump[1] - dump[0], 2.4, color="0.4", label="dump"))
    side.add_patch(
        Rectangle((z_in, -1.0), z_out - z_in, 2.0, color="#0072B2", alpha=0.15, label="decay volume")
    )
    for plane in experiment.plane:
        side.axvline(plane.z_m, color="0.5", lw=1)
        side.annotate(plane.name, (plane.z_m, 1.25), rotation=90, fontsize=7, ha="right", va="bottom")
    rng = np.random.default_rng(1)
    accepted = events[events.accepted]
    drawn = rng.choice(len(accepted), size=12, replace=False, p=accepted.weight / accepted.weight.sum())
    for i in drawn:
        row = {name: values[i] for name, values in accepted.columns.items()}
        side.plot(
            [row["emission_z"], row["decay_z"]], [row["emission_x"], row["decay_x"]], ":", color="0.5", lw=0.8
        )
        for daughter in ("d1", "d2"):
            end = row[f"{daughter}_lkr_x"]
            side.plot([row["decay_z"], 218.42], [row["decay_x"], end], color="#D55E00", lw=0.8)
        side.plot(row["decay_z"], row["decay_x"], "o", ms=3, color="k")
    side.set(xlim=(-5, 230), ylim=(-1.8, 1.8), xlabel="$z$ [m]", ylabel="$x$ [m]")
    side.set_title("accepted decays $S \\to \\gamma\\gamma$, drawn by weight", fontsize=10)
    side.legend(fontsize=8, loc="lower left", frameon=False)

    bins = np.geomspace(1.0, 400.0, 40)
    for chosen, label, colour in (
        (events, "in the decay volume", "#0072B2"),
        (accepted, "accepted", "#D55E00"),
    ):
        spectrum.hist(chosen.boson_e, bins, weights=chosen.weight, histtype="step", label=label, color=colour)
    spectrum.set(xscale="log", yscale="log", xlabel="$E_S$ [GeV]", ylabel="events per bin, $10^{18}$ POT")
    spectrum.legend(fontsize=8, frameon=False, loc="lower center")

    x = np.concatenate([accepted.d1_lkr_x, accepted.d2_lkr_x])
    y = np.concatenate([accepted.d1_lkr_y, accepted.d2_lkr_y])
    weight = np.concatenate([accepted.weight, accepted.weight])
    impact.hist2d(x, y, 60, range=[[-1.3, 1.3], [-1.3, 1.3]], weights=weight, cmap="cividis", cmin=1e-12)
    impact.set(xlabel="$x$ [m]", ylabel="$y$ [m]", aspect="equal")
    impact.set_title("photons at the calorimeter", fontsize=10)
    figure.savefig(Path(__file__).parent / "img" / "events.png", dpi=110)


if __name__ == "__main__":
    main()
