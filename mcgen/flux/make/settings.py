"""What a flux is made with, and in how many pieces."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from mcgen.errors import UsageError
from mcgen.flux.corrections import MULTIPLICITY_FACTORS
from mcgen.flux.make.slabs import Slabs
from mcgen.flux.make.species import MUON, PHOTON
from mcgen.types import Array, Ints

STRATA = ((0.0125, 1), (0.1, 3), (0.3, 8))
"""Momenta, as fractions of the beam's energy, above which more protons are followed, and how many times `protons`: fast
particles are rare and quickly followed."""

CHUNK = 1000
"""Protons of the lowest stratum that are followed together."""

LEAST_ENERGY, MOST_ENERGY = 10.0, 1000.0
"""Range of the beam's energy [GeV]: nothing of this was compared with data elsewhere."""

LEAST_THRESHOLD = 0.5
"""Least threshold [GeV]: below, Pythia has no collisions of hadrons in nuclei."""

SINGLE = 23
"""Bits of the mantissa of single precision."""

LEAST_MANTISSA = 8
"""Fewest bits of the mantissa: momenta in steps of 0.2 to 0.4 %."""

MOST_PROTONS = 10**12


@dataclass(frozen=True, slots=True)
class Stratum:
    """Protons that are followed for what is above a momentum."""

    threshold: float
    """Least momentum [GeV]."""
    protons: int
    """How many in all."""
    chunk: int
    """How many of them a chunk has."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that shapes a flux but the seed."""

    slabs: Slabs
    """The dump."""
    energy: float
    """Of the protons [GeV]."""
    protons: int
    """How many are followed down to the threshold; more of them, for what is above the higher strata."""
    threshold: float = 1.0
    """Least momentum of a row [GeV]."""
    cascade_threshold: float | None = None
    """Least energy of a hadron that is followed [GeV]; the threshold by default."""
    photons: bool = False
    """Whether photons are rows, too."""
    measured_multiplicities: bool = False
    """Whether weights are times `MULTIPLICITY_FACTORS`, by parent."""
    rows: int = 1_000_000
    """Beyond how many rows in all they are thinned."""
    pion_rows: int | None = None
    """How many of these are for pions at most; as many as for every other kind by default."""
    mantissa: int = SINGLE
    """Bits of the mantissa that positions and momenta keep; all of single precision by default."""
    chunk: int = CHUNK
    """Protons of the lowest stratum that are followed together."""

    def __post_init__(self) -> None:
        for fault in self._faults():
            raise UsageError(fault)

    def _faults(self) -> Iterator[str]:
        if not LEAST_ENERGY <= self.energy <= MOST_ENERGY:
            yield f"--energy {self.energy:g}: must be from {LEAST_ENERGY:g} to {MOST_ENERGY:g} GeV"
        if not 1 <= self.protons <= MOST_PROTONS:
            yield f"--protons {self.protons:g}: must be from 1 to {MOST_PROTONS:g}"
        if not LEAST_THRESHOLD <= self.threshold < self.energy:
            yield f"--threshold {self.threshold:g}: must be from {LEAST_THRESHOLD:g} GeV to below the beam's energy"
        if self.cascade_threshold is not None and not self.threshold <= self.cascade_threshold < self.energy:
            yield (
                f"--cascade-threshold {self.cascade_threshold:g}: must be from the threshold of rows, "
                f"{self.threshold:g} GeV, to below the beam's energy; what is slower makes no row"
            )
        if self.rows < 1000:
            yield f"--rows {self.rows}: must be 1000 or more"
        if self.pion_rows is not None and not 0 <= self.pion_rows < self.rows:
            yield f"--pion-rows {self.pion_rows}: must be from 0 to below --rows, {self.rows}"
        if not LEAST_MANTISSA <= self.mantissa <= SINGLE:
            yield f"--mantissa {self.mantissa}: must be from {LEAST_MANTISSA} to {SINGLE} bits"
        if self.chunk < 1:
            yield f"--chunk {self.chunk}: must be 1 or more"

    @property
    def parent_factors(self) -> Mapping[int, float]:
        """Factors on weights, by absolute PDG id of the parent; others have 1."""
        return MULTIPLICITY_FACTORS if self.measured_multiplicities else {}

    @property
    def strata(self) -> tuple[Stratum, ...]:
        """The strata, by ascending momentum."""
        more = [(f * self.energy, times) for f, times in STRATA if f * self.energy > self.threshold]
        return tuple(
            Stratum(threshold, times * self.protons, times * self.chunk)
            for threshold, times in [(self.threshold, 1), *more]
        )

    @property
    def chunks(self) -> int:
        """Number of chunks, each with its part of all strata."""
        return -(-self.protons // self.chunk)

    def wanted(self) -> Mapping[int, float]:
        """Rows of each kind at most, by absolute PDG id; the kinds share alike what pions leave them."""
        kinds = (MUON, 211, 321, PHOTON) if self.photons else (MUON, 211, 321)
        if self.pion_rows is None:
            return dict.fromkeys(kinds, self.rows / len(kinds))
        others = (self.rows - self.pion_rows) / (len(kinds) - 1)
        return {**dict.fromkeys(kinds, others), 211: float(self.pion_rows)}

    def followed(self, chunk: int) -> int:
        """Protons of a chunk, of all strata."""
        return sum(len(groups) for groups in self.groups(chunk))

    def groups(self, chunk: int) -> list[Ints]:
        """Numbers of the protons of a chunk, by stratum; no other proton has one of them."""
        offsets = np.cumsum([0, *(s.chunk for s in self.strata)])
        begin = chunk * offsets[-1]
        return [
            begin + offset + np.arange(min(s.chunk, s.protons - chunk * s.chunk))
            for s, offset in zip(self.strata, offsets[:-1], strict=True)
        ]

    def protons_for(self, momentum: Array) -> Array:
        """How many protons (n,) are followed for momenta (n,) [GeV]: those of all strata that reach down so far."""
        parts = [np.where(momentum >= s.threshold, float(s.protons), 0.0) for s in self.strata]
        total: Array = np.sum(parts, axis=0)
        return total

    def to_json(self) -> dict[str, Any]:
        """Return plain data that say all of it."""
        layers = [
            {**asdict(matter), "z_m": list(place)}
            for matter, place in zip(self.slabs.materials, pairwise(self.slabs.edges), strict=True)
        ]
        known = [{k: v for k, v in layer.items() if v == v} for layer in layers]  # noqa: PLR0124  # JSON has no NaN
        return {
            "energy_gev": self.energy,
            "protons": self.protons,
            "threshold_gev": self.threshold,
            "cascade_threshold_gev": self.cascade_threshold or self.threshold,
            "photons": self.photons,
            "parent_factors": {str(pdg): factor for pdg, factor in self.parent_factors.items()},
            "rows": self.rows,
            "pion_rows": self.pion_rows,
            "mantissa_bits": self.mantissa,
            "chunk": self.chunk,
            "strata": [{"threshold_gev": s.threshold, "protons": s.protons} for s in self.strata],
            "layers": known,
        }
