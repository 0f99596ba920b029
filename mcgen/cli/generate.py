"""`mcgen generate`."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from mcgen.cli.common import CardArgument, FormatOption, SetOption, State, app, load, progress


@app.command()
def generate(
    card: CardArgument,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File to write; default: the card's name with the format's ending."
        ),
    ] = None,
    format_: FormatOption = None,
    events: Annotated[
        int | None, typer.Option("--events", "-n", help="Number of points; run.events.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the random numbers; run.seed.")] = None,
    set_: SetOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Generate events from a card into a file, weighted to the card's exposure."""
    quiet = quiet or State.quiet
    settings = list(set_ or [])
    settings += [f"run.events={events}"] if events is not None else []
    settings += [f"run.seed={seed}"] if seed is not None else []
    loaded = load(card, settings)
    from mcgen.io.store import format_named, writer_for
    from mcgen.run import generate_file

    target = output or Path(Path(card).stem + format_named(format_ or "root").endings[0])
    writer_for(target, format_)  # an unknown ending is told before anything is computed

    start = perf_counter()
    with progress(loaded.run.events, quiet) as advance:
        metadata = generate_file(loaded, target, advance, format_)
    if not quiet:
        from mcgen.summary import print_summary

        print_summary(metadata)
        rate = metadata["points"] / (perf_counter() - start)
        typer.echo(f"{target}: {metadata['events']} events, seed {metadata['seed']}, {rate:.3g} points/s")
