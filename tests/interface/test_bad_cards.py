"""Faults of a card: all of them in one message, with the key, the value, what is allowed, and a suggestion."""

from __future__ import annotations

import copy
import math
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as given_settings
from hypothesis import strategies as st

import mcgen
from mcgen.errors import CardError, UsageError
from mcgen.experiment.detector import detector_of
from tests.oracle.cards import CARD, done, refused, settings, toml

FLUX_COLUMNS = (
    "{pdg='id', x={name='x', unit='mm'}, y='y', z='z', px='px', py={name='py', unit='MeV'}, pz='pz', w='w'}"
)

THREE_PLANES = '{channels=["ee"], planes=["straw1", "straw4", "lkr"]}'

FAULTS: dict[str, tuple[list[str], list[str]]] = {
    "misspelt key": (["model.mas_gev=0.1"], ["model.mas_gev: unknown key", "did you mean 'mass_gev'?"]),
    "misspelt table": (["modle.mass_gev=0.1"], ["modle: unknown key", "did you mean 'model'?"]),
    "misspelt key of a plane": (
        ["experiment.plane.straw1.radus_m=1.0"],
        ["radus_m: unknown key", "did you mean 'radius_m'?"],
    ),
    "misspelt key of a deep table": (
        ["run.vegas.neva=2000"],
        ["run.vegas.neva: unknown key", "did you mean 'neval'?"],
    ),
    "unknown key": (["model.xyz=1"], ["model.xyz: unknown key"]),
    "unknown table": (["xyz.a=1"], ["xyz: unknown key"]),
    "a word for a number": (["model.mass_gev=heavy"], ["model.mass_gev = 'heavy'", "number"]),
    "a truth for a number": (["model.mass_gev=true"], ["model.mass_gev", "number"]),
    "a fraction for a whole number": (["run.events=1.5"], ["run.events = 1.5", "integer"]),
    "a number for a text": (["title=3"], ["title = 3", "string"]),
    "a number for a table": (["run=5"], ["run: must be a table"]),
    "a number for a plane": (["experiment.plane.straw1=5"], ["must be a table"]),
    "a number for a list": (["experiment.target.z_m=3.2"], ["experiment.target.z_m = 3.2"]),
    "one number for two": (["experiment.target.z_m=[0.0]"], ["experiment.target.z_m"]),
    "three numbers for two": (["experiment.target.z_m=[0.0, 1.0, 2.0]"], ["experiment.target.z_m"]),
    "too light": (["model.mass_gev=1e-5"], ["model.mass_gev = 1e-05", "0.0001"]),
    "too heavy": (["model.mass_gev=10.1"], ["model.mass_gev = 10.1", "10"]),
    "not a number": (["model.mass_gev=nan"], ["model.mass_gev", "finite"]),
    "infinite": (["model.mass_gev=inf"], ["model.mass_gev", "finite"]),
    "no coupling": (["model.g_mu=0.0"], ["model.g_mu = 0.0", "greater than 0"]),
    "negative coupling": (["model.g_mu=-1e-4"], ["model.g_mu = -0.0001", "greater than 0"]),
    "no coupling to muons": (
        ["model={name='custom', mass_gev=0.05, couplings={e=1e-4, mu=0.0}}", "model.name=custom"],
        ["model.couplings.mu = 0.0", "greater than 0"],
    ),
    "custom without couplings": (["model.name=custom"], ["model.couplings: missing", "model.g_mu: not with"]),
    "couplings of a named model": (
        ["model.couplings={mu=1e-4}"],
        ['model.couplings: only with name = "custom"'],
    ),
    "a vector cannot be leptophilic": (
        ["model.particle=vector"],
        ["leptophilic", "for a scalar or pseudoscalar only", "muonphilic, lmu-ltau or custom"],
    ),
    "a vector with two photons": (
        ["model={name='custom', particle='vector', couplings={mu=1e-4, gamma_per_gev=1e-3}}"],
        ["model.couplings.gamma_per_gev", "vector"],
    ),
    "mixing of another model": (
        ["model.name=muonphilic", "model.kinetic_mixing=loop"],
        ["model.kinetic_mixing", "lmu-ltau"],
    ),
    "mixing by an unknown loop": (
        ["model={name='lmu-ltau', particle='vector', mass_gev=0.05, g_mu=1e-3, kinetic_mixing='loops'}"],
        ["model.kinetic_mixing = 'loops': must be a number from -1 to 1, or \"loop\""],
    ),
    "more than the photon mixes": (
        ["model={name='lmu-ltau', particle='vector', mass_gev=0.05, g_mu=1e-3, kinetic_mixing=1.5}"],
        ["model.kinetic_mixing = 1.5: must be a number from -1 to 1"],
    ),
    "mixing that does not go with the coupling": (
        [
            "model={name='lmu-ltau', particle='vector', mass_gev=0.05, g_mu=1e-3, kinetic_mixing=1e-4}",
            "variations=[{name='twice', kind='coupling', g_mu=2e-3}]",
        ],
        ["variations.twice: a coupling is not varied beside model.kinetic_mixing = 0.0001"],
    ),
    "a scalar cannot be Lmu-Ltau": (["model.name=lmu-ltau"], ["lmu-ltau", "vector"]),
    "unknown model": (
        ["model.name=photophilic"],
        ["model.name = 'photophilic'", "'leptophilic'", "'lmu-ltau'"],
    ),
    "no open channel": (
        ["model.name=muonphilic", 'model.channels=["ee", "mumu"]'],
        ["model.mass_gev = 0.05: no open channel among ee, mumu", "gammagamma"],
    ),
    "no channel at all": (
        ["model.name=muonphilic", "model.particle=vector"],
        ["model.mass_gev = 0.05: no open channel", "change mass_gev, the couplings or channels"],
    ),
    "no channels listed": (["model.channels=[]"], ["model.channels = []", "at least 1"]),
    "unknown channel": (['model.channels=["ee", "pipi"]'], ["'pipi'", "'gammagamma'"]),
    "closed branching": (["model.branching={mumu=0.5}"], ["model.branching.mumu = 0.5", "opens at"]),
    "too much branching": (["model.branching={ee=0.7, gammagamma=0.7}"], ["model.branching", "1.4"]),
    "no lifetime": (["model.ctau_m=0.0"], ["model.ctau_m = 0.0", "greater than 0"]),
    "unknown method": (["production.method=www"], ["production.method = 'www'", "'iww'"]),
    "too few events": (["run.events=1"], ["run.events = 1", "2"]),
    "a seed below 0": (["run.seed=-1"], ["run.seed = -1", "0"]),
    "a seed of 64 bits": (["run.seed=9223372036854775808"], ["run.seed = 9223372036854775808"]),
    "a small chunk": (["run.chunk=10"], ["run.chunk = 10", "100"]),
    "what to write": (["run.write=all"], ["run.write = 'all'", "'fiducial'", "'accepted'"]),
    "no exposure": (["experiment.exposure.value=0"], ["experiment.exposure.value = 0", "greater than 0"]),
    "unknown material": (["experiment.target.material=Fee"], ["experiment.target.material = 'Fee'", "Fe"]),
    "a material twice": (["experiment.target.z=29"], ["experiment.target", "not both"]),
    "a volume back to front": (
        ["experiment.decay_volume.z_m=[90.0, 80.0]"],
        ["experiment.decay_volume.z_m", "smaller"],
    ),
    "a dump back to front": (["experiment.target.z_m=[3.2, 0.0]"], ["experiment.target.z_m", "smaller"]),
    "a volume behind the detector": (
        ["experiment.decay_volume.z_m=[300.0, 400.0]"],
        ["experiment.decay_volume.z_m: begins at 300 m, behind", "159.93 m"],
    ),
    "a magnet in the dump": (
        ["experiment.magnet.MNP33.z_m=1.0"],
        ["experiment.magnet.MNP33.z_m = 1: inside the dump", "from 0 to 3.2 m", "move it behind the dump"],
    ),
    "a magnet at the front of the dump": (
        ["experiment.magnet.MNP33.z_m=0.0"],
        ["experiment.magnet.MNP33.z_m = 0: inside the dump"],
    ),
    "an unknown plane in a selection": (
        ['experiment.selection.tracks.planes=["straw9"]'],
        ["experiment.selection.tracks.planes", "'straw9'", "straw1, straw4, lkr"],
    ),
    "no plane to measure at": (
        ["experiment.selection.photons.planes=[]"],
        ["experiment.selection.photons: min_radius_m and min_separation_m: taken at the last of planes"],
    ),
    "no plane for one cut": (
        ["experiment.selection.photons.planes=[]", "experiment.selection.photons.min_radius_m=0.0"],
        ["experiment.selection.photons: min_separation_m: taken at the last of planes"],
    ),
    "more requirements than bits": (
        [f"experiment.selection=[{', '.join(22 * [THREE_PLANES])}]"],
        ["experiment.selection: 67 requirements", "failed_bits has room for 64"],
    ),
    "two planes of one name": (["experiment.plane.straw4.name=lkr"], ["experiment.plane", "'lkr'"]),
    "a plane's name that is no branch's": (["experiment.plane.straw1.name=straw 1"], ["name = 'straw 1'"]),
    "an unknown shape": (["experiment.decay_volume.shape=cube"], ["shape = 'cube'", "'cylinder'", "'slab'"]),
    "a table for an experiment": (["experiment=1"], ["experiment: must be a table"]),
    "flux and beam": (["beam={energy_gev=100.0}"], ["beam", "flux"]),
    "no flux file": (["flux.file=''"], ["flux.file"]),
    "an unknown format of a flux": (
        ["flux.format=fairsihp"],
        ["flux.format = 'fairsihp'", "'muonfluxenhancement'", "'fairship'", "'columns'"],
    ),
    "no protons": (["flux.format=fairship", "flux.protons=0"], ["flux.protons = 0", "greater than 0"]),
    "protons of a native flux": (
        ["flux.protons=100"],
        ['flux.protons: not with format = "native"', 'format = "columns"'],
    ),
    "another frame of a native flux": (
        ["flux.z_offset_m=1.0"],
        ['flux.z_offset_m: not with format = "native"'],
    ),
    "a tree of a native flux": (["flux.tree=mine"], ['flux.tree: not with format = "native"']),
    "a tree of FairShip": (
        ["flux.format=fairship", "flux.tree=mine"],
        ['flux.tree: not with format = "fairship"', "pythia8-Geant4"],
    ),
    "an embedded flux in another format": (
        ["flux.file=builtin:na62_cu", "flux.format=fairship"],
        ['flux.format = "fairship"', "native"],
    ),
    "columns without columns": (["flux.format=columns"], ["flux.columns: missing", 'unit = "mm"']),
    "columns of another format": (
        [f"flux.columns={FLUX_COLUMNS}"],
        ['flux.columns: only with format = "columns"'],
    ),
    "columns that are not all there": (
        ["flux.format=columns", "flux.columns={pdg='id', x='x'}"],
        ["flux.columns.y: missing", "flux.columns.w: missing"],
    ),
    "a misspelt column": (
        ["flux.format=columns", f"flux.columns={FLUX_COLUMNS}", "flux.columns.pzz=p_z"],
        ["flux.columns.pzz: unknown key", "did you mean 'pz'?"],
    ),
    "an unknown unit of length": (
        ["flux.format=columns", f"flux.columns={FLUX_COLUMNS}", "flux.columns.x.unit=um"],
        ["flux.columns.x.unit = 'um'", "'m', 'cm' or 'mm'"],
    ),
    "a length for a momentum": (
        ["flux.format=columns", f"flux.columns={FLUX_COLUMNS}", "flux.columns.px={name='px', unit='mm'}"],
        ["flux.columns.px.unit = 'mm'", "'GeV' or 'MeV'"],
    ),
    "a unit of a PDG id": (
        ["flux.format=columns", f"flux.columns={FLUX_COLUMNS}", "flux.columns.pdg={name='id', unit='mm'}"],
        ["flux.columns.pdg.unit: unknown key"],
    ),
    "a misspelt key of a column": (
        ["flux.format=columns", f"flux.columns={FLUX_COLUMNS}", "flux.columns.x={name='x', units='mm'}"],
        ["flux.columns.x.units: unknown key", "did you mean 'unit'?"],
    ),
    "g-2 without an error": (["g_minus_2.error=0.0"], ["g_minus_2.error = 0.0", "at least 1e-15"]),
    "half a proton": (["flux.format=fairship", "flux.protons=0.5"], ["flux.protons = 0.5", "at least 1"]),
    "too many points": (["run.events=1_000_000_000_001"], ["run.events", "at most 1000000000000"]),
    "a foil thinner than an atom": (
        ["experiment.target.z_m=[0.0, 1e-10]"],
        ["experiment.target.z_m = [0.0, 1e-10]", "at least 1e-09 long"],
    ),
}


