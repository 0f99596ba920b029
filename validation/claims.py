"""What a claim is: rows of a number and the interval that it has to be in, with figures and remarks."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from mcgen.plots.style import save

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NUMBERS = "numbers.json"
"""File with the outcome of a claim, in the claim's folder."""


@dataclass(frozen=True, slots=True)
class Row:
    """A number, and where it has to be.

    Attributes
    ----------
    claim : what the number is
    number : as measured
    error : of the number, one standard deviation; None if it has none
    reference : what it is compared with; None if there is only a limit
    low, high : the tolerance; None for an open end
    """

    claim: str
    number: float
    error: float | None
    reference: float | None
    low: float | None
    high: float | None

    @property
    def passed(self) -> bool:
        """Whether the number is where it has to be; nothing is if it is not finite."""
        low = -math.inf if self.low is None else self.low
        high = math.inf if self.high is None else self.high
        return math.isfinite(self.number) and low <= self.number <= high

    @property
    def tolerance(self) -> str:
        """The interval in words."""
        if self.low is None and self.high is None:
            return "none"
        if self.low is None:
            return f"≤ {self.high:.4g}"
        if self.high is None:
            return f"≥ {self.low:.4g}"
        if self.reference is None:
            return f"{self.low:.4g} … {self.high:.4g}"
        return f"± {0.5 * (self.high - self.low):.2g}"

    @property
    def value(self) -> str:
        """The number with its error."""
        if not self.error:
            return f"{self.number:.6g}"
        digits = max(0, 1 - math.floor(math.log10(self.error)))
        if digits > 6 or abs(self.number) >= 1e6:
            return f"{self.number:.5g} ± {self.error:.1g}"
        return f"{self.number:.{digits}f} ± {self.error:.{digits}f}"


def agrees(
    claim: str, number: float, error: float, reference: float, *, nsigma: float = 4.0, allowance: float = 0.0
) -> Row:
    """Require |number - reference| <= nsigma * error + allowance * |reference|."""
    width = nsigma * error + allowance * abs(reference)
    return Row(claim, number, error, reference, reference - width, reference + width)


def indication(claim: str, number: float, error: float, reference: float) -> Row:
    """Show a number beside a reference that decides nothing."""
    return Row(claim, number, error, reference, None, None)


def likely(claim: str, p: float, least: float = 1e-3) -> Row:
    """Require a probability to be no smaller than some least one."""
    return Row(claim, p, None, None, least, None)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known of a claim.

    Attributes
    ----------
    title : the claim in a sentence
    rows : its numbers
    figures : names of the figures in its folder, without ending
    notes : what was seen, and what differs from the source and why
    indications : numbers that are shown beside a reference which decides nothing: recalled, or not measured alike
    """

    title: str
    rows: tuple[Row, ...]
    figures: tuple[str, ...]
    notes: str
    indications: tuple[Row, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether every number is where it has to be."""
        return all(row.passed for row in self.rows)


def save_figure(figure: Figure, folder: Path, name: str) -> None:
    """Write a figure as png, for looking at, and as pdf, for talks."""
    import matplotlib.pyplot as plt

    for ending in (".png", ".pdf"):
        save(figure, folder / f"{name}{ending}")
    plt.close(figure)


def write(outcome: Outcome, folder: Path) -> None:
    """Write a claim's numbers into its folder."""
    rows = [{**asdict(row), "tolerance": row.tolerance, "passed": row.passed} for row in outcome.rows]
    data = {**asdict(outcome), "rows": rows, "passed": outcome.passed}
    if not outcome.indications:
        del data["indications"]
    text = json.dumps(data, indent=1, ensure_ascii=False, allow_nan=False)
    (folder / NUMBERS).write_text(text + "\n", encoding="utf-8")


def read(folder: Path) -> Outcome:
    """Read a claim's numbers from its folder."""
    data = json.loads((folder / NUMBERS).read_text(encoding="utf-8"))
    rows, indications = (
        tuple(Row(**{name: row[name] for name in Row.__slots__}) for row in data.get(key, []))
        for key in ("rows", "indications")
    )
    return Outcome(data["title"], rows, tuple(data["figures"]), data["notes"], indications)


def page(outcomes: Iterable[tuple[str, Outcome]]) -> str:
    """Render README.md: a table of all claims, and the notes."""
    table = ["| claim | number | reference | tolerance | outcome |", "|---|---|---|---|---|"]
    notes = []
    for name, outcome in outcomes:
        verdict = "passed" if outcome.passed else "**failed**"
        table.append(f"| **[{outcome.title}]({name}/{outcome.figures[0]}.png)** | | | | {verdict} |")
        for row in (*outcome.rows, *outcome.indications):
            reference = "" if row.reference is None else f"{row.reference:.5g}"
            result = "passed" if row.passed else "**failed**"
            if row in outcome.indications:
                result = "indicative"
            table.append(f"| {row.claim} | {row.value} | {reference} | {row.tolerance} | {result} |")
        links = ", ".join(f"[{figure}]({name}/{figure}.png)" for figure in outcome.figures)
        notes.append(f"**{outcome.title}** ({links}). {outcome.notes}")
    return "\n".join([HEAD, *table, "", "## What was seen", "", *"\n\n".join(notes).split("\n"), ""])


HEAD = """\
# Validation

Every claim below is measured by its own script, compared with its reference, and drawn. One command does it all,
and writes this page; Fig. 8 alone takes half an hour on two cores:

    python -m validation                    # all claims, and the table of yields in the README above
    python -m validation madgraph decay     # some of them
    python -m validation --quick            # with less statistics, into a temporary folder

A claim's folder has its numbers (`numbers.json`) and its figures (png and pdf). A number passes if it lies in the
interval given as its tolerance. Where the number has a statistical error, that is included in the tolerance.
What is indicative stands beside a reference that decides nothing; the notes say why. Claims about made fluxes need Pythia.
"""
