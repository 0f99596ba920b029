"""Weighted histograms with both errors, filled chunk by chunk.

The rows of the flux fall at random into GROUPS groups, and each bin is summed by group. Sums of different
groups are independent, so their scatter is the error of the bin, integration and flux together, in
memory that does not grow with the flux: the expectation of G/(G-1) sum_g (s_g - mean)^2 over the
groupings is sum_rows (sum_row w)^2. It is itself good to 1/sqrt(2 (GROUPS - 1)), 9 %.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import sqrt
from types import MappingProxyType

import numpy as np

from mcgen.types import Array, Bools, Ints

GROUPS = 64

_WIDE = 3.0
"""Ratio of the ends from which an axis is worth a logarithm."""


class YieldHistogram:
    """Expected events in bins of a variable: in the decay volume, and accepted.

    Bins 0 and n + 1 are what is below and above the edges; NaN is above.

    Parameters
    ----------
    edges : (n + 1,) of the bins
    log : whether they are meant for a logarithmic axis
    """

    def __init__(self, edges: Array, log: bool = False) -> None:
        self.edges = edges
        self.log = log
        self._fiducial = np.zeros((GROUPS, len(edges) + 1))
        self._accepted = np.zeros((GROUPS, len(edges) + 1))
        self._others: dict[str, dict[str, Array]] = {}

    @classmethod
    def around(cls, values: Array, weight: Array, log: bool, bins: int) -> YieldHistogram | None:
        """Make an empty spectrum whose bins hold all but 1e-3 of the weight; None if no value is defined.

        Parameters
        ----------
        values, weight : (n,) of a fair sample of the events
        log : equal bins in the logarithm, of positive values, unless they are all alike
        """
        low, high = quantiles(values, weight * (values > 0.0) if log else weight, (5e-4, 1.0 - 5e-4))
        if np.isnan(low):
            return None
        if not low < high:  # one value only, as of a beam without spread
            low, high = low - 0.1 * abs(low) - 1e-6, high + 0.1 * abs(high) + 1e-6
        log = log and high > _WIDE * low
        return cls(np.geomspace(low, high, bins + 1) if log else np.linspace(low, high, bins + 1), log)

    def add(
        self,
        values: Array,
        weight: Array,
        accepted: Bools,
        group: Ints,
        others: Mapping[str, Mapping[str, Array]] = MappingProxyType({}),
    ) -> None:
        """Count events (n,), each of a group 0 .. GROUPS-1.

        Parameters
        ----------
        others : weights (n,) with which accepted events are counted besides, by kind and name
        """
        shape = self._fiducial.shape
        number = np.searchsorted(self.edges, values, side="right")
        for kind, weights in others.items():
            for name, other in weights.items():
                sums = self._others.setdefault(kind, {}).setdefault(name, np.zeros(shape[1]))
                sums += np.bincount(number, weights=np.where(accepted, other, 0.0), minlength=shape[1])
        cell = group * shape[1] + number
        for sums, counted in ((self._fiducial, weight), (self._accepted, np.where(accepted, weight, 0.0))):
            sums += np.bincount(cell, weights=counted, minlength=sums.size).reshape(shape)

    def fiducial(self) -> tuple[Array, Array]:
        """Yields (n + 2,) of all events, and their errors."""
        return self._fiducial.sum(axis=0), _error(self._fiducial)

    def accepted(self) -> tuple[Array, Array]:
        """Yields (n + 2,) of the accepted events, and their errors."""
        return self._accepted.sum(axis=0), _error(self._accepted)

    def others(self, kind: str) -> dict[str, Array]:
        """Yields (n + 2,) of the accepted events with the other weights of a kind, by name."""
        return dict(self._others.get(kind, {}))

    def acceptance(self) -> tuple[Array, Array]:
        """Accepted over all (n + 2,), and its error with what both share taken out; NaN in empty bins."""
        total = self._fiducial.sum(axis=0)
        total = np.where(total > 0.0, total, np.nan)
        ratio = self._accepted.sum(axis=0) / total
        return ratio, _error((self._accepted - ratio * self._fiducial) / total)

    def merged(self, bins: int) -> YieldHistogram:
        """Return the spectrum with every `bins` neighbouring bins in one; they have to divide."""
        wide = YieldHistogram(self.edges[::bins], self.log)
        for name in ("_fiducial", "_accepted"):
            sums = getattr(self, name)
            inner = sums[:, 1:-1].reshape(GROUPS, -1, bins).sum(axis=2)
            setattr(wide, name, np.concatenate([sums[:, :1], inner, sums[:, -1:]], axis=1))
        for kind, yields in self._others.items():
            wide._others[kind] = {
                name: np.concatenate([one[:1], one[1:-1].reshape(-1, bins).sum(axis=1), one[-1:]])
                for name, one in yields.items()
            }
        return wide


def _error(sums: Array) -> Array:
    """Error (n,) of the sum over groups (GROUPS, n)."""
    return np.asarray(sqrt(GROUPS) * np.std(sums, axis=0, ddof=1))


def quantiles(values: Array, weight: Array, shares: tuple[float, float]) -> tuple[float, float]:
    """Weighted quantiles of the finite values with weight above 0; NaN if there are none."""
    used = np.isfinite(values) & (weight > 0.0)
    order = np.argsort(values[used])
    if not len(order):
        return np.nan, np.nan
    ordered, cumulative = values[used][order], np.cumsum(weight[used][order])
    low, high = np.searchsorted(cumulative, np.array(shares) * cumulative[-1]).clip(0, len(order) - 1)
    return float(ordered[low]), float(ordered[high])
