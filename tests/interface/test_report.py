"""`mcgen report`: one page with the numbers of the file, that asks for nothing and runs nothing."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

import mcgen
from mcgen.plots.gallery import GALLERY
from mcgen.plots.style import svg_of
from mcgen.report import write_report
from mcgen.survey import survey_of
from tests.oracle.browser import Page, chromium, opened
from tests.oracle.cards import done, refused
from tests.oracle.described import described, redescribed

PICTURES = [picture for picture in GALLERY if picture.name != "processes"]
"""Of files with one process."""

HOSTILE = "<script>document.title = 'run'</script><img src=http://127.0.0.1/x onerror=\"x\">&lt;'"

HALF = f"{HOSTILE}\ud800"
"""With half a character, which JSON can hold and no encoding can."""

needs_chromium = pytest.mark.skipif(chromium() is None, reason="no Chromium (Debian: chromium) is installed")


class Seen(HTMLParser):
    """Elements and text of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture(scope="module")
def page(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Report of the tiny sample, as the command line writes it; not to be changed."""
    output = tmp_path_factory.mktemp("report") / "report.html"
    assert done("report", sample, "-o", output).out.strip() == str(output)
    return output


@pytest.fixture(scope="module")
def hostile(sample: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Report, with one figure, of a file with somebody's markup wherever text can be."""
    folder = tmp_path_factory.mktemp("hostile")
    events = mcgen.read(sample)
    metadata = described(events)
    card = metadata["card"]
    card["title"] = card["experiment"]["title"] = card["experiment"]["note"] = HOSTILE
    metadata["remark"] = metadata["machine"] = HALF
    metadata["libraries"] = {HALF: HALF}
    metadata["flux"] |= {"file": HALF, "left_out": {HALF: 3}}
    metadata["cut_flow"][1]["requirement"] = HALF
    mcgen.write(redescribed(events, metadata), folder / "hostile.root")
    write_report(folder / "hostile.root", folder / "hostile.html", pictures=GALLERY[-1:])
    return folder / "hostile.html"


def test_the_page_has_the_numbers_of_the_file(page: Path, sample: Path) -> None:
    text = Seen(page.read_text(encoding="utf-8")).text
    metadata = described(mcgen.read(sample))
    for y in (metadata["yield"][kind] for kind in ("fiducial", "accepted")):
        total = (y["mc_error"] ** 2 + y["flux_error"] ** 2) ** 0.5
        for number in (y["value"], y["mc_error"], y["flux_error"], total):
            assert f"{number:.4g}" in text
    for entry in metadata["cut_flow"]:
        assert entry["requirement"] in text
        assert f"{entry['yield']:.4g}" in text
    for known in ("Tiny", "tiny.root", mcgen.__version__, metadata["proposal_sha256"], "1e+18 protons"):
        assert known in text
    for known in (metadata["flux"]["file"], metadata["flux"]["sha256"], *metadata["libraries"].values()):
        assert known in text
    for column in metadata["columns"]:
        assert column in text
    for key in ("mass_gev", "decay_volume.radius_m", "plane.straw1.hole_radius_m", "selection.tracks.planes"):
        assert key in text
    for picture in PICTURES:
        assert picture.caption in text
    assert "by bremsstrahlung (iww); into ee, gammagamma" in text


def test_the_page_is_one_file(page: Path) -> None:
    seen = Seen(page.read_text(encoding="utf-8"))
    assert seen.tags.count("img") == len(PICTURES)
    assert not {"script", "iframe", "object", "embed", "audio", "video", "base", "form"} & set(seen.tags)
    for name, value in seen.attributes:
        assert not name.startswith("on")
        if name in ("src", "href"):
            assert value.startswith("data:")


def test_what_the_file_says_is_text(hostile: Path) -> None:
    seen = Seen(hostile.read_text(encoding="utf-8"))
    assert "script" not in seen.tags
    assert seen.tags.count("img") == 1
    assert not any(name.startswith("on") for name, _ in seen.attributes)
    # Title of page and heading, experiment twice, note twice; remark, machine, library and its version, flux,
    # what it leaves out, requirement.
    assert seen.text.count(HOSTILE) == 13
    assert seen.text.count(HALF.replace("\ud800", "?")) == 7


def test_a_page_without_events(folder: Path) -> None:
    card = mcgen.load_card("tiny.toml").replace(model={"mass_gev": 0.3, "g_mu": 1.0})
    mcgen.write(mcgen.generate(card), "none.root")
    write_report(Path("none.root"), Path("none.html"), pictures=GALLERY[-1:])
    seen = Seen((folder / "none.html").read_text(encoding="utf-8"))
    assert mcgen.read("none.root").outcome.remark in seen.text


def test_report_refuses_what_it_cannot_use(sample: Path) -> None:
    assert ".html" in refused("report", sample, "-o", "report.pdf")
    assert "does not exist" in refused("report", sample, "-o", "nowhere/report.html")
    assert "nothing.root" in refused("report", "nothing.root")


def test_the_same_file_makes_the_same_picture(sample: Path) -> None:
    first, second = (svg_of(GALLERY[-1].draw(survey_of(sample))) for _ in range(2))
    assert first == second


# --- in a browser


@needs_chromium
def test_the_page_renders_and_asks_for_nothing(page: Path, folder: Path) -> None:
    with opened(page.as_uri()) as tab:
        assert [url for url in tab.requests if not url.startswith("data:")] == [page.as_uri()]
        assert tab.complaints == []
        assert tab.evaluate("document.title") == "Tiny"
        widths = tab.evaluate("Array.from(document.images).map(i => i.complete ? i.naturalWidth : 0)")
        assert len(widths) == len(PICTURES)
        assert min(widths) > 100
        assert tab.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert tab.evaluate("document.body.innerText").count("straw1") > 2
        paper = "getComputedStyle(document.body).backgroundColor"
        light = tab.evaluate(paper)
        tab.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": "dark"}])
        assert tab.evaluate(paper) != light
        tab.screenshot(folder / "page.png")
    assert (folder / "page.png").stat().st_size > 50_000


CUT_OFF = """
Array.from(document.querySelectorAll("main *, header *")).filter(
    e => !e.closest(".picture") && e.clientWidth > 0
        && (e.getBoundingClientRect().right > window.innerWidth || e.scrollWidth > e.clientWidth + 1)
).map(e => e.outerHTML.slice(0, 60))
"""
"""What a window cuts off, or hides behind a bar that scrolls; figures may be."""

HIDDEN = """
Array.from(document.querySelectorAll("th, td:not(:empty), img")).filter(
    e => !e.getClientRects().length && !e.closest("thead")
).map(e => e.outerHTML.slice(0, 60))
"""
"""Cells and figures that are not shown at all; headings of cards are."""


def seen_at(tab: Page, width: int, medium: str = "screen") -> tuple[Any, Any]:
    """What is cut off and what is hidden in a window of some width."""
    tab.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
    tab.call("Emulation.setEmulatedMedia", media=medium)
    return tab.evaluate(CUT_OFF), tab.evaluate(HIDDEN)


@needs_chromium
def test_the_page_is_whole_on_a_screen_a_phone_and_paper(page: Path) -> None:
    with opened(page.as_uri()) as tab:
        assert seen_at(tab, 1280) == seen_at(tab, 400) == ([], [])
        assert seen_at(tab, 700, "print") == ([], []), "as wide as what a page of A4 leaves"
        narrow = "document.querySelector('.facts th').getBoundingClientRect()"
        seen_at(tab, 400)
        below = f"{narrow}.bottom <= document.querySelector('.facts td').getBoundingClientRect().top"
        assert tab.evaluate(below), "a key stands above its value"
        heading = tab.evaluate("getComputedStyle(document.querySelector('.cards td'), '::before').content")
        assert heading == '"yield"', "a card's lines have their headings"
        assert tab.evaluate("Array.from(document.images).every(i => i.clientWidth > 600)")
        # The control: a wide table, and a row that is folded away.
        tab.evaluate("document.querySelector('.cards').style.width = '600px'")
        tab.evaluate("document.querySelector('.words tbody tr:last-child').style.display = 'none'")
        cut, hidden = seen_at(tab, 400)
        assert cut
        assert hidden


@needs_chromium
def test_variations_are_whole_on_a_phone_and_paper(folder: Path) -> None:
    variation = {"name": "a_name_as_long_as_people_make_them", "kind": "stopping_power", "factor": 1.02}
    card = mcgen.load_card("tiny.toml").replace(variations=[variation])
    mcgen.write(mcgen.generate(card), "varied.root")
    write_report(Path("varied.root"), Path("varied.html"), pictures=GALLERY[-1:])
    with opened((folder / "varied.html").as_uri()) as tab:
        assert tab.evaluate("document.body.innerText").count(variation["name"]) > 1
        assert seen_at(tab, 400) == seen_at(tab, 700, "print") == ([], [])


@needs_chromium
def test_a_hostile_file_runs_nothing(hostile: Path) -> None:
    with opened(hostile.as_uri()) as tab:
        assert [url for url in tab.requests if url.startswith("http")] == []
        assert tab.complaints == []
        assert tab.evaluate("document.title") == HOSTILE


@needs_chromium
def test_a_bad_page_would_be_seen(folder: Path) -> None:
    """The control of the two tests above."""
    bad = folder / "bad.html"
    bad.write_text(
        "<title>a</title><script>console.error('x'); document.title = 'run'</script><img src='http://127.0.0.1:8/x'>"
    )
    with opened(bad.as_uri()) as tab:
        assert "http://127.0.0.1:8/x" in tab.requests
        assert len(tab.complaints) >= 2
        assert tab.evaluate("document.title") == "run"
