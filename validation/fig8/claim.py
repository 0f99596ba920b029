"""Fig. 8 of arXiv:2205.09870: contours of NA62 and SHiP for both models, and the same with better physics."""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np

import mcgen
from mcgen.card import Card
from mcgen.flux.flux import flux_of
from mcgen.plots.scan import plot_panels
from mcgen.sensitivity.contour import mass_point
from mcgen.sensitivity.output import scan_to_dict
from mcgen.sensitivity.scan import scan
from validation.claims import Outcome, Row, agrees

MODELS = ("leptophilic", "muonphilic")
EXPERIMENTS = {
    "NA62": ("na62", "na62"),
    "NA62, no magnet": ("na62", "na62-nomagnet"),
    "SHiP": ("ship", "ship"),
}
"""Label: card of the paper's settings, experiment."""

PHYSICS = {"iww": "", "exact": "_exact"}
"""The paper's settings, and the exact matrix element with the table of energy losses and scattering."""

MUONS = "bremsstrahlung"
"""The process of the paper."""

MASSES = {
    "leptophilic": "0.001023:0.2113:11",
    "muonphilic": "0.003:0.2113:11",
}
RUN = {"events": 60_000, "seed": 1, "vegas": {"nitn": 5, "neval": 12_000}}

REFERENCES = {"leptophilic": (0.05, 1.03144e-5, 1.1849e-3), "muonphilic": (0.1, 2.76681e-5, 5.78041e-3)}
"""Mass and both limits at 2.3 events, for one muon of 100 GeV per unit of exposure; from quadrature."""

NOTES = """\
Regions where at least 2.3 events are expected, for the cards of the paper (`iww`, constant energy loss, no scattering) and
for their `_exact` sisters (exact matrix element, table of energy losses, multiple scattering, no validity cut, meson decays;
dotted: bremsstrahlung alone). Bands: what the cards' variations span. Green: the
couplings that explain the (g-2) of the muon of the cards; grey: those that it excludes. The approximation overestimates the
number of bosons. At small couplings the yield goes as the fourth power of the coupling, so that the lower limit rises by the
fourth root of that only; at large couplings it falls off exponentially, and the upper limit hardly moves. Masses are added
until straight lines between them are within 2 % of the contour. Hatched: g of the tau, in muonphilic models of the muon,
above sqrt(4 pi). No magnet bends photons, so that in the muonphilic panels the
two contours of NA62 are one. The paper's selection mentions no magnet: its NA62 contour is to be compared with the one
without."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Scan, draw, and compare the better physics with the paper's."""
    rows = [row for name in MODELS for row in one_muon_rows(name)]
    with ProcessPoolExecutor(len(MODELS), mp_context=get_context("spawn")) as pool:
        measured = pool.map(scans_of, MODELS, [quick] * len(MODELS))
        results = dict(zip(MODELS, measured, strict=True))
    (folder / "contours.json").write_text(json.dumps(results) + "\n", encoding="utf-8")
    panels = {
        f"{model}, {physics}": {label: results[model][physics][label] for label in EXPERIMENTS}
        for physics in PHYSICS
        for model in MODELS
    }
    for ending in ("png", "pdf"):
        plot_panels(panels, folder / f"contours.{ending}", columns=2)
    rows += [row for model in MODELS for label in EXPERIMENTS for row in change_rows(results, model, label)]
    return Outcome(
        "Fig. 8: the reach, and what the exact matrix element changes", tuple(rows), ("contours",), NOTES
    )


def one_muon_card(name: str) -> Card:
    """10^15 muons of 100 GeV on the axis of 1 m of copper, decays from 80 to 160 m."""
    return mcgen.load_card(
        {
            "model": {"name": name, "mass_gev": REFERENCES[name][0], "g_mu": 1e-4},
            "production": {"method": "iww", "min_energy_factor": 0.0, "stopping_power_gev_per_m": 1.25},
            "beam": {"pdg": 13, "energy_gev": 100.0},
            "experiment": {
                "name": "slab",
                "exposure": {"kind": "mot", "value": 1e15},
                "target": {"material": "Cu", "z_m": [0.0, 1.0]},
                "decay_volume": {"shape": "slab", "z_m": [80.0, 160.0]},
            },
            "run": RUN,
        }
    )


