"""The command line: load, validate, one call; the only place that prints.

Messages go to stderr, results to stdout. Exit codes: 0 done; 1 the run failed; 2 wrong use (card, flux,
options); 130 interrupted. Heavy imports are inside the commands, so that `--help` is quick.
"""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from mcgen.errors import McgenError, UsageError

if TYPE_CHECKING:
    from mcgen.card import Card


class _Commands(TyperGroup):
    """Turns errors into one message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except McgenError as error:
            _fail(str(error), error.exit_code)
        except MemoryError:
            _fail("out of memory: choose a smaller run.chunk", 1)
        except BrokenPipeError:
            sys.stderr.close()  # whoever read our output has gone; there is nobody to tell
            raise typer.Exit(1) from None
        except OSError as error:
            _fail(f"cannot write the results: {error.strerror or error}", 1)
        except KeyboardInterrupt:
            _fail("interrupted; nothing was left half-written", 130)
        except ImportError:
            # Compiled libraries that are being imported turn an interrupt into an ImportError of theirs.
            if not _State.interrupted:
                raise
            _fail("interrupted; nothing was left half-written", 130)


def _fail(message: str, exit_code: int) -> NoReturn:
    typer.echo(f"mcgen: {message}", err=True)
    raise typer.Exit(exit_code)


app = typer.Typer(
    cls=_Commands,
    help="Events of light particles radiated by the secondary muons of proton beam dumps.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)

CardArgument = Annotated[
    str, typer.Argument(metavar="CARD", help="A run card: a file, or the name of a shipped card.")
]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Change a key of the card; repeatable. model.mass_gev=0.1"
    ),
]


class _State:
    """What the options before the command say."""

    quiet = False
    interrupted = False


def _print_version(wanted: bool) -> None:
    if wanted:
        import mcgen

        typer.echo(f"mcgen {mcgen.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log what is being done.")] = False,
) -> None:
    _State.quiet = quiet
    if verbose:
        import logging

        logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s", stream=sys.stderr)


@app.command()
def generate(
    card: CardArgument,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; default: the card's name with .root."),
    ] = None,
    events: Annotated[
        int | None, typer.Option("--events", "-n", help="Number of points; run.events.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the random numbers; run.seed.")] = None,
    set_: SetOption = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
) -> None:
    """Generate events from a card into a ROOT file, weighted to the card's exposure."""
    quiet = quiet or _State.quiet
    settings = list(set_ or [])
    settings += [f"run.events={events}"] if events is not None else []
    settings += [f"run.seed={seed}"] if seed is not None else []
    loaded = _load(card, settings)
    target = output or Path(Path(card).stem + ".root")
    if target.suffix != ".root":
        raise UsageError(f"-o {target}: unknown ending {target.suffix!r}; events go to .root files")
    from mcgen.run import generate_file

    start = perf_counter()
    with _progress(loaded.run.events, quiet) as advance:
        metadata = generate_file(loaded, target, advance)
    if not quiet:
        from mcgen.summary import print_summary

        print_summary(metadata)
        rate = metadata["points"] / (perf_counter() - start)
        typer.echo(f"{target}: {metadata['events']} events, seed {metadata['seed']}, {rate:.3g} points/s")


@app.command()
def inspect(
    file: Annotated[Path, typer.Argument(help="An events file.")],
    json_: Annotated[bool, typer.Option("--json", help="Print the metadata as JSON.")] = False,
    verify: Annotated[bool, typer.Option("--verify", help="Check every column against its digest.")] = False,
) -> None:
    """Show what a file holds: card, provenance, columns, yields, cut flow."""
    from mcgen.io.root import read_metadata
    from mcgen.summary import print_columns, print_provenance, print_summary

    metadata = read_metadata(file)
    if verify:
        _verify(file)
    if json_:
        typer.echo(json.dumps(metadata, indent=2, allow_nan=False))
        return
    print_provenance(metadata)
    print_summary(metadata)
    print_columns(metadata)


def _verify(file: Path) -> None:
    from mcgen.errors import FileFormatError, RunError
    from mcgen.run import damaged_columns, read

    try:
        events = read(file)
    except FileFormatError as error:
        raise RunError(str(error)) from error
    wrong = damaged_columns(events)
    if wrong:
        raise RunError(f"{file}: damaged: columns {', '.join(wrong)} are not those that were written")
    typer.echo(f"{file}: all columns are as they were written", err=True)


@app.command()
def cards(
    name: Annotated[str | None, typer.Argument(help="A shipped card to print, to start one's own.")] = None,
) -> None:
    """List the shipped cards, or print one."""
    from mcgen.card import shipped_card, shipped_cards

    if name is not None:
        typer.echo(shipped_card(name).read_text(encoding="utf-8"), nl=False)
        return
    from mcgen.summary import print_cards

    print_cards({"run": shipped_cards("run"), "experiment": shipped_cards("experiment")})


@app.command()
def check(card: CardArgument, set_: SetOption = None) -> None:
    """Validate a card, and print what it resolves to, without running."""
    loaded = _load(card, set_ or [])
    from mcgen.flux import flux_of
    from mcgen.sampler import Process
    from mcgen.summary import print_check

    flux = flux_of(loaded)
    print_check(loaded, flux, Process(loaded, flux))


@app.command()
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
) -> None:
    """Compare the cross-sections of iww, ww and exact at a card's mass, coupling and target."""
    if output is not None and output.suffix not in (".png", ".pdf"):
        raise UsageError(f"-o {output}: unknown ending {output.suffix!r}; plots go to .png or .pdf files")
    loaded = _load(card, set_ or [])
    from mcgen.summary import print_cross_sections
    from mcgen.xsec import cross_sections

    found = cross_sections(loaded, _energies(energies))
    if json_:
        keys = {"e_mu_gev": "energy", "method": "method", "sigma_pb": "sigma", "error_pb": "error"}
        keys |= {"mean_x": "mean_x", "mean_theta_rad": "mean_theta"}
        rows = [{name: getattr(section, key) for name, key in keys.items()} for section in found]
        typer.echo(json.dumps(rows, indent=2, allow_nan=False))
    else:
        print_cross_sections(found)
    if output is not None:
        from mcgen.plots import plot_cross_sections

        plot_cross_sections(found, loaded.title, output)


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


def _load(card: str, settings: list[str]) -> Card:
    from mcgen.card import load_card

    return load_card(card, settings)


@contextmanager
def _progress(points: int, quiet: bool) -> Iterator[Callable[[int], None] | None]:
    """Progress bar on stderr over the points of a run."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("training", total=points)

        def advance(done: int) -> None:
            progress.update(task, advance=done, description="generating")

        yield advance


def _interrupted(*_: Any) -> None:
    _State.interrupted = True
    raise KeyboardInterrupt


def main() -> None:
    """Run the command line."""
    # A batch system's signal to stop unwinds like Ctrl-C, so that no partial file stays behind.
    signal.signal(signal.SIGINT, _interrupted)
    signal.signal(signal.SIGTERM, _interrupted)
    app(prog_name="mcgen")
