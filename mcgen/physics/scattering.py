"""Multiple scattering of a muon on its way through matter, in the Gaussian approximation.

Source: Particle Data Group, Review of Particle Physics, "Passage of particles through matter",
the section on multiple scattering through small angles.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isnan

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.errors import UsageError
from mcgen.physics.energy_loss import EnergyLoss
from mcgen.physics.kinematics import dot, transverse_frame
from mcgen.physics.matter import Material
from mcgen.types import Array

_SCALE = 13.6e-3  # [GeV]
_LOG_SLOPE = 0.038
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(8)


@dataclass(frozen=True, slots=True)
class ScatteringMoments:
    """Moments of the scattering along a track, per projected plane; all (n,).

    With T(s) the mean square angle per length at depth s of a track of length l, the angle theta
    and the lateral displacement y at its end have var(theta) = A0, cov(theta, y) = A1, var(y) = A2
    with A_k the integral of T(s) (l - s)^k ds, each times the square of `log_factor`. T itself is
    kept free of that factor, which belongs to the whole track: so tracks through several materials
    are put together by `followed_by`.
    """

    length: Array
    """(n,) l [m]."""
    thickness: Array
    """(n,) of the track in radiation lengths."""
    a0: Array
    """(n,) A0 [rad^2]."""
    a1: Array
    """(n,) A1 [rad^2 m]."""
    a2: Array
    """(n,) A2 [rad^2 m^2]."""

    def followed_by(self, then: ScatteringMoments) -> ScatteringMoments:
        """Moments of two pieces of a track, `then` after this one (rows belong together)."""
        lever = then.length
        return ScatteringMoments(
            length=self.length + then.length,
            thickness=self.thickness + then.thickness,
            a0=self.a0 + then.a0,
            a1=self.a1 + lever * self.a0 + then.a1,
            a2=self.a2 + lever * (2.0 * self.a1 + lever * self.a0) + then.a2,
        )

    @property
    def log_factor(self) -> Array:
        """Highland's 1 + 0.038 ln(l/X0), (n,); 0 where it would be negative (below 4e-12 X0)."""
        return np.maximum(1.0 + _LOG_SLOPE * np.log(np.maximum(self.thickness, 1e-300)), 0.0)

    @property
    def angle(self) -> Array:
        """RMS angle in one plane, theta_0 (n,) [rad]."""
        return self.log_factor * np.sqrt(self.a0)

    @property
    def displacement(self) -> Array:
        """RMS lateral displacement in one plane, y (n,) [m]; l theta_0/sqrt(3) without loss."""
        return self.log_factor * np.sqrt(self.a2)

    @property
    def correlation(self) -> Array:
        """Correlation of angle and displacement (n,); sqrt(3)/2 without loss, 0 for no track."""
        norm = np.sqrt(self.a0 * self.a2)
        return np.divide(self.a1, norm, out=np.zeros_like(norm), where=norm > 0.0)


def scattering_moments(
    material: Material, loss: EnergyLoss, energy: Array, length: Array
) -> ScatteringMoments:
    """Moments of the scattering of a muon along its track, with its energy loss.

    T(s) = [13.6 MeV/(beta p)]^2/X0 at the energy left after s: without loss, Highland's formula as
    the PDG has it (with beta = 1 inside the logarithm). The integrals are Gauss quadratures in the
    logarithm of the range left at s, where T is smooth: good to 1e-5 while a tenth of the range is
    left, to 1e-4 down to a thousandth of it.

    Parameters
    ----------
    material : with a radiation length
    loss : the energy loss in that material
    energy : (n,) total energy where the track begins [GeV]
    length : (n,) of the track, 0 or more [m]; the part behind a muon's range is left out

    Raises
    ------
    UsageError
        if the material's radiation length is not known
    """
    if material.is_vacuum:
        nothing = np.zeros_like(length)
        return ScatteringMoments(length, nothing, nothing, nothing, nothing)
    if isnan(material.radiation_length):
        raise UsageError(
            f"the radiation length of material {material.name!r} is not known: give it in g/cm^2, or "
            "leave out multiple scattering"
        )
    per_length = 100.0 * material.density / material.radiation_length  # radiation lengths a metre
    # At rest 1/(beta p) has no bound: keep a millionth of the range, and a micrometre of range.
    whole = np.maximum(loss.range(energy), 1e-6)
    length = np.minimum(length, (1.0 - 1e-6) * whole)
    decline = -np.log1p(-length / whole)
    left = whole - length

    a0, a1, a2 = np.zeros_like(whole), np.zeros_like(whole), np.zeros_like(whole)
    for node, weight in zip(0.5 * (1.0 + _NODES), 0.5 * _WEIGHTS, strict=True):
        ahead = left * np.expm1(decline * (1.0 - node))  # l - s, without cancellation
        residual = left + ahead
        here = loss.energy_at(residual)
        p2 = here * here - MUON_MASS * MUON_MASS
        ratio = here / p2  # 1/(beta p)
        term = weight * decline * residual * ratio * ratio
        a0 += term
        term *= ahead
        a1 += term
        term *= ahead
        a2 += term
    scale = _SCALE * _SCALE * per_length
    return ScatteringMoments(length, per_length * length, scale * a0, scale * a1, scale * a2)


def angles_to(direction: Array, other: Array) -> Array:
    """Angles (2, n) [rad] in the two planes of `scatter` that turn unit vectors (3, n) into others."""
    first, second = transverse_frame(direction)
    sides = np.stack([dot(other, first), dot(other, second)])
    sine = np.hypot(sides[0], sides[1])
    angle = np.arctan2(sine, dot(other, direction))
    angles: Array = sides * (angle / np.maximum(sine, 1e-300))
    return angles


def scatter(direction: Array, track: ScatteringMoments, normals: Array) -> tuple[Array, Array]:
    """Direction and lateral displacement of muons at the end of their tracks.

    In each of two planes theta = sqrt(A0) g and y = A1/sqrt(A0) g + sqrt(A2 - A1^2/A0) h with
    independent normals g, h; the direction is turned by the angle of (theta_1, theta_2), which is
    exact for angles that are not small, too. The track's own shortening is left out.

    Parameters
    ----------
    direction : (3, n) unit vectors at the start
    track : moments, (n,) each
    normals : (4, n) independent standard normals: g and h of the first plane, then of the second

    Returns
    -------
    new_direction : (3, n) unit vectors
    displacement : (3, n) orthogonal to `direction` [m]: the end is start + l direction + displacement
    """
    sigma = np.sqrt(track.a0)
    along = np.divide(track.a1, sigma, out=np.zeros_like(sigma), where=sigma > 0.0)
    across = np.sqrt(np.maximum(track.a2 - along * along, 0.0))
    factor = track.log_factor
    sigma, along, across = factor * sigma, factor * along, factor * across

    first, second = transverse_frame(direction)
    g_1, h_1, g_2, h_2 = normals
    theta_1, theta_2 = sigma * g_1, sigma * g_2
    theta = np.hypot(theta_1, theta_2)
    turn = np.sinc(theta / np.pi)  # sin(theta)/theta
    new_direction = np.cos(theta) * direction + turn * (theta_1 * first + theta_2 * second)
    displacement = (along * g_1 + across * h_1) * first + (along * g_2 + across * h_2) * second
    return new_direction, displacement
