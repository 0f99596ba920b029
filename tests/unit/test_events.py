"""The event record: its columns, and the table that holds them."""

from __future__ import annotations

import copy
import pickle
import sys
from collections.abc import Callable, Iterable
from typing import Any, get_args

import awkward
import numpy as np
import pandas
import pytest

import mcgen
from mcgen.errors import UsageError
from mcgen.events import Events
from mcgen.metadata import FluxSummary, Metadata, Outcome, Provenance, Yield
from mcgen.physics.models import CHANNELS, Channel
from mcgen.record.columns import Column, columns_of, concatenate
from mcgen.record.tables import Verdict

# fmt: off
CONTRACT = [
    "event", "weight", "accepted", "failed", "failed_bits", "channel", "process",
    "parent_row", "parent_group", "parent_pdg", "parent_rate", "parent_px", "parent_py", "parent_pz", "parent_e", "parent_vx", "parent_vy", "parent_vz",
    "emission_x", "emission_y", "emission_z", "layer",
    "emitter_px", "emitter_py", "emitter_pz", "emitter_e",
    "x", "theta", "t", "recoil_px", "recoil_py", "recoil_pz", "recoil_e", "nucleus_px", "nucleus_py", "nucleus_pz", "nucleus_e",
    "neutrino_px", "neutrino_py", "neutrino_pz", "neutrino_e",
    "boson_pdg", "boson_px", "boson_py", "boson_pz", "boson_e",
    "path_in", "path_out", "decay_path", "decay_length", "p_decay", "decay_x", "decay_y", "decay_z", "decay_t",
    "d1_pdg", "d1_px", "d1_py", "d1_pz", "d1_e", "d2_pdg", "d2_px", "d2_py", "d2_pz", "d2_e",
]
PLANE_COLUMNS = [
    "d1_straw1_x", "d1_straw1_y", "d2_straw1_x", "d2_straw1_y",
    "d1_lkr_x", "d1_lkr_y", "d2_lkr_x", "d2_lkr_y",
]
# fmt: on

TYPES = {
    "event": "uint64",
    "accepted": "bool",
    "failed": "int16",
    "failed_bits": "uint64",
    "channel": "int16",
    "process": "int16",
    "parent_group": "int64",
    "layer": "int16",
}
"""Types that the contract fixes."""


PROCESSES = {1: "bremsstrahlung", 7: "something_else"}


def metadata(columns: Iterable[Column] = ()) -> Metadata:
    """Metadata of some run."""
    return Metadata(
        Provenance(
            program="mcgen",
            version="0",
            libraries={},
            machine="",
            card=mcgen.load_card("na62_leptophilic"),
            seed=1,
            points=10,
            chunks=1,
            flux=FluxSummary("", "", muons=2, rows=2, groups=2, used=2, left_out={}, sampled=True),
            requirements=(),
            columns=tuple(columns),
            proposal_sha256="",
        ),
        Outcome(events=6, accepted=Yield(1.0, 0.1, 0.1, 3.0), fiducial=None, cut_flow=()),
    )


def sample(n: int = 6) -> Events:
    columns = {
        "event": np.arange(n, dtype=np.uint64),
        "weight": np.linspace(0.5, 1.0, n),
        "accepted": np.arange(n) % 2 == 0,
        "failed": np.arange(n, dtype=np.int16) % 2,
        "t": np.full(n, np.nan),
    }
    return Events(columns, metadata())


# --- columns


def test_columns_are_those_of_the_contract_in_its_order() -> None:
    assert [c.name for c in columns_of([], PROCESSES)] == CONTRACT


def test_every_plane_adds_the_places_of_both_daughters() -> None:
    assert [c.name for c in columns_of(["straw1", "lkr"], PROCESSES)] == [*CONTRACT, *PLANE_COLUMNS]


def test_columns_have_the_types_of_the_contract() -> None:
    types = {c.name: c.dtype for c in columns_of(["straw1"], PROCESSES)}
    assert {name: types[name] for name in TYPES} == TYPES
    others = {name: dtype for name, dtype in types.items() if name not in TYPES}
    integer = {name for name, dtype in others.items() if dtype != "float64"}
    assert integer == {"parent_row", "parent_pdg", "boson_pdg", "d1_pdg", "d2_pdg"}


