"""The dump: who starts inside, where tracks end, and what energy is left."""

from __future__ import annotations

import os

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcgen.constants import MUON_MASS
from mcgen.experiment.dump import Dump, Layer
from mcgen.experiment.sides import Sides
from mcgen.experiment.target import LayerTable, TargetTable
from mcgen.physics.energy_loss import ConstantLoss, EnergyLoss, TableLoss
from mcgen.physics.kinematics import norm
from mcgen.physics.matter import material
from mcgen.physics.scattering import ScatteringMoments
from mcgen.types import Array, Ints
from tests.oracle.beams import course

CU, PB, C = material("Cu"), material("Pb"), material("C")
Z = (-0.5, 3.0)
LAYER = Layer(Z, CU, ConstantLoss(1.25))
UNLIMITED = Dump((LAYER,))
BOX = Dump((LAYER,), Sides(half_width=(0.3, 0.5)))
ROUND = Dump((LAYER,), Sides(radius=0.4))
SHAPES = {"unlimited": UNLIMITED, "box": BOX, "round": ROUND}

SANDWICH = Dump(
    (
        Layer((0.0, 0.4), C, ConstantLoss(0.4)),
        Layer((0.4, 0.5), PB, ConstantLoss(3.0)),
        Layer((0.5, 2.0), CU, ConstantLoss(1.25)),
    )
)
TABLES = Dump(
    (
        Layer((0.0, 0.4), C, TableLoss(C)),
        Layer((0.4, 1.0), PB, TableLoss(PB)),
        Layer((1.0, 2.0), CU, TableLoss(CU)),
    )
)
LAYERED = {"constant": SANDWICH, "table": TABLES}

slopes = st.floats(-0.5, 0.5)
starts = st.floats(0.0, 1.99)
energies = st.floats(0.11, 300.0)
least = st.floats(MUON_MASS, 5.0)


def points(*rows: tuple[float, float, float]) -> Array:
    return np.array(rows, dtype=np.float64).T


def unit(*rows: tuple[float, float, float]) -> Array:
    vectors = points(*rows)
    return vectors / norm(vectors)


def tracks(n: int) -> tuple[Array, Array]:
    """Forward rays from inside the box and the round dump."""
    rng = np.random.default_rng(int(os.environ.get("MCGEN_TEST_SEED", "1")))
    position = np.stack([*rng.uniform(-0.28, 0.28, (2, n)), rng.uniform(*Z, n)])
    direction = np.stack([*rng.normal(0.0, 0.3, (2, n)), np.ones(n)])
    direction[:2, rng.random(n) < 0.1] = 0.0
    return position, direction / norm(direction)


def emission_path(dump: Dump, position: Array, direction: Array, energy: Array, min_energy: float) -> Array:
    return dump.emission_path(dump.legs(position, direction, energy, -np.ones_like(energy), min_energy))


def path_to_exit(dump: Dump, position: Array, direction: Array) -> Array:
    return emission_path(dump, position, direction, np.full(position.shape[1], 900.0), 0.0)


def travel(dump: Dump, position: Array, direction: Array, energy: Array, path: Array) -> tuple[Array, Ints]:
    along = course(dump, position, direction, energy, path)
    return along.energies[-1], along.layer


def scattering(
    dump: Dump, position: Array, direction: Array, energy: Array, path: Array
) -> ScatteringMoments:
    return dump.scattering(course(dump, position, direction, energy, path))


# --- where the dump is


@pytest.mark.parametrize("name", SHAPES)
def test_dump_contains_its_faces_and_nothing_beyond(name: str) -> None:
    dump = SHAPES[name]
    assert dump.z == Z
    z = np.array([-0.51, -0.5, 1.0, 3.0, 3.01])
    position = np.stack([np.zeros(5), np.zeros(5), z])
    assert dump.contains(position).tolist() == [False, True, True, True, False]


def test_unlimited_dump_has_no_sides() -> None:
    assert UNLIMITED.contains(points((1e4, -1e4, 1.0))).tolist() == [True]


