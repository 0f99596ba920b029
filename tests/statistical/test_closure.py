"""Sums of weights against nested quadrature, for every setup and every selection."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mcgen
from mcgen.analysis.yields import yield_of
from mcgen.card import Card
from mcgen.metadata import Yield
from tests.oracle.quadrature import (
    SELECTIONS,
    SETUPS,
    Cuts,
    Muon,
    Quadrature,
    Setup,
    expected_accepted,
    expected_decays,
)
from tests.oracle.setups import card_of
from tests.oracle.stats import assert_agrees, seed_of

PRECISION = 0.005
"""Largest relative integration error that a comparison may have."""

TRAINING = {"pilot": 5000, "nitn": 8, "neval": 4000}

Yields = dict[str, Yield]
Measure = Callable[[str], Yields]


def assert_closes(result: Yield, truth: Quadrature) -> None:
    """Require agreement within 5 standard deviations."""
    assert_agrees(result.value, float(np.hypot(result.mc_error, truth.error)), truth.value)


def yields_of(card: Card) -> Yields:
    """Generate, and take the yields from the events themselves; the metadata must say the same."""
    events = mcgen.generate(card)
    points = card.run.events
    result = {
        "fiducial": yield_of(events.weight, events.parent_group, points),
        "accepted": yield_of(events.weight[events.accepted], events.parent_group[events.accepted], points),
    }
    for name, found in result.items():
        stated = events.outcome.yields[name]
        assert stated.value == pytest.approx(found.value, rel=1e-12, abs=0.0)
        assert stated.mc_error == pytest.approx(found.mc_error, rel=1e-9, abs=0.0)
    return result


@pytest.fixture(scope="module")
def decays(folder: Path) -> Measure:
    """Yields of a setup, generated once."""

    @cache
    def measure(name: str, points: int = 100_000) -> Yields:
        return yields_of(card_of(SETUPS[name], folder, run_table("decays", name, points)))

    return measure


@pytest.fixture(scope="module")
def selected(folder: Path) -> Measure:
    """Yields of a selection, generated once."""

    @cache
    def measure(name: str, points: int = 200_000) -> Yields:
        setup, channel, cuts = SELECTIONS[name]
        run = run_table("selected", name, points)
        return yields_of(card_of(SETUPS[setup], folder, run, channel=channel, cuts=cuts))

    return measure


def run_table(kind: str, name: str, points: int) -> dict[str, Any]:
    return {"events": points, "seed": seed_of(kind, name, points), "vegas": TRAINING}


# --- Agreement --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SETUPS)
def test_decays(name: str, decays: Measure) -> None:
    found = decays(name)
    assert found["fiducial"].mc_error < PRECISION * found["fiducial"].value
    assert_closes(found["fiducial"], expected_decays(SETUPS[name]))
    # Without a selection every decay is accepted.
    assert found["accepted"] == found["fiducial"]


@pytest.mark.parametrize("name", SELECTIONS)
def test_accepted(name: str, selected: Measure) -> None:
    setup, channel, cuts = SELECTIONS[name]
    found = selected(name)
    assert found["accepted"].mc_error < PRECISION * found["accepted"].value
    assert_closes(found["accepted"], expected_accepted(SETUPS[setup], channel, cuts))
    # Trained on what is accepted, the run is right for all decays as well, if less precise.
    assert_closes(found["fiducial"], expected_decays(SETUPS[setup]))


@pytest.mark.nightly
@pytest.mark.parametrize("name", SETUPS)
def test_decays_at_length(name: str, folder: Path) -> None:
    run = run_table("decays", name, 2_000_000)
    parts = [chunk.weight for chunk in mcgen.generate_chunks(card_of(SETUPS[name], folder, run))]
    assert_long(np.concatenate(parts), run["events"], expected_decays(SETUPS[name]))


@pytest.mark.nightly
@pytest.mark.parametrize("name", SELECTIONS)
def test_accepted_at_length(name: str, folder: Path) -> None:
    setup, channel, cuts = SELECTIONS[name]
    run = run_table("selected", name, 2_000_000)
    card = card_of(SETUPS[setup], folder, run, channel=channel, cuts=cuts)
    parts = [chunk.weight[chunk.accepted] for chunk in mcgen.generate_chunks(card)]
    assert_long(np.concatenate(parts), run["events"], expected_accepted(SETUPS[setup], channel, cuts))


def assert_long(weight: np.ndarray[Any, np.dtype[np.float64]], points: int, truth: Quadrature) -> None:
    result = yield_of(weight, np.zeros(len(weight), dtype=np.int64), points)
    assert result.mc_error < 0.002 * truth.value
    assert_closes(result, truth)


# --- Published numbers, with the card's names for model and material --------------------------------------


def published_card(folder: Path, name: str, g_mu: float, seed: int) -> Card:
    """Copper from 0 to 1 m, one muon of 100 GeV on the axis, decays from 80 to 160 m."""
    card = card_of(SETUPS["muonphilic_slab"], folder).to_dict()
    card["model"] = {"name": name, "mass_gev": 0.05, "g_mu": g_mu}
    card["experiment"]["target"] = {"material": "Cu", "z_m": [0.0, 1.0]}
    card["experiment"]["plane"] = [{"name": "plane", "shape": "circle", "z_m": 170.0, "radius_m": 1.0}]
    photons = {"channels": ["gammagamma"], "planes": ["plane"], "min_energy_gev": 10.0}
    card["experiment"]["selection"] = [photons]
    card["run"] = {"events": 200_000, "seed": seed}
    return mcgen.load_card(card)


@pytest.mark.parametrize(
    ("name", "g_mu", "fiducial", "accepted"),
    [("leptophilic", 2e-4, 1.07835650e-10, None), ("muonphilic", 1e-3, 5.39584988e-10, 3.03500e-10)],
)
def test_published_numbers(
    name: str, g_mu: float, fiducial: float, accepted: float | None, folder: Path
) -> None:
    card = published_card(folder, name, g_mu, seed_of("published", name))
    if accepted is None:  # its few accepted photon pairs say nothing about the decays
        card = card.replace(run={"vegas": {"train_on": "fiducial"}})
    found = yields_of(card)
    for truth, key in ((fiducial, "fiducial"), (accepted, "accepted")):
        if truth is not None:
            assert found[key].mc_error < PRECISION * truth
            assert_agrees(found[key].value, found[key].mc_error, truth, nsigma=4.0)


# --- Controls: the same comparison against physics that is a little wrong ----------------------------------


def block(setup: Setup, **changes: float) -> Setup:
    """Scale numbers of the block."""
    scaled: dict[str, Any] = {name: getattr(setup.block, name) * by for name, by in changes.items()}
    return replace(setup, block=replace(setup.block, **scaled))


def radius(setup: Setup, by: float) -> Setup:
    """Scale the sides of the decay volume."""
    x, y = setup.volume.half_sizes
    return replace(setup, volume=replace(setup.volume, half_sizes=(by * x, by * y)))


def slope(setup: Setup, by: float) -> Setup:
    """Scale the muons' transverse momenta."""

    def turned(one: Muon) -> Muon:
        px, py, pz = one.momentum
        return replace(one, momentum=(by * px, by * py, pz))

    return replace(setup, muons=tuple(turned(one) for one in setup.muons))


