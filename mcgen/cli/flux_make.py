"""`mcgen flux make`: a flux from protons."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer

from mcgen.cli.common import ForceOption, JobsOption, State, processes, progress
from mcgen.cli.flux import flux
from mcgen.cli.terminal import echo
from mcgen.errors import UsageError

if TYPE_CHECKING:
    from mcgen.flux.make.slabs import Slabs


@flux.command(epilog="Example: mcgen flux make --material W --energy 400 --protons 1e5 -o flux.root")
def make(
    card: Annotated[
        str | None,
        typer.Argument(
            metavar="CARD",
            help="An experiment or run card, whose target is the dump: a file, or a shipped name.",
        ),
    ] = None,
    material: Annotated[
        str | None, typer.Option(metavar="NAME", help="Instead of CARD: a dump of one material, without end.")
    ] = None,
    layer: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME:FROM:TO",
            help=r"Instead of CARD: a layer of a material between two z \[m]; repeatable, front to back. W:0:1.5",
        ),
    ] = None,
    energy: Annotated[float, typer.Option(help="Energy of the protons [GeV].")] = 400.0,
    protons: Annotated[
        float, typer.Option(help="Protons that are followed down to the threshold; 1e6.")
    ] = 100_000,
    threshold: Annotated[float, typer.Option(help="Least momentum of a row [GeV].")] = 1.0,
    cascade_threshold: Annotated[
        float | None,
        typer.Option(help="Least energy of hadrons that are followed [GeV]; default: the threshold of rows."),
    ] = None,
    photons: Annotated[bool, typer.Option("--photons", help="Photons are rows, too.")] = False,
    measured_multiplicities: Annotated[
        bool,
        typer.Option(
            "--measured-multiplicities",
            help="Weights times what pp at 400 GeV has of their parents, over what Pythia has.",
        ),
    ] = False,
    rows: Annotated[float, typer.Option(help="Rows beyond which they are thinned.")] = 1_000_000,
    pion_rows: Annotated[
        float | None,
        typer.Option(
            help="How many of these are for pions at most; default: as many as for every other kind."
        ),
    ] = None,
    mantissa: Annotated[
        int, typer.Option(help="Bits of the mantissa of positions and momenta: fewer make the file smaller.")
    ] = 23,
    chunk: Annotated[
        int, typer.Option(help="Protons that are followed together, and kept for --resume.")
    ] = 1000,
    seed: Annotated[int | None, typer.Option(help="Seed of the random numbers; default: drawn.")] = None,
    jobs: JobsOption = 1,
    resume: Annotated[bool, typer.Option("--resume", help="Continue an interrupted run.")] = False,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output",
            "-o",
            help="File to write, .root, .parquet or .csv; default: flux_ and the dump's name.",
        ),
    ] = None,
    force: ForceOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Make a flux from protons with Pythia: muons, and charged pions and kaons at their decay."""
    from mcgen.flux.make.settings import Settings
    from mcgen.io.flux.native import writer_for
    from mcgen.io.outputs import claim
    from mcgen.run.flux import make_flux
    from mcgen.run.parallel import Workers

    if seed is not None and not 0 <= seed < 2**63:
        raise UsageError(f"--seed {seed}: must be from 0 to 2^63 - 1")
    slabs, name, inputs = _dump(card, material, layer or [])
    settings = Settings(
        slabs=slabs,
        energy=energy,
        protons=_whole("--protons", protons),
        threshold=threshold,
        cascade_threshold=cascade_threshold,
        photons=photons,
        measured_multiplicities=measured_multiplicities,
        rows=_whole("--rows", rows),
        pion_rows=None if pion_rows is None else _whole("--pion-rows", pion_rows),
        mantissa=mantissa,
        chunk=chunk,
    )
    target = output or Path(f"flux_{name}.root")
    writer_for(target)  # an unknown ending is told before anything is computed
    claim([target], inputs, force)
    start, quiet = perf_counter(), quiet or State.quiet
    followed = sum(stratum.protons for stratum in settings.strata)
    with progress(followed, quiet, "protons") as advance:
        made = make_flux(
            settings,
            target,
            seed=seed,
            workers=Workers(processes(jobs)),
            resume=resume,
            progress=advance,
        )
    if not quiet:
        from mcgen.cli.flux_text import print_made

        print_made(made.provenance)
        rate = made.provenance["counts"]["collisions"] / (perf_counter() - start)
        echo(f"{target}: {made.rows} rows, seed {made.provenance['seed']}, {rate:.0f} collisions/s")


def _dump(card: str | None, material: str | None, layers: list[str]) -> tuple[Slabs, str, list[Path]]:
    """Return the dump, a name for it, and the files that it is read from."""
    from mcgen.card.card import find_target_card, load_target
    from mcgen.flux.make.slabs import DEEP, Slabs
    from mcgen.physics.matter import material as shipped

    if (card is not None) + (material is not None) + bool(layers) != 1:
        raise UsageError("flux make: takes either a CARD, or --material, or one --layer or more")
    if card is not None:
        return Slabs.of(load_target(card)), Path(card).stem, [find_target_card(card)]
    if material is not None:
        return Slabs((shipped(material),), (0.0, DEEP)), material, []
    parsed = [_layer(text) for text in layers]
    for (_, _, end), (name, begin, _) in pairwise(parsed):
        if begin != end:
            raise UsageError(f"--layer {name}:{begin:g}: the layer before ends at {end:g} m")
    slabs = Slabs(
        tuple(shipped(name) for name, _, _ in parsed), (parsed[0][1], *(end for _, _, end in parsed))
    )
    return slabs, "_".join(dict.fromkeys(name for name, _, _ in parsed)), []


def _layer(text: str) -> tuple[str, float, float]:
    """Parse a layer."""
    name, *places = text.split(":")
    try:
        begin, end = (float(place) for place in places)
    except ValueError:
        begin = end = 0.0
    if not -1e5 <= begin < end <= 1e5:
        raise UsageError(f"--layer {text}: expected NAME:FROM:TO in metres with FROM < TO, as W:0:1.5")
    return name, begin, end


def _whole(option: str, value: float) -> int:
    """Return a number that may be given as 1e6 as the integer that it is."""
    if not (abs(value) < 1e15 and value == int(value)):
        raise UsageError(f"{option} {value:g}: must be a whole number")
    return int(value)
