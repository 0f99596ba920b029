"""Weights of variations against runs of their own, at the varied setting and at the same points of the cube.

Events of the two runs at one point are much alike, so that their differences say how well the sums have to agree.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from math import sqrt
from typing import Any

import numpy as np
import pytest
import uproot

import mcgen
from mcgen.analysis.cross_sections import cross_sections
from mcgen.card import Card
from mcgen.flux.flux import Flux, flux_path
from mcgen.physics.formfactors import FORM_FACTORS, ChiTable, TransferTable
from mcgen.record.columns import Record
from mcgen.run.run import Run
from mcgen.sampler.process import Process, process_of
from mcgen.sampler.variations import Ratio
from mcgen.sources.bremsstrahlung import methods
from mcgen.types import Array, Ints
from tests.oracle.stats import generator

EVENTS = 16_000
SIGMAS = 4.0
G_MU = 1.1e-4
STEPS = [[0, 0.7], [100, 0.5]]
VARIATIONS: list[dict[str, Any]] = [
    {"name": "kaons", "kind": "flux", "parent": [321, 130], "factor": 0.75},
    {"name": "steps", "kind": "flux", "factors": STEPS},
    {"name": "helm", "kind": "form_factor", "model": "helm"},
    {"name": "pauli", "kind": "form_factor", "model": "pauli"},
    {"name": "stronger", "kind": "coupling", "g_mu": G_MU},
]


@cache
def run() -> Run:
    """Prepare a run with muons and mesons in a dump of two materials."""
    vegas = {"pilot": 4000, "nitn": 2, "neval": 4000}
    settings: dict[str, Any] = {"events": EVENTS, "chunk": EVENTS, "vegas": vegas}
    card = mcgen.load_card("na62-tax_leptophilic_exact")
    return Run.of(card.replace(model={"mass_gev": 0.03}, run=settings, variations=VARIATIONS))


@cache
def varied() -> Record:
    return run().chunk(0)


def at_points(record: Record, column: str = "weight") -> Array:
    """Weights of accepted events by their points of the cube; 0 where there is none."""
    weight = np.zeros(EVENTS)
    weight[record["event"]] = record[column] * record["accepted"]
    return weight


def own(process: Process) -> Array:
    return at_points(replace(run(), process=process).chunk(0))


def agrees(found: Array, expected: Array) -> bool:
    """Whether sums agree within the error of their difference, which is that of 1 % at most."""
    difference = found - expected
    error = sqrt(len(difference) * np.var(difference))
    sums_agree = abs(difference.sum()) <= max(SIGMAS * error, 1e-9 * expected.sum())
    return bool(sums_agree and error < 0.01 * expected.sum())


def assert_only_the_variation_agrees(name: str, expected: Array) -> None:
    assert agrees(at_points(varied(), f"weight_{name}"), expected)
    assert not agrees(at_points(varied()), expected), "the control: the weight itself"


def parents_in_file(flux: Flux) -> Ints:
    with uproot.open(flux_path(flux.file)) as file:
        parents: Ints = file["muons"]["parent"].array(library="np")
    return parents


def with_factors(flux: Flux, factor: Array) -> Process:
    return process_of(run().card, replace(flux, rate=flux.rate * factor))


def test_a_flux_by_parents() -> None:
    flux = run().flux
    factor = np.where(np.isin(parents_in_file(flux), (321, 130)), 0.75, 1.0)
    assert_only_the_variation_agrees("kaons", own(with_factors(flux, factor)))


def test_a_flux_by_momentum() -> None:
    flux = run().flux
    momentum = np.linalg.norm(flux.momentum, axis=0)
    factor = np.where(momentum >= 100.0, 0.5, 0.7)
    assert_only_the_variation_agrees("steps", own(with_factors(flux, factor)))


def test_another_coupling() -> None:
    assert_only_the_variation_agrees("stronger", own(process_of(run().card.at_coupling(G_MU), run().flux)))


@pytest.mark.parametrize("name", ["helm", "pauli"])
def test_another_form_factor(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    varied()  # with the form factor as it is, whichever test comes first
    monkeypatch.setattr(methods, "TransferTable", partial(TransferTable, g2=FORM_FACTORS[name]))
    assert_only_the_variation_agrees(name, own(process_of(run().card, run().flux)))


@cache
def slowed() -> Run:
    """Prepare a run in which muons lose the same everywhere, and half as much again otherwise."""
    card = mcgen.load_card("ship_leptophilic_exact")
    return Run.of(
        card.replace(
            production={"energy_loss": "constant"},
            run={"events": EVENTS, "chunk": EVENTS, "vegas": {"pilot": 4000, "nitn": 2, "neval": 4000}},
            variations=[{"name": "slower", "kind": "stopping_power", "factor": 1.5}],
        )
    )


def test_another_stopping_power() -> None:
    """Scattering, which a softer muon has more of, is left out: 0.3 % here, where muons lose half as much again."""
    run = slowed()
    other = 1.5 * run.card.dump().layers[0].material.minimum_loss
    card = run.card.replace(production={"stopping_power_gev_per_m": other})
    found = run.chunk(0)
    expected = at_points(replace(run, process=process_of(card, run.flux)).chunk(0))
    assert agrees(at_points(found, "weight_slower"), expected)
    assert not agrees(at_points(found), expected), "the control: the weight itself"


# --- Bare collisions, of one muon soft enough for the methods to differ

POINTS = 30_000


@dataclass(frozen=True)
class Collisions:
    """Points of the cube, evenly drawn, and the weights of their collisions [pb]."""

    weight: Array
    varied: dict[str, Array]


def collision_card(method: str, variations: list[dict[str, Any]]) -> Card:
    return mcgen.load_card(
        {
            "model": {"name": "muonphilic", "mass_gev": 0.3, "g_mu": 1e-3},
            "production": {"processes": ["bremsstrahlung"], "method": method, "min_energy_factor": 0.0},
            "beam": {"energy_gev": 3.0},
            "experiment": {
                "name": "collisions",
                "exposure": {"kind": "xsec", "value": 1.0},
                "target": {"material": "Cu", "z_m": [0.0, 1.0]},
                "decay_volume": {"shape": "slab", "z_m": [2.0, 3.0]},
            },
            "variations": variations,
        }
    )


def collide(card: Card, points: int = POINTS) -> Collisions:
    flux = mcgen.flux.flux.flux_of(card)
    process = process_of(card, flux)
    axes = process.axes("bremsstrahlung")
    coordinates = dict(zip(axes, generator("collisions").random((len(axes), points)), strict=True))
    history = process("bremsstrahlung", "none", np.zeros(points, dtype=np.int64), coordinates)

    def weight_of(ratio: Ratio) -> Array:
        return history.weight * ratio(history) / points

    return Collisions(
        history.weight / points, {name: weight_of(ratio) for name, ratio in process.variations.items()}
    )


def is_mean_of(weight: Array, sigma: float) -> bool:
    error = sqrt(len(weight) * np.var(weight))
    return abs(weight.sum() - sigma) < SIGMAS * error and error < 0.01 * sigma


def test_another_method() -> None:
    """The cross-sections of the methods are known from quadrature."""
    card = collision_card(
        "exact",
        [
            {"name": "angle", "kind": "method", "method": "ww"},
            {"name": "collinear", "kind": "method", "method": "iww"},
        ],
    )
    sigma = {found.method: found.sigma for found in cross_sections(card)}
    found = collide(card, 4 * POINTS)
    assert is_mean_of(found.weight, sigma["exact"])
    assert is_mean_of(found.varied["angle"], sigma["ww"])
    assert is_mean_of(found.varied["collinear"], sigma["iww"])
    assert not is_mean_of(found.weight, sigma["ww"]), "the control: the weight itself"
    assert not is_mean_of(found.varied["angle"], sigma["iww"])


@pytest.mark.parametrize(("method", "table"), [("ww", ChiTable), ("iww", ChiTable), ("exact", TransferTable)])
@pytest.mark.parametrize("name", list(FORM_FACTORS))
def test_another_form_factor_by_each_method(
    method: str, table: Callable[..., object], name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = collide(collision_card(method, [{"name": "other", "kind": "form_factor", "model": name}]))
    monkeypatch.setattr(methods, table.__name__, partial(table, g2=FORM_FACTORS[name]))
    expected = collide(collision_card(method, [])).weight
    assert agrees(found.varied["other"], expected)
    assert not agrees(found.weight, expected), "the control: the weight itself"
