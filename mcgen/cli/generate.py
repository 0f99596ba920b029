"""`mcgen generate`."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import Annotated

import typer

from mcgen.cli.common import SetOption, State, app, load, load_matching, progress
from mcgen.errors import UsageError


@app.command()
def generate(
    card: Annotated[
        str | None,
        typer.Argument(metavar="[CARD]", help="A run card: a file, or the name of a shipped card."),
    ] = None,
    match: Annotated[
        Path | None,
        typer.Option(help="Instead of CARD: collisions like those of an LHE sample, with weights in pb."),
    ] = None,
    method: Annotated[str, typer.Option(help="With --match: iww, ww or exact.")] = "exact",
    pdg: Annotated[int | None, typer.Option(help="With --match: PDG id of the sample's boson.")] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", help="File to write; default: the card's or sample's name with .root."
        ),
    ] = None,
    events: Annotated[
        int | None, typer.Option("--events", "-n", help="Number of points; run.events.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the random numbers; run.seed.")] = None,
    set_: SetOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Generate events from a card into a ROOT file, weighted to the card's exposure."""
    quiet = quiet or State.quiet
    settings = list(set_ or [])
    settings += [f"run.events={events}"] if events is not None else []
    settings += [f"run.seed={seed}"] if seed is not None else []
    if card is not None and match is None:
        loaded, name = load(card, settings), Path(card).stem
    elif match is not None and card is None:
        loaded, name = load_matching(match, method, pdg, settings), match.name.split(".lhe")[0]
    else:
        raise UsageError("generate: takes either a CARD or --match SAMPLE.lhe.gz")
    target = output or Path(name + ".root")
    from mcgen.io.store import writer_for
    from mcgen.run import generate_file

    writer_for(target)  # an unknown ending is told before anything is computed

    start = perf_counter()
    with progress(loaded.run.events, quiet) as advance:
        metadata = generate_file(loaded, target, advance)
    if not quiet:
        from mcgen.summary import print_summary

        print_summary(metadata)
        rate = metadata["points"] / (perf_counter() - start)
        typer.echo(f"{target}: {metadata['events']} events, seed {metadata['seed']}, {rate:.3g} points/s")