def test_box_has_flat_sides() -> None:
    inside = points((0.3, 0.5, 0.0), (-0.3, -0.5, 3.0), (0.29, -0.49, 1.0))
    outside = points((0.31, 0.0, 1.0), (0.0, -0.51, 1.0), (-0.31, 0.51, 1.0))
    assert BOX.contains(inside).all()
    assert not BOX.contains(outside).any()


def test_round_dump_has_a_radius() -> None:
    assert ROUND.contains(points((0.4, 0.0, 1.0), (0.0, -0.4, 1.0), (0.28, 0.28, 1.0))).all()
    assert not ROUND.contains(points((0.41, 0.0, 1.0), (0.3, 0.3, 1.0))).any()


def test_layers_span_from_the_first_to_the_last() -> None:
    assert SANDWICH.z == (0.0, 2.0)
    assert SANDWICH.contains(points((0.0, 0.0, 0.45), (0.0, 0.0, 2.0))).all()


@pytest.mark.parametrize("name", SHAPES)
def test_common_sides_do_not_depend_on_z(name: str) -> None:
    dump, (position, _) = SHAPES[name], tracks(50)
    position[:2] *= 3.0
    beyond = np.stack([*position[:2], position[2] + 100.0])
    np.testing.assert_array_equal(dump.within_sides(beyond), dump.contains(position))
    assert not dump.contains(beyond).any()


def test_target_has_the_half_widths_of_its_sides() -> None:
    block = TargetTable(material="Cu", z_m=Z)
    assert [block.half_width(axis) for axis in (0, 1)] == [np.inf, np.inf]
    box = block.model_copy(update={"half_width_m": (0.2, 0.3)})
    assert [box.half_width(axis) for axis in (0, 1)] == [0.2, 0.3]
    assert block.model_copy(update={"radius_m": 0.1}).half_width(1) == 0.1


def test_target_of_one_block_is_its_only_layer() -> None:
    block = TargetTable(material="Cu", z_m=Z)
    piece = LayerTable(material="Cu")
    assert block.layers == (block,)
    layers = (piece.model_copy(update={"z_m": (1.0, 2.0)}), piece.model_copy(update={"z_m": (2.0, 3.0)}))
    assert TargetTable(layer=layers).layers == layers
    assert (block.front, TargetTable(layer=layers).front) == (Z[0], 1.0)


# --- how far a track goes


@pytest.mark.parametrize("name", SHAPES)
def test_axial_track_leaves_through_the_back(name: str) -> None:
    position = points((0.1, -0.2, -0.5), (0.0, 0.0, 2.5), (0.0, 0.0, 3.0))
    path = path_to_exit(SHAPES[name], position, unit(*[(0, 0, 1)] * 3))
    assert path.tolist() == [3.5, 0.5, 0.0]


@pytest.mark.parametrize("name", SHAPES)
def test_track_ends_on_the_surface(name: str) -> None:
    dump, (position, direction) = SHAPES[name], tracks(3000)
    path = path_to_exit(dump, position, direction)
    assert np.all(path >= 0.0)
    for share in (1e-9, 0.3, 0.7, 1.0 - 1e-9):
        assert dump.contains(position + share * path * direction).all()
    beyond = position + (path + 1e-9) * direction
    assert not dump.contains(beyond).any()
    through_the_side = (beyond[2] < Z[1]).mean()
    assert through_the_side == 0.0 if name == "unlimited" else through_the_side > 0.1


def test_track_ends_at_a_side() -> None:
    out = unit((0.3, 0.0, 0.4))
    assert path_to_exit(BOX, points((0.0, 0.0, 0.0)), out)[0] == pytest.approx(0.5, rel=1e-14)
    assert path_to_exit(ROUND, points((-0.1, 0.0, 0.0)), out)[0] == pytest.approx(0.5 / 0.6, rel=1e-14)
    assert path_to_exit(UNLIMITED, points((0.0, 0.0, 0.0)), out)[0] == pytest.approx(3.75, rel=1e-14)


