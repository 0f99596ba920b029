"""All pictures of an events file, by name."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from matplotlib.figure import Figure

from mcgen.io.outputs import claim, make_folder
from mcgen.plots.cutflow import draw_cut_flow
from mcgen.plots.spectra import (
    draw_acceptance,
    draw_boson,
    draw_channels,
    draw_daughters,
    draw_parent,
    draw_processes,
)
from mcgen.plots.style import save
from mcgen.plots.vertices import draw_vertices
from mcgen.survey import Survey, survey_of
from mcgen.types import Progress


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of an events file."""

    name: str
    """Of its file."""
    caption: str
    """What it shows, in a sentence or two."""
    draw: Callable[[Survey], Figure]
    """How it is drawn."""
    possible: Callable[[Survey], bool] = lambda _: True
    """Whether the events have what it shows."""


_BANDS = (
    "Bands are the errors of a bin, of integration and flux together; in grey what the card's variations say of the "
    "accepted ones."
)

GALLERY = (
    Picture(
        "vertices",
        "Emission vertices in the dump (left) and decay vertices in the experiment (right), by weight, from"
        " above (top) and from the side (bottom): dump grey, decay volume orange, planes black, magnets purple;"
        " some events drawn by weight, accepted ones if there are any: the boson dotted, the first daughter"
        " red, the second green.",
        draw_vertices,
    ),
    Picture("parent", f"The parents of the bosons, in the flux and at the emission. {_BANDS}", draw_parent),
    Picture("boson", f"The boson. {_BANDS}", draw_boson),
    Picture(
        "processes",
        "The boson, of accepted events, by the process that made it, one on top of the other; the band is the error of all.",
        draw_processes,
        lambda survey: len(survey.metadata.outcome.by_process) > 1,
    ),
    Picture("daughters", f"The daughters at the decay, before any magnet. {_BANDS}", draw_daughters),
    Picture(
        "channels",
        "The daughters, of accepted events, by the channel of the decay, one on top of the other; the band is the error of all.",
        draw_channels,
        lambda survey: len(survey.metadata.outcome.by_channel) > 1,
    ),
    Picture(
        "acceptance",
        "Share of the decays in the volume that is accepted, with the errors of integration and flux.",
        draw_acceptance,
    ),
    Picture(
        "cut_flow",
        "Expected events after each requirement, cumulatively.",
        draw_cut_flow,
        lambda survey: bool(survey.metadata.outcome.cut_flow),
    ),
)


def plot(
    file: str | Path,
    folder: str | Path,
    format: str = "png",
    *,
    verify: bool = True,
    force: bool = False,
    progress: Progress | None = None,
) -> list[Path]:
    """Draw all pictures of an events file into a folder, which is made if need be; return their files.

    Parameters
    ----------
    format : "png" or "pdf"
    verify : whether to compare the columns with their digests
    force : whether pictures that are there may be replaced
    progress : called with the number of events read since the last call

    Raises
    ------
    FileFormatError
        If it is no events file, or damaged.
    UsageError, RunError
        If a picture is there already, or cannot be written, or columns are not those that were written.

    Examples
    --------
    >>> [path.name for path in mcgen.plot("events.root", "plots", force=True)][-1]
    'cut_flow.png'
    """
    file, folder = Path(file), Path(folder)
    survey = survey_of(file, verify=verify, progress=progress)
    pictures = {folder / f"{picture.name}.{format}": picture for picture in pictures_of(survey)}
    claim(pictures, [file], force, new_folder=True)
    make_folder(folder)
    for path, picture in pictures.items():
        save(picture.draw(survey), path)
    return list(pictures)


def pictures_of(survey: Survey, pictures: Sequence[Picture] = GALLERY) -> tuple[Picture, ...]:
    """Return those of some pictures that can be drawn."""
    return tuple(picture for picture in pictures if picture.possible(survey))
