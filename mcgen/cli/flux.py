"""`mcgen flux show` and `mcgen flux convert`; `flux make` has a module of its own."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mcgen.cli.common import ForceOption, app, files_of, load
from mcgen.cli.terminal import echo, echo_json
from mcgen.io.outputs import claim

if TYPE_CHECKING:
    from mcgen.flux.census import Census, Rate
    from mcgen.flux.flux import Flux

flux = typer.Typer(
    help="Make a flux, show what it holds, or convert it.",
    no_args_is_help=True,
    epilog="Example: mcgen flux show builtin:na62_cu",
)
app.add_typer(flux, name="flux")

FileArgument = Annotated[
    str,
    typer.Argument(
        metavar="FILE",
        help=r"A flux file, builtin:NAME, or a run card (.toml) whose \[flux] says how to read it.",
    ),
]
FormatOption = Annotated[
    str | None, typer.Option("--format", help="How to read the file; flux.format of a card.")
]
ProtonsOption = Annotated[
    float | None, typer.Option(help="Protons that the weights are for, where the format does not say.")
]


@flux.command(epilog="Example: mcgen flux show builtin:na62_cu -o plots")
def show(
    file: FileArgument,
    format_: FormatOption = None,
    protons: ProtonsOption = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for plots of momentum, angle and depth.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Show what a flux holds: particles and groups of them, rates, momenta, angles, depths."""
    from mcgen.flux.census import census
    from mcgen.flux.flux import flux_path
    from mcgen.io.flux.native import provenance_of

    if output is not None:
        from mcgen.plots.flux import pictures_in, plot_census

        claim(pictures_in(output), _files(file), force, new_folder=True)
    particles = _load(file, format_, protons)
    found, made = census(particles), provenance_of(flux_path(particles.file))
    if output is not None:
        for path in plot_census(found, output):
            echo(path, err=True)
    if json_:
        echo_json(_plain(found) | {"provenance": made})
    else:
        from mcgen.cli.flux_text import print_census, print_made

        print_census(found)
        if made is not None:
            print_made(made)


@flux.command(epilog="Example: mcgen flux convert pythia8_Geant4.root ship.parquet --format fairship")
def convert(
    file: FileArgument,
    output: Annotated[Path, typer.Argument(metavar="OUT", help="File to write: .root, .parquet or .csv.")],
    format_: FormatOption = None,
    protons: ProtonsOption = None,
    force: ForceOption = False,
) -> None:
    """Convert a flux to the native format: one row a particle, metres, GeV, particles per proton."""
    from mcgen.errors import reasons
    from mcgen.flux.flux import write_flux
    from mcgen.io.flux.native import writer_for

    writer_for(output)  # an unknown ending is told before anything is read
    claim([output], _files(file), force)
    particles = _load(file, format_, protons)
    write_flux(particles, output)
    dropped = reasons(particles.dropped)
    grouped = f" in {particles.groups} groups" if particles.groups < len(particles) else ""
    left_out = f"; left out: {dropped}" if dropped else ""
    echo(f"{output}: {len(particles)} particles{grouped}{left_out}")


def _files(file: str) -> list[Path]:
    """Files that a flux is read from: itself, or a run card and what it names."""
    from mcgen.flux.flux import flux_path

    return files_of(file, load(file, [])) if file.endswith(".toml") else [flux_path(file)]


def _load(file: str, format_: str | None, protons: float | None) -> Flux:
    from mcgen.card import flux_table, load_card
    from mcgen.errors import UsageError
    from mcgen.flux.flux import load_flux

    options = {"format": format_, "protons": protons}
    options = {key: value for key, value in options.items() if value is not None}
    if not file.endswith(".toml"):
        return load_flux(flux_table({"file": file, **options}))
    if options:
        raise UsageError(
            f"{file}: the card says how to read its flux; --format and --protons are for flux files"
        )
    table = load_card(file).flux
    if table is None:
        raise UsageError(f"{file}: its particles are from a beam, not from a flux file")
    return load_flux(table)


def _plain(found: Census) -> dict[str, Any]:
    return {
        "file": found.file,
        "sha256": found.sha256,
        "particles": found.total,
        "left_out": dict(found.left_out),
        "groups": found.groups,
        "together": found.together,
        "largest_group": found.largest,
        "parents": {str(pdg): _plain_rate(rate) for pdg, rate in found.parents.items()},
        "muons": _plain_rate(found.muons),
        "above": [{"momentum_gev": r.low, **_plain_rate(r)} for r in found.above],
        "bins": [
            {
                "low_gev": r.low,
                "high_gev": r.high if r.high < float("inf") else None,
                **_plain_rate(r),
                "median_depth_m": r.median_depth if r.particles else None,
                "median_angle_rad": r.median_angle if r.particles else None,
            }
            for r in found.bins
        ],
    }


def _plain_rate(rate: Rate) -> dict[str, float]:
    return {
        "particles": rate.particles,
        "rate": rate.rate,
        "error": rate.error,
        "effective_size": rate.effective_size,
    }
