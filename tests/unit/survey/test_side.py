"""The experiment from the side: outlines that are those of the detector, tracks that are those of the record."""

from __future__ import annotations

import numpy as np
import pytest

import mcgen
from mcgen.events import Events
from mcgen.experiment.detector import inside, path_through
from mcgen.experiment.tables import PlaneTable, VolumeTable
from mcgen.record.columns import columns_of
from mcgen.survey.side import (
    displays_of,
    plane_half_width,
    side_range,
    target_half_width,
    volume_half_widths,
    z_range,
)
from tests.oracle.stats import generator

CARDS = ("na62_leptophilic", "ship_leptophilic", "ship-ecn3_leptophilic_exact", "shadows_leptophilic_exact")
EXPERIMENTS = {name: mcgen.load_card(name).experiment for name in CARDS}
VOLUMES = [experiment.decay_volume for experiment in EXPERIMENTS.values()]
PLANES = {f"{e.name} {plane.name}": plane for e in EXPERIMENTS.values() for plane in e.plane}


@pytest.mark.parametrize("volume", VOLUMES, ids=lambda v: v.shape)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_volume_ends_where_rays_along_the_beam_miss_it(volume: VolumeTable, axis: int) -> None:
    at_entrance, at_exit = volume_half_widths(volume, axis)
    for half, z in ((at_entrance, volume.z_m[0]), (at_exit, volume.z_m[1])):
        start = np.zeros((3, 2))
        start[0], start[1] = volume.centre_m
        start[axis] += half * np.array([0.99, 1.01])
        start[2] = z
        across = np.zeros((3, 2))
        across[2] = 1.0 if z == volume.z_m[0] else -1.0
        first, last = path_through(volume, start, across)
        assert first[0] == 0.0
        assert last[0] > 0.0
        if at_entrance == at_exit:
            assert last[1] == 0.0


@pytest.mark.parametrize("plane", PLANES.values(), ids=PLANES)
@pytest.mark.parametrize("axis", [0, 1])
def test_a_plane_ends_where_the_detector_says(plane: PlaneTable, axis: int) -> None:
    points = np.zeros((2, 2))
    points[0], points[1] = plane.centre_m
    points[axis] += plane_half_width(plane, axis) * np.array([0.99, 1.01])
    assert inside(plane, points[0], points[1]).tolist() == [True, False]


def test_a_dump_without_sides_is_infinite() -> None:
    target = EXPERIMENTS["na62_leptophilic"].target
    assert target_half_width(target, 0) == np.inf
    assert target_half_width(target.model_copy(update={"half_width_m": (0.2, 0.3)}), 1) == 0.3
    assert target_half_width(target.model_copy(update={"radius_m": 0.1}), 1) == 0.1


@pytest.mark.parametrize("name", CARDS)
def test_everything_is_in_the_view(name: str) -> None:
    experiment = EXPERIMENTS[name]
    low, high = z_range(experiment)
    assert low < experiment.target.front
    assert high > max(element.z_m for element in (*experiment.plane, *experiment.magnet))
    for axis in (0, 1):
        low, high = side_range(experiment, axis, (np.nan, np.nan))
        assert low < 0.0 < high, "the axis of the beam"
        for plane in experiment.plane:
            assert low < plane.centre_m[axis] - plane_half_width(plane, axis)
            assert plane.centre_m[axis] + plane_half_width(plane, axis) < high


def test_without_sides_the_view_is_where_the_decays_are() -> None:
    beam = mcgen.load_card("muon-beam-m3_muonphilic_exact").experiment
    low, high = side_range(beam, 0, (-0.2, 0.3))
    assert -0.4 < low < -0.2
    assert 0.3 < high < 0.5


@pytest.fixture(scope="module")
def events() -> Events:
    card = mcgen.load_card("na62_leptophilic").replace(run={"events": 400, "vegas": {"nitn": 0}})
    return mcgen.generate(card)


def test_tracks_pass_the_planes_where_the_record_says(events: Events) -> None:
    experiment = EXPERIMENTS["na62_leptophilic"]
    found = displays_of(events, experiment, 400, seed=1)
    assert len(found) == np.count_nonzero(events.accepted)
    kinks = 0
    for display in found:
        row = np.flatnonzero(events.decay_z == display.boson[2, 1])
        assert len(row) == 1
        assert events.accepted[row[0]]
        for daughter, track in zip(("d1", "d2"), display.daughters, strict=True):
            kinks += track.shape[1] - 2
            for plane in experiment.plane:
                for axis, name in enumerate("xy"):
                    drawn = np.interp(plane.z_m, track[2], track[axis])
                    assert drawn == pytest.approx(events[f"{daughter}_{plane.name}_{name}"][row[0]], abs=1e-9)
    assert kinks == 2 * len(found), "all are born before the magnet"


def test_events_are_drawn_by_weight() -> None:
    n = 4
    draws = 400
    columns = {c.name: np.zeros(n, c.dtype) for c in columns_of([])}
    columns |= {
        "weight": np.array([0.0, 1.0, 2.0, 5.0]),
        "accepted": np.ones(n, dtype=np.bool_),
        "decay_z": np.arange(n) + 1.0,
        "d1_pdg": np.full(n, 22, dtype=np.int32),
        "d2_pdg": np.full(n, 22, dtype=np.int32),
    }
    for daughter in ("d1", "d2"):
        columns[f"{daughter}_pz"] = columns[f"{daughter}_e"] = np.ones(n)
    experiment = EXPERIMENTS["na62_leptophilic"]
    table = Events(columns, {})
    first = generator("displays").integers(1 << 40)
    counts = np.zeros(n)
    for i in range(draws):
        (display,) = displays_of(table, experiment, 1, seed=int(first) + i)
        counts[int(display.boson[2, 1]) - 1] += 1
    share = columns["weight"] / 8.0
    assert (np.abs(counts - draws * share) <= 5.0 * np.sqrt(draws * share * (1.0 - share))).all()
    assert len(displays_of(table, experiment, 8, seed=1)) == 3, "none of weight 0"
    assert displays_of(table[:0], experiment, 8, seed=1) == ()