@pytest.mark.parametrize(("changes", "expected"), FAULTS.values(), ids=FAULTS)
@pytest.mark.parametrize("command", ["check"])
def test_a_fault_is_told(command: str, changes: list[str], expected: list[str]) -> None:
    message = refused(command, "tiny.toml", *settings(*changes))
    for fragment in expected:
        assert fragment in message
    assert message.startswith("mcgen: tiny.toml: "), "the card is named"


def test_a_magnet_behind_the_dump_is_none_in_it() -> None:
    assert mcgen.load_card("tiny.toml", ["experiment.magnet.MNP33.z_m=3.2"]).experiment.magnet[0].z_m == 3.2


def test_a_magnet_in_a_layer_is_refused_with_the_layer() -> None:
    card = mcgen.load_card("tiny.toml").to_dict()
    layers = [{"material": "Mo", "z_m": [0.0, 0.6]}, {"material": "W", "z_m": [0.6, 1.5]}]
    card["experiment"]["target"] = {"layer": layers}
    for z, where in ((0.6, "from 0.6 to 1.5 m"), (0.59, "from 0 to 0.6 m")):
        card["experiment"]["magnet"][0]["z_m"] = z
        with pytest.raises(CardError, match=f"MNP33.z_m = {z}: inside the dump.*{where}"):
            mcgen.load_card(card)
    card["experiment"]["magnet"][0]["z_m"] = 1.5
    mcgen.load_card(card)
    card["experiment"]["target"] = {"layer": [*layers, {"material": "Fe", "z_m": [2.0, 3.0]}]}
    with pytest.raises(
        CardError, match=r"in the gap between layers from 1\.5 to 2 m.*field_t = \[bx, by\] of a layer"
    ):
        mcgen.load_card(card)


