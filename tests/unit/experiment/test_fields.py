"""Dumps with fields, gaps, vacuum, and layers with sides of their own: how far muons get, and where they are."""

from __future__ import annotations

import numpy as np
import pytest

from mcgen.constants import MUON_MASS
from mcgen.experiment.dump import Dump, Layer
from mcgen.experiment.sides import Sides
from mcgen.physics.energy_loss import ConstantLoss, EnergyLoss, NoLoss, TableLoss
from mcgen.physics.helix import RIGIDITY, bent
from mcgen.physics.kinematics import norm
from mcgen.physics.matter import material
from mcgen.types import Array
from tests.oracle.beams import course
from tests.oracle.stats import generator

FE, W, NOTHING = material("Fe"), material("W"), material("vacuum")
LOSSES: dict[str, EnergyLoss] = {"constant": ConstantLoss(1.14), "table": TableLoss(FE)}
FIELD = (0.0, 1.6)


def iron(z: tuple[float, float], field: tuple[float, float] = FIELD, sides: Sides | None = None) -> Layer:
    return Layer(z, FE, LOSSES["table"], field, sides or Sides())


def axial(n: int, z: float = 0.0) -> tuple[Array, Array]:
    return np.stack([np.zeros(n), np.zeros(n), np.full(n, z)]), np.stack(
        [np.zeros(n), np.zeros(n), np.ones(n)]
    )


def muons(n: int) -> tuple[Array, Array, Array, Array]:
    rng = generator("muons in fields")
    position = np.stack([*rng.uniform(-0.1, 0.1, (2, n)), rng.uniform(0.0, 0.5, n)])
    direction = np.stack([*rng.normal(0.0, 0.1, (2, n)), np.ones(n)])
    return position, direction / norm(direction), np.geomspace(1.0, 200.0, n), rng.choice([-1.0, 1.0], n)


# --- how far they get


def test_a_bent_way_ends_at_the_back() -> None:
    dump = Dump((iron((0.0, 3.0)),))
    position, direction, energy, charge = muons(500)
    fast = energy > 10.0
    legs = dump.legs(position, direction, energy, charge, 0.5)
    end = dump.travel((position, direction, energy), charge, legs, legs[0])
    np.testing.assert_allclose(end.position[2, fast], 3.0, rtol=0.0, atol=1e-10)
    straight = (3.0 - position[2]) / direction[2]
    assert np.abs(legs[0] / straight - 1.0)[fast].max() > 1e-3
    slow = end.position[2] < 2.9
    assert slow.sum() > 50
    np.testing.assert_allclose(end.energies[-1, slow], 0.5, rtol=1e-6)


@pytest.mark.parametrize("sides", [Sides(half_width=(0.12, 0.2)), Sides(radius=0.15)], ids=["box", "round"])
@pytest.mark.parametrize("own", [True, False], ids=["of the layer", "of all"])
def test_a_bent_way_ends_at_the_first_side(sides: Sides, own: bool) -> None:
    strong = (0.0, 8.0)
    dump = (
        Dump((iron((0.0, 3.0), strong, sides),))
        if own
        else Dump((iron((0.0, 1.0), strong), iron((1.0, 3.0), strong)), sides)
    )
    position, direction, energy, charge = muons(500)
    inside = dump.contains(position)
    position, direction, energy, charge = (a[..., inside] for a in (position, direction, energy, charge))
    legs = dump.legs(position, direction, energy, charge, 0.5)
    total = legs.sum(axis=0)
    # By brute force: the first of many points that is outside.
    share = np.linspace(0.0, 1.0, 400)[:-1]
    loss = LOSSES["table"]
    for step in share:
        where, _ = bent((position, direction, energy), charge, strong, loss, step * total)
        assert sides.contain(where * 0.999999).all()
    end, _ = bent((position, direction, energy), charge, strong, loss, total + 1e-5)
    left = ~sides.contain(end) | (end[2] > 3.0)
    assert left[energy > 20.0].all()
    assert (~sides.contain(end)).mean() > 0.2


