"""All commands: importing their modules makes them known to the application."""

from mcgen.cli import cite, convert, flux, flux_make, generate, plot, reweight, scan, show, validate, xsec
from mcgen.cli.common import app

__all__ = [
    "app",
    "cite",
    "convert",
    "flux",
    "flux_make",
    "generate",
    "plot",
    "reweight",
    "scan",
    "show",
    "validate",
    "xsec",
]