IRON: dict[str, Any] = {"material": "Fe", "z_m": [1.0, 2.0]}
LAYERS: dict[str, tuple[list[Any], str]] = {
    "overlap": (
        [{"material": "W", "z_m": [0.0, 1.1]}, IRON],
        "layer.1.z_m: begins at 1, but the layer before ends at 1.1",
    ),
    "vacuum first": ([{"material": "vacuum", "z_m": [0.0, 1.0]}, IRON], "begins with vacuum"),
    "thick vacuum": (
        [IRON, {"material": "vacuum", "density_g_cm3": 1e-6, "z_m": [2.0, 3.0]}],
        "layer.1.density_g_cm3: vac",
    ),
    "two sides": (
        [{**IRON, "radius_m": 1.0, "half_width_m": [1.0, 1.0]}],
        "layer.0: half_width_m or radius_m, not both",
    ),
    "up to the volume": (
        [IRON, {"material": "air", "z_m": [2.0, 90.0]}],
        "end the layers where the volume begins",
    ),
    "too strong": ([{**IRON, "field_t": [0.0, 1e3]}], "field_t"),
    "one component": ([{**IRON, "field_t": [1.6]}], "field_t"),
}


@pytest.mark.parametrize(("layers", "message"), LAYERS.values(), ids=LAYERS)
@pytest.mark.parametrize("method", ["iww", "exact"])
def test_layers_that_cannot_be_are_refused(method: str, layers: list[Any], message: str) -> None:
    card = mcgen.load_card("tiny.toml").to_dict()
    card["production"]["method"] = method
    card["experiment"]["target"] = {"layer": layers}
    with pytest.raises(CardError, match=re.escape(message)):
        mcgen.load_card(card)


