"""J/psi of made fluxes: in the window that they are normalised in, and against a measurement that they are not normalised to."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np

from mcgen.constants import MUON_MASS, PROTON_MASS, mass_of
from mcgen.flux.make.cascade import beam
from mcgen.flux.make.charm import (
    JPSI_IN_WINDOW,
    WINDOW,
    charm_per_collision,
    collision_energy,
    jpsi_rows,
)
from mcgen.flux.make.nuclei import MILLIBARN
from mcgen.physics.kinematics import on_shell
from mcgen.physics.matter import material
from mcgen.plots.style import BLUE, GREEN, VERMILION
from mcgen.types import Array
from validation.claims import Outcome, Row, agrees, save_figure

ENERGY = 400.0
"""Of the protons [GeV]."""

COLLISIONS = 1_000_000
CROSS_SECTIONS = {"Mo": 1.09e-28, "W": 1.72e-28}
"""Inelastic, of protons [m^2]; any will do, as they drop out."""

MEASURED, STATISTICAL, SYSTEMATIC = 1.18, 0.04, 0.10
"""Cross-section per nucleon times branching ratio to two muons in the window [nb], 400 GeV on Mo and W (arXiv:2604.03661)."""

NA50, NA50_ERROR = 0.99, 0.04
"""The same, from NA50's measurements with thin targets, as the abstract of arXiv:2604.03661 has it [nb]."""

NOTES = """\
The measurement on molybdenum and tungsten (arXiv:2604.03661, its abstract was read) is what `flux make` is normalised to: that the muon pairs
give it back, from their four-momenta, tests the program and not the physics. NA50's number for the same window is independent of it, from
thin targets: the two differ by 1.7 standard deviations. Per nucleon, both; nuclear absorption is in these cross-sections, as both are proportional
to A by definition. The control leaves out the share of the rapidity that is in the window. Outside of it the
distribution is an assumption: a Gaussian with NA50's mean and width. J/ψ are 0.2 % of the muons above 20 GeV."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Draw J/psi, and find them again by the mass and the rapidity of pairs."""
    count = COLLISIONS // 10 if quick else COLLISIONS
    rows, drawn = [], {}
    for seed, (name, section) in enumerate(CROSS_SECTIONS.items()):
        a = material(name).a
        rapidity, weight = pairs(name, section, count, seed)
        drawn[name] = rapidity, weight
        inside = np.where((rapidity > WINDOW[0]) & (rapidity < WINDOW[1]), weight, 0.0)
        per_nucleon = 1e6 * section / MILLIBARN / a * inside  # nb, of each collision
        value = float(per_nucleon.sum()) / count
        spread = float(np.sqrt(np.sum(per_nucleon**2) - count * value**2)) / count
        claim = f"{name}: B σ/A of J/ψ for 0.3 < y < 0.6 [nb]"
        rows.append(agrees(f"{claim}, normalised to it", value, spread, MEASURED))
        total = 1e6 * section / MILLIBARN / a * float(weight.sum()) / count
        claim = f"control, {name}: all of the rapidity instead of the window, in standard deviations"
        rows.append(Row(claim, (total - MEASURED) / spread, None, None, 10.0, None))
    error = float(np.hypot(np.hypot(STATISTICAL, SYSTEMATIC), NA50_ERROR))
    claim = "B σ/A of J/ψ for 0.3 < y < 0.6 [nb], as `flux make` has it, against NA50"
    rows.append(agrees(claim, 1e6 * JPSI_IN_WINDOW, error, NA50, nsigma=2.0))
    draw(folder, drawn)
    return Outcome("J/ψ are as many as measured", tuple(rows), ("jpsi",), NOTES)


def pairs(name: str, section: float, count: int, seed: int) -> tuple[Array, Array]:
    """Rapidity (n,) in the nucleons' centre of mass, and weight (n,) per collision, of pairs with the mass of the J/psi."""
    firsts = beam(ENERGY, PROTON_MASS, 0.0, np.arange(count))
    per = charm_per_collision(JPSI_IN_WINDOW, material(name).a, np.full(count, section))
    rows = jpsi_rows(firsts, per, ENERGY, np.random.default_rng(seed))
    half = len(rows) // 2
    both = on_shell(rows.momentum[:, :half], MUON_MASS) + on_shell(rows.momentum[:, half:], MUON_MASS)
    mass = np.sqrt(both[3] ** 2 - np.sum(both[:3] ** 2, axis=0))
    assert np.allclose(mass, mass_of(443), rtol=1e-6)
    boost = np.arccosh((ENERGY + PROTON_MASS) / collision_energy(ENERGY))
    return np.arctanh(both[2] / both[3]) - boost, rows.weight[:half]


def draw(folder: Path, drawn: dict[str, tuple[Array, Array]]) -> None:
    """Draw the rapidity, and both measurements."""
    figure, panel = plt.subplots(figsize=(5.6, 3.4), layout="constrained")
    bins = np.linspace(-2.0, 1.8, 39)
    for (name, (rapidity, weight)), colour, style in zip(
        drawn.items(), (BLUE, GREEN), ("-", "--"), strict=True
    ):
        scale = 1e6 * CROSS_SECTIONS[name] / MILLIBARN / material(name).a / len(rapidity)
        content = np.histogram(rapidity, bins, weights=scale * weight)[0] / np.diff(bins)
        panel.stairs(content, bins, color=colour, ls=style, lw=1.3, label=f"flux make, {name}")
    middle, half, width = 0.45, 0.15, 0.3
    for shift, value, error, label, colour in (
        (-0.01, MEASURED, float(np.hypot(STATISTICAL, SYSTEMATIC)), "arXiv:2604.03661 (normalised to)", "k"),
        (0.01, NA50, NA50_ERROR, "NA50, extrapolated", VERMILION),
    ):
        panel.errorbar(
            middle + shift, value / width, error / width, half, fmt="o", color=colour, ms=4, label=label
        )
    panel.set(xlabel="rapidity in the centre of mass", ylabel="$B$ d$\\sigma$/d$y$/$A$ [nb]", ylim=(0.0, 7.5))
    panel.set_title("J/$\\psi$ to two muons, 400 GeV protons", fontsize=10)
    panel.legend(fontsize=8, frameon=False, loc="upper left")
    save_figure(figure, folder, "jpsi")
