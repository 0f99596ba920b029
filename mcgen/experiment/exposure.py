"""The exposure: what the weights are normalised to."""

from __future__ import annotations

from typing import Literal

from mcgen.fields import Exposure, Table

EXPOSURES = {"pot": "protons on target", "mot": "muons on target", "xsec": "per pb of muons and nuclei"}
"""Kinds of exposure, in words."""


class ExposureTable(Table):
    """What the weights are normalised to."""

    kind: Literal["pot", "mot", "xsec"] = "pot"
    """Protons on target; muons on target; or luminosity of muons and nuclei, without dump and decay."""
    value: Exposure
    """How many protons or muons, or how much luminosity in 1/pb."""
