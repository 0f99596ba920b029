"""mcgen: events of light particles that couple to muons, made in proton beam dumps."""

from __future__ import annotations

from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:  # nothing heavy: this comes before signals are caught
    from typing import Any

    from mcgen.analysis.citing import cite
    from mcgen.analysis.cross_sections import cross_sections as xsec
    from mcgen.card import Card, load_card
    from mcgen.errors import McgenError
    from mcgen.events import Events, read, write
    from mcgen.flux.flux import Flux
    from mcgen.metadata import Yield
    from mcgen.plots.gallery import plot
    from mcgen.run.generate import generate, generate_chunks
    from mcgen.run.parallel import Workers
    from mcgen.sensitivity.scan import scan

__all__ = [
    "Card",
    "Events",
    "Flux",
    "McgenError",
    "Workers",
    "Yield",
    "cite",
    "generate",
    "generate_chunks",
    "load_card",
    "plot",
    "read",
    "scan",
    "write",
    "xsec",
]

_HOMES = {
    "Card": "mcgen.card:Card",
    "Events": "mcgen.events:Events",
    "Flux": "mcgen.flux.flux:Flux",
    "McgenError": "mcgen.errors:McgenError",
    "Workers": "mcgen.run.parallel:Workers",
    "Yield": "mcgen.metadata:Yield",
    "cite": "mcgen.analysis.citing:cite",
    "generate": "mcgen.run.generate:generate",
    "generate_chunks": "mcgen.run.generate:generate_chunks",
    "load_card": "mcgen.card:load_card",
    "plot": "mcgen.plots.gallery:plot",
    "read": "mcgen.events:read",
    "scan": "mcgen.sensitivity.scan:scan",
    "write": "mcgen.events:write",
    "xsec": "mcgen.analysis.cross_sections:cross_sections",
}


def __getattr__(name: str) -> Any:
    # Lazily (PEP 562), so that `mcgen --help` need not import all of scientific Python.
    if name == "__version__":
        return import_module("mcgen.distribution").installed_version()
    if name in _HOMES:
        module, _, attribute = _HOMES[name].partition(":")
        return getattr(import_module(module), attribute)
    raise AttributeError(f"module 'mcgen' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
