"""Where chunks are drawn: in this process, in processes of this machine, on a Dask cluster.

A chunk is a function of its number alone, so that the results are the same everywhere; they come back in
the order of the numbers, and only a few are on their way at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeVar

from mcgen.run.cluster import on_cluster
from mcgen.run.processes import in_processes

T = TypeVar("T")

AHEAD = 2
"""Chunks a worker that may wait for the writer: enough to keep all busy, few enough to bound the memory."""


@dataclass(frozen=True, slots=True)
class Workers:
    """Who draws chunks.

    Examples
    --------
    >>> mcgen.Workers(jobs=4)
    Workers(jobs=4, dask=None, patience=300.0)
    >>> events = mcgen.generate(card, mcgen.Workers(jobs=1))
    """

    jobs: int = 1
    """Number of processes on this machine; 1 is this process itself."""

    dask: str | None = None
    """Address of a Dask scheduler, instead of processes."""

    patience: float = 300.0
    """How long [s] a cluster may be without workers."""

    @property
    def are_processes(self) -> bool:
        """Whether they are other processes of this machine, which write to the same folders.

        Examples
        --------
        >>> mcgen.Workers(jobs=4).are_processes, mcgen.Workers(dask="tcp://host:8786").are_processes
        (True, False)
        """
        return self.dask is None and self.jobs > 1

    def map(self, draw: Callable[[int], T], numbers: Iterable[int]) -> Iterator[T]:
        """Yield what is drawn for each number, in their order.

        Parameters
        ----------
        draw : picklable; sent to every worker once

        Raises
        ------
        RunError
            If a worker dies, or the cluster does not answer or has no workers.
        UsageError
            If dask is not installed, its address is none, or a worker has another version of mcgen.

        Examples
        --------
        >>> list(mcgen.Workers().map(abs, [-1, 2, -3]))
        [1, 2, 3]
        """
        if self.dask is not None:
            return on_cluster(draw, numbers, self.dask, self.patience, AHEAD)
        if self.are_processes:
            return in_processes(draw, numbers, self.jobs, AHEAD)
        return map(draw, numbers)
