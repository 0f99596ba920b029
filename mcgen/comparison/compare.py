"""Two samples of one process: whether they are of one distribution, and of one size."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import hypot, inf

import numpy as np
from scipy.special import chdtrc, ndtr

from mcgen.comparison.two_samples import (
    MIN_IN_BIN,
    PairedHistogram,
    Weighted,
    histogram,
    ks_probability,
    two_sample_chi2,
    two_sample_ks,
    weighted_mean,
)
from mcgen.events import Events
from mcgen.io.samples import Collisions
from mcgen.physics.kinematics import angle_between, dot, norm
from mcgen.types import Array
from mcgen.weights import effective_size

VARIABLES = {
    "x": "",
    "theta": "rad",
    "boson_e": "GeV",
    "boson_pt": "GeV",
    "recoil_e": "GeV",
    "recoil_theta": "rad",
    "t": "GeV^2",
}
"""What is compared, and its units; angles and transverse momenta are from the muon's direction."""

P_MIN = 1e-3
"""Probability below which two samples are not compatible."""

LHE_ALLOWANCE = 0.005
"""Relative error of the total of an LHE sample beyond the one that it quotes, which is usually too small."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Events in the variables that are compared."""

    weight: Array
    """(n,)"""
    values: Mapping[str, Array]
    """(n,) by the names in `VARIABLES`; NaN where not defined."""
    total: float
    """Sum of weights."""
    error: float
    """Of the sum of weights."""
    allowance: float = 0.0
    """Further relative error of the total."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The comparison of one variable's distribution."""

    variable: str
    """Name in `VARIABLES`."""
    chi2: float
    """Of the fractions in bins of equal content."""
    ndf: int
    """Its degrees of freedom."""
    p_chi2: float
    """Its probability."""
    ks: float
    """Largest distance of the distribution functions."""
    ks_p: float
    """Its probability."""
    mean: float
    """Of the sample, in the variable's unit."""
    mean_error: float
    """Its error."""
    reference_mean: float
    """Of the reference, in the variable's unit."""
    reference_mean_error: float
    """Its error."""
    histogram: PairedHistogram
    """For a picture."""

    @property
    def compatible(self) -> bool:
        """Whether both tests say so."""
        return min(self.p_chi2, self.ks_p) > P_MIN


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of two samples."""

    shapes: tuple[Shape, ...]
    """Of the variables that can be compared."""
    left_out: Mapping[str, str]
    """Reasons for the others, by their names."""
    sample: Sample
    """What was compared."""
    reference: Sample
    """What it was compared with."""

    @property
    def total_p(self) -> float:
        """Probability of totals that are further apart, after the allowance."""
        apart = abs(self.sample.total - self.reference.total)
        apart = max(apart - self.reference.allowance * abs(self.reference.total), 0.0)
        error = hypot(self.sample.error, self.reference.error)
        z = apart / error if error > 0.0 else inf * apart if apart > 0.0 else 0.0
        return float(2.0 * ndtr(-z))

    @property
    def disagreements(self) -> list[str]:
        """Names of what is not compatible."""
        total = [] if self.total_p > P_MIN else ["total"]
        return total + [shape.variable for shape in self.shapes if not shape.compatible]

    @property
    def verdict(self) -> str:
        """One line for people."""
        wrong = self.disagreements
        if wrong:
            return f"NOT compatible: {', '.join(wrong)} (p < {P_MIN:g})"
        return f"compatible: total and {len(self.shapes)} shapes, every p > {P_MIN:g}"


def sample_of_events(events: Events) -> Sample:
    """Sample of all events of a file of mcgen's."""
    total = events.yield_of()
    muon, boson, recoil = (
        np.stack([events[f"{name}_{axis}"] for axis in ("px", "py", "pz", "e")])
        for name in ("emitter", "boson", "recoil")
    )
    values = _values(muon, boson, recoil, events["theta"]) | {"t": events["t"]}
    return Sample(events["weight"], values, total.value, total.mc_error)


def sample_of_collisions(collisions: Collisions) -> Sample:
    """Sample of an LHE file."""
    c = collisions
    values = _values(c.muon, c.boson, c.recoil, angle_between(c.muon[:3], c.boson[:3]))
    # From the nucleus' momentum: its energy, in a file's digits, is its mass.
    square = dot(c.nucleus, c.nucleus)
    kinetic = square / (c.nucleus_mass + np.sqrt(c.nucleus_mass**2 + square))
    values["t"] = square - kinetic**2
    return Sample(c.weight, values, c.sigma, c.sigma_error, LHE_ALLOWANCE)


def _values(muon: Array, boson: Array, recoil: Array, theta: Array) -> dict[str, Array]:
    return {
        "x": boson[3] / muon[3],
        "theta": theta,
        "boson_e": boson[3],
        "boson_pt": norm(boson) * np.sin(theta),
        "recoil_e": recoil[3],
        "recoil_theta": angle_between(muon[:3], recoil[:3]),
    }


def compare(sample: Sample, reference: Sample) -> Comparison:
    """Compare all variables of two samples, and their totals."""
    shapes, left_out = [], {}
    for name in VARIABLES:
        pairs = [(one.values[name], one.weight) for one in (sample, reference)]
        reason = _not_comparable(*pairs)
        if reason:
            left_out[name] = reason
        else:
            shapes.append(compare_shapes(name, *pairs))
    return Comparison(tuple(shapes), left_out, sample, reference)


def _not_comparable(sample: Weighted, reference: Weighted) -> str:
    """Say why two samples cannot be compared; empty if they can."""
    for (values, weights), whose in ((sample, "file"), (reference, "reference")):
        if np.isnan(values).any():
            return f"not defined in the {whose}"
        size = effective_size(weights)
        if size < 2.0 * MIN_IN_BIN:
            return f"too few events in the {whose}: effective size {size:.0f}"
    if np.ptp(np.concatenate([sample[0], reference[0]])) == 0.0:
        return "one value in both"
    return ""


def compare_shapes(variable: str, sample: Weighted, reference: Weighted) -> Shape:
    """Compare the distributions of one variable; what is NaN or constant cannot be."""
    chi2, ndf = two_sample_chi2(sample, reference)
    distance, size = two_sample_ks(sample, reference)
    mean, error = weighted_mean(*sample)
    reference_mean, reference_error = weighted_mean(*reference)
    return Shape(
        variable=variable,
        chi2=chi2,
        ndf=ndf,
        p_chi2=float(chdtrc(ndf, chi2)),
        ks=distance,
        ks_p=ks_probability(distance, size),
        mean=mean,
        mean_error=error,
        reference_mean=reference_mean,
        reference_mean_error=reference_error,
        histogram=histogram(sample, reference),
    )
