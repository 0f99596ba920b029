"""`mcgen reweight`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mcgen.cli.common import ForceOption, NoVerifyOption, State, app, checking
from mcgen.cli.terminal import echo
from mcgen.errors import UsageError


@app.command(epilog="Example: mcgen reweight na62_leptophilic.root other.root --g-mu 1.2e-4")
def reweight(
    file: Annotated[Path, typer.Argument(help="An events file.")],
    output: Annotated[Path, typer.Argument(metavar="OUT", help="File to write.")],
    g_mu: Annotated[float, typer.Option("--g-mu", help="Coupling to muons that the weights will be for.")],
    force: ForceOption = False,
    no_verify: NoVerifyOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No summary.")] = False,
) -> None:
    """Give a file's events the weights of another coupling, exactly."""
    from mcgen.events import read, write
    from mcgen.io.events.store import format_of
    from mcgen.io.outputs import claim

    if not 0.0 < g_mu <= 10.0:
        raise UsageError(f"--g-mu {g_mu:g}: must be above 0, and at most 10")
    format_of(output)  # an unknown ending is told before anything is read
    claim([output], [file], force)
    events = read(file, verify=checking(no_verify, file))
    reweighted = events.reweight(g_mu=g_mu)
    write(reweighted, output, force=force)
    if quiet or State.quiet:
        return
    from mcgen.cli.text import print_summary
    from mcgen.metadata import Metadata

    print_summary(Metadata(reweighted.provenance, reweighted.outcome))
    sizes = [found.outcome.accepted.effective_size for found in (events, reweighted)]
    echo(f"{output}: g_mu = {g_mu:g}, effective size of the accepted events {sizes[0]:.0f} -> {sizes[1]:.0f}")
