"""What a card uses of others' work, by arXiv numbers: the articles themselves are in CITATION.cff."""

from __future__ import annotations

import re

from mcgen.card.card import Card
from mcgen.sources.registry import SOURCES

GENERATOR = ("2205.09870", "2009.05112")
"""The method that the program implements, and its integration."""

_LOSSES = ("1705.05636",)
"""Tables of the muons' energy loss."""

_ARXIV = re.compile(r"arXiv:(\d{4}\.\d{4,5})")


def arxiv_numbers(text: str) -> tuple[str, ...]:
    """Return the numbers after "arXiv:" in a text."""
    return tuple(_ARXIV.findall(text))


def cited_by(card: Card) -> dict[str, tuple[str, ...]]:
    """Return the arXiv numbers that a card's events rest on, by what they are for; the flux file is not looked at.

    Names are "Generator", "EnergyLoss", "Experiment", and those of the card's sources.
    """
    of_experiment = tuple(number for text in card.experiment.references for number in arxiv_numbers(text))
    return {
        "Generator": GENERATOR,
        **{name: SOURCES[name].references for name in card.production.processes},
        "EnergyLoss": _LOSSES if card.production.energy_loss == "table" else (),
        "Experiment": of_experiment,
    }
