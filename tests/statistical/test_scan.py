"""One sample for all couplings against quadrature, published limits and ordinary generation; reweighting."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mcgen
from mcgen.card import Card
from mcgen.errors import UsageError
from mcgen.flux.flux import flux_of
from mcgen.metadata import Yield
from mcgen.sensitivity.contour import Crossing, mass_point
from mcgen.sensitivity.sample import DecaySample, scan_sample
from tests.oracle.quadrature import SELECTIONS, SETUPS, Setup, expected_accepted, expected_decays
from tests.oracle.setups import card_of
from tests.oracle.stats import assert_agrees, seed_of
from validation.fig8.claim import REFERENCES, one_muon_card

PRECISION = 0.02
"""Largest relative integration error that a comparison may have."""

RUN: dict[str, Any] = {"events": 50_000, "vegas": {"pilot": 5000, "nitn": 6, "neval": 4000}}


LIMIT = 1e-18
"""Yield down to which samples are trained: those of the setups are for one muon."""


def scaled(setup: Setup, factor: float) -> Setup:
    """Scale all couplings of a setup."""
    e, mu, tau = setup.couplings
    return replace(setup, couplings=(factor * e, factor * mu, factor * tau))


# --- One sample, many couplings ---------------------------------------------------------------------------

DECAYS = {
    "leptophilic_slab": (0.02, 0.3, 1.0, 4.0),
    "cylinder_leave_side": (0.05, 1.0, 8.0),
    "custom_couplings": (0.1, 1.0, 2.0),
    "mumu": (0.1, 1.0, 4.0),
}
"""Setups, and factors on their couplings."""


@pytest.fixture(scope="module")
def decays(folder: Path) -> Any:
    """Sample of a setup that serves all couplings, drawn once."""

    @cache
    def draw(name: str) -> DecaySample:
        card = card_of(SETUPS[name], folder, RUN)
        return scan_sample(card, flux_of(card), seed_of("scan", name), LIMIT)

    return draw


@pytest.mark.parametrize(("name", "factor"), [(n, f) for n, factors in DECAYS.items() for f in factors])
def test_decays(name: str, factor: float, decays: Any) -> None:
    setup = scaled(SETUPS[name], factor)
    found, truth = decays(name).yield_at(setup.couplings[1]), expected_decays(setup)
    assert found.mc_error < PRECISION * truth.value
    assert_agrees(found.value, float(np.hypot(found.mc_error, truth.error)), truth.value)
    # The comparison notices a coupling that is 20 % off, but for those near the maximum of the yield.
    if abs(decays(name).slope_at(setup.couplings[1])) > 2.0 * found.value:
        with pytest.raises(AssertionError, match="sigma"):
            assert_agrees(decays(name).value_at(1.2 * setup.couplings[1]), found.mc_error, truth.value)


@pytest.mark.parametrize("name", ["photons_energy", "electrons_magnet"])
def test_accepted(name: str, folder: Path) -> None:
    setup, channel, cuts = SELECTIONS[name]
    card = card_of(SETUPS[setup], folder, RUN, channel=channel, cuts=cuts)
    sample = scan_sample(card, flux_of(card), seed_of("scan accepted", name), LIMIT)
    for factor in (0.1, 1.0, 3.0):
        changed = scaled(SETUPS[setup], factor)
        truth = expected_accepted(changed, channel, cuts)
        found = sample.yield_at(changed.couplings[1])
        assert found.mc_error < PRECISION * truth.value
        assert_agrees(found.value, float(np.hypot(found.mc_error, truth.error)), truth.value)


def real_card() -> Card:
    """NA62 with its muons, cheaply trained."""
    return mcgen.load_card("na62_leptophilic").replace(
        run={"events": 40_000, "vegas": {"pilot": 5000, "nitn": 4, "neval": 12_000}}
    )


def test_real_flux() -> None:
    card = real_card().replace(run={"vegas": {"pilot": 20_000}})
    sample = scan_sample(card, flux_of(card), seed_of("scan na62"), 2.3)
    for g in (3e-5, 1e-3):
        run = {"seed": seed_of("generated na62", g)}
        direct = yield_of(mcgen.generate(card.at_coupling(g).replace(run=run)))
        found = sample.yield_at(g)
        for one in (found, direct):
            assert one.mc_error < 0.05 * one.value
        assert_agrees(found.value, float(np.hypot(found.mc_error, direct.mc_error)), direct.value)
        # The muons are the same: so is their error, within its own uncertainty.
        assert found.flux_error == pytest.approx(direct.flux_error, rel=0.5)


# --- Published limits -------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", REFERENCES)
def test_published_limits(name: str) -> None:
    card = one_muon_card(name)
    point = mass_point(card, flux_of(card), seed_of("published limits", name), 2.3, REFERENCES[name][0])
    for crossing, truth in zip((point.low, point.high), REFERENCES[name][1:], strict=True):
        assert isinstance(crossing, Crossing)
        assert crossing.mc_error < 0.002 * truth
        assert crossing.flux_error == 0.0
        assert_agrees(crossing.g_mu, crossing.mc_error, truth)
        with pytest.raises(AssertionError, match="sigma"):
            assert_agrees(crossing.g_mu, crossing.mc_error, 1.01 * truth)


# --- Points that are generated anew -----------------------------------------------------------------------


def test_a_point_without_effective_events_is_generated_anew() -> None:
    card = one_muon_card("muonphilic")
    flux, mass, precision = flux_of(card), REFERENCES["muonphilic"][0], 0.005
    point = mass_point(card, flux, seed_of("anew"), 2.3, mass, precision=precision)
    for crossing, truth in zip((point.low, point.high), REFERENCES["muonphilic"][1:], strict=True):
        assert crossing is not None
        assert crossing.regenerated or crossing.effective_size >= precision**-2
        assert_agrees(crossing.g_mu, crossing.mc_error, truth)
    assert point.high is not None
    assert point.high.regenerated


# --- Reweighting ------------------------------------------------------------------------------------------


def yield_of(events: mcgen.Events) -> Yield:
    return events.outcome.yields["accepted"]


@pytest.fixture(scope="module")
def slab_events(folder: Path) -> mcgen.Events:
    """Muonphilic decays in the slab."""
    run = {**RUN, "seed": seed_of("reweight")}
    return mcgen.generate(card_of(SETUPS["muonphilic_slab"], folder, run))


@pytest.mark.parametrize("factor", [0.3, 0.7, 1.0, 1.5, 3.0])
def test_reweighted(factor: float, slab_events: mcgen.Events) -> None:
    setup = scaled(SETUPS["muonphilic_slab"], factor)
    truth = expected_decays(setup)
    reweighted = slab_events.reweight(g_mu=setup.couplings[1])
    found = yield_of(reweighted)
    assert found.mc_error < PRECISION * truth.value
    assert_agrees(found.value, float(np.hypot(found.mc_error, truth.error)), truth.value)
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(found.value, found.mc_error, expected_decays(scaled(setup, 1.2)).value)


def test_there_and_back(slab_events: mcgen.Events) -> None:
    g = SETUPS["muonphilic_slab"].couplings[1]
    back = slab_events.reweight(g_mu=1.5 * g).reweight(g_mu=g)
    for name in ("weight", "decay_length", "p_decay"):
        np.testing.assert_allclose(back[name], slab_events[name], rtol=1e-10)


def test_p_decay_is_that_of_the_new_coupling(slab_events: mcgen.Events) -> None:
    found = slab_events.reweight(g_mu=2.0 * SETUPS["muonphilic_slab"].couplings[1])
    length = slab_events.decay_length / 4.0
    expected = np.exp(-found.path_in / length) - np.exp(-found.path_out / length)
    np.testing.assert_allclose(found.p_decay, expected, rtol=1e-6)
    np.testing.assert_allclose(found.decay_length, length, rtol=1e-14)


def test_what_the_sample_lacks_is_refused(folder: Path) -> None:
    # At the upper edge all decays are near the entrance: a sample knows nothing of those further in.
    run = {**RUN, "seed": seed_of("short-lived")}
    events = mcgen.generate(card_of(scaled(SETUPS["muonphilic_slab"], 30.0), folder, run))
    g = 30.0 * SETUPS["muonphilic_slab"].couplings[1]
    events.reweight(g_mu=0.9 * g)
    with pytest.raises(UsageError, match="generate events at that coupling"):
        events.reweight(g_mu=0.1 * g)
