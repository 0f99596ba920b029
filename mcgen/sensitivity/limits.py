"""How many signal events the counts of an experiment exclude."""

from __future__ import annotations

from math import log1p

from scipy.optimize import brentq
from scipy.stats import poisson

from mcgen.card import Card

DEFAULT = 2.3
"""90 % confidence, no background, nothing observed."""


def n_signal_of(card: Card) -> float:
    """Expected number of signal events at which a card's limit is."""
    if card.scan.n_signal is not None:
        return card.scan.n_signal
    if card.statistics is None:
        return DEFAULT
    return upper_limit(*counts_of(card), card.statistics.cl)


def counts_of(card: Card) -> tuple[float, int]:
    """Expected background, and number of events seen: none of both without [statistics]."""
    table = card.statistics
    if table is None:
        return 0.0, 0
    # What is not observed yet will be about the background's median.
    observed = int(poisson.median(table.background)) if table.observed is None else table.observed
    return table.background, observed


def upper_limit(background: float, observed: int, cl: float) -> float:
    """Upper limit on the signal by CLs: P(n <= observed | s + b)/P(n <= observed | b) = 1 - cl.

    Parameters
    ----------
    background : expected number b of background events, 0 or more
    observed : number of events seen
    cl : confidence level, between 0 and 1
    """

    def excess(signal: float) -> float:
        return float(poisson.logcdf(observed, signal + background)) - target

    target = float(poisson.logcdf(observed, background)) + log1p(-cl)
    high = 10.0
    while excess(high) > 0.0:
        high *= 2.0
    return float(brentq(excess, 0.0, high, xtol=1e-12, rtol=1e-12))
