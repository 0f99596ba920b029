"""Where bosons are aimed at changes how they are drawn, and no yield.

Decays in a volume are those decays in a larger volume whose point is inside it: bosons are aimed at each
shape in its own way, and not at all at a slab. A selection, whose plane is aimed at too, keeps those
events of a run without it that fulfil it. Both hold for emission with an angle and for shapes that
quadrature does not cover.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import mcgen
from mcgen.analysis.yields import yield_of
from mcgen.events import Events
from mcgen.metadata import Yield
from tests.oracle.quadrature import TAX, Setup, Volume, leptophilic, muon
from tests.oracle.setups import card_of
from tests.oracle.stats import Array, assert_agrees, seed_of

Bools = NDArray[np.bool_]

Z_IN, Z_OUT = 40.0, 90.0

FLUX = Setup(
    (
        muon(100.0, (0.01, -0.02, 0.1), (0.002, -0.001), 1e12),
        muon(60.0, (0.0, 0.03, 0.4), (-0.008, 0.004), 2e12, 1),
        muon(25.0, (-0.05, 0.0, 0.9), (0.004, 0.012), 4e12),
    ),
    TAX,
    Volume("slab", Z_IN, Z_OUT),
    0.05,
    leptophilic(1e-4),
)


@dataclass(frozen=True)
class Shape:
    """A decay volume of the card, and which points (3, n) are in it."""

    table: dict[str, Any]
    contains: Callable[[Array, float], Bools]


def ellipse(a: float, b: float, centre: tuple[float, float]) -> Callable[[Array, float], Bools]:
    def contains(point: Array, scale: float) -> Bools:
        x, y = point[0] - centre[0], point[1] - centre[1]
        return np.asarray((x / a) ** 2 + (y / b) ** 2 < scale**2)

    return contains


def frustum(first: tuple[float, float], last: tuple[float, float]) -> Callable[[Array, float], Bools]:
    def contains(point: Array, scale: float) -> Bools:
        way = (point[2] - Z_IN) / (Z_OUT - Z_IN)
        x, y = (scale * (one + (two - one) * way) for one, two in zip(first, last, strict=True))
        return np.asarray((np.abs(point[0]) < x) & (np.abs(point[1]) < y))

    return contains


SHAPES = {
    "cylinder": Shape({"shape": "cylinder", "radius_m": 0.6}, ellipse(0.6, 0.6, (0.0, 0.0))),
    "cylinder off axis": Shape(
        {"shape": "cylinder", "radius_m": 0.5, "centre_m": [-0.4, 0.3]}, ellipse(0.5, 0.5, (-0.4, 0.3))
    ),
    "elliptic cylinder": Shape(
        {"shape": "elliptic_cylinder", "semi_axes_m": [0.4, 1.2]}, ellipse(0.4, 1.2, (0.0, 0.0))
    ),
    "box": Shape({"shape": "box", "half_width_m": [0.6, 0.4]}, frustum((0.6, 0.4), (0.6, 0.4))),
    "frustum": Shape(
        {"shape": "frustum", "half_width_in_m": [0.2, 0.3], "half_width_out_m": [0.9, 0.5]},
        frustum((0.2, 0.3), (0.9, 0.5)),
    ),
    "narrowing frustum": Shape(
        {"shape": "frustum", "half_width_in_m": [0.7, 0.5], "half_width_out_m": [0.3, 0.6]},
        frustum((0.7, 0.5), (0.3, 0.6)),
    ),
}

POINTS = 25_000

PRODUCTION: dict[str, dict[str, Any]] = {
    "iww": {"method": "iww"},
    "ww": {"method": "ww"},
    "exact": {"method": "exact"},
    "scattered": {"method": "exact", "multiple_scattering": True},
    "iww scattered": {"method": "iww", "multiple_scattering": True},
}


def generate(folder: Path, method: str, points: int, name: str, table: dict[str, Any]) -> Events:
    vegas = {"pilot": 5000, "nitn": 6, "neval": 5000}
    run = {"events": points, "seed": seed_of("volumes", method, name), "vegas": vegas}
    card = card_of(FLUX, folder, run, channels=["ee"])
    experiment = {"decay_volume": {**table, "z_m": [Z_IN, Z_OUT]}, "target": {"x0_g_cm2": 12.86}}
    return mcgen.generate(card.replace(production=PRODUCTION[method], experiment=experiment))


@pytest.fixture(scope="module")
def slab(folder: Path) -> Callable[[str], Events]:
    return cache(lambda method: generate(folder, method, 4 * POINTS, "slab", {"shape": "slab"}))


def decays_in(events: Events, shape: Shape, scale: float = 1.0) -> Yield:
    point = np.stack([events.decay_x, events.decay_y, events.decay_z])
    return yield_of_rows(events, shape.contains(point, scale), 4 * POINTS)


def assert_same_yield(one: Yield, two: Yield) -> None:
    error = float(np.hypot(one.mc_error, two.mc_error))
    assert error < 0.03 * one.value
    assert_agrees(one.value, error, two.value)


@pytest.mark.parametrize("method", PRODUCTION)
@pytest.mark.parametrize("name", SHAPES)
def test_a_volume_is_a_part_of_a_larger_one(
    name: str, method: str, folder: Path, slab: Callable[[str], Events]
) -> None:
    shape = SHAPES[name]
    inside = generate(folder, method, POINTS, name, shape.table)
    point = np.stack([inside.decay_x, inside.decay_y, inside.decay_z])
    assert np.all(shape.contains(point, 1.0 + 1e-9))
    found = yield_of(inside.weight, inside.parent_group, POINTS)
    assert_same_yield(found, decays_in(slab(method), shape))
    with pytest.raises(AssertionError, match="sigma"):
        assert_same_yield(found, decays_in(slab(method), shape, 1.08))


# --- Selections -------------------------------------------------------------------------------------------

PLANES: dict[str, tuple[dict[str, Any], Callable[[Array, Array], Bools]]] = {
    "circle": (
        {"shape": "circle", "radius_m": 0.5, "hole_radius_m": 0.1},
        lambda x, y: (x**2 + y**2 <= 0.25) & (x**2 + y**2 >= 0.01),
    ),
    "ellipse": (
        {"shape": "ellipse", "semi_axes_m": [0.4, 1.0], "centre_m": [0.1, 0.3]},
        lambda x, y: ((x - 0.1) / 0.4) ** 2 + (y - 0.3) ** 2 <= 1.0,
    ),
    "rectangle": (
        {"shape": "rectangle", "half_width_m": [0.7, 0.3], "centre_m": [-0.2, 0.1]},
        lambda x, y: (np.abs(x + 0.2) <= 0.7) & (np.abs(y - 0.1) <= 0.3),
    ),
    "octagon": (
        {"shape": "octagon", "half_width_m": [0.6, 0.6], "max_sum_m": 0.85},
        lambda x, y: (np.maximum(np.abs(x), np.abs(y)) <= 0.6) & (np.abs(x) + np.abs(y) <= 0.85),
    ),
}

MAGNET = {"name": "dipole", "z_m": 92.0, "kick_gev": [0.1, -0.05]}


def select(folder: Path, method: str, points: int, name: str | None, z: float) -> Events:
    """Events with all planes at one place; with a selection that names one of them, or with none."""
    vegas = {"pilot": 5000, "nitn": 6, "neval": 5000}
    run = {"events": points, "seed": seed_of("selections", method, name, z), "vegas": vegas}
    card = card_of(FLUX, folder, run, channels=["ee"])
    volume = {"shape": "cylinder", "radius_m": 0.8, "z_m": [Z_IN, Z_OUT]}
    target = {"x0_g_cm2": 12.86}
    planes = [{**table, "name": label, "z_m": z} for label, (table, _) in PLANES.items()]
    experiment: dict[str, Any] = {
        "decay_volume": volume,
        "target": target,
        "plane": planes,
        "magnet": [MAGNET],
    }
    if name is not None:
        experiment["selection"] = [{"channels": ["ee"], "planes": [name], "min_energy_gev": 1.0}]
    return mcgen.generate(card.replace(production=PRODUCTION[method], experiment=experiment))


@pytest.fixture(scope="module")
def unselected(folder: Path) -> Callable[[str, float], Events]:
    return cache(lambda method, z: select(folder, method, 4 * POINTS, None, z))


def accepted_by(events: Events, name: str, scale: float = 1.0) -> Bools:
    """Whether both electrons meet a plane, enlarged or not, with enough energy."""
    contains = PLANES[name][1]
    kept = np.minimum(events.d1_e, events.d2_e) >= 1.0
    for daughter in ("d1", "d2"):
        x, y = (events.columns[f"{daughter}_{name}_{axis}"] / scale for axis in "xy")
        kept &= contains(x, y)
    return np.asarray(kept)


BEFORE, BEHIND = 91.0, 100.0
"""Places of the planes: before and behind the magnet, where electrons are bent and bosons not aimed at them."""


@pytest.mark.parametrize(
    ("method", "z"), [("ww", BEFORE), ("exact", BEFORE), ("exact", BEHIND), ("iww scattered", BEFORE)]
)
@pytest.mark.parametrize("name", PLANES)
def test_a_selection_keeps_what_fulfils_it(
    name: str, method: str, z: float, folder: Path, unselected: Callable[[str, float], Events]
) -> None:
    chosen, everything = select(folder, method, POINTS, name, z), unselected(method, z)
    np.testing.assert_array_equal(chosen.accepted, accepted_by(chosen, name))
    assert np.all(everything.accepted)
    accepted = yield_of_rows(chosen, chosen.accepted, POINTS)
    assert_same_yield(accepted, yield_of_rows(everything, accepted_by(everything, name), 4 * POINTS))
    with pytest.raises(AssertionError, match="sigma"):
        assert_same_yield(accepted, yield_of_rows(everything, accepted_by(everything, name, 1.2), 4 * POINTS))
    # What is not accepted is there as well, if drawn with less care.
    others = yield_of_rows(chosen, ~chosen.accepted, POINTS)
    expected = yield_of_rows(everything, ~accepted_by(everything, name), 4 * POINTS)
    assert_agrees(others.value, float(np.hypot(others.mc_error, expected.mc_error)), expected.value)


def yield_of_rows(events: Events, rows: Bools, points: int) -> Yield:
    return yield_of(events.weight[rows], events.parent_group[rows], points)
