"""`generate --match` and `validate`: a sample of MadGraph's, matched and compared, from the command line."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mcgen
from tests.oracle.cards import done, refused, settings
from tests.oracle.lhe import EVENT, Lhe
from tests.oracle.stats import seed_of

MADGRAPH = Path(__file__).parents[2] / "validation" / "madgraph" / "cu_mS0.1_E50.lhe.gz"

TRAINING = settings("run.vegas.nitn=4", "run.vegas.neval=6000", "run.vegas.pilot=5000")

SAMPLE = "sample.lhe"


@pytest.fixture(scope="module")
def lhe(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first 5000 events of one of MadGraph's samples."""
    head, *events = gzip.decompress(MADGRAPH.read_bytes()).split(b"<event>")
    path = tmp_path_factory.mktemp("lhe") / "cu.lhe.gz"
    path.write_bytes(gzip.compress(b"<event>".join([head, *events[:5000]]) + b"</LesHouchesEvents>"))
    return path


def matched(lhe: Path, method: str, events: int = 60_000) -> Path:
    output = lhe.with_name(f"{method}.root")
    if not output.exists():
        seed = str(seed_of("match", method))
        done(
            "generate",
            "--match",
            lhe,
            "--method",
            method,
            "-n",
            str(events),
            "--seed",
            seed,
            *TRAINING,
            "-o",
            output,
            "-q",
        )
    return output


