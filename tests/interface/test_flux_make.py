"""`mcgen flux make`: the same file from however many processes, continued or not, and what it says of itself."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import uproot

import mcgen
from mcgen.card import flux_table
from mcgen.flux.flux import load_flux
from mcgen.run.journal import journal_folder
from tests.oracle.cards import done, refused
from tests.oracle.processes import wait_for

pytest.importorskip("pythia8mc", reason="needs Pythia")

MAKE = ["flux", "make", "ship", "--threshold", "20", "--protons", "8", "--chunk", "4", "--seed", "5", "-q"]
"""Two chunks: each starts Pythia, which takes longer than its collisions."""


def columns(path: str) -> dict[str, Any]:
    return dict(uproot.open(path)["muons"].arrays(library="np"))


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("flux") / "whole.root"
    done(*MAKE, "-o", path)
    return path


def assert_same(one: Path, other: Path) -> None:
    first, second = columns(str(one)), columns(str(other))
    assert list(first) == list(second)
    for name, values in first.items():
        np.testing.assert_array_equal(values, second[name])


def test_what_is_in_the_file(whole: Path) -> None:
    found = columns(str(whole))
    assert list(found) == ["pdg", "x", "y", "z", "px", "py", "pz", "w", "group", "parent"]
    assert {13, -13, 211, -211} <= set(found["pdg"])
    assert {211, 321, 22} <= set(found["parent"])
    assert (np.sqrt(found["px"] ** 2 + found["py"] ** 2 + found["pz"] ** 2) >= 20.0 * (1.0 - 1e-6)).all()
    assert ((found["z"] >= 0.0) & (found["z"] <= 1.5)).all(), "the dump of the card"
    flux = load_flux(flux_table({"file": str(whole)}))
    assert flux.groups == len(np.unique(found["group"]))
    assert 1 < flux.groups < len(flux)


def test_it_says_how_it_was_made(whole: Path) -> None:
    made = json.loads(done("flux", "show", whole, "--json").out)["provenance"]
    assert made["generator"].startswith("Pythia 8.317.")
    assert (made["seed"], made["protons"], made["energy_gev"]) == (5, 8, 400.0)
    assert made["layers"][0]["name"] == "Mo"
    assert made["layers"][0]["z_m"] == [0.0, 1.5]
    assert made["counts"]["collisions"] > 100
    printed = done("flux", "show", whole).out
    for words in (
        "Pythia 8.317.",
        "seed 5",
        "Mo, 10.22 g/cm3, from 0 to 1.5 m",
        "8 protons followed above 20 GeV",
    ):
        assert words in printed
    assert json.loads(done("flux", "show", "builtin:ship_mo", "--json").out)["provenance"] is None


@pytest.mark.parametrize(
    ("name", "beam", "rows"),
    [("na62_tax", "", 150000), ("ship_bdf", "", 150000), ("darkquest", "--energy 120 ", 100000)],
)
def test_the_page_of_the_embedded_samples_has_the_commands_that_made_them(
    name: str, beam: str, rows: int
) -> None:
    page = (Path(mcgen.__file__).parent / "data" / "README.md").read_text(encoding="utf-8")
    made = json.loads(done("flux", "show", f"builtin:{name}", "--json").out)["provenance"]
    layers = [f"--layer {one['name']}:{one['z_m'][0]:g}:{one['z_m'][1]:g}" for one in made["layers"]]
    protons, threshold = made["protons"], made["threshold_gev"]
    command = f"{' '.join(layers)} {beam}--protons {protons} --threshold {threshold:g} --rows {rows} --seed {made['seed']}"
    assert made["energy_gev"] == (120.0 if beam else 400.0)
    assert f"mcgen flux make {command} -o {name}.root" in page
    # A card of the same name has the same layers in its target.
    card = mcgen.load_card(f"{name.replace('_', '-')}_muonphilic_exact")
    target = [[layer.material, list(layer.z_m or ())] for layer in card.experiment.target.layers]
    assert [[one["name"], one["z_m"]] for one in made["layers"]] == target[: len(layers)]


@pytest.mark.parametrize(("name", "material"), [("na62_cu_mesons", "Cu"), ("ship_mo_mesons", "Mo")])
def test_so_it_has_those_of_one_material(name: str, material: str) -> None:
    page = (Path(mcgen.__file__).parent / "data" / "README.md").read_text(encoding="utf-8")
    made = json.loads(done("flux", "show", f"builtin:{name}", "--json").out)["provenance"]
    assert [layer["name"] for layer in made["layers"]] == [material]
    assert (made["energy_gev"], made["parent_factors"]) == (400.0, {})
    sizes = " ".join(
        f"--{option} {made[key]:g}"
        for option, key in (
            ("protons", "protons"),
            ("threshold", "threshold_gev"),
            ("rows", "rows"),
            ("pion-rows", "pion_rows"),
            ("mantissa", "mantissa_bits"),
            ("seed", "seed"),
        )
    )
    assert f"mcgen flux make --material {material} {sizes} -o {name}.root" in page


def test_two_processes_make_the_same_and_other_seeds_do_not(whole: Path) -> None:
    done(*MAKE, "--jobs", "2", "-o", "two.root")
    assert_same(whole, Path("two.root"))
    done(*MAKE, "--seed", "6", "--protons", "4", "-o", "other.root")
    assert len(columns("other.root")["w"]) != len(columns(str(whole))["w"])


def is_written(path: Path) -> bool:
    """Whether a file is there, and nobody has been writing to it for a while."""
    return path.exists() and time.time() - path.stat().st_mtime > 0.2


@pytest.mark.nightly
def test_a_run_that_was_killed_is_continued(whole: Path) -> None:
    folder = journal_folder(Path("again.root"))
    command = [sys.executable, "-m", "mcgen", *MAKE, "-o", "again.root"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_for(lambda: is_written(folder / "chunk-0000000.npy") or process.poll() is not None)
        process.send_signal(signal.SIGINT)
        message = process.communicate()[1]
    assert process.returncode == 130, message
    assert "continue with --resume" in message
    assert not Path("again.root").exists()
    assert "--resume" in refused(*MAKE, "-o", "again.root")
    assert "differs from this one in photons" in refused(*MAKE, "--photons", "--resume", "-o", "again.root")
    done(*[word for word in MAKE if word not in ("--seed", "5")], "--resume", "-o", "again.root")
    assert_same(whole, Path("again.root"))
    assert not folder.exists()


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_other_formats_say_it_too(whole: Path, ending: str) -> None:
    from mcgen.io.flux.native import flux_file, provenance_of

    found = columns(str(whole))
    target = Path(f"flux.{ending}")
    with flux_file(target, {name: values.dtype for name, values in found.items()}) as file:
        file.append(found)
        file.finish({"seed": 5, "layers": []})
    assert provenance_of(target) == {"seed": 5, "layers": []}
    assert "seed 5" in done("flux", "show", target).out
    flux = load_flux(flux_table({"file": str(target)}))
    np.testing.assert_allclose(flux.momentum[2], found["pz"], rtol=1e-7)


def test_a_flux_that_was_made_drives_a_run(whole: Path) -> None:
    small = [
        "-n",
        "2000",
        "--set",
        "run.vegas.pilot=2000",
        "--set",
        "run.vegas.nitn=1",
        "--set",
        "run.vegas.neval=1000",
    ]
    done("generate", "ship_leptophilic_exact", "--set", f"flux.file={whole}", *small, "-o", "events.root")
    found = json.loads(done("inspect", "events.root", "--json").out)
    assert found["yield"]["fiducial"]["value"] > 0.0
    assert found["yield"]["fiducial"]["flux_error"] > 0.0


@pytest.mark.parametrize(
    ("options", "fragments"),
    [
        ([], ["either a CARD, or --material, or one --layer"]),
        (["ship", "--material", "Mo"], ["either a CARD"]),
        (["shp"], ["no such card", "ship_leptophilic"]),
        (["--material", "Unobtainium"], ["unknown material 'Unobtainium'", "Mo"]),
        (["--layer", "W"], ["--layer W", "NAME:FROM:TO"]),
        (["--layer", "W:1:0"], ["FROM < TO"]),
        (["--layer", "W:0:1", "--layer", "Fe:2:3"], ["the layer before ends at 1 m"]),
        (["ship", "--energy", "5"], ["--energy 5", "10 to 1000 GeV"]),
        (["ship", "--protons", "0"], ["--protons 0", "from 1"]),
        (["ship", "--protons", "2.5"], ["--protons 2.5", "whole number"]),
        (["ship", "--threshold", "0.1"], ["--threshold 0.1", "0.5 GeV"]),
        (["ship", "--cascade-threshold", "0.7"], ["--cascade-threshold 0.7", "1 GeV"]),
        (["ship", "--rows", "10"], ["--rows 10", "1000"]),
        (["ship", "--pion-rows", "1e6"], ["--pion-rows 1000000", "below --rows"]),
        (["ship", "--mantissa", "4"], ["--mantissa 4", "8 to 23 bits"]),
        (["ship", "--chunk", "0"], ["--chunk 0"]),
        (["ship", "--seed", "-1"], ["--seed -1"]),
        (["ship", "-o", "flux.txt"], ["flux.txt", ".root, .parquet, .csv"]),
        (["ship", "-o", "nowhere/flux.root"], ["nowhere does not exist"]),
    ],
)
def test_what_cannot_be_made(options: list[str], fragments: list[str]) -> None:
    message = refused("flux", "make", *options)
    for fragment in fragments:
        assert fragment in message


def test_faults_of_a_card_are_told() -> None:
    Path("mine.toml").write_text(
        'name = "mine"\n[target]\nmaterial = "Mo"\nz_m = [1.5, 0.0]\n', encoding="utf-8"
    )
    message = refused("flux", "make", "mine.toml")
    assert "experiment.target.z_m" in message
    assert "experiment.exposure" in message


def test_without_pythia(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    assert "pip install 'mcgen-hep[pythia]'" in refused(*MAKE, "-o", "flux.root")
