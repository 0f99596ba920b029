"""The tables that the stages of the sampler make, row i the same event in all of them.

Lengths in metres, energies in GeV; a vector has shape (3, n), a four-momentum (px, py, pz, E) has (4, n).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from mcgen.physics.models import Outcome
from mcgen.types import Array, Bits, Bools, Ints


@dataclass(frozen=True, slots=True)
class Muon:
    """Muons at their production: `row` in the flux file, `rate` per unit of exposure."""

    row: Ints
    pdg: Ints
    rate: Array
    position: Array
    momentum: Array


@dataclass(frozen=True, slots=True)
class Track:
    """Muons just before emission, `path` metres after their production.

    `weight` is the number of nuclei per area [GeV^2] along the track over the sampling density.
    """

    path: Array
    position: Array
    direction: Array
    energy: Array
    layer: Ints
    weight: Array


@dataclass(frozen=True, slots=True)
class Emission:
    """The radiated boson and what is left: `weight` is the cross-section [GeV^-2] over the sampling density.

    Quantities that a method does not define are NaN.
    """

    x: Array
    theta: Array
    t: Array
    boson_e: Array
    direction: Array
    recoil: Array
    nucleus: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class Flight:
    """The boson's way to its decay; `p_decay` is 0 where the ray misses the decay volume."""

    path_in: Array
    path_out: Array
    path: Array
    decay_length: Array
    p_decay: Array
    point: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class Daughters:
    """Four-momenta (4, n) at the decay vertex."""

    pdgs: tuple[int, int]
    first: Array
    second: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class Verdict:
    """Positions at the planes, (x, y) of both daughters, and the requirements that failed."""

    hits: Mapping[str, tuple[Array, Array]]
    failed: Ints
    failed_bits: Bits

    @property
    def accepted(self) -> Bools:
        """Whether no requirement failed."""
        accepted: Bools = self.failed == 0
        return accepted


@dataclass(frozen=True, slots=True)
class History:
    """The tables of all stages, row i the same event in each of them."""

    channel: Outcome
    place: Ints
    muon: Muon
    track: Track
    emission: Emission
    flight: Flight
    daughters: Daughters
    verdict: Verdict
    weight: Array
