"""Where the yield of one mass passes the limit."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from math import exp, hypot, log
from typing import Any

import numpy as np
from scipy.optimize import brentq, minimize_scalar

from mcgen.card import Card
from mcgen.errors import CardError
from mcgen.flux.flux import Flux
from mcgen.metadata import Yield
from mcgen.physics.models import Outcome
from mcgen.sensitivity.sample import COUPLINGS, DecaySample, event_sample, scan_sample, seed_for, varied_names
from mcgen.sources.registry import process_codes
from mcgen.types import Array

_log = logging.getLogger(__name__)

PRECISION = 0.05
"""Relative integration error of a yield above which a point of the contour is generated anew."""

ATTEMPTS = 3
"""How often a point is generated anew before it is left with the error that it has."""

WIDTHS = np.geomspace(1e-22, 1e-8, 113)
"""Total widths [GeV] of the tables of yields."""


@dataclass(frozen=True, slots=True)
class Crossing:
    """A coupling where the yield is at the limit."""

    g_mu: float
    """Coupling to muons."""
    mc_error: float
    """On g_mu, from the integration error of the yield and its slope."""
    flux_error: float
    """On g_mu, from the flux error of the yield and its slope."""
    effective_size: float
    """Of the yield there."""
    regenerated: bool = False
    """Whether it comes from events generated at this coupling."""

    @property
    def error(self) -> float:
        """Both errors in quadrature."""
        return hypot(self.mc_error, self.flux_error)


@dataclass(frozen=True, slots=True)
class MassPoint:
    """What a scan finds at one mass."""

    mass: float
    """[GeV]"""
    low: Crossing | None
    """Where the yield rises above the limit; None if it does not."""
    high: Crossing | None
    """Where the yield falls below the limit; None if it does not."""
    n_max: float
    """Largest yield."""
    g_max: float
    """Coupling to muons where it is."""
    yields: tuple[Yield, ...]
    """At the couplings of the grid."""
    tables: dict[Outcome, list[float]]
    """Yield by channel and width, see `DecaySample.yields_by_width`."""
    varied_yields: dict[str, list[float]]
    """At the couplings of the grid, with the weights of each variation of the card."""
    varied: dict[str, list[float | None]] = field(default_factory=dict)
    """Couplings `low` and `high` with the weights of each variation of the card."""
    by_process: dict[str, list[float | None]] = field(default_factory=dict)
    """Couplings `low` and `high`, and `n_max`, of each process alone; empty if there is one only."""

    def to_dict(self) -> dict[str, Any]:
        """Return the point as plain data."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> MassPoint:
        """Make a point from its plain data."""
        crossings = {key: Crossing(**data[key]) if data[key] else None for key in ("low", "high")}
        return cls(**(data | crossings | {"yields": tuple(Yield(**y) for y in data["yields"])}))


def mass_point(
    card: Card, flux: Flux, seed: int, n_signal: float, mass: float, *, precision: float = PRECISION
) -> MassPoint:
    """Find the yields of a mass at all couplings, and where they pass the limit.

    Parameters
    ----------
    card : its own mass and coupling do not matter; its [scan] has the couplings of the grid
    seed : of the whole scan; every mass draws its own random numbers
    n_signal : expected number of events where the limit is
    mass : [GeV]
    precision : relative integration error of the yield above which a point of the contour is generated anew
    """
    couplings = card.scan.grid
    here = card_at(card, mass)
    if here is None:
        nothing = tuple(Yield(0.0, 0.0, 0.0, 0.0) for _ in couplings)
        varied_yields = {name: [0.0] * len(couplings) for name in varied_names(card)}
        return MassPoint(mass, None, None, 0.0, float(COUPLINGS[-1]), nothing, {}, varied_yields)
    card = here
    sample = scan_sample(card, flux, seed_for(seed, mass), n_signal)
    yields = tuple(sample.yield_at(g) for g in couplings)
    tables = {channel: sample.yields_by_width(channel, WIDTHS) for channel in sample.ratios}
    found = crossings(sample, n_signal)
    low, high = (
        crossing and _precise(crossing, side, card, flux, seed, n_signal, precision)
        for side, crossing in (("low", found.low), ("high", found.high))
    )
    others = {name: sample.varied(name) for name in sample.ratios_of_variations}
    varied = {name: _varied(crossings(other, n_signal), found, (low, high)) for name, other in others.items()}
    varied_yields = {name: [other.value_at(g) for g in couplings] for name, other in others.items()}
    by_process = _by_process(sample, n_signal)
    return MassPoint(
        mass, low, high, found.n_max, found.g_max, yields, tables, varied_yields, varied, by_process
    )


