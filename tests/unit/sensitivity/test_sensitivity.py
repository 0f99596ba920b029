"""Limits, crossings, contours and refinement against closed forms."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from math import e, exp, log, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import lambertw
from scipy.stats import poisson

import mcgen
from mcgen.card import shipped_cards
from mcgen.constants import ELECTRON_MASS, MUON_MASS, TAU_MASS
from mcgen.metadata import Yield
from mcgen.physics.models import delta_a_mu
from mcgen.sensitivity.contour import Crossing, MassPoint, crossings
from mcgen.sensitivity.g_minus_2 import g_minus_2_couplings, why_no_band
from mcgen.sensitivity.limits import n_signal_of, upper_limit
from mcgen.sensitivity.output import contours
from mcgen.sensitivity.refinement import CLOSEST, added_masses
from mcgen.sensitivity.sample import DecaySample, seed_for
from mcgen.sensitivity.scan import Scan, first_masses

# --- CLs --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("background", [0.0, 0.3, 20.0])
def test_nothing_observed(background: float) -> None:
    # exp(-s - b)/exp(-b): the background does not matter.
    assert upper_limit(background, 0, 0.9) == pytest.approx(log(10.0), rel=1e-9)


def test_one_observed_without_background() -> None:
    limit = upper_limit(0.0, 1, 0.95)
    assert (1.0 + limit) * exp(-limit) == pytest.approx(0.05, rel=1e-9)


@given(st.floats(0.0, 50.0), st.integers(0, 80), st.floats(0.6, 0.99))
def test_cls_is_what_it_is_defined_as(background: float, observed: int, cl: float) -> None:
    limit = upper_limit(background, observed, cl)
    counts = np.arange(observed + 1)
    with_signal, alone = (poisson.pmf(counts, mean).sum() for mean in (limit + background, background))
    assert with_signal / alone == pytest.approx(1.0 - cl, rel=1e-6)


def test_the_card_says_where_the_limit_is() -> None:
    card = mcgen.load_card("na62_muonphilic")
    assert n_signal_of(card) == 2.3
    assert n_signal_of(card.replace(scan={"n_signal": 10.0})) == 10.0
    counted = card.replace(statistics={"background": 3.2, "observed": 5, "cl": 0.95})
    assert n_signal_of(counted) == upper_limit(3.2, 5, 0.95)
    # A projection takes the median of the background.
    assert n_signal_of(card.replace(statistics={"background": 3.2})) == upper_limit(3.2, 3, 0.9)


# --- One mass ---------------------------------------------------------------------------------------------


def sample(weight: float = 1e-20, depth: float = 1e-9, n: int = 4, *, fixed: bool = False) -> DecaySample:
    """n decays, all alike, at g = 1e-8."""
    return DecaySample(
        g_mu=1e-8,
        width=1e-20,
        fixed_lifetime=fixed,
        ratios={"ee": 0.25},
        weight=np.full(n, weight / max(n, 1)),
        depth=np.full(n, depth),
        group=np.zeros(n, dtype=np.int64),
        channel=np.ones(n, dtype=np.int64),
        process=np.arange(n) % 2 + 1,
        points=2 * n,
        sampled=True,
    )


def test_yield_at_another_coupling() -> None:
    found = sample().value_at(1e-3)
    assert found == pytest.approx(1e-20 * 1e20 * exp(-1e10 * 1e-9 + 1e-9), rel=1e-12)


def test_a_process_alone_has_its_events() -> None:
    whole = sample(n=5)
    shares = [whole.of_process(code).value_at(1e-3) for code in (1, 2, 3)]
    assert shares == pytest.approx([0.6 * whole.value_at(1e-3), 0.4 * whole.value_at(1e-3), 0.0])


def test_a_fixed_lifetime_leaves_the_cross_section() -> None:
    fixed = sample(fixed=True)
    assert fixed.value_at(1e-3) == pytest.approx(1e-20 * 1e10, rel=1e-12)
    assert fixed.slope_at(1e-3) == pytest.approx(2.0 * fixed.value_at(1e-3), rel=1e-12)
    found = crossings(replace(fixed, weight=fixed.weight * 1e10), 2.3)
    assert found.low is not None
    assert found.low.g_mu == pytest.approx(1e-8 * sqrt(2.3e10), rel=1e-6)
    assert found.high is None


def test_slope_is_the_derivative() -> None:
    one = sample()
    for g in (1e-5, 2e-4, 1e-3):
        step = 1e-5
        difference = (one.value_at(g * exp(step)) - one.value_at(g * exp(-step))) / (2.0 * step)
        assert one.slope_at(g) == pytest.approx(difference, rel=1e-6)


def test_crossings_in_closed_form() -> None:
    # With u = (g/g0)^2 the yield is W u^2 exp(-s (u - 1)): u = -2/s W(-s/2 sqrt(n/(W e^s))).
    weight, depth, n_signal = 1e-14, 1e-9, 2.3
    found = crossings(sample(weight, depth), n_signal)
    argument = -0.5 * depth * sqrt(n_signal / (weight * exp(depth)))
    for crossing, branch in ((found.low, 0), (found.high, -1)):
        square = float(-2.0 / depth * lambertw(argument, branch).real)
        assert crossing is not None
        assert crossing.g_mu == pytest.approx(1e-8 * sqrt(square), rel=1e-6)
    assert found.g_max == pytest.approx(1e-8 * sqrt(2.0 / depth), rel=1e-3)
    assert found.n_max == pytest.approx(weight * (2.0 / depth / e) ** 2, rel=1e-6)


def test_errors_of_a_crossing_follow_from_those_of_the_yield() -> None:
    one = sample(1e-14)
    found = crossings(one, 2.3).low
    assert found is not None
    # Four of eight points carry all weight: the variance of the mean is that of a binomial, n p (1 - p).
    at = one.yield_at(found.g_mu)
    assert at.mc_error == pytest.approx(2.3 * sqrt(4.0 / 4.0 / 7.0), rel=1e-6)
    assert found.mc_error == pytest.approx(found.g_mu * at.mc_error / one.slope_at(found.g_mu), rel=1e-6)
    assert found.flux_error == pytest.approx(found.g_mu * at.flux_error / one.slope_at(found.g_mu), rel=1e-6)
    assert found.error == pytest.approx(sqrt(found.mc_error**2 + found.flux_error**2))


def test_no_crossing_below_the_limit() -> None:
    found = crossings(sample(1e-30), 2.3)
    assert found.low is None
    assert found.high is None
    assert 0.0 < found.n_max < 2.3
    assert crossings(sample(n=0), 2.3).n_max == 0.0


def test_yields_by_width_are_those_of_the_couplings() -> None:
    one = sample()
    g = 3e-4
    width = one.width * (g / one.g_mu) ** 2
    by_width = one.yields_by_width("ee", np.array([width]))[0]
    # All decays of the sample are of one channel with a branching ratio of 0.25.
    assert by_width * g**2 * 0.25 == pytest.approx(one.value_at(g), rel=1e-12)


def test_seeds_differ() -> None:
    seeds = {seed_for(seed, *labels) for seed in (1, 2) for labels in ((0.1,), (0.2,), (0.1, "low", 0))}
    assert len(seeds) == 6
    assert all(0 <= seed < 2**63 for seed in seeds)


# --- Many masses ------------------------------------------------------------------------------------------


def point(mass: float, low: float | None = None, high: float | None = None) -> MassPoint:
    below, above = (None if g is None else Crossing(g, 0.01 * g, 0.01 * g, 1000.0) for g in (low, high))
    n_max = 100.0 if low or high else 1.0
    return MassPoint(mass, below, above, n_max, 1e-4, (Yield(1.0, 0.1, 0.1, 100.0),), {"ee": [1.0]}, {})


def scan_of(*points: MassPoint) -> Scan:
    return Scan(mcgen.load_card("na62_muonphilic"), 1, 2.3, points)


def test_a_point_survives_as_plain_data() -> None:
    for one in (point(0.1, 1e-5, 1e-3), point(0.2)):
        assert MassPoint.from_dict(one.to_dict()) == one


def test_contours_are_closed_and_apart() -> None:
    found = scan_of(
        point(0.01, 1e-4, 1e-3), point(0.02, 1e-5, 1e-2), point(0.03), point(0.04, 1e-6, None), point(0.05)
    )
    first, second = contours(found)
    assert first == [(0.01, 1e-4), (0.02, 1e-5), (0.02, 1e-2), (0.01, 1e-3), (0.01, 1e-4)]
    assert [g for _, g in second] == [1e-6, pytest.approx(10.0), 1e-6]
    assert [found.is_open(one) for one in found.points] == [True, False, False, True, False]


def test_masses_are_added_where_the_contour_turns_or_closes() -> None:
    flat = [point(0.01, 1e-5, 1e-3), point(0.02, 1e-5, 1e-3)]
    assert added_masses(flat) == []
    turning = [point(0.01, 1e-5, 1e-3), point(0.02, 1e-5, 2e-3)]
    assert added_masses(turning) == [pytest.approx(sqrt(0.01 * 0.02))]
    closing = [point(0.01, 1e-5, 1e-3), point(0.02)]
    assert added_masses(closing) == [pytest.approx(sqrt(0.01 * 0.02))]
    near = [point(0.01, 1e-5, 1e-3), point(0.01 * exp(0.5 * CLOSEST))]
    assert added_masses(near) == []


def test_masses_begin_between_the_thresholds() -> None:
    card = mcgen.load_card("na62_leptophilic")
    masses = first_masses(card)
    assert 2.0 * ELECTRON_MASS < masses[0] < 2.01 * ELECTRON_MASS
    assert masses[-1] == 2.0 * MUON_MASS
    assert all(a < b for a, b in pairwise(masses))
    wide = first_masses(card.replace(scan={"masses": "0.1:5:3", "refine": True}))
    for threshold in (2.0 * MUON_MASS, 2.0 * TAU_MASS):
        assert any(0.99 * threshold < mass < threshold for mass in wide)
        assert any(threshold < mass < 1.01 * threshold for mass in wide)
    assert first_masses(card.replace(scan={"masses": [0.2, 0.1]})) == [0.1, 0.2]


@pytest.mark.parametrize("mass", [0.001, 0.1, 1.0])
def test_couplings_that_explain_g_minus_2(mass: float) -> None:
    card = mcgen.load_card("na62_muonphilic").replace(g_minus_2={"value": 251e-11, "error": 59e-11})
    found = g_minus_2_couplings(card, mass)
    for name, deviations in (("g_low", -2.0), ("g_high", 2.0), ("g_excluded", 5.0)):
        g = found[name]
        assert g is not None
        assert delta_a_mu("scalar", mass, g) == pytest.approx((251.0 + deviations * 59.0) * 1e-11, rel=1e-9)


def test_a_pseudoscalar_explains_no_excess() -> None:
    card = mcgen.load_card("na62_muonphilic").replace(model={"particle": "pseudoscalar"})
    assert g_minus_2_couplings(card, 0.1) == {
        "g_low": None,
        "g_high": None,
        "g_excluded": pytest.approx(sqrt(-44e-11 / delta_a_mu("pseudoscalar", 0.1, 1.0))),
    }
    assert why_no_band(card, [0.01, 0.1]) == "a pseudoscalar shifts it the other way"


@pytest.mark.parametrize("particle", ["scalar", "pseudoscalar", "vector"])
def test_where_no_boson_agrees_there_is_no_band(particle: str) -> None:
    paper = mcgen.load_card("na62_muonphilic").replace(model={"particle": particle, "mass_gev": 0.3})
    card = paper.replace(g_minus_2={"value": 38e-11, "error": 63e-11})
    found = g_minus_2_couplings(card, 0.3)
    assert (found["g_low"], found["g_high"]) == (None, None)
    shift = delta_a_mu(card.model.particle, 0.3, 1.0)
    expected = 38e-11 + (315e-11 if shift > 0.0 else -315e-11)
    assert found["g_excluded"] == pytest.approx(sqrt(expected / shift))
    assert why_no_band(card, [0.3]) == "agrees without a boson"
    if particle != "pseudoscalar":
        assert why_no_band(paper, [0.3]) == ""


def test_the_papers_cards_have_the_comparison_of_2021() -> None:
    for name in shipped_cards():
        stated = mcgen.load_card(name).g_minus_2
        expected = (38e-11, 63e-11) if name.endswith("_exact") else (251e-11, 59e-11)
        assert (stated.value, stated.error) == expected, name
