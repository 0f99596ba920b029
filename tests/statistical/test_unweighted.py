"""Unweighted events: one common weight, the same yields and distributions, nothing clipped."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import mcgen
from mcgen.events import Events
from mcgen.run.run import Run
from mcgen.sampler.proposal import Ceiling
from tests.oracle.stats import Array, assert_agrees, assert_same_samples, seed_of

SETTINGS = ["run.events=150_000", "run.vegas.nitn=6", "run.vegas.neval=30_000"]


def card_of(write: str, *, unweighted: bool) -> mcgen.Card:
    card = mcgen.load_card(
        "na62_muonphilic", [*SETTINGS, f"run.write={write}", "run.vegas.train_on=fiducial"]
    )
    return card.replace(run={"seed": seed_of("unweighted", write, unweighted), "unweighted": unweighted})


@pytest.fixture(scope="module", params=["fiducial", "accepted"])
def samples(request: pytest.FixtureRequest) -> tuple[Events, Events]:
    """The same run weighted, and unweighted with other random numbers."""
    write = request.param
    return (
        mcgen.generate(card_of(write, unweighted=False)),
        mcgen.generate(card_of(write, unweighted=True)),
    )


def test_one_weight_and_few_heavier(samples: tuple[Events, Events]) -> None:
    weighted, unweighted = samples
    common, share = unweighted.provenance.common_weight, unweighted.outcome.overflow
    assert common is not None
    assert share is not None
    assert len(np.unique(weighted.weight)) > 0.99 * len(weighted)
    heavier = unweighted.weight > common * (1.0 + 1e-12)
    np.testing.assert_allclose(unweighted.weight[~heavier], common, rtol=1e-12)
    assert (~heavier).mean() > 0.5
    overflow = float((unweighted.weight[heavier] - common).sum() / unweighted.weight.sum())
    assert share == pytest.approx(overflow, rel=1e-9, abs=1e-12)
    assert share < 0.01
    assert (weighted.provenance.common_weight, weighted.outcome.overflow) == (None, None)


@pytest.mark.parametrize("selection", ["fiducial", "accepted"])
def test_yields_are_those_of_the_weighted_run(samples: tuple[Events, Events], selection: str) -> None:
    one, other = (events.outcome.yields[selection] for events in samples)
    assert_agrees(other.value - one.value, np.hypot(one.mc_error, other.mc_error), 0.0)


@pytest.mark.parametrize("column", ["boson_e", "decay_z", "parent_e", "emission_z"])
def test_distributions_are_those_of_the_weighted_run(samples: tuple[Events, Events], column: str) -> None:
    pairs: list[tuple[Array, Array]] = [(events[column], events.weight) for events in samples]
    assert_same_samples(pairs[0], pairs[1])


def test_weights_that_are_clipped_are_noticed() -> None:
    """Control: with a ceiling far too low the overflow carries the yield, and clipping it would lose that."""
    run = Run.of(card_of("fiducial", unweighted=True))
    ceiling = run.proposal.ceiling
    assert ceiling is not None
    low = replace(
        run, proposal=replace(run.proposal, ceiling=Ceiling(0.02 * ceiling.weight, accepted_only=False))
    )
    truth = Run.of(card_of("fiducial", unweighted=False)).yields()["fiducial"]
    found = low.yields()["fiducial"]
    error = float(np.hypot(found.mc_error, truth.mc_error))
    assert_agrees(found.value, error, truth.value)
    clipped = sum(
        float(np.minimum(record["weight"], 0.02 * ceiling.weight / run.card.run.events).sum())
        for record in low.chunks()
    )
    with pytest.raises(AssertionError):
        assert_agrees(clipped, error, truth.value)
