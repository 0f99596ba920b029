"""The command line: one module a command or two; the only place that prints."""

from mcgen.cli import generate, plot, show, xsec
from mcgen.cli.common import app, main

__all__ = ["app", "generate", "main", "plot", "show", "xsec"]
