"""The columns of the events tree, the codes of the requirements, and the cut flow."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

import mcgen
from mcgen.io.events.metadata import from_text
from mcgen.types import Array, Bools
from tests.oracle.cards import done, settings
from tests.oracle.described import described

P4 = ("px", "py", "pz", "e")
XYZ = ("x", "y", "z")
INTEGERS = {
    "event": "uint64",
    "accepted": "bool",
    "failed": "int16",
    "failed_bits": "uint64",
    "channel": "int16",
    "process": "int16",
    "parent_row": "int64",
    "parent_group": "int64",
    "parent_pdg": "int32",
    "layer": "int16",
    "boson_pdg": "int32",
    "d1_pdg": "int32",
    "d2_pdg": "int32",
}
REALS = [
    *("weight", "parent_rate", "x", "theta", "t"),
    *(f"parent_{c}" for c in (*P4, "vx", "vy", "vz")),
    *(f"emission_{c}" for c in XYZ),
    *(f"{who}_{c}" for who in ("emitter", "recoil", "nucleus", "neutrino", "boson", "d1", "d2") for c in P4),
    *("path_in", "path_out", "decay_path", "decay_length", "p_decay"),
    *(f"decay_{c}" for c in (*XYZ, "t")),
]
PLANES = ("straw1", "straw4", "lkr")
AT_PLANES = [f"{who}_{plane}_{c}" for plane in PLANES for who in ("d1", "d2") for c in ("x", "y")]
CHANNELS = ("none", "ee", "mumu", "tautau", "gammagamma", "nunu")


@pytest.fixture(scope="module")
def events(sample: Path) -> mcgen.Events:
    return mcgen.read(sample)


# --- columns


def test_the_columns_of_the_contract(events: mcgen.Events) -> None:
    assert set(events.columns) == {*INTEGERS, *REALS, *AT_PLANES}
    for name, values in events.columns.items():
        assert values.dtype == INTEGERS.get(name, "float64"), name
        assert values.shape == (len(events),), name
    columns = {column.name: column for column in events.provenance.columns}
    for name, column in columns.items():
        assert column.dtype == str(events.columns[name].dtype), name
        assert column.meaning, name
    units = {
        "parent_px": "GeV",
        "decay_z": "m",
        "theta": "rad",
        "t": "GeV^2",
        "decay_t": "ns",
        "d1_lkr_x": "m",
    }
    assert {name: columns[name].unit for name in units} == units


def test_the_branches_of_the_tree(sample: Path) -> None:
    with uproot.open(sample) as file:
        tree, metadata = file["events"], file["mcgen"]
        assert tree.classname == "TTree"
        assert metadata.classname == "TObjString"
        assert from_text(sample, str(metadata)) == mcgen.read(sample).metadata
        assert set(tree.keys()) == {*INTEGERS, *REALS, *AT_PLANES}
        leaf = {"uint64": "uint64_t", "int64": "int64_t", "int32": "int32_t", "int16": "int16_t"}
        for name, branch in tree.items():
            kind = INTEGERS.get(name, "double")
            assert branch.typename == leaf.get(kind, kind), name


def test_every_row_is_an_event(events: mcgen.Events) -> None:
    assert events.event.tolist() == sorted(set(events.event.tolist()))
    assert int(events.event.max()) < 500
    assert (events.weight > 0.0).all()
    maybe = {
        "t",
        "recoil_px",
        "recoil_py",
        "recoil_pz",
        "recoil_e",
        *(f"{who}_{c}" for who in ("nucleus", "neutrino") for c in P4),
        *AT_PLANES,
    }
    for name in set(events.columns) - maybe:
        assert np.isfinite(events.columns[name]).all(), name


def test_channels_and_their_daughters(events: mcgen.Events) -> None:
    daughters = {"ee": (11, -11), "gammagamma": (22, 22)}
    assert {CHANNELS[code] for code in np.unique(events.channel)} == set(daughters)
    for code, one, two in zip(events.channel, events.d1_pdg, events.d2_pdg, strict=True):
        assert (one, two) == daughters[CHANNELS[code]]
    assert set(np.abs(events.parent_pdg)) == {13}
    assert len(set(events.boson_pdg)) == 1


def test_the_muon_is_that_of_its_row(events: mcgen.Events, sample: Path) -> None:
    flux = np.genfromtxt(sample.with_name("muons.csv"), delimiter=",", names=True)[events.parent_row]
    for ours, theirs in (("pdg", "pdg"), ("px", "px"), ("pz", "pz"), ("vx", "x"), ("vz", "z"), ("rate", "w")):
        np.testing.assert_array_equal(events.columns[f"parent_{ours}"], flux[theirs])


def test_plane_columns_follow_the_planes() -> None:
    card = mcgen.load_card("tiny.toml", ["experiment.selection=[]", "experiment.plane=[]", "run.events=100"])
    assert set(mcgen.generate(card).columns) == {*INTEGERS, *REALS}
    named = mcgen.load_card("tiny.toml", ["experiment.card=ship", "run.events=100"])
    columns = set(mcgen.generate(named).columns)
    assert {"d1_calorimeter_x", "d2_straw4_y"} <= columns
    assert "d1_lkr_x" not in columns


# --- requirements


def test_requirements_in_the_order_of_the_card(events: mcgen.Events) -> None:
    requirements = events.provenance.requirements
    assert [r.code for r in requirements] == list(range(1, len(requirements) + 1))
    assert [r.bit for r in requirements] == list(range(len(requirements)))
    kinds = [
        "straw1",
        "straw4",
        "lkr",
        "E >= 5",
        "lkr",
        "E >= 1",
        "sum of E >= 3",
        "r >= 0.15",
        "separation >= 0.1",
    ]
    for requirement, kind in zip(requirements[1:], kinds, strict=True):
        assert kind in requirement.name
    assert [r.selection for r in requirements] == ["", *4 * ["tracks"], *5 * ["photons"]]


def test_requirements_are_what_the_columns_say() -> None:
    """Evaluate NA62's requirements from the columns alone, with as many photons as electrons."""
    events = generate("model.branching={ee=0.5, gammagamma=0.5}")

    def both(plane: str, inside: Any) -> Bools:
        one, two = (
            inside(events.columns[f"{d}_{plane}_x"], events.columns[f"{d}_{plane}_y"]) for d in ("d1", "d2")
        )
        passed: Bools = one & two
        return passed

    def straw(x: Array, y: Array) -> Bools:
        return (np.hypot(x, y) <= 1.0) & (np.hypot(x, y) >= 0.1)

    def lkr(x: Array, y: Array) -> Bools:
        within = (np.abs(x) <= 1.13) & (np.abs(y) <= 1.13) & (np.abs(x) + np.abs(y) <= 1.598)
        return within & (np.hypot(x, y) >= 0.08)

    softer = np.minimum(events.d1_e, events.d2_e)
    r1, r2 = (np.hypot(events.columns[f"{d}_lkr_x"], events.columns[f"{d}_lkr_y"]) for d in ("d1", "d2"))
    apart = np.hypot(events.d1_lkr_x - events.d2_lkr_x, events.d1_lkr_y - events.d2_lkr_y)
    passed = {
        1: [both("straw1", straw), both("straw4", straw), both("lkr", lkr), softer >= 5.0],
        4: [
            both("lkr", lkr),
            softer >= 1.0,
            events.d1_e + events.d2_e >= 3.0,
            np.minimum(r1, r2) >= 0.15,
            apart >= 0.1,
        ],
    }
    bits = np.zeros(len(events), dtype=np.uint64)
    for channel, first_bit in ((1, 1), (4, 5)):
        mine = events.channel == channel
        assert mine.sum() > 20
        for bit, good in enumerate(passed[channel], first_bit):
            bits |= (mine & ~good).astype(np.uint64) << np.uint64(bit)
    np.testing.assert_array_equal(events.failed_bits, bits)
    lowest = [(int(b) & -int(b)).bit_length() for b in bits]
    np.testing.assert_array_equal(events.failed, lowest)
    np.testing.assert_array_equal(events.accepted, events.failed == 0)
    assert 0 < events.accepted.sum() < len(events)


