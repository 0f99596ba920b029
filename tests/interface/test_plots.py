"""`mcgen plot`: pictures of any file, and the numbers behind them."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import matplotlib.pyplot as plt
import numpy as np
import pytest
import uproot

import mcgen
from mcgen.card import shipped_cards
from mcgen.plots.gallery import GALLERY
from mcgen.plots.style import save
from mcgen.survey import Survey, survey_of
from mcgen.survey.survey import DISPLAYS, MAP_BINS
from mcgen.survey.variables import ACCEPTANCE, VARIABLES
from tests.oracle.cards import done, refused, write_tiny_card
from tests.oracle.described import described

ONE_OF_EACH = {
    tomllib.loads(file.read_text())["experiment"]["card"]: n for n, file in shipped_cards().items()
}

DIFFERENT = ("na62-tax", "muon-beam-m3")
"""Experiments that differ most: with mesons, a magnet and a real dump; with a beam instead of a flux."""

NAMES = [picture.name for picture in GALLERY if picture.name != "processes"]
"""Of files with one process."""

OF_NONE = [name for name in NAMES if name != "channels"]
"""Of a file without events."""


def assert_drawn(folder: Path, names: list[str], ending: str = "png") -> None:
    """Check that all pictures are there, and nothing else."""
    beginning = {"png": b"\x89PNG", "pdf": b"%PDF"}[ending]
    assert sorted(path.name for path in folder.iterdir()) == sorted(f"{name}.{ending}" for name in names)
    for path in folder.iterdir():
        assert path.read_bytes().startswith(beginning)


@pytest.fixture(scope="module")
def surveyed(sample: Path) -> Survey:
    return survey_of(sample)


# --- the command


def test_plot_makes_all_pictures(sample: Path, folder: Path) -> None:
    printed = done("plot", sample).out.split()
    assert printed == [f"tiny_plots/{name}.png" for name in NAMES]
    assert_drawn(folder / "tiny_plots", NAMES)


@pytest.fixture(scope="module")
def none(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File without events."""
    place = tmp_path_factory.mktemp("none")
    card = mcgen.load_card(write_tiny_card(place)).replace(model={"mass_gev": 0.3, "g_mu": 1.0})
    mcgen.write(mcgen.generate(card), place / "none.root")
    return place / "none.root"


def test_python_draws_the_same_pictures(none: Path, folder: Path) -> None:
    """Of a file without events, which takes the least time."""
    assert mcgen.plot(str(none), "pictures") == [Path(f"pictures/{name}.png") for name in OF_NONE]
    assert_drawn(folder / "pictures", OF_NONE)


def test_plot_of_no_events_into_a_folder_as_pdf(none: Path, folder: Path) -> None:
    (folder / "there").mkdir()
    assert done("--quiet", "plot", none, "-o", "there", "--format", "pdf").out == ""
    assert_drawn(folder / "there", OF_NONE, "pdf")


def test_plot_refuses_what_it_cannot_use(sample: Path) -> None:
    assert "does not exist" in refused("plot", sample, "-o", "nowhere/there")
    assert "is a file" in refused("plot", sample, "-o", "tiny.toml")
    assert "nothing.root" in refused("plot", "nothing.root")


def test_a_file_of_another_version_is_refused_by_name(sample: Path) -> None:
    events = mcgen.read(sample)
    metadata = described(events)
    metadata["card"]["flavour"] = {"number": 3}
    with uproot.recreate("other.root") as file:
        file["events"] = events.columns
        file["mcgen"] = json.dumps(metadata)
    for command in ("plot", "report"):
        message = refused(command, "other.root")
        assert message.startswith("mcgen: other.root: ")
        assert "flavour" in message


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=() if experiment in DIFFERENT else pytest.mark.nightly)
        for experiment, name in ONE_OF_EACH.items()
    ],
)
def test_events_of_every_experiment_are_drawn(name: str, folder: Path) -> None:
    """Without a warning: those are errors in tests. What depends on the experiment is drawn to the end."""
    card = mcgen.load_card(name).replace(run={"events": 1000, "vegas": {"pilot": 5000, "nitn": 0}})
    mcgen.write(mcgen.generate(card), "events.root")
    surveyed = survey_of(folder / "events.root")
    assert len(surveyed.displays) == DISPLAYS
    figures = {picture.name: picture.draw(surveyed) for picture in GALLERY}
    save(figures.pop("vertices"), folder / "vertices.png")
    for figure in figures.values():
        plt.close(figure)


