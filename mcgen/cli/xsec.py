"""`mcgen xsec`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mcgen.cli.common import CardArgument, ForceOption, SetOption, app, files_of, load
from mcgen.cli.terminal import echo_json
from mcgen.errors import UsageError
from mcgen.io.outputs import claim


@app.command(epilog="Example: mcgen xsec na62_muonphilic --energies 20,100")
def xsec(
    card: CardArgument,
    energies: Annotated[
        str | None,
        typer.Option(help="Muon energies [GeV], as 10,20,50; default: the beam's, or typical ones."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Plot of dsigma/dx to write, .png or .pdf.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    set_: SetOption = None,
    force: ForceOption = False,
) -> None:
    """Compare the cross-sections of iww, ww and exact at a card's mass, coupling and target."""
    if output is not None:
        from mcgen.plots.style import check_ending

        check_ending(output)
    loaded = load(card, set_ or [])
    if output is not None:
        claim([output], files_of(card, loaded), force)
    from mcgen.analysis.cross_sections import cross_sections
    from mcgen.cli.text import print_cross_sections

    found = cross_sections(loaded, _energies(energies))
    if json_:
        keys = {"e_mu_gev": "energy", "method": "method", "sigma_pb": "sigma", "error_pb": "error"}
        keys |= {"mean_x": "mean_x", "mean_theta_rad": "mean_theta"}
        rows = [{name: getattr(section, key) for name, key in keys.items()} for section in found]
        echo_json(rows)
    else:
        print_cross_sections(found, loaded)
    if output is not None:
        from mcgen.plots.xsec import plot_cross_sections

        plot_cross_sections(found, loaded, output)


def _energies(text: str | None) -> list[float] | None:
    """Parse a list of energies."""
    if text is None:
        return None
    try:
        energies = [float(part) for part in text.split(",")]
    except ValueError:
        energies = []
    if not energies or not all(0.0 < energy <= 1e5 for energy in energies):
        raise UsageError(f"--energies {text}: expected numbers between 0 and 1e5 GeV, as 10,20,50")
    return energies
