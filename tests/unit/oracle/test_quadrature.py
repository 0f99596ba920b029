"""The reference integrals against published numbers, limits, symmetries and a plain Monte Carlo."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.integrate import dblquad
from scipy.interpolate import CubicSpline

from mcgen.constants import (
    ALPHA,
    AVOGADRO,
    ELECTRON_MASS,
    GEV2_TO_M2,
    GEV2_TO_PB,
    MUON_MASS,
    PROTON_MAGNETIC_MOMENT,
    PROTON_MASS,
)
from tests.oracle.quadrature import (
    COPPER,
    CYLINDER,
    DAUGHTER_MASS,
    SELECTIONS,
    SETUPS,
    SLAB,
    Cuts,
    Muon,
    Setup,
    Volume,
    chi,
    dsigma_dx,
    expected_accepted,
    expected_decays,
    g2,
    leptophilic,
    muon,
    muonphilic,
    proper_length,
    sigma,
    widths,
)

Array = NDArray[np.float64]
Select = Callable[[Array, Array, Array], NDArray[np.bool_]]


def simple(couplings: tuple[float, float, float], mass: float = 0.05) -> Setup:
    return Setup((muon(100.0),), COPPER, SLAB, mass, couplings)


# --- Published numbers and other routes ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("couplings", "length"), [(leptophilic(1e-3), 4.19492e-3), (muonphilic(1e-3), 1.43889)]
)
def test_proper_length(couplings: tuple[float, float, float], length: float) -> None:
    assert proper_length(simple(couplings)) == pytest.approx(length, rel=5e-6, abs=0.0)


def test_cross_section_and_photon_flux() -> None:
    setup = simple(muonphilic(1.0))
    assert sigma(setup, 100.0) * GEV2_TO_PB == pytest.approx(1.36545e9, rel=5e-6, abs=0.0)
    tmin = np.array([(0.05**2 / 200.0) ** 2])
    assert chi(COPPER, tmin, 0.05**2 + MUON_MASS**2)[0] == pytest.approx(13147.0, rel=5e-5, abs=0.0)


def test_published_decays() -> None:
    assert expected_decays(SETUPS["leptophilic_slab"]).value == pytest.approx(
        1.07835650e-10, rel=1e-8, abs=0.0
    )
    assert expected_decays(SETUPS["muonphilic_slab"]).value == pytest.approx(
        5.39584988e-10, rel=1e-8, abs=0.0
    )


def test_published_accepted() -> None:
    name, channel, cuts = SELECTIONS["photons_energy"]
    assert expected_accepted(SETUPS[name], channel, cuts).value == pytest.approx(
        3.03500e-10, rel=5e-6, abs=0.0
    )


def test_form_factor_and_photon_flux_in_many_digits() -> None:
    def exact(t: mpmath.mpf) -> mpmath.mpf:
        a, b = 111 * 29 ** mpmath.mpf(-1 / 3), 773 * 29 ** mpmath.mpf(-2 / 3)
        elastic = (
            29**2 * (t / (t + (ELECTRON_MASS / a) ** 2) / (1 + t * 63.546 ** mpmath.mpf(2 / 3) / 0.164)) ** 2
        )
        proton = (1 + t * (PROTON_MAGNETIC_MOMENT**2 - 1) / (4 * PROTON_MASS**2)) / (1 + t / 0.71) ** 4
        return elastic + 29 * (t / (t + (ELECTRON_MASS / b) ** 2) * proton) ** 2

    for t in (1e-12, 1e-8, 1e-4, 1e-1, 3.0):
        assert g2(COPPER, np.array([t]))[0] == pytest.approx(float(exact(mpmath.mpf(t))), rel=1e-12, abs=0.0)
    tmax = 1.0
    for tmin in (1e-13, 1e-7, 1e-3, 0.5):
        knots = [k for k in np.geomspace(tmin, tmax, 30).tolist() if k <= tmax]
        value = mpmath.quad(lambda t, low=tmin: (t - low) / t**2 * exact(t), knots)
        assert chi(COPPER, np.array([tmin]), tmax)[0] == pytest.approx(float(value), rel=1e-9, abs=0.0)


@pytest.mark.parametrize("mass", [0.05, 0.2])
def test_photon_width_below_threshold_by_feynman_parameters(mass: float) -> None:
    tau = (2.0 * MUON_MASS / mass) ** 2
    loop, _ = dblquad(
        lambda y, x: (1.0 - 4.0 * x * y) / (1.0 - 4.0 * x * y / tau), 0.0, 1.0, 0.0, lambda x: 1.0 - x
    )
    expected = ALPHA**2 * mass**3 / (256.0 * np.pi**3) * (1e-3 / MUON_MASS * 4.0 * loop) ** 2
    assert widths(simple(muonphilic(1e-3), mass))["gammagamma"] == pytest.approx(expected, rel=1e-7, abs=0.0)


def test_photon_width_above_threshold() -> None:
    mass = 0.3
    tau = (2.0 * MUON_MASS / mass) ** 2
    root = np.sqrt(1.0 - tau)
    f = -0.25 * (np.log((1.0 + root) / (1.0 - root)) - 1j * np.pi) ** 2
    loop = abs(-2.0 * tau * (1.0 + (1.0 - tau) * f))
    expected = ALPHA**2 * mass**3 / (256.0 * np.pi**3) * (1e-3 / MUON_MASS * loop) ** 2
    assert widths(simple(muonphilic(1e-3), mass))["gammagamma"] == pytest.approx(expected, rel=1e-12, abs=0.0)


# --- Numerical errors, limits, symmetries ------------------------------------------------------------------


@pytest.mark.parametrize("name", SETUPS)
def test_smooth_integrals_converge(name: str) -> None:
    value, error = expected_decays(SETUPS[name])
    assert value > 0.0
    assert error < 1e-6 * value


ONE_IN_FOUR = [
    pytest.param(name, marks=pytest.mark.nightly if number % 4 else ())
    for number, name in enumerate(SELECTIONS)
]
"""Selections, of which most are integrated at night only."""


@pytest.mark.parametrize("name", ONE_IN_FOUR)
def test_cut_integrals_converge(name: str) -> None:
    setup, channel, cuts = SELECTIONS[name]
    value, error = expected_accepted(SETUPS[setup], channel, cuts)
    assert 0.0 < value < 0.999 * expected_decays(SETUPS[setup], (channel,)).value
    assert error < 1e-3 * value


def test_channels_add_up() -> None:
    setup = SETUPS["custom_couplings"]
    parts = [expected_decays(setup, (channel,)).value for channel in DAUGHTER_MASS]
    assert sum(parts) == pytest.approx(expected_decays(setup).value, rel=1e-12, abs=0.0)


def test_muons_add_up() -> None:
    name, channel, cuts = SELECTIONS["electrons_mixed_flux"]
    setup = SETUPS[name]
    singles = [replace(setup, muons=(each,)) for each in setup.muons]
    decays = [expected_decays(single).value for single in singles]
    assert sum(decays) == pytest.approx(expected_decays(setup).value, rel=1e-12, abs=0.0)
    accepted = [expected_accepted(single, channel, cuts) for single in singles]
    total = expected_accepted(setup, channel, cuts)
    error = total.error + sum(part.error for part in accepted)
    assert abs(total.value - sum(part.value for part in accepted)) <= error


def test_strays_do_not_count() -> None:
    setup = SETUPS["strays"]
    assert expected_decays(setup) == expected_decays(replace(setup, muons=setup.muons[:1]))


def test_apertures_wider_than_the_ray_do_not_matter() -> None:
    slab = replace(SETUPS["cylinder_leave_side"], volume=Volume("slab", CYLINDER.front, CYLINDER.back))
    for shape in ("ellipse", "box"):
        wide = replace(slab, volume=replace(CYLINDER, shape=shape, half_sizes=(50.0, 80.0)))
        assert expected_decays(wide).value == pytest.approx(expected_decays(slab).value, rel=1e-12, abs=0.0)


def test_rays_beside_the_aperture_do_not_count() -> None:
    setup = replace(SETUPS["cylinder_parallel"], muons=(muon(80.0, (0.8, -0.7, 0.2)),))
    assert expected_decays(setup) == (0.0, 0.0)
    in_the_corner = replace(CYLINDER, shape="box")
    assert expected_decays(replace(setup, volume=in_the_corner)).value > 0.0


def test_daughters_without_cuts_are_all_accepted() -> None:
    # Slow muons, so that none flies backwards.
    setup = SETUPS["mumu_threshold"]
    everything = expected_accepted(setup, "mumu", Cuts(160.0))
    assert everything.value == pytest.approx(expected_decays(setup, ("mumu",)).value, rel=1e-6, abs=0.0)


def test_closed_channels_have_no_events() -> None:
    assert expected_accepted(SETUPS["light"], "mumu", Cuts(170.0)) == (0.0, 0.0)


@pytest.mark.parametrize("name", ["photons_hole", "electrons_hole", "muons", "electrons_stopping"])
def test_two_angles_agree_with_one(name: str) -> None:
    setup_name, channel, cuts = SELECTIONS[name]
    setup = SETUPS[setup_name]
    (x, y, z), momentum = setup.muons[0].position, setup.muons[0].momentum
    # Off the axis by next to nothing: the azimuth is integrated, the answer is the same.
    shifted = replace(setup, muons=(replace(setup.muons[0], position=(x + 1e-12, y, z), momentum=momentum),))
    one = expected_accepted(setup, channel, cuts)
    two = expected_accepted(shifted, channel, cuts)
    assert two.error > one.error
    assert abs(two.value - one.value) <= one.error + two.error


def test_a_quarter_turn_changes_nothing() -> None:
    name, channel, cuts = SELECTIONS["electrons_ellipse_magnet"]
    setup = SETUPS[name]

    def turned(pair: tuple[float, float]) -> tuple[float, float]:
        return -pair[1], pair[0]

    def turned_muon(one: Muon) -> Muon:
        (x, y, z), (px, py, pz) = one.position, one.momentum
        return replace(one, position=(*turned((x, y)), z), momentum=(*turned((px, py)), pz))

    sizes = setup.volume.half_sizes[::-1]
    other = replace(
        setup,
        muons=tuple(turned_muon(one) for one in setup.muons),
        volume=replace(setup.volume, half_sizes=sizes),
    )
    assert expected_decays(other).value == pytest.approx(expected_decays(setup).value, rel=1e-12, abs=0.0)
    other_cuts = replace(cuts, centre=turned(cuts.centre), kick=turned(cuts.kick))
    first, second = expected_accepted(setup, channel, cuts), expected_accepted(other, channel, other_cuts)
    assert abs(first.value - second.value) <= first.error + second.error


@pytest.mark.parametrize(
    "cuts", [Cuts(150.0), Cuts(170.0, kick=(0.1, 0.0), magnet=120.0), Cuts(170.0, kick=(0.1, 0.0))]
)
def test_planes_out_of_order_are_refused(cuts: Cuts) -> None:
    with pytest.raises(ValueError, match="follow each other"):
        expected_accepted(SETUPS["leptophilic_slab"], "ee", cuts)


def test_a_volume_inside_the_dump_is_refused() -> None:
    with pytest.raises(ValueError, match="must begin behind"):
        expected_decays(replace(SETUPS["leptophilic_slab"], volume=Volume("slab", 0.9, 160.0)))


# --- A plain Monte Carlo: points in space, matrices, no intervals ------------------------------------------


class Toy:
    """Uniform emission and decay points, isotropic decays boosted by a matrix.

    Parameters
    ----------
    setup : what to simulate
    channel : of the decay
    n : trials per muon
    """

    def __init__(self, setup: Setup, channel: str, n: int) -> None:
        self.rng = np.random.default_rng(int(os.environ.get("MCGEN_TEST_SEED", "20220509")))
        self.setup, self.n = setup, n
        self.daughter = DAUGHTER_MASS[channel]
        partial = widths(setup)
        self.branching = partial[channel] / sum(partial.values())
        self.charge = 0.0 if channel == "gammagamma" else 1.0

    def estimate(self, select: Select | None = None) -> tuple[float, float]:
        """Expected number and its statistical error; select takes decay points and two momenta."""
        results = [self._one(each, select) for each in self.setup.muons]
        return sum(mean for mean, _ in results), float(np.sqrt(sum(var for _, var in results)))

    def _one(self, one: Muon, select: Select | None) -> tuple[float, float]:
        setup, block, rng = self.setup, self.setup.block, self.rng
        start, momentum = np.array(one.position), np.array(one.momentum)
        if momentum[2] < 0.0 or start[2] > block.back:
            return 0.0, 0.0
        size = np.linalg.norm(momentum)
        direction = momentum / size
        top = np.sqrt(size**2 + MUON_MASS**2)
        # Until where it emits is decided point by point.
        flown = rng.random(self.n) * (block.back - start[2]) / direction[2]
        energy = top - block.loss * flown
        heavier = max(MUON_MASS, setup.mass)
        ok = (energy > setup.min_energy_factor * heavier) & (energy > setup.mass + MUON_MASS)
        energy = np.where(ok, energy, top)
        weight = ok * (block.back - start[2]) / direction[2]
        # ln(1 - x + pole) uniform: heavy bosons take almost all of the energy
        pole = (MUON_MASS / setup.mass) ** 2
        low, high = np.log(MUON_MASS / energy + pole), np.log(1.0 - setup.mass / energy + pole)
        rest = np.exp(low + (high - low) * rng.random(self.n))
        x = 1.0 + pole - rest
        weight *= (high - low) * rest
        # A muon below the cut has an inverted range of x; it weighs nothing.
        inside = ok & (x * energy > setup.mass)
        x = np.where(inside, x, 0.5 * (setup.mass / energy + 1.0))
        nuclei = block.density * 1e6 * AVOGADRO / block.a * GEV2_TO_M2
        weight *= inside * nuclei * dsigma_dx(setup, energy, x, self._chi(energy))
        boson_e = x * energy
        boson_p = np.sqrt(np.maximum(boson_e**2 - setup.mass**2, 1e-30))
        length = boson_p / setup.mass * proper_length(setup)
        z = setup.volume.front + (setup.volume.back - setup.volume.front) * rng.random(self.n)
        path = (z - start[2]) / direction[2]
        weight *= (setup.volume.back - setup.volume.front) / direction[2]
        weight *= np.exp(-(path - flown) / length) / length * self.branching * one.weight
        point = start[:, None] + direction[:, None] * path
        weight *= self._inside(point)
        if select is not None:
            weight *= select(point, *self._daughters(direction, boson_e, boson_p))
        return float(weight.mean()), float(weight.var() / self.n)

    def _chi(self, energy: Array) -> Array:
        grid = np.geomspace(energy.min(), energy.max() * 1.0001, 400)
        tmin = (self.setup.mass**2 / (2.0 * grid)) ** 2
        values = chi(self.setup.block, tmin, self.setup.mass**2 + MUON_MASS**2)
        return np.asarray(CubicSpline(np.log(grid), values)(np.log(energy)))

    def _inside(self, point: Array) -> NDArray[np.bool_]:
        volume = self.setup.volume
        if volume.shape == "slab":
            return np.ones(self.n, dtype=np.bool_)
        u, v = (
            (point[i] - centre) / half
            for i, (centre, half) in enumerate(zip(volume.centre, volume.half_sizes, strict=True))
        )
        inside = u**2 + v**2 < 1.0 if volume.shape == "ellipse" else (abs(u) < 1.0) & (abs(v) < 1.0)
        return np.asarray(inside)

    def _daughters(self, direction: Array, boson_e: Array, boson_p: Array) -> tuple[Array, Array]:
        """Four-momenta (4, n), E first, of isotropic back-to-back daughters after a general boost."""
        mass = self.setup.mass
        star = np.sqrt(mass**2 / 4.0 - self.daughter**2)
        axis = self.rng.normal(size=(3, self.n))
        axis *= star / np.linalg.norm(axis, axis=0)
        gamma, beta_gamma = boson_e / mass, boson_p / mass
        boost = np.zeros((4, 4, self.n))
        boost[0, 0] = gamma
        for i in range(3):
            boost[0, i + 1] = boost[i + 1, 0] = beta_gamma * direction[i]
            for j in range(3):
                boost[i + 1, j + 1] = (i == j) + (gamma - 1.0) * direction[i] * direction[j]
        rest = np.full((1, self.n), mass / 2.0)
        first, second = (
            np.einsum("ijn,jn->in", boost, np.concatenate([rest, sign * axis])) for sign in (1.0, -1.0)
        )
        return first, second


def passes(cuts: Cuts, charge: float, point: Array, first: Array, second: Array) -> NDArray[np.bool_]:
    """Whether both daughters hit the plane and fulfil the cuts."""
    hits, good = [], np.ones(point.shape[1], dtype=np.bool_)
    for p, sign in ((first, charge), (second, -charge)):
        here, momentum = point, p[1:]
        good &= (p[0] >= cuts.min_energy) & (momentum[2] > 0.0)
        if cuts.has_magnet and charge != 0.0:
            here = here + momentum * (cuts.magnet - here[2]) / momentum[2]
            across = momentum[:2] + sign * np.array(cuts.kick)[:, None]
            square = np.sum(momentum**2, axis=0) - np.sum(across**2, axis=0)
            good &= square > 0.0
            momentum = np.vstack([across, np.sqrt(np.where(square > 0.0, square, 1.0))])
        hit = here + momentum * (cuts.plane - here[2]) / momentum[2]
        radius = np.hypot(hit[0] - cuts.centre[0], hit[1] - cuts.centre[1])
        good &= (radius < cuts.radius) & (radius > cuts.hole)
        hits.append(hit)
    separation = np.hypot(hits[0][0] - hits[1][0], hits[0][1] - hits[1][1])
    return np.asarray(good & (separation > cuts.min_separation))


@pytest.mark.parametrize("name", SETUPS)
def test_decays_agree_with_a_plain_monte_carlo(name: str) -> None:
    channel = "tautau" if name == "tautau" else "gammagamma"
    toy = Toy(SETUPS[name], channel, 60_000)
    mean, error = toy.estimate()
    expected = expected_decays(SETUPS[name], (channel,)).value
    assert error < 0.02 * expected
    assert abs(mean - expected) < 5.0 * error


@pytest.mark.parametrize("name", ONE_IN_FOUR)
def test_accepted_agree_with_a_plain_monte_carlo(name: str) -> None:
    setup, channel, cuts = SELECTIONS[name]
    toy = Toy(SETUPS[setup], channel, 200_000)
    mean, error = toy.estimate(lambda *event: passes(cuts, toy.charge, *event))
    value, numerical = expected_accepted(SETUPS[setup], channel, cuts)
    assert error < 0.02 * value
    assert abs(mean - value) < 5.0 * error + numerical


def test_the_plain_monte_carlo_would_notice() -> None:
    setup, channel, cuts = SELECTIONS["photons_leave_side"]
    wrong = replace(cuts, radius=1.02 * cuts.radius)
    toy = Toy(SETUPS[setup], channel, 200_000)
    mean, error = toy.estimate(lambda *event: passes(wrong, toy.charge, *event))
    assert abs(mean - expected_accepted(SETUPS[setup], channel, cuts).value) > 5.0 * error
