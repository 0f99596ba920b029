"""Daughters through planes and magnets, and the verdict."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcgen.experiment.detector import Detector
from mcgen.experiment.magnets import MagnetTable
from mcgen.experiment.planes import CirclePlane
from mcgen.experiment.selection import SelectionTable
from mcgen.physics.kinematics import norm, on_shell
from mcgen.physics.models import CHANNELS, Channel
from mcgen.record.tables import Daughters
from mcgen.types import Array
from tests.oracle.stats import generator


def vectors(*rows: tuple[float, float, float]) -> Array:
    return np.array(rows, dtype=np.float64).T


def circle(name: str = "p", z: float = 20.0, **keys: Any) -> CirclePlane:
    return CirclePlane(name=name, z_m=z, shape="circle", **{"radius_m": 1.0, **keys})


# --- flight through magnets


def magnet(name: str = "m", z: float = 30.0, kick: tuple[float, float] = (-0.27, 0.1)) -> MagnetTable:
    return MagnetTable(name=name, z_m=z, kick_gev=kick)


def pair(pdgs: tuple[int, int], first: Array, second: Array | None = None) -> Daughters:
    other = first if second is None else second
    return Daughters(pdgs, on_shell(first, 1e-3), on_shell(other, 1e-3), np.ones(first.shape[1]))


def straight(point: Array, momentum: Array, z: float) -> Array:
    place: Array = point[:2] + momentum[:2] / momentum[2] * (z - point[2])
    return place


PLANES = (circle("behind", 50.0), circle("before", 20.0), circle("between", 35.0))
POINTS = vectors((0.1, 0.2, 5.0), (-0.3, 0.0, 12.0), (0.0, 0.4, 19.0))
MOMENTA = vectors((0.3, -0.2, 20.0), (-0.5, 0.4, 7.0), (0.0, 0.0, 150.0))


def test_without_magnets_daughters_fly_straight() -> None:
    hits = Detector(PLANES, (), ()).trace(pair((13, -13), MOMENTA, -MOMENTA * [[1], [1], [-1]]), POINTS)
    assert list(hits) == ["behind", "before", "between"]
    for plane in PLANES:
        one, two = hits[plane.name]
        np.testing.assert_allclose(one, straight(POINTS, MOMENTA, plane.z_m), rtol=1e-13, atol=1e-15)
        other = -MOMENTA * [[1], [1], [-1]]
        np.testing.assert_allclose(two, straight(POINTS, other, plane.z_m), rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize(("pdg", "charge"), [(-11, 1), (11, -1), (-13, 1), (13, -1), (-15, 1), (15, -1)])
def test_kick_has_the_sign_of_the_charge_and_keeps_the_momentum(pdg: int, charge: int) -> None:
    kick = np.array([[-0.27], [0.1]])
    hits = Detector(PLANES, (magnet(),), ()).trace(pair((pdg, -pdg), MOMENTA), POINTS)
    for hit, sign in zip(zip(*hits.values(), strict=True), (charge, -charge), strict=True):
        behind, before, between = hit
        np.testing.assert_allclose(before, straight(POINTS, MOMENTA, 20.0), rtol=1e-13, atol=1e-15)
        at_magnet = straight(POINTS, MOMENTA, 30.0)
        for place, z in ((between, 35.0), (behind, 50.0)):
            slope = (place - at_magnet) / (z - 30.0)
            # of |p| = p sqrt(1 + slope^2)/sqrt(1 + slope^2)
            after = norm(MOMENTA) * slope / np.sqrt(1.0 + slope[0] ** 2 + slope[1] ** 2)
            np.testing.assert_allclose(after, MOMENTA[:2] + sign * kick, rtol=1e-11)


@pytest.mark.parametrize("pdg", [22, 14])
def test_neutrals_do_not_feel_the_magnet(pdg: int) -> None:
    daughters = pair((pdg, pdg), MOMENTA)
    with_magnet = Detector(PLANES, (magnet(),), ()).trace(daughters, POINTS)
    without = Detector(PLANES, (), ()).trace(daughters, POINTS)
    np.testing.assert_array_equal(list(with_magnet.values()), list(without.values()))


@pytest.mark.parametrize("z", [30.0, 30.1, 40.0])
def test_born_at_the_magnet_or_behind_is_not_kicked(z: float) -> None:
    point = POINTS.copy()
    point[2] = z
    hits = Detector(PLANES, (magnet(),), ()).trace(pair((11, -11), MOMENTA), point)
    np.testing.assert_allclose(hits["behind"][0], straight(point, MOMENTA, 50.0), rtol=1e-13, atol=1e-15)


def test_born_between_two_magnets_feels_the_second_alone() -> None:
    point = POINTS.copy()
    point[2] = [5.0, 32.0, 41.0]
    first, second = magnet("one", 30.0), magnet("two", 40.0, (0.5, 0.0))
    daughters = pair((11, -11), MOMENTA)
    both = Detector(PLANES, (second, first), ()).trace(daughters, point)["behind"][0]
    alone = Detector(PLANES, (second,), ()).trace(daughters, point)["behind"][0]
    none = Detector(PLANES, (), ()).trace(daughters, point)["behind"][0]
    np.testing.assert_allclose(both[:, 1:], alone[:, 1:], rtol=1e-13)
    np.testing.assert_allclose(both[:, 2], none[:, 2], rtol=1e-13)
    assert np.all(both[:, 0] != alone[:, 0])
    assert np.all(alone[0, 1] != none[0, 1])


def test_two_magnets_at_one_place_add_up() -> None:
    two = (magnet("one", kick=(0.1, 0.0)), magnet("two", kick=(0.2, -0.3)))
    daughters = pair((11, -11), MOMENTA)
    together = Detector(PLANES, two, ()).trace(daughters, POINTS)
    single = Detector(PLANES, (magnet(kick=(0.3, -0.3)),), ()).trace(daughters, POINTS)
    for plane in PLANES:
        np.testing.assert_allclose(together[plane.name], single[plane.name], rtol=1e-12)


def test_opposite_kicks_leave_a_displaced_parallel_track() -> None:
    planes = (circle("a", 60.0), circle("b", 61.0))
    magnets = (magnet("one", 30.0, (0.5, 0.0)), magnet("two", 40.0, (-0.5, 0.0)))
    hits = Detector(planes, magnets, ()).trace(pair((-11, 11), MOMENTA), POINTS)
    slope = hits["b"][0] - hits["a"][0]
    np.testing.assert_allclose(slope, MOMENTA[:2] / MOMENTA[2], rtol=1e-11, atol=1e-15)
    assert np.all(hits["a"][0][0] > straight(POINTS, MOMENTA, 60.0)[0])


def test_plane_at_or_before_the_vertex_sees_nothing() -> None:
    point = vectors((0.0, 0.0, 19.9), (0.0, 0.0, 20.0), (0.0, 0.0, 20.1))
    for pdg in (22, 11):
        hits = Detector(PLANES, (magnet(),), ()).trace(pair((pdg, pdg), MOMENTA), point)
        assert np.isnan(hits["before"][0]).tolist() == [[False, True, True]] * 2
        assert np.isfinite(hits["behind"][0]).all()


@pytest.mark.parametrize("pdg", [22, 11, -13])
@pytest.mark.parametrize("z", [5.0, 32.0])
@pytest.mark.parametrize("pz", [-3.0, 0.0, -0.0])
def test_daughter_that_flies_backwards_gets_nowhere(pdg: int, z: float, pz: float) -> None:
    momentum, point = vectors((0.1, 0.2, pz)), vectors((0.0, 0.0, z))
    magnets = (magnet("one", 30.0), magnet("two", 40.0))
    hits = Detector(PLANES, magnets, ()).trace(pair((pdg, pdg), momentum), point)
    for one, two in hits.values():
        assert np.isnan(one).all()
        assert np.isnan(two).all()


def test_daughter_that_a_magnet_turns_round_is_lost_from_there_on() -> None:
    momentum = vectors((0.0, 0.0, 0.25), (0.0, 0.0, 0.35))
    for magnets in ((magnet(kick=(-0.3, 0.0)),), (magnet(kick=(-0.3, 0.0)), magnet("two", 40.0, (0.3, 0.0)))):
        hits = Detector(PLANES, magnets, ()).trace(pair((-11, 11), momentum), POINTS[:, :2])
        for one in hits["behind"]:
            assert np.isnan(one).tolist() == [[True, False]] * 2
        for one in hits["before"]:
            assert np.isfinite(one).all()


def test_low_momentum_curls_only_as_far_as_its_momentum_allows() -> None:
    # px = 0.3 of |p| = 0.5: pz = 0.4 behind the magnet
    planes = (circle("a", 30.0), circle("b", 31.0))
    momentum, point = vectors((0.0, 0.0, 0.5)), vectors((0.0, 0.0, 0.0))
    hits = Detector(planes, (magnet(kick=(0.3, 0.0)),), ()).trace(pair((-11, 11), momentum), point)
    assert hits["a"][0][:, 0].tolist() == [0.0, 0.0]
    assert hits["b"][0][0, 0] == pytest.approx(0.75, rel=1e-14)
    assert hits["b"][1][0, 0] == pytest.approx(-0.75, rel=1e-14)


# --- requirements and verdict


def selection(*channels: Channel, **keys: Any) -> SelectionTable:
    return SelectionTable(channels=channels, **keys)


FULL = Detector(
    planes=(circle("s1", 20.0), circle("s2", 40.0), circle("lkr", 50.0, radius_m=1.5)),
    magnets=(),
    selections=(
        selection("ee", "mumu", name="tracks", planes=("s1", "lkr"), min_energy_gev=5.0),
        selection(
            *("gammagamma", "ee"),
            planes=("s2", "lkr"),
            min_energy_gev=1.0,
            min_energy_sum_gev=3.0,
            min_radius_m=0.15,
            min_separation_m=0.1,
            efficiency=0.75,
        ),
    ),
)


SEEN = {"efficiency": np.zeros(1)}
"""The coordinate of an event that no efficiency loses."""


def test_requirements_are_numbered_in_the_order_of_the_contract() -> None:
    assert [(r.code, r.bit, r.selection, r.name) for r in FULL.requirements] == [
        (1, 0, "", "a selection for the channel"),
        (2, 1, "tracks", "both in s1"),
        (3, 2, "tracks", "both in lkr"),
        (4, 3, "tracks", "each E >= 5 GeV"),
        (5, 4, "1", "both in s2"),
        (6, 5, "1", "both in lkr"),
        (7, 6, "1", "each E >= 1 GeV"),
        (8, 7, "1", "sum of E >= 3 GeV"),
        (9, 8, "1", "each r >= 0.15 m at lkr"),
        (10, 9, "1", "separation >= 0.1 m at lkr"),
        (11, 10, "1", "efficiency 0.75"),
    ]


def test_first_selection_that_names_the_channel_applies() -> None:
    assert [FULL.selection_for(c) for c in CHANNELS] == [0, 0, None, 1, None]


def test_verdict_takes_an_axis_for_an_efficiency_only() -> None:
    assert FULL.axes == ("efficiency",)
    assert Detector(FULL.planes, (), FULL.selections[:1]).axes == ()


def photons(*rows: tuple[float, float, float, float]) -> tuple[Daughters, Array]:
    """Pairs of photons from z = 0: x and E of each at lkr (z = 50), y = 0."""
    x1, e1, x2, e2 = np.array(rows, dtype=np.float64).T

    def towards(x: Array, energy: Array) -> Array:
        direction = np.stack([x, np.zeros_like(x), np.full_like(x, 50.0)])
        return np.concatenate([energy * direction / norm(direction), energy[None, :]])

    point = np.zeros((3, len(x1)))
    return Daughters((22, 22), towards(x1, e1), towards(x2, e2), np.ones(point.shape[1])), point


@pytest.mark.parametrize(
    ("event", "luck", "failed"),
    [
        ((0.5, 4.0, -0.5, 4.0), 0.5, []),
        ((1.4, 4.0, -0.5, 4.0), 0.5, [5]),
        ((-0.5, 4.0, 1.6, 4.0), 0.5, [5, 6]),
        ((0.5, 0.9, -0.5, 4.0), 0.5, [7]),
        ((0.5, 1.2, -0.5, 1.2), 0.5, [8]),
        ((0.5, 1.5, -0.5, 1.5), 0.5, []),
        ((0.5, 0.4, -0.5, 0.4), 0.5, [7, 8]),
        ((0.1, 4.0, -0.5, 4.0), 0.5, [9]),
        ((0.16, 4.0, -0.5, 4.0), 0.5, []),  # 0.128 m at s2
        ((0.5, 4.0, 0.41, 4.0), 0.5, [10]),
        ((0.5, 4.0, 0.39, 4.0), 0.5, []),  # 0.088 m at s2
        ((0.05, 4.0, -0.04, 4.0), 0.5, [9, 10]),
        ((0.5, 4.0, -0.5, 4.0), 0.75, [11]),
        ((0.5, 4.0, -0.5, 4.0), 0.7499, []),
        ((1.6, 0.1, 1.65, 0.1), 0.9, [5, 6, 7, 8, 10, 11]),
    ],
)
def test_every_failed_requirement_has_its_bit_and_the_first_its_code(
    event: tuple[float, float, float, float], luck: float, failed: list[int]
) -> None:
    verdict = FULL.judge("gammagamma", *photons(event), {"efficiency": np.array([luck])})
    assert int(verdict.failed_bits[0]) == sum(1 << (code - 1) for code in failed)
    assert verdict.failed.tolist() == [failed[0] if failed else 0]
    assert verdict.accepted.tolist() == [not failed]


@given(
    st.lists(
        st.tuples(*[st.floats(-2.0, 2.0), st.floats(0.1, 6.0)] * 2, st.floats(0.0, 1.0, exclude_max=True)),
        min_size=1,
        max_size=4,
    )
)
def test_verdict_of_many_events_is_that_of_each(rows: list[tuple[float, ...]]) -> None:
    events = [(x1, e1, x2, e2) for x1, e1, x2, e2, _ in rows]
    luck = np.array([row[-1] for row in rows])
    together = FULL.judge("gammagamma", *photons(*events), {"efficiency": luck})
    for i, event in enumerate(events):
        alone = FULL.judge("gammagamma", *photons(event), {"efficiency": luck[i : i + 1]})
        assert (together.failed[i], together.failed_bits[i]) == (alone.failed[0], alone.failed_bits[0])
        bits = int(together.failed_bits[i])
        # the code is that of the lowest bit
        assert together.failed[i] == (bits & -bits).bit_length()


# --- where accepted bosons point to


def test_narrowest_plane_is_one_that_the_selection_asks_for() -> None:
    far_from_all, close = (-1000.0, 19.0), (19.0, 19.5)
    assert FULL.narrowest_plane("ee", *far_from_all) is FULL.planes[0]
    assert FULL.narrowest_plane("ee", *close) is FULL.planes[2], "s1 is just ahead, and s2 is not asked for"
    assert FULL.narrowest_plane("gammagamma", *close) is FULL.planes[1]
    assert FULL.narrowest_plane("tautau", *close) is None
    without = Detector(FULL.planes, (), (selection("ee", name="no_planes"),))
    assert without.narrowest_plane("ee", *close) is None


def test_narrowest_plane_is_behind_the_entrance() -> None:
    assert FULL.narrowest_plane("ee", 20.0, 30.0) is FULL.planes[2], "s1 is where it is looked from"
    assert FULL.narrowest_plane("ee", 0.0, 50.0) is None


@pytest.mark.parametrize("pdgs", [(11, -11), (22, 22)])
def test_bosons_of_accepted_pairs_point_into_the_narrowest_plane(pdgs: tuple[int, int]) -> None:
    away = where_accepted_bosons_point(pdgs)
    # Magnets keep |p|, and not its component along the beam: the mean of both places moves by a bit.
    assert np.max(away) < 1.0 + 2e-3
    assert np.max(away) > 0.9, "no smaller circle will do"


def test_bosons_of_pairs_that_are_bent_to_the_same_side_may_point_beside_it() -> None:
    assert np.max(where_accepted_bosons_point((11, 11))) > 1.1


def where_accepted_bosons_point(pdgs: tuple[int, int], n: int = 100_000) -> Array:
    """Distance from the axis at the narrowest plane over its radius, of accepted bosons' straight lines."""
    detector = Detector(
        (circle("s1", 30.0), circle("s2", 45.0)),
        (magnet(z=20.0, kick=(0.5, 0.0)), magnet("m2", z=35.0)),
        (selection("ee", "gammagamma", planes=("s1", "s2")),),
    )
    rng = generator("narrowest", pdgs)
    point = np.stack([*rng.uniform(-1.0, 1.0, (2, n)), rng.uniform(0.0, 25.0, n)])
    p = rng.uniform(4.0, 40.0, (2, n))
    slopes = (rng.uniform(-1.5, 1.5, (2, 2, n)) - point[:2]) / (45.0 - point[2])
    one, two = (np.stack([p[i] * slopes[i, 0], p[i] * slopes[i, 1], p[i]]) for i in (0, 1))
    channel: Channel = "gammagamma" if pdgs == (22, 22) else "ee"
    accepted = detector.judge(channel, pair(pdgs, one, two), point, {}).accepted
    plane = detector.narrowest_plane(channel, -1.0, 0.0)
    assert plane is detector.planes[1]
    assert np.sum(accepted) > 1000
    x, y = straight(point, one + two, plane.z_m)[:, accepted]
    away: Array = np.hypot(x, y)
    return away


