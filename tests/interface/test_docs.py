"""What README and docs say is what the program and its measurements say."""

from __future__ import annotations

import importlib.util
import json
import re
from pathlib import Path

import pytest

import mcgen
from validation.ratios import __main__ as ratios

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RESULTS = json.loads((ROOT / "validation" / "ratios" / "ratios.json").read_text(encoding="utf-8"))


def test_the_page_of_columns_is_that_of_the_declaration() -> None:
    spec = importlib.util.spec_from_file_location("make_columns", ROOT / "docs" / "make_columns.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert module.PAGE.read_text(encoding="utf-8") == module.page()


def test_readme_shows_the_measured_ratios() -> None:
    assert ratios.table(RESULTS) in README
    assert ratios.table({name: RESULTS[name] for name in list(RESULTS)[:-1]}) != ratios.table(RESULTS)


def test_the_card_of_readme_is_whole() -> None:
    card = re.search(r"```toml\n(.*?)```", README, re.DOTALL)
    assert card is not None
    Path("mine.toml").write_text(card[1], encoding="utf-8")
    assert mcgen.load_card("mine.toml").production.method == "exact"


def test_files_that_readme_points_at_exist() -> None:
    for target in re.findall(r"\]\((?!http)([^)]+)\)", README):
        assert (ROOT / target).is_file(), target


@pytest.mark.nightly
@pytest.mark.parametrize("name", ratios.CARDS)
def test_the_measured_ratios_come_out_again(name: str) -> None:
    again = ratios.measure(name, 200_000)
    for setup, selections in again.items():
        for selection, found in selections.items():
            old = RESULTS[name][setup][selection]
            assert (
                abs(found["value"] - old["value"])
                < 5.0 * (found["mc_error"] ** 2 + old["mc_error"] ** 2) ** 0.5
            )
