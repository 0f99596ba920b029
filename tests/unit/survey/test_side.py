"""The experiment from the side: everything is in the view, and tracks are those of the record."""

from __future__ import annotations

import numpy as np
import pytest

import mcgen
from mcgen.events import Events
from mcgen.record.columns import columns_of
from mcgen.survey.side import displays_of, side_range, z_range
from tests.oracle.stats import generator

CARDS = ("na62_leptophilic", "ship_leptophilic", "ship-ecn3_leptophilic_exact", "shadows_leptophilic_exact")
EXPERIMENTS = {name: mcgen.load_card(name).experiment for name in CARDS}


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
            assert low < plane.centre_m[axis] - plane.half_width(axis)
            assert plane.centre_m[axis] + plane.half_width(axis) < high


def test_without_sides_the_view_is_where_the_decays_are() -> None:
    beam = mcgen.load_card("muon-beam-m3_muonphilic_exact").experiment
    low, high = side_range(beam, 0, (-0.2, 0.3))
    assert -0.4 < low < -0.2
    assert 0.3 < high < 0.5


@pytest.fixture(scope="module")
def events() -> Events:
    card = mcgen.load_card("na62_leptophilic").replace(
        run={"events": 400, "vegas": {"pilot": 5000, "nitn": 0}}
    )
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
    columns = {c.name: np.zeros(n, c.dtype) for c in columns_of([], {})}
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
    table = Events(columns)
    first = generator("displays").integers(1 << 40)
    counts = np.zeros(n)
    for i in range(draws):
        (display,) = displays_of(table, experiment, 1, seed=int(first) + i)
        counts[int(display.boson[2, 1]) - 1] += 1
    share = columns["weight"] / 8.0
    assert (np.abs(counts - draws * share) <= 5.0 * np.sqrt(draws * share * (1.0 - share))).all()
    assert len(displays_of(table, experiment, 8, seed=1)) == 3, "none of weight 0"
    assert displays_of(table[:0], experiment, 8, seed=1) == ()
