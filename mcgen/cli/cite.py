"""`mcgen cite`: what to cite."""

from __future__ import annotations

from typing import Annotated

import typer

from mcgen.cli.common import app, load
from mcgen.cli.terminal import echo


@app.command(epilog="Example: mcgen cite na62_leptophilic > na62.bib")
def cite(
    card: Annotated[
        str | None, typer.Argument(metavar="CARD", help="A run card, to cite what it uses, too.")
    ] = None,
) -> None:
    """Print BibTeX of the program, the article behind it, and what a card uses."""
    from mcgen.analysis.citing import cite as cite_

    echo(cite_(None if card is None else load(card, [])).rstrip("\n"))