@pytest.mark.parametrize("column", columns_of(["straw1"], PROCESSES), ids=lambda c: c.name)
def test_column_has_a_meaning_and_a_type_of_numpy(column: Column) -> None:
    assert column.meaning
    assert np.dtype(column.dtype).name == column.dtype


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        ("parent_px", "GeV"),
        ("parent_vx", "m"),
        ("theta", "rad"),
        ("t", "GeV^2"),
        ("decay_length", "m"),
        ("decay_t", "ns"),
        ("x", ""),
        ("p_decay", ""),
        ("d2_e", "GeV"),
        ("d1_straw1_y", "m"),
    ],
)
def test_column_has_its_unit(name: str, unit: str) -> None:
    assert {c.name: c.unit for c in columns_of(["straw1"], PROCESSES)}[name] == unit


def test_meaning_of_the_channel_is_that_of_its_code() -> None:
    meaning = {c.name: c.meaning for c in columns_of([], PROCESSES)}["channel"]
    codes = ", ".join(f"{i} {name}" for i, name in enumerate(("none", *CHANNELS)))
    assert meaning == codes
    assert set(CHANNELS) == set(get_args(Channel))


def test_meaning_of_the_process_is_that_of_its_code() -> None:
    meaning = {c.name: c.meaning for c in columns_of([], PROCESSES)}["process"]
    assert meaning.endswith(": 1 bremsstrahlung, 7 something_else")


# --- the table


def test_columns_are_attributes() -> None:
    events = sample()
    for name, values in events.columns.items():
        assert getattr(events, name) is values
        assert name in dir(events)


def test_columns_can_be_had_by_name() -> None:
    events: Any = sample()
    np.testing.assert_array_equal(events["weight"], events.weight)


@pytest.mark.parametrize("name", ["wait", "_weight", "columns_of", "__wrapped__"])
def test_unknown_column_is_an_attribute_error(name: str) -> None:
    with pytest.raises(AttributeError, match=name):
        getattr(sample(), name)


def test_columns_cannot_be_replaced_by_mistake() -> None:
    events: Any = sample()
    with pytest.raises(AttributeError):
        events.weight = np.zeros(6)


@pytest.mark.parametrize(
    "rows",
    [np.array([True, False, True, False, False, True]), np.array([4, 0, 4]), slice(1, None, 2), slice(0, 0)],
)
def test_rows_are_taken_in_every_column(rows: np.typing.NDArray[np.int64] | slice) -> None:
    events = sample()
    some = events[rows]
    assert list(some.columns) == list(events.columns)
    for name, values in events.columns.items():
        np.testing.assert_array_equal(some.columns[name], values[rows])
        assert some.columns[name].dtype == values.dtype
    assert len(some) == len(np.arange(6)[rows])
    assert some.provenance == events.provenance
    assert some.outcome == events.outcome


def test_accepted_is_a_mask() -> None:
    events = sample()
    assert events[events.accepted].failed.tolist() == [0, 0, 0]


def test_table_keeps_its_own_list_of_columns() -> None:
    columns = {"weight": np.ones(2)}
    events = Events(columns)
    columns["other"] = np.ones(2)
    assert list(events.columns) == ["weight"]


def test_table_can_be_copied_and_sent_to_another_process() -> None:
    events = sample()
    for other in (copy.copy(events), copy.deepcopy(events), pickle.loads(pickle.dumps(events))):
        assert other.provenance == events.provenance
        assert other.outcome == events.outcome
        for name, values in events.columns.items():
            np.testing.assert_array_equal(other.columns[name], values)


def test_repr_says_how_much_it_holds() -> None:
    assert repr(sample()) == "<Events: 6 rows, 5 columns>"


def test_to_awkward_keeps_names_values_and_types() -> None:
    events = sample()
    array = events.to_awkward()
    assert array.fields == list(events.columns), "no vectors without their columns"
    assert len(array) == 6
    for name, values in events.columns.items():
        column = awkward.to_numpy(array[name])
        np.testing.assert_array_equal(column, values)
        assert column.dtype == values.dtype


def test_to_pandas_keeps_names_values_and_types() -> None:
    events = sample()
    frame = events.to_pandas()
    assert isinstance(frame, pandas.DataFrame)
    assert list(frame.columns) == list(events.columns)
    for name, values in events.columns.items():
        np.testing.assert_array_equal(frame[name].to_numpy(), values)
        assert frame[name].dtype == values.dtype


def full(n: int = 5) -> Events:
    """Events with every column, all values different."""
    columns = columns_of(["lkr"], PROCESSES)
    values = {c.name: (np.arange(n) + 10.0 * i + 1.0).astype(c.dtype) for i, c in enumerate(columns)}
    return Events(values, metadata(columns))


