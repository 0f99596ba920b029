"""The window of cos*: draws have the density that they say, and daughters outside the window are not seen."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import mcgen
from mcgen.constants import mass_of
from mcgen.experiment.detector import Detector, detector_of
from mcgen.physics.kinematics import two_body_decay
from mcgen.physics.models import DAUGHTERS, Channel
from mcgen.record.tables import Daughters, Production, undefined
from mcgen.sampler.decay import OUTSIDE, cos_window, draw_cos
from mcgen.types import Array, Bools
from tests.oracle.stats import assert_agrees, assert_same_distribution, generator

WINDOWS = [(-1.0, 1.0), (-0.3, 0.8), (-1.0, -0.6), (0.5, 1.0), (0.1, 0.1001), (0.2, 0.2)]


def drawn(low: float, high: float, n: int = 40_000) -> tuple[Array, Array]:
    u = generator("window", low, high).random(n)
    return draw_cos(u, np.full(n, low), np.full(n, high))


@pytest.mark.parametrize(("low", "high"), WINDOWS)
def test_draws_with_their_weights_are_isotropic(low: float, high: float) -> None:
    cos_star, weight = drawn(low, high)
    assert np.all(np.abs(cos_star) <= 1.0)
    for power in range(5):
        value = weight * cos_star**power
        error = float(value.std() / np.sqrt(len(value)))
        assert_agrees(float(value.mean()), error + 1e-12, 0.0 if power % 2 else 1.0 / (power + 1.0))


@pytest.mark.parametrize(("low", "high"), WINDOWS[1:4])
def test_draws_have_the_density_of_the_definition(low: float, high: float) -> None:
    cos_star, weight = drawn(low, high)
    is_inside = (cos_star > low) & (cos_star < high)
    rest = 2.0 - (high - low)
    density = np.where(is_inside, (1.0 - 0.5 * OUTSIDE * rest) / (high - low), 0.5 * OUTSIDE)
    np.testing.assert_allclose(weight * density, 0.5, rtol=1e-12)

    def share(at: Array, outside: float = OUTSIDE) -> Array:
        within = np.clip(at, low, high) - low
        inner = (1.0 - 0.5 * outside * rest) / (high - low)
        return np.asarray(0.5 * outside * (at + 1.0 - within) + inner * within)

    assert_same_distribution(cos_star, np.ones_like(cos_star), share)
    with pytest.raises(AssertionError, match="KS"):
        assert_same_distribution(cos_star, np.ones_like(cos_star), lambda at: share(at, 1.6 * OUTSIDE))


# --- What a detector sees -------------------------------------------------------------------------------------


@cache
def detector(name: str) -> Detector:
    return detector_of(mcgen.load_card(name).experiment)


def bosons(
    name: str, channel: Channel, energy: tuple[float, float], n: int = 20_000
) -> tuple[Production, Array]:
    """Bosons from near the beam's start towards the last plane, and where they decay in the volume."""
    rng = generator("bosons", name, channel, energy)
    experiment = mcgen.load_card(name).experiment
    last = experiment.plane[-1]
    aside = rng.uniform(-1.3, 1.3, (2, n)) + np.array(last.centre_m)[:, None]
    direction = np.concatenate([aside, np.full((1, n), last.z_m)])
    direction /= np.linalg.norm(direction, axis=0)
    point = direction / direction[2] * rng.uniform(*experiment.decay_volume.z_m, n)
    none = np.zeros(n)
    boson_e = energy[0] * (energy[1] / energy[0]) ** rng.random(n)
    production = Production(
        position=np.zeros((3, n)),
        direction=direction,
        boson_e=boson_e,
        weight=none,
        delay=none,
        layer=np.zeros(n, dtype=np.int64),
        **dict.fromkeys(("emitter", "recoil", "nucleus", "neutrino"), undefined(4, n)),
        **dict.fromkeys(("x", "theta", "t"), none),
    )
    return production, point


