"""A muon beam as rows of a flux, and the cards that have one."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import mcgen
from mcgen.card import Card
from mcgen.card.flux_tables import BeamTable
from mcgen.constants import MUON_MASS
from mcgen.errors import CardError
from mcgen.flux.flux import Flux, beam_flux, flux_of
from mcgen.types import Array
from tests.oracle.beams import EXPOSURE, beam_card, radiation
from tests.oracle.stats import generator, seed_of

WIDE = BeamTable(pdg=13, energy_gev=100.0, energy_spread=0.05, spot_m=0.02, divergence_rad=2e-3)

PRECISION = 1e-3
"""Integration error that the rows may have: `beam_flux` says that it is far below."""

SLAB = {"shape": "slab", "z_m": [10.0, 20.0]}


def energies(flux: Flux) -> Array:
    return np.asarray(np.sqrt(np.sum(flux.momentum**2, axis=0) + MUON_MASS**2))


def normals(flux: Flux, beam: BeamTable) -> Array:
    """What is normal in a beam, (5, n): energy, two angles, two positions, in their standard deviations."""
    px, py, pz = flux.momentum
    return np.stack(
        [
            (energies(flux) / beam.energy_gev - 1.0) / beam.energy_spread,
            np.arctan2(px, pz) / beam.divergence_rad,
            np.arctan2(py, pz) / beam.divergence_rad,
            flux.position[0] / beam.spot_m,
            flux.position[1] / beam.spot_m,
        ]
    )


@pytest.mark.parametrize("pdg", [13, -13])
@pytest.mark.parametrize("front", [0.0, -3.5])
def test_a_pencil_is_one_row(pdg: int, front: float) -> None:
    flux = beam_flux(BeamTable.model_validate({"pdg": pdg, "energy_gev": 15.0}), front)
    assert len(flux) == 1
    np.testing.assert_array_equal(flux.position, [[0.0], [0.0], [front]])
    np.testing.assert_array_equal(flux.momentum[:2], 0.0)
    assert energies(flux)[0] == pytest.approx(15.0, rel=1e-15)
    assert flux.rate.tolist() == [1.0]
    assert flux.pdg.tolist() == [pdg]
    assert not flux.sampled


def test_one_muon_in_all() -> None:
    flux = beam_flux(WIDE, 1.5)
    assert np.sum(flux.rate) == pytest.approx(1.0, rel=1e-12)
    assert np.all(flux.rate == flux.rate[0])
    assert np.all(flux.position[2] == 1.5)
    assert np.all(flux.pdg == 13)
    assert not flux.sampled


def test_a_beam_has_gaussian_moments() -> None:
    assert_moments(normals(beam_flux(WIDE, 0.0), WIDE))


def test_random_rows_would_not_do() -> None:
    with pytest.raises(AssertionError):
        assert_moments(generator("random rows").standard_normal((5, 4096)))


def assert_moments(z: Array) -> None:
    assert np.max(np.abs(z.mean(axis=1))) < PRECISION
    assert np.max(np.abs(z.var(axis=1) - 1.0)) < PRECISION
    assert np.max(np.abs((z**3).mean(axis=1))) < PRECISION
    # All between two coordinates at twice that: each pair is spread as evenly as each coordinate.
    correlations = z @ z.T / z.shape[1] - np.diag(np.mean(z * z, axis=1))
    assert np.max(np.abs(correlations)) < 2.0 * PRECISION


@pytest.mark.parametrize("distance", [0.0, 5.0, 30.0])
def test_a_beam_spreads_as_its_emittance_says(distance: float) -> None:
    flux = beam_flux(WIDE, 0.0)
    at = flux.position[:2] + distance * flux.momentum[:2] / flux.momentum[2]
    variance = WIDE.spot_m**2 + (distance * WIDE.divergence_rad) ** 2
    assert np.mean(at**2, axis=1) == pytest.approx(variance, rel=2.0 * PRECISION)
    # Of what is smooth in the position there, the mean is right too.
    smooth = np.exp(-np.sum(at**2, axis=0) / (2.0 * 4.0 * variance))
    assert np.mean(smooth) == pytest.approx(0.8, rel=PRECISION)


@pytest.mark.parametrize("radius", [1.5, 2.0])
def test_an_aperture_takes_its_part_of_the_beam(radius: float) -> None:
    # An edge across position and angle is what such a sequence does worst: 4096 rows were off by 7e-3.
    flux = beam_flux(WIDE, 0.0)
    found = []
    for distance in (0.0, 2.0, 5.0, 10.0, 20.0, 50.0):
        at = flux.position[:2] + distance * flux.momentum[:2] / flux.momentum[2]
        variance = WIDE.spot_m**2 + (distance * WIDE.divergence_rad) ** 2
        found.append(np.mean(np.sum(at**2, axis=0) < radius**2 * variance))
    np.testing.assert_allclose(found, -np.expm1(-0.5 * radius**2), rtol=PRECISION)


@pytest.mark.parametrize("key", ["energy_spread", "spot_m", "divergence_rad"])
def test_one_spread_alone(key: str) -> None:
    beam = BeamTable.model_validate({"energy_gev": 20.0, key: 0.01})
    flux = beam_flux(beam, 0.0)
    assert len(flux) > 1000
    varies = {
        "energy_spread": np.ptp(energies(flux)) > 1.0,
        "spot_m": np.ptp(flux.position[:2]) > 0.05,
        "divergence_rad": np.ptp(flux.momentum[:2]) > 1.0,
    }
    assert varies == {name: name == key for name in varies}


def test_no_muon_has_less_than_its_mass() -> None:
    flux = beam_flux(BeamTable(energy_gev=0.2, energy_spread=0.2), 0.0)
    assert np.all(np.isfinite(flux.momentum))
    assert np.all(energies(flux) >= MUON_MASS * (1.0 - 1e-15))
    assert np.all(flux.momentum[2] >= 0.0)


def test_different_beams_have_different_digests() -> None:
    others = [{"energy_gev": 101.0}, {"spot_m": 0.021}, {"divergence_rad": 1e-3}, {"energy_spread": 0.04}]
    digests = {beam_flux(WIDE.model_copy(update=change), 0.0).sha256 for change in [{}, *others]}
    digests.add(beam_flux(WIDE, 1.0).sha256)
    assert len(digests) == 6
    assert beam_flux(WIDE, 0.0).sha256 == beam_flux(WIDE, 0.0).sha256


# --- Cards --------------------------------------------------------------------------------------------------


def card_of(target: dict[str, Any] | None = None, **beam: float) -> Card:
    run = {"events": 3000, "seed": seed_of("beam"), "vegas": {"pilot": 5000, "nitn": 1, "neval": 1000}}
    card = beam_card(100.0, 0.1, target=target or {"material": "W", "z_m": [-0.2, 0.0]}, volume=SLAB, run=run)
    return card.replace(beam=beam)


def test_a_beam_meets_the_front_of_the_first_layer() -> None:
    layers = {"layer": [{"material": "W", "z_m": [-1.0, 0.0]}, {"material": "Cu", "z_m": [0.0, 1.0]}]}
    for card, front in ((card_of(), -0.2), (card_of(layers), -1.0)):
        assert flux_of(card).position[2].tolist() == [front]


def test_a_beam_may_start_in_the_centre_of_the_decay_volumes_entrance() -> None:
    # There it has no angle to that centre, by which muons are put together.
    target, volume = {"material": "W", "z_m": [0.0, 0.2]}, {"shape": "slab", "z_m": [0.0, 5.0]}
    card = beam_card(100.0, 0.1, "iww", target=target, volume=volume)
    told = radiation(card, generator("entrance"), 100)
    assert len(told.source.parents) == 1
    assert np.all(told.history.weight > 0.0)
    assert np.all(np.isfinite(told.history.weight))


def test_a_beam_has_no_flux_error() -> None:
    card = card_of(spot_m=0.01, divergence_rad=1e-3)
    events = mcgen.generate(card)
    stated = events.outcome.yields["fiducial"]
    assert stated.value > 0.0
    assert stated.mc_error > 0.0
    assert stated.flux_error == 0.0
    assert events.provenance.flux.sampled is False
    assert events.provenance.card.experiment.exposure.model_dump() == {"kind": "mot", "value": EXPOSURE}
    assert len(np.unique(events.parent_row)) > 500


def test_muons_beside_the_target_are_left_out_and_counted() -> None:
    target = {"material": "W", "z_m": [-0.2, 0.0], "radius_m": 0.01}
    events = mcgen.generate(card_of(target, spot_m=0.01))
    muons = events.provenance.flux
    assert muons.left_out["outside_dump"] + muons.used == muons.muons
    assert muons.used / muons.muons == pytest.approx(-np.expm1(-0.5), rel=5e-3)


def test_weights_of_a_beam_are_per_muon() -> None:
    raw = card_of().to_dict()
    raw["experiment"]["exposure"]["kind"] = "pot"
    with pytest.raises(CardError, match=r'exposure\.kind = "pot": must be "mot", a beam gives muons'):
        mcgen.load_card(raw)
    raw = mcgen.load_card("na62_muonphilic").to_dict()
    raw["experiment"]["exposure"]["kind"] = "mot"
    with pytest.raises(CardError, match=r'exposure\.kind = "mot": must be "pot"'):
        mcgen.load_card(raw)


@pytest.mark.parametrize("sources", [{}, {"flux": {"file": "builtin:na62_cu"}, "beam": {"energy_gev": 10.0}}])
def test_muons_come_from_one_place(sources: dict[str, Any]) -> None:
    raw = card_of().to_dict()
    del raw["beam"]
    with pytest.raises(CardError, match="flux, beam: exactly one of them"):
        mcgen.load_card({**raw, **sources})


@pytest.mark.parametrize(
    ("key", "value"),
    [("energy_gev", 0.1), ("energy_spread", -0.1), ("spot_m", 11.0), ("divergence_rad", 0.2), ("pdg", 11)],
)
def test_impossible_beams_are_refused(key: str, value: float) -> None:
    raw = card_of().to_dict()
    raw["beam"][key] = value
    with pytest.raises(CardError, match=rf"beam\.{key}"):
        mcgen.load_card(raw)
