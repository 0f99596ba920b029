"""Scalars, pseudoscalars and vectors by all three methods: yields against quadrature.

A muon beam on a block, a decay volume without sides: the yield is the integral of the cross-section times the
probability to decay between two planes, which depends on the boson's energy and angle, over depth.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import pytest

import mcgen
from mcgen.card import Card
from mcgen.constants import GEV2_TO_M2, MUON_MASS
from mcgen.errors import CardError
from mcgen.events import Events
from mcgen.physics.kinds import Kind
from mcgen.physics.kinematics import momentum_of
from mcgen.physics.models import CHANNELS, Boson, Channel
from mcgen.sources.bremsstrahlung.methods import METHODS
from mcgen.types import Array
from tests.oracle.angular import Nodes, integral
from tests.oracle.beams import EXPOSURE, beam_card, muons, radiation
from tests.oracle.stats import assert_agrees, generator, seed_of

KINDS: tuple[Kind, ...] = ("scalar", "pseudoscalar", "vector")

POINTS = 80_000

PRECISION = 0.005
"""Largest relative integration error that a comparison may have."""

NODES = Nodes(32, 24, 36, 8)
DEPTHS = 3
"""Gauss nodes of the quadrature."""


@dataclass(frozen=True)
class Setup:
    """A muon [GeV], a boson, a block and a slab [m]; `decay_length` is that of half the muon's energy [m]."""

    energy: float
    mass: float
    kind: Kind
    model: str = "muonphilic"
    channels: tuple[Channel, ...] = ("mumu",)
    thickness: float = 1.0
    slab: tuple[float, float] = (10.0, 60.0)
    decay_length: float = 30.0


ENERGIES = {0.212: 20.0, 0.25: 30.0, 1.0: 60.0, 3.6: 120.0}
"""Boson mass just above the threshold to beyond the taus -> muon energy [GeV]."""

SETUPS = {
    f"{kind} of {mass:g} GeV": Setup(energy, mass, kind)
    for mass, energy in ENERGIES.items()
    for kind in KINDS
}

ALL_CHANNELS: tuple[Channel, ...] = ("ee", "mumu", "tautau", "gammagamma")

OTHERS = {
    # Two channels at once: near the muons' threshold photon pairs are not rare.
    "both channels": Setup(20.0, 0.212, "scalar", channels=ALL_CHANNELS),
    "neutrinos": Setup(30.0, 0.1, "vector", "lmu-ltau", ("nunu",)),
    "muons and neutrinos": Setup(30.0, 0.3, "vector", "lmu-ltau", ("mumu", "nunu")),
    # A boson at a large angle has a longer way to the volume, of a few decay lengths.
    "wide angles": Setup(1.0, 0.25, "scalar", thickness=0.1, slab=(200.0, 1e4), decay_length=25.0),
}


def coupling(setup: Setup) -> float:
    """Coupling that gives the setup's decay length at half the muon's energy."""
    unit = boson(setup, 1.0)
    gamma_beta = float(momentum_of(np.array(0.5 * setup.energy), setup.mass)) / setup.mass
    return float(np.sqrt(unit.ctau() * gamma_beta / setup.decay_length))


def boson(setup: Setup, g_mu: float) -> Boson:
    return card_of(setup, "exact", g_mu).model.boson()


def card_of(setup: Setup, method: str, g_mu: float, **run: object) -> Card:
    return beam_card(
        setup.energy,
        setup.mass,
        method,
        target={"material": "Cu", "z_m": [0.0, setup.thickness]},
        volume={"shape": "slab", "z_m": list(setup.slab)},
        model={"name": setup.model, "particle": setup.kind, "g_mu": g_mu, "channels": list(setup.channels)},
        run=run,
    )


# --- The two sides ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Found:
    """Yield of some events and its integration error."""

    value: float
    error: float


@cache
def generated(setup: Setup, method: str) -> Events:
    seed = seed_of("particles", setup, method)
    return mcgen.generate(
        card_of(
            setup,
            method,
            coupling(setup),
            events=POINTS,
            seed=seed,
            vegas={"pilot": 5000, "nitn": 8, "neval": 5000},
        )
    )


def found(setup: Setup, method: str, channel: Channel | None = None) -> Found:
    """Yield of a channel, or of all."""
    events = generated(setup, method)
    weight = events.weight
    if channel is not None:
        weight = weight[events.channel == CHANNELS.index(channel) + 1]
    value = float(np.sum(weight))
    error = np.sqrt((POINTS * np.sum(weight**2) - value**2) / (POINTS - 1))
    return Found(value, float(error))