@given(st.floats(0.0, 2.0 * np.pi))
def test_track_along_the_surface_of_a_round_dump_does_not_end_before_it_begins(azimuth: float) -> None:
    position = points((0.4 * np.cos(azimuth), 0.4 * np.sin(azimuth), 0.0))
    if ROUND.contains(position)[0]:
        assert path_to_exit(ROUND, position, unit((0, 0, 1)))[0] >= 0.0


# --- how far a muon can emit


@pytest.mark.parametrize("name", SHAPES)
def test_fast_muon_can_emit_up_to_the_exit(name: str) -> None:
    position, direction = tracks(300)
    path = emission_path(SHAPES[name], position, direction, np.full(300, 50.0), 1.0)
    np.testing.assert_allclose(path, path_to_exit(SHAPES[name], position, direction), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", SHAPES)
def test_slow_muon_can_emit_until_its_energy_ends(name: str) -> None:
    position, direction = tracks(300)
    path = emission_path(SHAPES[name], position, direction, np.full(300, 2.5), 1.25)
    exit_path = path_to_exit(SHAPES[name], position, direction)
    np.testing.assert_allclose(path, np.minimum(exit_path, 1.0), rtol=1e-13, atol=1e-15)


def test_muon_below_the_least_energy_cannot_emit() -> None:
    position, direction = points((0, 0, 0), (0, 0, 0.45)), unit((0, 0, 1), (0, 0, 1))
    for dump in LAYERED.values():
        assert emission_path(dump, position, direction, np.full(2, 1.0), 1.5).tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("energy", "path"),
    [(3.1, 0.25), (3.16, 0.4), (3.31, 0.45), (3.46, 0.5), (3.71, 0.7), (5.335, 2.0), (9.0, 2.0)],
)
def test_path_through_layers_adds_up(energy: float, path: float) -> None:
    # 0.4 m of 0.4 GeV/m, 0.1 m of 3 GeV/m, 1.5 m of 1.25 GeV/m
    found = emission_path(SANDWICH, points((0, 0, 0)), unit((0, 0, 1)), np.array([energy]), 3.0)
    assert found[0] == pytest.approx(path, rel=1e-12)


@given(z=starts, sx=slopes, sy=slopes, energy=energies, min_energy=least)
@pytest.mark.parametrize("name", LAYERED)
def test_emission_ends_at_the_exit_or_at_the_least_energy(
    name: str, z: float, sx: float, sy: float, energy: float, min_energy: float
) -> None:
    dump, position, direction = LAYERED[name], points((0, 0, z)), unit((sx, sy, 1.0))
    start = np.array([energy])
    path = emission_path(dump, position, direction, start, min_energy)
    exit_path = path_to_exit(dump, position, direction)
    assert 0.0 <= path[0] <= exit_path[0] * (1.0 + 1e-12)
    if energy <= min_energy:
        assert path[0] == 0.0
        return
    left = travel(dump, position, direction, start, path)[0][0]
    if path[0] < exit_path[0] * (1.0 - 1e-9):
        # a muon counts as stopped below a kinetic energy of 1 MeV
        assert left == pytest.approx(min_energy, rel=1e-8, abs=1.1e-3 * (min_energy < MUON_MASS + 1e-3))
    else:
        assert left >= min_energy * (1.0 - 1e-8)


# --- what energy is left


@given(z=starts, sx=slopes, sy=slopes, energy=st.floats(10.0, 300.0), share=st.floats(0.0, 1.0))
@pytest.mark.parametrize("name", LAYERED)
def test_travel_is_what_stepping_finds(
    name: str, z: float, sx: float, sy: float, energy: float, share: float
) -> None:
    dump, direction = LAYERED[name], unit((sx, sy, 1.0))
    cosine = float(direction[2, 0])
    total = share * (2.0 - z) / cosine
    found, number = travel(dump, points((0, 0, z)), direction, np.array([energy]), np.array([total]))
    # one step a layer, with the loss of that layer
    left, at, end = np.array([energy]), z, z + cosine * total
    for layer in dump.layers:
        stop = min(max(layer.z[1], at), end)
        left = layer.loss.energy_after(left, (stop - at) / cosine)
        at = stop
    assert found[0] == pytest.approx(left[0], rel=1e-10)
    if all(abs(end - layer.z[0]) > 1e-12 for layer in dump.layers):
        low, high = dump.layers[int(number[0])].z
        assert low <= end <= high + 1e-12


