"""Spin state of vectors, and what their decay makes of it.

The production tensor T is the squared amplitude before its contraction with the polarisations. With the tensor of the decay
to leptons l1 and l2, L_ab = l1_a l2_b + l2_a l1_b - g_ab m^2/2, and with d = l1 - l2, d_a k^a = 0, an event counts

    T^ab L_ab/[S_ab T^ab (m^2/3)(1 + 2 m_l^2/m^2)] = 3 [m^2 - d_a d_b T^ab/(S_ab T^ab)]/[2 (m^2 + 2 m_l^2)],

S_ab = -g_ab + k_a k_b/m^2, whose mean over the angles of the decay is 1. What is antisymmetric in T, as weak decays make it, is
seen by neutrinos only, and left out.

Components are those of the light cone, v^+- = v_0 +- v_3 and v_1, v_2, about some axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcgen.physics.kinematics import dot
from mcgen.types import Array

Matrices = NDArray[np.complex128]
"""(n, 4, 4)"""


@dataclass(frozen=True, slots=True)
class LightCone:
    """Components (n,) of a vector."""

    plus: Array
    """v_0 + v_3"""
    minus: Array
    """v_0 - v_3"""
    one: Array
    """v_1"""
    two: Array
    """v_2"""

    @property
    def slashed(self) -> Matrices:
        """gamma.v (n, 4, 4), in the chiral representation."""
        result = np.zeros((len(self.plus), 4, 4), dtype=np.complex128)
        across = self.one + 1j * self.two
        upper, lower = result[:, :2, 2:], result[:, 2:, :2]
        upper[:, 0, 0], upper[:, 1, 1] = self.minus, self.plus
        upper[:, 0, 1], upper[:, 1, 0] = -across.conj(), -across
        lower[:, 0, 0], lower[:, 1, 1] = self.plus, self.minus
        lower[:, 0, 1], lower[:, 1, 0] = across.conj(), across
        return result


@dataclass(frozen=True, slots=True)
class Polarisation:
    """Spin state of bosons, in the basis e_i = (0, 2 k_i/k^+, 1 in i) and e_3 = k/m - (0, 2m/k^+, 0, 0)."""

    density: Array
    """(3, 3, n) real part of the density matrix, of trace 1."""
    frame: tuple[Array, Array, Array]
    """Unit vectors (3, n) of the axes 1, 2 and 3."""
    boson: LightCone
    """Momentum of the boson [GeV]."""
    mass: float
    """Of the boson [GeV]."""

    def decay_weight(self, first: Array, second: Array, lepton_mass: float) -> Array:
        """Density (n,) of decays to two leptons, over that of isotropic ones.

        Parameters
        ----------
        first, second : (4, n) momenta of the leptons [GeV]
        lepton_mass : [GeV]
        """
        d = first - second
        one, two, three = (dot(d[:3], axis) for axis in self.frame)
        share = (d[3] + three) / self.boson.plus
        components = np.stack([one - self.boson.one * share, two - self.boson.two * share, self.mass * share])
        along = np.einsum("in,ijn,jn->n", components, self.density, components)
        mass2 = self.mass * self.mass
        weight: Array = 1.5 * (mass2 - along) / (mass2 + 2.0 * lepton_mass * lepton_mass)
        return weight


def on_light_cone(one: Array, two: Array, plus: Array, mass2: float) -> LightCone:
    """Momentum with a mass squared put in [GeV^2]."""
    return LightCone(plus, (mass2 + one * one + two * two) / plus, one, two)


def twice_product(a: LightCone, b: LightCone, a2: float, b2: float) -> Array:
    """2 a.b (n,) of momenta with masses squared a2 and b2, as a sum of positive terms [GeV^2]."""
    one, two = a.one / a.plus - b.one / b.plus, a.two / a.plus - b.two / b.plus
    return a.plus * b.plus * (one * one + two * two) + a2 * b.plus / a.plus + b2 * a.plus / b.plus


def density_of(tensor: Array) -> Array:
    """Density matrices (3, 3, n) of trace 1; unpolarised where a tensor (3, 3, n) is not one of phase space."""
    trace = tensor[0, 0] + tensor[1, 1] + tensor[2, 2]
    known = np.isfinite(trace) & (trace > 0.0)
    density: Array = np.where(known, tensor / trace, np.eye(3)[:, :, None] / 3.0)
    return density
