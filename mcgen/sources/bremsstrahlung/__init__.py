"""Bosons radiated by muons on their way through the dump."""
