"""One self-contained page about an events file: no script, nothing that has to be fetched."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import jinja2

from mcgen.experiment.tables import EXPOSURES
from mcgen.io.files import atomic_output
from mcgen.plots.gallery import GALLERY
from mcgen.plots.style import svg_of
from mcgen.survey import Survey, survey_of


def write_report(file: Path, path: Path) -> None:
    """Write a page about an events file.

    Parameters
    ----------
    file : the events
    path : of the page

    Raises
    ------
    UsageError, RunError
        If the events cannot be read or the page cannot be written; nothing is left under its name.
    """
    with atomic_output(path) as temporary:
        # JSON can hold halves of characters, which no encoding can.
        temporary.write_bytes(render(survey_of(file), file.name).encode("utf-8", "replace"))


def render(survey: Survey, name: str) -> str:
    """Make the HTML of the page. Whatever comes from the file is shown as text."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    metadata = survey.metadata
    exposure = metadata["exposure"]
    return environment.get_template("page.html.jinja").render(
        name=name,
        title=survey.card.title or survey.card.experiment.title or name,
        experiment=survey.card.experiment,
        metadata=metadata,
        exposure=f"{exposure['value']:.4g} {EXPOSURES[exposure['kind']]}",
        yields=_yields(metadata),
        flow=_flow(metadata),
        figures=[(picture, _data_uri(svg_of(picture.draw(survey)))) for picture in GALLERY],
        card={
            key: list(_leaves("", table))
            for key, table in metadata["card"].items()
            if isinstance(table, dict)
        },
    )


def _data_uri(svg: bytes) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg).decode("ascii")


def _yields(metadata: Mapping[str, Any]) -> list[list[str]]:
    rows = []
    for name, label in (("fiducial", "decays in the decay volume"), ("accepted", "accepted")):
        y = metadata["yield"][name]
        total = (y["mc_error"] ** 2 + y["flux_error"] ** 2) ** 0.5
        numbers = (y["value"], y["mc_error"], y["flux_error"], total)
        rows.append([label, *(f"{number:.4g}" for number in numbers), f"{y['effective_size']:.0f}"])
    return rows


def _flow(metadata: Mapping[str, Any]) -> list[list[str]]:
    flow = metadata["cut_flow"]
    start = flow[0]["yield"]
    return [
        [e["requirement"], f"{e['yield']:.4g}", f"{e['yield'] / start:.2%}" if start > 0.0 else "-"]
        for e in flow
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
