"""Decays: proper time, angles at rest, invariant mass, opening angle of photon pairs, against closed forms."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import mcgen
from mcgen.events import Events
from mcgen.plots.style import BLACK, BLUE, GREEN, VERMILION
from mcgen.types import Array
from tests.oracle.decays import decay_angles, decay_quantile, vector
from tests.oracle.quadrature import DAUGHTER_MASS, SELECTIONS, SETUPS
from tests.oracle.setups import card_of
from tests.oracle.stats import bin_of, fractions_p, ks_distance, ks_p, seed_of
from validation.claims import Outcome, Row, likely, save_figure

PAIRS = {"ee": "electrons_magnet", "mumu": "muons_inclined", "gammagamma": "photons_mixed_flux"}
"""Selections, one a channel."""

SHORT_LIVED = 1e-3
"""Coupling of a leptophilic scalar of 50 MeV that decays within some ten metres."""

STYLES = {"ee": (BLUE, "o"), "mumu": (VERMILION, "s"), "gammagamma": (GREEN, "^")}
LABELS = {"ee": "$e^+e^-$", "mumu": "$\\mu^+\\mu^-$", "gammagamma": "$\\gamma\\gamma$"}
BINS = 25

NOTES = """\
Decay points follow the exponential of the proper time, cut off where the boson leaves the decay volume. Daughters are isotropic
in the boson's rest frame, though the run was trained on those that the detector accepts: the weights undo it.
The pair has the boson's mass and momentum within rounding (the mass is a difference of numbers (E/m)² times larger). The
opening angle of photons is bounded from below by sin(α/2) = m/E; its distribution is 1/(r³√(1 − r⁻²)) in
r = sin(α/2)/sin(α_min/2)."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Generate decays of three channels and of a short-lived boson, and test their distributions."""
    points = 50_000 if quick else 500_000
    short = decays_of_a_short_lived_boson(points)
    pairs = {channel: pairs_of(name, points) for channel, name in PAIRS.items()}
    rows = uniform("proper time until the decay (its quantile)", decay_quantile(short), short.weight)
    for channel, events in pairs.items():
        mass = SETUPS[SELECTIONS[PAIRS[channel]].setup].mass
        cosine, azimuth = decay_angles(events, mass, DAUGHTER_MASS[channel])
        rows += uniform(f"{channel}: cos θ* at rest", cosine, events.weight)
        rows += uniform(f"{channel}: φ* at rest", azimuth, events.weight)
        claim = f"{channel}: largest relative deviation of the pair's mass"
        rows.append(Row(claim, mass_deviation(events, mass), None, None, None, 1e-7))
        claim = f"{channel}: largest difference of momenta, pair and boson, over the energy"
        rows.append(Row(claim, imbalance(events), None, None, None, 1e-12))
    photons = pairs["gammagamma"]
    ratio = opening_ratio(photons)
    rows += uniform(
        "γγ: opening angle (its quantile)", np.sqrt(np.maximum(1.0 - ratio**-2, 0.0)), photons.weight
    )
    claim = "γγ: smallest sin(α/2) E/m"
    rows.append(Row(claim, float(np.min(ratio)), None, 1.0, 1.0 - 1e-6, None))
    draw(folder, short, pairs, ratio)
    return Outcome("Decays follow their closed forms", tuple(rows), ("decay",), NOTES)


def generate(name: str, points: int, **changes: Any) -> Events:
    """Generate a selection's events, with changes of its setup."""
    setup, channel, cuts = SELECTIONS[name]
    run = {
        "events": points,
        "seed": seed_of("validation", "decay", name),
        "vegas": {"pilot": 20_000, "nitn": 5, "neval": 4000},
    }
    with tempfile.TemporaryDirectory() as scratch:
        card = card_of(
            replace(SETUPS[setup], **changes),
            Path(scratch),
            run,
            channel=channel,
            cuts=cuts,
            channels=[channel],
        )
        return mcgen.generate(card)


def pairs_of(name: str, points: int) -> Events:
    """Generate decays into the only channel of a selection."""
    return generate(name, points)


def decays_of_a_short_lived_boson(points: int) -> Events:
    """Generate decays whose exponential matters."""
    g_e, g_mu, g_tau = SETUPS["leptophilic_slab"].couplings
    scale = SHORT_LIVED / g_mu
    return generate("electrons_hole", points, couplings=(scale * g_e, scale * g_mu, scale * g_tau))


def uniform(claim: str, values: Array, weight: Array) -> list[Row]:
    """Test by KS and by chi2 whether values in 0..1 are uniform."""
    by_distance = ks_p(*ks_distance(values, weight, lambda x: x))
    by_bins = fractions_p(bin_of(values, BINS), weight, np.full(BINS, 1.0 / BINS))
    return [likely(f"{claim}: p of KS", by_distance), likely(f"{claim}: p of χ² in {BINS} bins", by_bins)]


