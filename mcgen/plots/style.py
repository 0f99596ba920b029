"""What all pictures share: colours that colour-blind readers can tell apart, and how a file is written."""

from __future__ import annotations

import io
import math
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from mcgen.errors import UsageError
from mcgen.io.files import atomic_output

if TYPE_CHECKING:
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

BLACK, ORANGE, SKY, GREEN, BLUE, VERMILION, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
"""The palette of Okabe and Ito, without its yellow, which is hard to see on paper."""

CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)

STYLES = ((VERMILION, "--"), (BLUE, "-."), (BLACK, "-"), (GREEN, ":"))


def style_of(number: int) -> tuple[str, str]:
    """Colour and line style of one of a few curves that are to be told apart."""
    return STYLES[number % len(STYLES)]


ENDINGS = (".png", ".pdf")

CHARACTERS = 13.0
"""Of a title that fit an inch of a figure's width."""


def check_ending(path: Path) -> None:
    """Refuse, before anything is computed, a file that no picture can go to."""
    if path.suffix not in ENDINGS:
        raise UsageError(f"{path}: unknown ending {path.suffix!r}; plots go to {' or '.join(ENDINGS)} files")


def add_title(figure: Figure, title: str, facts: str) -> None:
    """Write somebody's text above a figure, and the facts below it: as they are, a dollar sign is no formula."""
    across = int(CHARACTERS * figure.get_figwidth())
    lines = [
        line
        for text in (title, facts)
        for line in textwrap.wrap(plain(text), across, max_lines=3, placeholder=" ...")
    ]
    figure.suptitle("\n".join(lines), fontsize=10, parse_math=False)


def tidy_log_axis(axis: Axis) -> None:
    """Choose ticks of a logarithmic axis, whose limits are set, that do not overprint: few, and short, if it is short."""
    low, high = axis.get_view_interval()
    decades = math.log10(high / low)
    if decades < 1.3:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)) if decades > 0.7 else MaxNLocator(4))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.6g}"))
    axis.set_minor_formatter(NullFormatter())


def label(text: str, longest: int = 80) -> str:
    """Somebody's text for a legend, where a dollar sign would begin a formula."""
    return textwrap.shorten(plain(text), longest, placeholder=" ...").replace("$", r"\$")


def plain(text: str) -> str:
    """Replace what no font can draw: control characters and halves of characters."""
    return "".join(c if c.isprintable() or c.isspace() else "\N{REPLACEMENT CHARACTER}" for c in text)


def save(figure: Figure, path: Path) -> None:
    """Write a figure to a png or pdf file, and close it."""
    check_ending(path)
    with atomic_output(path) as temporary, _any_letters():
        # Without its date a file is the same whenever it is drawn.
        metadata = {"CreationDate": None} if path.suffix == ".pdf" else None
        figure.savefig(temporary, format=path.suffix[1:], dpi=150, metadata=metadata)
    plt.close(figure)


def svg_of(figure: Figure) -> bytes:
    """Draw a figure as SVG, the same bytes for the same figure, and close it."""
    content = io.BytesIO()
    with _any_letters(), mpl.rc_context({"svg.hashsalt": "mcgen"}):
        figure.savefig(content, format="svg", dpi=150, metadata={"Date": None})
    plt.close(figure)
    return content.getvalue()


@contextmanager
def _any_letters() -> Iterator[None]:
    """Let titles have letters that the font does not have: a box stands for them."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from")
        yield
