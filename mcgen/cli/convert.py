"""`mcgen convert`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mcgen.cli.common import ForceOption, FormatOption, NoVerifyOption, State, app, checking, reading
from mcgen.cli.terminal import echo


@app.command(epilog="Example: mcgen convert na62_leptophilic.root na62.parquet")
def convert(
    file: Annotated[Path, typer.Argument(help="An events file, .root or .parquet.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="File to write.")],
    format_: FormatOption = None,
    force: ForceOption = False,
    no_verify: NoVerifyOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Copy an events file into another format; its columns are checked against their digests."""
    from mcgen.io.events.store import convert
    from mcgen.io.outputs import claim

    claim([output], [file], force)
    verify = checking(no_verify, file)
    with reading(file, quiet=quiet) as advance:
        metadata = convert(file, output, format_, verify=verify, progress=advance)
    if not (quiet or State.quiet):
        echo(f"{output}: {metadata.outcome.events} events")
