"""What a notebook shows of a card."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mcgen.card.card import Card


def overview(card: Card) -> Iterator[tuple[str, object]]:
    """Yield what a card is about, with a name each."""
    experiment, production = card.experiment, card.production
    yield "experiment", experiment.title or experiment.name
    yield "exposure", f"{experiment.exposure.value:g} {experiment.exposure.kind}"
    yield "boson", card.model.in_words()
    yield "channels", ", ".join(card.model.channels)
    yield "processes", ", ".join(production.processes)
    yield "method", production.method
    yield "parents", "a beam" if card.flux is None else card.flux.file
    yield "target", ", ".join(layer.material.name for layer in card.dump().layers)
    yield "points", card.run.events
    yield "seed", "drawn" if card.run.seed is None else card.run.seed