CASES: list[tuple[str, Channel, float, tuple[float, float]]] = [
    ("na62_leptophilic", "ee", 0.05, (10.0, 200.0)),
    ("na62_leptophilic", "gammagamma", 0.05, (3.0, 200.0)),
    ("ship_leptophilic", "ee", 0.2, (2.0, 50.0)),
    ("shadows_leptophilic_exact", "ee", 0.1, (2.0, 50.0)),
    ("shadows_leptophilic_exact", "gammagamma", 0.1, (3.0, 50.0)),
]


@pytest.mark.parametrize(("name", "channel", "mass", "energy"), CASES)
def test_what_is_seen_is_in_the_window(
    name: str, channel: Channel, mass: float, energy: tuple[float, float]
) -> None:
    production, point = bosons(name, channel, energy)
    n = point.shape[1]
    rng = generator("seen", name, channel)
    cos_star, azimuth = np.asarray([[2.0], [2.0 * np.pi]] * rng.random((2, n))) - [[1.0], [0.0]]
    pdgs = DAUGHTERS[channel]
    first, second = two_body_decay(
        production.boson_e, production.direction, mass, mass_of(pdgs[0]), cos_star, azimuth
    )
    verdict = detector(name).judge(channel, Daughters(pdgs, first, second, np.ones(n)), point, {})
    low, high = cos_window(detector(name), channel, production, mass, point, azimuth)
    assert np.all((low >= -1.0) & (low < high) & (high <= 1.0))
    seen = verdict.accepted

    assert np.sum(seen) > 1000
    assert not np.any(((cos_star < low) | (cos_star > high))[seen])
    # The controls: what is not seen may be anywhere, and half of the window is too little.
    assert np.mean(((cos_star < low) | (cos_star > high))[~seen]) > 0.1
    middle, half = 0.5 * (low + high), 0.25 * (high - low)
    assert np.mean((np.abs(cos_star - middle) > half)[seen]) > 0.1


def test_without_a_window_the_whole_axis_is_there() -> None:
    production, point = bosons("na62_leptophilic", "ee", (1.0, 8.0), 100)
    azimuth = np.zeros(100)
    # Two electrons of at least 5 GeV cannot come from less than 10; nobody looks for neutrinos.
    for channel in ("ee", "nunu"):
        low, high = cos_window(detector("na62_leptophilic"), channel, production, 0.05, point, azimuth)
        np.testing.assert_array_equal(low, -1.0)
        np.testing.assert_array_equal(high, 1.0)


def test_the_energy_alone_gives_the_textbook_window() -> None:
    # One plane behind a boson on its axis is never left: |cos*| <= (1 - 2 E_min/E)/beta.
    experiment = mcgen.load_card("na62_leptophilic").experiment
    plane = experiment.plane[-1].model_copy(update={"half_width_m": (1e3, 1e3), "max_sum_m": 1e3})
    selection = experiment.selection[0].model_copy(update={"planes": (plane.name,)})
    wide = Detector((plane,), (), (selection,))
    production, point = bosons("na62_leptophilic", "ee", (11.0, 200.0), 1000)
    low, high = cos_window(wide, "ee", production, 0.05, point, np.zeros(1000))
    expected = 1.0 - 10.0 / production.boson_e
    for found in (-low, high):
        assert np.all(found >= expected)
        assert np.all(found <= expected + 0.06)


def test_bosons_at_rest_and_backwards_do_no_harm() -> None:
    production, point = bosons("na62_leptophilic", "ee", (20.0, 100.0), 4)
    production.boson_e[:2] = 0.05
    production.direction[:, 1:3] = [[0.0, 1.0], [0.0, 0.0], [-1.0, 0.0]]
    low, high = cos_window(detector("na62_leptophilic"), "ee", production, 0.05, point, np.zeros(4))
    usable: Bools = (low >= -1.0) & (low < high) & (high <= 1.0)
    assert usable.all()
