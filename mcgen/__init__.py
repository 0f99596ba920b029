"""mcgen: events of light particles radiated by the secondary muons of proton beam dumps."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mcgen.card import Card, load_card
    from mcgen.errors import McgenError
    from mcgen.events import Events, read, write
    from mcgen.run.run import generate, generate_chunks

__all__ = ["Card", "Events", "McgenError", "generate", "generate_chunks", "load_card", "read", "write"]

_HOMES = {
    "Card": "mcgen.card",
    "Events": "mcgen.events",
    "McgenError": "mcgen.errors",
    "generate": "mcgen.run.run",
    "generate_chunks": "mcgen.run.run",
    "load_card": "mcgen.card",
    "read": "mcgen.events",
    "write": "mcgen.events",
}


def __getattr__(name: str) -> Any:
    # Lazily (PEP 562), so that `mcgen --help` need not import all of scientific Python.
    if name == "__version__":
        return import_module("mcgen.distribution").installed_version()
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'mcgen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