@cache
def expected(
    setup: Setup, method: str, *, bent: bool = True, nodes: Nodes = NODES, depths: int = DEPTHS
) -> float:
    """Number of decays in the slab into all of the setup's channels.

    Parameters
    ----------
    bent : whether the way of a boson at an angle is longer than along the axis
    """
    g_mu = coupling(setup)
    card = card_of(setup, method, g_mu)
    (layer,) = card.dump().layers
    particle = card.model.boson()
    depth, weight = np.polynomial.legendre.leggauss(depths)
    depth, weight = 0.5 * setup.thickness * (1.0 + depth), 0.5 * setup.thickness * weight
    sigma = []
    for z, energy in zip(depth, layer.loss.energy_after(np.full(depths, setup.energy), depth), strict=True):

        def decay_probability(x: Array, c: Array, z: float = z, energy: float = energy) -> Array:
            length = momentum_of(x * energy, particle.mass) / particle.mass * particle.ctau()
            along = length * (1.0 - c if bent else np.ones_like(c))
            return between(setup.slab, z, along)

        nucleus = layer.material.nucleus
        sigma.append(
            integral(method, setup.kind, energy, setup.mass, nucleus, decay_probability, nodes=nodes)
        )
    branching = sum(particle.branching_ratios()[channel] for channel in setup.channels)
    scale = EXPOSURE * layer.material.number_density * GEV2_TO_M2 * g_mu**2 * branching
    return scale * float(weight @ sigma)


def between(slab: tuple[float, float], z: float, along: Array) -> Array:
    """Probability to decay in a slab, from a point at z [m]; `along` is the decay length along z [m]."""
    forward = along > 0.0
    along = np.where(forward, along, 1.0)
    first, last = (np.exp(-max(plane - z, 0.0) / along) for plane in slab)
    return np.where(forward, first - last, 0.0)


def assert_closes(result: Found, truth: float) -> None:
    assert result.error < PRECISION * truth
    assert_agrees(result.value, result.error, truth, nsigma=4.0)


# --- Agreement ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", SETUPS)
def test_yields_of_muon_pairs(name: str, method: str) -> None:
    setup = SETUPS[name]
    assert_closes(found(setup, method), expected(setup, method))
    events = generated(setup, method)
    assert np.all(events.channel == CHANNELS.index("mumu") + 1)
    assert np.all(events.boson_pdg == card_of(setup, method, 1e-6).model.boson().pdg)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", OTHERS)
def test_yields_of_others(name: str, method: str) -> None:
    setup = OTHERS[name]
    assert_closes(found(setup, method), expected(setup, method))


@pytest.mark.parametrize("name", ["both channels", "muons and neutrinos"])
def test_channels_share_by_their_branching_ratios(name: str) -> None:
    setup = OTHERS[name]
    ratios = boson(setup, coupling(setup)).branching_ratios()
    shares = {
        channel: ratio for channel, ratio in ratios.items() if channel in setup.channels and ratio > 0.0
    }
    assert len(shares) == 2
    truth = expected(setup, "exact")
    for channel, ratio in shares.items():
        own = found(setup, "exact", channel)
        assert_agrees(own.value, own.error, truth * ratio / sum(shares.values()))
        with pytest.raises(AssertionError, match="sigma"):
            assert_agrees(own.value, own.error, 1.2 * truth * ratio / sum(shares.values()))


@pytest.mark.parametrize("mass", [0.05, 0.2, 0.211])
def test_lmu_ltau_decays_to_neutrinos_only_below_the_muons(mass: float) -> None:
    setup = replace(OTHERS["neutrinos"], mass=mass)
    card = card_of(
        setup, "exact", 1e-6, events=2000, seed=seed_of("neutrinos", mass), vegas={"pilot": 5000, "nitn": 1}
    )
    events = mcgen.generate(card)
    assert card.model.open_channels() == {"nunu": 1.0}
    assert np.all(events.channel == CHANNELS.index("nunu") + 1)
    assert np.all(events.d1_pdg == 14)
    assert np.all(events.d2_pdg == -14)
    np.testing.assert_allclose(events.d1_e + events.d2_e, events.boson_e, rtol=1e-12)


@pytest.mark.parametrize("setup", [SETUPS["vector of 3.6 GeV"], OTHERS["wide angles"]])
def test_the_quadrature_has_converged(setup: Setup) -> None:
    ratio = expected(setup, "exact", nodes=Nodes(48, 32, 48, 10), depths=4) / expected(setup, "exact")
    assert abs(ratio - 1.0) < 0.1 * PRECISION


# --- Inclined muons -----------------------------------------------------------------------------------------

INCLINED = replace(
    SETUPS["scalar of 0.25 GeV"], energy=3.0, thickness=0.2, slab=(40.0, 90.0), decay_length=20.0
)

AZIMUTHS = np.pi * (np.arange(16) + 0.5) / 16


def yield_of_inclined(method: str, angle: float, points: int = 150_000) -> Found:
    """Yield of one muon at an angle to the axis, without training."""
    card = card_of(INCLINED, method, coupling(INCLINED))
    flux = muons(np.zeros((3, 1)), np.array([[np.sin(angle)], [0.0], [np.cos(angle)]]), np.array([3.0]))
    weight = radiation(card, generator("inclined", method, angle), points, flux).history.weight
    return Found(float(weight.mean()), float(weight.std() / np.sqrt(points)))