def test_to_awkward_has_momenta_beside_the_columns() -> None:
    events = full()
    array = events.to_awkward()
    for name in ("parent", "emitter", "recoil", "nucleus", "neutrino", "boson", "d1", "d2"):
        for component, column in (("px", "px"), ("py", "py"), ("pz", "pz"), ("E", "e")):
            found = awkward.to_numpy(getattr(array[name], component))
            np.testing.assert_array_equal(found, events[f"{name}_{column}"])
    np.testing.assert_array_equal(array.weight, events.weight)
    both = array.d1 + array.d2
    squared = (events.d1_e + events.d2_e) ** 2 - sum(
        (events[f"d1_{p}"] + events[f"d2_{p}"]) ** 2 for p in ("px", "py", "pz")
    )
    np.testing.assert_allclose(both.mass2, squared, rtol=1e-12)
    np.testing.assert_array_equal(array[array.weight > 12.0].boson.E, events.boson_e[events.weight > 12.0])


def test_to_awkward_has_points_beside_the_columns() -> None:
    events = full()
    array = events.to_awkward()
    for name, prefix in (("parent_vertex", "parent_v"), ("emission", "emission_"), ("decay", "decay_")):
        for axis in ("x", "y", "z"):
            np.testing.assert_array_equal(getattr(array[name], axis), events[f"{prefix}{axis}"])
    np.testing.assert_allclose((array.decay - array.emission).z, events.decay_z - events.emission_z)


def test_hist_sums_weights_and_their_squares() -> None:
    events = full(100)
    events.columns["boson_e"] = np.linspace(0.0, 10.0, 100)
    histogram = events.hist("boson_e", bins=4, range=(2.0, 6.0))
    edges = np.array([-np.inf, 2.0, 3.0, 4.0, 5.0, 6.0, np.inf])
    view: Any = histogram.view(flow=True)
    for power, found in ((1, view.value), (2, view.variance)):
        expected = np.histogram(events.boson_e, edges, weights=events.weight**power)[0]
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert histogram.axes[0].name == "boson_e"
    assert histogram.axes[0].label == "boson_e [GeV]"
    assert events.hist("x").axes[0].label == "x", "no brackets without a unit"


def test_hist_of_a_selection_in_bins_of_ones_own() -> None:
    events = full(100)
    events.columns["theta"] = np.where(np.arange(100) % 3 == 0, np.nan, np.arange(100.0))
    chosen = np.arange(100) >= 40
    histogram = events.hist("theta", bins=[0.0, 50.0, 70.0], selection=chosen)
    defined = chosen & ~np.isnan(events.theta)
    total: Any = histogram.sum(flow=True)
    assert total.value == pytest.approx(events.weight[defined].sum())
    assert histogram.values()[1] == pytest.approx(
        events.weight[defined & (events.theta >= 50.0) & (events.theta < 70.0)].sum()
    )


@pytest.mark.parametrize(
    "values", [[3.0, 1.0, 2.0], [5.0, 5.0, 5.0], [0.0, 0.0, 0.0], [True, False, True], []]
)
def test_hist_holds_all_values_by_default(values: list[float]) -> None:
    events = Events({"weight": np.arange(len(values)) + 1.0, "v": np.array(values)})
    total: Any = events.hist("v").sum()
    assert total.value == pytest.approx(events.weight.sum())


def test_hist_of_no_column() -> None:
    with pytest.raises(UsageError, match=r"no column 'boson_m'.*weight"):
        sample().hist("boson_m")


@pytest.mark.parametrize(
    ("module", "make"),
    [
        ("vector", Events.to_awkward),
        ("pandas", Events.to_pandas),
        ("hist", lambda events: events.hist("weight")),
    ],
)
def test_without_its_extra_a_form_says_what_to_install(
    module: str, make: Callable[[Events], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (module, "vector.backends.awkward"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(UsageError, match=rf"pip install 'mcgen-hep\[{module}\]'"):
        make(sample())


@pytest.mark.parametrize("form", ["to_awkward", "to_pandas"])
def test_empty_table_stays_a_table(form: str) -> None:
    assert len(getattr(sample()[:0], form)()) == 0


def test_concatenate_joins_in_order() -> None:
    events = sample()
    joined = concatenate(iter([events[:2].columns, events[2:2].columns, events[2:].columns]))
    assert list(joined) == list(events.columns)
    for name, values in events.columns.items():
        np.testing.assert_array_equal(joined[name], values)
        assert joined[name].dtype == values.dtype


def test_accepted_means_that_nothing_failed() -> None:
    verdict = Verdict({}, np.array([0, 1, 3]), np.array([0, 1, 4], dtype=np.uint64))
    assert verdict.accepted.tolist() == [True, False, False]
