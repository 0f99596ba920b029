"""Decays from a dump with a magnetised layer against nested quadrature along the closed form of the track."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import mcgen
from mcgen.metadata import Yield
from mcgen.physics.matter import material
from tests.oracle.beams import EXPOSURE, beam_card
from tests.oracle.bent import Magnetised, expected_bent_decays
from tests.oracle.quadrature import Block, Quadrature, Setup, Volume
from tests.oracle.stats import assert_agrees, seed_of

ENERGY, MASS, CTAU = 15.0, 0.15, 0.5
FIELD = (0.3, 1.6)
LAYERS = (("W", 0.0, 0.4, (0.0, 0.0)), ("Fe", 0.4, 3.0, FIELD))
# Muons of both charges point into it at first, then out of it, each to its side.
CENTRE, HALF, Z = (0.5, -0.1), (0.6, 0.3), (15.0, 20.0)


def layers(scale: float) -> tuple[Magnetised, ...]:
    """The dump, with its field times a factor."""
    result = []
    for name, front, back, field in LAYERS:
        m = material(name)
        block = Block(m.z, m.a, m.density, front, back, m.minimum_loss)
        result.append(Magnetised(block, (scale * field[0], scale * field[1])))
    return tuple(result)


@cache
def truth(charge: int, scale: float = 1.0) -> Quadrature:
    dump = layers(scale)
    setup = Setup((), dump[0].block, Volume("box", *Z, HALF, CENTRE), MASS, (0.0, 1e-3, 0.0))
    found = expected_bent_decays(setup, dump, charge, ENERGY, CTAU)
    return Quadrature(EXPOSURE * found.value, EXPOSURE * found.error)


@cache
def measured(charge: int) -> Yield:
    target = {
        "layer": [
            {"material": name, "z_m": [front, back], "field_t": list(field)}
            for name, front, back, field in LAYERS
        ]
    }
    volume = {"shape": "box", "z_m": list(Z), "half_width_m": list(HALF), "centre_m": list(CENTRE)}
    card = beam_card(
        ENERGY,
        MASS,
        "iww",
        target=target,
        volume=volume,
        model={"ctau_m": CTAU},
        production={"energy_loss": "constant"},
    ).replace(
        beam={"pdg": -13 * charge},
        run={
            "events": 100_000,
            "seed": seed_of("fields", charge),
            "vegas": {"pilot": 4000, "nitn": 5, "neval": 4000},
        },
    )
    return mcgen.generate(card).outcome.yields["fiducial"]


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("charge", "precision", "controls"),
    # Positive muons leave the volume's view at once, which the quadrature resolves less well: the sign is control enough.
    [(-1, 2e-3, (-1.0, 0.97, 1.03)), (1, 2e-2, (-1.0,))],
    ids=["negative", "positive"],
)
def test_decays_behind_a_magnetised_layer(charge: int, precision: float, controls: tuple[float, ...]) -> None:
    found, expected = measured(charge), truth(charge)
    assert expected.error < precision * expected.value
    assert found.mc_error < 3e-3 * found.value
    error = float(np.hypot(found.mc_error, expected.error))
    assert_agrees(found.value, error, expected.value)
    # Controls: the other sign, and 3 % of the field.
    for scale in controls:
        with pytest.raises(AssertionError, match="sigma from"):
            assert_agrees(found.value, error, truth(charge, scale).value)
