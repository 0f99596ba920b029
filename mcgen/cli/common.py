"""What all commands share: options, progress, errors turned into messages and exit codes.

Messages go to stderr, results to stdout. Exit codes: 0 done; 1 the run failed; 2 wrong use (card, flux,
options); 130 interrupted. Heavy imports are inside the commands, so that `--help` is quick.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, get_args

import typer
from typer.core import TyperGroup

from mcgen import interrupts
from mcgen.cli.terminal import echo, log_to_stderr, take_any_letter, visible
from mcgen.errors import Interrupted, McgenError
from mcgen.io.events.names import FormatName

if TYPE_CHECKING:
    from mcgen.card import Card
    from mcgen.types import Progress


_WrongOptions: Any = typer.BadParameter.__base__
"""What the library raises for any wrong use of options and arguments; it has no public name."""


_VERBOSE = ("--verbose", "-v")


class _Commands(TyperGroup):
    """Turns errors into one message and an exit code."""

    def make_context(self, *args: Any, **extra: Any) -> Any:
        """Parse what stands before the command."""
        with _told():
            return super().make_context(*args, **extra)

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Take -v and --verbose from wherever they stand, up to a lone --."""
        end = args.index("--") if "--" in args else len(args)
        found = [word for word in args[:end] if word in _VERBOSE]
        return super().parse_args(ctx, [*found, *(w for w in args[:end] if w not in _VERBOSE), *args[end:]])

    def invoke(self, ctx: Any) -> Any:
        """Parse the rest, and run the command."""
        with _told():
            return super().invoke(ctx)


@contextmanager
def _told() -> Iterator[None]:
    """Tell errors as one message, and leave."""
    try:
        yield
    except typer.Exit:
        raise
    except Interrupted as error:
        fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        fail(interrupts.MESSAGE, interrupts.EXIT_CODE)
    except Exception as error:
        if interrupts.wanted():  # whatever has become of the interrupt on its way
            fail(interrupts.MESSAGE, interrupts.EXIT_CODE)
        _tell(error)
        raise


def _tell(error: Exception) -> None:
    """Tell an error, and leave; what remains is wrong use of the options, or a bug."""
    match error:
        case McgenError():
            fail(str(error), error.exit_code)
        case MemoryError():
            fail("out of memory: choose a smaller run.chunk", 1)
        case BrokenPipeError():
            sys.stderr.close()  # whoever read our output has gone; there is nobody to tell
            raise typer.Exit(1) from None
        case OSError():
            with suppress(OSError):
                sys.stdout.close()  # what is left in it cannot be written either: Python would try, and complain
            fail(f"cannot write the results: {error.strerror or error}", 1)
        case _WrongOptions():
            error.message = visible(error.message)


def fail(message: str, exit_code: int) -> NoReturn:
    """Print one message and leave."""
    State.told = True
    echo(f"mcgen: {message}", err=True)
    raise typer.Exit(exit_code)


app = typer.Typer(
    cls=_Commands,
    help="Events of light particles that couple to muons, made in proton beam dumps.",
    epilog="Example: mcgen generate na62_leptophilic",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
)


def _shipped_names(incomplete: str) -> list[str]:
    """Complete the name of a shipped run card."""
    from mcgen.card import shipped_cards

    return [name for name in shipped_cards() if name.startswith(incomplete)]


def _keys_of_cards(incomplete: str) -> list[str]:
    """Complete a key of cards, as `--set` takes it."""
    from mcgen.card.keys import sections

    names = (f"{section.name}.{key.name}".removeprefix(".") for section in sections() for key in section.keys)
    return [name for name in names if name.startswith(incomplete)]


_CARD = typer.Argument(
    metavar="CARD", help="A run card: a file, or the name of a shipped card.", autocompletion=_shipped_names
)
CardArgument = Annotated[str, _CARD]
OptionalCardArgument = Annotated[str | None, _CARD]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a key of the card; repeatable. model.mass_gev=0.1",
        autocompletion=_keys_of_cards,
    ),
]

*_OTHERS, _LAST = get_args(FormatName)
FormatOption = Annotated[
    str | None,
    typer.Option(
        "--format",
        metavar="FORMAT",
        help=f"{', '.join(_OTHERS)} or {_LAST}; default: that of the file's ending.",
    ),
]


JobsOption = Annotated[
    int, typer.Option("--jobs", "-j", min=0, max=1024, help="Number of processes; 0: one for every core.")
]

ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that are there already.")]

NoVerifyOption = Annotated[
    bool, typer.Option("--no-verify", help="Do not compare the columns that are read with their digests.")
]


class State:
    """What the options before the command say, and whether a message has been printed."""

    quiet = False
    told = False


def _print_version(wanted: bool) -> None:
    if wanted:
        import mcgen

        echo(f"mcgen {mcgen.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    _version: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress and no summary.")] = False,
    verbose: Annotated[
        bool, typer.Option(*_VERBOSE, help="Log what is being done; behind the command, too.")
    ] = False,
) -> None:
    State.quiet = quiet
    take_any_letter()
    if verbose:
        log_to_stderr()


def processes(jobs: int) -> int:
    """Tell how many processes `--jobs` stands for."""
    return jobs or os.cpu_count() or 1


def checking(no_verify: bool, *files: Path) -> bool:
    """Whether columns are compared with their digests; says so where they are not."""
    if no_verify:
        echo(f"mcgen: not compared with digests: {', '.join(map(str, files))}", err=True)
    return not no_verify


def files_of(card: str, loaded: Card) -> list[Path]:
    """Files that a run card is read from: its own, the experiment card's, the flux."""
    from mcgen.card import find_card
    from mcgen.flux.flux import flux_path

    own = find_card(card)
    files = [own]
    if loaded.experiment.card is not None:
        files.append(find_card(loaded.experiment.card, "experiment", relative_to=own.parent))
    if loaded.flux is not None:
        files.append(flux_path(loaded.flux.file))
    return files


def load(card: str, settings: list[str]) -> Card:
    """Load a card, with what the command line sets."""
    from mcgen.card import load_card

    return load_card(card, settings)


def load_matching(sample: Path, method: str, pdg: int | None, settings: list[str]) -> Card:
    """Make the card of collisions like those of an LHE sample, with what the command line sets."""
    from mcgen.card import load_card
    from mcgen.comparison.conditions import matching_card
    from mcgen.io.samples import read_lhe

    return load_card(
        matching_card(read_lhe(sample, pdg), f"Collisions as in {sample.name}", method), settings
    )


@contextmanager
def progress_bar(description: str, total: int | None, quiet: bool) -> Iterator[Callable[..., None] | None]:
    """Progress bar on stderr: yields what updates it, or None where nobody would see it."""
    from rich.console import Console

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        yield partial(bar.update, bar.add_task(description, total=total))


@contextmanager
def progress(
    total: int, quiet: bool, description: str, before: str | None = None
) -> Iterator[Progress | None]:
    """Progress bar on stderr over a known number of things; `before` describes it until the first is done."""
    with progress_bar(before or description, total, quiet) as update:
        yield update and (lambda done: update(advance=done, description=description))


@contextmanager
def reading(*files: Path, quiet: bool = False) -> Iterator[Progress | None]:
    """Progress bar on stderr over the events of files that are read."""
    from mcgen.io.events.store import read_metadata

    with progress_bar("reading", None, quiet or State.quiet) as update:
        if update:
            update(total=sum(read_metadata(file).outcome.events for file in files))
        yield update and (lambda done: update(advance=done))