def test_channel_of_an_earlier_selection_has_that_ones_codes() -> None:
    electrons, point = photons((1.6, 4.0, -0.5, 6.0))
    verdict = FULL.judge(
        "ee", Daughters((11, -11), electrons.first, electrons.second, electrons.weight), point, SEEN
    )
    assert verdict.failed.tolist() == [3]
    assert verdict.failed_bits.tolist() == [0b1100]


def test_channel_that_no_selection_names_is_not_accepted() -> None:
    verdict = FULL.judge("tautau", *photons((0.5, 4.0, -0.5, 4.0)), SEEN)
    assert (verdict.failed.tolist(), verdict.failed_bits.tolist()) == ([1], [1])
    assert not verdict.accepted[0]


def test_without_selections_everything_is_accepted() -> None:
    detector = Detector(FULL.planes, (), ())
    assert [r.code for r in detector.requirements] == [1]
    for channel in CHANNELS:
        verdict = detector.judge(channel, *photons((99.0, 0.1, 99.0, 0.1)), {})
        assert (verdict.failed.tolist(), verdict.failed_bits.tolist()) == ([0], [0])
        assert verdict.accepted.all()
        assert set(verdict.hits) == {"s1", "s2", "lkr"}


def test_daughter_that_is_nowhere_fails_what_needs_its_place() -> None:
    daughters, point = photons((0.5, 4.0, -0.5, 4.0))
    point[2] = 60.0
    verdict = FULL.judge("gammagamma", daughters, point, SEEN)
    assert int(verdict.failed_bits[0]) == sum(1 << (code - 1) for code in (5, 6, 9, 10))


@pytest.mark.parametrize("efficiency", [0.0, 0.3, 1.0])
def test_efficiency_accepts_its_share(efficiency: float) -> None:
    n = 1000
    detector = Detector((), (), (selection("gammagamma", efficiency=efficiency),))
    luck = (np.arange(n) + 0.5) / n
    daughters, point = photons(*[(0.5, 4.0, -0.5, 4.0)] * n)
    verdict = detector.judge("gammagamma", daughters, point, {"efficiency": luck})
    assert verdict.accepted.sum() == round(efficiency * n)


def test_last_of_64_requirements_has_the_last_bit() -> None:
    planes = tuple(circle(f"p{i}", 20.0) for i in range(63))
    detector = Detector(planes, (), (selection("gammagamma", planes=tuple(p.name for p in planes)),))
    verdict = detector.judge("gammagamma", *photons((9.0, 4.0, 9.0, 4.0)), {})
    assert int(verdict.failed_bits[0]) == 2**64 - 2
    assert verdict.failed[0] == 2