def test_travel_of_constant_loss_is_the_sum_over_layers() -> None:
    path = np.array([0.0, 0.2, 0.4, 0.45, 0.5, 1.0, 2.0])
    position, direction = points(*[(0, 0, 0)] * 7), unit(*[(0, 0, 1)] * 7)
    energy, number = travel(SANDWICH, position, direction, np.full(7, 10.0), path)
    expected = 10.0 - np.array([0.0, 0.08, 0.16, 0.31, 0.46, 1.085, 2.335])
    np.testing.assert_allclose(energy, expected, rtol=1e-14)
    assert number.tolist() == [0, 0, 1, 1, 2, 2, 2]


@pytest.mark.parametrize("name", LAYERED)
@pytest.mark.parametrize("boundary", [0, 1])
def test_energy_is_continuous_where_layers_meet(name: str, boundary: int) -> None:
    dump = LAYERED[name]
    z = dump.layers[boundary].z[1]
    path = z + np.array([-1e-9, 1e-9])
    position, direction = points(*[(0, 0, 0)] * 2), unit(*[(0, 0, 1)] * 2)
    energy, number = travel(dump, position, direction, np.full(2, 20.0), path)
    assert number.tolist() == [boundary, boundary + 1]
    assert 0.0 < energy[0] - energy[1] < 1e-7


def test_muon_that_starts_in_a_later_layer_does_not_pay_for_the_first() -> None:
    energy, number = travel(SANDWICH, points((0, 0, 0.6)), unit((0, 0, 1)), np.array([10.0]), np.array([1.0]))
    assert energy[0] == pytest.approx(8.75, rel=1e-14)
    assert number[0] == 2


def test_travel_through_one_layer_is_its_loss() -> None:
    position, direction = tracks(200)
    path = path_to_exit(UNLIMITED, position, direction)
    energy, number = travel(UNLIMITED, position, direction, np.full(200, 30.0), 0.5 * path)
    np.testing.assert_allclose(energy, 30.0 - 0.625 * path, rtol=1e-13)
    assert not number.any()


@pytest.mark.parametrize("loss", [ConstantLoss(1.25), TableLoss(CU)], ids=["constant", "table"])
def test_layers_of_one_material_are_one_layer(loss: EnergyLoss) -> None:
    whole = Dump((Layer((0.0, 2.0), CU, loss),))
    parts = Dump(tuple(Layer(z, CU, loss) for z in ((0.0, 0.3), (0.3, 1.1), (1.1, 2.0))))
    position, direction = points((0, 0, 0.1), (0, 0, 0.5)), unit((0.1, 0, 1), (0, -0.2, 1))
    energy = np.array([8.0, 3.0])
    path, same = (emission_path(dump, position, direction, energy, 1.0) for dump in (parts, whole))
    np.testing.assert_allclose(path, same, rtol=1e-8)
    np.testing.assert_allclose(
        travel(parts, position, direction, energy, 0.9 * same)[0],
        travel(whole, position, direction, energy, 0.9 * same)[0],
        rtol=1e-8,
    )
    one, two = (scattering(dump, position, direction, energy, 0.9 * same) for dump in (whole, parts))
    np.testing.assert_allclose(two.angle, one.angle, rtol=1e-5)
    np.testing.assert_allclose(two.displacement, one.displacement, rtol=1e-5)
    np.testing.assert_allclose(two.correlation, one.correlation, rtol=1e-5)


def test_nuclei_are_those_of_the_layers() -> None:
    assert SANDWICH.nuclei == (C.nucleus, PB.nucleus, CU.nucleus)


def test_stopped_muon_rests() -> None:
    for dump in LAYERED.values():
        energy, _ = travel(dump, points((0, 0, 0)), unit((0, 0, 1)), np.array([0.5]), np.array([2.0]))
        assert energy[0] <= MUON_MASS + 1.001e-3  # below which a muon counts as stopped
