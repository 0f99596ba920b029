"""Delta a_mu: its limits, its integral in many digits, and the couplings that the measurement favours."""

from __future__ import annotations

import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from mpmath import mp

import mcgen
from mcgen.constants import MUON_MASS
from mcgen.physics.kinds import Kind
from mcgen.physics.models import delta_a_mu
from mcgen.plots.style import BLACK, BLUE, GREEN, VERMILION
from mcgen.types import Array
from tests.oracle.closed_forms import true_delta_a_mu
from validation.claims import Outcome, Row, agrees, save_figure

MEASURED, ERROR = 251e-11, 59e-11
"""Measurement minus prediction of 2021, which the paper takes (its Eq. 1)."""

LIGHT = 1e-7
"""Mass of a light boson [GeV]."""

STYLES: dict[Kind, tuple[str, str]] = {
    "scalar": (BLACK, "-"),
    "vector": (BLUE, "--"),
    "pseudoscalar": (VERMILION, "-."),
}
MASSLESS: dict[Kind, float] = {"scalar": 3 / 16, "vector": 2 / 16, "pseudoscalar": -1 / 16}
"""Delta a_mu pi^2/g^2 of a massless boson."""

NOTES = """\
Light bosons: Δa_μ → 3 g²/(16π²) for a scalar, 2 g²/(16π²) for a vector (Schwinger's α/2π with g² = 4πα), −g²/(16π²) for a
pseudoscalar; heavy ones: the known logarithms. The band that the paper draws in its Fig. 8 is (251 ± 59)·10⁻¹¹ within two
standard deviations; above five it excludes. A light scalar of g_μ = 3.6e-4 gives the measured value. Later predictions from the
lattice have moved the difference: the band is the paper's, not today's."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Compare limits and integral, and find the band."""
    rows = []
    for kind, limit in MASSLESS.items():
        value = delta_a_mu(kind, LIGHT, 1.0) * math.pi**2
        rows.append(agrees(f"{kind}: π² Δa_μ/g² of a massless boson", value, 0.0, limit, allowance=1e-5))
    for kind in STYLES:
        value, expected = delta_a_mu(kind, 50.0, 1.0), heavy(kind, 50.0)
        rows.append(
            agrees(f"{kind}: Δa_μ/g² at 50 GeV over its limit", value / expected, 0.0, 1.0, allowance=2e-4)
        )
    masses = np.geomspace(1e-3, 4.0, 2 if quick else 30)
    for kind in STYLES:
        with mp.workdps(25):
            truth = np.array([float(true_delta_a_mu(kind, float(m))) for m in masses])
        found = np.array([delta_a_mu(kind, float(m), 1.0) for m in masses])
        worst = float(np.max(np.abs(found / truth - 1.0)))
        claim = f"{kind}: largest relative deviation of Δa_μ from 25 digits, 1 MeV to 4 GeV"
        rows.append(Row(claim, worst, None, None, None, 1e-9))
    rows += band_rows()
    draw(folder)
    return Outcome("Δa_μ has its limits, and the band of the paper", tuple(rows), ("g2",), NOTES)


def heavy(kind: Kind, mass: float) -> float:
    """Delta a_mu/g^2 of a heavy boson, to first order in z = (m_mu/m)^2."""
    z = (MUON_MASS / mass) ** 2
    first = {"scalar": -math.log(z) - 7 / 6, "vector": 2 / 3, "pseudoscalar": math.log(z) + 11 / 6}[kind]
    return z * first / (8.0 * math.pi**2)


def coupling(unit: Array | float, nsigma: float) -> Array:
    """Coupling whose Delta a_mu is that many standard deviations from the measured one, from that of g = 1."""
    return np.sqrt((MEASURED + nsigma * ERROR) / np.asarray(unit))


def band_rows() -> list[Row]:
    """What a card takes for measured, and the couplings of the band for a light scalar against the closed form."""
    stated = mcgen.load_card("na62_muonphilic").g_minus_2
    rows = [
        agrees(
            "measured Δa_μ of a card, in 1e-11", 1e11 * stated.value, 0.0, 1e11 * MEASURED, allowance=1e-9
        ),
        agrees("its error, in 1e-11", 1e11 * stated.error, 0.0, 1e11 * ERROR, allowance=1e-9),
    ]
    unit = delta_a_mu("scalar", LIGHT, 1.0)
    for nsigma in (-2.0, 0.0, 2.0, 5.0):
        value = MEASURED + nsigma * ERROR
        claim = f"light scalar: g_μ at {nsigma:+.0f}σ of the measurement, in 1e-4"
        found, expected = coupling(unit, nsigma), math.sqrt(16.0 * math.pi**2 / 3.0 * value)
        rows.append(agrees(claim, 1e4 * float(found), 0.0, 1e4 * expected, allowance=1e-5))
    return rows


def draw(folder: Path) -> None:
    """Draw Delta a_mu against mass, and the band in the plane of mass and coupling."""
    masses = np.geomspace(1e-3, 4.0, 60)
    unit = {kind: np.array([delta_a_mu(kind, float(m), 1.0) for m in masses]) for kind in STYLES}
    figure, (left, right) = plt.subplots(1, 2, figsize=(8.4, 3.6), layout="constrained")
    for kind, (colour, style) in STYLES.items():
        sign = " (negative)" if kind == "pseudoscalar" else ""
        left.plot(masses, np.abs(unit[kind]), style, color=colour, label=kind + sign)
        left.axhline(abs(MASSLESS[kind]) / math.pi**2, color=colour, lw=0.6, ls=":")
        left.plot(
            masses[masses > 1.0], [abs(heavy(kind, float(m))) for m in masses[masses > 1.0]], ":", color="0.5"
        )
    left.set(xscale="log", yscale="log", xlabel="$m$ [GeV]", ylabel="$|\\Delta a_\\mu|/g_\\mu^2$")
    left.legend(fontsize=9, frameon=False, loc="lower left", title="dotted: limits", title_fontsize=8)

    def curve(nsigma: float) -> Array:
        return coupling(unit["scalar"], nsigma)

    right.fill_between(masses, curve(5.0), 1.0, color="0.8", lw=0, label="excluded (> +5σ)")
    right.fill_between(masses, curve(-2.0), curve(2.0), color=GREEN, alpha=0.5, lw=0, label="favoured (±2σ)")
    right.plot(masses, curve(0.0), color=GREEN, lw=1.2)
    right.set(xscale="log", yscale="log", xlim=(1e-3, 4.0), ylim=(1e-4, 1e-1))
    right.set(xlabel="$m_S$ [GeV]", ylabel="$g_\\mu$")
    right.set_title("scalar, $\\Delta a_\\mu = (251 \\pm 59)\\cdot 10^{-11}$", fontsize=10)
    right.legend(fontsize=9, loc="upper left", facecolor="white", framealpha=1.0)
    save_figure(figure, folder, "g2")
