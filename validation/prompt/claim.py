"""Prompt muons of a made flux against their number in 350 GeV p-Fe collisions."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import uproot

from mcgen.flux.corrections import MULTIPLICITY_FACTORS, factors_of
from mcgen.flux.make.settings import Settings
from mcgen.flux.make.slabs import DEEP, Slabs
from mcgen.physics.matter import material
from mcgen.plots.style import BLUE, VERMILION
from mcgen.run.flux import make_flux
from mcgen.run.parallel import Workers
from mcgen.types import Bools
from mcgen.weights import error_by_group
from validation.claims import Outcome, Row, agrees, indication, save_figure

ENERGY, THRESHOLD = 350.0, 8.0
"""Of the protons, and least momentum of the muons [GeV]."""

MEASURED, MEASURED_ERROR = 3.29e-4, 0.45e-4
"""Prompt muons per collision (abstract of "Prompt muon production at small x_F and p_T in 350-GeV p-Fe collisions")."""

PROTONS = 3000

SOURCES = {
    "η": (221,),
    "ω": (223,),
    "ρ": (113,),
    "φ": (333,),
    "η′": (331,),
    "charm, J/ψ": (411, 421, 431, 4122, 4132, 4232, 4332, 15, 443),
    "photons": (22,),
}
"""Parents of prompt muons, as they are drawn."""

NOTES = """\
The measurement is known from its abstract alone, which gives (3.29 ± 0.45)·10⁻⁴ prompt muons above 8 GeV per collision, and a
cross-section of 22 ± 9 μb per nucleon for charm from them (`flux make` has 18.1). The abstract does not say whether collisions of
secondaries and pairs of photons were subtracted: here are the muons of the whole cascade in iron, at their production, without
the pairs of photons, which are shown on their own. With Pythia's own multiplicities there are too many: that is the control. The
factors of `--measured-multiplicities`, which come from pp at 400 GeV and know nothing of this number, bring them to
it. It tests the sum only, three fifths of which are decays of η and ω."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Make a flux in iron, and count its prompt muons."""
    dump = Slabs((material("Fe"),), (0.0, DEEP))
    settings = Settings(dump, ENERGY, PROTONS // 5 if quick else PROTONS, threshold=THRESHOLD)
    with tempfile.TemporaryDirectory() as temporary:
        file = Path(temporary) / "flux.root"
        make_flux(settings, file, seed=1, workers=Workers(1))
        rows: dict[str, Any] = uproot.open(file)["muons"].arrays(library="np")
    muon = np.abs(rows["pdg"]) == 13
    prompt = muon & ~np.isin(rows["parent"], (211, 321, 130))
    direct = prompt & (rows["parent"] != 22)
    factor = factors_of(rows["parent"], MULTIPLICITY_FACTORS)
    weighted, plain = {**rows, "w": factor * rows["w"]}, rows
    value, error = rate(weighted, direct)
    own, own_error = rate(plain, direct)
    deviation = float((own - MEASURED) / np.hypot(own_error, MEASURED_ERROR))
    claim = "Fe, 350 GeV: prompt muons above 8 GeV per proton, measured multiplicities"
    outcome = (
        agrees(claim, value, float(np.hypot(error, MEASURED_ERROR)), MEASURED, nsigma=2.0),
        Row(
            "control, Pythia's multiplicities: too many, in standard deviations",
            deviation,
            None,
            None,
            2.0,
            None,
        ),
    )
    indications = (
        indication("the same with pairs of photons", *rate(weighted, prompt), MEASURED),
        indication("Pythia's multiplicities", own, own_error, MEASURED),
        indication("charm per nucleon [μb], as it is put in", 18.1, 0.0, 22.0),
    )
    draw(folder, plain, weighted, prompt)
    title = "Prompt muons are as many as measured, with measured multiplicities"
    return Outcome(title, outcome, ("prompt",), NOTES, indications)


def rate(rows: Mapping[str, Any], chosen: Bools) -> tuple[float, float]:
    """Particles per proton, and the error of a sample of protons."""
    w = rows["w"][chosen]
    return float(w.sum()), error_by_group(w, np.unique(rows["group"][chosen], return_inverse=True)[1])


def draw(folder: Path, plain: Mapping[str, Any], weighted: Mapping[str, Any], prompt: Bools) -> None:
    """Draw where prompt muons come from, and their sum beside the measurement."""
    figure, panel = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
    chosen = {name: prompt & np.isin(plain["parent"], parents) for name, parents in SOURCES.items()}
    bars = {"all but photons": prompt & (plain["parent"] != 22), **chosen}
    places = np.arange(len(bars))
    looks = ((plain, "Pythia's multiplicities", VERMILION), (weighted, "measured multiplicities", BLUE))
    for shift, (rows, label, colour) in zip((-0.2, 0.2), looks, strict=True):
        values, errors = np.array([rate(rows, which) for which in bars.values()]).T
        panel.barh(places + shift, 1e4 * values, 0.36, xerr=1e4 * errors, color=colour, label=label)
    low, high = 1e4 * (MEASURED - MEASURED_ERROR), 1e4 * (MEASURED + MEASURED_ERROR)
    panel.axvspan(low, high, color="0.8", zorder=0, label="measured")
    panel.set_yticks(places, list(bars))
    panel.invert_yaxis()
    panel.set(xlabel="prompt muons above 8 GeV per proton [$10^{-4}$]", xlim=(0.0, 7.4))
    panel.set_title("350 GeV protons on iron", fontsize=10)
    panel.legend(fontsize=9, frameon=False, loc="center right")
    save_figure(figure, folder, "prompt")
