"""`mcgen scan` and `mcgen reweight`: files, messages, going on after an interrupt."""

from __future__ import annotations

import csv
import json
import resource
from itertools import pairwise
from pathlib import Path
from typing import Any

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.figure import Figure

import mcgen
from mcgen.errors import FileFormatError, UsageError
from mcgen.io.events.store import read_chunks
from mcgen.plots.scan import label_of, plot_scans
from mcgen.plots.style import add_title, tidy_log_axis
from mcgen.sensitivity.contour import mass_point
from mcgen.sensitivity.curves import read_limits
from tests.oracle.cards import done, refused, run, settings, write_tiny_card

MASSES = "0.03,0.06"
FEW = ("--masses", MASSES, "--couplings", "1e-6:1e-2:5")


def write_card(folder: Path) -> Path:
    """Write the tiny card with enough points for most limits: generating them anew takes longer."""
    card = write_tiny_card(folder)
    text = card.read_text(encoding="utf-8").replace("events = 500\n", "events = 4000\n")
    card.write_text(text.replace("chunk = 200\n", "chunk = 4000\n"), encoding="utf-8")
    return card


@pytest.fixture(autouse=True)
def folder(folder: Path) -> Path:
    """Work in a folder with that card."""
    write_card(folder)
    return folder


def rows_of(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What `--json` prints for the tiny card."""
    place = tmp_path_factory.mktemp("scan")
    card = write_card(place)
    found = json.loads(done("scan", card, *FEW, "-o", place / "out.json", "--json", "--tables").out)
    return {"json": found, "place": place}


def test_a_strange_title_is_no_formula(result: dict[str, Any]) -> None:
    """The figure comes last: it must not fail on what somebody wrote."""
    place = result["place"]
    Path("limits").mkdir()
    Path("limits/a.csv").write_text(
        "# label: $x_{ \x1b\nmass_gev,g_mu\n0.1,1e-3\n0.2,1e-3\n", encoding="utf-8"
    )
    data = {**result["json"], "title": "$\\frac{$ \x07 中" + 300 * " long"}
    limits = read_limits(Path("limits"))
    plot_scans([data, json.loads((place / "out.json").read_text(encoding="utf-8"))], Path("a.png"), limits)
    assert Path("a.png").stat().st_size > 5000


def test_a_scan_is_labelled_by_what_its_card_says(result: dict[str, Any]) -> None:
    assert label_of(result["json"]) == "Tiny, leptophilic scalar, iww"
    assert (
        label_of({**result["json"], "title": "", "particle": "pseudoscalar"})
        == "na62, leptophilic pseudoscalar, iww"
    )


def test_figures_say_what_they_show(result: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Figure] = []
    monkeypatch.setattr("mcgen.plots.scan.save", lambda figure, _: drawn.append(figure))
    both, grid = result["json"], result["json"]["grid"]
    first = {
        name: value[:1] if name in ("yield", "mc_error", "flux_error") else value
        for name, value in grid.items()
    }
    plot_scans([both], Path("a.png"))
    plot_scans([{**both, "points": both["points"][:1], "grid": first}], Path("a.png"), labels=["mine"])
    plot_scans([both, both], Path("a.png"), labels=["one", "other"])
    of_mass, of_coupling, overlaid = (
        [figure.axes[0].get_xlabel(), figure.get_suptitle(), *_texts(figure)] for figure in drawn
    )
    assert of_mass[0] == overlaid[0] == "$m_X$ [GeV]"
    assert of_coupling[0] == "$g_\\mu$"
    assert of_mass[1] == "Tiny\nleptophilic scalar, 2.3 events for 1e+18 protons on target"
    assert of_coupling[1] == "Tiny\nleptophilic scalar, m = 0.03 GeV, 1e+18 protons on target"
    assert of_coupling[2:] == ["mine", "2.3 events"]
    assert overlaid[-2:] == [f"{name}, 1e+18 protons on target" for name in ("one", "other")]
    for figure in drawn:
        plt.close(figure)


def _texts(figure: Figure) -> list[str]:
    return [text.get_text() for legend in figure.legends for text in legend.get_texts()]


def test_long_titles_wrap() -> None:
    figure = plt.figure(figsize=(3.8, 3.4))
    add_title(
        figure, "NA62 in beam-dump mode, as in arXiv:2205.09870", 6 * "leptophilic scalar, g_mu = 1e-4, "
    )
    (title,) = figure.texts
    assert title.get_window_extent().width < figure.bbox.width
    title.set_text(title.get_text().replace("\n", " "))
    assert title.get_window_extent().width > figure.bbox.width
    plt.close(figure)


@pytest.mark.parametrize("limits", [(0.02, 0.3), (0.1, 0.2), (0.21, 0.24), (1e-4, 1e-2)])
def test_ticks_of_a_logarithmic_axis_do_not_overprint(limits: tuple[float, float]) -> None:
    figure, axes = plt.subplots(figsize=(5.6, 5.0))
    axes.set_xscale("log")
    axes.set_xlim(*limits)
    tidy_log_axis(axes.xaxis)
    figure.canvas.draw()
    ticks = [*axes.get_xticklabels(), *axes.get_xticklabels(minor=True)]
    boxes = [tick.get_window_extent() for tick in ticks if tick.get_text()]
    boxes = sorted((box for box in boxes if box.width > 0.0), key=lambda box: box.x0)
    assert len(boxes) > 1
    assert all(one.x1 < other.x0 for one, other in pairwise(boxes))
    plt.close(figure)


def test_json(result: dict[str, Any]) -> None:
    found = result["json"]
    assert found == json.loads((result["place"] / "out.json").read_text(encoding="utf-8"))
    assert found["model"] == "leptophilic"
    assert [point["mass_gev"] for point in found["points"]] == [0.03, 0.06]
    for point in found["points"]:
        assert point["g_low"] < point["g_max"] < point["g_high"]
        assert point["n_max"] > found["n_signal"] == 2.3
        assert point["open"] is True, "the range of masses cuts the contour at both ends"
        for name in ("g_low", "g_high"):
            assert 0.0 < point[f"{name}_mc_error"] < point[f"{name}_error"] < point[name]
    grid = found["grid"]
    assert np.shape(grid["yield"]) == (2, 5)
    np.testing.assert_allclose(grid["couplings"], np.geomspace(1e-6, 1e-2, 5))
    low, high = found["points"][0]["g_low"], found["points"][0]["g_high"]
    for g, value in zip(grid["couplings"], grid["yield"][0], strict=True):
        assert (value >= 2.3) == (low <= g <= high)
    # The card makes the same scan again.
    assert mcgen.load_card(found["card"]).scan.masses == (0.03, 0.06)


def test_csv(result: dict[str, Any]) -> None:
    place, found = result["place"], result["json"]
    points = rows_of(place / "out_points.csv")
    assert [float(row["g_low"]) for row in points] == [point["g_low"] for point in found["points"]]
    contour = [(float(row["mass_gev"]), float(row["g_mu"])) for row in rows_of(place / "out_contour.csv")]
    assert contour == [tuple(corner) for corner in found["contours"][0]]
    assert contour[0] == contour[-1]
    grid = rows_of(place / "out_grid.csv")
    assert [float(row["yield"]) for row in grid] == [y for row in found["grid"]["yield"] for y in row]
    assert (place / "out.png").read_bytes().startswith(b"\x89PNG")
    assert not (place / "out.json.parts").exists()


def test_tables_give_the_yields_back(result: dict[str, Any]) -> None:
    found = result["json"]
    for i, mass in enumerate(found["grid"]["masses_gev"]):
        boson = mcgen.load_card(found["card"]).replace(model={"mass_gev": mass, "g_mu": 1e-4}).model.boson()
        total = 0.0
        for channel in ("ee", "gammagamma"):
            path = result["place"] / f"out_table_{channel}.dat"
            assert path.read_text(encoding="utf-8").splitlines()[1] == "# m_X[GeV] Gamma_X[GeV] Y"
            m, width, value = np.loadtxt(path).T
            here = m == mass
            value = np.maximum(value[here], 1e-300)
            per = np.exp(np.interp(np.log(boson.total_width()), np.log(width[here]), np.log(value)))
            total += per * boson.g_mu**2 * boson.branching_ratios()[channel]
        place = int(np.argmin(np.abs(np.array(found["grid"]["couplings"]) - 1e-4)))
        assert total == pytest.approx(found["grid"]["yield"][i][place], rel=0.02)


def test_a_scan_does_not_depend_on_the_number_of_jobs() -> None:
    # No crossing may need a second attempt: processes do not know what is patched here.
    many = settings("run.events=30000", "run.chunk=30000", "scan.n_signal=1000")
    command = ("scan", "tiny.toml", *FEW, "--json", *many)
    one, two = (json.loads(done(*command, "--jobs", jobs, "-o", f"{jobs}.json").out) for jobs in "12")
    assert all(point["g_high_effective_size"] > 400.0 for point in one["points"])
    assert all(point["g_low_effective_size"] > 400.0 for point in one["points"])
    assert one == two


def test_names_of_the_files() -> None:
    done("scan", "tiny.toml", "--masses", "0.05")
    assert sorted(path.name for path in Path().glob("tiny_scan*")) == [
        "tiny_scan.json",
        "tiny_scan.png",
        "tiny_scan_contour.csv",
        "tiny_scan_grid.csv",
        "tiny_scan_points.csv",
    ]


def test_the_figure_is_a_pdf_if_asked_for() -> None:
    done("scan", "tiny.toml", "--masses", "0.05", "-o", "out.json", "--format", "pdf")
    assert Path("out.pdf").read_bytes().startswith(b"%PDF")
    assert not Path("out.png").exists()


def test_another_seed_differs(result: dict[str, Any]) -> None:
    other = json.loads(done("scan", "tiny.toml", *FEW, "--json", "--seed", "2").out)
    assert other["seed"] == 2
    assert other["points"][0]["g_low"] != result["json"]["points"][0]["g_low"]


def test_an_interrupted_scan_goes_on(result: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    done_at: list[float] = []

    def interrupted(*arguments: Any) -> Any:
        if done_at:
            raise KeyboardInterrupt
        done_at.append(arguments[-1])
        return mass_point(*arguments)

    def counted(*arguments: Any) -> Any:
        done_at.append(arguments[-1])
        return mass_point(*arguments)

    monkeypatch.setattr("mcgen.sensitivity.scan.mass_point", interrupted)
    left = run("scan", "tiny.toml", *FEW)
    assert left.code == 130
    assert "finished masses are kept" in left.err
    assert not Path("tiny_scan.json").exists()
    monkeypatch.setattr("mcgen.sensitivity.scan.mass_point", counted)
    found = json.loads(done("scan", "tiny.toml", *FEW, "--json").out)
    assert done_at == [0.03, 0.06], "the finished mass is not done again"
    assert found["points"] == result["json"]["points"]
    # Nothing is taken over from other settings.
    done("scan", "tiny.toml", *FEW, *settings("model.name=muonphilic"), "--force")
    assert done_at == [0.03, 0.06, 0.03, 0.06]


def not_computed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any) -> None:
        pytest.fail("a mass was worked on")

    monkeypatch.setattr("mcgen.sensitivity.scan.mass_point", fail)


def test_a_scan_whose_output_cannot_be_written_is_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    done("scan", "tiny.toml", *FEW, "-o", "first.json")
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    largest = Path("first.png").stat().st_size
    resource.setrlimit(resource.RLIMIT_FSIZE, (largest // 2, before[1]))
    try:
        message = run("scan", "tiny.toml", *FEW)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert message.code == 1
    assert message.err.startswith("mcgen: tiny_scan.png: cannot be written: File too large; ")
    assert "2 finished masses are kept in tiny_scan.json.parts: the same command goes on" in message.err
    assert not list(Path().glob("tiny_scan*.[cjp]*[vng]")), "not even the files that could be written"
    not_computed(monkeypatch)
    done("scan", "tiny.toml", *FEW)
    assert Path("tiny_scan.json").read_bytes() == Path("first.json").read_bytes()
    assert Path("tiny_scan.png").read_bytes() == Path("first.png").read_bytes()
    assert not Path("tiny_scan.json.parts").exists()


@pytest.mark.parametrize(
    "name", ["out.json", "out_points.csv", "out_grid.csv", "out_table_ee.dat", "out.png"]
)
def test_a_folder_under_an_output_is_told_before_anything_is_computed(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    not_computed(monkeypatch)
    Path(name).mkdir()
    message = refused("scan", "tiny.toml", *FEW, "--tables", "-o", "out.json")
    assert f"{name}: is a folder" in message


def test_a_second_scan_of_an_output_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def meanwhile(*arguments: Any) -> Any:
        with monkeypatch.context() as patch:
            not_computed(patch)
            assert "another run is at work there" in refused("scan", "tiny.toml", *FEW)
        return mass_point(*arguments)

    monkeypatch.setattr("mcgen.sensitivity.scan.mass_point", meanwhile)
    done("scan", "tiny.toml", *FEW)


def test_a_damaged_seed_is_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path("tiny.toml").read_text(encoding="utf-8").replace("seed = 1\n", "")
    Path("tiny.toml").write_text(text, encoding="utf-8")
    points = iter((mass_point,))

    def one(*arguments: Any) -> Any:
        found = next(points, None)
        if found is None:
            raise KeyboardInterrupt
        return found(*arguments)

    monkeypatch.setattr("mcgen.sensitivity.scan.mass_point", one)
    assert "1 finished masses are kept" in run("scan", "tiny.toml", *FEW).err
    (seed,) = Path("tiny_scan.json.parts").glob("*-seed")
    seed.write_text("damaged", encoding="utf-8")
    monkeypatch.setattr("mcgen.sensitivity.scan.mass_point", mass_point)
    done("scan", "tiny.toml", *FEW)


def test_a_scan_without_a_seed_goes_on_with_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    text = Path("tiny.toml").read_text(encoding="utf-8").replace("seed = 1\n", "")
    Path("tiny.toml").write_text(text, encoding="utf-8")
    seeds: list[int] = []

    def interrupted(*arguments: Any) -> Any:
        seeds.append(arguments[2])
        if len(seeds) == 2:
            raise KeyboardInterrupt
        return mass_point(*arguments)

    monkeypatch.setattr("mcgen.sensitivity.scan.mass_point", interrupted)
    assert run("scan", "tiny.toml", *FEW).code == 130
    found = json.loads(done("scan", "tiny.toml", *FEW, "--json").out)
    assert {*seeds, found["seed"]} == {seeds[0]}


def test_no_contour() -> None:
    found = json.loads(done("scan", "tiny.toml", *FEW, "--json", *settings("scan.n_signal=1e11")).out)
    assert found["contours"] == []
    for point in found["points"]:
        assert point["g_low"] is point["g_high"] is None
        assert point["open"] is False


def test_masses_without_an_open_channel() -> None:
    found = json.loads(
        done(
            "scan",
            "tiny.toml",
            "--masses",
            "0.1,0.25",
            "--json",
            *settings('model.channels=["mumu"]', "model.mass_gev=0.3"),
        ).out
    )
    assert found["points"][0]["n_max"] == 0.0
    assert found["points"][1]["n_max"] >= 0.0


def test_a_given_lifetime_has_no_upper_limit() -> None:
    found = json.loads(
        done("scan", "tiny.toml", "--masses", "0.05", "--json", *settings("model.ctau_m=1.0")).out
    )
    (point,) = found["points"]
    assert point["g_low"] is not None
    assert point["g_high"] is None


def test_summary_and_overlays(result: dict[str, Any]) -> None:
    Path("limits").mkdir()
    Path("limits/old.csv").write_text(
        "# label: An old one\n# kind: projected\nmass_gev,g_mu\n0.01,1e-3\n0.1,1e-4\n\n0.2,1e-4\n0.3,1e-4\n",
        encoding="utf-8",
    )
    outcome = done(
        "scan", "tiny.toml", "--masses", "0.05", "--with", result["place"] / "out.json", "--limits", "limits"
    )
    assert "g_low" in outcome.out
    assert "seed 1" in outcome.out
    (limit,) = read_limits(Path("limits"))
    assert limit.label == "An old one"
    assert limit.projected
    assert [len(curve) for curve in limit.curves] == [2, 2]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("mass_gev,g_mu\n0.1,-1\n", "must be above 0"),
        ("mass_gev,g_mu\n0.1,x\n", "not a limit"),
        ("# kind: wished\n0.1,1e-3\n", "excluded and projected"),
        ("mass_gev,g_mu\n", "no points"),
    ],
)
def test_faulty_limits_are_refused(text: str, said: str) -> None:
    Path("limits").mkdir()
    Path("limits/bad.csv").write_text(text, encoding="utf-8")
    with pytest.raises(FileFormatError, match=said):
        read_limits(Path("limits"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--masses", "1:2"), "LOW:HIGH:N"),
        (("--masses", "2:1:5"), "LOW:HIGH:N"),
        (("--masses", "a,b"), "scan.masses"),
        (("--masses", "20"), "scan.masses"),
        (("--couplings", "0:1:5"), "LOW:HIGH:N"),
        (("-o", "out.root"), ".json"),
        (("-o", "nowhere/out.json"), "does not exist"),
        (("--with", "tiny.toml"), "not a readable scan"),
        (("--with", "deep.json"), "deep.json: not a readable scan: tables and lists in one another"),
        (("--limits", "."), "not a limit"),
        (("--set", "scan.n_signal=3", "--set", "statistics.background=1"), "at most one of them"),
        (("--set", "statistics.cl=0.9"), "statistics.background: missing"),
        (
            ("--masses", "0.1,0.3", "--set", "model.branching={mumu=0.5}", "--set", "model.mass_gev=0.3"),
            "closed at",
        ),
        (("--set", "scan.mases=[0.1]"), "did you mean 'masses'"),
    ],
)
def test_wrong_use_is_told(arguments: tuple[str, ...], said: str) -> None:
    Path("deep.json").write_text("[" * 3000 + "]" * 3000, encoding="utf-8")
    assert said in refused("scan", "tiny.toml", *arguments)


# --- Reweighting ------------------------------------------------------------------------------------------


def test_reweight(sample: Path) -> None:
    said = done("reweight", sample, "other.root", "--g-mu", "1.2e-4").out
    assert "effective size of the accepted events" in said
    old, new = mcgen.read(sample), mcgen.read("other.root")
    factor = 1.2**4 * np.exp((1.0 - 1.2**2) * old.decay_path / old.decay_length)
    np.testing.assert_allclose(new.weight, old.weight * factor, rtol=1e-12)
    assert list(read_chunks("other.root", verify=True))
    assert new.provenance.card.model.g_mu == 1.2e-4
    assert new.provenance.reweighted_from[0]["g_mu"] == 1e-4
    assert new.outcome.yields["fiducial"].value == pytest.approx(new.weight.sum())
    assert new.outcome.yields["accepted"].value == pytest.approx(new.weight[new.accepted].sum())
    assert new.outcome.cut_flow[0].value == pytest.approx(new.weight.sum())
    assert new.outcome.cut_flow[-1].value == pytest.approx(new.weight[new.accepted].sum())
    done("inspect", "other.root", "--verify")
    # All else is as it was.
    for name in set(old.columns) - {"weight", "decay_length", "p_decay"}:
        np.testing.assert_array_equal(new[name], old[name])


def test_few_effective_events_are_warned_of(sample: Path, caplog: pytest.LogCaptureFixture) -> None:
    events = mcgen.read(sample)
    reweighted = events.reweight(g_mu=1.05e-4)
    assert caplog.messages == [], "the control: enough is left"
    few = events[events.accepted][:60]
    size = few.reweight(g_mu=1.2e-4).weight
    left = size.sum() ** 2 / (size * size).sum()
    before = few.weight.sum() ** 2 / (few.weight * few.weight).sum()
    assert 25.0 < left < 100.0 < reweighted.outcome.accepted.effective_size
    (said,) = caplog.messages
    assert f"g_mu = 0.00012: of {before:.0f} effective events only" in said
    found = float(said.split("only ")[1].split()[0])
    assert 25.0 <= found <= left + 0.5, "as it is, or as it could have been"
    error = float(said.split("about ")[1].split("%")[0])
    assert error == pytest.approx(100.0 / found**0.5, abs=0.7), "both are rounded"
    assert "below 100 effective events" in said


def test_reweighting_custom_couplings_keeps_their_ratios() -> None:
    model = {"name": "custom", "couplings": {"e": 1e-6, "mu": 1e-4, "tau": -1e-3, "gamma_per_gev": 1e-6}}
    card = mcgen.load_card("tiny.toml").to_dict()
    card["model"] = {"mass_gev": 0.05, **model}
    events = mcgen.generate(mcgen.load_card(card)).reweight(g_mu=2e-4)
    couplings = events.provenance.card.model.couplings
    assert couplings is not None
    assert couplings.model_dump() == pytest.approx(
        {"e": 2e-6, "mu": 2e-4, "tau": -2e-3, "gamma_per_gev": 2e-6}
    )


def test_accepted_events_alone_can_be_reweighted() -> None:
    card = mcgen.load_card("tiny.toml").replace(run={"write": "accepted"})
    mcgen.write(mcgen.generate(card).reweight(g_mu=1.1e-4), "accepted.root")
    found = mcgen.read("accepted.root")
    assert set(found.outcome.yields) == {"accepted"}
    assert "accepted" in done("inspect", "accepted.root").out


@pytest.mark.parametrize("g_mu", ["0", "-1", "11", "nan", "1"])
def test_what_cannot_be_reweighted_is_refused(g_mu: str, sample: Path) -> None:
    assert "g" in refused("reweight", sample, "other.root", "--g-mu", g_mu)


def test_a_given_lifetime_is_refused() -> None:
    events = mcgen.generate(mcgen.load_card("tiny.toml").replace(model={"ctau_m": 1.0}))
    with pytest.raises(UsageError, match=r"model\.ctau_m"):
        events.reweight(g_mu=2e-4)


def test_columns_that_are_missing_are_named(sample: Path) -> None:
    events = mcgen.read(sample)
    del events.columns["decay_path"]
    with pytest.raises(UsageError, match="decay_path"):
        events.reweight(g_mu=2e-4)