def length(setup: Setup, by: float) -> Setup:
    """Scale the length of the decay volume."""
    front, back = setup.volume.front, setup.volume.back
    return replace(setup, volume=replace(setup.volume, back=front + by * (back - front)))


WRONG_SETUPS: dict[str, tuple[str, Callable[[Setup], Setup]]] = {
    "energy loss, stopping": ("stopping", lambda s: block(s, loss=1.05)),
    "energy loss, validity limit": ("validity_limit", lambda s: block(s, loss=1.05)),
    "density": ("leptophilic_slab", lambda s: block(s, density=1.02)),
    "charge in G2": ("muonphilic_slab", lambda s: block(s, z=1.015)),
    "nuclear size in G2": ("tautau", lambda s: block(s, a=1.1, density=1.1)),
    "validity limit": ("validity_limit", lambda s: replace(s, min_energy_factor=10.5)),
    "mass": ("mixed_flux_muonphilic", lambda s: replace(s, mass=1.02 * s.mass)),
    "coupling to taus": ("custom_couplings", lambda s: replace(s, couplings=(-5e-7, 3e-4, 1.1e-2))),
    "relative sign of couplings": ("custom_couplings", lambda s: replace(s, couplings=(-5e-7, 3e-4, -1e-2))),
    "length of the volume": ("mumu", lambda s: length(s, 1.05)),
    "radius, leaving": ("cylinder_leave_side", lambda s: radius(s, 1.02)),
    "radius, entering": ("cylinder_enter_side", lambda s: radius(s, 1.02)),
    "semi-axes": ("ellipse_leave_side", lambda s: radius(s, 1.02)),
    "half widths": ("box_off_axis", lambda s: radius(s, 1.02)),
    "slope": ("mixed_flux", lambda s: slope(s, 1.05)),
    "slope, box": ("box_off_axis", lambda s: slope(s, 1.05)),
    "strays": ("strays", lambda s: replace(s, muons=(*s.muons[:1], *s.muons[:1]))),
}