def test_check_shows_layers_with_fields_and_sides() -> None:
    layers = (
        "[{material='W', z_m=[0.0, 1.0], half_width_m=[0.1, 0.2]}, {material='Fe', z_m=[1.5, 3.0], field_t=[0.0, 1.6]},"
        " {material='vacuum', z_m=[3.0, 20.0], radius_m=2.0}]"
    )
    found = done("check", "tiny.toml", *settings(f"experiment.target={{layer={layers}}}")).out
    for text in (
        "W, 19.3 g/cm3, half width (0.1, 0.2) m",
        "Fe, 7.874 g/cm3, field (0, 1.6) T",
        "vacuum, radius 2 m",
    ):
        assert text in found


def test_as_many_requirements_as_bits_are_accepted() -> None:
    card = mcgen.load_card("tiny.toml", [f"experiment.selection=[{', '.join(21 * [THREE_PLANES])}]"])
    assert len(detector_of(card.experiment).requirements) == 64


NOTHING = ("5e-324", "1e-300", "1e-30")
POSITIVE = {
    "model.g_mu": "1e-20",
    "model.couplings.mu": "1e-20",
    "model.ctau_m": "1e-18",
    "production.stopping_power_gev_per_m": "1e-25",
    "experiment.exposure.value": "1e-12",
    "experiment.target.density_g_cm3": "1e-24",
    "experiment.target.x0_g_cm2": "1",
    "experiment.target.radius_m": "1e-06",
    "experiment.decay_volume.radius_m": "1e-06",
    "experiment.plane.straw1.radius_m": "1e-06",
    "scan.n_signal": "1e-06",
    "g_minus_2.error": "1e-15",
}