def test_a_muon_that_turns_back_ends_there() -> None:
    # In vacuum, 1 GeV and 10 T make a circle of 0.33 m: less than the layer is long.
    dump = Dump((iron((0.0, 0.1)), Layer((0.1, 2.0), NOTHING, NoLoss(), (0.0, 10.0)), iron((2.0, 3.0))))
    position, direction = axial(2)
    legs = dump.legs(position, direction, np.array([1.2, 50.0]), -np.ones(2), 0.3)
    quarter = 0.5 * np.pi * (1.2 - 0.15) / (RIGIDITY * 10.0)
    assert 0.8 * quarter < legs[1, 0] < quarter
    assert legs[2].tolist() == [0.0, pytest.approx(1.1, abs=0.1)]


def test_muons_come_through_gaps_and_vacuum_and_emit_in_matter_only() -> None:
    gap = Dump((iron((0.0, 1.0), (0.0, 0.0)), iron((4.0, 5.0), (0.0, 0.0))))
    vacuum = Dump((gap.layers[0], Layer((1.0, 4.0), NOTHING, NoLoss()), gap.layers[1]))
    position, direction = axial(1)
    energy, charge = np.array([30.0]), -np.ones(1)
    for dump, last in ((gap, 1), (vacuum, 2)):
        legs = dump.legs(position, direction, energy, charge, 0.5)
        assert legs[:, 0].tolist() == [1.0, 3.0, 1.0]
        assert dump.emission_path(legs)[0] == 2.0
        for depth, z, layer in ((0.5, 0.5, 0), (0.999, 0.999, 0), (1.001, 4.001, last), (1.5, 4.5, last)):
            along = dump.travel((position, direction, energy), charge, legs, np.array([depth]))
            assert along.position[2, 0] == pytest.approx(z, abs=1e-12)
            assert along.path[0] == pytest.approx(z, abs=1e-12)
            assert along.layer[0] == layer
            loss = LOSSES["table"].energy_after(energy, depth)
            assert along.energies[-1, 0] == pytest.approx(loss[0], rel=1e-9)
            # An angle of scattering in front has a longer lever behind the gap.
            thick = Dump((iron((0.0, 2.0), (0.0, 0.0)),))
            moments = dump.scattering(along)
            whole = thick.scattering(course(thick, position, direction, energy, np.array([depth])))
            np.testing.assert_allclose(moments.angle, whole.angle, rtol=1e-5)
            assert moments.displacement[0] >= whole.displacement[0] * (1.0 - 1e-5)
            assert (moments.displacement[0] > 2.0 * whole.displacement[0]) == (depth > 1.0)


def test_gaps_are_not_layers() -> None:
    dump = Dump((iron((0.0, 1.0)), iron((2.0, 3.0))))
    assert [piece.z for piece in dump.pieces] == [(0.0, 1.0), (1.0, 2.0), (2.0, 3.0)]
    assert dump.pieces[1].material.is_vacuum
    assert dump.nuclei == (FE.nucleus,)
    three = Dump((iron((0.0, 1.0)), Layer((1.0, 2.0), W, ConstantLoss(2.2)), iron((2.0, 3.0))))
    assert three.nuclei == (FE.nucleus, W.nucleus)
    assert three.nucleus_numbers.tolist() == [0, 1, 0]


def test_who_comes_to_a_front_beside_the_material_ends_there() -> None:
    narrow = Sides(half_width=(0.2, 0.2))
    dump = Dump(
        (iron((0.0, 1.0), (0.0, 0.0)), iron((2.0, 3.0), (0.0, 0.0), narrow), iron((3.0, 4.0), (0.0, 0.0)))
    )
    position = np.array([[0.0, 0.3, 0.15], [0.0, 0.0, 0.0], [0.0, 0.0, 2.5]])
    direction = np.stack([np.array([0.0, 0.0, 0.2]), np.zeros(3), np.ones(3)])
    assert dump.contains(position).all()
    legs = dump.legs(position, direction / norm(direction), np.full(3, 50.0), np.ones(3), 0.5)
    assert legs[:, 1].tolist() == [1.0, 1.0, 0.0, 0.0]
    assert legs[2, 0] == pytest.approx(1.0, abs=1e-12)
    assert legs[3, 0] > 0.99
    # Out of a side 0.25 m further down; what is behind is not reached.
    assert legs[2, 2] == pytest.approx(0.25 * np.hypot(1.0, 0.2), rel=1e-9)
    assert legs[3, 2] == 0.0


