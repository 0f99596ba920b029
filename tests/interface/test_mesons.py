"""Kaons and muons of one flux file, from the card to files and to what is said of them."""

from __future__ import annotations

import json
import math
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pyhepmc
import pylhe
import pytest

import mcgen
from mcgen.analysis.facts import facts_of
from mcgen.card import Card
from mcgen.constants import ELECTRON_MASS, MUON_MASS, mass_of
from mcgen.flux.flux import flux_of
from mcgen.physics.meson_decay.spin import polarisation
from mcgen.plots.gallery import pictures_of
from mcgen.plots.scan import draw_scans
from mcgen.sampler.process import process_of
from mcgen.sensitivity.contour import MassPoint, mass_point
from mcgen.sensitivity.output import scan_to_dict
from mcgen.sensitivity.scan import Scan
from mcgen.sources.registry import process_codes
from mcgen.survey import survey_of
from mcgen.types import Array
from tests.oracle.cards import done, muons, refused, write_csv, write_tiny_card
from tests.oracle.nuhepmc import broken
from tests.oracle.stats import assert_agrees, seed_of

KAON_MASS = mass_of(321)


def kaons(count: int = 150) -> dict[str, Array]:
    """Kaons that decay in the NA62 dump, of both charges."""
    rng = np.random.default_rng(21)
    return {
        "pdg": rng.choice([321.0, -321.0], count),
        "x": rng.normal(0.0, 0.01, count),
        "y": rng.normal(0.0, 0.01, count),
        "z": rng.uniform(0.2, 1.0, count),
        "px": rng.normal(0.0, 0.1, count),
        "py": rng.normal(0.0, 0.1, count),
        "pz": rng.uniform(5.0, 80.0, count),
        "w": rng.uniform(0.5e-5, 1.5e-5, count),
    }


@pytest.fixture(scope="module")
def card(tmp_path_factory: pytest.TempPathFactory) -> Card:
    """The tiny card, with kaons beside the muons."""
    path = write_tiny_card(tmp_path_factory.mktemp("mesons"))
    both = {name: np.concatenate([values, kaons()[name]]) for name, values in muons().items()}
    write_csv(path.parent / "muons.csv", both)
    return mcgen.load_card(path).replace(
        production={"method": "exact"}, run={"events": 600, "seed": seed_of("mesons")}
    )


@pytest.fixture(scope="module")
def events(card: Card) -> mcgen.Events:
    made = mcgen.generate(card)
    assert set(made.process) == {1, 2}
    return made


@pytest.fixture(scope="module")
def decays(events: mcgen.Events) -> mcgen.Events:
    chosen: mcgen.Events = events[events.process == 2]
    return chosen


def test_the_record_of_a_meson(decays: mcgen.Events) -> None:
    assert set(np.abs(decays.parent_pdg)) == {321}
    for name in ("x", "y", "z"):
        np.testing.assert_array_equal(decays[f"emission_{name}"], decays[f"parent_v{name}"])
    for name in ("px", "py", "pz", "e"):
        np.testing.assert_array_equal(decays[f"emitter_{name}"], decays[f"parent_{name}"])
        total = decays[f"recoil_{name}"] + decays[f"neutrino_{name}"] + decays[f"boson_{name}"]
        assert np.all(
            np.abs(total - decays[f"emitter_{name}"]) <= 8.0 * np.finfo(float).eps * decays.emitter_e
        )
        assert np.isnan(decays[f"nucleus_{name}"]).all()
    np.testing.assert_allclose(
        decays.decay_t * 0.299792458,
        decays.decay_path * decays.boson_e / np.sqrt(decays.boson_e**2 - 0.05**2),
        rtol=1e-12,
    )
    np.testing.assert_array_equal(decays.layer, 0)
    assert np.isnan(decays.t).all()


