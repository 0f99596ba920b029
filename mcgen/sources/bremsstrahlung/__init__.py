"""Bosons radiated by muons in the dump: mu N -> mu N X."""

from mcgen.sources.bremsstrahlung.bremsstrahlung import Bremsstrahlung

__all__ = ["Bremsstrahlung"]