def mass_deviation(events: Events, mass: float) -> float:
    """Largest relative deviation of the invariant mass from the boson's."""
    momentum = vector(events, "d1") + vector(events, "d2")
    energy = events.d1_e + events.d2_e
    size = np.linalg.norm(momentum, axis=0)
    found = np.sqrt(np.maximum((energy - size) * (energy + size), 0.0))
    return float(np.max(np.abs(found / mass - 1.0)))


def imbalance(events: Events) -> float:
    """Largest component of what the pair's four-momentum lacks, over the boson's energy."""
    names = "px py pz e"
    lacking = vector(events, "boson", names) - vector(events, "d1", names) - vector(events, "d2", names)
    return float(np.max(np.abs(lacking) / events.boson_e))


def opening_ratio(events: Events) -> Array:
    """Return sin(alpha/2) E/m of photon pairs: 1 or more."""
    mass = SETUPS[SELECTIONS[PAIRS["gammagamma"]].setup].mass
    one, two = (vector(events, name) for name in ("d1", "d2"))
    apart = one / np.linalg.norm(one, axis=0) - two / np.linalg.norm(two, axis=0)
    ratio: Array = 0.5 * np.linalg.norm(apart, axis=0) * events.boson_e / mass
    return ratio


# --- Drawing ------------------------------------------------------------------------------------------------


def density(values: Array, weight: Array, edges: Array) -> tuple[Array, Array]:
    """Density in bins, normalised to all values, and its error."""
    share, width = weight / np.sum(weight), np.diff(edges)
    content = np.histogram(values, edges, weights=share)[0] / width
    return content, np.sqrt(np.histogram(values, edges, weights=share * share)[0]) / width


def draw(folder: Path, short: Events, pairs: dict[str, Events], ratio: Array) -> None:
    """Draw the four distributions with their closed forms."""
    figure, panels = plt.subplots(1, 3, figsize=(10.5, 3.4), layout="constrained")
    draw_times(panels[0], short)
    edges = np.linspace(-1.0, 1.0, 21)
    for i, (channel, events) in enumerate(pairs.items()):
        mass = SETUPS[SELECTIONS[PAIRS[channel]].setup].mass
        cosine, _ = decay_angles(events, mass, DAUGHTER_MASS[channel])
        content, error = density(2.0 * cosine - 1.0, events.weight, edges)
        colour, marker = STYLES[channel]
        middle = 0.5 * (edges[1:] + edges[:-1]) + 0.02 * (i - 1)
        panels[1].errorbar(
            middle, content, error, fmt=marker, ms=3, lw=1, color=colour, label=LABELS[channel]
        )
    panels[1].axhline(0.5, color=BLACK, lw=1, label="isotropic")
    panels[1].set(xlabel="$\\cos\\theta^*$", ylabel="density", ylim=(0.44, 0.58))
    panels[1].legend(fontsize=9, frameon=False, ncols=2, loc="upper center")

    edges = np.geomspace(1.0, 12.0, 31)
    content, error = density(ratio, pairs["gammagamma"].weight, edges)
    expected = np.diff(np.sqrt(1.0 - edges**-2)) / np.diff(edges)
    panels[2].stairs(expected, edges, color=BLACK, label="closed form")
    middle = np.sqrt(edges[1:] * edges[:-1])
    panels[2].errorbar(
        middle, content, error, fmt="^", ms=3, lw=1, color=GREEN, label="mcgen, $\\gamma\\gamma$"
    )
    panels[2].set(
        xscale="log",
        yscale="log",
        ylabel="density",
        xlabel="opening of the photons, $\\sin(\\alpha/2)\\,E_S/m_S$",
    )
    panels[2].set_xticks([1, 2, 5, 10], ["1", "2", "5", "10"])
    panels[2].minorticks_off()
    panels[2].legend(fontsize=9, frameon=False)
    save_figure(figure, folder, "decay")


def draw_times(panel: Axes, events: Events) -> None:
    """Draw the proper time spent in the volume, in lifetimes, with the truncated exponentials."""
    edges = np.linspace(0.0, 10.0, 26)
    time = (events.decay_path - events.path_in) / events.decay_length
    longest = (events.path_out - events.path_in) / events.decay_length
    content, error = density(time, events.weight, edges)
    share = events.weight / events.weight.sum() / -np.expm1(-longest)
    below = [float(share @ -np.expm1(-np.minimum(edge, longest))) for edge in edges]
    panel.stairs(np.diff(below) / np.diff(edges), edges, color=BLACK, label="closed form")
    middle = 0.5 * (edges[1:] + edges[:-1])
    panel.errorbar(middle, content, error, fmt="o", ms=3, lw=1, color=BLUE, label="mcgen, $e^+e^-$")
    panel.set(yscale="log", ylim=(1e-5, 2.0), ylabel="density", xlabel="proper time in the volume / lifetime")
    panel.legend(fontsize=9, frameon=False)
