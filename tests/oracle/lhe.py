"""Les Houches Event files as other generators write them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

MUON = (13, -1, 0, 0.0, 0.0, 50.0, 50.0001116)
COPPER = (1000290630, -1, 0, 0.0, 0.0, 0.0, 59.1931)
OUTGOING = (
    (13, 1, 1, -0.03, 0.04, 19.9, 19.900311),
    (1000290630, 1, 1, 0.01, -0.06, 0.0005, 59.19313),
    (9000025, 1, 1, 0.02, 0.02, 30.0995, 30.0998),
)
EVENT = (MUON, COPPER, *OUTGOING)
"""PDG id, status, first mother, px, py, pz, E of every particle."""

Row = tuple[float, ...]


@dataclass(frozen=True)
class Lhe:
    """The parts of a file, each to be replaced by a test.

    Attributes
    ----------
    weights : XWGTUP of each event
    processes : cross-section and error [pb]
    """

    weights: Sequence[float] = (3e8,) * 3
    processes: Sequence[tuple[float, float]] = ((3e8, 4e5),)
    strategy: int = -4
    header: str = ""
    event: Iterable[Row] = EVENT
    before: str = '<LesHouchesEvents version="3.0">\n'
    after: str = "</LesHouchesEvents>\n"

    def text(self) -> str:
        init = f"13 1000290630 50.0 59.1931 0 0 0 0 {self.strategy} {len(self.processes)}"
        processes = [f"{sigma} {error} 1.0 {i + 1}" for i, (sigma, error) in enumerate(self.processes)]
        lines = [f"{self.before}<header>\n{self.header}\n</header>", "<init>", init, *processes, "</init>"]
        for weight in self.weights:
            rows = [_line(row) for row in self.event]
            lines += ["<event>", f"{len(rows)} 1 {weight} 91.188 0.0073 0.118", *rows, "</event>"]
        return "\n".join(lines) + "\n" + self.after


def _line(row: Row) -> str:
    pdg, status, mother, *momentum = row
    mass = np.sqrt(max(momentum[3] ** 2 - sum(p * p for p in momentum[:3]), 0.0))
    mass = 0.1 if pdg > 9_000_000 and pdg < 10_000_000 else mass
    numbers = " ".join(f"{p:.10e}" for p in (*momentum, mass))
    return f"{pdg:.0f} {status:.0f} {mother:.0f} 0 0 0 {numbers} 0.0 9.0"
