"""Yields do not depend on anything that only shapes the sampling."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mcgen
from mcgen.analysis.yields import yield_of
from mcgen.card import Card
from mcgen.card.run_tables import VegasTable
from mcgen.metadata import Yield
from mcgen.run.run import Run
from mcgen.sampler.proposal import ParentChoice
from tests.oracle.quadrature import SELECTIONS, SETUPS, expected_accepted, expected_decays
from tests.oracle.setups import card_of
from tests.oracle.stats import assert_agrees, chi2_p, generator, seed_of

SELECTED = ("fiducial", "accepted")

PILOT = VegasTable().pilot
"""As it is without a word in the card."""


def assert_compatible(yields: Iterable[Yield], p_min: float = 1e-6) -> None:
    """Require that independent yields have one expectation, by chi2 about their weighted mean."""
    values, errors = np.array([(one.value, one.mc_error) for one in yields]).T
    mean = np.sum(values / errors**2) / np.sum(errors**-2)
    chi_squared = float(np.sum(((values - mean) / errors) ** 2))
    p = chi2_p(chi_squared, len(values) - 1)
    assert p > p_min, f"chi2 {chi_squared:.1f}/{len(values) - 1}, p = {p:.1e}"


def check(found: dict[str, list[Yield]]) -> None:
    """Agreement, and the control: any one of the precise yields wrong by 10 % is noticed."""
    for yields in found.values():
        assert_compatible(yields)
        precise = [i for i, one in enumerate(yields) if one.mc_error < 0.011 * one.value]
        assert len(precise) >= len(yields) // 2
        for i in precise:
            wrong = replace(yields[i], value=1.1 * yields[i].value)
            with pytest.raises(AssertionError, match="chi2"):
                assert_compatible([*yields[:i], wrong, *yields[i + 1 :]])


def yields_of(card: Card) -> dict[str, Yield]:
    return {name: mcgen.generate(card).outcome.yields[name] for name in SELECTED}


# --- Training, chunks -------------------------------------------------------------------------------------

VARIANTS: dict[str, dict[str, Any]] = {
    "no training": {"vegas": {"pilot": 5000, "nitn": 0}},
    "little training": {"vegas": {"pilot": 5000, "nitn": 2, "neval": 1000}},
    "many iterations": {"vegas": {"pilot": 5000, "nitn": 12, "neval": 5000}},
    "large iterations": {"vegas": {"pilot": 5000, "nitn": 3, "neval": 50_000}},
    "trained on all decays": {"vegas": {"pilot": 5000, "nitn": 3, "neval": 5000, "train_on": "fiducial"}},
    "small chunks": {"vegas": {"pilot": 5000, "nitn": 3, "neval": 5000}, "chunk": 997},
    "one chunk": {"vegas": {"pilot": 5000, "nitn": 3, "neval": 5000}, "chunk": 1_000_000},
    "accepted written": {"vegas": {"pilot": 5000, "nitn": 3, "neval": 5000}, "write": "accepted"},
}


def yields_by_variant(card: Card, pilot: int) -> dict[str, list[Yield]]:
    found: dict[str, list[Yield]] = {name: [] for name in SELECTED}
    for label, run in VARIANTS.items():
        seed = seed_of("variants", card.title, card.production.method, label)
        changed = card.replace(run={**run, "seed": seed}).replace(run={"vegas": {"pilot": pilot}})
        for name, one in yields_of(changed).items():
            found[name].append(one)
    return found


def test_training_and_chunks_do_not_matter(folder: Path) -> None:
    setup, channel, cuts = SELECTIONS["electrons_mixed_flux"]
    card = card_of(SETUPS[setup], folder, {"events": 80_000}, channel=channel, cuts=cuts)
    found = yields_by_variant(card, pilot=5000)
    check(found)
    truth = {
        "fiducial": expected_decays(SETUPS[setup]),
        "accepted": expected_accepted(SETUPS[setup], channel, cuts),
    }
    for name in SELECTED:
        for one in found[name]:
            assert_agrees(one.value, one.mc_error, truth[name].value)


@pytest.mark.nightly
@pytest.mark.parametrize("method", ["iww", "exact"])
@pytest.mark.parametrize(
    "name", ["na62_leptophilic", "na62_muonphilic", "ship_leptophilic", "ship_muonphilic"]
)
def test_training_and_chunks_do_not_matter_for_shipped_cards(name: str, method: str) -> None:
    card = mcgen.load_card(name).replace(run={"events": 200_000}, production={"method": method})
    check(yields_by_variant(card, PILOT))


# --- Proposals that nobody would make -----------------------------------------------------------------------


def disturbed(run: Run, label: str) -> Run:
    """Give a run another proposal: every probability and every edge of the maps is moved at random."""
    rng = generator("disturbed", label)
    components = []
    for component in run.proposal.components:
        widths = np.diff(component.grid, axis=1)
        spans = widths.sum(axis=1, keepdims=True)
        widths *= rng.uniform(0.4, 1.6, widths.shape)
        edges = np.cumsum(widths / widths.sum(axis=1, keepdims=True) * spans, axis=1)
        grid = np.concatenate([component.grid[:, :1], component.grid[:, :1] + edges], axis=1)
        grid[:, -1] = component.grid[:, -1]
        chosen = component.parents.dense()
        parents = ParentChoice.of(chosen * rng.uniform(0.4, 1.6, len(chosen)))
        share = component.probability * rng.uniform(0.4, 1.6)
        component = replace(component, grid=grid, parents=parents, probability=float(share))
        components.append(component)
    total = sum(component.probability for component in components)
    normalised = (replace(one, probability=one.probability / total) for one in components)
    return replace(run, proposal=replace(run.proposal, components=tuple(normalised)))


@pytest.mark.parametrize("name", ["electrons_magnet", "photons_mixed_flux"])
def test_proposals_do_not_matter(name: str, folder: Path) -> None:
    setup, channel, cuts = SELECTIONS[name]
    settings = {
        "events": 100_000,
        "seed": seed_of("proposal", name),
        "vegas": {"pilot": 5000, "nitn": 5, "neval": 4000},
    }
    card = card_of(SETUPS[setup], folder, settings, channel=channel, cuts=cuts)
    found = Run.yields(disturbed(Run.of(card), name))
    truth = {
        "fiducial": expected_decays(SETUPS[setup]),
        "accepted": expected_accepted(SETUPS[setup], channel, cuts),
    }
    for key in SELECTED:
        assert found[key].mc_error < 0.02 * found[key].value
        assert_agrees(found[key].value, found[key].mc_error, truth[key].value)


def test_proposals_that_leave_something_out_are_noticed(folder: Path) -> None:
    # Control: the last twentieth of every axis but the muons' is never drawn.
    setup, channel, cuts = SELECTIONS["electrons_magnet"]
    settings = {
        "events": 100_000,
        "seed": seed_of("left out"),
        "vegas": {"pilot": 5000, "nitn": 5, "neval": 4000},
    }
    run = Run.of(card_of(SETUPS[setup], folder, settings, channel=channel, cuts=cuts))
    components = []
    for component in run.proposal.components:
        grid = component.grid.copy()
        grid[1:] = np.minimum(grid[1:], 0.95) + np.linspace(0.0, 1e-9, grid.shape[1])
        components.append(replace(component, grid=grid))
    short = replace(run, proposal=replace(run.proposal, components=tuple(components)))
    one = Run.yields(short)["fiducial"]
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(one.value, one.mc_error, expected_decays(SETUPS[setup]).value)


# --- Chunks are functions of their number --------------------------------------------------------------------


def test_chunks_do_not_depend_on_each_other(folder: Path) -> None:
    setup, channel, cuts = SELECTIONS["photons_mixed_flux"]
    settings = {
        "events": 5000,
        "chunk": 2000,
        "seed": seed_of("chunks"),
        "vegas": {"pilot": 5000, "nitn": 1, "neval": 1000},
    }
    card = card_of(SETUPS[setup], folder, settings, channel=channel, cuts=cuts)
    run, longer = Run.of(card), Run.of(card.replace(run={"events": 10_000}))
    whole = mcgen.generate(card)
    joined = [run.chunk(k) for k in (2, 0, 1)]
    for name, values in whole.columns.items():
        parts = np.concatenate([joined[i][name] for i in (1, 2, 0)])
        np.testing.assert_array_equal(parts, values)
    # A longer run begins with the points of a shorter one.
    first, same = longer.chunk(0), run.chunk(0)
    np.testing.assert_array_equal(first["decay_x"], same["decay_x"])
    np.testing.assert_allclose(first["weight"] * 2.0, same["weight"], rtol=1e-14)
    assert not np.array_equal(first["decay_x"], longer.chunk(1)["decay_x"])


def test_yields_add_up_over_chunks(folder: Path) -> None:
    setup, channel, cuts = SELECTIONS["electrons_magnet"]
    settings = {
        "events": 7000,
        "chunk": 2000,
        "seed": seed_of("sum"),
        "vegas": {"pilot": 5000, "nitn": 1, "neval": 1000},
    }
    card = card_of(SETUPS[setup], folder, settings, channel=channel, cuts=cuts)
    chunks = list(mcgen.generate_chunks(card))
    weight, group = (
        np.concatenate([chunk.columns[name] for chunk in chunks]) for name in ("weight", "parent_group")
    )
    stated, found = chunks[-1].outcome.yields["fiducial"], yield_of(weight, group, 7000)
    assert [stated.value, stated.mc_error] == pytest.approx([found.value, found.mc_error], rel=1e-9, abs=0.0)
    assert chunks[-1].outcome.cut_flow[0].value == pytest.approx(found.value, rel=1e-12, abs=0.0)
    assert sum(len(chunk) for chunk in chunks) == chunks[-1].outcome.events
