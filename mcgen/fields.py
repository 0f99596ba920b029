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

Metres = Annotated[float, Field(ge=-1e5, le=1e5)]
Length = Annotated[float, Field(gt=0.0, le=1e5)]
Distance = Annotated[float, Field(ge=0.0, le=1e5)]
Energy = Annotated[float, Field(ge=0.0, le=1e5)]
Kick = Annotated[float, Field(ge=-1e3, le=1e3)]
Density = Annotated[float, Field(gt=0.0, le=30.0)]

Pair = Annotated[tuple[Metres, Metres], AsTuple]


def _ordered(value: tuple[float, float]) -> tuple[float, float]:
    if not value[0] < value[1]:
        raise ValueError("the first must be smaller than the second")
    return value


Interval = Annotated[tuple[Metres, Metres], AsTuple, AfterValidator(_ordered)]
LengthPair = Annotated[tuple[Length, Length], AsTuple]
KickPair = Annotated[tuple[Kick, Kick], AsTuple]
