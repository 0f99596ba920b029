"""What a decay looks like in variables whose distribution is known: angles at rest, quantile of the decay point."""

from __future__ import annotations

import numpy as np

from mcgen.events import Events
from mcgen.types import Array


def vector(events: Events, name: str, components: str = "px py pz") -> Array:
    """Columns of a vector (3, n)."""
    return np.stack([events.columns[f"{name}_{component}"] for component in components.split()])


def decay_angles(events: Events, mass: float, daughter: float) -> tuple[Array, Array]:
    """(cos theta* + 1)/2 and phi*/(2 pi), both in 0..1, from the laboratory momenta alone.

    Along the boson, E1 - E2 = 2 gamma beta p* cos theta*; across it nothing is boosted.
    """
    first, boson = vector(events, "d1"), vector(events, "boson")
    size = np.linalg.norm(boson, axis=0)
    p_star = np.sqrt(mass**2 / 4.0 - daughter**2)
    cosine = (events.d1_e - events.d2_e) / (2.0 * size / mass * p_star)
    direction = boson / size
    across = np.cross(direction, [[0.0], [1.0], [0.0]], axis=0)
    across /= np.linalg.norm(across, axis=0)
    other = np.cross(direction, across, axis=0)
    azimuth = np.arctan2(np.sum(first * other, axis=0), np.sum(first * across, axis=0))
    return np.clip(0.5 * (1.0 + cosine), 0.0, 1.0), azimuth / (2.0 * np.pi) % 1.0


def decay_quantile(events: Events, scale: float = 1.0) -> Array:
    """Probability to decay between the entry and the decay point, given a decay in the volume."""
    length = scale * events.decay_length
    flown = np.expm1(-(events.decay_path - events.path_in) / length)
    return flown / np.expm1(-(events.path_out - events.path_in) / length)
