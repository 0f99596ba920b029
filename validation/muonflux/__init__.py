"""Muons behind a target and an absorber against a measurement."""
