"""The variables whose distributions are shown."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from mcgen.events import Events
from mcgen.physics.kinematics import angle_between, polar_angle
from mcgen.types import Array


@dataclass(frozen=True, slots=True)
class Variable:
    """A function of the events, and how its axis looks."""

    name: str
    """Unique."""
    label: str
    """Of the axis, with unit, in matplotlib's notation."""
    log: bool
    """Whether the axis is logarithmic."""
    values: Callable[[Events], Array]
    """The variable (n,) of n events; NaN where it is not defined."""


def _column(name: str) -> Callable[[Events], Array]:
    return lambda events: np.asarray(events[name], dtype=np.float64)


def _vector(events: Events, name: str) -> Array:
    return np.stack([events[f"{name}_{component}"] for component in ("px", "py", "pz")])


def _polar_angle(name: str) -> Callable[[Events], Array]:
    """Angle to the z axis."""
    return lambda events: polar_angle(_vector(events, name))


def _opening_angle(events: Events) -> Array:
    return angle_between(_vector(events, "d1"), _vector(events, "d2"))


def _lower_energy(events: Events) -> Array:
    return np.asarray(np.minimum(events.d1_e, events.d2_e))


def _wider_angle(events: Events) -> Array:
    return np.asarray(np.maximum(_polar_angle("d1")(events), _polar_angle("d2")(events)))


def _decay_radius(events: Events) -> Array:
    return np.asarray(np.hypot(events.decay_x, events.decay_y))


PARENT = (
    Variable("parent_e", "parent energy in the flux [GeV]", True, _column("parent_e")),
    Variable("emitter_e", "parent energy at emission [GeV]", True, _column("emitter_e")),
    Variable("parent_angle", "parent angle to the beam at emission [rad]", True, _polar_angle("emitter")),
    Variable("emission_z", "emission depth $z$ [m]", False, _column("emission_z")),
)

BOSON = (
    Variable("boson_e", "boson energy [GeV]", True, _column("boson_e")),
    Variable("x", "boson energy over parent energy at emission, $x$", False, _column("x")),
    Variable("boson_angle", "boson angle to the beam [rad]", True, _polar_angle("boson")),
    Variable("theta", "emission angle to the parent [rad]", True, _column("theta")),
    Variable("decay_z", "decay $z$ [m]", False, _column("decay_z")),
    Variable("decay_radius", "decay distance from the beam axis [m]", False, _decay_radius),
)

DAUGHTERS = (
    Variable("d1_e", "energy of the first daughter [GeV]", True, _column("d1_e")),
    Variable("d2_e", "energy of the second daughter [GeV]", True, _column("d2_e")),
    Variable("lower_e", "lower energy of the two [GeV]", True, _lower_energy),
    Variable("opening_angle", "opening angle [rad]", True, _opening_angle),
    Variable("d1_angle", "angle of the first daughter to the beam [rad]", True, _polar_angle("d1")),
    Variable("wider_angle", "larger angle to the beam of the two [rad]", True, _wider_angle),
)

ACCEPTANCE = ("boson_e", "boson_angle", "decay_z", "opening_angle", "lower_e", "emitter_e")
"""Variables over which the acceptance is shown."""

VARIABLES = (*PARENT, *BOSON, *DAUGHTERS)
