"""`mcgen plot` and `mcgen report`: what a file holds, as pictures and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mcgen.cli.common import State, app
from mcgen.errors import RunError, UsageError

_FileArgument = Annotated[Path, typer.Argument(help="An events file.")]


@app.command()
def plot(
    file: _FileArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the pictures; default: the file's name with _plots."),
    ] = None,
    format_: Annotated[Literal["png", "pdf"], typer.Option("--format", help="Kind of the pictures.")] = "png",
) -> None:
    """Draw kinematics, vertices, acceptance and cut flow of an events file."""
    from mcgen.survey import survey_of

    survey = survey_of(file)
    from mcgen.plots.gallery import pictures_of
    from mcgen.plots.style import save

    folder = output or Path(f"{file.stem}_plots")
    _make(folder)
    for picture in pictures_of(survey):
        target = folder / f"{picture.name}.{format_}"
        save(picture.draw(survey), target)
        if not State.quiet:
            typer.echo(target)


@app.command()
def report(
    file: _FileArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Page to write; default: the file's name with .html."),
    ] = None,
) -> None:
    """Write one page about an events file: card, provenance, yields, cut flow, figures."""
    target = output or Path(f"{file.stem}.html")
    if target.suffix != ".html":
        raise UsageError(f"{target}: unknown ending {target.suffix!r}; a report is an .html file")
    from mcgen.report import write_report

    write_report(file, target)
    if not State.quiet:
        typer.echo(target)


def _make(folder: Path) -> None:
    """Make a folder, if it is not there."""
    try:
        folder.mkdir(exist_ok=True)
    except FileExistsError as error:
        raise UsageError(f"{folder}: is a file; give the name of a folder") from error
    except FileNotFoundError as error:
        raise UsageError(f"{folder}: the folder {folder.parent} does not exist; create it first") from error
    except OSError as error:
        raise RunError(f"{folder}: cannot be made: {error.strerror or error}") from error
