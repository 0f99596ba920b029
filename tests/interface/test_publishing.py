"""Scans for others to use: what HEPData's validator says of a submission, and what is read back from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pyhf
import pytest
import yaml
from hepdata_validator.full_submission_validator import FullSubmissionValidator

import mcgen
from mcgen.sensitivity.likelihood import patchset_of, workspace_of, write_likelihood
from mcgen.sensitivity.limits import upper_limit
from tests.oracle.cards import done, refused, settings, write_tiny_card

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # by hepdata-validator

FEW = ("--masses", "0.03,0.06", "--couplings", "1e-5:1e-3:3", *settings("run.events=4000", "run.chunk=4000"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny card was scanned, and the result published."""
    place = tmp_path_factory.mktemp("publishing")
    card = write_tiny_card(place)
    done(
        "scan", card, *FEW, "-o", place / "out.json", "--hepdata", place / "hepdata", "--pyhf", place / "pyhf"
    )
    return place


@pytest.fixture
def scan(place: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((place / "out.json").read_text(encoding="utf-8"))
    return found


def test_hepdata_validates_it(place: Path) -> None:
    validator = FullSubmissionValidator()
    assert validator.validate(directory=str(place / "hepdata")), validator.get_messages()
    table = place / "hepdata/yields.yaml"
    whole = table.read_text(encoding="utf-8")
    try:
        table.write_text(whole.replace("values:", "value:", 1), encoding="utf-8")
        assert not FullSubmissionValidator().validate(directory=str(place / "hepdata"))
    finally:
        table.write_text(whole, encoding="utf-8")


def test_hepdata_has_the_limits_and_their_errors(place: Path, scan: dict[str, Any]) -> None:
    for name, key in (("lower_limit", "g_low"), ("upper_limit", "g_high")):
        table = yaml.safe_load((place / f"hepdata/{name}.yaml").read_text(encoding="utf-8"))
        (mass,), (coupling,) = table["independent_variables"], table["dependent_variables"]
        assert mass["header"] == {"name": "M(X)", "units": "GeV"}
        assert [row["value"] for row in mass["values"]] == [0.03, 0.06]
        for row, point in zip(coupling["values"], scan["points"], strict=True):
            assert row["value"] == pytest.approx(point[key], rel=1e-4)
            errors = {error["label"]: error["symerror"] for error in row["errors"]}
            assert errors["integration"] == pytest.approx(point[f"{key}_mc_error"], rel=1e-4)
            assert errors["flux"] == pytest.approx(point[f"{key}_flux_error"], rel=1e-4)
        qualifiers = {one["name"]: one["value"] for one in coupling["qualifiers"]}
        assert qualifiers == {
            "MODEL": "leptophilic scalar",
            "EXPERIMENT": "na62",
            "PROTONS ON TARGET": scan["exposure"]["value"],
            "METHOD": "iww",
            "LIMIT": "2.3 expected events",
        }


def test_hepdata_has_the_contour_the_yields_and_the_scan(place: Path, scan: dict[str, Any]) -> None:
    contour, yields = (
        yaml.safe_load((place / f"hepdata/{name}.yaml").read_text(encoding="utf-8"))
        for name in ("contour", "yields")
    )
    corners = zip(
        *(contour[kind][0]["values"] for kind in ("independent_variables", "dependent_variables")),
        strict=True,
    )
    np.testing.assert_allclose([(m["value"], g["value"]) for m, g in corners], scan["contours"][0], rtol=1e-4)
    found = [row["value"] for row in yields["dependent_variables"][0]["values"]]
    np.testing.assert_allclose(found, np.ravel(scan["grid"]["yield"]), rtol=1e-4)
    assert json.loads((place / "hepdata/out.json").read_text(encoding="utf-8")) == scan


def test_a_scan_without_a_contour_is_published_all_the_same(tmp_path: Path) -> None:
    card = write_tiny_card(tmp_path)
    folder = tmp_path / "none"
    done(
        "scan",
        card,
        "--masses",
        "0.05",
        "-o",
        tmp_path / "out.json",
        "--hepdata",
        folder,
        *settings("scan.n_signal=1e11"),
    )
    assert FullSubmissionValidator().validate(directory=str(folder))
    assert "is there already" in refused(
        "scan", card, "--masses", "0.05", "-o", tmp_path / "new.json", "--hepdata", folder
    )


# --- pyhf -------------------------------------------------------------------------------------------------


def cls_of(workspace: pyhf.Workspace) -> float:
    """CLs of a signal of strength 1 by pyhf's own probabilities, for fewer events or as many as seen."""
    model, (observed, *_) = workspace.model(), workspace.data(workspace.model())

    def at_most_observed(strength: float) -> float:
        parameters = np.array(model.config.suggested_init())
        parameters[model.config.poi_index] = strength
        counts = np.arange(int(observed) + 1.0)
        return sum(float(np.exp(model.mainlogpdf(pyhf.tensorlib.astensor([n]), parameters))) for n in counts)

    return at_most_observed(1.0) / at_most_observed(0.0)


@pytest.mark.parametrize(("background", "observed"), [(0.0, 0), (1.2, 2), (30.0, 25)])
def test_pyhf_finds_the_same_cls(
    background: float, observed: int, scan: dict[str, Any], tmp_path: Path
) -> None:
    table = {"background": background, "observed": observed, "cl": 0.95}
    card = mcgen.load_card(scan["card"]).replace(statistics=table)
    limit = upper_limit(background, observed, 0.95)
    # The grid's first point is at the limit, its second one just beyond.
    yields = np.array(scan["grid"]["yield"])
    yields[0, :2] = limit, 1.05 * limit
    data = {**scan, "grid": {**scan["grid"], "yield": yields.tolist()}}
    write_likelihood(card, data, tmp_path)
    workspace, patchset = (
        kind(json.loads((tmp_path / f"{name}.json").read_text(encoding="utf-8")))
        for kind, name in ((pyhf.Workspace, "workspace"), (pyhf.PatchSet, "patchset"))
    )
    patchset.verify(workspace)
    at_limit, beyond = (patchset.apply(workspace, (0.03, g)) for g in scan["grid"]["couplings"][:2])
    assert cls_of(at_limit) == pytest.approx(0.05, abs=1e-3 * 0.05)
    assert cls_of(beyond) < 0.05 * (1.0 - 1e-2)


def test_pyhf_has_every_point_with_its_errors(place: Path, scan: dict[str, Any]) -> None:
    workspace = pyhf.Workspace(json.loads((place / "pyhf/workspace.json").read_text(encoding="utf-8")))
    patchset = pyhf.PatchSet(json.loads((place / "pyhf/patchset.json").read_text(encoding="utf-8")))
    grid = scan["grid"]
    assert [patch.values for patch in patchset] == [
        (mass, g) for mass in grid["masses_gev"] for g in grid["couplings"]
    ]
    model = patchset.apply(workspace, (0.06, grid["couplings"][1])).model()
    parameters = np.array(model.config.suggested_init())
    assert model.expected_actualdata(parameters) == pytest.approx([grid["yield"][1][1]])
    for name, key in (("integration", "mc_error"), ("flux_sample", "flux_error")):
        relative = grid[key][1][1] / grid["yield"][1][1]
        place_of = model.config.par_slice(name).start
        if name == "integration":  # a factor of the signal, with a Gaussian width
            assert model.config.param_set(name).width() == pytest.approx([relative])
        else:
            moved = parameters + np.eye(len(parameters))[place_of]
            assert model.expected_actualdata(moved)[0] == pytest.approx(
                grid["yield"][1][1] * (1.0 + relative)
            )


# --- variations -------------------------------------------------------------------------------------------

VARIED = (
    'variations=[{name="band", kind="flux", factors=[[40, 0.7], [100, 0.5]]}, '
    '{name="helm", kind="form_factor", model="helm"}, {name="nothing", kind="flux", factor=0.0}, '
    '{name="coupled", kind="coupling", g_mu=2e-4}]'
)


@pytest.fixture(scope="module")
def varied(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny card was scanned with variations, and the result published."""
    place = tmp_path_factory.mktemp("varied")
    card = write_tiny_card(place)
    to = ("-o", place / "out.json", "--hepdata", place / "hepdata", "--pyhf", place / "pyhf")
    done("scan", card, *FEW, *settings(VARIED), *to)
    return place


@pytest.fixture
def varied_scan(varied: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((varied / "out.json").read_text(encoding="utf-8"))
    return found


def systematics_in(table: Path) -> list[dict[str, tuple[float, float]]]:
    """Minus and plus of every systematic error of a table, by row and label."""
    (variable,) = yaml.safe_load(table.read_text(encoding="utf-8"))["dependent_variables"]
    return [
        {
            error["label"]: (error["asymerror"]["minus"], error["asymerror"]["plus"])
            for error in row["errors"]
            if error["label"].startswith("sys,")
        }
        for row in variable["values"]
    ]


def one_sided(shift: float) -> Any:
    return pytest.approx((shift, 0.0) if shift < 0.0 else (0.0, shift), rel=1e-4)


def test_hepdata_has_an_error_of_each_variation(varied: Path, varied_scan: dict[str, Any]) -> None:
    validator = FullSubmissionValidator()
    assert validator.validate(directory=str(varied / "hepdata")), validator.get_messages()
    for name, key, side in (("lower_limit", "g_low", 1), ("upper_limit", "g_high", 0)):
        errors = systematics_in(varied / f"hepdata/{name}.yaml")
        for row, point in zip(errors, varied_scan["points"], strict=True):
            limits = point["variations"]
            assert limits["nothing"][key] is None
            assert row == {
                f"sys,{other}": one_sided(limits[other][key] - point[key]) for other in ("band", "helm")
            }
            assert row["sys,band"][side] != 0.0, "fewer muons: less reach at both ends"
    grid = varied_scan["grid"]
    assert list(grid["variations"]) == ["band", "helm", "nothing"], "a scan varies the coupling itself"
    nominal = np.ravel(grid["yield"])
    for number, row in enumerate(systematics_in(varied / "hepdata/yields.yaml")):
        assert row == {
            f"sys,{other}": one_sided(np.ravel(values)[number] - nominal[number])
            for other, values in grid["variations"].items()
        }
    comment = next(yaml.safe_load_all((varied / "hepdata/submission.yaml").read_text("utf-8")))["comment"]
    assert "sys,band with the flux times 0.7 from 40 GeV, 0.5 from 100 GeV; sys,helm with" in comment


def test_pyhf_has_the_yield_of_each_variation(varied: Path, varied_scan: dict[str, Any]) -> None:
    workspace = pyhf.Workspace(json.loads((varied / "pyhf/workspace.json").read_text(encoding="utf-8")))
    patchset = pyhf.PatchSet(json.loads((varied / "pyhf/patchset.json").read_text(encoding="utf-8")))
    grid = varied_scan["grid"]
    for i, mass in enumerate(grid["masses_gev"]):
        for j, coupling in enumerate(grid["couplings"]):
            model = patchset.apply(workspace, (mass, coupling)).model()
            assert "variation_nothing" not in model.config.parameters, "no factor makes nothing"
            nominal = grid["yield"][i][j]
            for name in ("band", "helm"):
                place_of = model.config.par_slice(f"variation_{name}").start

                def rate(deviations: float, model: Any = model, place_of: int = place_of) -> float:
                    parameters = np.array(model.config.suggested_init())
                    parameters[place_of] = deviations
                    return float(model.expected_actualdata(parameters)[0])

                expected = grid["variations"][name][i][j]
                assert rate(1.0) == pytest.approx(expected, rel=1e-6)
                assert rate(-1.0) == pytest.approx(nominal**2 / expected, rel=1e-6)
                assert rate(0.0) != pytest.approx(expected, rel=1e-6), "the control: none of it"


def test_pyhf_profiles_the_variations(varied_scan: dict[str, Any]) -> None:
    table = {"background": 1.2, "observed": 2, "cl": 0.9}
    workspace = workspace_of(mcgen.load_card(varied_scan["card"]).replace(statistics=table))
    grid = varied_scan["grid"]
    alone = {**varied_scan, "grid": {name: grid[name] for name in grid if name != "variations"}}
    with_them, without = (
        pyhf.PatchSet(patchset_of(data, workspace)).apply(
            pyhf.Workspace(workspace), (0.06, grid["couplings"][0])
        )
        for data in (varied_scan, alone)
    )

    def cls(of: pyhf.Workspace, held: str = "-") -> float:
        model = of.model()
        fixed = [
            is_fixed or name.startswith(held)
            for name, is_fixed in zip(model.config.par_names, model.config.suggested_fixed(), strict=True)
        ]
        return float(pyhf.infer.hypotest(1.0, of.data(model), model, fixed_params=fixed, test_stat="qtilde"))

    expected = cls(without)
    assert cls(with_them, held="variation_") == pytest.approx(expected, rel=1e-3)
    assert cls(with_them) > 1.05 * expected, "the control: free, they make room for more signal"


def test_pyhf_has_no_variation_of_a_card_without(place: Path) -> None:
    patches = json.loads((place / "pyhf/patchset.json").read_text(encoding="utf-8"))["patches"]
    for patch in patches:
        (added,) = patch["patch"]
        assert [one["name"] for one in added["value"]["modifiers"]] == ["mu", "integration", "flux_sample"]
