"""--set, -n and --seed: what they change, in which order, and where paths start."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mcgen
from mcgen.card import Card
from mcgen.errors import UsageError
from mcgen.experiment.planes import CirclePlane
from mcgen.experiment.volumes import Cylinder, Slab
from tests.oracle.cards import CARD, done, muons, refused, settings, write_csv, write_tiny_card


def load(*changes: str) -> Card:
    return mcgen.load_card("tiny.toml", changes)


def radius_of(card: Card, plane: str) -> float:
    found = next(p for p in card.experiment.plane if p.name == plane)
    assert isinstance(found, CirclePlane)
    return found.radius_m


# --- the value


@pytest.mark.parametrize(
    "change",
    [
        "model.name=muonphilic",
        'model.name="muonphilic"',
        "model.name='muonphilic'",
        " model . name = muonphilic ",
    ],
)
def test_what_does_not_parse_is_a_string(change: str) -> None:
    assert load(change).model.name == "muonphilic"


def test_values_are_toml() -> None:
    card = load(
        "model.mass_gev=0.25",
        'model.channels=["ee", "mumu"]',
        "run.events=1_000",
        "model.neutrinos=false",
        "run.vegas={nitn=2, neval=2000}",
        "title=3 muons # and no more",
    )
    assert card.model.mass_gev == 0.25
    assert card.model.channels == ("ee", "mumu")
    assert card.run.events == 1000
    assert (card.run.vegas.nitn, card.run.vegas.neval) == (2, 2000)
    assert card.title == "3 muons # and no more"


def test_a_comment_behind_a_value_is_no_part_of_it() -> None:
    assert load("model.g_mu=2e-4 # twice").model.g_mu == 2e-4


def test_a_value_is_not_a_second_assignment() -> None:
    with pytest.raises(UsageError, match=r"model\.g_mu"):
        load("model.g_mu=2e-4\nmass_gev = 0.1")


def test_the_last_of_two_settings_wins() -> None:
    assert load("run.events=300", "run.events=400").run.events == 400


def test_a_table_that_the_card_does_not_have_is_made() -> None:
    assert load("g_minus_2.value=1e-9").g_minus_2.value == 1e-9


@pytest.mark.parametrize(
    "change", ["model.mass_gev", "=0.1", "model.=0.1", ".mass_gev=0.1", "model..mass_gev=0.1"]
)
def test_a_malformed_setting_is_refused(change: str) -> None:
    assert "KEY=VALUE" in refused("check", "tiny.toml", *settings(change))


def test_a_number_is_not_a_table() -> None:
    assert "model.g_mu is not a table" in refused("check", "tiny.toml", *settings("model.g_mu.value=1e-4"))


# --- arrays of tables


@pytest.mark.parametrize("item", ["straw4", "1"])
def test_planes_go_by_name_and_by_index(item: str) -> None:
    card = load(f"experiment.plane.{item}.radius_m=0.9")
    assert radius_of(card, "straw4") == 0.9
    assert radius_of(card, "straw1") == radius_of(load(), "straw1")


@pytest.mark.parametrize("item", ["photons", "1"])
def test_selections_go_by_name_and_by_index(item: str) -> None:
    before, after = (
        load().experiment.selection,
        load(f"experiment.selection.{item}.min_energy_gev=2.5").experiment.selection,
    )
    assert after[1].min_energy_gev == 2.5
    assert after[0] == before[0]
    assert after[1].planes == before[1].planes


@pytest.mark.parametrize("item", ["MNP33", "0"])
def test_magnets_go_by_name_and_by_index(item: str) -> None:
    assert load(f"experiment.magnet.{item}.kick_gev=[0.1, 0.2]").experiment.magnet[0].kick_gev == (0.1, 0.2)


@pytest.mark.parametrize("item", ["straw9", "7", "-1", "²"])
def test_an_unknown_item_is_refused_with_the_known_ones(item: str) -> None:
    message = refused("check", "tiny.toml", *settings(f"experiment.plane.{item}.radius_m=0.9"))
    assert f"experiment.plane.{item}" in message
    assert "straw1, straw4, lkr" in message


# --- merging and precedence


def with_experiment(text: str) -> None:
    Path("tiny.toml").write_text(CARD.replace('card = "na62"', f'card = "na62"\n{text}'), encoding="utf-8")


def test_the_run_card_overrides_the_experiment_card() -> None:
    with_experiment("[experiment.exposure]\nvalue = 3e17")
    card = load()
    assert (card.experiment.exposure.kind, card.experiment.exposure.value) == ("pot", 3e17)
    assert card.experiment.target == mcgen.load_card("na62_leptophilic").experiment.target


def test_set_overrides_the_run_card() -> None:
    with_experiment("[experiment.exposure]\nvalue = 3e17")
    assert load("experiment.exposure.value=4e17").experiment.exposure.value == 4e17


def test_set_overrides_the_run_card_in_an_array_of_tables() -> None:
    with_experiment('[[experiment.plane]]\nname = "straw4"\nradius_m = 0.8')
    assert radius_of(load(), "straw4") == 0.8
    assert radius_of(load("experiment.plane.straw4.radius_m=0.7"), "straw4") == 0.7


def test_planes_and_magnets_merge_by_name() -> None:
    with_experiment(
        '[[experiment.plane]]\nname = "straw4"\nradius_m = 0.8\n'
        '[[experiment.plane]]\nname = "wall"\nshape = "rectangle"\nz_m = 240.0\nhalf_width_m = [2.0, 1.0]\n'
        '[[experiment.magnet]]\nname = "MNP33"\nz_m = 170.0'
    )
    before = mcgen.load_card("na62_leptophilic").experiment
    after = load().experiment
    assert [plane.name for plane in after.plane] == ["straw1", "straw4", "lkr", "wall"]
    assert after.plane[0] == before.plane[0]
    assert after.plane[2] == before.plane[2]
    assert after.plane[1] == before.plane[1].model_copy(update={"radius_m": 0.8})
    assert after.magnet == (before.magnet[0].model_copy(update={"z_m": 170.0}),)


def test_selections_are_replaced_whole() -> None:
    with_experiment('[[experiment.selection]]\nchannels = ["ee"]\nmin_energy_gev = 2.0')
    (only,) = load().experiment.selection
    assert (only.channels, only.planes, only.min_energy_gev) == (("ee",), (), 2.0)


def test_a_change_of_shape_drops_the_old_dimensions() -> None:
    with_experiment('[experiment.decay_volume]\nshape = "slab"')
    volume = load().experiment.decay_volume
    assert isinstance(volume, Slab)
    assert volume.z_m == mcgen.load_card("na62_leptophilic").experiment.decay_volume.z_m


def test_set_changes_the_shape_like_a_card_does() -> None:
    assert isinstance(load("experiment.decay_volume.shape=slab").experiment.decay_volume, Slab)


def test_a_table_given_to_set_is_merged() -> None:
    target = load("experiment.target={density_g_cm3=8.0}").experiment.target
    assert (target.material, target.z_m, target.density_g_cm3) == ("Cu", (0.0, 3.2), 8.0)
    run = load("run={events=300}").run
    assert (run.events, run.seed, run.chunk, run.vegas.neval) == (300, 1, 200, 1000)


def test_another_experiment_card() -> None:
    card = load("experiment.card=ship")
    assert card.experiment.name == "ship"
    assert card.experiment == load("experiment.card=ship").experiment
    assert card.experiment.exposure == mcgen.load_card("ship_leptophilic").experiment.exposure


@pytest.mark.parametrize("card_first", [True, False])
def test_another_experiment_card_leaves_the_other_settings(card_first: bool) -> None:
    changes = ["experiment.card=ship", "experiment.exposure.value=5e18"]
    experiment = load(*changes[:: 1 if card_first else -1]).experiment
    assert (experiment.name, experiment.exposure.value) == ("ship", 5e18)


def test_another_experiment_card_leaves_what_the_run_card_says() -> None:
    with_experiment("[experiment.exposure]\nvalue = 3e17")
    assert load("experiment.card=ship").experiment.exposure.value == 3e17


# --- where relative paths start


@pytest.fixture
def elsewhere(folder: Path) -> Path:
    """A card in a folder of its own, beside a flux and an experiment of its own."""
    place = folder / "elsewhere"
    place.mkdir()
    write_tiny_card(place)
    experiment = done("cards", "na62").out
    for where, radius in ((place, 0.61), (folder, 0.62)):
        own = experiment.replace("radius_m = 1.0", f"radius_m = {radius}")
        (where / "own.toml").write_text(own, encoding="utf-8")
    write_csv(folder / "muons.csv", muons(17))
    return place / "tiny.toml"


def test_a_flux_in_a_card_is_relative_to_the_card(elsewhere: Path) -> None:
    card = mcgen.load_card(elsewhere)
    assert card.flux is not None
    assert Path(card.flux.file).samefile(elsewhere.with_name("muons.csv"))


def test_a_flux_on_the_command_line_is_relative_to_the_working_directory(
    elsewhere: Path, folder: Path
) -> None:
    card = mcgen.load_card(elsewhere, ["flux.file=muons.csv"])
    assert card.flux is not None
    assert Path(card.flux.file).samefile(folder / "muons.csv")
    done("generate", elsewhere, "-o", "out.root", *settings("flux.file=muons.csv"))
    assert mcgen.read("out.root").provenance.flux.muons == 17


def test_an_experiment_in_a_card_is_relative_to_the_card(elsewhere: Path) -> None:
    elsewhere.write_text(CARD.replace('"na62"', '"own.toml"'), encoding="utf-8")
    volume = mcgen.load_card(elsewhere).experiment.decay_volume
    assert isinstance(volume, Cylinder)
    assert volume.radius_m == 0.61


@pytest.mark.parametrize("card", ["elsewhere/tiny.toml", "na62_leptophilic"])
def test_an_experiment_on_the_command_line_is_relative_to_the_working_directory(
    elsewhere: Path, card: str
) -> None:
    assert elsewhere.is_file()
    volume = mcgen.load_card(card, ["experiment.card=own.toml"]).experiment.decay_volume
    assert isinstance(volume, Cylinder)
    assert volume.radius_m == 0.62


# --- options that stand for keys


def test_n_and_seed_stand_for_keys_of_the_card() -> None:
    done("generate", "tiny.toml", "-n", "250", "--seed", "77", *settings("run.events=300", "run.seed=3"))
    provenance = mcgen.read("tiny.root").provenance
    assert (provenance.points, provenance.seed) == (250, 77)
    assert (provenance.card.run.events, provenance.card.run.seed) == (250, 77)


def test_settings_are_stored_with_the_events() -> None:
    done("generate", "tiny.toml", *settings("model.mass_gev=0.06", "experiment.exposure.value=2e18"))
    card = mcgen.read("tiny.root").provenance.card
    assert card.model.mass_gev == 0.06
    assert card.experiment.exposure.model_dump() == {"kind": "pot", "value": 2e18}


def test_settings_apply_to_plain_data_too() -> None:
    data = load().to_dict()
    assert mcgen.load_card(data, ["run.events=300"]).run.events == 300


def test_an_alp_is_a_pseudoscalar() -> None:
    card = mcgen.load_card("na62_muonphilic", ["model.particle=alp"])
    assert card.model.particle == "pseudoscalar"
    assert card == mcgen.load_card("na62_muonphilic", ["model.particle=pseudoscalar"])


def test_a_coupling_to_photons_goes_with_the_one_to_muons() -> None:
    raw = mcgen.load_card("na62_muonphilic").model_dump(mode="json", exclude_none=True)
    raw["model"] = {"name": "custom", "mass_gev": 0.05, "couplings": {"mu": 1e-4, "gamma_per_gev": -1e-3}}
    card = mcgen.load_card(raw)
    boson, twice = card.model.boson(), card.at_coupling(2e-4).model.boson()
    assert boson.gamma == -1e-3
    assert twice.gamma == pytest.approx(-2e-3)
    assert twice.total_width() == pytest.approx(4.0 * boson.total_width())
    assert (
        boson.total_width()
        > 10.0 * card.replace(model={"couplings": {"gamma_per_gev": 0.0}}).model.boson().total_width()
    )


def lmu_ltau(mixing: float | str, **model: object) -> mcgen.Card:
    raw = mcgen.load_card("na62_muonphilic").model_dump(mode="json", exclude_none=True)
    raw["model"] = {"name": "lmu-ltau", "particle": "vector", "mass_gev": 0.05, "g_mu": 1e-3, **model}
    raw["run"] = {"events": 300, "seed": 1, "vegas": {"pilot": 200, "nitn": 0}}
    return mcgen.load_card(raw, [f"model.kinetic_mixing={mixing}"])


def test_kinetic_mixing_by_a_loop_goes_with_the_coupling() -> None:
    card = lmu_ltau("loop")
    boson, twice = card.model.boson(), card.at_coupling(2e-3).model.boson()
    assert list(card.model.open_channels()) == ["ee"]
    assert twice.mixing == pytest.approx(2.0 * boson.mixing)
    assert twice.total_width() == pytest.approx(4.0 * boson.total_width())
    assert twice.branching_ratios() == pytest.approx(boson.branching_ratios())


def test_kinetic_mixing_that_is_a_number_is_neither_scanned_nor_reweighted() -> None:
    card = lmu_ltau(1e-4)
    assert card.model.boson().mixing == 1e-4
    for what in (lambda: card.at_coupling(2e-3), lambda: mcgen.scan(card)):
        with pytest.raises(UsageError, match=r"kinetic_mixing = 0.0001 stays .*generate events at each"):
            what()


def test_muons_radiate_by_the_sum_of_their_couplings() -> None:
    fixed = {"ctau_m": 1e3, "branching": {"ee": 1.0}}
    plain, mixed = (mcgen.generate(lmu_ltau(mixing, **fixed)) for mixing in (0.0, 1e-3))
    boson = mixed.provenance.card.model.boson()
    assert boson.radiating > 1.2e-3
    np.testing.assert_allclose(mixed.weight, plain.weight * (boson.radiating / 1e-3) ** 2, rtol=1e-12)
