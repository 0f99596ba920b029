"""The table of the particles that can contribute: who is in it, in which order, and why the others are not."""

from __future__ import annotations

import numpy as np
import pytest

from mcgen.experiment.volumes import Volume
from mcgen.record.tables import Parent
from mcgen.sources.parents import direction_of, parent_table
from tests.oracle.beams import beam_card
from tests.oracle.stats import generator

VOLUME: Volume = beam_card(
    30.0, 0.1, target={"material": "Cu", "z_m": [0.0, 2.0]}, volume={"shape": "slab", "z_m": [20.0, 60.0]}
).experiment.decay_volume


def parents(n: int = 5000) -> Parent:
    """Muons of 1 to 100 GeV and all directions, every tenth of them of rate 0, every seventh at rest."""
    rng = generator("parents")
    momentum = rng.normal(size=(3, n)) * np.geomspace(1.0, 100.0, n)
    momentum[:, ::7] = 0.0
    rate = rng.uniform(0.1, 1.0, n)
    rate[::10] = 0.0
    energy = np.sqrt(np.sum(momentum**2, axis=0) + 0.01)
    row = 2 * np.arange(n)
    return Parent(
        row=row,
        group=row // 4,
        pdg=rng.choice([13, -13], n),
        rate=rate,
        position=rng.normal(size=(3, n)),
        momentum=np.concatenate([momentum, energy[None]]),
    )


def test_everybody_is_in_the_table_or_counted_once() -> None:
    everybody = parents()
    tests = {"slow": everybody.momentum[3] > 5.0, "backwards": everybody.momentum[2] > 0.0}
    table = parent_table(everybody, VOLUME, tests)
    no_rate, slow, backwards = everybody.rate == 0.0, ~tests["slow"], ~tests["backwards"]
    assert table.left_out == {
        "zero_rate": no_rate.sum(),
        "slow": (slow & ~no_rate).sum(),
        "backwards": (backwards & ~slow & ~no_rate).sum(),
    }
    assert min(table.left_out.values()) > 0
    kept = ~(no_rate | slow | backwards)
    np.testing.assert_array_equal(np.sort(table.parent.row), everybody.row[kept])
    assert len(table) + sum(table.left_out.values()) == len(everybody)


def test_rows_stay_together() -> None:
    everybody = parents()
    table = parent_table(everybody, VOLUME, {})
    original = everybody.take(table.parent.row // 2)
    for name in ("group", "pdg", "rate", "position", "momentum"):
        np.testing.assert_array_equal(getattr(table.parent, name), getattr(original, name))
    some, direction = table.take(np.array([4, 0, 4]))
    np.testing.assert_array_equal(some.row, table.parent.row[[4, 0, 4]])
    np.testing.assert_array_equal(direction, table.direction[:, [4, 0, 4]])


def test_parents_are_in_the_order_of_cells_that_are_alike() -> None:
    table = parent_table(parents(), VOLUME, {})
    coarse, fine = table.cells
    assert np.all(np.diff(fine) >= 0)
    assert np.all(np.diff(coarse) >= 0)
    assert 1 < len(set(coarse)) < len(set(fine)) < len(table)
    for cell in set(coarse):
        energy = table.parent.momentum[3, coarse == cell]
        assert energy.max() <= 1.0001 * energy.min() * (
            table.parent.momentum[3].max() / table.parent.momentum[3].min()
        ) ** (1.0 / 16.0)


def test_directions_are_unit_vectors_and_0_at_rest() -> None:
    everybody = parents()
    direction = direction_of(everybody)
    moves = np.arange(len(everybody)) % 7 > 0
    np.testing.assert_allclose(np.linalg.norm(direction, axis=0), moves, rtol=1e-14)
    length = np.linalg.norm(everybody.momentum[:3], axis=0)
    np.testing.assert_allclose(direction * length, everybody.momentum[:3], rtol=1e-14)


@pytest.mark.parametrize("alike", [0, 1, 3])
def test_few_parents_and_equal_ones_make_a_table(alike: int) -> None:
    everybody = parents().take(np.full(alike, 1))
    table = parent_table(everybody, VOLUME, {})
    assert len(table) == alike
    assert [len(set(cell)) for cell in table.cells] == [min(alike, 1)] * 2
