"""`mcgen generate`, `prepare`, `merge`: a run, at once or in parts."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from mcgen.cli.common import (
    CardArgument,
    ForceOption,
    FormatOption,
    JobsOption,
    OptionalCardArgument,
    SetOption,
    State,
    app,
    files_of,
    load,
    load_matching,
    processes,
    progress,
    reading,
)
from mcgen.cli.terminal import echo
from mcgen.errors import UsageError

if TYPE_CHECKING:
    from mcgen.metadata import Metadata

SeedOption = Annotated[int | None, typer.Option(help="Seed of the random numbers; run.seed.")]


class _UnweightedCommand(TyperCommand):
    """Takes what follows `--unweighted` as its number only if it is one: a card may follow as well."""

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Give the option without a number an empty value, for the library wants one."""
        end = args.index("--") if "--" in args else len(args)
        words = [
            f"{word}=" if word == "--unweighted" and not (i + 1 < end and _is_number(args[i + 1])) else word
            for i, word in enumerate(args[:end])
        ]
        return super().parse_args(ctx, words + args[end:])


@app.command(
    cls=_UnweightedCommand,
    epilog="Example: mcgen generate na62_leptophilic -n 1000000 --set model.mass_gev=0.1 -o heavier.root",
)
def generate(
    card: OptionalCardArgument = None,
    match: Annotated[
        Path | None,
        typer.Option(help="Instead of CARD: collisions like those of an LHE sample, with weights in pb."),
    ] = None,
    method: Annotated[
        str, typer.Option(help="With --match: how bosons are made; production.method of a card.")
    ] = "exact",
    pdg: Annotated[int | None, typer.Option(help="With --match: PDG id of the sample's boson.")] = None,
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE | NAME/",
            help="File to write, or folder of a dataset; default: the card's or sample's name with an ending.",
        ),
    ] = None,
    dataset: Annotated[
        bool, typer.Option("--dataset", help="Write a folder of files and an index, as -o NAME/ does.")
    ] = False,
    format_: FormatOption = None,
    events: Annotated[
        int | None, typer.Option("--events", "-n", help="Number of points; run.events.")
    ] = None,
    seed: SeedOption = None,
    jobs: JobsOption = 1,
    dask: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Draw on the Dask cluster with this scheduler; tcp://host:8786."
        ),
    ] = None,
    dask_wait: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", min=0.0, help="How long to wait for workers while the Dask cluster has none."
        ),
    ] = 300.0,
    resume: Annotated[
        bool, typer.Option("--resume", help="Keep finished chunks, and continue an interrupted run.")
    ] = False,
    proposal: Annotated[
        Path | None, typer.Option(help="A proposal of `mcgen prepare`, instead of training.")
    ] = None,
    chunks: Annotated[
        str | None,
        typer.Option(
            metavar="A:B", help="Generate only these chunks of the run (B not included), as a part."
        ),
    ] = None,
    unweighted: Annotated[
        str | None,
        typer.Option(
            metavar="[N]",
            help="Write events of one common weight; exactly N, however many points that takes.",
        ),
    ] = None,
    set_: SetOption = None,
    force: ForceOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Generate events from a card into a file, weighted to the card's exposure."""
    quiet = quiet or State.quiet
    part = _part(chunks)
    settings = _settings(set_, events, seed)
    settings += ["run.unweighted=true"] if unweighted is not None else []
    number = _number(unweighted)
    if card is not None and match is None:
        loaded, name = load(card, settings), Path(card).stem
        inputs = files_of(card, loaded)
    elif match is not None and card is None:
        loaded, name = load_matching(match, method, pdg, settings), match.name.split(".lhe")[0]
        inputs = [match]
    else:
        raise UsageError("generate: takes either a CARD or --match SAMPLE.lhe.gz")
    from mcgen.io.events.store import format_named
    from mcgen.run.dataset import generate_dataset
    from mcgen.run.generate import generate_file
    from mcgen.run.parallel import Workers
    from mcgen.run.run import points_of
    from mcgen.sampler.proposal import load_proposal

    is_folder = dataset or (output is not None and output.endswith(os.sep))
    if number is not None:
        _check_number(number, points=events, is_folder=is_folder, is_part=part is not None)
    target = Path(output or name + ("" if is_folder else format_named(format_ or "root").endings[0]))
    inputs += [] if proposal is None else [proposal]
    _claim(target, inputs, force, format_, is_folder=is_folder, is_part=part is not None)
    start = perf_counter()
    workers = Workers(processes(jobs), dask, dask_wait)
    given = None if proposal is None else load_proposal(proposal)
    total = number or len(points_of(loaded, part))
    with progress(total, quiet, "generating", before="training") as advance:
        writer = generate_dataset if is_folder else partial(generate_file, unweighted=number)
        metadata = writer(
            loaded,
            target,
            workers=workers,
            proposal=given,
            part=part,
            resume=resume,
            format=format_,
            progress=advance,
        )
    if not quiet:
        from mcgen.cli.text import print_summary

        print_summary(metadata)
        rate = len(points_of(metadata.provenance.card, part)) / (perf_counter() - start)
        echo(
            f"{target}: {metadata.outcome.events} events, seed {metadata.provenance.seed}, {rate:.3g} points/s"
        )


