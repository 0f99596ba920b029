"""Widths, branching ratios and lifetimes against the paper's formulas in 40 digits, from 1 MeV to 4 GeV."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from mpmath import mp

from mcgen.constants import HBAR_C, MUON_MASS
from mcgen.physics.models import LEPTON_MASSES, MODELS, VISIBLE, Boson
from mcgen.plots.style import BLACK, BLUE, ORANGE, VERMILION
from mcgen.types import Array
from tests.oracle.closed_forms import true_lepton_width, true_photon_width
from validation.claims import Outcome, Row, agrees, save_figure

NAMES = ("leptophilic", "muonphilic")
G_MU = 1e-3
MASS_RANGE = (1e-3, 4.0)
TOLERANCE = 1e-10

STYLES = {"ee": (BLUE, "-"), "mumu": (VERMILION, "--"), "tautau": (ORANGE, "-."), "gammagamma": (BLACK, ":")}
LABELS = {
    "ee": "$e^+e^-$",
    "mumu": "$\\mu^+\\mu^-$",
    "tautau": "$\\tau^+\\tau^-$",
    "gammagamma": "$\\gamma\\gamma$",
}

NOTES = """\
The formulas are Eqs. 6 to 9 and 12 of the paper, evaluated by mpmath in 40 digits at masses that include the thresholds'
neighbourhoods. Double precision holds them to better than 1e-13 everywhere, also where the loop function cancels
(light bosons) and just above a threshold. The lifetimes at 50 MeV are compared with values of six digits, from an
evaluation apart from this one."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Compare all partial widths and the lifetime of both models."""
    near = [2.0 * m * (1.0 + d) for m in LEPTON_MASSES for d in (1e-9, 1e-4)]
    masses = np.sort(np.append(np.geomspace(*MASS_RANGE, 20 if quick else 400), near))
    rows = []
    curves: dict[str, tuple[dict[str, Array], Array]] = {}
    for model in NAMES:
        found = [Boson("scalar", float(m), MODELS[model].couplings(G_MU)) for m in masses]
        widths: dict[str, Array] = {
            channel: np.array([b.widths()[channel] for b in found]) for channel in VISIBLE
        }
        truth = true_widths(model, masses)
        for channel in VISIBLE:
            if truth[channel].any():
                claim = f"{model}: largest relative deviation of Γ({channel})"
                rows.append(
                    Row(claim, deviation(widths[channel], truth[channel]), None, None, None, TOLERANCE)
                )
        lengths = np.array([b.ctau() for b in found])
        expected = HBAR_C / np.sum(list(truth.values()), axis=0)
        claim = f"{model}: largest relative deviation of cτ"
        rows.append(Row(claim, deviation(lengths, expected), None, None, None, TOLERANCE))
        curves[model] = (widths, lengths)
    for model, length in (("leptophilic", 4.19492e-3), ("muonphilic", 1.43889)):
        found_length = Boson("scalar", 0.05, MODELS[model].couplings(G_MU)).ctau()
        claim = f"{model}: cτ [m] at 50 MeV, g_μ = 1e-3"
        rows.append(agrees(claim, found_length, 0.0, length, allowance=4e-6))
    draw(folder, masses, curves)
    return Outcome("Widths and lifetimes are the paper's formulas", tuple(rows), ("widths",), NOTES)


def true_widths(model: str, masses: Array) -> dict[str, Array]:
    """Evaluate the partial widths [GeV] in 40 digits."""
    couplings = MODELS[model].couplings(G_MU)
    leptons = dict(zip(("ee", "mumu", "tautau"), zip(couplings, LEPTON_MASSES, strict=True), strict=True))
    with mp.workdps(40):
        widths = {
            channel: np.array([float(true_lepton_width("scalar", float(m), g, lepton)) for m in masses])
            for channel, (g, lepton) in leptons.items()
        }
        photons = [float(true_photon_width("scalar", float(m), couplings)) for m in masses]
    return widths | {"gammagamma": np.array(photons)}


def deviation(found: Array, truth: Array) -> float:
    """Largest relative deviation; where the truth is 0 there must be nothing."""
    scale = np.where(truth > 0.0, truth, 1.0)
    return float(np.max(np.abs(found - truth) / scale))


def draw(folder: Path, masses: Array, curves: dict[str, tuple[dict[str, Array], Array]]) -> None:
    """Draw branching ratios and lifetimes."""
    figure, panels = plt.subplots(1, 3, figsize=(10.5, 3.4), layout="constrained")
    for panel, (model, (widths, _)) in zip(panels, curves.items(), strict=False):
        total = sum(widths.values())
        for channel, width in widths.items():
            colour, style = STYLES[channel]
            if width.any():
                ratio = np.where(width > 0.0, width / total, np.nan)
                panel.plot(masses, ratio, style, color=colour, label=LABELS[channel], lw=1.5)
        panel.set(xscale="log", yscale="log", ylim=(1e-5, 2.0), title=model)
        panel.set_ylabel("branching ratio")
        panel.legend(fontsize=9, frameon=False, loc="center left", bbox_to_anchor=(0.05, 0.7))
    for (model, (_, lengths)), style in zip(curves.items(), ("-", "--"), strict=True):
        panels[2].plot(
            masses, lengths, style, color=BLACK if model == "leptophilic" else VERMILION, label=model
        )
    panels[2].axvline(2.0 * MUON_MASS, color="0.7", lw=0.8)
    panels[2].set(xscale="log", yscale="log", title=f"$g_\\mu = 10^{{{round(np.log10(G_MU))}}}$")
    panels[2].set_ylabel("$c\\tau$ [m]")
    panels[2].legend(fontsize=9, frameon=False)
    for panel in panels:
        panel.set_xlabel("$m_S$ [GeV]")
    save_figure(figure, folder, "widths")
