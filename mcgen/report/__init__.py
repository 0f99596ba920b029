"""One self-contained page about an events file: no script, nothing that has to be fetched."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jinja2

from mcgen.analysis.systematics import in_one_line, varied_rows
from mcgen.analysis.yields import listed, origin
from mcgen.experiment.exposure import EXPOSURES
from mcgen.io.files import atomic_output
from mcgen.metadata import Outcome
from mcgen.plots.gallery import GALLERY, Picture, pictures_of
from mcgen.plots.style import svg_of
from mcgen.survey import Survey, survey_of
from mcgen.types import Progress


def write_report(
    file: Path,
    path: Path,
    *,
    pictures: Sequence[Picture] = GALLERY,
    verify: bool = True,
    progress: Progress | None = None,
) -> None:
    """Write a page about an events file.

    Parameters
    ----------
    file : the events
    path : of the page
    pictures : that it shows, those that can be drawn
    verify : whether to compare the columns with their digests
    progress : called with the number of events read since the last call

    Raises
    ------
    UsageError, RunError
        If the events cannot be read or the page cannot be written; nothing is left under its name.
    """
    with atomic_output(path) as temporary:
        page = render(survey_of(file, verify=verify, progress=progress), file.name, pictures)
        # JSON can hold halves of characters, which no encoding can.
        temporary.write_bytes(page.encode("utf-8", "replace"))


def render(survey: Survey, name: str, pictures: Sequence[Picture] = GALLERY) -> str:
    """Make the HTML of the page. Whatever comes from the file is shown as text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    provenance, outcome = survey.metadata.provenance, survey.metadata.outcome
    exposure = survey.card.experiment.exposure
    return environment.get_template("page.html.jinja").render(
        name=name,
        title=survey.card.heading,
        boson=survey.card.model.in_words(),
        experiment=survey.card.experiment,
        origin=origin(survey.metadata),
        provenance=provenance,
        outcome=outcome,
        exposure=f"{exposure.value:.4g} {EXPOSURES[exposure.kind]}",
        yields=_yields(outcome),
        flow=_flow(outcome),
        varied=list(varied_rows(survey.metadata)),
        total=in_one_line(survey.metadata),
        figures=[
            (picture, _data_uri(svg_of(picture.draw(survey)))) for picture in pictures_of(survey, pictures)
        ],
        columns=[(column.name, column.unit, column.meaning) for column in provenance.columns],
        card={
            key: list(_leaves("", table))
            for key, table in survey.card.to_dict().items()
            if isinstance(table, dict)
        },
    )


def _data_uri(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


def _yields(outcome: Outcome) -> list[list[str]]:
    rows = []
    for label, y in listed(outcome):
        numbers = (y.value, y.mc_error, y.flux_error, y.total_error)
        rows.append([label, *(f"{number:.4g}" for number in numbers), f"{y.effective_size:.0f}"])
    return rows


def _flow(outcome: Outcome) -> list[list[str]]:
    start = outcome.cut_flow[0].value if outcome.cut_flow else 0.0
    return [
        [step.requirement, f"{step.value:.4g}", f"{step.value / start:.2%}" if start > 0.0 else "-"]
        for step in outcome.cut_flow
    ]


def _leaves(prefix: str, value: Any) -> Iterator[tuple[str, str]]:
    """Keys and values of a card's table, nested ones with dots between, as `--set` takes them."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _leaves(f"{prefix}.{key}".removeprefix("."), item)
    elif isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        for i, item in enumerate(value):
            yield from _leaves(f"{prefix}.{item.get('name', i)}", item)
    elif isinstance(value, list):
        yield prefix, ", ".join(str(item) for item in value)
    else:
        yield prefix, str(value)
