"""Muons behind SHiP's target and 2.4 m of iron, beside the measured muon flux."""

from __future__ import annotations

from csv import DictReader
from functools import cache
from itertools import pairwise
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
from scipy.interpolate import PchipInterpolator

import mcgen
from mcgen.card import flux_table
from mcgen.constants import MUON_MASS
from mcgen.experiment.dump import Dump, LossKind, dump_of
from mcgen.experiment.target import TargetTable
from mcgen.flux.flux import load_flux
from mcgen.physics.kinematics import norm
from mcgen.plots.style import BLUE
from mcgen.types import Array, Bools
from mcgen.weights import error_by_group
from validation.claims import Outcome, Row, agrees, indication, save_figure

TABLE = Path(mcgen.__file__).parent / "data" / "muon_stopping_power.csv"

EDGES = (5.0, 10.0, 25.0, 50.0, 75.0, 100.0, 125.0)
"""Of the bins of momentum [GeV]."""

RECALLED = (1.13e5, 2.40e4, 4.80e3, 9.83e2, 2.95e2, 1.1e2)
"""Tracks per GeV and 10^9 protons (arXiv:2001.04784): recalled, not re-read."""

LAYERS = (("Mo", 0.0, 0.58), ("W", 0.58, 1.5), ("Fe", 1.5, 3.9))
"""Materials, and where they begin and end [m]."""

STARTS = (10.0, 20.0, 50.0, 100.0, 200.0)
"""Energies of muons at the front whose way is compared with ranges [GeV]."""

PRECISION = 0.01
"""Of the energy behind: ranges of the table have four digits, and are interpolated."""

LEAST = 1.0
"""Energy down to which muons are followed [GeV]."""

NOTES = """\
Muons of `builtin:ship_bdf` through the rest of its target and 2.4 m of iron, with mean losses, without scattering, sides and field,
beside the muon flux that SHiP measured behind such a target and absorber (arXiv:2001.04784). The table of that paper was not at hand:
the numbers are recalled, not re-read, and the spectrometer's acceptance is not in ours, so they decide nothing. What is claimed is
the transport: the energy of a muon behind all three materials is that of the ranges of the table, which the program does not use; with
the constant loss of minimum ionisation it is not (the control)."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Transport muons, and count them; the same at any speed."""
    del quick
    rows = []
    front = np.zeros((3, len(STARTS))), np.tile([[0.0], [0.0], [1.0]], len(STARTS)), np.array(STARTS)
    found, simple = (behind(dump(kind), *front)[0] for kind in ("table", "constant"))
    for start, energy, constant in zip(STARTS, found.tolist(), simple.tolist(), strict=True):
        known = by_ranges(start)
        claim = f"{start:g} GeV through Mo, W and Fe: energy behind / by ranges"
        rows.append(agrees(claim, energy / known, 0.0, 1.0, allowance=PRECISION))
        if start >= 50.0:
            off = abs(constant / known - 1.0) / PRECISION
            rows.append(Row(f"control, {start:g} GeV: constant loss, off by", off, None, None, 2.0, None))
    momentum, rate, error = counted()
    indications = tuple(
        indication(f"{low:g} to {high:g} GeV: muons per GeV and 10⁹ protons", value, spread, known)
        for (low, high), value, spread, known in zip(
            pairwise(EDGES), rate.tolist(), error.tolist(), RECALLED, strict=True
        )
    )
    draw(folder, momentum, rate, error)
    title = "Muons come through target and iron as their ranges say"
    return Outcome(title, tuple(rows), ("muonflux",), NOTES, indications)


def dump(loss: LossKind) -> Dump:
    """Return the target and the iron."""
    layers = [{"material": name, "z_m": [begin, end]} for name, begin, end in LAYERS]
    return dump_of(TargetTable.model_validate({"layer": layers}), loss, None)


def behind(through: Dump, position: Array, direction: Array, energy: Array) -> tuple[Array, Bools]:
    """Energy (n,) behind it [GeV], and which muons get there; from points (3, n), with unit vectors (3, n)."""
    charge = np.ones(len(energy))
    legs = through.legs(position, direction, energy, charge, LEAST)
    course = through.travel((position, direction, energy), charge, legs, through.emission_path(legs))
    return course.energies[-1], course.position[2] > through.z[1] - 1e-6


def by_ranges(energy: float) -> float:
    """Energy [GeV] of a muon on the axis behind all layers, by the column of ranges."""
    for name, begin, end in LAYERS:
        reach, inverse, density = ranges(name)
        energy = float(
            np.exp(inverse(np.log(np.exp(reach(np.log(energy))) - 100.0 * density * (end - begin))))
        )
    return energy


@cache
def ranges(material: str) -> tuple[PchipInterpolator, PchipInterpolator, float]:
    """Logarithm of the range [g/cm2] by that of the total energy [GeV], its inverse, and the density [g/cm3]."""
    with TABLE.open(encoding="utf-8") as file:
        rows = [row for row in DictReader(file) if row["material"] == material]
    energy = np.log([float(row["E_total_GeV"]) for row in rows])
    reach = np.log([float(row["csda_range_gcm2"]) for row in rows])
    return PchipInterpolator(energy, reach), PchipInterpolator(reach, energy), float(rows[0]["rho_gcm3"])


def counted() -> tuple[Array, Array, Array]:
    """Momenta of the muons of the flux behind all layers [GeV]; muons per GeV and 10^9 protons by bin, and their errors."""
    flux = load_flux(flux_table({"file": "builtin:ship_bdf"}))
    chosen = (np.abs(flux.pdg) == 13) & (flux.momentum[2] > 0.0)
    momentum, position = flux.momentum[:, chosen], flux.position[:, chosen]
    size = norm(momentum)
    energy, arrived = behind(dump("table"), position, momentum / size, np.hypot(size, MUON_MASS))
    last = np.sqrt(np.maximum(energy**2 - MUON_MASS**2, 0.0)) * arrived
    rate, group = flux.rate[chosen], flux.group[chosen]
    values, errors = [], []
    for low, high in pairwise(EDGES):
        inside = (last >= low) & (last < high)
        values.append(1e9 * rate[inside].sum() / (high - low))
        errors.append(1e9 * error_by_group(rate[inside], group[inside]) / (high - low))
    return last, np.array(values), np.array(errors)


def draw(folder: Path, momentum: Array, rate: Array, error: Array) -> None:
    """Draw both spectra."""
    del momentum
    figure, (panel, lower) = plt.subplots(
        2, 1, figsize=(5.6, 4.4), sharex=True, height_ratios=(2.5, 1.0), layout="constrained"
    )
    edges = np.array(EDGES)
    middle = 0.5 * (edges[1:] + edges[:-1])
    panel.stairs(rate, edges, color=BLUE, label="mcgen, builtin:ship_bdf")
    panel.plot(middle, RECALLED, "ko", ms=4, label="arXiv:2001.04784, recalled")
    panel.set(yscale="log", ylabel="muons per GeV and $10^9$ protons")
    panel.legend(fontsize=9, frameon=False)
    lower.errorbar(middle, rate / RECALLED, error / RECALLED, np.diff(edges) / 2, fmt="none", color=BLUE)
    lower.axhline(1.0, color="0.5", lw=0.8)
    lower.set(xlabel="$p_\\mu$ behind target and 2.4 m of iron [GeV]", ylabel="ratio", ylim=(0.5, 1.5))
    save_figure(figure, folder, "muonflux")
