"""What a selection asks of both daughters: conditions, and the cuts that keys of the card set.

A cut is a class and a line in the registry. Its key in the card, its name in the cut flow, its bit, the axis
that it draws with and the checks of the card follow from that.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import Field

from mcgen.experiment.planes import Plane
from mcgen.fields import Distance, Energy
from mcgen.record.tables import Daughters
from mcgen.types import Array, Bools

Hits = dict[str, tuple[Array, Array]]
"""(x, y) [m], shape (2, n), of both daughters at each plane; NaN where one is not there."""


@dataclass(frozen=True, slots=True)
class Pairs:
    """Both daughters of n decays, as a selection sees them."""

    daughters: Daughters
    """Four-momenta at the decay."""
    point: Array
    """(3, n) Decay points [m]."""
    hits: Hits
    """Where the daughters meet the planes [m]."""
    u: Mapping[str, Array]
    """(n,) Coordinates in [0, 1) by axis, of the axes that cuts consume."""


class Condition(ABC):
    """A requirement on both daughters."""

    axes: ClassVar[tuple[str, ...]] = ()
    """Axes of the cube that it consumes."""

    @property
    @abstractmethod
    def name(self) -> str:
        """What the cut flow calls it."""

    @abstractmethod
    def passed(self, pairs: Pairs) -> Bools:
        """Whether pairs (n,) fulfil it; NaN never does."""

    @property
    def least_energy(self) -> float:
        """Energy [GeV] that each daughter needs, as far as it is known: decays are drawn where both can have it."""
        return 0.0


@dataclass(frozen=True, slots=True)
class BothIn(Condition):
    """Both daughters meet a plane within its aperture."""

    plane: Plane
    """The plane."""

    @property
    def name(self) -> str:
        """The plane's name, in words."""
        return f"both in {self.plane.name}"

    def passed(self, pairs: Pairs) -> Bools:
        """Whether both places are within the aperture and outside the hole."""
        one, two = pairs.hits[self.plane.name]
        return self.plane.contains(*one) & self.plane.contains(*two)


@dataclass(frozen=True, slots=True)
class Cut(Condition):
    """A condition that a key of a selection sets; the first line of its docstring says what the key means."""

    limit: float
    """Value of the key, not `off`."""
    plane: str
    """The last of the selection's planes; empty if it has none."""

    key: ClassVar[str]
    """The key, which ends in its unit."""
    bounds: ClassVar[Any] = float
    """Type of the value, with its bounds."""
    off: ClassVar[float] = 0.0
    """The key's default: with it nothing is asked."""
    at_plane: ClassVar[bool] = False
    """Whether it is taken at a plane, so that the selection needs one."""


class MinEnergy(Cut):
    """Least energy of each daughter [GeV]."""

    key = "min_energy_gev"
    bounds = Energy

    @property
    def name(self) -> str:
        """The limit, in words."""
        return f"each E >= {self.limit:g} GeV"

    def passed(self, pairs: Pairs) -> Bools:
        """Whether the smaller energy is enough."""
        passed: Bools = np.minimum(pairs.daughters.first[3], pairs.daughters.second[3]) >= self.limit
        return passed

    @property
    def least_energy(self) -> float:
        """The limit [GeV]."""
        return self.limit


class MinEnergySum(Cut):
    """Least sum of both energies [GeV]."""

    key = "min_energy_sum_gev"
    bounds = Energy

    @property
    def name(self) -> str:
        """The limit, in words."""
        return f"sum of E >= {self.limit:g} GeV"

    def passed(self, pairs: Pairs) -> Bools:
        """Whether the sum is enough."""
        passed: Bools = pairs.daughters.first[3] + pairs.daughters.second[3] >= self.limit
        return passed


class MinRadius(Cut):
    """Least distance of each daughter from the beam's axis, at the last of the planes [m]."""

    key = "min_radius_m"
    bounds = Distance
    at_plane = True

    @property
    def name(self) -> str:
        """The limit, in words."""
        return f"each r >= {self.limit:g} m at {self.plane}"

    def passed(self, pairs: Pairs) -> Bools:
        """Whether the smaller distance is enough."""
        one, two = pairs.hits[self.plane]
        passed: Bools = np.minimum(np.hypot(*one), np.hypot(*two)) >= self.limit
        return passed


class MinSeparation(Cut):
    """Least distance between the daughters, at the last of the planes [m]."""

    key = "min_separation_m"
    bounds = Distance
    at_plane = True

    @property
    def name(self) -> str:
        """The limit, in words."""
        return f"separation >= {self.limit:g} m at {self.plane}"

    def passed(self, pairs: Pairs) -> Bools:
        """Whether the distance is enough."""
        one, two = pairs.hits[self.plane]
        passed: Bools = np.hypot(*(one - two)) >= self.limit
        return passed


class Efficiency(Cut):
    """Probability with which pairs that fulfil all else are seen."""

    key = "efficiency"
    bounds = Annotated[float, Field(ge=0.0, le=1.0)]
    off = 1.0
    axes = ("efficiency",)

    @property
    def name(self) -> str:
        """The probability, in words."""
        return f"efficiency {self.limit:g}"

    def passed(self, pairs: Pairs) -> Bools:
        """Whether the coordinate is below the probability."""
        passed: Bools = pairs.u["efficiency"] < self.limit
        return passed


CUTS: list[type[Cut]] = [
    MinEnergy,
    MinEnergySum,
    MinRadius,
    MinSeparation,
    Efficiency,
]
"""Cuts in the order in which they are evaluated, behind the planes."""