def test_hepmc3_has_the_decay_of_the_meson_and_that_of_the_boson(
    events: mcgen.Events, tmp_path: Path
) -> None:
    mcgen.write(events, tmp_path / "out.hepmc3")
    with pyhepmc.open(tmp_path / "out.hepmc3") as file:
        found = list(file)
    codes = found[0].run_info.attributes["NuHepMC.ProcessIDs"].astype(list[int])
    assert [event.weight("CV") for event in found] == list(events.weight)
    for i, event in enumerate(found):
        code = event.attributes["signal_process_id"].astype(int)
        assert code in codes
        channel = int(events.channel[i])
        assert code == (-700 - channel if events.process[i] == 1 else 710 + channel)
        if events.process[i] == 1:
            assert sorted(p.status for p in event.particles) == [1, 1, 1, 1, 2, 4, 20]
            continue
        made, decay = event.vertices
        assert (made.status, decay.status) == (1, 21)
        (meson,) = made.particles_in
        assert (meson.pid, meson.status) == (events.parent_pdg[i], 4)
        assert meson.generated_mass == pytest.approx(KAON_MASS)
        sign = int(np.sign(meson.pid))
        boson, muon, neutrino = made.particles_out
        assert (boson.pid, muon.pid, neutrino.pid) == (9000025, -13 * sign, 14 * sign)
        assert (muon.generated_mass, neutrino.generated_mass) == pytest.approx((MUON_MASS, 0.0))
        assert [p.pid for p in decay.particles_in] == [boson.pid]
        assert [p.pid for p in decay.particles_out] == [events.d1_pdg[i], events.d2_pdg[i]]
        assert neutrino.momentum.e == events.neutrino_e[i]
        assert 1e3 * events.emission_z[i] == pytest.approx(made.position.z, rel=1e-12)


def test_hepmc3_with_decays_does_not_claim_what_these_cannot_meet(
    events: mcgen.Events, tmp_path: Path
) -> None:
    from_muons, from_kaons = (np.flatnonzero(events.process == code)[:10] for code in (1, 2))
    mcgen.write(events[np.concatenate([from_muons, from_kaons])], tmp_path / "out.hepmc3")
    with pyhepmc.open(tmp_path / "out.hepmc3") as file:
        names = list(file.read().run_info.attributes)
    assert not [name for name in names if name.startswith(("NuHepMC.Version", "NuHepMC.Conventions"))]
    # There is no target, and so no cross-section; all else is met.
    assert broken(tmp_path / "out.hepmc3") == {"G.R.2", "G.R.4", "G.R.5", "G.R.6", "E.R.7"}
    mcgen.write(events[from_muons], tmp_path / "muons.hepmc3")
    assert broken(tmp_path / "muons.hepmc3") == set()


def test_lhe_has_a_process_for_each(events: mcgen.Events, decays: mcgen.Events, tmp_path: Path) -> None:
    mcgen.write(events, tmp_path / "both.lhe")
    file = pylhe.LHEFile.fromfile(str(tmp_path / "both.lhe"))
    found = list(file.events)
    for process in file.init.procInfo:
        rows = events.process == process.procId
        stated = events.yield_of(rows)
        assert process.xSection == pytest.approx(stated.value, rel=1e-12)
        assert process.error == pytest.approx(stated.mc_error, rel=1e-9)
        assert [event.eventinfo.pid == process.procId for event in found] == list(rows)
    total = sum(process.xSection for process in file.init.procInfo)
    assert total == pytest.approx(events.outcome.yields["fiducial"].value, rel=1e-12)
    assert np.mean([event.eventinfo.weight for event in found]) == pytest.approx(total, rel=1e-12)
    for i in np.flatnonzero(events.process == 2):
        meson, boson, first, second, muon, neutrino = found[i].particles
        assert [p.status for p in found[i].particles] == [-1, 2, 1, 1, 1, 1]
        assert meson.id == events.parent_pdg[i]
        assert meson.m == pytest.approx(KAON_MASS)
        assert (neutrino.id, muon.id) == (14 * np.sign(meson.id), -13 * np.sign(meson.id))
        for p, mother in ((boson, 1), (muon, 1), (neutrino, 1), (first, 2), (second, 2)):
            assert (p.mother1, p.mother2) == (mother, 0)
        for name in ("px", "py", "pz", "e"):
            out = math.fsum(getattr(p, name) for p in (first, second, muon, neutrino))
            assert out == pytest.approx(getattr(meson, name), rel=1e-12, abs=1e-12 * meson.e)
    # Mesons alone meet no nucleus.
    mcgen.write(decays, tmp_path / "alone.lhe")
    alone = pylhe.LHEFile.fromfile(str(tmp_path / "alone.lhe"))
    info = alone.init.initInfo
    assert len(list(alone.events)) == len(decays)
    assert (info.beamB, info.energyB) == (0, 0.0)


def test_the_coupling_of_both_processes_is_reweighted(card: Card, events: mcgen.Events) -> None:
    other = 1.05e-4
    again = mcgen.generate(card.replace(model={"g_mu": other}))
    reweighted = events.reweight(g_mu=other)
    for process in (1, 2):
        one, two = (sample.yield_of(sample.process == process) for sample in (again, reweighted))
        assert abs(one.value - two.value) < 5.0 * math.hypot(one.mc_error, two.mc_error)