@app.command(epilog="Example: mcgen prepare na62_leptophilic_exact -o na62.npz")
def prepare(
    card: CardArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; default: the card's name with .npz."),
    ] = None,
    seed: SeedOption = None,
    set_: SetOption = None,
    force: ForceOption = False,
) -> None:
    """Train the proposal of a card into a file, from which parts of a run are generated elsewhere."""
    loaded = load(card, _settings(set_, None, seed))
    target = output or Path(Path(card).stem + ".npz")
    if target.suffix != ".npz":
        raise UsageError(f"-o {target}: unknown ending {target.suffix!r}; proposals go to .npz files")
    from mcgen.io.outputs import claim
    from mcgen.run.run import Run

    claim([target], files_of(card, loaded), force)
    run = Run.of(loaded)
    run.proposal.save(target)
    echo(f"{target}: seed {run.seed}, {len(run.proposal.components)} components")


@app.command(epilog="Example: mcgen merge whole.root part-0.root part-1.root")
def merge(
    output: Annotated[
        Path, typer.Argument(metavar="OUT", help="File to write; or folder with all parts of a dataset.")
    ],
    parts: Annotated[
        list[Path] | None, typer.Argument(metavar="IN...", help="All parts of one run; none for a dataset.")
    ] = None,
    force: ForceOption = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Join the parts of one run, made by `mcgen generate --chunks`, into one file, or write a dataset's index."""
    quiet = quiet or State.quiet
    metadata = _joined(output, parts or [], force, quiet)
    if not quiet:
        from mcgen.cli.text import print_summary

        print_summary(metadata)
        echo(f"{output}: {metadata.outcome.events} events, seed {metadata.provenance.seed}")


def _claim(
    target: Path, inputs: list[Path], force: bool, format: str | None, *, is_folder: bool, is_part: bool
) -> None:
    """Find out whether a run may write to a file or a dataset, before anything is computed."""
    if is_folder:
        from mcgen.io.events.dataset import claim_dataset
        from mcgen.run.dataset import readable

        readable(format)
        claim_dataset(target, inputs, force)
        return
    from mcgen.io.events.store import format_of
    from mcgen.io.outputs import claim

    found = format_of(target, format)  # an unknown ending is told before anything is computed
    if is_part and found.reader is None:
        raise UsageError(f"{target}: not a format that parts can be merged from; use .root or .parquet")
    claim([target], inputs, force)


def _joined(output: Path, parts: list[Path], force: bool, quiet: bool) -> Metadata:
    """Join parts into a file, or complete a dataset."""
    from mcgen.io.outputs import claim
    from mcgen.run.dataset import index_dataset
    from mcgen.run.merge import merge as join

    if parts:
        claim([output], parts, force)
        with reading(*parts, quiet=quiet) as advance:
            return join(output, parts, advance)
    if not output.is_dir():
        raise UsageError(f"merge {output}: give the parts to join as well, or the folder of a dataset")
    return index_dataset(output)


def _settings(settings: list[str] | None, events: int | None, seed: int | None) -> list[str]:
    """Add the options that stand for keys of the card."""
    settings = list(settings or [])
    settings += [f"run.events={events}"] if events is not None else []
    settings += [f"run.seed={seed}"] if seed is not None else []
    return settings


def _is_number(word: str) -> bool:
    """Whether a word is meant for a number; "nan" is a card's name."""
    try:
        float(word)
    except ValueError:
        return False
    return any(letter.isdecimal() for letter in word)


def _number(text: str | None) -> int | None:
    """Parse the number of unweighted events; None if there is no number."""
    if not text:
        return None
    try:
        number = int(text)
    except ValueError:
        number = 0
    if not 2 <= number <= 10**12:
        raise UsageError(f"--unweighted {text}: expected a number of events from 2 to 10^12, or none")
    return number


def _check_number(number: int, *, points: int | None, is_folder: bool, is_part: bool) -> None:
    """Refuse a number of unweighted events with what needs the number of points."""
    if points is not None:
        raise UsageError(
            f"--unweighted {number} takes as many points as its events need: leave out -n, or the number"
        )
    if is_folder or is_part:
        raise UsageError(
            f"--unweighted {number}: the weights are known at the end only, but parts are written before: give a file "
            "as output and no --chunks, or -n and --unweighted without a number"
        )


def _part(text: str | None) -> range | None:
    """Parse a range of chunks."""
    if text is None:
        return None
    start, colon, stop = text.partition(":")
    if not colon or not (start.isdecimal() and stop.isdecimal()) or not int(start) < int(stop) < 10**12:
        raise UsageError(f"--chunks {text}: expected FIRST:END with FIRST < END, as 10:20")
    return range(int(start), int(stop))
