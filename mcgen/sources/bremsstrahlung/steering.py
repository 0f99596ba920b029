"""Scattering angles drawn where they are worth having: towards what bosons are aimed at.

A boson leaves its muon at angles of about sqrt(2 c), often much smaller than those of multiple scattering. What a
muon can send to the detector is then decided by where scattering has turned it. So the angles are drawn from a
mixture: their own Gaussian, and the product of that Gaussian with one about the direction of the aim, as wide as
what the boson's own angle and the size of the aim make up for. The density of the mixture is known, and weights are
at most 1/`UNSTEERED`.
"""

from __future__ import annotations

import numpy as np

from mcgen.types import Array

UNSTEERED = 0.1
"""Share of the plain Gaussian in the mixture."""


def steered(u: Array, normals: Array, sigma: Array, target: Array, width: Array) -> tuple[Array, Array]:
    """Draw scattering angles in two planes, some of them towards a target.

    Parameters
    ----------
    u : (n,) in [0, 1), chooses between the mixture's two parts
    normals : (2, n) standard normal
    sigma : (n,) standard deviation of the scattering angle in a plane [rad]
    target : (2, n) angles that lead to the target [rad]
    width : (n,) standard deviation about the target, above 0, infinite for no target [rad]

    Returns
    -------
    angles : (2, n) over sigma
    weight : (n,) density of the plain Gaussian over that of the mixture
    """
    # The product of both Gaussians, in units of sigma: its mean and its standard deviation.
    ratio = sigma / width
    narrowing = 1.0 / np.sqrt(1.0 + ratio * ratio)
    mean = target / width * (ratio * narrowing * narrowing)
    angles = np.where(u < UNSTEERED, normals, mean + narrowing * normals)
    plain = np.sum(angles * angles, axis=0)
    reduced = (angles - mean) / narrowing
    towards = np.sum(reduced * reduced, axis=0)
    # Where the exponential overflows, the mixture is all target: weight 0.
    with np.errstate(over="ignore"):
        other = np.exp(0.5 * (plain - towards)) / (narrowing * narrowing)
    return angles, 1.0 / (UNSTEERED + (1.0 - UNSTEERED) * other)
