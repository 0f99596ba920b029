"""The program and the articles that it rests on, as CITATION.cff has them, in BibTeX."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import yaml

Entry = Mapping[str, Any]
"""The program, or a reference, in the Citation File Format 1.2.0."""

_LATEX = str.maketrans({"μ": r"$\mu$", "′": "$'$", "+": "$^+$", "−": "$^-$", "&": r"\&"})
"""What titles have, and LaTeX or its fonts have not."""

_FIELDS = {
    "journal": "journal",
    "volume": "volume",
    "issue": "number",
    "start": "pages",
    "year": "year",
    "doi": "doi",
}
"""Keys of an entry, and the fields that they are in BibTeX."""


def citation_file() -> Path:
    """Return the file: inside an installed package, beside it in a source tree."""
    package = Path(str(resources.files("mcgen")))
    inside = package / "CITATION.cff"
    return inside if inside.is_file() else package.parent / "CITATION.cff"


def program() -> Entry:
    """Return the entry of the program itself."""
    entry: Entry = yaml.safe_load(citation_file().read_text(encoding="utf-8"))
    return entry


def references() -> dict[str, Entry]:
    """Return the articles by their arXiv numbers."""
    return {
        identifier["value"].removeprefix("arXiv:"): entry
        for entry in program()["references"]
        for identifier in entry["identifiers"]
    }


def article(number: str, entry: Entry) -> str:
    """Return an article in BibTeX, under the key arXiv:NUMBER."""
    fields = {name: str(entry[key]) for key, name in _FIELDS.items() if key in entry}
    return _bibtex(
        "article", f"arXiv:{number}", entry, {**fields, "eprint": number, "archivePrefix": "arXiv"}
    )


def software(entry: Entry, version: str) -> str:
    """Return a program in BibTeX, under its name."""
    return _bibtex("misc", entry["title"], entry, {"note": f"version {version}, {entry['license']}"})


def _bibtex(kind: str, key: str, entry: Entry, fields: Mapping[str, str]) -> str:
    every = {
        "author": " and ".join(_name(author) for author in entry["authors"]),
        # In braces, which keep its capitals.
        "title": f"{{{entry['title'].translate(_LATEX)}}}",
        **fields,
    }
    lines = "".join(f"    {name} = {{{value}}},\n" for name, value in every.items())
    return f"@{kind}{{{key},\n{lines}}}\n"


def _name(author: Mapping[str, str]) -> str:
    """A person, or in braces a collaboration."""
    return (
        f"{author['family-names']}, {author['given-names']}"
        if "family-names" in author
        else f"{{{author['name']}}}"
    )
