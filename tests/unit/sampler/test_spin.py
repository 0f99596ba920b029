"""Spin correlations in events: on for vectors of complete collisions, and nothing else is touched."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mcgen
from mcgen.card import Card
from mcgen.constants import mass_of
from mcgen.physics.bremsstrahlung.spin import polarisation
from mcgen.types import Array
from tests.oracle.cards import done
from tests.oracle.stats import assert_agrees, seed_of

ELECTRON = mass_of(11)


def card_of(particle: str = "vector", method: str = "exact", on: bool | None = None) -> Card:
    """A beam on copper, with everything in the decay volume written; nothing is trained."""
    production: dict[str, Any] = {"method": method}
    if on is not None:
        production["spin_correlations"] = on
    couplings = {"e": 2e-6, "mu": 2e-6, "tau": 0.0}
    return mcgen.load_card(
        {
            "model": {
                "name": "custom",
                "particle": particle,
                "mass_gev": 0.05,
                "couplings": couplings,
                "channels": ["ee"],
            },
            "production": production,
            "beam": {"energy_gev": 40.0},
            "experiment": {
                "name": "spin",
                "exposure": {"kind": "mot", "value": 1e12},
                "target": {"material": "Cu", "z_m": [0.0, 1.0]},
                "decay_volume": {"shape": "cylinder", "z_m": [20.0, 60.0], "radius_m": 1.0},
            },
            "run": {
                "events": 8000,
                "seed": seed_of("spin"),
                "vegas": {"pilot": 2000, "nitn": 0, "neval": 1000},
            },
        }
    )


def momentum(events: mcgen.Events, name: str) -> Array:
    return np.stack([events[f"{name}_{part}"] for part in ("px", "py", "pz", "e")])


@pytest.mark.parametrize(
    ("particle", "method"),
    [("scalar", "exact"), ("pseudoscalar", "exact"), ("vector", "ww"), ("vector", "iww")],
)
def test_all_else_is_as_without_it(particle: str, method: str) -> None:
    on, off = (mcgen.generate(card_of(particle, method, switch)) for switch in (True, False))
    for name in on.columns:
        np.testing.assert_array_equal(on[name], off[name], err_msg=name)


def test_weights_have_the_factor_and_the_yield_stays() -> None:
    on = mcgen.generate(card_of())  # it is the default
    muon, boson, recoil, nucleus = (momentum(on, name) for name in ("emitter", "boson", "recoil", "nucleus"))
    state = polarisation(muon, boson, recoil, nucleus, 0.05)
    factor = state.decay_weight(momentum(on, "d1"), momentum(on, "d2"), ELECTRON)
    assert factor.std() > 0.05
    # The same total: the factor has the mean 1 over the decay's angles.
    weight = on.weight / factor
    change, points = on.weight - weight, on.provenance.points
    error = np.sqrt(points * np.sum(change**2) - change.sum() ** 2) / np.sqrt(points)
    assert_agrees(float(change.sum()), float(error), 0.0)
    squared = weight * (factor * factor - 1.0)  # a factor that is counted twice
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(float(squared.sum()), float(error), 0.0)


def test_it_can_be_switched_off() -> None:
    yields = [mcgen.generate(card_of(on=switch)).outcome.yields["fiducial"] for switch in (True, False)]
    assert yields[0].value != yields[1].value


@pytest.mark.parametrize(
    ("method", "on", "said"),
    [
        ("exact", "true", "polarised after: bremsstrahlung"),
        ("exact", "false", "decay isotropically"),
        ("ww", "true", "decay isotropically"),
    ],
)
def test_check_says_what_applies(method: str, on: str, said: str) -> None:
    card = ("check", "muon-beam-na64_muonphilic_exact", "--set", "model.mass_gev=0.3")
    vector = ("--set", "model.particle=vector")
    production = ("--set", f"production.method={method}", "--set", f"production.spin_correlations={on}")
    assert said in " ".join(done(*card, *vector, *production).out.split())
    assert "vectors decay" not in done(*card, *production).out
