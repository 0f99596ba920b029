"""Nuclei that stand for others."""

from __future__ import annotations

import numpy as np
import pytest

from mcgen.flux.make.nuclei import CHARGES, mixture, mixture_of
from mcgen.physics.matter import MATERIALS, VACUUM, material


@pytest.mark.parametrize("mass_number", [1.0, 9.012, 55.845, 63.0, 95.95, 183.84, 208.0, 238.0])
def test_neighbours(mass_number: float) -> None:
    found = mixture(mass_number)
    assert found.light <= mass_number
    assert found.heavy > min(mass_number, 207.0)
    assert (1.0 - found.share) * np.log(found.light) + found.share * np.log(found.heavy) == pytest.approx(
        np.log(mass_number)
    )


def test_a_power_of_the_mass_number_is_interpolated_and_extrapolated_exactly() -> None:
    for mass_number in (10.5, 183.84, 238.0):
        sections = {a: np.array([40.0 * a**0.7]) for a in CHARGES}
        assert mixture(mass_number).cross_section(sections)[0] == pytest.approx(40.0 * mass_number**0.7)
    assert mixture(50.0).cross_section({40: np.zeros(1), 56: np.ones(1)})[0] == 0.0


def test_the_charge_of_a_mixture_is_that_of_the_material() -> None:
    for name in MATERIALS:
        if name == VACUUM:
            continue
        matter, found = material(name), mixture_of(material(name))
        share = min(found.share, 1.0)
        charge = (1.0 - share) * CHARGES[found.light] + share * CHARGES[found.heavy]
        assert charge / matter.z == pytest.approx(1.0, abs=0.05)
