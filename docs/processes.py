"""Draw the picture of processes.md, and print its table: accepted bosons by process, against mass.

python docs/processes.py
"""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
import numpy as np

import mcgen
from mcgen.metadata import Yield

EXPERIMENTS = {
    "NA62, TAX of Cu and Fe": "na62-tax",
    "SHiP, TZM and W, absorber": "ship-bdf",
    "DarkQuest, iron with its field": "darkquest",
}
MODELS = ("leptophilic", "muonphilic")
MASSES = (0.01, 0.05, 0.1, 0.2)
PROCESSES = {"bremsstrahlung": ("muon bremsstrahlung", "#0072B2"), "meson_decay": ("K, π → μνX", "#D55E00")}
POINTS = 50_000


def yields(card: str, mass: float) -> dict[str, Yield]:
    """Accepted yields of a shipped card at a mass [GeV], by process."""
    loaded = mcgen.load_card(card).replace(model={"mass_gev": mass}, run={"events": POINTS, "seed": 1})
    found = mcgen.generate(loaded).outcome.by_process
    return {process: found[process]["accepted"] for process in PROCESSES if process in found}


def main() -> None:
    """Generate, draw, print."""
    figure, panels = plt.subplots(2, 3, figsize=(12.6, 6.6), layout="constrained", sharex=True)
    print(
        "| card | mass [GeV] | bremsstrahlung | meson decays | share of the latter |\n|---|---|---|---|---|"
    )
    for row, model in zip(panels, MODELS, strict=True):
        for axes, (title, experiment) in zip(row, EXPERIMENTS.items(), strict=True):
            name = f"{experiment}_{model}_exact"
            card = mcgen.load_card(name)
            found = {mass: yields(name, mass) for mass in MASSES}
            for process, (label, colour) in PROCESSES.items():
                points = [
                    (m, y[process]) for m, y in found.items() if process in y and y[process].value > 0.0
                ]
                values = np.array([(m, y.value, y.total_error) for m, y in points]).reshape(-1, 3).T
                axes.errorbar(*values, fmt="o-", ms=3, lw=1, color=colour, label=label)
            for mass, by_process in found.items():
                print(line(name, mass, by_process))
            axes.set_yscale("log")
            axes.set_title(f"{title}:\n{model}, $g_\\mu$ = {card.model.boson().g_mu:g}", fontsize=10)
            axes.set_ylabel(f"accepted for {card.experiment.exposure.value:g} POT")
    for axes in panels[1]:
        axes.set(xlabel="$m_X$ [GeV]", xticks=MASSES)
    panels[0][0].legend(fontsize=8, frameon=False)
    figure.savefig(Path(__file__).parent / "img" / "processes.png", dpi=110)


def line(name: str, mass: float, by_process: dict[str, Yield]) -> str:
    """One row of the table."""
    both = [by_process.get(process) for process in PROCESSES]
    texts = ["none" if y is None else f"{y.value:.4g} ± {y.total_error:.2g}" for y in both]
    total = sum(y.value for y in both if y is not None)
    share = both[1].value / total if both[1] is not None and total > 0.0 else 0.0
    return f"| {name} | {mass:g} | {texts[0]} | {texts[1]} | {100.0 * share:.3g} % |"


if __name__ == "__main__":
    main()