@pytest.mark.parametrize("value", NOTHING)
@pytest.mark.parametrize(("key", "least"), POSITIVE.items())
def test_a_number_that_is_next_to_nothing_is_refused(key: str, least: str, value: str) -> None:
    message = refused("check", "tiny.toml", *settings(f"{key}={value}"))
    assert f"{key.replace('straw1', '0')} = {float(value)}: must be at least {least}" in message


@pytest.mark.parametrize(
    ("key", "ratio"),
    [
        ("model.g_mu", 1e4),
        ("production.stopping_power_gev_per_m", 1.0),
        ("experiment.exposure.value", 10.0),
        ("experiment.target.density_g_cm3", 10.0),
    ],
)
def test_the_least_number_is_no_trouble(key: str, ratio: float) -> None:
    """Nothing overflows, which would be a warning, and the yield is in proportion to that of ten times as much."""
    least = float(POSITIVE[key])
    yields = [
        mcgen.generate(mcgen.load_card("tiny.toml", [f"{key}={value}"])).outcome.yields["fiducial"]
        for value in (least, 10.0 * least)
    ]
    assert yields[1].value == pytest.approx(ratio * yields[0].value, rel=0.1)
    assert yields[0].effective_size > 50.0


def test_generate_refuses_what_check_refuses() -> None:
    message = refused("generate", "tiny.toml", *settings("model.mas_gev=0.1"))
    assert message == refused("check", "tiny.toml", *settings("model.mas_gev=0.1"))


def faults(*changes: str) -> list[str]:
    with pytest.raises(CardError) as caught:
        mcgen.load_card("tiny.toml", changes)
    assert str(len(caught.value.faults)) in str(caught.value).splitlines()[0]
    return [fault.split(":")[0].split(" =")[0] for fault in caught.value.faults]


def test_all_faults_at_once() -> None:
    found = faults(
        "model.g_mu=-1",
        "run.chunk=1",
        "runn.events=7",
        "experiment.target.material=Fee",
        "experiment.decay_volume.z_m=[9.0, 3.0]",
        'experiment.selection.photons.planes=["straw9"]',
    )
    assert sorted(found) == [
        "experiment.decay_volume.z_m",
        "experiment.selection.photons.planes",
        "experiment.target.material",
        "model.g_mu",
        "run.chunk",
        "runn",
    ]