def test_the_cut_flow_counts_who_is_left(events: mcgen.Events) -> None:
    flow = events.outcome.cut_flow
    assert flow[0].requirement == "decays in volume"
    for code, entry in enumerate(flow):
        left = (events.failed == 0) | (events.failed > code)
        assert entry.value == pytest.approx(events.weight[left].sum(), rel=1e-12, abs=0.0)
        if code > 0:
            requirement = events.provenance.requirements[code - 1]
            assert requirement.name in entry.requirement
            assert requirement.selection in entry.requirement


def generate(*changes: str) -> mcgen.Events:
    return mcgen.generate(mcgen.load_card("tiny.toml", changes))


def test_a_channel_without_a_selection_is_not_accepted() -> None:
    events = generate('experiment.selection=[{channels=["gammagamma"]}]')
    unnamed = events.channel != CHANNELS.index("gammagamma")
    assert unnamed.any()
    assert (events.failed[unnamed] == 1).all()
    assert (events.failed_bits[unnamed] == 1).all()
    assert (events.failed[~unnamed] == 0).all()
    np.testing.assert_array_equal(events.accepted, ~unnamed)


def test_without_any_selection_all_are_accepted() -> None:
    events = generate("experiment.selection=[]")
    assert events.accepted.all()
    assert not events.failed.any()
    assert not events.failed_bits.any()
    assert events.outcome.yields["accepted"] == events.outcome.yields["fiducial"]


