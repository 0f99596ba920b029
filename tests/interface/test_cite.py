"""What is to be cited: BibTeX that another program reads, of the articles that program, cards and documents name."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from pybtex.database import BibliographyData, parse_string

import mcgen
from mcgen.bibliography import references
from mcgen.card.citations import arxiv_numbers
from mcgen.sources.registry import SOURCES
from tests.oracle.cards import done, refused
from tests.oracle.pages import ROOT

PAPER, VEGAS, LOSSES, PYTHIA = "2205.09870", "2009.05112", "1705.05636", "2203.11601"
COLLISION = ["1609.06781", "0906.0580"]


def parsed(text: str) -> BibliographyData:
    """What a reader of BibTeX makes of a text."""
    return parse_string(text, "bibtex")


def numbers(text: str) -> list[str]:
    """The arXiv numbers of its articles."""
    return [key.removeprefix("arXiv:") for key in parsed(text).entries if key != "mcgen"]


def test_the_program_and_its_method() -> None:
    text = done("cite").out
    assert text == mcgen.cite()
    found = parsed(text).entries
    assert list(found) == ["mcgen", f"arXiv:{PAPER}", f"arXiv:{VEGAS}"]
    assert mcgen.__version__ in found["mcgen"].fields["note"]
    paper = found[f"arXiv:{PAPER}"]
    assert [str(person) for person in paper.persons["author"]] == [
        "Rella, Claudia",
        "Döbrich, Babette",
        "Yu, Tien-Tien",
    ]
    assert paper.fields["title"] == "{Searching for Muonphilic Dark Sectors with Proton Beams}"
    assert (paper.fields["pages"], paper.fields["eprint"]) == ("035023", PAPER)


def test_what_a_card_uses(folder: Path) -> None:
    assert numbers(done("cite", "na62_leptophilic").out)[2:] == [
        *COLLISION,
        *("1703.08501", "2201.05170"),
        *(PYTHIA, "2108.03481"),
    ]
    assert LOSSES in numbers(mcgen.cite(mcgen.load_card("na62_leptophilic_exact")))
    own = mcgen.load_card("tiny.toml")
    assert PYTHIA not in numbers(mcgen.cite(own))
    with (folder / "muons.csv").open("a", encoding="utf-8") as file:
        file.write(f"# provenance: {json.dumps({'generator': 'Pythia 8.317'})}\n")
    assert PYTHIA in numbers(mcgen.cite(own))
    beam = mcgen.load_card("muon-beam-m3_muonphilic_exact")
    assert not {PYTHIA} & set(numbers(mcgen.cite(beam)))
    decays = own.replace(production={"processes": ["meson_decay"]})
    assert not set(COLLISION) & set(numbers(mcgen.cite(decays)))


def test_what_is_no_article_of_ours_is_a_comment() -> None:
    card = mcgen.load_card("tiny.toml").replace(
        experiment={
            "references": ["CERN-SPSC-2023-033", "arXiv:9912.99999", "a@b{c,\nd}", "arXiv:1703.08501 Sec. 2"]
        }
    )
    text = mcgen.cite(card)
    assert numbers(text)[-1] == "1703.08501"
    for line in ("CERN-SPSC-2023-033", "arXiv:9912.99999", "a at b{c, d}"):
        assert f"% Experiment, too: {line}\n" in text
    assert "Sec. 2" not in text


@pytest.mark.parametrize("card", sorted(path.stem for path in (ROOT / "cards").glob("*.toml")))
def test_every_shipped_card_is_cited_in_bibtex(card: str) -> None:
    loaded = mcgen.load_card(card)
    text = mcgen.cite(loaded)
    wanted = {number for one in loaded.experiment.references for number in arxiv_numbers(one)}
    assert wanted <= set(numbers(text))
    for entry in parsed(text).entries.values():
        # Letters with accents are all that LaTeX is left to find in its fonts.
        assert not re.search(r"[^\x20-\x7e\u00c0-\u017f]|(?<!\\)[&%#_]", entry.fields["title"])
        assert entry.persons["author"]


def texts_that_cite() -> Iterator[str]:
    """Program, cards and documents."""
    for pattern in ("mcgen/**/*.py", "mcgen/**/*.md", "cards/**/*.toml", "docs/*.md", "*.md"):
        for path in ROOT.glob(pattern):
            yield path.read_text(encoding="utf-8")


def test_every_article_that_is_named_is_declared_and_the_other_way_round() -> None:
    named = {number for text in texts_that_cite() for number in arxiv_numbers(text.replace("abs/", "arXiv:"))}
    used = {PAPER, VEGAS, PYTHIA, "2108.03481"}.union(*(source.references for source in SOURCES.values()))
    assert named | used == set(references())


def test_a_card_that_is_not_there() -> None:
    assert "nowhere" in refused("cite", "nowhere.toml")
