"""J/psi of the first collision."""

from __future__ import annotations

import numpy as np
import pytest

from mcgen.constants import MUON_MASS, PROTON_MASS
from mcgen.flux.make.charm import (
    JPSI_IN_WINDOW,
    MEAN_PT2,
    WINDOW,
    charm_per_collision,
    collision_energy,
    jpsi_rise,
    jpsi_rows,
)
from mcgen.physics.kinematics import on_shell
from tests.oracle.fluxmaking import alike
from tests.oracle.stats import assert_agrees, generator


def test_the_rate_in_the_window_is_the_measured_one() -> None:
    n, section = 100_000, 1.0e-28
    per = charm_per_collision(JPSI_IN_WINDOW, 96.0, np.full(n, section))
    assert per[0] == pytest.approx(1.18e-9 * 96.0 / 1.0)  # nb per nucleon, of one barn
    rows = jpsi_rows(alike(2212, PROTON_MASS, (0.0, 0.0, 400.0), n), per, 400.0, generator("J/psi"))
    half = len(rows) // 2
    total = on_shell(rows.momentum[:, :half], MUON_MASS) + on_shell(rows.momentum[:, half:], MUON_MASS)
    rapidity = np.arctanh(total[2] / total[3]) - np.arccosh(400.9382721 / collision_energy(400.0))
    inside = (rapidity > WINDOW[0]) & (rapidity < WINDOW[1])
    entries = np.zeros(n)
    entries[: len(inside)] = np.where(inside, rows.weight[:half], 0.0)
    assert_agrees(entries.mean(), entries.std() / np.sqrt(n), per[0])
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(entries.mean(), entries.std() / np.sqrt(n), 1.1 * per[0])
    pt2 = total[0] ** 2 + total[1] ** 2
    assert_agrees(
        pt2.mean(), pt2.std() / np.sqrt(half), MEAN_PT2, 20.0
    )  # fast ones have less, by phase space
    assert rows.pdg.sum() == 0
    assert set(rows.parent) == {443}


def test_there_is_less_at_lower_energies() -> None:
    assert jpsi_rise(400.0) == pytest.approx(1.0)
    assert jpsi_rise(120.0) == pytest.approx(0.27, abs=0.02)
    assert jpsi_rise(4.0) == 0.0