def test_the_first_selection_that_names_a_channel_applies() -> None:
    first = '{name="first", channels=["ee", "gammagamma"], min_energy_gev=20.0}'
    second = '{name="second", channels=["ee"], min_energy_gev=99999.0}'
    events = generate(f"experiment.selection=[{first}, {second}]")
    np.testing.assert_array_equal(events.accepted, np.minimum(events.d1_e, events.d2_e) >= 20.0)
    assert set(events.failed) == {0, 2}


def test_an_efficiency_takes_its_share_and_leaves_the_weights() -> None:
    full = generate("experiment.selection=[]")
    part = generate('experiment.selection=[{channels=["ee", "gammagamma"], efficiency=0.25}]')
    assert set(part.failed[~part.accepted]) == {2}
    excess = part.weight * (part.accepted - 0.25)
    assert abs(excess.sum()) < 5.0 * np.sqrt((excess**2).sum())
    assert abs((part.weight * (part.accepted - 0.5)).sum()) > 5.0 * np.sqrt((excess**2).sum()), "the control"
    (whole, whole_error), (rest, rest_error) = (
        (e.outcome.yields["fiducial"].value, e.outcome.yields["fiducial"].mc_error) for e in (full, part)
    )
    assert abs(whole - rest) < 5.0 * np.hypot(whole_error, rest_error)


def test_write_accepted_leaves_out_the_rejected_rows_only(events: mcgen.Events) -> None:
    done("generate", "tiny.toml", *settings("run.write=accepted"))
    accepted = mcgen.read("tiny.root")
    assert 0 < len(accepted) == accepted.outcome.events < len(events)
    assert accepted.provenance.points == 500
    for name, values in events.columns.items():
        np.testing.assert_array_equal(accepted.columns[name], values[events.accepted], err_msg=name)
    for key in ("yield", "cut_flow", "requirements", "proposal_sha256"):
        assert described(accepted)[key] == described(events)[key]
    done("inspect", "tiny.root", "--verify")


# --- nothing


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        (["model.g_mu=10.0"], "No boson decays in the decay volume"),
        (["model.ctau_m=1e-9"], "No boson decays in the decay volume"),
        (["production.min_energy_factor=1e6"], "No particle of the flux can contribute"),
        (
            ["production.min_energy_factor=1e6", "production.energy_loss=table"],
            "No particle of the flux can contribute",
        ),
    ],
    ids=["large coupling", "short life", "high threshold", "threshold beyond the table"],
)
@pytest.mark.parametrize("write", ["fiducial", "accepted"])
def test_zero_yield_is_no_error(changes: list[str], why: str, write: str, sample: Path) -> None:
    outcome = done("generate", "tiny.toml", *settings(*changes, f"run.write={write}"))
    assert why in outcome.out
    assert why in done("inspect", "tiny.root", "--verify").out
    events = mcgen.read("tiny.root")
    assert (len(events), events.outcome.events, events.provenance.points) == (0, 0, 500)
    full = mcgen.read(sample)
    assert {name: v.dtype for name, v in events.columns.items()} == {
        name: v.dtype for name, v in full.columns.items()
    }
    nothing = mcgen.Yield(value=0.0, mc_error=0.0, flux_error=0.0, effective_size=0.0)
    assert events.outcome.yields == {"fiducial": nothing, "accepted": nothing}
    assert {entry.value for entry in events.outcome.cut_flow} == {0.0}


@pytest.mark.parametrize("length", [1e-4, 7e-5, 5e-5, 4e-5, 3e-5])
def test_next_to_nothing_is_no_error(length: float) -> None:
    """Between a small yield and none, squares of weights underflow before the weights do."""
    events = generate(f"model.ctau_m={length}")
    assert np.isfinite([*asdict(events.outcome.yields["fiducial"]).values()]).all()
    assert np.isfinite(events.weight).all()
    assert events.outcome.yields["fiducial"].value < 1e-100


def test_nothing_accepted_is_no_error() -> None:
    events = generate(
        "experiment.selection.tracks.min_energy_gev=9999", "experiment.selection.photons.min_energy_gev=9999"
    )
    assert len(events) == 500
    assert not events.accepted.any()
    assert events.outcome.yields["accepted"].value == 0.0
    assert events.outcome.yields["fiducial"].value > 0.0
    assert "No decay fulfils all requirements" in events.outcome.remark


def test_nothing_accepted_and_only_accepted_written() -> None:
    done(
        "generate", "tiny.toml", *settings('experiment.selection=[{channels=["mumu"]}]', "run.write=accepted")
    )
    assert len(mcgen.read("tiny.root")) == 0
    assert "No decay fulfils all requirements" in done("inspect", "tiny.root", "--verify").out


def test_a_run_that_gives_something_has_no_remark(events: mcgen.Events) -> None:
    assert events.outcome.remark == ""
