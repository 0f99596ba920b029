"""Photons of an electromagnetic shower: their total track length, by energy.

Approximation A of shower theory (B. Rossi and K. Greisen, Rev. Mod. Phys. 13 (1941) 240): bremsstrahlung and pair production
with complete screening, no ionisation. Lengths are in radiation lengths, energies in units of the first photon's, and the
same for all materials and energies.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from mcgen.types import Array

LEAST = 1e-3
"""Least fraction of the energy that is told."""

ATTENUATION = 7.0 / 9.0
"""Pairs that a photon makes per radiation length."""

_BINS = 160
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(12)


@cache
def track_lengths() -> tuple[Array, Array]:
    """Track length of photons above each fraction of the energy.

    The first photon's own, 9/7, is not in it.

    Two balances hold at every energy E, of what the whole shower has: photons are absorbed as often as electrons radiate
    them, 7/9 G(E) = int P(E') w(E/E')/E' dE'; and as many electrons fall below E by radiation as are made above it,
    int P(E') R(1 - E/E') dE' = 2 int G(E') S(E/E') dE'. G and P are the track lengths of photons and electrons per
    energy, w(y) = (4/3 - 4/3 y + y^2)/y, R(y) its integral from y to 1, and S(v) that of 1 - 4/3 v (1 - v).

    Returns
    -------
    fraction : (k,) from 1 down to `LEAST`
    length : (k,) track length above [radiation lengths], ascending from 0
    """
    # The error of the solution goes with the width of the bins: from two widths follows that of no width, to 0.2 %.
    fraction, coarse = _solved(_BINS)
    return fraction, 2.0 * _solved(2 * _BINS)[1][::2] - coarse


def _solved(bins: int) -> tuple[Array, Array]:
    """Solve the balances in bins of equal width in ln E, from the top down."""
    edges = np.exp(np.linspace(0.0, np.log(LEAST), bins + 1))
    high, low = edges[:-1], edges[1:]
    electrons, photons = np.zeros(bins), np.zeros(bins)  # track lengths per unit of ln E
    for i in range(bins):
        # Each balance is at the lower edge of a bin; the value there is taken for that of the bin.
        gain, dropped, made = _integrals(high[: i + 1], low[: i + 1], low[i])
        gain /= ATTENUATION
        first = _made_above(low[i : i + 1])[0] / ATTENUATION
        made *= 2.0
        # photons[i] = gain @ electrons: two unknowns of this bin, which are coupled.
        rest = 2.0 * first + photons[:i] @ made[:i] + made[i] * (gain[:i] @ electrons[:i])
        electrons[i] = (rest - dropped[:i] @ electrons[:i]) / (dropped[i] - made[i] * gain[i])
        photons[i] = gain @ electrons[: i + 1]
    middle = 0.5 * (photons + np.concatenate([[0.0], photons[:-1]]))
    return edges, np.concatenate([[0.0], np.cumsum(middle * np.log(high / low))])


def _integrals(high: Array, low: Array, x: float) -> tuple[Array, Array, Array]:
    """Integrals over bins (k,) in ln E' of what enters the balances at the energy x, at the lower edge of the last bin.

    Returns
    -------
    x w(x/E')/E', R(1 - x/E'), S(x/E'), each (k,)
    """
    # Nodes that crowd at the lower edges: R has a logarithm where E' comes down to x.
    t = (0.5 * (1.0 + _NODES)) ** 3
    weight = 0.5 * _WEIGHTS * 3.0 * (0.5 * (1.0 + _NODES)) ** 2
    width = np.log(high / low)[:, None]
    energy = low[:, None] * np.exp(width * t)
    v = x / energy
    w = width * weight
    radiated = 4.0 / 3.0 - 4.0 / 3.0 * v + v * v  # v w(v)
    y = -np.expm1(-np.log(energy / x))
    falls = -4.0 / 3.0 * np.log(y) - 4.0 / 3.0 * v + 0.5 * (1.0 - y * y)
    return (radiated * w).sum(axis=1), (falls * w).sum(axis=1), (_made_above(v) * w).sum(axis=1)


def _made_above(v: Array) -> Array:
    """Integral of 1 - 4/3 u (1 - u) over u from v to 1."""
    return (1.0 - v) - 4.0 / 3.0 * ((0.5 - 1.0 / 3.0) - (0.5 * v**2 - v**3 / 3.0))
