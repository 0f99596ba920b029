"""Lines of the table of benchmarks."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from time import process_time


@dataclass
class Row:
    """A line of the table: what, measured, target, whether it is met."""

    what: str
    value: float
    target: str
    met: bool

    def __str__(self) -> str:
        return f"| {self.what} | {self.value:.3g} | {self.target} | {'met' if self.met else 'missed'} |"


def at_most(what: str, value: float, target: float) -> Row:
    return Row(what, value, f"<= {target:g}", value <= target)


def at_least(what: str, value: float, target: float) -> Row:
    return Row(what, value, f">= {target:g}", value >= target)


def seconds(action: Callable[[], object]) -> float:
    """CPU time of a call in this process."""
    start = process_time()
    action()
    return process_time() - start
