"""`mcgen scan`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer

from mcgen.cli.common import (
    CardArgument,
    ForceOption,
    JobsOption,
    SetOption,
    State,
    app,
    files_of,
    load,
    processes,
    progress_bar,
)
from mcgen.cli.terminal import echo, echo_json
from mcgen.distribution import need
from mcgen.errors import UsageError
from mcgen.io.outputs import all_or_none, claim, make_folder


@app.command(epilog="Example: mcgen scan na62_leptophilic --masses 0.01:0.2:8 --jobs 2")
def scan(
    card: CardArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="JSON file to write; default: the card's name with _scan.json."),
    ] = None,
    masses: Annotated[
        str | None, typer.Option(help="Masses [GeV], as 0.01,0.02 or LOW:HIGH:N; scan.masses.")
    ] = None,
    couplings: Annotated[
        str | None, typer.Option(help="Couplings of the grid of yields, in the same way; scan.couplings.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    jobs: JobsOption = 1,
    seed: Annotated[int | None, typer.Option(help="Seed of the random numbers; run.seed.")] = None,
    limits: Annotated[
        Path | None, typer.Option(help="Folder with others' limits to draw, CSV files as in docs/scan.md.")
    ] = None,
    with_: Annotated[
        list[Path] | None, typer.Option("--with", help="JSON file of another scan to draw; repeatable.")
    ] = None,
    name: Annotated[
        str | None, typer.Option("--label", help="What the figure calls this scan; default: its title.")
    ] = None,
    format_: Annotated[Literal["png", "pdf"], typer.Option("--format", help="Kind of the figure.")] = "png",
    tables: Annotated[
        bool, typer.Option("--tables", help="Write yields by mass and width, to recast other couplings.")
    ] = False,
    hepdata: Annotated[
        Path | None, typer.Option(help="Folder for a submission to HEPData, made if need be.")
    ] = None,
    pyhf: Annotated[
        Path | None, typer.Option(help="Folder for likelihoods that pyhf reads, made if need be.")
    ] = None,
    set_: SetOption = None,
    force: ForceOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Find where in mass and coupling an experiment sees the signal: JSON, CSV and a figure."""
    quiet = quiet or State.quiet
    target = output or Path(Path(card).stem + "_scan.json")
    if target.suffix != ".json":
        raise UsageError(
            f"{target}: unknown ending {target.suffix!r}; a scan goes to a .json file, the rest beside it"
        )
    settings = list(set_ or [])
    settings += [f"scan.masses={_toml(masses)}"] if masses is not None else []
    settings += [f"scan.couplings={_toml(couplings)}"] if couplings is not None else []
    settings += [f"run.seed={seed}"] if seed is not None else []
    loaded = load(card, settings)
    from mcgen.sensitivity.curves import read_limits
    from mcgen.sensitivity.hepdata import hepdata_files, write_hepdata
    from mcgen.sensitivity.likelihood import likelihood_files, write_likelihood
    from mcgen.sensitivity.output import read_scan, scan_files, scan_to_dict, write_scan
    from mcgen.sensitivity.parts import parts_beside
    from mcgen.sensitivity.scan import scan as run_scan

    # A fault of what is to be drawn or written is told before anything is computed.
    drawn = read_limits(limits) if limits is not None else []
    figure = target.with_suffix(f".{format_}")
    written = [*scan_files(target, loaded.model.channels if tables else ()), figure]
    read = [*files_of(card, loaded), *(with_ or []), *(limits.glob("*.csv") if limits else [])]
    claim(written, read, force)
    for folder, published, library, extra in (
        (hepdata, hepdata_files, "hepdata_lib", "hepdata"),
        (pyhf, likelihood_files, "pyhf", "pyhf"),
    ):
        if folder is not None:
            need(library, extra, f"--{extra}")
            claim(published(folder, target), [*read, *written], force, new_folder=True)
            make_folder(folder)
            written += published(folder, target)
    others = [read_scan(path) for path in with_ or []]
    with parts_beside(target) as parts:
        with _progress(quiet) as advance:
            found = run_scan(loaded, processes(jobs), advance, parts)
        from mcgen.plots.scan import label_of, plot_scans

        data = scan_to_dict(found)
        with all_or_none(written):
            files = write_scan(found, target, tables)
            if hepdata is not None:
                files += write_hepdata(data, target, hepdata)
            if pyhf is not None:
                files += write_likelihood(loaded, data, pyhf)
            labels = [name or label_of(data), *map(label_of, others)]
            plot_scans([data, *others], figure, drawn, labels)
    if json_:
        echo_json(data)
    elif not quiet:
        from mcgen.cli.text import print_scan

        print_scan(data)
        echo(f"{', '.join(str(file) for file in [*files, figure])}: seed {found.seed}")


def _toml(text: str) -> str:
    """Write a list of numbers as TOML has it; LOW:HIGH:N stays."""
    return json.dumps(text) if ":" in text else f"[{text}]"


@contextmanager
def _progress(quiet: bool) -> Iterator[Callable[[int, int], None] | None]:
    """Progress bar on stderr over the masses of a scan, whose number grows."""
    with progress_bar("masses", None, quiet) as update:
        yield update and (lambda done, planned: update(completed=done, total=planned))