def compared(file: Path, reference: Path, *options: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(
        done("validate", file, "--reference", reference, "--json", *options).out
    )
    return found


@pytest.fixture
def fake() -> Path:
    """Write a sample of three events into the working directory."""
    return write(Lhe())


def write(lhe: Lhe, name: str = SAMPLE) -> Path:
    Path(name).write_text(lhe.text(), encoding="utf-8")
    return Path(name)


# --- MadGraph -----------------------------------------------------------------------------------------------


def test_exact_is_compatible_with_madgraph(lhe: Path) -> None:
    found = compared(matched(lhe, "exact"), lhe)
    assert [v["variable"] for v in found["variables"]] == [
        "x", "theta", "boson_e", "boson_pt", "recoil_e", "recoil_theta", "t",
    ]  # fmt: skip
    for v in found["variables"]:
        assert min(v["p_chi2"], v["ks_p"]) > 1e-3, v
        assert v["ndf"] >= 20
    error = np.hypot(found["sigma_error_pb"], found["reference_sigma_error_pb"])
    assert found["reference_sigma_pb"] == 300010000.0
    assert found["reference_sigma_error_pb"] == 429069.3
    assert abs(found["sigma_pb"] - 3.0001e8) < 0.005 * 3.0001e8 + error
    assert found["sigma_error_pb"] < 0.005 * found["sigma_pb"]
    assert found["compatible"] is True
    assert found["verdict"].startswith("compatible")
    assert found["not_compared"] == []


def test_iww_is_not(lhe: Path) -> None:
    found = compared(matched(lhe, "iww", 20_000), lhe)
    assert found["compatible"] is False
    assert found["verdict"].startswith("NOT compatible: total, x, theta")
    assert found["ratio"] > 1.8
    (x,) = (v for v in found["variables"] if v["variable"] == "x")
    assert max(x["p_chi2"], x["ks_p"]) < 1e-6
    undefined = {v["variable"]: v["reason"] for v in found["not_compared"]}
    assert undefined == dict.fromkeys(["recoil_e", "recoil_theta", "t"], "not defined in the file")


def test_ww_has_no_t(lhe: Path) -> None:
    found = compared(matched(lhe, "ww", 20_000), lhe)
    assert [v["variable"] for v in found["not_compared"]] == ["t"]
    assert 0.98 < found["ratio"] < 1.02


def test_the_table_has_a_verdict(lhe: Path) -> None:
    out = done("validate", matched(lhe, "exact"), "--reference", lhe).out
    assert out.strip().splitlines()[-1].startswith("compatible: total and 7 shapes")
    for word in ("theta [rad]", "boson_pt [GeV]", "t [GeV^2]", "chi2/ndf", "ratio"):
        assert word in out


def test_plots_are_written(lhe: Path) -> None:
    done("validate", matched(lhe, "iww", 20_000), "--reference", lhe, "-o", "plots")
    found = {path.name: path.read_bytes()[:4] for path in Path("plots").iterdir()}
    assert found == {"iww_ratios.png": b"\x89PNG", "iww_ratios.pdf": b"%PDF"}


# --- Other runs ---------------------------------------------------------------------------------------------


def test_another_run_can_be_the_reference(lhe: Path) -> None:
    other = lhe.with_name("other.root")
    done(
        "generate",
        "--match",
        lhe,
        "-n",
        "10000",
        "--seed",
        str(seed_of("other")),
        *TRAINING,
        "-o",
        other,
        "-q",
    )
    found = compared(other, matched(lhe, "exact"))
    assert found["compatible"] is True
    assert len(found["variables"]) == 7
    assert compared(matched(lhe, "iww", 20_000), other)["compatible"] is False


def test_decays_can_be_compared_with_decays(sample: Path) -> None:
    found = compared(sample, sample)
    assert found["compatible"] is True
    assert found["sigma_pb"] is None
    assert found["ratio"] == 1.0


# --- The matching run ---------------------------------------------------------------------------------------


def test_the_card_is_that_of_the_sample(fake: Path) -> None:
    done("generate", "--match", fake, "-n", "300", "--seed", "1", *TRAINING)
    events = mcgen.read("sample.root")
    card = events.provenance.card
    assert card.production.method == "exact"
    assert (card.model.mass_gev, card.model.g_mu, card.model.particle) == (0.1, 1.0, "scalar")
    assert card.beam is not None
    assert (card.beam.pdg, card.beam.energy_gev) == (13, 50.0001116)
    assert card.experiment.target.material == "Cu"
    assert events.provenance.card.experiment.exposure.model_dump() == {"kind": "xsec", "value": 1.0}
    again = mcgen.generate(card.replace(run={"seed": 1}))
    for name in events.columns:
        np.testing.assert_array_equal(events[name], again[name])


def test_coupling_and_settings(fake: Path) -> None:
    write(Lhe(header="g_mu = 0.5"))
    done("generate", "--match", fake, "-n", "300", *TRAINING, *settings("model.particle=vector"))
    card = mcgen.read("sample.root").provenance.card
    assert (card.model.g_mu, card.model.particle) == (0.5, "vector")


def test_a_nucleus_that_is_not_shipped(fake: Path) -> None:
    aluminium = [(1000130270, *row[1:6], 25.1332) if row[0] > 1e9 else row for row in EVENT]
    write(Lhe(event=aluminium))
    done("generate", "--match", fake, "-n", "300", *TRAINING)
    target = mcgen.read("sample.root").provenance.card.experiment.target
    assert target.z == 13.0
    assert target.a == pytest.approx(26.9814, rel=1e-5)
    out = done("validate", "sample.root", "--reference", fake).out
    assert "x: not compared, too few events in the reference: effective size 3" in out


def test_inspect_prints_the_cross_section(lhe: Path) -> None:
    out = done("inspect", matched(lhe, "exact")).out
    assert "sigma = 3.0" in out
    assert "decays in" not in out


# --- Refusals -----------------------------------------------------------------------------------------------


def test_a_card_or_a_sample(fake: Path) -> None:
    assert "either a CARD or --match" in refused("generate", "tiny.toml", "--match", fake)
    assert "either a CARD or --match" in refused("generate")


def test_an_unknown_method(fake: Path) -> None:
    assert "production.method = 'best'" in refused("generate", "--match", fake, "--method", "best")


def test_a_damaged_sample(fake: Path, lhe: Path) -> None:
    fake.write_text(Lhe(after="").text(), encoding="utf-8")
    assert "damaged" in refused("generate", "--match", fake)
    assert "damaged" in refused("validate", matched(lhe, "exact"), "--reference", fake)
    assert "no such file" in refused("generate", "--match", "nothing.lhe")
    assert "no such file" in refused("validate", matched(lhe, "exact"), "--reference", "nothing.lhe")


MUON, COPPER, RECOIL, NUCLEUS, BOSON = EVENT

DIFFERENT: dict[str, tuple[Lhe, str]] = {
    "target": (
        Lhe(event=(MUON, (1000420960, *COPPER[1:6], 89.377425), *EVENT[2:])),
        "target Z = 29 of 59.19 GeV, not Z = 42 of 89.38 GeV",
    ),
    "isotope": (Lhe(event=(MUON, (*COPPER[:6], 64.0), *EVENT[2:])), "not Z = 29 of 64 GeV"),
    "energy": (Lhe(event=((*MUON[:5], 51.0, 51.0001094), *EVENT[1:])), "muon energy 50 GeV, not 51.0001 GeV"),
    "coupling": (Lhe(header="g_mu = 0.5"), "coupling to muons 1, not 0.5"),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_another_setup_is_refused(lhe: Path, what: str) -> None:
    sample, message = DIFFERENT[what]
    assert message in refused("validate", matched(lhe, "exact"), "--reference", write(sample))


def test_another_mass_is_refused(lhe: Path) -> None:
    write(Lhe(event=(*EVENT[:4], (36, *BOSON[1:]))))
    # The mass of a particle that is not new is what its momentum says.
    message = refused("validate", matched(lhe, "exact"), "--reference", SAMPLE, "--pdg", "36")
    assert "mass of the boson 0.1 GeV, not" in message


def test_decays_are_no_collisions(sample: Path, lhe: Path) -> None:
    message = refused("validate", sample, "--reference", lhe)
    for word in ("mass of the boson", "muon energy that varies", "weights for 1e+18 pot", "generate --match"):
        assert word in message
