"""The frozen proposal: choice of muons, VEGAS maps, importance, and its file."""

from __future__ import annotations

import io
import os
import pickle
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcgen.errors import ProposalError
from mcgen.sampler.proposal import (
    FLOOR,
    INCREMENTS,
    Component,
    ParentChoice,
    Proposal,
    adapted_grid,
    flat_grid,
    load_proposal,
    parent_importance,
)
from mcgen.types import Array, Ints

BELOW_ONE = float(np.nextafter(1.0, 0.0))

shares = st.lists(
    st.one_of(st.floats(0.0, 1.0), st.sampled_from([0.0, 1e-300, 1e-18, 1e-12])), min_size=1, max_size=12
).filter(lambda values: sum(values) > 1e-3)


def generator() -> np.random.Generator:
    return np.random.default_rng(int(os.environ.get("MCGEN_TEST_SEED", "1")))


def chooser(probability: list[float] | Array) -> ParentChoice:
    return ParentChoice.of(np.asarray(probability, dtype=np.float64))


def proposal() -> Proposal:
    rng = generator()
    curved = np.linspace(0.0, 1.0, INCREMENTS + 1) ** np.array([[1.0], [1.7], [0.6]])
    one = Component("one", "ee", 1.0 / 3.0, ParentChoice.of(np.array([0.2, 0.0, 0.3, 0.5])), flat_grid(3))
    two = Component("other", "gammagamma", 2.0 / 3.0, ParentChoice.of(rng.dirichlet(np.ones(40))), curved)
    return Proposal(dict.fromkeys(("one", "other"), ("parent", "x", "decay")), (one, two), "a key", 7)


# --- the choice of the parent


@given(shares)
def test_muons_are_chosen_with_their_probabilities(probability: list[float]) -> None:
    n = 2000
    u = (np.arange(n) + 0.5) / n
    place, density = chooser(probability).choose(u)
    np.testing.assert_allclose(density, (np.array(probability) / sum(probability))[place], rtol=1e-12)
    count = np.bincount(place, minlength=len(probability))
    assert len(count) == len(probability)
    # of a grid in u each interval holds its share of points to one
    expected = n * np.array(probability) / sum(probability)
    assert np.all(np.abs(count - expected) <= 1.0 + 1e-9)
    assert np.all(np.diff(place) >= 0)


@given(shares)
def test_muons_are_chosen_as_by_a_search(probability: list[float]) -> None:
    component = chooser(probability)
    edges = np.cumsum(component.dense())
    edges = edges / edges[-1]
    cells = np.arange(2 * len(edges) + 1) / (2 * len(edges))
    close = np.concatenate([edges, cells])
    u = np.concatenate([close, np.nextafter(close, 0.0), np.nextafter(close, 1.0), [0.0, BELOW_ONE]])
    u = u[u < 1.0]
    expected = np.searchsorted(edges, u, side="right")
    np.testing.assert_array_equal(component.choose(u)[0], expected)


@given(shares, st.floats(0.0, BELOW_ONE))
def test_impossible_muon_is_never_chosen(probability: list[float], u: float) -> None:
    place, _ = chooser(probability).choose(np.array([0.0, u, BELOW_ONE]))
    assert np.all(np.array(probability)[place] > 0.0)


def test_one_muon_is_always_chosen() -> None:
    assert chooser([0.3]).choose(np.array([0.0, 0.5, BELOW_ONE]))[0].tolist() == [0, 0, 0]


def test_many_muons_of_tiny_probability_are_all_reached() -> None:
    n = 10_000
    component = chooser(np.full(n, 1.0 / n))
    place, _ = component.choose((np.arange(n) + 0.5) / n)
    np.testing.assert_array_equal(place, np.arange(n))


def test_a_muon_that_dominates_leaves_the_others_their_places() -> None:
    component = chooser([1e-9, 1.0, 1e-9])
    assert component.choose(np.array([0.0, 2e-9, 0.5, 1.0 - 2e-9, BELOW_ONE]))[0].tolist() == [
        0,
        1,
        1,
        1,
        2,
    ]


