"""What to cite for the events of a card, in BibTeX."""

from __future__ import annotations

from mcgen.bibliography import article, program, references, software
from mcgen.card import Card
from mcgen.card.citations import GENERATOR, arxiv_numbers, cited_by
from mcgen.distribution import installed_version
from mcgen.flux.flux import flux_path
from mcgen.io.flux.native import provenance_of

_PYTHIA = ("2203.11601", "2108.03481")
"""The generator of fluxes, and its cascades."""


def cite(card: Card | None = None) -> str:
    """Return BibTeX of the program, of the method that it implements, and of what a card uses.

    Comments say what each article is for. What the card's experiment refers to, and CITATION.cff does not have, is
    named in comments.

    Parameters
    ----------
    card : default: none, only what all events rest on

    Raises
    ------
    FluxError, FileFormatError
        If the card's flux file, which says how it was made, is not there, or cannot be read.

    Examples
    --------
    >>> print(mcgen.cite().splitlines()[0])
    % the program
    """
    known = references()
    parts = {"the program": [software(program(), installed_version())]}
    written: set[str] = set()
    for use, numbers in _uses(card).items():
        new = [number for number in numbers if number in known and number not in written]
        parts[use] = [article(number, known[number]) for number in new]
        written.update(new)
    text = "\n".join(f"% {use}\n" + "\n".join(entries) for use, entries in parts.items() if entries)
    others = (
        [] if card is None else [one for one in card.experiment.references if not _is_known(one, written)]
    )
    return text + "".join(f"\n% Experiment, too: {_comment(one)}\n" for one in others)


def _uses(card: Card | None) -> dict[str, tuple[str, ...]]:
    if card is None:
        return {"Generator": GENERATOR}
    return cited_by(card) | {"Flux": _PYTHIA if _is_by_pythia(card) else ()}


def _is_by_pythia(card: Card) -> bool:
    """Whether the card's flux is: all embedded ones are, of others the file says it."""
    if card.flux is None:
        return False
    if card.flux.file.startswith("builtin:"):
        return True
    made = provenance_of(flux_path(card.flux.file)) or {}
    return str(made.get("generator")).startswith("Pythia")


def _is_known(text: str, written: set[str]) -> bool:
    numbers = arxiv_numbers(text)
    return bool(numbers) and set(numbers) <= written


def _comment(text: str) -> str:
    """A text in one line, without the sign by which entries begin even in comments."""
    return " ".join(text.replace("@", " at ").split())
