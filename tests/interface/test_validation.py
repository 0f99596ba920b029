"""What validation/ claims: the page is that of the numbers, every number passes, the command makes them again."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcgen.card import load_card
from mcgen.flux.census import census
from mcgen.flux.flux import load_flux
from validation.claims import NUMBERS, Outcome, Row, agrees, likely, page, read, write
from validation.command import CLAIMS, main
from validation.muons import EXPERIMENTS, fraction, muons_of

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "validation"
PAGE = (FOLDER / "README.md").read_text(encoding="utf-8")

QUICK = ("quadrature", "decay", "paper_fig6")
"""Claims that the test measures: one with runs against quadrature, one with distributions, one of the flux alone."""

LARGEST = 300_000
"""Bytes of a committed figure."""


# --- The muons ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_muons_from_one_point_fluctuate_together(name: str) -> None:
    """The rates and errors are those that `mcgen flux show` prints; those of single rows are smaller."""
    muons = muons_of(name)
    card = load_card(f"{name}_muonphilic")
    assert card.flux is not None
    for known in census(load_flux(card.flux)).above[:5]:
        chosen = muons.momentum >= known.low
        assert muons.total(chosen) == pytest.approx((known.rate, known.error), rel=1e-12)
        assert known.error > np.sqrt(np.sum(muons.rate[chosen] ** 2))
        # A share and the rest of it add up to one, and have the same error.
        share, rest = (fraction(muons, some, chosen) for some in (muons.seen, ~muons.seen))
        assert share[0] + rest[0] == pytest.approx(1.0)
        assert share[1] == pytest.approx(rest[1])


# --- The committed claims -----------------------------------------------------------------------------------


def test_every_claim_has_a_folder_and_is_measured() -> None:
    scripts = {path.parent.name for path in FOLDER.glob("*/claim.py")}
    assert scripts == set(CLAIMS)


@pytest.mark.parametrize("name", CLAIMS)
def test_every_number_passes(name: str) -> None:
    data = json.loads((FOLDER / name / NUMBERS).read_text(encoding="utf-8"))
    outcome = read(FOLDER / name)
    assert outcome.rows
    assert data["passed"]
    for stated, row in zip(data["rows"], outcome.rows, strict=True):
        assert row.passed, row
        # What the file says of a number follows from the number.
        assert stated["passed"] == row.passed
        assert stated["tolerance"] == row.tolerance
        assert row.low is not None or row.high is not None, f"{row.claim} cannot fail"


@pytest.mark.parametrize("name", CLAIMS)
def test_every_figure_is_there_and_small(name: str) -> None:
    for figure in read(FOLDER / name).figures:
        for ending in (".png", ".pdf"):
            size = (FOLDER / name / f"{figure}{ending}").stat().st_size
            assert 5000 < size < LARGEST, f"{figure}{ending}: {size} bytes"


def test_the_page_is_that_of_the_numbers() -> None:
    outcomes = [(name, read(FOLDER / name)) for name in CLAIMS]
    assert page(outcomes) == PAGE
    assert "failed" not in PAGE
    assert {line.count("|") for line in PAGE.splitlines() if line.startswith("|")} == {6}
    name, first = outcomes[0]
    changed = replace(first, rows=(replace(first.rows[0], number=2.0), *first.rows[1:]))
    assert page([(name, changed), *outcomes[1:]]) != PAGE


def test_links_of_the_page_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", PAGE):
        assert (FOLDER / target).is_file(), target


# --- Rows ---------------------------------------------------------------------------------------------------


def test_a_row_passes_within_its_tolerance() -> None:
    assert agrees("ratio", 1.02, 0.01, 1.0).passed
    assert not agrees("ratio", 1.05, 0.01, 1.0).passed
    assert agrees("ratio", 1.05, 0.01, 1.0, allowance=0.02).passed
    assert likely("p", 0.5).passed
    assert not likely("p", 1e-4).passed
    assert not agrees("ratio", float("nan"), 0.01, 1.0).passed
    assert not Row("limit", 2.0, None, None, None, 1.0).passed


def test_a_claim_survives_its_file(tmp_path: Path) -> None:
    rows = (agrees("ratio", 1.02, 0.01, 1.0), likely("p", 1e-4))
    outcome = Outcome("Some claim", rows, ("figure",), "A note.")
    write(outcome, tmp_path)
    assert read(tmp_path) == outcome
    assert not outcome.passed
    text = page([("some", outcome)])
    assert "| ratio | 1.020 ± 0.010 | 1 | ± 0.04 | passed |" in text
    assert "| p | 0.0001 |  | ≥ 0.001 | **failed** |" in text


# --- The command --------------------------------------------------------------------------------------------


@pytest.mark.nightly
def test_the_quick_command_measures_again(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-m", "validation", "--quick", "-o", str(tmp_path), *QUICK]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    for name in QUICK:
        outcome = read(tmp_path / name)
        assert outcome.passed
        assert outcome.title in (tmp_path / "README.md").read_text(encoding="utf-8")
        for figure in outcome.figures:
            assert (tmp_path / name / f"{figure}.png").stat().st_size > 5000
            assert (tmp_path / name / f"{figure}.pdf").stat().st_size > 5000


def test_an_unknown_claim_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["madgrahp"])
    assert "no claim madgrahp; there are quadrature, madgraph" in capsys.readouterr().err
