"""`mcgen inspect`, `cards`, `check`: what there is, without running anything."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Annotated

import typer

from mcgen.cli.common import CardArgument, JobsOption, SetOption, app, load, processes, reading
from mcgen.cli.terminal import echo, echo_json


@app.command(epilog="Example: mcgen inspect na62_leptophilic.root --verify")
def inspect(
    file: Annotated[Path, typer.Argument(help="An events file, or a dataset.")],
    json_: Annotated[bool, typer.Option("--json", help="Print the metadata as JSON.")] = False,
    verify: Annotated[
        bool,
        typer.Option(
            "--verify", help="Check every column against its digest, a dataset's parts by --jobs processes."
        ),
    ] = False,
    jobs: JobsOption = 1,
) -> None:
    """Show what a file holds: card, provenance, columns, yields, cut flow."""
    from mcgen.cli.text import print_columns, print_provenance, print_summary
    from mcgen.io.events.store import read_metadata

    metadata = read_metadata(file)
    if verify:
        _verify(file, processes(jobs))
    if json_:
        echo_json(metadata.to_json())
        return
    print_provenance(metadata)
    print_summary(metadata)
    print_columns(metadata)


def _verify(file: Path, jobs: int) -> None:
    from mcgen.errors import FileFormatError, RunError
    from mcgen.run.parallel import Workers
    from mcgen.run.verify import verify

    try:
        with reading(file) as advance:
            verify(file, Workers(jobs), advance)
    except FileFormatError as error:
        raise RunError(str(error)) from error
    echo(f"{file}: all columns are as they were written", err=True)


def _card_names(incomplete: str) -> list[str]:
    from mcgen.card import shipped_cards

    return [
        name for kind in ("run", "experiment") for name in shipped_cards(kind) if name.startswith(incomplete)
    ]


@app.command(epilog="Example: mcgen cards na62_leptophilic > mine.toml; mcgen cards --keys run")
def cards(
    name: Annotated[
        str | None,
        typer.Argument(
            help="A shipped card to print, to start one's own; with --keys a table, as run.vegas.",
            autocompletion=_card_names,
        ),
    ] = None,
    keys: Annotated[
        bool, typer.Option("--keys", help="List the keys of cards: meaning, unit, default, allowed values.")
    ] = False,
) -> None:
    """List the shipped cards, print one, or list the keys of cards."""
    if keys:
        from mcgen.card.keys import sections, sections_of
        from mcgen.cli.keys_text import print_keys

        print_keys(sections() if name is None else sections_of(name))
        return
    from mcgen.card import load_card, shipped_card, shipped_cards

    if name is not None:
        echo(shipped_card(name).read_text(encoding="utf-8").rstrip("\n"))
        return
    from mcgen.cli.text import print_cards

    titles = {
        name: tomllib.loads(path.read_text(encoding="utf-8"))["title"]
        for name, path in shipped_cards("experiment").items()
    }
    print_cards({name: load_card(path) for name, path in shipped_cards("run").items()}, titles)


@app.command(epilog="Example: mcgen check na62_leptophilic --set model.mass_gev=0.1")
def check(
    card: CardArgument,
    set_: SetOption = None,
    json_: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Validate a card, and print what it resolves to, without running."""
    loaded = load(card, set_ or [])
    from mcgen.analysis.facts import facts_of
    from mcgen.cli.check_text import print_check
    from mcgen.flux.flux import flux_of
    from mcgen.sampler.process import process_of

    flux = flux_of(loaded)
    facts = facts_of(loaded, flux, process_of(loaded, flux))
    if json_:
        echo_json(facts)
    else:
        print_check(loaded, facts)