def test_processes_of_the_card_are_what_is_generated(card: Card) -> None:
    for process, code in (("bremsstrahlung", 1), ("meson_decay", 2)):
        made = mcgen.generate(card.replace(production={"processes": [process]}))
        assert set(made.process) == {code}
        assert made.provenance.flux.left_out["not_parents"] == 150
    heavy = mcgen.generate(card.replace(model={"mass_gev": 0.39, "g_mu": 1e-7}))
    assert set(heavy.process) == {1}
    assert heavy.provenance.flux.left_out["below_threshold"] == 150


def test_yields_by_process_and_channel_are_told(events: mcgen.Events, tmp_path: Path) -> None:
    path = tmp_path / "both.root"
    mcgen.write(events, path)
    told = json.loads(done("inspect", path, "--json").out)["yield"]
    report = done("inspect", path).out
    groups = {
        "by_process": {name: events.process == code for code, name in process_codes().items()},
        "by_channel": {"ee": events.channel == 1, "gammagamma": events.channel == 4},
    }
    for key, rows in groups.items():
        assert set(told[key]) == set(rows)
        for name, chosen in rows.items():
            for kind, selected in (("fiducial", chosen), ("accepted", chosen & events.accepted)):
                found, expected = told[key][name][kind], events.yield_of(selected)
                for number in ("value", "mc_error", "flux_error", "effective_size", "total_error"):
                    assert found[number] == pytest.approx(getattr(expected, number, found[number]), rel=1e-6)
                assert f"  {name}  " in report
                assert f"{found['value']:.4g}" in report
        for kind in ("fiducial", "accepted"):
            total = math.fsum(share[kind]["value"] for share in told[key].values())
            assert total == pytest.approx(told[kind]["value"], rel=1e-12)
    # One process alone is the total, and not said twice.
    alone = done("inspect", write_alone(tmp_path)).out
    assert "bremsstrahlung  " not in alone.split("cut flow")[0].split(" points for ")[1]


def write_alone(folder: Path) -> Path:
    mcgen.write(mcgen.generate(mcgen.load_card(write_tiny_card(folder))), folder / "alone.root")
    return folder / "alone.root"


def test_reweighted_accepted_events_have_the_yields_of_the_accepted_ones(card: Card) -> None:
    made = mcgen.generate(card.replace(run={"write": "accepted"}))
    found = made[made.accepted].reweight(g_mu=1.02e-4).outcome
    assert found.by_process
    assert all(set(share) == {"accepted"} for share in found.by_process.values())
    total = math.fsum(share["accepted"].value for share in found.by_process.values())
    assert total == pytest.approx(found.accepted.value, rel=1e-12)


def test_vectors_decay_as_the_decay_of_the_meson_polarises_them(card: Card) -> None:
    model = {"name": "lmu-ltau", "particle": "vector", "kinetic_mixing": "loop", "ctau_m": 10.0}
    run = {"events": 8000, "vegas": {"pilot": 2000, "nitn": 0}}
    made = mcgen.generate(card.replace(model=model, run=run, production={"processes": ["meson_decay"]}))
    boson, muon, neutrino, first, second = (
        np.stack([made[f"{name}_{part}"] for part in ("px", "py", "pz", "e")])
        for name in ("boson", "recoil", "neutrino", "d1", "d2")
    )
    state = polarisation(boson, muon, neutrino, 0.05, neutrinos=True)
    factor = state.decay_weight(first, second, ELECTRON_MASS)
    assert factor.std() > 0.1
    # The same total: the factor has the mean 1 over the decay's angles.
    weight, points = made.weight / factor, made.provenance.points
    for power, agrees in ((1, True), (2, False)):
        change = weight * (factor**power - 1.0)
        error = float(np.sqrt(np.sum(change**2) - change.sum() ** 2 / points))
        if agrees:
            assert_agrees(float(change.sum()), error, 0.0)
        else:
            with pytest.raises(AssertionError, match="sigma"):
                assert_agrees(float(change.sum()), error, 0.0)


