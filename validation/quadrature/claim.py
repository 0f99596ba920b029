"""Yields of `iww` against a nested quadrature that shares nothing with mcgen but the constants."""

from __future__ import annotations

import tempfile
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

import mcgen
from mcgen.analysis.yields import yield_of
from mcgen.metadata import Yield
from mcgen.plots.style import BLUE, VERMILION
from tests.oracle.quadrature import SELECTIONS, SETUPS, Quadrature, expected_accepted, expected_decays
from tests.oracle.setups import card_of
from tests.oracle.stats import chi2_p, seed_of
from validation.claims import Outcome, Row, agrees, likely, save_figure

CASES = {
    "photons_hole": "photons, slab, calorimeter with a hole",
    "electrons_magnet": "electrons, slab, magnet",
    "photons_leave_side": "photons, rays that leave a cylinder",
    "electrons_enter_side": "electrons, rays that enter a cylinder",
    "electrons_ellipse_magnet": "electrons, elliptic cylinder, magnet",
    "photons_box": "photons, box off the axis",
    "electrons_stopping": "electrons, a muon that stops",
    "muons_validity_limit": "muons, emission down to ten masses",
    "electrons_mixed_flux": "electrons, several muons",
    "muons_inclined": "muons, an inclined muon",
}
"""Selections of ten setups, in words."""

NOTES = """\
The quadrature (`tests/oracle/quadrature.py`) integrates in another order than the sampler draws, over dumps, decay volumes,
couplings and apertures of every shape, with the paper's collinear emission and constant energy loss. No pull is out
of the ordinary in either column, for yields that differ by many orders of magnitude."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Measure ten setups, each with all its decays and with a selection."""
    points = 30_000 if quick else 1_000_000
    found = {name: yields_of(name, points) for name in list(CASES)[: 3 if quick else None]}
    truth = {name: expected_of(name) for name in found}
    rows = []
    for key, what in (("fiducial", "decays in the volume"), ("accepted", "accepted")):
        pulls = []
        for name, yields in found.items():
            row = compare(f"{CASES[name]}: {what}, mcgen / quadrature", yields[key], truth[name][key])
            assert row.error is not None
            pulls.append((row.number - 1.0) / row.error)
            rows.append(row)
        p = chi2_p(float(np.sum(np.square(pulls))), len(pulls), two_sided=True)
        rows.append(likely(f"χ² of the pulls, {what}: p", p))
    draw(folder, [row for row in rows if row.error], list(found))
    return Outcome("iww gives the yields of nested quadrature", tuple(rows), ("quadrature",), NOTES)


def yields_of(name: str, points: int) -> dict[str, Yield]:
    """Generate a case's events, and add up their weights."""
    setup, channel, cuts = SELECTIONS[name]
    run = {
        "events": points,
        "seed": seed_of("validation", name),
        "vegas": {"pilot": 20_000, "nitn": 8, "neval": 5000},
    }
    with tempfile.TemporaryDirectory() as scratch:
        events = mcgen.generate(card_of(SETUPS[setup], Path(scratch), run, channel=channel, cuts=cuts))
    accepted = events[events.accepted]
    return {
        "fiducial": yield_of(events.weight, events.parent_group, points),
        "accepted": yield_of(accepted.weight, accepted.parent_group, points),
    }


def expected_of(name: str) -> dict[str, Quadrature]:
    """Integrate a case's yields."""
    setup, channel, cuts = SELECTIONS[name]
    return {
        "fiducial": expected_decays(SETUPS[setup]),
        "accepted": expected_accepted(SETUPS[setup], channel, cuts),
    }


def compare(claim: str, found: Yield, truth: Quadrature) -> Row:
    """Compare by the ratio, with both errors."""
    error = float(np.hypot(found.mc_error, truth.error)) / truth.value
    return agrees(claim, found.value / truth.value, error, 1.0)


def draw(folder: Path, rows: list[Row], names: list[str]) -> None:
    """Draw ratios with their errors."""
    figure, panel = plt.subplots(figsize=(7.0, 0.6 + 0.42 * len(names)), layout="constrained")
    for offset, colour, marker, label, part in (
        (-0.13, BLUE, "o", "decays in the volume", rows[: len(names)]),
        (0.13, VERMILION, "s", "accepted", rows[len(names) :]),
    ):
        percent = [100.0 * (row.number - 1.0) for row in part]
        errors = [100.0 * (row.error or 0.0) for row in part]
        place = np.arange(len(part)) + offset
        panel.errorbar(percent, place, xerr=errors, fmt=marker, ms=4, color=colour, capsize=2, label=label)
    panel.axvline(0.0, color="0.5", lw=1)
    panel.set_yticks(range(len(names)), [CASES[name] for name in names], fontsize=8)
    panel.invert_yaxis()
    panel.set_xlabel("mcgen / quadrature − 1 [%]")
    panel.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0.0, 1.0), ncols=2, frameon=False)
    save_figure(figure, folder, "quadrature")
