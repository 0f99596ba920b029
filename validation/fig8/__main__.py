"""Fig. 8 of arXiv:2205.09870: contours of NA62 and SHiP for both models, and the same with better physics.

    python -m validation.fig8 [--draw]

Writes fig8.json, fig8.png, fig8.pdf and README.md beside this file; --draw only draws what is there.
"""

from __future__ import annotations

import json
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

import mcgen
from mcgen.plots.scan import plot_panels
from mcgen.sensitivity.output import scan_to_dict
from mcgen.sensitivity.scan import scan

HERE = Path(__file__).parent
MODELS = ("leptophilic", "muonphilic")
EXPERIMENTS = {
    "NA62": ("na62", "na62"),
    "NA62, no magnet": ("na62", "na62-nomagnet"),
    "SHiP": ("ship", "ship"),
}
"""Label: card of the paper's settings, experiment."""
PHYSICS = {"iww": "", "exact": "_exact"}
"""The paper's settings, and the exact matrix element with the table of energy losses and scattering."""

MASSES = {
    "leptophilic": "0.001023:0.2113:11",
    "muonphilic": "0.003:0.2113:11",
}
RUN = {"events": 60_000, "seed": 1, "vegas": {"nitn": 5, "neval": 12_000}}


def main() -> None:
    """Scan, unless it is done, and write figure and text."""
    file = HERE / "fig8.json"
    if "--draw" not in sys.argv:
        with ProcessPoolExecutor(len(MODELS)) as pool:
            results = dict(zip(MODELS, pool.map(measured, MODELS), strict=True))
        file.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    results = json.loads(file.read_text(encoding="utf-8"))
    panels = {
        f"{model}, {physics}": {label: results[model][physics][label] for label in EXPERIMENTS}
        for physics in PHYSICS
        for model in MODELS
    }
    for ending in ("png", "pdf"):
        plot_panels(panels, HERE / f"fig8.{ending}", columns=2)
    (HERE / "README.md").write_text(report(results), encoding="utf-8")


def measured(model: str) -> dict[str, dict[str, Any]]:
    """Scans of a model, by physics and experiment."""
    return {physics: {label: contour(model, physics, label) for label in EXPERIMENTS} for physics in PHYSICS}


def contour(model: str, physics: str, label: str) -> dict[str, Any]:
    """One scan as plain data, without what the figure does not need."""
    prefix, experiment = EXPERIMENTS[label]
    card = mcgen.load_card(f"{prefix}_{model}{PHYSICS[physics]}").replace(
        experiment={"card": experiment}, run=RUN, scan={"masses": MASSES[model], "refine": False}
    )
    with tempfile.TemporaryDirectory() as folder:
        data = scan_to_dict(scan(card, Path(folder) / "scan.json"))
    return {key: value for key, value in data.items() if key not in ("grid", "card")}


def report(results: dict[str, Any]) -> str:
    """Say what the better physics changes."""
    lines = [
        "# Fig. 8: contours",
        "",
        "Regions where at least 2.3 events are expected, for the cards of the paper (`iww`, constant energy loss, no",
        "scattering) and for their `_exact` sisters (exact matrix element, table of energy losses, multiple",
        "scattering, no validity cut). The magnet of NA62 is in `NA62` and not in `NA62, no magnet`. Green: the",
        "couplings that explain the card's (g-2) of the muon; grey: those that it excludes. Straight lines join eleven",
        "masses: next to 2 m_e the contour is steeper than drawn. No magnet bends photons, so that in the muonphilic",
        "panels the two contours of NA62 are one. Made by `python -m validation.fig8`.",
        "",
        "![contours](fig8.png)",
        "",
        "Ratios of the limits and of the largest yield, exact over `iww`, with the error of the integration (the muons",
        "are the same in both):",
        "",
        "| model | experiment | mass [GeV] | g_low | g_high | largest yield |",
        "|---|---|---|---|---|---|",
    ]
    changes: dict[str, list[float]] = {"g_low": [], "g_high": [], "n_max": []}
    for model, by_physics in results.items():
        for label in by_physics["iww"]:
            pairs = list(
                zip(by_physics["iww"][label]["points"], by_physics["exact"][label]["points"], strict=True)
            )
            for i, (old, new) in enumerate(pairs):
                if None in (old["g_low"], new["g_low"], old["g_high"], new["g_high"]):
                    continue
                for name, values in changes.items():
                    values.append(new[name] / old[name])
                if i % 3 == 1:
                    cells = [
                        ratio(old, new, "g_low"),
                        ratio(old, new, "g_high"),
                        f"{new['n_max'] / old['n_max']:.3f}",
                    ]
                    lines.append(f"| {model} | {label} | {old['mass_gev']:.4f} | {' | '.join(cells)} |")
    ranges = {name: (min(values), float(np.median(values)), max(values)) for name, values in changes.items()}
    lines += [
        "",
        "Over all masses with a contour in both, exact over `iww` (smallest, median, largest): "
        + "; ".join(
            f"{name} {low:.2f}, {median:.2f}, {high:.2f}" for name, (low, median, high) in ranges.items()
        )
        + ".",
        "",
        "The paper's approximation overestimates the number of bosons. At small couplings the yield goes as the fourth",
        "power of the coupling, so that the lower limit rises by the fourth root of that; at large couplings it falls",
        "off exponentially, and the upper limit hardly moves.",
    ]
    return "\n".join([*lines, ""])


def ratio(old: dict[str, Any], new: dict[str, Any], name: str) -> str:
    """Ratio of two limits with its error."""
    value = new[name] / old[name]
    relative = np.hypot(*(point[f"{name}_mc_error"] / point[name] for point in (old, new)))
    return f"{value:.3f} ± {value * relative:.3f}"


if __name__ == "__main__":
    main()
