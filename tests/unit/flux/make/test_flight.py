"""Hadrons in slabs: lengths, losses, and decays in competition with interactions, against closed forms and quadrature."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad

from mcgen.constants import MUON_MASS, mass_of
from mcgen.errors import UsageError
from mcgen.experiment.target import LayerTable, TargetTable
from mcgen.flux.make.flight import Flight, forced_decays, hadron_loss, losses_of
from mcgen.flux.make.particles import Particles
from mcgen.flux.make.slabs import Slabs
from mcgen.flux.make.species import CTAU
from mcgen.physics.matter import Material, bethe, material
from mcgen.types import Array
from tests.oracle.fluxmaking import alike
from tests.oracle.stats import assert_agrees, generator

PION = mass_of(211)
SLABS = Slabs((material("Cu"), material("C"), material("Fe")), (0.0, 0.2, 1.0, 1.5))


def uniform_rays(count: int, label: str) -> tuple[Array, Array]:
    rng = generator(label)
    return rng.uniform(0.0, 1.5, count), rng.choice([-1.0, 1.0], count) * rng.uniform(0.05, 1.0, count)


def test_lengths_in_slabs_add_up_to_the_way_out() -> None:
    z, cosine = uniform_rays(1000, "lengths")
    exit_ = np.where(cosine > 0.0, (1.5 - z) / cosine, -z / cosine)
    np.testing.assert_allclose(SLABS.lengths(z, cosine).sum(axis=1), exit_, rtol=1e-12)
    part = 0.3 * exit_
    np.testing.assert_allclose(SLABS.lengths(z, cosine, part).sum(axis=1), part, rtol=1e-12)


def test_the_first_path_has_the_depth() -> None:
    z, cosine = uniform_rays(1000, "depths")
    rates = np.array([7.0, 0.5, 4.0]) * generator("rates").uniform(0.5, 2.0, (1000, 3))
    whole = (rates * SLABS.lengths(z, cosine)).sum(axis=1)
    depth = 1.2 * whole * generator("depth").random(1000)
    path, slab, inside = SLABS.first(z, cosine, rates, depth)
    np.testing.assert_array_equal(inside, depth < whole)
    to_there = (rates * SLABS.lengths(z, cosine, path)).sum(axis=1)
    np.testing.assert_allclose(to_there[inside], depth[inside], rtol=1e-10)
    at = (z + path * cosine)[inside]
    edges = np.array(SLABS.edges)
    assert ((at >= edges[slab[inside]] - 1e-9) & (at <= edges[slab[inside] + 1] + 1e-9)).all()


def test_a_ray_across_does_not_leave_its_slab() -> None:
    path, slab, inside = SLABS.first(np.array([0.5]), np.array([0.0]), np.full((1, 3), 2.0), np.array([6.0]))
    assert (path[0], slab[0], inside[0]) == (pytest.approx(3.0), 1, True)


def test_hadrons_lose_what_muons_of_their_velocity_lose() -> None:
    gamma = np.array([3.0, 30.0, 300.0])
    copper = material("Cu")
    np.testing.assert_allclose(hadron_loss(copper, gamma), 0.896 * bethe(copper, MUON_MASS * gamma))
    own = Material("custom", 26.0, 55.845, 7.874)
    np.testing.assert_allclose(hadron_loss(own, gamma), hadron_loss(material("Fe"), gamma), rtol=1e-3)
    neutral = alike(130, mass_of(130), (0.0, 0.0, 5.0), 1)
    assert (losses_of(SLABS, neutral) == 0.0).all()
    charged = losses_of(SLABS, alike(-211, PION, (0.0, 0.0, 5.0), 1))[0]
    assert (charged > [1.2, 0.2, 1.1]).all()
    assert (charged < [1.9, 0.5, 1.6]).all()


@pytest.mark.parametrize("loss", [0.0, 1e-9, 1.5])
@pytest.mark.parametrize("direction", [1.0, -1.0])
def test_decays_on_the_way(loss: float, direction: float) -> None:
    losses = np.array([[loss, 0.3 * loss, 0.9 * loss]])
    flight = Flight(SLABS, alike(211, PION, (0.3, 0.0, direction * 4.0), 1, z=0.75), losses)
    path = 0.7
    energy = flight.particles.energy[0]

    def rate(at: float) -> float:
        lost = (losses * flight.lengths(np.array([at]))).sum()
        return float(PION / (CTAU[211] * np.sqrt((energy - lost) ** 2 - PION**2)))

    truth = quad(rate, 0.0, path, limit=500, epsrel=1e-11)[0]
    assert flight.decay_depth(np.array([path]))[0] == pytest.approx(truth, rel=1e-7)
    there, moving = flight.after(np.array([path]))
    assert moving[0]
    assert there.energy[0] == pytest.approx(energy - (losses * flight.lengths(np.array([path]))).sum())


def test_what_has_stopped_does_not_decay_later() -> None:
    flight = Flight(SLABS, alike(211, PION, (0.0, 0.0, 0.5), 1), np.full((1, 3), 2.0))
    assert flight.decay_depth(np.array([1.0]))[0] == np.inf
    assert not flight.after(np.array([1.0]))[1][0]


TWO = Slabs((material("Cu"), material("C")), (0.0, 0.3, 2.3))


def forced(rates: list[float], loss: float, count: int, z: float = 0.0) -> tuple[Array, Array, Particles]:
    """Weights, depths and particles of forced decays of slow kaons, in whose decay length the slabs are not short."""
    kaons = alike(321, mass_of(321), (0.0, 0.0, 1.5), count, z)
    table = np.repeat(np.array(rates)[None], count, axis=0)
    losses = np.repeat(np.array([[loss, 0.2 * loss]]), count, axis=0)
    found = forced_decays(TWO, kaons, table, losses, generator("forced", *rates, loss, z))
    return found.weight, found.particles.position[2], found.particles


def test_decay_or_interaction_in_two_slabs_is_the_closed_form() -> None:
    rates, free = [6.0, 1.5], mass_of(321) / (CTAU[321] * 1.5)
    weight, depth, _ = forced(rates, 0.0, 20_000)
    total = [rate + free for rate in rates]
    shares = [
        free / total[0] * -np.expm1(-0.3 * total[0]),
        np.exp(-0.3 * total[0]) * free / total[1] * -np.expm1(-2.0 * total[1]),
    ]
    for share, here in zip(shares, (depth < 0.3, depth >= 0.3), strict=True):
        entries = np.where(here, weight, 0.0)
        assert_agrees(entries.mean(), entries.std() / np.sqrt(len(entries)), share)
    wrong = np.exp(-0.3 * total[0]) * free / total[0]  # as of one material
    entries = np.where(depth >= 0.3, weight, 0.0)
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(entries.mean(), entries.std() / np.sqrt(len(entries)), wrong)


def test_decay_or_interaction_with_loss_is_the_quadrature() -> None:
    rates, loss, mass = [6.0, 1.5], 1.2, mass_of(321)
    weight, depth, there = forced(rates, loss, 20_000)
    start = np.hypot(mass, 1.5)

    def energy(z: float) -> float:
        return float(start - loss * min(z, 0.3) - 0.2 * loss * max(z - 0.3, 0.0))

    def decay_rate(z: float) -> float:
        return float(mass / (CTAU[321] * np.sqrt(energy(z) ** 2 - mass**2)))

    def density(z: float) -> float:
        depth = rates[0] * min(z, 0.3) + rates[1] * max(z - 0.3, 0.0)
        decays = quad(decay_rate, 0.0, z, points=[0.3] if z > 0.3 else None)[0]
        return float(decay_rate(z) * np.exp(-depth - decays))

    np.testing.assert_allclose(
        there.energy[weight > 0.0], np.vectorize(energy)(depth[weight > 0.0]), rtol=1e-9
    )
    truth = quad(density, 0.0, 0.3)[0] + quad(density, 0.3, 2.29)[0]
    assert_agrees(weight.mean(), weight.std() / np.sqrt(len(weight)), truth)
    flat = forced(rates, 0.0, 20_000)[0]
    with pytest.raises(AssertionError, match="sigma"):  # as without a loss
        assert_agrees(flat.mean(), flat.std() / np.sqrt(len(flat)), truth)


def test_the_weights_of_long_lived_particles_are_nearly_alike() -> None:
    pions = alike(211, PION, (0.0, 0.0, 50.0), 1000)
    found = forced_decays(TWO, pions, np.tile([6.0, 1.5], (1000, 1)), np.zeros((1000, 2)), generator("alike"))
    assert found.weight.max() < 6.5 / 1.5 * found.weight.min()
    assert found.weight.max() < 2.3 * PION / (CTAU[211] * 50.0)


@pytest.mark.parametrize(
    "behind", [{"material": "Fe", "z_m": (2.0, 3.0)}, {"material": "vacuum", "z_m": (1.0, 3.0)}]
)
def test_dumps_with_gaps_are_refused(behind: dict[str, Any]) -> None:
    front = LayerTable(material="W", z_m=(0.0, 1.0))
    with pytest.raises(UsageError, match=r"the dump has a (gap between layers|layer of vacuum), .*--layer"):
        Slabs.of(TargetTable(layer=(front, LayerTable(**behind))))
    assert len(Slabs.of(TargetTable(layer=(front,)))) == 1