def test_a_misspelt_key_does_not_hide_an_impossible_decay() -> None:
    found = faults("model.nam=x", "model.name=muonphilic", 'model.channels=["ee"]')
    assert sorted(found) == ["model.mass_gev", "model.nam"]


def test_a_faulty_plane_does_not_hide_a_faulty_volume() -> None:
    found = faults("experiment.plane.straw1.radius_m=-1", "experiment.decay_volume.z_m=[9.0, 3.0]")
    assert len(found) == 2
    assert "experiment.decay_volume.z_m" in found


def test_a_key_of_another_table_is_said_to_be_there() -> None:
    with pytest.raises(CardError, match=r"did you mean 'model\.mass_gev'"):
        mcgen.load_card("tiny.toml", ["run.mass_gev=0.1"])


@pytest.mark.parametrize("missing", ["model", "flux", "experiment"])
def test_a_missing_table_is_told(missing: str) -> None:
    data = mcgen.load_card("tiny.toml").to_dict()
    del data[missing]
    Path("less.toml").write_text(
        "\n".join(f"{key} = {toml(value)}" for key, value in data.items()), encoding="utf-8"
    )
    assert missing in refused("check", "less.toml")


def test_an_empty_card_lacks_everything() -> None:
    Path("empty.toml").write_text("", encoding="utf-8")
    message = refused("check", "empty.toml")
    for table in ("model", "flux", "experiment"):
        assert table in message


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (CARD.encode() + b"oops", "not valid TOML"),
        (b"\xff\xfe[model]", "UTF-8"),
        (b"title = 'a'\ntitle = 'b'", "not valid TOML"),
        (b"title = " + b"[" * 3000 + b"]" * 3000, "not valid TOML: tables and lists in one another"),
        (b"model" + b".a" * 3000 + b" = 1", "not valid TOML: tables and lists in one another"),
        (b"run.events = " + b"1" * 5000, "not valid TOML"),
    ],
    ids=["syntax", "binary", "key twice", "brackets", "dots", "digits"],
)
def test_a_card_that_is_none(content: bytes, expected: str) -> None:
    Path("bad.toml").write_bytes(content)
    assert expected in refused("check", "bad.toml")


@pytest.mark.parametrize(
    "change", ["model.channels=" + "[" * 3000, "title=" + "[" * 200 + "]" * 200, "model" + ".a" * 3000 + "=1"]
)
def test_a_setting_deeper_than_any_card(change: str) -> None:
    message = refused("check", "tiny.toml", *settings(change))
    assert "more than 50 levels deep" in message or "no key has 3001 parts" in message


def test_plain_data_deeper_than_any_card() -> None:
    deep: dict[str, Any] = {}
    for _ in range(3000):
        deep = {"a": deep}
    card = mcgen.load_card("tiny.toml")
    with pytest.raises(CardError, match="more than 50 levels deep"):
        mcgen.load_card({**card.to_dict(), "model": deep})
    with pytest.raises(CardError, match="more than 50 levels deep"):
        card.replace(model=deep)


@pytest.mark.parametrize("card", ["nowhere.toml", ".", "", "x" * 300, "no\0where", "tiny.toml/tiny.toml"])
def test_a_card_that_is_not_there(card: str) -> None:
    assert "no such card" in refused("check", card)


@pytest.mark.parametrize("card", ["nowhere", "nowhere.toml", ".", "x" * 300])
def test_an_experiment_card_that_is_not_there(card: str) -> None:
    message = refused("check", "tiny.toml", *settings(f"experiment.card={card}"))
    assert "no such experiment card" in message


def test_a_misspelt_experiment_card_gets_a_suggestion() -> None:
    assert "did you mean 'ship'?" in refused("check", "tiny.toml", *settings("experiment.card=shipp"))


def test_a_plane_without_a_proper_name_is_a_fault() -> None:
    text = CARD.replace('card = "na62"', 'card = "na62"\n[[experiment.plane]]\nname = ["straw1"]')
    Path("tiny.toml").write_text(text, encoding="utf-8")
    assert "experiment.plane" in refused("check", "tiny.toml")


