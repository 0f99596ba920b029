"""Every format, read with a library of others: weights, masses, vertices, times, and that a fault would show."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pyhepmc
import pylhe
import pytest
import uproot
from pyarrow import parquet

import mcgen
from mcgen.errors import FileFormatError, UsageError
from mcgen.io.events.fairship import FairShipWriter
from mcgen.io.events.hepmc3 import Hepmc3Writer
from mcgen.io.events.lhe import LheWriter
from mcgen.io.events.metadata import from_text
from mcgen.io.events.names import FormatName
from mcgen.io.events.spool import SpoolingWriter
from mcgen.io.events.store import FORMATS, open_events, read_metadata
from mcgen.metadata import Metadata
from mcgen.record.columns import AnyArray
from tests.interface.formats import NAMES, P4, READERS, judge
from tests.oracle.cards import done, refused, settings, write_tiny_card
from tests.oracle.described import described, redescribed

Columns = dict[str, AnyArray]
formats = pytest.mark.parametrize("format", list(FORMATS))
OWN = ["root", "rntuple", "parquet"]
"""Formats that keep all columns."""


@pytest.fixture(scope="module")
def exact(tmp_path_factory: pytest.TempPathFactory) -> mcgen.Events:
    """Events with recoil muon and nucleus, so that momentum balances."""
    card = mcgen.load_card(write_tiny_card(tmp_path_factory.mktemp("exact")))
    made = mcgen.generate(card.replace(production={"method": "exact"}, run={"events": 300, "seed": 3}))
    assert set(made.channel) == {1, 4}
    assert 0 < made.accepted.sum() < len(made)
    return made


@pytest.fixture(scope="module")
def few(exact: mcgen.Events) -> mcgen.Events:
    """Some of them, with their own yields."""
    some = exact[:40]
    sums = {"fiducial": math.fsum(some.weight), "accepted": math.fsum(some.weight[some.accepted])}
    assert 0.0 < sums["accepted"] < sums["fiducial"]
    yields = {name: replace(exact.outcome.yields[name], value=value) for name, value in sums.items()}
    return redescribed(some, {"yield": {name: asdict(value) for name, value in yields.items()}})


@pytest.fixture(scope="module")
def iww(sample: Path) -> mcgen.Events:
    return mcgen.read(sample)


def written(events: mcgen.Events, format: str, **changes: AnyArray) -> Path:
    """Write events, some columns changed, and return the file."""
    path = Path(NAMES[format])
    mcgen.write(mcgen.Events(events.columns | changes, events.metadata), path, format, force=True)
    return path


# --- every format


@formats
def test_what_others_read(exact: mcgen.Events, few: mcgen.Events, format: str) -> None:
    for events in (exact, few):
        judge(READERS[format](written(events, format)), events)


def scaled(factor: float, *names: str) -> Callable[[Columns], Columns]:
    return lambda columns: {name: columns[name] * factor for name in names}


def swapped(one: str, other: str) -> Callable[[Columns], Columns]:
    return lambda columns: {one: columns[other], other: columns[one]}


FAULTS: dict[str, Callable[[Columns], Columns]] = {
    "momenta of a daughter in MeV": scaled(1e3, *(f"d1_{name}" for name in P4)),
    "momenta of all in MeV": scaled(1e3, *(f"{who}_{name}" for who in ("boson", "d1", "d2") for name in P4)),
    "decays in mm": scaled(1e3, "decay_x", "decay_y", "decay_z"),
    "decay z in cm": scaled(1e2, "decay_z"),
    "weights times their number": lambda c: {"weight": c["weight"] * len(c["weight"])},
    "a dropped weight": lambda c: {"weight": np.where(np.arange(len(c["weight"])) == 7, 0.0, c["weight"])},
    "x and y of the decay swapped": swapped("decay_x", "decay_y"),
    "px and py of the boson swapped": swapped("boson_px", "boson_py"),
    "px and py of a daughter swapped": swapped("d2_px", "d2_py"),
    "signs of a daughter lost": lambda c: {"d1_px": np.abs(c["d1_px"])},
    "an energy in single precision": lambda c: {"boson_e": c["boson_e"].astype("float32").astype(float)},
    "daughters of another event": lambda c: {f"d2_{name}": np.roll(c[f"d2_{name}"], 1) for name in P4},
}
FAULTS_OF_TIMES_AND_RECOILS: dict[str, Callable[[Columns], Columns]] = {
    "times in seconds": scaled(1e-9, "decay_t"),
    "times in ps": scaled(1e3, "decay_t"),
    "emissions in mm": scaled(1e3, "emission_x", "emission_y", "emission_z"),
    "x and y of the emission swapped": swapped("emission_x", "emission_y"),
    "px and py of the recoil swapped": swapped("recoil_px", "recoil_py"),
    "the nucleus in MeV": scaled(1e3, "nucleus_px", "nucleus_py", "nucleus_pz"),
    "flags of other events": lambda c: {"accepted": np.roll(c["accepted"], 1)},
}


ONE_OF_EACH_KIND = ["decays in mm", "a dropped weight", "x and y of the decay swapped", "times in seconds"]
FAULTS_OF = {
    "root": [*FAULTS, *FAULTS_OF_TIMES_AND_RECOILS],
    # The columns, and the judge, are those of the format root.
    "rntuple": ONE_OF_EACH_KIND,
    "parquet": ONE_OF_EACH_KIND,
    "hepmc3": [*FAULTS, *FAULTS_OF_TIMES_AND_RECOILS],
    "lhe": [*FAULTS, *FAULTS_OF_TIMES_AND_RECOILS],
    "fairship": [*FAULTS, "emissions in mm", "x and y of the emission swapped"],
}
CASES = [(format, fault) for format, faults in FAULTS_OF.items() for fault in faults]


def test_every_format_has_faults_and_a_reader() -> None:
    assert set(FAULTS_OF) == set(READERS) == set(NAMES) == set(FORMATS)


@pytest.mark.parametrize(("format", "fault"), CASES)
def test_a_fault_would_show(few: mcgen.Events, format: str, fault: str) -> None:
    change = (FAULTS | FAULTS_OF_TIMES_AND_RECOILS)[fault]
    path = written(few, format, **change(few.columns))
    with pytest.raises(AssertionError):
        judge(READERS[format](path), few)


@formats
def test_no_events(exact: mcgen.Events, format: str) -> None:
    path = written(exact[:0], format)
    if format in OWN:
        copy = mcgen.read(path)
        assert list(copy.columns) == list(exact.columns)
        assert len(copy) == 0
        assert [v.dtype for v in copy.columns.values()] == [v.dtype for v in exact.columns.values()]
        done("inspect", path, "--verify")
    elif format == "hepmc3":
        assert path.read_text(encoding="utf-8").count("\nE ") == 0
        with pyhepmc.open(path) as file:
            assert list(file) == []
    elif format == "lhe":
        file = pylhe.LHEFile.fromfile(path)
        assert list(file.events) == []
        assert file.init.procInfo[0].xSection == 0.0
    else:
        with uproot.open(path) as tree:
            assert tree["LLP_tree"].num_entries == 0


# --- what keeps all columns


@pytest.mark.parametrize("format", OWN)
def test_columns_come_back_bit_by_bit(exact: mcgen.Events, iww: mcgen.Events, format: str) -> None:
    for events in (exact, iww):
        copy = mcgen.read(written(events, format))
        assert list(copy.columns) == list(events.columns)
        for name, values in events.columns.items():
            assert copy.columns[name].dtype == values.dtype, name
            np.testing.assert_array_equal(copy.columns[name], values, err_msg=name)
        assert copy.provenance == events.provenance
        assert replace(copy.outcome, digests={}) == replace(events.outcome, digests={})
    done("inspect", NAMES[format], "--verify")


@pytest.mark.parametrize("format", OWN)
@pytest.mark.parametrize("size", [1, 170, 200, 10_000])
def test_chunks_of_a_file(sample: Path, iww: mcgen.Events, format: str, size: int) -> None:
    done("convert", sample, NAMES[format], "--format", format)
    assert read_metadata(NAMES[format]) == iww.metadata
    with open_events(NAMES[format]) as file:
        assert file.rows == len(iww)
        assert file.metadata == iww.metadata
        chunks = list(file.chunks(size)) if size > 1 else [next(iter(file.chunks(size)))]
    lengths = [len(chunk["weight"]) for chunk in chunks]
    assert max(lengths) <= size
    assert sum(lengths) == len(iww) or size == 1
    for name, values in iww.columns.items():
        joined = np.concatenate([chunk[name] for chunk in chunks])
        np.testing.assert_array_equal(joined, values[: len(joined)], err_msg=name)


def test_parquet_has_the_metadata_in_its_schema(iww: mcgen.Events) -> None:
    schema = parquet.read_schema(written(iww, "parquet"))
    assert from_text(Path("p"), schema.metadata[b"mcgen"].decode()) == iww.metadata
    assert schema.names == list(iww.columns)


def test_rntuple_is_one(iww: mcgen.Events) -> None:
    with uproot.open(written(iww, "rntuple")) as file:
        assert file.classnames() == {"events;1": "ROOT::RNTuple", "mcgen;1": "TObjString"}
        assert from_text(Path("n"), str(file["mcgen"])) == iww.metadata


# --- HepMC3


@pytest.mark.parametrize("name", ["out.hepmc3", "out.hepmc3.gz", "out.hepmc", "out.hepmc.gz"])
def test_hepmc3_says_what_it_holds(exact: mcgen.Events, name: str) -> None:
    mcgen.write(exact[:20], name)
    with pyhepmc.open(name) as file:
        events = list(file)
    assert len(events) == 20
    for i, event in enumerate(events):
        attributes = event.attributes
        assert event.event_number == i
        assert attributes["event"].astype(str) == str(exact.event[i])
        assert (event.length_unit, event.momentum_unit) == (pyhepmc.Units.MM, pyhepmc.Units.GEV)
        assert sorted(p.status for p in event.particles) == [1, 1, 1, 1, 2, 4, 20]
        assert sorted(vertex.status for vertex in event.vertices) == [1, 21]
        assert event.run_info.weight_names == ["CV"]
        assert event.weights == [exact.weight[i]]
        assert [float(attributes[c].astype(str)) for c in ("parent_rate", "p_decay")] == [
            exact[c][i] for c in ("parent_rate", "p_decay")
        ]
        assert attributes["signal_process_id"].astype(int) == -700 - exact.channel[i]
        emission = [getattr(event.vertices[0].position, c) for c in "xyz"]
        assert attributes["lab_pos"].astype(list[float]) == emission
        boson = next(p for p in event.particles if p.status == 2)
        assert boson.generated_mass == 0.05
        assert boson.pid == exact.boson_pdg[i]
        assert {p.pid for p in event.particles if p.status in (4, 20)} == {exact.parent_pdg[i], 1000290640}
        assert [p.pid for p in boson.end_vertex.particles_out] == [exact.d1_pdg[i], exact.d2_pdg[i]]


def test_hepmc3_attributes_of_the_run(exact: mcgen.Events) -> None:
    mcgen.write(exact[:2], "out.hepmc3")
    with pyhepmc.open("out.hepmc3") as file:
        run = file.read().run_info
    attributes = run.attributes
    assert json.loads(attributes["mcgen"].astype(str))["yield"] == described(exact)["yield"]
    assert [tool.name for tool in run.tools] == ["mcgen"]
    assert attributes["NuHepMC.Version.Major"].astype(int) == 1
    assert attributes["NuHepMC.Exposure.POT"].astype(float) == 1e18
    assert attributes["NuHepMC.AdditionalParticleNumbers"].astype(list[int]) == [9000025]
    assert attributes["NuHepMC.AdditionalParticleNumber[9000025].Name"].astype(str) == "scalar"
    for kind, used in (
        ("Process", {-701, -704}),
        ("ParticleStatus", {1, 2, 4, 20}),
        ("VertexStatus", {1, 21}),
    ):
        codes = attributes[f"NuHepMC.{kind}IDs"].astype(list[int])
        assert used <= set(codes)
        for code in codes:
            assert attributes[f"NuHepMC.{kind}Info[{code}].Name"].astype(str)
            assert attributes[f"NuHepMC.{kind}Info[{code}].Description"].astype(str)


# --- LHE


@pytest.mark.parametrize("name", ["out.lhe", "out.lhe.gz"])
def test_lhe_is_normalised_as_it_says(exact: mcgen.Events, name: str) -> None:
    mcgen.write(exact, name)
    file = pylhe.LHEFile.fromfile(name)
    info, (process,) = file.init.initInfo, file.init.procInfo
    events = list(file.events)
    weights = np.array([event.eventinfo.weight for event in events])
    assert info.weightingStrategy == -4
    assert process.xSection == pytest.approx(exact.outcome.yields["fiducial"].value, rel=1e-12)
    assert process.error == pytest.approx(exact.outcome.yields["fiducial"].mc_error, rel=1e-9)
    assert weights.mean() == pytest.approx(process.xSection, rel=1e-12)
    assert weights.max() == pytest.approx(process.unitWeight, rel=1e-15)
    assert {event.eventinfo.pid for event in events} == {process.procId}
    assert (info.beamA, info.beamB) == (13, 1000290640)
    assert info.energyA == pytest.approx(exact.emitter_e.max(), rel=1e-6)
    assert file.header is not None
    (element,) = file.header.extra_elements
    assert json.loads(element.text or "")["yield"] == described(exact)["yield"]


def test_lhe_tells_the_two_steps(exact: mcgen.Events) -> None:
    mcgen.write(exact, "out.lhe")
    for i, event in enumerate(pylhe.LHEFile.fromfile("out.lhe").events):
        muon, nucleus, boson, first, second, recoil, struck = event.particles
        assert [p.status for p in event.particles] == [-1, -1, 2, 1, 1, 1, 1]
        assert (boson.mother1, boson.mother2, first.mother1, second.mother1) == (1, 2, 3, 3)
        assert muon.id == recoil.id == exact.parent_pdg[i]
        assert nucleus.id == struck.id == 1000290640
        assert (boson.id, first.id, second.id) == (exact.boson_pdg[i], exact.d1_pdg[i], exact.d2_pdg[i])
        assert event.optional[0] == f"# event {exact.event[i]} accepted {int(exact.accepted[i])}"
        # The path over beta gamma, in mm.
        momentum = math.hypot(boson.px, boson.py, boson.pz)
        assert boson.lifetime == pytest.approx(1e3 * exact.decay_path[i] * boson.m / momentum, rel=1e-12)
        for particle, mass in ((muon, 0.1056583755), (boson, 0.05), (nucleus, 63.546 * 0.9315)):
            assert particle.m == pytest.approx(mass, rel=1e-6)
        for particle in (first, second):
            assert particle.m == (0.0 if particle.id == 22 else pytest.approx(0.51099895e-3, rel=1e-6))


def test_lhe_leaves_out_what_a_method_does_not_define(iww: mcgen.Events) -> None:
    assert np.isnan(iww.recoil_e).all()
    found = READERS["lhe"](written(iww, "lhe"))
    assert found.outgoing is not None
    np.testing.assert_array_equal(found.outgoing, found.boson)
    assert math.fsum(found.weight) == pytest.approx(iww.weight.sum(), rel=1e-12)


@pytest.mark.parametrize("format", ["lhe", "hepmc3"])
def test_the_nucleus_is_that_of_the_layer(exact: mcgen.Events, format: str) -> None:
    card = exact.provenance.card.to_dict()
    layers: list[dict[str, Any]] = [
        {"material": "Cu", "z_m": [0.0, 1.0]},
        {"z": 82.0, "a": 207.2, "density_g_cm3": 11.35, "z_m": [1.0, 3.2]},
    ]
    card["experiment"]["target"] = {"layer": layers}
    card["production"]["stopping_power_gev_per_m"] = 1.25
    layer = (exact.emission_z >= 1.0).astype(np.int16)
    events = redescribed(mcgen.Events({**exact.columns, "layer": layer}, exact.metadata), {"card": card})
    path = written(events, format)
    if format == "lhe":
        nuclei = [event.particles[1].id for event in pylhe.LHEFile.fromfile(path).events]
    else:
        with pyhepmc.open(path) as file:
            nuclei = [next(p.pid for p in event.particles if p.status == 20) for event in file]
    expected = np.where(exact.emission_z < 1.0, 1000290640, 1000822070)
    assert len(set(expected.tolist())) == 2
    assert nuclei == expected.tolist()


# --- FairShip


def test_fairship_tree(exact: mcgen.Events) -> None:
    with uproot.open(written(exact, "fairship")) as file:
        tree, metadata = file["LLP_tree"], json.loads(str(file["mcgen"]))
        columns = tree.arrays(library="np")
        assert {branch.typename for branch in tree.values()} == {"double"}
    kinds = ("px", "py", "pz", "e", "mass", "pdg")
    assert list(columns) == [
        *(f"{kind}_llp" for kind in kinds),
        *("decay_prob", "vx", "vy", "vz"),
        *(f"{kind}_prod{k}" for k in (1, 2, 3) for kind in kinds),
        *("vx_llp", "vy_llp", "vz_llp"),
        *(f"{kind}_mother" for kind in kinds),
        "ndau",
    ]
    assert all((columns[f"{kind}_prod3"] == -999.0).all() for kind in kinds)
    assert metadata["fairship"] == {"z_reference": "centre of the target", "z_reference_m": 1.6}
    np.testing.assert_array_equal(columns["vz"], exact.decay_z - 1.6)
    np.testing.assert_array_equal(columns["pdg_llp"], exact.boson_pdg)
    np.testing.assert_array_equal(columns["pdg_prod2"], exact.d2_pdg)
    assert set(columns["mass_llp"]) == {0.05}
    electrons = exact.channel == 1
    assert columns["mass_prod1"][electrons] == pytest.approx(0.51099895e-3, rel=1e-6)
    assert (columns["mass_prod1"][~electrons] == 0.0).all()
    np.testing.assert_array_equal(columns["vz_llp"], exact.emission_z - 1.6)
    np.testing.assert_array_equal(columns["pz_mother"], exact.emitter_pz)
    np.testing.assert_array_equal(columns["pdg_mother"], exact.parent_pdg)


def test_fairship_tree_by_the_places_of_its_branches(exact: mcgen.Events) -> None:
    with uproot.open(written(exact, "fairship")) as file:
        rows = np.stack(list(file["LLP_tree"].arrays(library="np").values()), axis=1)
    # One of FairShip's readers takes the number of daughters from the last branch, and six branches of each from the tenth on.
    assert set(rows[:, -1]) == {2.0}
    for daughter in range(2):
        px, py, pz, e, mass, pdg = rows[:, 10 + 6 * daughter : 16 + 6 * daughter].T
        np.testing.assert_allclose(e * e, px * px + py * py + pz * pz + mass * mass, rtol=1e-12)
        np.testing.assert_array_equal(pdg, exact[f"d{daughter + 1}_pdg"])
    np.testing.assert_array_equal(rows[:, 6], exact.weight)
    np.testing.assert_array_equal(rows[:, 7:9], np.stack([exact.decay_x, exact.decay_y], axis=1))


def test_fairship_counts_from_the_targets_centre_and_not_from_that_of_its_absorbers(
    exact: mcgen.Events,
) -> None:
    card = exact.provenance.card.to_dict()
    copper = {"material": "Cu", "density_g_cm3": 8.96}
    layers: list[dict[str, Any]] = [
        {**copper, "z_m": [0.0, 1.0]},
        {**copper, "z_m": [1.0, 1.5]},
        {"material": "Fe", "z_m": [1.5, 3.0], "absorber": True},
        {"material": "Fe", "z_m": [3.0, 3.2]},
    ]
    for flagged, centre in ((layers, 0.75), ([{**layer, "absorber": False} for layer in layers], 1.6)):
        card["experiment"]["target"] = {"layer": flagged}
        events = redescribed(exact, {"card": card})
        with uproot.open(written(events, "fairship")) as file:
            vz = file["LLP_tree"]["vz"].array(library="np")
        np.testing.assert_array_equal(vz, exact.decay_z - centre)


def test_ships_target_is_in_front_of_its_absorber() -> None:
    assert mcgen.load_card("ship-bdf_leptophilic_exact").experiment.target.centre == 0.75


# --- bounded memory


@pytest.mark.parametrize(
    ("format", "writer"), [("lhe", LheWriter), ("hepmc3", Hepmc3Writer), ("fairship", FairShipWriter)]
)
def test_few_events_are_in_memory_at_a_time(
    exact: mcgen.Events, format: str, writer: type[SpoolingWriter], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    chunks = SpoolingWriter.chunks

    def watched(self: SpoolingWriter) -> Any:
        for columns in chunks(self):
            seen.append(len(columns["weight"]))
            yield columns

    monkeypatch.setattr(SpoolingWriter, "chunks", watched)
    path = Path(NAMES[format])
    with writer(path, exact.provenance.columns, rows=40) as file:
        file.append(exact.columns)
        file.finish(Metadata(exact.provenance, exact.outcome))
    judge(READERS[format](path), exact)
    assert max(seen) == 40
    assert sum(seen) in (len(exact), 2 * len(exact))


# --- which format


def test_the_ending_stands_for_the_format(exact: mcgen.Events) -> None:
    for format, name in NAMES.items():
        path = f"of_{format}{''.join(Path(name).suffixes)}"
        mcgen.write(exact[:3], path)
        if format not in ("rntuple", "fairship"):
            READERS[format](Path(path))


@pytest.mark.parametrize(
    ("format", "name"),
    [
        ("root", "a.parquet"),
        ("parquet", "a.root"),
        ("lhe", "a.lhe.zip"),
        ("hepmc3", "a.lhe"),
        ("lhe", ".lhe"),
    ],
)
def test_an_ending_that_does_not_fit_is_refused(exact: mcgen.Events, format: FormatName, name: str) -> None:
    with pytest.raises(UsageError, match=f"format {format} goes to {FORMATS[format].endings[0]}"):
        mcgen.write(exact, name, format)
    assert format in refused("generate", "tiny.toml", "-o", name, "--format", format)


def test_an_unknown_format_is_refused(sample: Path) -> None:
    for arguments in (("generate", "tiny.toml"), ("convert", sample, "a.root")):
        message = refused(*arguments, "--format", "hdf5")
        assert all(name in message for name in ("hdf5", *FORMATS))


@pytest.mark.parametrize("command", ["generate", "convert"])
def test_the_help_names_all_formats(command: str) -> None:
    text = done(command, "--help").out
    assert all(name in text for name in FORMATS)
    assert set(FORMATS) == set(get_args(FormatName)), "a name without a format"


@formats
def test_generate_writes_every_format(format: FormatName, iww: mcgen.Events) -> None:
    done("--quiet", "generate", "tiny.toml", "--format", format)
    path = Path("tiny" + FORMATS[format].endings[0])
    assert math.fsum(READERS[format](path).weight) == pytest.approx(iww.weight.sum(), rel=1e-12)


@pytest.mark.parametrize("library", ["pyarrow", "pyhepmc", "pylhe"])
def test_a_missing_library_is_told_before_anything_is_done(
    library: str, sample: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcgen.io.events.store.find_spec", lambda _: None)
    (name, found), *_ = ((n, f) for n, f in FORMATS.items() if f.library == library)
    for arguments in (("generate", "tiny.toml", "-o"), ("convert", sample)):
        message = refused(*arguments, NAMES[name])
        assert library in message
        assert f"mcgen-hep[{found.extra}]" in message


@pytest.mark.parametrize("name", ["out.lhe", "out.hepmc3", "fairship.root"])
def test_what_cannot_be_read_back_says_so(exact: mcgen.Events, name: str) -> None:
    mcgen.write(exact[:3], name, "fairship" if name == "fairship.root" else None)
    with pytest.raises(FileFormatError, match=name):
        mcgen.read(name)
    assert name in refused("inspect", name)


# --- convert


def test_convert_there_and_back(sample: Path, iww: mcgen.Events) -> None:
    assert done("convert", sample, "a.parquet").out == f"a.parquet: {len(iww)} events\n"
    done("convert", "a.parquet", "b.root", "--format", "rntuple")
    assert done("--quiet", "convert", "b.root", "c.root").out == ""
    copy = mcgen.read("c.root")
    assert copy.metadata == iww.metadata
    for column, values in iww.columns.items():
        np.testing.assert_array_equal(copy.columns[column], values, err_msg=column)
    done("convert", "c.root", "b.root", "--format", "rntuple", "--force")
    assert mcgen.read("b.root").metadata == iww.metadata


def test_convert_refuses_what_was_changed(iww: mcgen.Events) -> None:
    with uproot.recreate("changed.root") as file:
        file["events"] = iww.columns | {"weight": 2.0 * iww.weight}
        file["mcgen"] = json.dumps(described(iww))
    message = refused("convert", "changed.root", "out.parquet", code=1)
    assert "changed.root: damaged: columns weight" in message


@pytest.mark.parametrize("card", [3, {}, {"model": 3}])
def test_metadata_with_a_card_that_is_none(iww: mcgen.Events, card: Any) -> None:
    with uproot.recreate("odd.root") as file:
        file["events"] = iww.columns
        file["mcgen"] = json.dumps(described(iww) | {"card": card})
    for name in ("out.lhe", "out.hepmc3"):
        message = refused("convert", "odd.root", name)
        assert message.startswith("mcgen: odd.root: ")
        assert "card" in message


@formats
def test_events_need_their_metadata(iww: mcgen.Events, format: str) -> None:
    with pytest.raises(UsageError, match="no metadata"):
        written(mcgen.Events(iww.columns), format)
    assert not Path(NAMES[format]).exists()


def test_columns_that_a_format_needs(iww: mcgen.Events) -> None:
    columns = {name: values for name, values in iww.columns.items() if name != "decay_t"}
    with pytest.raises(UsageError, match="decay_t"):
        mcgen.write(mcgen.Events(columns, iww.metadata), "out.lhe")
    assert not Path("out.lhe").exists()


@pytest.mark.parametrize("format_", ["lhe", "hepmc3", "fairship"])
def test_collisions_have_no_decay_to_write(format_: str) -> None:
    sample = Path(__file__).parents[2] / "validation" / "madgraph" / "cu_mS0.1_E50.lhe.gz"
    message = refused(
        "generate",
        "--match",
        sample,
        "-n",
        "100",
        "--format",
        format_,
        *settings("run.vegas.nitn=0", "run.vegas.pilot=5000"),
    )
    assert "collisions without a decay go to root, rntuple or parquet" in message
