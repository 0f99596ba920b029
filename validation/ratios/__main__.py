"""Yields of the paper's approximation over the exact ones, for the four cards of the paper.

    python -m validation.ratios

Writes ratios.json beside this file, and the table in README.md.
"""

from __future__ import annotations

from typing import Any

import mcgen
from mcgen.run.run import Run
from validation.readme import show

CARDS = ("na62_leptophilic", "na62_muonphilic", "ship_leptophilic", "ship_muonphilic")
POINTS = 1_000_000

SETUPS: dict[str, dict[str, Any]] = {
    "iww": {"method": "iww"},
    "exact": {"method": "exact", "min_energy_factor": 0.0},
}
"""The paper's settings, and the exact matrix element with everything else as in the paper."""


def yields_of(card: mcgen.Card) -> dict[str, dict[str, float]]:
    """Accepted and fiducial yield of a card; the flux error cancels in ratios and is left out."""
    yields = Run.of(card).yields()
    return {name: {"value": y.value, "mc_error": y.mc_error} for name, y in yields.items()}


def measure(name: str, points: int) -> dict[str, Any]:
    """Yields of one card with each setup, and with its realistic sister, for the same muons."""
    run = {"events": points, "seed": 1}
    card = mcgen.load_card(name).replace(run=run)
    rows = {key: yields_of(card.replace(production=changes)) for key, changes in SETUPS.items()}
    assert card.flux is not None
    sister = mcgen.load_card(f"{name}_exact").replace(run=run, flux={"file": card.flux.file})
    rows["realistic"] = yields_of(sister)
    return rows


def ratio(over: dict[str, float], under: dict[str, float]) -> tuple[float, float]:
    """Ratio of two independent yields, and its error."""
    value = over["value"] / under["value"]
    relative = sum((y["mc_error"] / y["value"]) ** 2 for y in (over, under)) ** 0.5
    return value, value * relative


def table(results: dict[str, Any]) -> str:
    """Render the table for README.md."""
    lines = [
        "| card | accepted: `iww` | accepted: `exact` | iww / exact | decays in volume: iww / exact | accepted: "
        + "`exact`, real losses, scattering | iww / that |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rows in results.items():
        accepted = {key: rows[key]["accepted"] for key in rows}
        cells = [f"`{name}`", *(f"{accepted[key]['value']:.4g}" for key in ("iww", "exact"))]
        cells.append("{:.3f} ± {:.3f}".format(*ratio(accepted["iww"], accepted["exact"])))
        cells.append("{:.3f} ± {:.3f}".format(*ratio(rows["iww"]["fiducial"], rows["exact"]["fiducial"])))
        cells.append(f"{accepted['realistic']['value']:.4g}")
        cells.append("{:.3f} ± {:.3f}".format(*ratio(accepted["iww"], accepted["realistic"])))
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the numbers and the table."""
    results = {name: measure(name, POINTS) for name in CARDS}
    show("ratios", results, table(results))


if __name__ == "__main__":
    main()
