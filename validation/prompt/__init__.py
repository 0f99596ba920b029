"""Prompt muons against a measurement."""