def expected_of_inclined(method: str, angle: float) -> float:
    g_mu = coupling(INCLINED)
    card = card_of(INCLINED, method, g_mu)
    (layer,) = card.dump().layers
    particle = card.model.boson()
    length = INCLINED.thickness / np.cos(angle)
    nodes, weights = np.polynomial.legendre.leggauss(DEPTHS)
    path, weight = 0.5 * length * (1.0 + nodes), 0.5 * length * weights
    sigma = []
    for way, energy in zip(path, layer.loss.energy_after(np.full(DEPTHS, 3.0), path), strict=True):

        def decay_probability(x: Array, c: Array, way: float = way, energy: float = energy) -> Array:
            boson_length = momentum_of(x * energy, particle.mass) / particle.mass * particle.ctau()
            sine = np.sqrt(c * (2.0 - c))
            z, cosine = way * np.cos(angle), (1.0 - c) * np.cos(angle)
            azimuths = [cosine + sine * np.sin(angle) * np.cos(azimuth) for azimuth in AZIMUTHS]
            mean = sum(between(INCLINED.slab, z, boson_length * one) for one in azimuths) / len(azimuths)
            return np.asarray(mean)

        nucleus = layer.material.nucleus
        sigma.append(
            integral(method, "scalar", energy, particle.mass, nucleus, decay_probability, nodes=NODES)
        )
    branching = particle.branching_ratios()["mumu"]
    scale = EXPOSURE * layer.material.number_density * GEV2_TO_M2 * g_mu**2 * branching
    return scale * float(weight @ sigma)


@pytest.mark.parametrize("angle", [0.8, 1.1])
@pytest.mark.parametrize("method", METHODS)
def test_yields_of_inclined_muons(method: str, angle: float) -> None:
    result, truth = yield_of_inclined(method, angle), expected_of_inclined(method, angle)
    assert result.error < 2.0 * PRECISION * truth
    assert_agrees(result.value, result.error, truth)
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(result.value, result.error, expected_of_inclined(method, angle + 0.1))


# --- Controls -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mass", ENERGIES)
@pytest.mark.parametrize("method", METHODS)
def test_another_particle_is_noticed(method: str, mass: float) -> None:
    truths = {kind: expected(SETUPS[f"{kind} of {mass:g} GeV"], method) for kind in KINDS}
    for kind in KINDS:
        # As if its cross-section were another's; their decay lengths are the same by construction.
        result = found(SETUPS[f"{kind} of {mass:g} GeV"], method)
        own = boson(SETUPS[f"{kind} of {mass:g} GeV"], 1.0).ctau()
        for other in KINDS:
            if other != kind:
                swapped = truths[other] * own / boson(SETUPS[f"{other} of {mass:g} GeV"], 1.0).ctau()
                noticed = not agrees(result, swapped)
                # Heavy spin-0 bosons of either parity are radiated alike.
                assert noticed or {kind, other} == {"scalar", "pseudoscalar"}


def agrees(result: Found, truth: float) -> bool:
    return abs(result.value - truth) < 4.0 * result.error


@pytest.mark.parametrize("by", [0.97, 1.03])
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", SETUPS)
def test_a_wrong_yield_is_noticed(name: str, method: str, by: float) -> None:
    setup = SETUPS[name]
    with pytest.raises(AssertionError, match="sigma"):
        assert_closes(found(setup, method), by * expected(setup, method))


WRONG: dict[str, Callable[[Setup], Setup]] = {
    "longer volume": lambda setup: replace(setup, slab=(setup.slab[0], 1.05 * setup.slab[1])),
    "later volume": lambda setup: replace(setup, slab=(1.2 * setup.slab[0], setup.slab[1])),
    "decay length": lambda setup: replace(setup, decay_length=1.1 * setup.decay_length),
    "energy": lambda setup: replace(setup, energy=1.1 * setup.energy, decay_length=1.1 * setup.decay_length),
}


@pytest.mark.parametrize("label", WRONG)
@pytest.mark.parametrize("method", METHODS)
def test_another_setup_is_noticed(method: str, label: str) -> None:
    setup = SETUPS["vector of 1 GeV"]
    with pytest.raises(AssertionError, match="sigma"):
        assert_closes(found(setup, method), expected(WRONG[label](setup), method))


@pytest.mark.parametrize("method", ["ww", "exact"])
def test_a_way_along_the_axis_is_noticed(method: str) -> None:
    setup = OTHERS["wide angles"]
    with pytest.raises(AssertionError, match="sigma"):
        assert_closes(found(setup, method), expected(setup, method, bent=False))


@pytest.mark.parametrize("method", ["ww", "exact"])
def test_a_volume_that_begins_inside_the_target_is_refused_or_right(method: str) -> None:
    setup = replace(SETUPS["scalar of 0.25 GeV"], slab=(0.5, 60.0))
    try:
        result = found(setup, method)
    except CardError:
        return
    assert_closes(result, expected(setup, method, depths=40))


def test_below_the_threshold_nothing_is_radiated() -> None:
    setup = Setup(3.6 + 0.9 * MUON_MASS, 3.6, "scalar")
    events = mcgen.generate(card_of(setup, "exact", 1e-6, events=200, seed=1))
    assert len(events) == 0
    assert events.outcome.yields["fiducial"].value == 0.0
    assert events.provenance.flux.left_out["below_min_energy"] == 1
