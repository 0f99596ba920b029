"""A flux that is made against the embedded one of the same dump, which another program made with the same generator."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcgen.card import flux_table
from mcgen.flux.census import Rate, census
from mcgen.flux.flux import load_flux
from mcgen.flux.make.settings import Settings
from mcgen.flux.make.slabs import DEEP, Slabs
from mcgen.physics.matter import material
from mcgen.run.flux import make_flux
from mcgen.run.parallel import Workers
from tests.oracle.stats import assert_agrees, seed_of

COMPARED = (5.0, 10.0, 20.0, 50.0)
"""Momenta above which the rates are compared [GeV]."""

ALLOWANCE = 0.05
"""Of the rate: the programs differ in what is known to differ."""


def rates(file: str) -> list[Rate]:
    """Rates above the momenta."""
    found = census(load_flux(flux_table({"file": file}))).above
    return [rate for rate in found if rate.low in COMPARED]


@pytest.mark.nightly
def test_molybdenum_is_the_embedded_sample(tmp_path: Path) -> None:
    pytest.importorskip("pythia8mc", reason="needs Pythia")
    dump = Slabs((material("Mo"),), (0.0, DEEP))
    target = tmp_path / "mo.root"
    settings = Settings(dump, 400.0, 8000, threshold=5.0, chunk=4000)
    make_flux(settings, target, seed=seed_of("molybdenum"), workers=Workers(2))
    for made, embedded in zip(rates(str(target)), rates("builtin:ship_mo"), strict=True):
        error = np.hypot(made.error, embedded.error)
        assert made.error < 0.04 * made.rate
        excess = max(abs(made.rate - embedded.rate) - ALLOWANCE * embedded.rate, 0.0)
        assert_agrees(excess, error, 0.0)
        with pytest.raises(AssertionError, match="sigma"):  # of three protons in four
            assert_agrees(abs(0.75 * made.rate - embedded.rate) - ALLOWANCE * embedded.rate, error, 0.0, 3.0)
