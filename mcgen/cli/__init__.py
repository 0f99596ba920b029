"""The command line: one module a command or two; the only place that prints."""

from mcgen.cli import generate, reweight, scan, show, xsec
from mcgen.cli.common import app, main

__all__ = ["app", "generate", "main", "reweight", "scan", "show", "xsec"]
