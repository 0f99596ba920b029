"""Bosons from the decays that make muons: K, pi -> mu nu X."""

from mcgen.sources.meson_decay.meson_decay import MesonDecay

__all__ = ["MesonDecay"]
