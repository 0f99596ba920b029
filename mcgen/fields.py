"""What all tables of a card share: strict types, and no number that is not finite."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Table(BaseModel):
    """A table of a card: frozen, refuses unknown keys, wrong types, infinities and NaN."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)


def _tuple(value: Any) -> Any:
    """TOML has lists; the frozen tables have tuples."""
    return tuple(value) if isinstance(value, list) else value


AsTuple = BeforeValidator(_tuple)


def _names(value: Any) -> Any:
    """A single name stands for a list of one."""
    return (value,) if isinstance(value, str) else _tuple(value)


AsNames = BeforeValidator(_names)


def _spaced(value: Any) -> Any:
    """LOW:HIGH:N stands for N values at equal ratios, both ends included."""
    if not isinstance(value, str):
        return _tuple(value)
    try:
        first, last, count = value.split(":")
        low, high, number = float(first), float(last), int(count)
        if not (0.0 < low < high < np.inf and 2 <= number <= 1000):
            raise ValueError
    except ValueError:
        raise PydanticCustomError(
            "spacing",
            "must be a list of numbers, or LOW:HIGH:N with 0 < LOW < HIGH and N from 2 to 1000",
        ) from None
    return tuple(np.geomspace(low, high, number).tolist())


Spaced = BeforeValidator(_spaced)
"""Makes LOW:HIGH:N a tuple of values at equal ratios."""

Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""A name that becomes part of a column's name."""

Text = Annotated[str, Field(max_length=2000)]

# Bounds refuse what cannot be, and what arithmetic would make nothing of; they judge no idea.

Metres = Annotated[float, Field(ge=-1e5, le=1e5)]
"""A place [m], within 100 km."""

Length = Annotated[float, Field(ge=1e-6, le=1e5)]
"""Size of a part of an experiment [m]: from a micrometre, finer than any collimator or pixel, to 100 km."""

Distance = Annotated[float, Field(ge=0.0, le=1e5)]
"""Between two places [m]; 0 asks for none."""

Energy = Annotated[float, Field(ge=0.0, le=1e5)]
"""Least energy [GeV]; 0 asks for none."""

Kick = Annotated[float, Field(ge=-1e3, le=1e3)]
"""Change of a momentum component [GeV]."""

Tesla = Annotated[float, Field(ge=-100.0, le=100.0)]
"""A component of a magnetic field [T]; the strongest that last have 45."""

Density = Annotated[float, Field(ge=1e-24, le=30.0)]
"""[g/cm3]; from one atom in a cubic centimetre, as between the stars, for gaps, to beyond osmium's 22.6."""

RadiationLength = Annotated[float, Field(ge=1.0, le=1000.0)]
"""[g/cm2]; the elements have 6 (U) to 94 (He)."""

StoppingPower = Annotated[float, Field(ge=1e-25, le=1e3)]
"""[GeV/m]; from the least of hydrogen of the least density, to far beyond a TeV muon's in tungsten, 30."""

Exposure = Annotated[float, Field(ge=1e-12, le=1e30)]
"""Protons, muons, or 1/pb, of which 1e-12 are one per barn."""

Pair = Annotated[tuple[Metres, Metres], AsTuple]
"""A place in x and y [m]."""

SHORTEST = 1e-9
"""Length of an interval [m]: a few atoms."""


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if not value[0] < value[1]:
        raise ValueError("the first must be smaller than the second")
    if not value[1] - value[0] >= SHORTEST:
        raise ValueError(f"must be at least {SHORTEST:g} long")
    return value


Interval = Annotated[tuple[Metres, Metres], AsTuple, AfterValidator(_ordered)]
"""From one z to another [m]."""

LengthPair = Annotated[tuple[Length, Length], AsTuple]
KickPair = Annotated[tuple[Kick, Kick], AsTuple]
FieldPair = Annotated[tuple[Tesla, Tesla], AsTuple]
