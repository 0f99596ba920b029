"""The command line, and the only place that prints: `main` here, one module a command or two.

Here is what `mcgen` starts with, and nothing else: signals are caught before anything heavy is imported.
"""

from __future__ import annotations

import sys

from mcgen import interrupts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn


def main() -> None:
    """Run the command line; leaves by SystemExit with the exit code."""
    try:
        try:
            interrupts.catch()  # one may come before this returns
            from mcgen.cli.commands import app

            app(prog_name="mcgen")
        finally:
            interrupts.ignore()
    except KeyboardInterrupt:
        interrupts.ignore()
        _say()
    except SystemExit as left:
        from mcgen.cli.common import State

        # The library leaves without a word if it is interrupted between its calls of ours.
        if left.code != interrupts.EXIT_CODE or State.told:
            raise
        _say()


def _say() -> NoReturn:
    sys.stderr.write(f"mcgen: {interrupts.MESSAGE}\n")
    sys.exit(interrupts.EXIT_CODE)
