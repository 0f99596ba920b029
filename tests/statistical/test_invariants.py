"""What must hold in every single event, recomputed from the columns of the record alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

import mcgen
from mcgen.constants import (
    AVOGADRO,
    ELECTRON_MASS,
    GEV2_TO_M2,
    MUON_MASS,
    NUCLEON_MASS,
    SPEED_OF_LIGHT,
    TAU_MASS,
)
from mcgen.events import Events
from mcgen.sources.registry import SOURCES
from tests.oracle.quadrature import (
    SELECTIONS,
    SETUPS,
    Cuts,
    Setup,
    Volume,
    chi,
    dsigma_dx,
    proper_length,
    widths,
)
from tests.oracle.setups import card_of
from tests.oracle.stats import Array, assert_agrees, seed_of

Bools = NDArray[np.bool_]

EPS = 8.0 * float(np.finfo(np.float64).eps)

MASSES = np.array([np.nan, ELECTRON_MASS, MUON_MASS, TAU_MASS, 0.0])
"""Mass of the daughters by the number of the channel."""

CASES = [
    ("electrons_mixed_flux", "iww"),
    ("electrons_ellipse_magnet", "iww"),
    ("muons_validity_limit", "iww"),
    ("photons_box", "iww"),
    ("electrons_ellipse_magnet", "ww"),
    ("muons_inclined", "ww"),
    ("photons_mixed_flux", "exact"),
    ("muons_validity_limit", "exact"),
]


class Sample:
    """Events of a selection by one production method."""

    def __init__(self, name: str, method: str, folder: Path) -> None:
        setup_name, self.channel, self.cuts = SELECTIONS[name]
        self.setup: Setup = SETUPS[setup_name]
        self.method = method
        self.points = 20_000
        vegas = {"pilot": 5000, "nitn": 3, "neval": 2000}
        run = {"events": self.points, "seed": seed_of("invariants", name, method), "vegas": vegas}
        card = card_of(self.setup, folder, run, channel=self.channel, cuts=self.cuts)
        self.events: Events = mcgen.generate(card.replace(production={"method": method}))

    def four(self, name: str) -> Array:
        """Four-momentum (4, n), (px, py, pz, E)."""
        return np.stack([self.events.columns[f"{name}_{part}"] for part in ("px", "py", "pz", "e")])

    def point(self, name: str) -> Array:
        """Point (3, n)."""
        return np.stack([self.events.columns[f"{name}_{part}"] for part in "xyz"])

    @property
    def start(self) -> Array:
        """Point where the parent is given (3, n)."""
        return np.stack([self.events.columns[f"parent_v{part}"] for part in "xyz"])


@pytest.fixture(scope="module", params=CASES, ids="-".join)
def sample(request: pytest.FixtureRequest, folder: Path) -> Sample:
    name, method = request.param
    found = Sample(name, method, folder)
    assert len(found.events) > 0.5 * found.points
    return found


def mass_squared(p: Array) -> Array:
    return np.asarray(p[3] ** 2 - np.sum(p[:3] ** 2, axis=0))


def off_shell(p: Array, mass: float | Array) -> float:
    """Largest deviation from the mass shell in units of E^2."""
    return float(np.max(np.abs(mass_squared(p) - mass**2) / p[3] ** 2))


def unit(p: Array) -> Array:
    return np.asarray(p[:3] / np.linalg.norm(p[:3], axis=0))


# --- Momenta ----------------------------------------------------------------------------------------------


def test_all_particles_are_on_shell(sample: Sample) -> None:
    daughter = MASSES[sample.events.channel]
    for name, mass in (("parent", MUON_MASS), ("emitter", MUON_MASS), ("boson", sample.setup.mass)):
        assert off_shell(sample.four(name), mass) < EPS
    for name in ("d1", "d2"):
        assert off_shell(sample.four(name), daughter) < EPS
    assert off_shell(sample.four("boson"), 1.001 * sample.setup.mass) > EPS


def test_daughters_add_up_to_the_boson(sample: Sample) -> None:
    boson, pair = sample.four("boson"), sample.four("d1") + sample.four("d2")
    assert np.all(np.abs(pair - boson) < EPS * boson[3])
    assert np.all(np.abs(mass_squared(pair) - sample.setup.mass**2) < EPS * boson[3] ** 2)


def test_daughters_are_those_of_the_channel(sample: Sample) -> None:
    events = sample.events
    lepton = np.array([0, 11, 13, 15, 22])[events.channel]
    np.testing.assert_array_equal(events.d1_pdg, lepton)
    np.testing.assert_array_equal(events.d2_pdg, np.where(lepton == 22, 22, -lepton))


def test_energy_fraction_and_angle_belong_to_the_momenta(sample: Sample) -> None:
    events, muon, boson = sample.events, sample.four("emitter"), sample.four("boson")
    np.testing.assert_allclose(boson[3], events.x * muon[3], rtol=1e-14)
    assert np.all(
        (events.x * muon[3] >= sample.setup.mass) & ((1.0 - events.x) * muon[3] >= MUON_MASS - 1e-12)
    )
    sine = np.linalg.norm(np.cross(unit(muon), unit(boson), axis=0), axis=0)
    theta = np.arctan2(sine, np.sum(unit(muon) * unit(boson), axis=0))
    np.testing.assert_allclose(events.theta, theta, rtol=1e-10, atol=1e-15)
    assert np.all(events.theta == 0.0) == (sample.method == "iww")


def test_recoils_balance(sample: Sample) -> None:
    muon, boson = sample.four("emitter"), sample.four("boson")
    recoil, nucleus = sample.four("recoil"), sample.four("nucleus")
    defined = {"iww": (False, False), "ww": (True, False), "exact": (True, True)}[sample.method]
    assert (bool(np.isfinite(recoil).all()), bool(np.isfinite(nucleus).all())) == defined
    assert defined[1] or np.isnan(nucleus).all()
    if sample.method == "ww":
        # The photon carries no energy and no transverse momentum.
        across = np.cross(boson[:3] + recoil[:3], unit(muon), axis=0)
        assert np.all(np.linalg.norm(across, axis=0) < EPS * muon[3])
        assert off_shell(recoil, MUON_MASS) < EPS
        # Neither energy nor mass of the recoil muon is to be had above this transverse momentum.
        transverse = np.sum(np.cross(boson[:3], unit(muon), axis=0) ** 2, axis=0)
        possible = ((1.0 - sample.events.x) * muon[3]) ** 2 - MUON_MASS**2 > 1.001 * transverse
        assert np.mean(possible) > 0.9
        assert np.all(np.abs(recoil + boson - muon)[3][possible] < EPS * muon[3][possible])
    if sample.method == "exact":
        mass = NUCLEON_MASS * sample.setup.block.a
        initial = muon + np.array([[0.0], [0.0], [0.0], [mass]])
        assert np.all(np.abs(initial - boson - recoil - nucleus) < EPS * initial[3])
        assert off_shell(nucleus, mass) < EPS
        assert off_shell(recoil, MUON_MASS) < EPS
        t = sample.events.t
        kick = np.sum(nucleus[:3] ** 2, axis=0)
        np.testing.assert_allclose(kick, t + (t / (2.0 * mass)) ** 2, rtol=1e-9)


# --- Places and times -------------------------------------------------------------------------------------


def test_parents_are_those_of_the_flux(sample: Sample) -> None:
    events, muons = sample.events, sample.setup.muons
    chosen = [muons[row] for row in events.parent_row.tolist()]
    np.testing.assert_array_equal(sample.start.T, [one.position for one in chosen])
    np.testing.assert_array_equal(sample.four("parent")[:3].T, [one.momentum for one in chosen])
    np.testing.assert_array_equal(events.parent_pdg, [-13 * one.charge for one in chosen])
    np.testing.assert_array_equal(events.process, SOURCES["bremsstrahlung"].code)
    np.testing.assert_array_equal(events.layer, 0)


def test_muons_fly_straight_and_lose_energy(sample: Sample) -> None:
    block, muon = sample.setup.block, sample.four("parent")
    emitting, way = sample.four("emitter"), sample.point("emission") - sample.start
    path = np.linalg.norm(way, axis=0)
    np.testing.assert_allclose(unit(emitting), unit(muon), rtol=1e-14, atol=1e-17)
    np.testing.assert_allclose(way, path * unit(muon), atol=1e-14)
    np.testing.assert_allclose(emitting[3], muon[3] - block.loss * path, rtol=1e-13)
    z = sample.events.emission_z
    assert np.all((z >= block.front) & (z <= block.back))
    cut = sample.setup.min_energy_factor * max(MUON_MASS, sample.setup.mass)
    assert np.all(emitting[3] > max(cut, MUON_MASS + sample.setup.mass) * (1.0 - 1e-14))


def test_bosons_decay_inside_the_volume(sample: Sample) -> None:
    events, setup = sample.events, sample.setup
    start, end, boson = sample.point("emission"), sample.point("decay"), sample.four("boson")
    np.testing.assert_allclose(end, start + events.decay_path * unit(boson), rtol=1e-14, atol=1e-12)
    assert np.all((events.path_in <= events.decay_path) & (events.decay_path <= events.path_out))
    for path, count in ((events.path_in, 1e-9), (events.path_out, -1e-9)):
        just_inside, just_outside = (start + (path + sign * count) * unit(boson) for sign in (1.0, -1.0))
        assert np.all(inside(setup.volume, just_inside))
        assert not np.any(inside(setup.volume, just_outside))
    assert np.all(inside(setup.volume, end, slack=1e-9))
    assert not np.all(inside(smaller(setup.volume), end))


def inside(volume: Volume, point: Array, slack: float = 0.0) -> Bools:
    """Whether points (3, n) are inside, or outside by less than `slack` [m]."""
    x, y = point[0] - volume.centre[0], point[1] - volume.centre[1]
    a, b = (half + slack for half in volume.half_sizes)
    within = (point[2] > volume.front - slack) & (point[2] < volume.back + slack)
    if volume.shape == "ellipse":
        within &= (x / a) ** 2 + (y / b) ** 2 < 1.0
    elif volume.shape == "box":
        within &= (np.abs(x) < a) & (np.abs(y) < b)
    return np.asarray(within)


def smaller(volume: Volume) -> Volume:
    """The same volume with all its walls moved inwards."""
    (x, y), step = volume.half_sizes, 0.02 * (volume.back - volume.front)
    return replace(
        volume, front=volume.front + step, back=volume.back - step, half_sizes=(0.98 * x, 0.98 * y)
    )


def test_decay_probabilities(sample: Sample) -> None:
    events, setup, boson = sample.events, sample.setup, sample.four("boson")
    momentum = np.linalg.norm(boson[:3], axis=0)
    length = momentum / setup.mass * proper_length(setup)
    np.testing.assert_allclose(events.decay_length, length, rtol=1e-9)
    ends = [-np.expm1(-path / events.decay_length) for path in (events.path_in, events.path_out)]
    close = EPS / np.minimum(1.0, events.p_decay)
    assert np.all(np.abs(ends[1] - ends[0] - events.p_decay) < close * events.p_decay)


def test_decays_are_not_earlier_than_light(sample: Sample) -> None:
    events, boson = sample.events, sample.four("boson")
    flown = np.linalg.norm(sample.point("emission") - sample.start, axis=0)
    at_light = (flown + events.decay_path) / SPEED_OF_LIGHT
    assert np.all(events.decay_t > at_light)
    # With a constant loss the time is (p0 - p1)/loss; p0^2 - p1^2 = E0^2 - E1^2 turns it around.
    muon, emitting = sample.four("parent"), sample.four("emitter")
    momenta = np.linalg.norm(muon[:3], axis=0) + np.linalg.norm(emitting[:3], axis=0)
    on_the_way = flown * (muon[3] + emitting[3]) / momenta
    later = events.decay_path * boson[3] / np.linalg.norm(boson[:3], axis=0)
    close = np.where(emitting[3] > 2.0, 1e-3, 0.1) * on_the_way + EPS * later
    assert np.all(np.abs(events.decay_t * SPEED_OF_LIGHT - on_the_way - later) < close)


# --- Verdict ----------------------------------------------------------------------------------------------


def hit(sample: Sample, name: str, charge: float) -> tuple[Array, Array, Bools]:
    """Where a daughter meets the plane, relative to its centre, and whether it gets there."""
    cuts, point, p = sample.cuts, sample.point("decay"), sample.four(name)[:3]
    alive = p[2] > 0.0
    if cuts.has_magnet and charge != 0.0:
        point = point + p / p[2] * (cuts.magnet - point[2])
        across = p[:2] + charge * np.array(cuts.kick)[:, None]
        rest = np.sum(p**2, axis=0) - np.sum(across**2, axis=0)
        alive = alive & (rest > 0.0)
        p = np.vstack([across, np.sqrt(np.abs(rest))])
    place = point[:2] + p[:2] / p[2] * (cuts.plane - point[2])
    return place[0], place[1], alive


def test_hits_and_verdicts(sample: Sample) -> None:
    events, cuts = sample.events, sample.cuts
    accepted = events.channel == ("ee", "mumu", "tautau", "gammagamma").index(sample.channel) + 1
    hits = []
    for name, sign in (("d1", -1.0), ("d2", 1.0)):
        charge = 0.0 if sample.channel == "gammagamma" else sign
        x, y, alive = hit(sample, name, charge)
        mine = accepted & alive
        for axis, value in (("x", x), ("y", y)):
            stored = events.columns[f"{name}_plane_{axis}"]
            np.testing.assert_allclose(stored[mine], value[mine], rtol=1e-9, atol=1e-9)
            assert np.isnan(stored[accepted & ~alive]).all()
        hits.append((x, y, alive))
    passed = [passes(cuts, *one) for one in hits]
    separation = np.hypot(hits[0][0] - hits[1][0], hits[0][1] - hits[1][1])
    softer = np.minimum(events.d1_e, events.d2_e)
    accepted &= passed[0] & passed[1] & (softer >= cuts.min_energy) & (separation >= cuts.min_separation)
    np.testing.assert_array_equal(events.accepted, accepted)
    assert 0 < np.sum(accepted) < len(accepted)


def passes(cuts: Cuts, x: Array, y: Array, alive: Bools) -> Bools:
    radius = np.hypot(x - cuts.centre[0], y - cuts.centre[1])
    return np.asarray(alive & (radius <= cuts.radius) & (radius >= cuts.hole))


def test_codes_of_failure_agree(sample: Sample) -> None:
    events = sample.events
    np.testing.assert_array_equal(events.accepted, events.failed == 0)
    bits = events.failed_bits
    np.testing.assert_array_equal(events.accepted, bits == 0)
    # The lowest bit is the first requirement that failed.
    lowest = bits & (~bits + np.uint64(1))
    first = np.where(
        events.failed > 0, np.uint64(1) << (np.maximum(events.failed, 1) - 1).astype(np.uint64), 0
    )
    np.testing.assert_array_equal(lowest, first)


def test_weights_and_numbers_of_events(sample: Sample) -> None:
    events = sample.events
    assert np.all(events.weight > 0.0)
    assert np.all(np.diff(events.event.astype(np.int64)) > 0)
    assert events.event.max() < sample.points


# --- Weight -----------------------------------------------------------------------------------------------


def physical_density(setup: Setup, events: Events, channel: str) -> Array:
    """Eq. 23 per event, for uniform depth and x: what the weight is times the number of points."""
    (one,) = setup.muons
    partial = widths(setup)
    energy = events.emitter_e
    tmin = (setup.mass**2 / (2.0 * energy)) ** 2
    flux = chi(setup.block, tmin, setup.mass**2 + MUON_MASS**2)
    cross_section = dsigma_dx(setup, energy, events.x, flux) * (1.0 - (MUON_MASS + setup.mass) / energy)
    length = proper_length(setup) * np.sqrt((events.boson_e / setup.mass) ** 2 - 1.0)
    survive = np.exp(-events.path_in / length) - np.exp(-events.path_out / length)
    nuclei = setup.block.density * 1e6 * AVOGADRO / setup.block.a * GEV2_TO_M2
    depth = track_length(setup)
    return np.asarray(
        one.weight * nuclei * depth * cross_section * survive * partial[channel] / sum(partial.values())
    )


def track_length(setup: Setup) -> float:
    """Length along which the only muon of a setup, on the axis, can emit [m]."""
    (one,) = setup.muons
    energy = float(np.hypot(np.linalg.norm(one.momentum), MUON_MASS))
    cut = max(setup.min_energy_factor * max(MUON_MASS, setup.mass), MUON_MASS + setup.mass)
    return min(setup.block.back - one.position[2], (energy - cut) / setup.block.loss)


@pytest.mark.parametrize(
    ("name", "channel"),
    [
        ("leptophilic_slab", "ee"),
        ("muonphilic_slab", "gammagamma"),
        ("stopping_at_cut", "ee"),
        ("mumu", "mumu"),
    ],
)
def test_weights_of_an_untrained_run_are_the_formula(name: str, channel: str, folder: Path) -> None:
    # One muon and one channel: all that is left are depth, x and the flat angles. The couplings are small
    # enough for no boson at its threshold to decay so early that the probability underflows.
    points = 3000
    g_e, g_mu, g_tau = (0.1 * g for g in SETUPS[name].couplings)
    setup = replace(SETUPS[name], couplings=(g_e, g_mu, g_tau))
    run = {"events": points, "seed": seed_of("weight", name), "vegas": {"pilot": 5000, "nitn": 0}}
    events = mcgen.generate(card_of(setup, folder, run, channels=[channel]))
    assert_formula(events.weight * points / physical_density(setup, events, channel), points)
    heavier, stronger = replace(setup, mass=1.001 * setup.mass), (1.001 * g_e, 1.001 * g_mu, 1.001 * g_tau)
    for wrong in (heavier, replace(setup, couplings=stronger)):
        with pytest.raises(AssertionError):
            assert_formula(events.weight * points / physical_density(wrong, events, channel), points)


def assert_formula(ratio: Array, points: int) -> None:
    """Require that weight over formula is 1; or constant in each part of a mixture, and 1 on average."""
    parts = np.unique(np.round(np.log(ratio), 6))
    assert len(parts) < 50
    if len(parts) == 1:
        np.testing.assert_allclose(ratio, 1.0, rtol=1e-6)
    else:
        assert_agrees(float(ratio.sum()) / points, float(ratio.std()) / points**0.5, 1.0)
