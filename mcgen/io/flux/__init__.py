"""Flux files: our own format and other people's."""
