"""How this program is named where packages are installed from; another one has the name `mcgen` there."""

from __future__ import annotations

from importlib import import_module
from importlib.metadata import version

from mcgen.errors import UsageError

DISTRIBUTION = "mcgen-hep"


def installed_version() -> str:
    """Version of the program that is installed."""
    return version(DISTRIBUTION)


def how_to_install(extra: str) -> str:
    """Command that installs the libraries of an extra."""
    return f"pip install '{DISTRIBUTION}[{extra}]'"


def need(library: str, extra: str, what: str) -> None:
    """Tell before anything is computed that a library is missing.

    Parameters
    ----------
    library : its module
    extra : the extra that brings it
    what : what needs it

    Raises
    ------
    UsageError
        If it is missing.
    """
    try:
        import_module(library)
    except ImportError as error:
        raise UsageError(f"{what} needs {library}: {how_to_install(extra)}") from error
