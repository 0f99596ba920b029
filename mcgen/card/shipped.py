"""Which cards there are: files, and those that are shipped with mcgen."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from mcgen.errors import UsageError


def cards_folder() -> Path:
    """Folder of the shipped cards: inside an installed package, beside it in a source tree."""
    package = Path(str(resources.files("mcgen")))
    inside = package / "cards"
    return inside if inside.is_dir() else package.parent / "cards"


def shipped_cards(kind: str = "run") -> dict[str, Path]:
    """Names and files of the shipped cards; `kind` is "run" or "experiment"."""
    folder = cards_folder() if kind == "run" else cards_folder() / "experiments"
    return {path.stem: path for path in sorted(folder.glob("*.toml"))}


def shipped_card(name: str) -> Path:
    """File of a shipped card, run or experiment; a `UsageError` if there is none of that name."""
    shipped = shipped_cards("run") | shipped_cards("experiment")
    if name not in shipped:
        known = f"{_did_you_mean(name, shipped)}; there are {', '.join(shipped)}"
        raise UsageError(f"{name}: no shipped card of that name{known}")
    return shipped[name]


def find_card(name: str | Path, kind: str = "run", relative_to: Path | None = None) -> Path:
    """File of a card: a path if there is one, else a shipped card of that name.

    Raises
    ------
    UsageError
        If there is neither; the message names the closest shipped card.
    """
    path = Path(relative_to or Path(), name)
    if os.path.isfile(path):
        return path
    shipped = shipped_cards(kind)
    if str(name) in shipped:
        return shipped[str(name)]
    if kind == "run" and str(name) in shipped_cards("experiment"):
        raise UsageError(
            f'{name}: an experiment card; a run card names it as card = "{name}" in [experiment]'
        )
    what = "card" if kind == "run" else "experiment card"
    raise UsageError(
        f"{name}: no such {what}, neither as a file nor among the shipped ones"
        f"{_did_you_mean(Path(name).stem, shipped)}; shipped: {', '.join(shipped) or 'none'}"
    )


def _did_you_mean(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"; did you mean {close[0]!r}?" if close else ""