@pytest.mark.parametrize(
    ("change", "picture"),
    [
        ({"title": "$\\frac{$ and ζ 中 \x07" + 300 * "long "}, "cut_flow"),
        ({"run": {"write": "accepted"}}, "parent"),
        ({"run": {"write": "accepted"}}, "acceptance"),
    ],
    ids=["strange title", "accepted only", "no acceptance"],
)
def test_other_files_are_drawn(change: dict[str, object], picture: str, folder: Path) -> None:
    card = mcgen.load_card("tiny.toml").replace(**change)
    mcgen.write(mcgen.generate(card), "events.root")
    surveyed = survey_of(folder / "events.root")
    for found in GALLERY:
        if found.name == picture:
            save(found.draw(surveyed), folder / "picture.png")
    assert (folder / "picture.png").stat().st_size > 5000


# --- the numbers


def test_every_spectrum_sums_to_the_yields(surveyed: Survey) -> None:
    assert len({v.name for v in VARIABLES}) == len(VARIABLES)
    assert set(ACCEPTANCE) <= set(surveyed.spectra)
    assert set(surveyed.spectra) == {v.name for v in VARIABLES} - {"theta"}, "iww has no angle"
    for kind in ("fiducial", "accepted"):
        expected = surveyed.metadata.outcome.yields[kind].value
        assert expected > 0.0
        for spectrum in surveyed.spectra.values():
            assert getattr(spectrum, kind)()[0].sum() == pytest.approx(expected, rel=1e-12)


def test_the_acceptance_is_that_of_the_events(surveyed: Survey, sample: Path) -> None:
    events = mcgen.read(sample)
    spectrum = surveyed.spectra["boson_e"]
    for i in range(1, len(spectrum.edges)):
        low, high = spectrum.edges[i - 1 : i + 1]
        chosen = events[(events.boson_e >= low) & (events.boson_e < high)]
        if len(chosen):
            share = chosen.weight[chosen.accepted].sum() / chosen.weight.sum()
            assert spectrum.acceptance()[0][i] == pytest.approx(share, rel=1e-9)


def test_vertices_are_in_the_maps(surveyed: Survey, sample: Path) -> None:
    events = mcgen.read(sample)
    total = surveyed.metadata.outcome.yields["fiducial"].value
    for map_ in surveyed.decay:
        assert map_.yields.shape == MAP_BINS
        assert map_.yields.sum() == pytest.approx(total, rel=1e-12), "the view holds the whole decay volume"
    for map_ in surveyed.emission:
        assert 0.97 * total < map_.yields.sum() <= total * (1.0 + 1e-12)
    x = surveyed.decay[0]
    middle = 0.5 * (x.z[1:] + x.z[:-1])
    mean = (x.yields.sum(axis=1) * middle).sum() / total
    assert mean == pytest.approx(np.average(events.decay_z, weights=events.weight), abs=middle[1] - middle[0])


def test_chunks_do_not_matter(surveyed: Survey, sample: Path) -> None:
    """Whatever the chunks, the axes come from the first one: a second pass in small chunks keeps the sums."""
    other = survey_of(sample, rows=100)
    for name, spectrum in surveyed.spectra.items():
        assert other.spectra[name].fiducial()[0].sum() == pytest.approx(spectrum.fiducial()[0].sum())
    np.testing.assert_allclose(other.decay[0].yields, surveyed.decay[0].yields)


def test_a_beam_has_errors_of_its_events_only(folder: Path) -> None:
    card = mcgen.load_card("muon-beam-m3_muonphilic_exact")
    card = card.replace(run={"events": 500, "vegas": {"pilot": 5000, "nitn": 0}})
    events = mcgen.generate(card)
    mcgen.write(events, "beam.root")
    spectrum = survey_of(folder / "beam.root").spectra["boson_e"]
    total, error = spectrum.merged(40).fiducial()
    chosen = events[(events.boson_e >= spectrum.edges[0]) & (events.boson_e < spectrum.edges[-1])]
    assert total[1] == pytest.approx(chosen.weight.sum(), rel=1e-12)
    # The error is good to 9 %, see mcgen.survey.histogram.
    assert error[1] == pytest.approx(np.sqrt((chosen.weight**2).sum()), rel=0.45, abs=0.0)


def test_the_opening_angle_closes_with_the_mass(sample: Path) -> None:
    """Between photons 2 E1 E2 (1 - cos) = m^2; between others it is what the library of vectors says."""
    events = mcgen.read(sample)
    angle = next(v for v in VARIABLES if v.name == "opening_angle").values(events)
    photons = events.channel == 4
    squared = 4.0 * events.d1_e * events.d2_e * np.sin(0.5 * angle) ** 2
    np.testing.assert_allclose(squared[photons], 0.05**2, rtol=1e-4)
    array = events.to_awkward()
    np.testing.assert_allclose(angle, array.d1.deltaangle(array.d2), rtol=1e-3, atol=1e-7)