# --- the map


@given(st.lists(st.floats(0.0, BELOW_ONE), min_size=6, max_size=6))
def test_flat_grid_changes_nothing(values: list[float]) -> None:
    u = np.array(values).reshape(3, 2)
    mapped, jacobian = Component("one", "ee", 1.0, chooser([1.0]), flat_grid(2)).map(u)
    np.testing.assert_allclose(mapped, u, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(jacobian, 1.0, rtol=1e-12)


def test_jacobian_is_the_slope_of_the_map() -> None:
    component = proposal().components[1]
    centres = (np.arange(INCREMENTS) + 0.5) / INCREMENTS
    u = np.stack([centres, centres[::-1], np.roll(centres, 17)], axis=1)
    mapped, jacobian = component.map(u)
    step = 1e-4 / INCREMENTS
    shifts = [component.map(u + step * axis)[0] - mapped for axis in np.eye(3)]
    # the map is a product of maps of one axis each
    slopes = np.stack([shift[:, i] for i, shift in enumerate(shifts)])
    np.testing.assert_allclose(jacobian, np.prod(slopes / step, axis=0), rtol=1e-7)
    for i, shift in enumerate(shifts):
        assert not np.delete(shift, i, axis=1).any()


def test_map_stays_in_the_cube_and_covers_it() -> None:
    component = proposal().components[1]
    mapped, jacobian = component.map(np.array([[0.0] * 3, [BELOW_ONE] * 3]))
    np.testing.assert_allclose(mapped, [[0.0] * 3, [1.0] * 3], rtol=1e-12)
    assert np.all(mapped <= 1.0)
    assert np.all(jacobian > 0.0)


def test_map_takes_points_that_are_not_contiguous() -> None:
    component = proposal().components[1]
    u = generator().random((4, 50)).T[:, :3]
    for one, other in zip(component.map(u), component.map(u.copy()), strict=True):
        np.testing.assert_array_equal(one, other)


def test_mapped_points_integrate_what_flat_ones_do() -> None:
    # integral of x^2 y over the cube
    component = replace(proposal().components[1], grid=proposal().components[1].grid[:2])
    n = 400
    nodes = (np.arange(n) + 0.5) / n
    u = np.stack(np.meshgrid(nodes, nodes), axis=-1).reshape(-1, 2)
    mapped, jacobian = component.map(u)
    assert float(np.mean(jacobian * mapped[:, 0] ** 2 * mapped[:, 1])) == pytest.approx(1.0 / 6.0, rel=1e-4)


# --- training


def peak(u: Array) -> Array:
    """Density with a ridge in either axis; its integral over the square is 1 to 1e-6."""
    x, y = u[:, 0], u[:, 1]
    density = np.exp(-0.5 * ((x - 0.3) / 0.03) ** 2 - 0.5 * ((y - 0.8) / 0.02) ** 2)
    value: Array = density / (2.0 * np.pi * 0.03 * 0.02)
    return value


def batches(count: int, size: int = 4000) -> Iterator[Array]:
    rng = generator()
    for _ in range(count):
        yield rng.random((size, 2))


def trained_on(
    integrand: Callable[[Array], Array], grid: Array, uniform: Iterable[Array]
) -> tuple[Array, float]:
    """Adapt a grid batch by batch, and return it with what the last batch says of the integrand."""
    size = 0.0
    for u in uniform:
        mapped, jacobian = Component("one", "ee", 1.0, chooser([1.0]), grid).map(u)
        grid, size = adapted_grid(grid, u, integrand(mapped) * jacobian)
    return grid, size


def test_training_lowers_the_variance_and_keeps_the_integral() -> None:
    grid, _ = trained_on(peak, flat_grid(2), batches(10))
    u = np.random.default_rng(generator().integers(2**31)).random((20_000, 2))
    component = Component("one", "ee", 1.0, chooser([1.0]), grid)
    mapped, jacobian = component.map(u)
    flat, trained = peak(u), peak(mapped) * jacobian
    assert trained.var() < 1e-2 * flat.var()
    assert abs(trained.mean() - 1.0) < 5.0 * trained.std() / np.sqrt(len(u))
    assert abs(flat.mean() - 1.0) < 5.0 * flat.std() / np.sqrt(len(u))


def test_trained_grid_still_covers_the_cube() -> None:
    grid, _ = trained_on(peak, flat_grid(2), batches(10))
    assert grid.shape == (2, INCREMENTS + 1)
    assert np.all(np.diff(grid) > 0.0)
    assert grid[:, 0].tolist() == [0.0, 0.0]
    assert grid[:, -1].tolist() == [1.0, 1.0]


def test_size_is_that_of_the_integrand_over_the_density() -> None:
    _, first = trained_on(peak, flat_grid(2), batches(1))
    (u,) = batches(1)
    assert first == pytest.approx(float(np.sqrt(np.mean(peak(u) ** 2))), rel=1e-12)
    _, last = trained_on(peak, flat_grid(2), batches(10))
    # sqrt(1 + variance) of a density that is nearly followed, and 1 at best
    assert 1.0 - 0.1 < last < 0.2 * first


def test_training_is_a_function_of_its_batches() -> None:
    one, other = (trained_on(peak, flat_grid(2), batches(3)) for _ in range(2))
    np.testing.assert_array_equal(one[0], other[0])
    assert one[1] == other[1]


def test_scale_of_the_integrand_does_not_matter() -> None:
    one, size = trained_on(peak, flat_grid(2), batches(3))
    other, small = trained_on(lambda u: 1e-20 * peak(u), flat_grid(2), batches(3))
    np.testing.assert_allclose(other, one, rtol=1e-9)
    assert small == pytest.approx(1e-20 * size, rel=1e-9, abs=0.0)


@pytest.mark.parametrize("count", [0, 3])
def test_nothing_to_learn_from_leaves_the_grid(count: int) -> None:
    start = proposal().components[1].grid[:2]
    grid, size = trained_on(lambda u: np.zeros(len(u)), start, batches(count))
    np.testing.assert_array_equal(grid, start)
    assert size == 0.0


# --- importance of the parents


def importance(rate: list[float], cell: list[int], seen: list[int], value: list[float]) -> Array:
    cells, places = np.array(cell, dtype=np.int64), np.array(seen, dtype=np.int64)
    return parent_importance(np.array(rate), [cells], places, np.array(value, dtype=np.float64))


@given(
    muons=st.lists(st.tuples(st.floats(1e-9, 1e3), st.integers(0, 4)), min_size=1, max_size=20),
    pilot=st.lists(st.tuples(st.integers(0, 19), st.floats(0.0, 1e6)), max_size=50),
)
def test_importance_is_a_probability_with_a_floor(
    muons: list[tuple[float, int]], pilot: list[tuple[int, float]]
) -> None:
    rate, cell = [r for r, _ in muons], [c for _, c in muons]
    found = importance(rate, cell, [place % len(muons) for place, _ in pilot], [v for _, v in pilot])
    assert float(found.sum()) == pytest.approx(1.0, rel=1e-12)
    by_rate = np.array(rate) / sum(rate)
    assert np.all(found >= FLOOR * by_rate * (1.0 - 1e-12))


@pytest.mark.parametrize(("seen", "value"), [([], []), ([0, 1, 2], [0.0, 0.0, 0.0])])
def test_without_a_yield_muons_go_by_rate(seen: list[int], value: list[float]) -> None:
    found = importance([1.0, 2.0, 5.0], [0, 0, 1], seen, value)
    np.testing.assert_allclose(found, [0.125, 0.25, 0.625], rtol=1e-14)


def test_muons_of_one_cell_and_one_yield_go_by_rate() -> None:
    rate = [1.0, 2.0, 5.0]
    found = importance(rate, [0, 0, 0], [0, 1, 2], [3.0, 3.0, 3.0])
    np.testing.assert_allclose(found, np.array(rate) / 8.0, rtol=1e-14)


def test_well_known_muons_go_by_rate_and_root_mean_square() -> None:
    n = 1_000_000
    seen = np.repeat([0, 1], n)
    # E[v^2] = 4 of the first; of the second 1/4 of the points yield 8: 16
    value = np.concatenate([np.full(n, 2.0), np.where(np.arange(n) % 4 == 0, 8.0, 0.0)])
    found = parent_importance(np.array([3.0, 1.0]), [np.zeros(2, dtype=np.int64)], seen, value)
    ideal = np.array([3.0 * 2.0, 1.0 * 4.0]) / 10.0
    expected = (1.0 - FLOOR) * ideal + FLOOR * np.array([0.75, 0.25])
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_muon_that_the_pilot_missed_is_like_its_cell() -> None:
    # muons 0, 1 share a cell, of which 1 was never drawn; 2 is of another that yields nothing
    seen, value = [0] * 1000 + [2] * 1000, [4.0] * 1000 + [0.0] * 1000
    found = importance([1.0, 1.0, 1.0], [0, 0, 1], seen, value)
    assert 0.9 * found[0] < found[1] <= found[0]
    assert FLOOR / 3.0 < found[2] < 0.1 * found[1]


def test_muon_of_a_cell_that_the_pilot_hardly_saw_is_like_the_larger_group() -> None:
    # muons 0 to 9 make one large group; muon 9 is alone in its cell, and its one point yielded nothing
    rate, large, cell = np.ones(11), np.array([0] * 10 + [1]), np.array([0] * 9 + [1, 2])
    seen, value = np.array([*list(range(9)) * 200, 9]), np.array([4.0] * 1800 + [0.0])
    found = parent_importance(rate, [large, cell], seen, value)
    assert found[9] > 0.9 * found[0]
    # Control: with many points that yielded nothing it falls behind.
    many, nothing = np.append(seen, np.full(2000, 9)), np.append(value, np.zeros(2000))
    assert parent_importance(rate, [large, cell], many, nothing)[9] < 0.2 * found[0]


def test_importance_does_not_depend_on_the_order_of_the_muons() -> None:
    rng = generator()
    rate, cell = rng.random(30), rng.integers(0, 5, 30)
    seen, value = rng.integers(0, 30, 500), rng.exponential(1.0, 500)
    order: Ints = rng.permutation(30)
    place = np.argsort(order)
    found = parent_importance(rate[order], [cell[order]], place[seen], value)
    np.testing.assert_allclose(found, parent_importance(rate, [cell], seen, value)[order], rtol=1e-12)


# --- its file


def test_proposal_survives_its_file_bit_for_bit(tmp_path: Path) -> None:
    before = proposal()
    before.save(tmp_path / "p.npz")
    after = load_proposal(tmp_path / "p.npz")
    assert (after.axes, after.key, after.sha256) == (before.axes, before.key, before.sha256)
    for one, other in zip(after.components, before.components, strict=True):
        assert (one.source, one.channel, one.probability) == (other.source, other.channel, other.probability)
        assert one.grid.tobytes() == other.grid.tobytes()
        assert one.parents.dense().tobytes() == other.parents.dense().tobytes()
        u = generator().random((100, 3))
        for found, expected in zip(one.map(u), other.map(u), strict=True):
            np.testing.assert_array_equal(found, expected)
        np.testing.assert_array_equal(one.parents.choose(u[:, 0]), other.parents.choose(u[:, 0]))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["p.npz"]


def test_empty_proposal_survives_its_file(tmp_path: Path) -> None:
    before = Proposal({"one": ("parent",)}, (), "nothing", 7)
    before.save(tmp_path / "p.npz")
    assert load_proposal(tmp_path / "p.npz") == before


def changed(before: Proposal, what: str) -> Proposal:
    one, two = before.components
    grid, probability = two.grid.copy(), one.parents.probability.copy()
    grid[1, 50] = np.nextafter(grid[1, 50], 1.0)
    probability[0] = np.nextafter(probability[0], 1.0)
    return {
        "axes": replace(before, axes=dict.fromkeys(("one", "other"), ("parent", "decay", "x"))),
        "key": replace(before, key="another key"),
        "order": replace(before, components=(two, one)),
        "channel": replace(before, components=(replace(one, channel="mumu"), two)),
        "probability": replace(before, components=(replace(one, probability=0.3333333), two)),
        "source": replace(before, components=(replace(one, source="third"), two)),
        "parents": replace(
            before, components=(replace(one, parents=replace(one.parents, probability=probability)), two)
        ),
        "grid": replace(before, components=(one, replace(two, grid=grid))),
        "fewer": replace(before, components=(one,)),
    }[what]


@pytest.mark.parametrize(
    "what", ["axes", "key", "order", "source", "channel", "probability", "parents", "grid", "fewer"]
)
def test_digest_sees_everything_that_shapes_events(what: str) -> None:
    assert changed(proposal(), what).sha256 != proposal().sha256


def test_digest_depends_on_the_content_alone() -> None:
    assert proposal().sha256 == proposal().sha256


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("proposal") / "p.npz"
    proposal().save(path)
    return path.read_bytes()


def assert_refused_or_intact(path: Path, content: bytes) -> bool:
    """Whether the file is refused; if not, nothing that matters may be damaged."""
    path.write_bytes(content)
    try:
        found = load_proposal(path)
    except ProposalError:
        return True
    assert found.sha256 == proposal().sha256
    return False


def test_file_with_a_flipped_bit_is_refused(tmp_path: Path, saved: bytes) -> None:
    refused = 0
    places = range(0, len(saved), 13)
    for i, place in enumerate(places):
        damaged = bytearray(saved)
        damaged[place] ^= 1 << (i % 8)
        refused += assert_refused_or_intact(tmp_path / "p.npz", bytes(damaged))
    # time stamps and the like of the zip do not matter
    assert refused > 0.8 * len(places)


@pytest.mark.parametrize("share", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_truncated_file_is_refused(tmp_path: Path, saved: bytes, share: float) -> None:
    assert assert_refused_or_intact(tmp_path / "p.npz", saved[: int(share * len(saved))])


@pytest.mark.parametrize(
    "member", ["header.npy", "parent_probability_0.npy", "parent_place_1.npy", "grid_1.npy"]
)
def test_file_that_lacks_a_member_is_refused(tmp_path: Path, saved: bytes, member: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(saved)) as whole, zipfile.ZipFile(buffer, "w") as rest:
        for name in whole.namelist():
            if name != member:
                rest.writestr(name, whole.read(name))
    assert assert_refused_or_intact(tmp_path / "p.npz", buffer.getvalue())


def test_file_whose_numbers_were_changed_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    proposal().save(path)
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    arrays["grid_1"][0, 3] *= 1.0 + 1e-15
    np.savez_compressed(path, **arrays)
    with pytest.raises(ProposalError, match="damaged, its content does not match its digest"):
        load_proposal(path)


def npz(header: object, name: str = "header") -> bytes:
    arrays: dict[str, Any] = {name: np.array(header)}
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a proposal",
        pickle.dumps({"components": []}),
        npz("no json"),
        npz("[]"),
        npz('{"axes": []}'),
        npz('{"axes": [], "key": "k", "sha256": "", "components": [["one", "ee", 0.5]]}'),
        npz(np.array({"axes": []}, dtype=object)),
        npz(1.0, "other"),
    ],
    ids=["empty", "text", "pickle", "no json", "list", "incomplete", "types", "object", "no header"],
)
def test_what_is_no_proposal_is_refused(tmp_path: Path, content: bytes) -> None:
    assert assert_refused_or_intact(tmp_path / "p.npz", content)


def test_missing_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "p.npz"
    with pytest.raises(ProposalError, match="not a readable proposal") as caught:
        load_proposal(path)
    assert str(path) in str(caught.value)


def test_file_holds_no_pickle(saved: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(saved)) as file:
        for name in file.namelist():
            array = np.load(io.BytesIO(file.read(name)), allow_pickle=False)
            assert not array.dtype.hasobject