def one_muon_rows(name: str) -> list[Row]:
    """Both limits of one muon against quadrature."""
    card = one_muon_card(name)
    mass, *references = REFERENCES[name]
    point = mass_point(card, flux_of(card), 1, 2.3, mass)
    rows = []
    for which, found, reference in zip(("lower", "upper"), (point.low, point.high), references, strict=True):
        assert found is not None
        claim = f"{name}, m = {mass:g} GeV, one muon of 100 GeV: {which} limit over that of quadrature"
        ratio, error = found.g_mu / reference, found.mc_error / reference
        rows.append(agrees(claim, ratio, error, 1.0, nsigma=0.0, allowance=0.01))
    return rows


def scans_of(model: str, quick: bool) -> dict[str, dict[str, Any]]:
    """Scans of a model, by physics and experiment."""
    return {
        physics: {label: contour(model, physics, label, quick) for label in EXPERIMENTS}
        for physics in PHYSICS
    }


def contour(model: str, physics: str, label: str, quick: bool) -> dict[str, Any]:
    """One scan as plain data, without what the figure does not need."""
    prefix, experiment = EXPERIMENTS[label]
    masses: dict[str, Any] = {"masses": [0.03]} if quick else {"masses": MASSES[model], "refine": True}
    card = mcgen.load_card(f"{prefix}_{model}{PHYSICS[physics]}").replace(
        experiment={"card": experiment}, run=RUN, scan=masses
    )
    data = scan_to_dict(scan(card))
    return {key: value for key, value in data.items() if key not in ("grid", "card")}


def change_rows(results: dict[str, Any], model: str, label: str) -> list[Row]:
    """What the exact matrix element changes of bremsstrahlung, and what meson decays add: medians over the masses."""
    iww, exact = (
        {point["mass_gev"]: point for point in results[model][physics][label]["points"]}
        for physics in PHYSICS
    )
    alone = {mass: point.get("by_process", {}).get(MUONS, point) for mass, point in exact.items()}
    method, mesons = middle(iww, alone), middle(alone, exact)
    what = f"{model}, {label}: exact, real losses and scattering over iww, median over the masses"
    more = f"{model}, {label}: with meson decays over bremsstrahlung alone, median over the masses"
    return [
        Row(f"{what}: lower limit", method["g_low"], None, None, 1.1, 1.6),
        Row(f"{what}: upper limit", method["g_high"], None, None, 0.8, 1.0),
        # The yields of the four cards fall 2.7 to 3.2 times, see README.md at the top.
        Row(f"{what}: largest yield", method["n_max"], None, None, 0.25, 0.5),
        # Mesons can only add; of the lower limit it is the fourth root of the yield that counts.
        Row(f"{more}: lower limit", mesons["g_low"], None, None, 0.6, 1.0),
        Row(f"{more}: upper limit", mesons["g_high"], None, None, 1.0, 1.2),
    ]


def middle(before: dict[float, Any], after: dict[float, Any]) -> dict[str, float]:
    """Return the median changes of limits and of the largest yield, of masses with a contour in both scans."""
    changes: dict[str, list[float]] = {"g_low": [], "g_high": [], "n_max": []}
    for mass in before.keys() & after.keys():  # each was refined where it bends
        old, new = before[mass], after[mass]
        if None not in (old["g_low"], new["g_low"], old["g_high"], new["g_high"]):
            for name, values in changes.items():
                values.append(new[name] / old[name])
    return {name: float(np.median(values)) for name, values in changes.items()}
