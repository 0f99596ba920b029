"""How this program is named where packages are installed from; another one has the name `mcgen` there."""

from __future__ import annotations

from importlib.metadata import version

DISTRIBUTION = "mcgen-hep"


def installed_version() -> str:
    """Version of the program that is installed."""
    return version(DISTRIBUTION)


def how_to_install(extra: str) -> str:
    """Command that installs the libraries of an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"
