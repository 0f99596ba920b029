"""A scan: which masses, where they are worked on, and what is kept of them."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from mcgen.card import Card
from mcgen.constants import ELECTRON_MASS, MUON_MASS, TAU_MASS
from mcgen.errors import UsageError
from mcgen.flux.flux import Flux, flux_of
from mcgen.run.parallel import Workers
from mcgen.sensitivity.contour import MassPoint, card_at, mass_point
from mcgen.sensitivity.limits import n_signal_of
from mcgen.sensitivity.parts import Parts
from mcgen.sensitivity.refinement import added_masses
from mcgen.sensitivity.sample import REFERENCE

Progress = Callable[[int, int], None]
"""Called with the numbers of masses that are done and that are planned."""

START = 24
"""Masses that a scan from 2 m_e to 2 m_mu begins with."""

THRESHOLDS = tuple(2.0 * mass for mass in (ELECTRON_MASS, MUON_MASS, TAU_MASS))

BESIDE = 1e-3
"""Relative distance of the masses on both sides of a threshold."""


@dataclass(frozen=True)
class Scan:
    """The result: a card's yields and limits at some masses, in rising order."""

    card: Card
    """What is scanned."""
    seed: int
    """Of the random numbers."""
    n_signal: float
    """Expected number of events at the limit."""
    points: tuple[MassPoint, ...]
    """What was found, by rising mass."""

    def is_open(self, point: MassPoint) -> bool:
        """Whether the contour is cut at a point: by the range of masses, or by that of couplings."""
        if point.n_max < self.n_signal:
            return False
        at_end = point.mass in (self.points[0].mass, self.points[-1].mass)
        return at_end or point.low is None or point.high is None


def scan(card: Card, jobs: int = 1, progress: Progress | None = None, parts: Parts | None = None) -> Scan:
    """Scan the plane of mass and coupling.

    The result depends on card and seed only, not on the number of jobs.

    Parameters
    ----------
    jobs : number of processes
    parts : where masses that are done are kept, and found by a scan with the same settings

    Raises
    ------
    UsageError
        If the card is of bare collisions, or fixes a kinetic mixing.

    Examples
    --------
    >>> found = mcgen.scan(card.replace(scan={"masses": [0.05]}))
    >>> [(point.mass, point.low.g_mu < point.high.g_mu) for point in found.points]
    [(0.05, True)]
    """
    if card.experiment.exposure.kind == "xsec":
        raise UsageError(
            'experiment.exposure.kind = "xsec": collisions without a decay have no reach to scan'
        )
    card.at_coupling(REFERENCE)  # which tells, before anything is computed, if that cannot be
    flux = flux_of(card)
    if parts:
        parts.begin(card, flux.sha256)
    seed = card.run.seed
    if seed is None:
        seed = parts.seed() if parts else secrets.randbits(63)
    n_signal = n_signal_of(card)
    points: dict[float, MassPoint] = {}
    masses = first_masses(card)
    for mass in masses:
        card_at(card, mass)  # a fault at one of them is told before anything is computed
    while masses:
        for done in _points(card, flux, seed, n_signal, masses, jobs, parts):
            points[done.mass] = done
            if progress:
                progress(len(points), len(points | dict.fromkeys(masses)))
        masses = added_masses([points[mass] for mass in sorted(points)]) if card.scan.is_refined else []
    return Scan(card, seed, n_signal, tuple(points[mass] for mass in sorted(points)))


def first_masses(card: Card) -> list[float]:
    """Masses [GeV] that a scan begins with."""
    masses = card.scan.masses
    if masses is None:
        masses = tuple(np.geomspace((1.0 + BESIDE) * THRESHOLDS[0], THRESHOLDS[1], START).tolist())
    beside = [threshold * factor for threshold in THRESHOLDS for factor in (1.0 - BESIDE, 1.0 + BESIDE)]
    inside = [m for m in beside if min(masses) < m < max(masses)]
    return sorted({*masses, *(inside if card.scan.is_refined else ())})


def _points(
    card: Card, flux: Flux, seed: int, n_signal: float, masses: list[float], jobs: int, parts: Parts | None
) -> Iterator[MassPoint]:
    """Take the masses that are done, and work on the others."""
    todo = []
    for mass in masses:
        done = parts.load(seed, mass) if parts else None
        if done is None:
            todo.append(mass)
        else:
            yield done
    draw = partial(_at, card, flux, seed, n_signal, todo)
    for point in Workers(min(jobs, len(todo))).map(draw, range(len(todo))):
        if parts:
            parts.save(seed, point)
        yield point


def _at(
    card: Card, flux: Flux, seed: int, n_signal: float, masses: Sequence[float], number: int
) -> MassPoint:
    """Work on one of the masses."""
    return mass_point(card, flux, seed, n_signal, masses[number])