# --- where they are


def test_layers_with_one_field_are_one_block() -> None:
    block = Dump((iron((0.0, 3.0)),))
    cut = Dump((iron((0.0, 0.7)), iron((0.7, 1.2)), iron((1.2, 3.0))))
    position, direction, energy, charge = muons(300)
    start = position, direction, energy
    legs = [dump.legs(*start, charge, 0.5) for dump in (block, cut)]
    np.testing.assert_allclose(legs[1].sum(axis=0), legs[0][0], rtol=0.0, atol=1e-6)
    depth = 0.8 * legs[0][0]
    one, two = (dump.travel(start, charge, leg, depth) for dump, leg in zip((block, cut), legs, strict=True))
    np.testing.assert_allclose(two.position, one.position, rtol=0.0, atol=1e-7)
    np.testing.assert_allclose(two.direction, one.direction, rtol=0.0, atol=1e-7)
    np.testing.assert_allclose(two.energies[-1], one.energies[-1], rtol=1e-8)
    angles = [dump.scattering(way).angle for dump, way in ((block, one), (cut, two))]
    np.testing.assert_allclose(angles[1], angles[0], rtol=1e-4)


def stepped(n: int, steps: int, field: tuple[float, float]) -> tuple[Array, Array]:
    """Muons of 20 GeV in 3 m of iron, scattered anew in each of many steps: position and direction (3, n)."""
    rng = generator("stepped")
    loss = LOSSES["constant"]
    position, direction = axial(n)
    energy, length = np.full(n, 20.0), 3.0 / steps
    per_length = 100.0 * FE.density / FE.radiation_length
    for _ in range(steps):
        position, direction = bent((position, direction, energy), np.ones(n), field, loss, np.full(n, length))
        energy = loss.energy_after(energy, length)
        beta_p = (energy**2 - MUON_MASS**2) / energy
        rms = 13.6e-3 / beta_p * np.sqrt(length * per_length)
        kick = rng.normal(size=(3, n)) * rms
        turned = direction + kick - direction * np.sum(kick * direction, axis=0)
        direction = turned / norm(turned)
    return position, direction


def test_scattering_in_a_field_is_what_stepping_finds() -> None:
    n = 20_000
    dump = Dump((Layer((0.0, 4.0), FE, LOSSES["constant"], FIELD),))
    start = *axial(1), np.array([20.0])
    legs = dump.legs(*start, np.ones(1), 0.5)
    along = dump.travel(start, np.ones(1), legs, np.array([3.0]))
    moments = dump.scattering(along)
    position, direction = stepped(n, 60, FIELD)
    across = np.cross([0.0, 1.0, 0.0], along.direction[:, 0])
    axes = {"bend": across, "field": np.array([0.0, 1.0, 0.0])}
    for name, axis in axes.items():
        angle, shift = axis @ direction, axis @ (position - along.position)
        # 2 %: steps, and the square of the bend of 0.08 rad; four times the statistical error of a standard deviation.
        assert np.std(angle) == pytest.approx(np.sqrt(moments.a0[0]), rel=0.025), name
        assert np.std(shift) == pytest.approx(np.sqrt(moments.a2[0]), rel=0.035), name
        assert np.corrcoef(angle, shift)[0, 1] == pytest.approx(moments.correlation[0], abs=0.02), name
        assert abs(np.mean(angle)) < 5.0 * np.std(angle) / np.sqrt(n) + 1e-4, name
    # Control: without the field they go elsewhere.
    _, straight = stepped(2000, 60, (0.0, 1e-9))
    assert abs(np.mean(across @ straight)) > 50.0 * np.std(across @ straight) / np.sqrt(2000)
