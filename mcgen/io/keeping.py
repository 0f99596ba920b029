"""What is finished of long work, kept if the work as a whole fails."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from mcgen.errors import Interrupted, RunError


class Finished(Protocol):
    """Finished pieces of some work."""

    def advice(self) -> str:
        """How many are kept, where, and how to go on with them; empty if there are none."""
        ...

    def remove(self) -> None:
        """Remove them."""
        ...


@contextmanager
def kept_on_failure(finished: Finished) -> Iterator[None]:
    """Remove finished pieces when all is done, and also if there are none; otherwise say how to go on.

    Raises
    ------
    Interrupted, RunError
        In place of an interrupt, and of an error of the run or the system: with the advice.
    """
    try:
        yield
    except BaseException as error:
        advice = finished.advice()
        if not advice:
            finished.remove()
            raise
        if isinstance(error, KeyboardInterrupt):
            raise Interrupted(f"interrupted; {advice}") from error
        if isinstance(error, RunError | OSError):
            raise RunError(f"{error}; {advice}") from error
        raise
    finished.remove()