@pytest.mark.parametrize("file", ["a\\u0000b.csv", "~nobody-of-that-name/muons.csv", "x" * 300 + ".csv"])
def test_a_flux_path_that_cannot_be(file: str) -> None:
    Path("tiny.toml").write_text(CARD.replace("muons.csv", file), encoding="utf-8")
    assert "flux" in refused("generate", "tiny.toml")


# --- anything at all


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """List the places of all tables, lists and values in plain data."""
    items: list[tuple[Any, Any]] = []
    if isinstance(value, dict):
        items = list(value.items())
    elif isinstance(value, list):
        items = list(enumerate(value))
    return [path, *(place for key, item in items for place in paths_of(item, (*path, key)))]


def raw_card() -> dict[str, Any]:
    """Plain data of a run card that uses everything that gets merged."""
    full = mcgen.load_card("na62_leptophilic").to_dict()
    full["flux"] = {"file": "muons.csv"}
    full["experiment"] = {
        "card": "na62",
        "exposure": {"value": 1e17},
        "plane": [
            {"name": "straw1", "radius_m": 0.9},
            {"name": "wall", "z_m": 230.0, "shape": "circle", "radius_m": 2.0},
        ],
        "magnet": [{"name": "MNP33", "kick_gev": [0.1, 0.0]}],
        "decay_volume": {"shape": "box", "half_width_m": [1.0, 2.0]},
        "selection": [
            {"name": "all", "channels": ["ee", "gammagamma"], "planes": ["straw1", "wall"], "efficiency": 0.9}
        ],
        "target": {"radius_m": 0.5},
    }
    return full


RAW = raw_card()
texts = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(
    ["na62", "straw1", "ee", "slab", "custom", "~x", "/"]
)
scalars = st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(texts | st.sampled_from(["name", "z_m", "card"]), inner, max_size=3)
    ),
    max_leaves=5,
)


@st.composite
def mutated_cards(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a valid card with up to three of its parts replaced, removed or added."""
    card = copy.deepcopy(RAW)
    for _ in range(draw(st.integers(1, 3))):
        *way, last = draw(st.sampled_from([path for path in paths_of(card) if path]))
        place: Any = card
        for key in way:
            place = place[key]
        match draw(st.sampled_from(["replace", "remove", "add"])):
            case "replace":
                place[last] = draw(values)
            case "remove":
                del place[last]
            case _ if isinstance(place, dict):
                place[draw(texts)] = draw(values)
            case _:
                place.append(draw(values))
    return card


def without_none(value: Any) -> Any:
    """Drop what TOML cannot say."""
    if isinstance(value, dict):
        return {key: without_none(item) for key, item in value.items() if item is not None}
    return [without_none(item) for item in value if item is not None] if isinstance(value, list) else value


@given(card=mutated_cards())
@given_settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_card_file_is_loaded_or_refused(card: dict[str, Any]) -> None:
    lines = [f"{toml(key)} = {toml(value)}" for key, value in without_none(card).items()]
    Path("any.toml").write_text("\n".join(lines), encoding="utf-8")
    with suppress(UsageError):
        loaded = mcgen.load_card("any.toml")
        assert mcgen.load_card(loaded.to_dict()) == loaded


@given(card=mutated_cards() | values)
@given_settings(max_examples=50, deadline=None)
def test_any_plain_data_is_loaded_or_refused(card: Any) -> None:
    data = card if isinstance(card, dict) else {"model": card}
    with suppress(CardError):
        loaded = mcgen.load_card(data)
        assert mcgen.load_card(loaded.to_dict()) == loaded


keys = st.sampled_from([".".join(map(str, path)) for path in paths_of(RAW) if path]) | texts


@given(key=keys, value=values.map(lambda value: toml(without_none(value))) | texts)
@given_settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_setting_is_taken_or_refused(key: str, value: str) -> None:
    with suppress(UsageError):
        loaded = mcgen.load_card("tiny.toml", [f"{key}={value}"])
        assert math.isfinite(loaded.model.mass_gev)
