"""The example of each public name and method, as the docstrings have it, run as a reader would."""

from __future__ import annotations

import doctest
import inspect
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import mcgen
from mcgen.flux.flux import flux_of
from mcgen.plots.gallery import GALLERY

TABLES = ("Card", "Events", "Flux", "Workers", "Yield")
"""Classes whose methods a reader finds on the page of Python."""


def public() -> Iterator[tuple[str, Any]]:
    """Yield each public name, and each public method of the classes, with what has its docstring."""
    for name in mcgen.__all__:
        found = getattr(mcgen, name)
        yield name, found
        if name in TABLES:
            for method, member in vars(found).items():
                if not method.startswith("_") and (
                    inspect.isfunction(member) or isinstance(member, property)
                ):
                    yield f"{name}.{method}", member


def failures(name: str, documented: Any, namespace: dict[str, Any]) -> list[str]:
    """Run the examples of a docstring, and return what differs from what it says."""
    said: list[str] = []
    (test,) = doctest.DocTestFinder(recurse=False).find(documented, name, module=False, globs=namespace)
    assert test.examples, f"{name} has no example"
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS, verbose=False)
    runner.run(test, out=said.append, clear_globs=False)
    return said


@pytest.fixture(scope="module")
def namespace(sample: Path) -> dict[str, Any]:
    """Names that the examples begin with."""
    events = mcgen.read(sample)
    card = events.provenance.card
    return {"mcgen": mcgen, "card": card, "events": events, "flux": flux_of(card)}


@pytest.mark.parametrize(("name", "documented"), [*public()], ids=[name for name, _ in public()])
def test_every_public_name_has_an_example_that_runs(
    name: str,
    documented: Any,
    namespace: dict[str, Any],
    sample: Path,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if name == "plot":
        (folder / "events.root").write_bytes(sample.read_bytes())
    # The last picture for all of them: how they are drawn is tested elsewhere, and takes seconds.
    monkeypatch.setattr("mcgen.plots.gallery.pictures_of", lambda _survey: GALLERY[-1:])
    assert failures(name, documented, dict(namespace)) == []


def test_a_wrong_example_would_be_seen() -> None:
    def wrong() -> None:
        """
        Examples
        --------
        >>> 1 + 1
        3
        """

    def silent() -> None:
        """Without an example."""

    assert "Expected:\n    3" in "".join(failures("wrong", wrong, {}))
    with pytest.raises(AssertionError, match="no example"):
        failures("silent", silent, {})
