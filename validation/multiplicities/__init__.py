"""Multiplicities of the generator against measurements."""