def test_it_is_said_which_vectors_are_polarised(card: Card) -> None:
    def said(changed: Card) -> object:
        flux = flux_of(changed)
        return facts_of(changed, flux, process_of(changed, flux))["spin_correlations"]

    vector = card.replace(model={"name": "lmu-ltau", "particle": "vector", "kinetic_mixing": "loop"})
    assert said(card) is None
    assert said(vector) == ["bremsstrahlung", "meson_decay"]
    assert said(vector.replace(production={"method": "ww"})) == ["meson_decay"]
    assert said(vector.replace(production={"spin_correlations": False})) == []
    # Of bare collisions nothing decays.
    beam = mcgen.load_card("muon-beam-na64_muonphilic_exact", ["model.particle=vector", "model.mass_gev=0.3"])
    bare = {"exposure": {"kind": "xsec"}, "plane": [], "magnet": [], "selection": []}
    assert said(beam) == ["bremsstrahlung"]
    assert said(beam.replace(experiment=bare)) is None


def test_pictures_have_processes_and_channels_on_top_of_each_other(
    events: mcgen.Events, tmp_path: Path
) -> None:
    mcgen.write(events, tmp_path / "both.root")
    survey = survey_of(tmp_path / "both.root")
    shares = (
        ("processes", "process", events.outcome.by_process),
        ("channels", "channel", events.outcome.by_channel),
    )
    for name, kind, yields in shares:
        (picture,) = (one for one in pictures_of(survey) if one.name == name)
        stacked = survey.spectra["boson_e"].others(kind)
        assert len(stacked) == 2
        for share, found in yields.items():
            assert stacked[share].sum() == pytest.approx(found["accepted"].value, rel=1e-9)
        figure = picture.draw(survey)
        assert [text.get_text() for text in figure.legends[0].get_texts()] == [*stacked, "all, accepted"]
        plt.close(figure)
    one = survey_of(write_alone(tmp_path))
    assert "processes" not in {picture.name for picture in pictures_of(one)}


def test_a_scan_has_the_limits_of_each_process(card: Card) -> None:
    changed = card.replace(run={"events": 6000, "vegas": {"pilot": 2000, "nitn": 1}})

    def point(of: Card) -> MassPoint:
        return mass_point(of, flux_of(of), 1, 2.3, 0.05, precision=1.0)

    both = point(changed)
    one = point(changed.replace(production={"processes": ["meson_decay"]}))
    data = scan_to_dict(Scan(changed, 1, 2.3, (both,)))
    limits = data["points"][0]["by_process"]
    assert set(limits) == {"bremsstrahlung", "meson_decay"}
    assert one.low is not None
    assert both.low is not None
    assert both.low.g_mu < min(limit["g_low"] for limit in limits.values())
    # Within errors that are those of a share of the points.
    error = 5.0 * math.hypot(one.low.mc_error, 2.0 * one.low.mc_error)
    assert abs(limits["meson_decay"]["g_low"] - one.low.g_mu) < error
    assert abs(limits["bremsstrahlung"]["g_low"] - one.low.g_mu) > error
    assert one.by_process == {}
    figure, axes = plt.subplots()
    draw_scans(axes, [data])
    assert {"bremsstrahlung alone", "meson_decay alone"} < set(axes.get_legend_handles_labels()[1])
    plt.close(figure)


def test_check_says_what_mesons_do() -> None:
    name = "ship_muonphilic_exact"
    facts = json.loads(done("check", name, "--json").out)
    # 0.6356 g^2 times the ratio of the widths.
    assert facts["meson_decay"]["K"]["branching"] == pytest.approx(0.6356e-6 * 0.0422377, rel=1e-5)
    assert facts["meson_decay"]["pi"]["branching"] == 0.0
    assert facts["ctau_m"] == pytest.approx(1.43889, rel=1e-5)
    assert facts["channels"]["gammagamma"] == {
        "width_gev": facts["width_gev"],
        "branching": 1.0,
        "enabled": True,
    }
    assert facts["flux"]["parents"]["meson_decay"] > 10_000
    without = json.loads(done("check", name, "--set=flux.file='builtin:ship_mo'", "--json").out)
    assert without["flux"]["parents"]["meson_decay"] == 0
    assert [layer["material"] for layer in facts["experiment"]["layers"]] == ["Mo"]
    printed = done("check", name).out
    assert (
        f"BR(K -> mu nu X) = {facts['meson_decay']['K']['branching']:.6g}, pi -> mu nu X is closed" in printed
    )
    assert "not conserved" not in printed
    vector = ("--set=model.particle='vector'", "--set=model.channels='all'", "--set=model.mass_gev=0.25")
    assert "not conserved" in done("check", name, *vector).out


def test_collisions_are_of_muons() -> None:
    settings = ("experiment.exposure.kind='xsec'", "production.processes=['meson_decay']")
    message = refused("check", "muon-beam-na64_muonphilic_exact", *(f"--set={s}" for s in settings))
    assert "production.processes" in message