def _by_process(sample: DecaySample, n_signal: float) -> dict[str, list[float | None]]:
    """Couplings where the yield of each process alone passes the limit, and its largest, if there are several."""
    codes = np.unique(sample.process).tolist()
    if len(codes) < 2:
        return {}
    alone = {process_codes()[code]: crossings(sample.of_process(code), n_signal) for code in codes}
    return {
        name: [*(None if side is None else side.g_mu for side in (one.low, one.high)), one.n_max]
        for name, one in alone.items()
    }


def card_at(card: Card, mass: float) -> Card | None:
    """Card with another mass [GeV]; None if no enabled channel is open there.

    Raises
    ------
    CardError
        If the card has another fault at that mass.
    """
    if not card.model.model_copy(update={"mass_gev": mass}).open_channels():
        return None
    return card.replace(model={"mass_gev": mass})


@dataclass(frozen=True, slots=True)
class Crossings:
    """Where a sample's yield rises above the limit and falls below it, and its maximum."""

    low: Crossing | None
    """Where the yield rises above the limit; None if it does not."""
    high: Crossing | None
    """Where the yield falls below the limit; None if it does not."""
    n_max: float
    """Largest yield."""
    g_max: float
    """Coupling to muons where it is."""


def crossings(sample: DecaySample, n_signal: float, couplings: Array = COUPLINGS) -> Crossings:
    """Find where a sample's yield passes the limit: the lowest coupling and the highest one.

    Parameters
    ----------
    couplings : where to look first, in rising order
    """
    ln_g = np.log(couplings)
    values = np.array([sample.value_at(g) for g in couplings])
    top = int(values.argmax())
    if not values[top] > 0.0:
        return Crossings(None, None, 0.0, float(couplings[top]))
    if 0 < top < len(ln_g) - 1:
        best = minimize_scalar(
            lambda t: -sample.value_at(exp(t)), bounds=(ln_g[top - 1], ln_g[top + 1]), method="bounded"
        )
        place = int(np.searchsorted(ln_g, best.x))
        ln_g, values = np.insert(ln_g, place, best.x), np.insert(values, place, -best.fun)
        top = int(values.argmax())
    above = values >= n_signal
    edges = [(a, b) for a, b in pairwise(range(len(ln_g))) if above[a] != above[b]]
    rising = [edge for edge in edges if above[edge[1]]][:1]
    falling = [edge for edge in edges if above[edge[0]]][-1:]
    low, high = (
        _crossing(sample, n_signal, ln_g[edge[0][0]], ln_g[edge[0][1]]) if edge else None
        for edge in (rising, falling)
    )
    return Crossings(low, high, float(values[top]), exp(ln_g[top]))


def _varied(
    varied: Crossings, nominal: Crossings, final: tuple[Crossing | None, Crossing | None]
) -> list[float | None]:
    """Limits of a variation: in their ratio to those of the same sample, where these were found more precisely."""
    found: list[float | None] = []
    for other, same, precise in zip(
        (varied.low, varied.high), (nominal.low, nominal.high), final, strict=True
    ):
        scale = precise.g_mu / same.g_mu if precise and same else 1.0
        found.append(scale * other.g_mu if other else None)
    return found


def _crossing(sample: DecaySample, n_signal: float, low: float, high: float) -> Crossing:
    """Find the crossing between two logarithms of couplings, one with a yield above the limit."""

    def excess(ln_g: float) -> float:
        return log(max(sample.value_at(exp(ln_g)), 1e-300) / n_signal)

    g = exp(brentq(excess, low, high, xtol=1e-9))
    found = sample.yield_at(g)
    per_event = g / abs(sample.slope_at(g))
    return Crossing(g, found.mc_error * per_event, found.flux_error * per_event, found.effective_size)


def _precise(
    crossing: Crossing, side: str, card: Card, flux: Flux, seed: int, n_signal: float, precision: float
) -> Crossing:
    """Generate a point anew, at its coupling, while its effective size is too small."""
    for attempt in range(ATTEMPTS):
        if crossing.effective_size >= precision**-2:
            break
        _log.info("mass %g: generating the %s point anew", card.model.mass_gev, side)
        seed_here = seed_for(seed, card.model.mass_gev, side, attempt)
        try:
            here = card.at_coupling(crossing.g_mu)
        except CardError:  # another coupling would be larger than a card may have
            break
        sample = event_sample(here, flux, seed_here)
        nearby = crossing.g_mu * np.geomspace(0.5, 2.0, 9)
        found = getattr(crossings(sample, n_signal, nearby), side)
        if found is None:
            break
        crossing = Crossing(found.g_mu, found.mc_error, found.flux_error, found.effective_size, True)
    return crossing
