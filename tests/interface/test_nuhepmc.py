"""HepMC3 files obey every requirement of NuHepMC 1.0.0; and a file that breaks one would be told from them."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import mcgen
from tests.oracle.cards import write_tiny_card
from tests.oracle.nuhepmc import CONVENTIONS, REMNANT, REQUIREMENTS, File, broken

SOME = 12


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A file of each production method."""
    place = tmp_path_factory.mktemp("methods")
    card = mcgen.load_card(write_tiny_card(place))
    written = {}
    for method in ("exact", "ww", "iww"):
        events = mcgen.generate(card.replace(production={"method": method}, run={"events": 100}))
        mcgen.write(events[:SOME], place / "out.hepmc3", force=True)
        written[method] = (place / "out.hepmc3").read_text(encoding="utf-8")
    return written


def labels(text: str) -> set[str]:
    """Labels of what a text breaks."""
    Path("some.hepmc3").write_text(text, encoding="utf-8")
    return broken(Path("some.hepmc3"))


@pytest.mark.parametrize("method", ["exact", "ww", "iww"])
def test_every_requirement_is_met(texts: dict[str, str], method: str) -> None:
    assert labels(texts[method]) == set()
    declared = File.of(Path("some.hepmc3")).conventions
    assert set(declared) == {*CONVENTIONS} - ({"P.C.2"} if method == "exact" else set())


def without(pattern: str) -> Callable[[str], str]:
    """Leave out all lines that begin so."""
    return lambda text: re.sub(rf"(?m)^{pattern}.*\n", "", text)


def replaced(pattern: str, by: str, count: int = 1) -> Callable[[str], str]:
    """Replace what is found in the lines, the first time."""
    return lambda text: re.sub(f"(?m){pattern}", by, text, count=count)


RUN = "A NuHepMC" + r"\."
BREAKS: dict[str, Callable[[str], str]] = {
    "G.R.1": without("[WTA] (?!0 )"),
    "G.R.2": without(f"{RUN}Version.Minor"),
    "G.R.3": replaced(r"^T mcgen\\\|[^\\]+", r"T mcgen\\|"),
    "G.R.4": without(f"{RUN}Conventions"),
    "G.R.5": replaced("G.C.2 ", ""),
    "G.R.6": without(f"{RUN}Units.CrossSection.TargetScale"),
    "G.R.7": replaced("^W CV", "W nominal"),
    "G.R.8": without(rf"{RUN}ProcessInfo\[-704\].Description"),
    "G.R.9": replaced(rf"^({RUN}VertexStatusIDs).*", r"\1 1"),
    "G.R.10": without(rf"{RUN}ParticleStatusInfo\[20\].Name"),
    "G.R.11": without(rf"{RUN}AdditionalParticleNumbers"),
    "E.R.1": replaced(r"^(P \d+ -?\d+ 9000025 )-?\d", r"\g<1>9"),
    "E.R.2": replaced("^E 1 ", "E 0 "),
    "E.R.3": replaced("^A 0 signal_process_id .*", "A 0 signal_process_id -799"),
    "E.R.4": replaced("^U GEV MM\n", ""),
    "E.R.5": replaced(r"^(A 0 lab_pos \S+\.\d{3})\d+", r"\1"),
    "E.R.6": replaced(r"^(A -2 .*\n)?(V -2) 21 ", r"\2 1 "),
    "E.R.7": replaced(r"^(P .*) 20$", r"\1 4"),
    "E.R.8": replaced(r"^(P \d+ -?\d+) -11 ", r"\1 11 "),
    "E.R.9": replaced(r"^(P \d+ 0 10\d+) \S+ ", r"\1 1.0 "),
    "V.R.1": replaced("^V -2 21 ", "V -2 7 "),
    "P.R.1": replaced(r"^(P .*) 1$", r"\1 3"),
    "G.C.1": without(f"{RUN}Exposure.POT"),
    "G.C.2": without(f"{RUN}FluxAveragedTotalCrossSection "),
    "G.C.3": without(f"{RUN}Citations.Generator"),
    "G.C.5": without(f"{RUN}AdditionalParticleInfo"),
    "E.C.1": replaced("-70([14])", r"70\1", count=0),
    "P.C.2": replaced(rf"^(P \d+ \S+ {REMNANT} .*) 1$", r"\1 2"),
    "G.S.1": without(f"{RUN}Provenance"),
    "G.S.2": replaced(rf"^({RUN}ParticleStatusIDs) 1 2 4 20", r"\1 1 2 4"),
}


def test_each_has_a_file_that_breaks_it() -> None:
    assert set(BREAKS) == {*REQUIREMENTS, *CONVENTIONS}


@pytest.mark.parametrize("label", BREAKS)
def test_a_file_that_breaks_it_is_found(texts: dict[str, str], label: str) -> None:
    text = texts["iww" if label == "P.C.2" else "exact"]
    changed = BREAKS[label](text)
    assert changed != text
    assert label in labels(changed)


def test_the_cross_section_gives_the_sum_of_weights_back(texts: dict[str, str]) -> None:
    Path("some.hepmc3").write_text(texts["exact"], encoding="utf-8")
    file = File.of(Path("some.hepmc3"))
    # 3.2 m of copper, in nuclei per picobarn.
    nuclei = 320.0 * 8.96 / 63.546 * 6.02214076e23 * 1e-36
    sigma = file.get("NuHepMC.FluxAveragedTotalCrossSection", float)
    total = sum(event.weight("CV") for event in file.events)
    assert sigma * 1e18 * nuclei == pytest.approx(total, rel=1e-6)
    assert float(file.get("mcgen.NucleiPerArea")) == pytest.approx(nuclei, rel=1e-6)
    square = sum(event.weight("CV") ** 2 for event in file.events)
    error = file.get("NuHepMC.FluxAveragedTotalCrossSectionUncertainty", float)
    assert error == pytest.approx(sigma * np.sqrt((100 * square / total**2 - 1) / 99), rel=1e-9)


@pytest.mark.parametrize(
    ("method", "outgoing"), [("iww", [9000025, REMNANT]), ("ww", [9000025, 13, REMNANT])]
)
def test_a_remnant_takes_what_a_method_does_not_define(
    texts: dict[str, str], method: str, outgoing: list[int]
) -> None:
    Path("some.hepmc3").write_text(texts[method], encoding="utf-8")
    for event in File.of(Path("some.hepmc3")).events:
        assert [abs(p.pid) for p in event.vertices[0].particles_out] == outgoing
        remnant = event.vertices[0].particles_out[-1]
        assert remnant.generated_mass > 0.9 * 63.546 * 0.9315


def test_muons_on_target_declare_no_protons(folder: Path) -> None:
    card = mcgen.load_card("muon-beam-m3_muonphilic_exact").replace(
        run={"events": 60, "vegas": {"pilot": 5000, "nitn": 1, "neval": 1000}}
    )
    mcgen.write(mcgen.generate(card)[:5], folder / "out.hepmc3")
    file = File.of(folder / "out.hepmc3")
    assert broken(folder / "out.hepmc3") == set()
    assert "G.C.1" not in file.conventions
    assert not any("Exposure.POT" in name for name in file.names)
