"""Scans for others to use: what HEPData's validator says of a submission, and what is read back from it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hepdata_validator.full_submission_validator import FullSubmissionValidator

from tests.oracle.cards import done, refused, settings, write_tiny_card

pytestmark = pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # by hepdata-validator

FEW = ("--masses", "0.03,0.06", "--couplings", "1e-5:1e-3:3", *settings("run.events=4000", "run.chunk=4000"))


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the tiny card was scanned, and the result published."""
    place = tmp_path_factory.mktemp("publishing")
    card = write_tiny_card(place)
    done("scan", card, *FEW, "-o", place / "out.json", "--hepdata", place / "hepdata")
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
