"""`mcgen plot` and `mcgen report`: what a file holds, as pictures and as a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from mcgen.cli.common import ForceOption, NoVerifyOption, State, app, checking, reading
from mcgen.cli.terminal import echo
from mcgen.errors import UsageError
from mcgen.io.outputs import claim

_FileArgument = Annotated[Path, typer.Argument(help="An events file.")]


@app.command(epilog="Example: mcgen plot na62_leptophilic.root -o plots")
def plot(
    file: _FileArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Folder for the pictures; default: the file's name with _plots."),
    ] = None,
    format_: Annotated[Literal["png", "pdf"], typer.Option("--format", help="Kind of the pictures.")] = "png",
    force: ForceOption = False,
    no_verify: NoVerifyOption = False,
) -> None:
    """Draw kinematics, vertices, acceptance and cut flow of an events file."""
    from mcgen.plots.gallery import plot

    folder = output or Path(f"{file.stem}_plots")
    verify = checking(no_verify, file)
    with reading(file) as advance:
        paths = plot(file, folder, format_, verify=verify, force=force, progress=advance)
    for path in paths:
        if not State.quiet:
            echo(path)


@app.command(epilog="Example: mcgen report na62_leptophilic.root -o report.html")
def report(
    file: _FileArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Page to write; default: the file's name with .html."),
    ] = None,
    force: ForceOption = False,
    no_verify: NoVerifyOption = False,
) -> None:
    """Write one page about an events file: card, provenance, yields, cut flow, figures."""
    target = output or Path(f"{file.stem}.html")
    if target.suffix != ".html":
        raise UsageError(f"{target}: unknown ending {target.suffix!r}; a report is an .html file")
    claim([target], [file], force)
    from mcgen.report import write_report

    verify = checking(no_verify, file)
    with reading(file) as advance:
        write_report(file, target, verify=verify, progress=advance)
    if not State.quiet:
        echo(target)
