"""The command line: one module a command or two; the only place that prints."""

from mcgen.cli import convert, flux, generate, plot, reweight, scan, show, validate, xsec
from mcgen.cli.common import app, main

__all__ = [
    "app",
    "convert",
    "flux",
    "generate",
    "main",
    "plot",
    "reweight",
    "scan",
    "show",
    "validate",
    "xsec",
]
