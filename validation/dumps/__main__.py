"""Accepted yields of muon bremsstrahlung, and with meson decays: dumps as they are built, and of one material.

    python -m validation.dumps

Writes dumps.json beside this file, and the table in README.md.
"""

from __future__ import annotations

import mcgen
from mcgen.metadata import Yield
from validation.readme import show

CARDS = (
    *(
        f"{experiment}_{model}_exact"
        for experiment in ("na62-tax", "ship-bdf", "darkquest", "na62", "ship")
        for model in ("leptophilic", "muonphilic")
    ),
    "ship-ecn3_leptophilic_exact",
    "shadows_leptophilic_exact",
)
POINTS = 500_000

Results = dict[str, dict[str, dict[str, float]]]
"""Value of each yield, its error of integration, and that with the flux sample's, by card."""


def measure(name: str, points: int) -> dict[str, dict[str, float]]:
    """Accepted yields of one card, by process and in all."""
    outcome = mcgen.generate(mcgen.load_card(name).replace(run={"events": points, "seed": 1})).outcome
    yields: dict[str, Yield] = {process: found["accepted"] for process, found in outcome.by_process.items()}
    yields["all"] = outcome.accepted
    parts = ("value", "mc_error", "total_error")
    return {key: {part: getattr(y, part) for part in parts} for key, y in yields.items()}


def table(results: Results) -> str:
    """Render the table for README.md."""
    lines = ["| card | accepted: bremsstrahlung | with meson decays | these add |", "|---|---|---|---|"]
    for name, yields in results.items():
        texts = [
            f"{yields[key]['value']:.4g} ± {yields[key]['total_error']:.2g}"
            for key in ("bremsstrahlung", "all")
        ]
        added = yields["meson_decay"]["value"] / yields["bremsstrahlung"]["value"]
        lines.append(f"| `{name}` | {texts[0]} | {texts[1]} | {100.0 * added:.3g} % |")
    return "\n".join(lines)


def main() -> None:
    """Measure, and write the numbers and the table."""
    results = {name: measure(name, POINTS) for name in CARDS}
    show("dumps", results, table(results))


if __name__ == "__main__":
    main()
