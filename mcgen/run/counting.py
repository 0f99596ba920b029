"""Runs that end with a number of unweighted events instead of a number of points."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from mcgen.card import Card
from mcgen.errors import RunError, UsageError
from mcgen.record.columns import Record, named_weights
from mcgen.run.run import Run
from mcgen.types import Progress

ENDLESS = 2**39
"""Points of a run whose end is not known yet; a power of two, so that undoing the normalisation to it is exact."""

PATIENCE = 10_000_000
"""Points without any event after which a run is given up."""


def endless(card: Card) -> Card:
    """Return the card of a run that is to end with a number of unweighted events, whatever its own points."""
    return card.replace(run={"unweighted": True, "events": ENDLESS})


def ended(run: Run, number: int, records: Iterable[Record], progress: Progress | None = None) -> Run:
    """Return the run that ends just before the point of event `number` + 1, and so has `number` events.

    The points up to that one, T, follow a negative binomial distribution, for which number/(T - 1) is the unbiased
    estimate of the events a point, and p (1 - p)/(T - 2) that of its variance (D. J. Finney, Biometrika 36 (1949) 233).
    With n = T - 1 points these are the sums and the integration error of an ordinary run of n points.

    Parameters
    ----------
    run : of an `endless` card
    number : of the events that are written: all decays in the volume or the accepted ones, as `run.write` says
    records : chunks of the run from the first on, taken as far as needed
    progress : called with the number of events found since the last call

    Raises
    ------
    UsageError
        If the number is below 2, from which no error can be computed.
    RunError
        If no event comes.
    """
    if number < 2:
        raise UsageError(f"{number} unweighted events: give 2 at least, or errors cannot be computed")
    found, accepted_only = 0, run.card.run.write == "accepted"
    if not run.proposal.components:
        raise _nothing("nothing that the card describes can make an event")
    for k, record in enumerate(records, start=1):
        points = record["event"][record["accepted"]] if accepted_only else record["event"]
        if progress:
            progress(min(len(points), number - found))
        if found + len(points) > number:
            return replace(run, card=run.card.replace(run={"events": int(points[number - found])}))
        found += len(points)
        if not found and k * run.card.run.chunk >= PATIENCE:
            raise _nothing(f"not one in {k * run.card.run.chunk} points")
    raise RunError(f"{number} unweighted events: only {found} in {ENDLESS} points; ask for fewer")


def cut(records: Iterable[Record], points: int) -> Iterator[Record]:
    """Yield the records of the first points of an `endless` run as a run of so many points has them."""
    for record in records:
        inside = record["event"] < points
        weights = {name: record[name] * ENDLESS / points for name in ("weight", *named_weights(record))}
        yield {name: values[inside] for name, values in {**record, **weights}.items()}


def _nothing(why: str) -> RunError:
    return RunError(f"no unweighted events: {why}; see with mcgen check what the card resolves to")