@pytest.mark.parametrize("label", WRONG_SETUPS)
def test_wrong_decays_are_noticed(label: str, decays: Measure) -> None:
    name, change = WRONG_SETUPS[label]
    with pytest.raises(AssertionError, match="sigma"):
        assert_closes(decays(name)["fiducial"], expected_decays(change(SETUPS[name])))


WRONG_CUTS: dict[str, tuple[str, Callable[[Cuts], Cuts]]] = {
    "energy": ("photons_energy", lambda c: replace(c, min_energy=10.5)),
    "energy of muons": ("muons", lambda c: replace(c, min_energy=21.0)),
    "radius": ("muons", lambda c: replace(c, radius=1.04 * c.radius)),
    "radius, inclined": ("muons_inclined", lambda c: replace(c, radius=1.02 * c.radius)),
    "hole": ("electrons_hole", lambda c: replace(c, hole=1.05 * c.hole)),
    "hole of photons": ("photons_hole", lambda c: replace(c, hole=1.05 * c.hole)),
    "separation": ("photons_leave_side", lambda c: replace(c, min_separation=1.2 * c.min_separation)),
    "kick": ("electrons_magnet", lambda c: replace(c, kick=(1.05 * c.kick[0], 0.0))),
    "kick of muons": ("muons_magnet", lambda c: replace(c, kick=(1.05 * c.kick[0], 0.0))),
    "direction of the kick": ("electrons_ellipse_magnet", lambda c: replace(c, kick=c.kick[::-1])),
    "place of the magnet": ("electrons_ellipse_magnet", lambda c: replace(c, magnet=c.magnet + 1.0)),
    "place of the plane": ("electrons_stopping", lambda c: replace(c, plane=1.01 * c.plane)),
    "centre of the plane": ("photons_box", lambda c: replace(c, centre=(1.05 * c.centre[0], 0.0))),
}


@pytest.mark.parametrize("label", WRONG_CUTS)
def test_wrong_cuts_are_noticed(label: str, selected: Measure) -> None:
    name, change = WRONG_CUTS[label]
    setup, channel, cuts = SELECTIONS[name]
    with pytest.raises(AssertionError, match="sigma"):
        assert_closes(selected(name)["accepted"], expected_accepted(SETUPS[setup], channel, change(cuts)))
