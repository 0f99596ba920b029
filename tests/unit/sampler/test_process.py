"""Bare collisions: weights that are shares of the cross-section, no flight and no decay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mcgen
from mcgen.card import Card
from mcgen.constants import GEV2_TO_PB
from mcgen.errors import CardError
from mcgen.sources.bremsstrahlung.methods import METHODS
from tests.oracle.stats import assert_agrees, seed_of


def collisions(method: str, energy: float, mass: float, **changes: Any) -> Card:
    """Make the card of collisions with copper."""
    return mcgen.load_card(
        {
            "model": {"name": "muonphilic", "mass_gev": mass, "g_mu": 0.5},
            "production": {"method": method, "min_energy_factor": 0.0},
            "beam": {"energy_gev": energy},
            "experiment": {
                "name": "collisions",
                "exposure": {"kind": "xsec", "value": 1.0},
                "target": {"material": "Cu", "z_m": [0.0, 1.0]},
                "decay_volume": {"shape": "slab", "z_m": [1.0, 2.0]},
            },
            "run": {
                "events": 30_000,
                "seed": seed_of(method, energy, mass),
                "vegas": {"pilot": 5000, "nitn": 3, "neval": 6000},
            },
        }
    ).replace(**changes)


@pytest.mark.parametrize(("energy", "mass"), [(1.5, 0.5), (100.0, 0.05)])
@pytest.mark.parametrize("method", METHODS)
def test_weights_sum_to_the_cross_section(method: str, energy: float, mass: float) -> None:
    # At 1.5 GeV a part of the bosons goes backwards.
    card = collisions(method, energy, mass)
    events = mcgen.generate(card)
    expected = (
        METHODS[method].spectrum("scalar", energy, mass, card.dump().nuclei[0]).sigma * 0.25 * GEV2_TO_PB
    )
    found = events.outcome.yields["fiducial"]
    assert found.value == pytest.approx(events.weight.sum(), rel=1e-12)
    assert found.mc_error < 0.02 * expected
    assert_agrees(found.value, found.mc_error, expected)
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(1.1 * found.value, found.mc_error, expected)


def test_some_go_backwards() -> None:
    events = mcgen.generate(collisions("exact", 1.5, 0.5))
    assert 0.0 < events.weight[events.boson_pz < 0.0].sum() < 0.1 * events.weight.sum()


def test_there_is_no_way_and_no_decay() -> None:
    events = mcgen.generate(collisions("exact", 100.0, 0.05, run={"events": 500}))
    assert np.all(events.emitter_e == events.parent_e)
    assert np.all(events.emission_z == events.parent_vz)
    for name in (
        "path_in",
        "path_out",
        "decay_path",
        "decay_length",
        "decay_x",
        "decay_z",
        "decay_t",
        "d1_e",
        "d2_px",
    ):
        assert np.isnan(events[name]).all(), name
    for name in ("x", "theta", "t", "recoil_e", "nucleus_pz", "boson_e", "weight"):
        assert np.isfinite(events[name]).all(), name
    assert np.all(events.p_decay == 1.0)
    for name in ("channel", "d1_pdg", "d2_pdg", "failed"):
        assert np.all(events[name] == 0), name
    assert np.all(events.accepted)


def test_a_boson_without_open_channel_can_be_made() -> None:
    vector = {"particle": "vector", "mass_gev": 0.1}
    card = collisions("exact", 100.0, 0.05).replace(model=vector)
    assert not card.model.open_channels()
    with pytest.raises(CardError, match="no open channel"):
        card.replace(experiment={"exposure": {"kind": "mot"}})


@pytest.mark.parametrize(
    ("experiment", "message"),
    [
        ({"plane": [{"name": "p", "z_m": 3.0, "shape": "circle", "radius_m": 1.0}]}, "nothing for planes"),
        ({"selection": [{"channels": ["ee"]}]}, "nothing for planes, magnets and selections"),
        ({"exposure": {"kind": "pot"}}, 'must be "mot"'),
    ],
)
def test_what_makes_no_sense_is_refused(experiment: dict[str, Any], message: str) -> None:
    with pytest.raises(CardError, match=message):
        collisions("exact", 100.0, 0.05, experiment=experiment)
