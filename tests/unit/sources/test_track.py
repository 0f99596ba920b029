"""The muon's way to the emission: straight or scattered, in one material or in layers, or none at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import solve_ivp

from mcgen.card import Card
from mcgen.constants import GEV2_TO_M2, GEV2_TO_PB, MUON_MASS
from mcgen.flux.flux import Flux
from mcgen.physics.kinematics import dot, transverse_frame
from mcgen.physics.matter import material, stopping_power
from mcgen.sampler.process import process_of
from mcgen.sources.aim import EveryDirection
from mcgen.sources.bremsstrahlung import Bremsstrahlung
from mcgen.sources.bremsstrahlung.track import AtProduction
from mcgen.types import Array
from tests.oracle.beams import Radiation, beam_card, course, muons, radiation, radiation_at
from tests.oracle.stats import generator, pull

SLAB = {"shape": "slab", "z_m": [20.0, 60.0]}
BLOCK = {"material": "Cu", "z_m": [0.0, 2.0]}


def card_of(target: dict[str, Any], **production: Any) -> Card:
    return beam_card(30.0, 0.1, target=target, volume=SLAB, production=production)


def layers(*pieces: tuple[str, float, float]) -> dict[str, Any]:
    return {"layer": [{"material": name, "z_m": [front, back]} for name, front, back in pieces]}


def some_muons(n: int = 40) -> Flux:
    """Muons of 2 to 100 GeV anywhere in the first part of a block, in all forward directions up to 1 rad."""
    rng = generator("muons of the tracks")
    position = np.stack([*rng.uniform(-0.1, 0.1, (2, n)), rng.uniform(0.0, 0.6, n)])
    angle, azimuth = rng.uniform(0.0, 1.0, n), rng.uniform(0.0, 2.0 * np.pi, n)
    angle[0] = 0.0
    direction = np.stack([np.sin(angle) * np.cos(azimuth), np.sin(angle) * np.sin(azimuth), np.cos(angle)])
    return muons(position, direction, np.geomspace(2.0, 100.0, n))


# --- Straight -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("energy_loss", ["constant", "table"])
def test_without_scattering_muons_fly_straight(energy_loss: str) -> None:
    card = card_of(BLOCK, energy_loss=energy_loss)
    told = radiation(card, generator("straight", energy_loss), 4000, some_muons())
    track, muon, direction, length = told.track, told.muon, told.direction, told.length
    np.testing.assert_array_equal(track.direction, direction)
    np.testing.assert_array_equal(track.position, muon.position + track.path * direction)
    assert np.all((track.path >= 0.0) & (track.path < length))
    (layer,) = told.dump.layers
    np.testing.assert_array_equal(track.energy, layer.loss.energy_after(muon.momentum[3], track.path))
    assert not any("scatter" in axis for axis in told.source.axes)
    # Nuclei per area along the track, over the density 1/length of points on it.
    expected = GEV2_TO_M2 * layer.material.number_density * length
    np.testing.assert_allclose(track.weight, expected, rtol=1e-15)
    # Up to the back, or to where the energy ends.
    depth = (2.0 - muon.position[2]) / direction[2]
    least = card.production.min_energy(0.1)
    np.testing.assert_allclose(
        length, np.minimum(depth, layer.loss.length_to(muon.momentum[3], least)), rtol=1e-12
    )


def test_a_side_ends_the_track() -> None:
    told = radiation(card_of({**BLOCK, "half_width_m": [0.11, 0.11]}), generator("side"), 4000, some_muons())
    assert np.all(told.dump.within_sides(told.track.position))
    assert np.min(told.length) < 0.1


# --- Scattered ----------------------------------------------------------------------------------------------


def scattered(energy_loss: str, path: float, n: int = 100_000) -> Radiation:
    """Tracks of one inclined muon to a given share of its length."""
    flux = muons(np.array([[0.0], [0.01], [0.1]]), np.array([[0.1], [-0.2], [1.0]]), np.array([8.0]))
    card = card_of(BLOCK, multiple_scattering=True, energy_loss=energy_loss)
    return radiation(card, generator("scattered", energy_loss, path), n, flux, depth=path)


@pytest.mark.parametrize("path", [0.1, 0.7, 1.0 - 2.0**-53])
@pytest.mark.parametrize("energy_loss", ["constant", "table"])
def test_scattering_has_its_moments(energy_loss: str, path: float) -> None:
    told = scattered(energy_loss, path)
    first = np.zeros(1, dtype=np.int64)
    track, (muon, direction), length = told.track, told.source.parents.take(first), told.length[:1]
    moments = told.dump.scattering(
        course(told.dump, muon.position, direction, muon.momentum[3], path * length)
    )
    straight = muon.position + path * length * direction
    angle_rms, shift_rms, correlation = (
        float(value[0]) for value in (moments.angle, moments.displacement, moments.correlation)
    )
    planes = []
    for axis in transverse_frame(direction):
        theta = np.arctan2(dot(track.direction, axis), dot(track.direction, direction))
        planes.append((theta, dot(track.position - straight, axis)))
    for theta, shift in planes:
        assert_moments(theta, shift, angle_rms, shift_rms, correlation)
        for wrong in ((1.03, 1.0, 1.0), (1.0, 1.03, 1.0), (1.0, 1.0, 0.97)):
            scaled = (np.array(wrong) * (angle_rms, shift_rms, correlation)).tolist()
            with pytest.raises(AssertionError):
                assert_moments(theta, shift, *scaled)
    (theta_1, shift_1), (theta_2, shift_2) = planes
    for product in (theta_1 * theta_2, theta_1 * shift_2, shift_1 * shift_2):
        assert abs(pull(product, 0.0)) < 5.0
    assert np.max(np.abs(dot(track.position - straight, direction))) < 1e-12
    np.testing.assert_allclose(np.linalg.norm(track.direction, axis=0), 1.0, rtol=1e-13)


def assert_moments(theta: Array, shift: Array, angle: float, displacement: float, correlation: float) -> None:
    """Require means of 0, and standard deviations and a correlation, within 5 of their errors."""
    for values, truth in (
        (theta, 0.0),
        (shift, 0.0),
        (theta**2, angle**2),
        (shift**2, displacement**2),
        (theta * shift, correlation * angle * displacement),
    ):
        assert abs(pull(values, truth)) < 5.0
    # Of the correlation itself, whose error is far smaller than that of the covariance.
    found = np.corrcoef(theta, shift)[0, 1]
    assert abs(found - correlation) < 5.0 * (1.0 - correlation**2) / np.sqrt(len(theta))


def test_scattering_changes_neither_energy_nor_rate() -> None:
    rng = np.random.default_rng(3)
    cards = [card_of(BLOCK, multiple_scattering=on) for on in (False, True)]
    off, on = (process_of(card, some_muons()) for card in cards)
    coordinates = {axis: rng.random(4000) for axis in on.axes(Bremsstrahlung.name)}
    off_, on_ = (
        radiation_at(process, card, coordinates).track for process, card in zip((off, on), cards, strict=True)
    )
    for name in ("path", "energy", "layer", "weight"):
        np.testing.assert_array_equal(getattr(off_, name), getattr(on_, name))
    assert np.all(np.any(off_.direction != on_.direction, axis=0))


def test_muons_scattered_out_of_a_side_do_not_emit() -> None:
    card = card_of({**BLOCK, "radius_m": 0.01}, multiple_scattering=True)
    told = radiation(card, generator("scattered out"), 20_000, depth=0.9)
    outside = ~told.dump.within_sides(told.track.position)
    assert 0.05 < np.mean(outside) < 0.95
    np.testing.assert_array_equal(told.track.weight == 0.0, outside)
    assert not np.any(told.history.weight[outside])


# --- Layers -------------------------------------------------------------------------------------------------

CUT = layers(("Cu", 0.0, 0.4), ("Cu", 0.4, 0.55), ("Cu", 0.55, 2.0))


def tables(told: Radiation) -> dict[str, Array]:
    """All numbers of some histories by their names."""
    history = told.history
    found: dict[str, Array] = {"weight": history.weight, "energy": told.track.energy}
    for table in ("production", "flight", "daughters"):
        part = getattr(history, table)
        names = part.__dataclass_fields__
        found |= {f"{table}.{name}": getattr(part, name) for name in names if name not in ("pdgs", "layer")}
    return found


@pytest.mark.parametrize(
    ("energy_loss", "tolerance"), [("constant", 1e-12), ("table", 1e-9)], ids=["constant", "table"]
)
@pytest.mark.parametrize("method", ["iww", "ww", "exact"])
def test_layers_of_one_material_are_one_block(method: str, energy_loss: str, tolerance: float) -> None:
    both = [
        radiation(
            card_of(target, energy_loss=energy_loss, method=method),
            np.random.default_rng(5),
            4000,
            some_muons(),
        )
        for target in (BLOCK, CUT)
    ]
    block, cut = (tables(one) for one in both)
    assert set(np.unique(both[1].track.layer)) == {0, 1, 2}
    for name, values in block.items():
        scale = np.max(np.abs(values), axis=-1, keepdims=True, initial=1e-300, where=np.isfinite(values))
        # Relative to the value itself for what keeps its digits, else to the largest.
        np.testing.assert_allclose(
            cut[name] / scale, values / scale, rtol=tolerance, atol=tolerance, err_msg=name
        )


def test_another_block_differs() -> None:
    longer = layers(("Cu", 0.0, 1.0), ("Cu", 1.0, 2.0 + 1e-8))
    one, other = (
        radiation(card_of(target), np.random.default_rng(5), 4000, some_muons()).history
        for target in (BLOCK, longer)
    )
    with pytest.raises(AssertionError, match="Not equal"):
        np.testing.assert_allclose(one.weight, other.weight, rtol=1e-12)


def test_layers_of_one_material_scatter_as_one_block() -> None:
    block, cut = (
        radiation(
            card_of(target, multiple_scattering=True), np.random.default_rng(6), 4000, some_muons()
        ).track
        for target in (BLOCK, CUT)
    )
    for name in ("position", "direction"):
        one, other = getattr(block, name), getattr(cut, name)
        np.testing.assert_allclose(one, other, rtol=0.0, atol=1e-4 * np.max(np.abs(one - one.mean())))


COPPER_IRON = layers(("Cu", 0.0, 0.7), ("Fe", 0.7, 2.0))


@pytest.mark.parametrize("energy_loss", ["constant", "table"])
def test_copper_and_iron(energy_loss: str) -> None:
    card = card_of(COPPER_IRON, energy_loss=energy_loss)
    told = radiation(card, generator("copper and iron", energy_loss), 4000, some_muons())
    copper, iron = told.dump.layers
    track, muon, direction, length = told.track, told.muon, told.direction, told.length
    in_copper = np.minimum(track.path, np.maximum(0.7 - muon.position[2], 0.0) / direction[2])
    at_boundary = copper.loss.energy_after(muon.momentum[3], in_copper)
    expected = iron.loss.energy_after(at_boundary, track.path - in_copper)
    np.testing.assert_allclose(track.energy, expected, rtol=1e-9)
    behind = track.position[2] > 0.7
    assert 0.1 < np.mean(behind) < 0.9
    np.testing.assert_array_equal(track.layer, behind.astype(np.int64))
    density = np.where(behind, iron.material.number_density, copper.material.number_density)
    np.testing.assert_allclose(track.weight, GEV2_TO_M2 * density * length, rtol=1e-13)
    # The nucleus is that of the layer: its mass is in the recoil's four-momentum.
    masses = np.array([nucleus.mass for nucleus in told.dump.nuclei])
    physical = told.history.weight > 0.0
    p, e = told.emission.nucleus[:3], told.emission.nucleus[3]
    assert physical.sum() > 1000
    np.testing.assert_allclose(
        (e**2 - dot(p, p))[physical], masses.take(track.layer)[physical] ** 2, rtol=1e-12
    )


@pytest.mark.parametrize("name", ["Be", "Cu", "Pb", "concrete"])
def test_table_is_the_integral_of_the_stopping_power(name: str) -> None:
    card = card_of({"material": name, "z_m": [0.0, 2.0]}, energy_loss="table")
    told = radiation(card, generator("table", name), 40, some_muons())
    matter = material(name)

    def slope(_: float, energy: Array) -> Array:
        return -0.1 * matter.density * stopping_power(matter, np.maximum(energy, MUON_MASS + 1e-3))

    for i in range(0, 40, 5):
        start = told.muon.momentum[3][i : i + 1]
        way = solve_ivp(slope, (0.0, told.track.path[i]), start, rtol=1e-9, atol=1e-12)
        assert told.track.energy[i] == pytest.approx(way.y[0, -1], rel=1e-6)
        # The control: 1 % more density.
        way = solve_ivp(slope, (0.0, 1.01 * told.track.path[i]), start, rtol=1e-9, atol=1e-12)
        if told.track.path[i] > 0.1:
            assert told.track.energy[i] != pytest.approx(way.y[0, -1], rel=1e-6)


def test_table_loses_more_than_the_minimum() -> None:
    tracks = {}
    for energy_loss in ("constant", "table"):
        card = card_of(BLOCK, energy_loss=energy_loss)
        # Thick enough for the tracks to end inside: the paths differ, then.
        tracks[energy_loss] = radiation(card, np.random.default_rng(8), 400, some_muons())
    for told in tracks.values():
        lost = told.muon.momentum[3] - told.track.energy
        per_metre = lost / np.maximum(told.track.path, 1e-12)
        assert np.all(per_metre > 0.99 * card_of(BLOCK).dump().layers[0].material.minimum_loss)
    through = tracks["table"].muon.momentum[3] > 20.0
    for name in ("path", "position", "direction"):
        one, other = (getattr(tracks[key].track, name)[..., through] for key in tracks)
        np.testing.assert_array_equal(one, other)
    more = tracks["constant"].track.energy[through] - tracks["table"].track.energy[through]
    long = tracks["table"].track.path[through] > 0.01
    assert np.all(more[long] > 0.1 * tracks["table"].track.path[through][long])


# --- Bare collisions ----------------------------------------------------------------------------------------


def test_in_bare_collisions_muons_stay_where_and_as_they_are() -> None:
    muon = some_muons().select([13])
    direction = generator("any direction").normal(size=(3, len(muon)))
    length = np.full(len(muon), 7.0)
    track = AtProduction()({}, muon, direction, length, EveryDirection(), lambda _, energy: energy)
    assert AtProduction.axes == ()
    np.testing.assert_array_equal(track.position, muon.position)
    np.testing.assert_array_equal(track.direction, direction)
    np.testing.assert_array_equal(track.energy, muon.momentum[3])
    np.testing.assert_array_equal(track.path, 0.0)
    np.testing.assert_array_equal(track.layer, 0)
    np.testing.assert_array_equal(track.weight, GEV2_TO_PB)
