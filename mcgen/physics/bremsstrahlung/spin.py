"""Polarisation of vectors that muons radiate off nuclei, and what their decay makes of it.

The production tensor T is the squared amplitude of mu(p) N(P) -> mu(p') N(P') V(k) before its contraction with the
polarisations, k_a T^ab = 0. With the tensor of the decay to leptons l1 and l2,
L_ab = l1_a l2_b + l2_a l1_b - g_ab m^2/2, and with d = l1 - l2, an event counts

    T^ab L_ab/[-g_ab T^ab (m^2/3)(1 + 2 m_l^2/m^2)] = 3 [m^2 - d_a d_b T^ab/(-g_ab T^ab)]/[2 (m^2 + 2 m_l^2)],

whose mean over the angles of the decay is 1. The form holds for neutrinos, too: without a polarised muon T is symmetric.

Components are those of the light cone, v^+- = v_0 +- v_3 and v_1, v_2, about the virtual muon's momentum p - k. What is
large there drops out by gauge invariance: polarisations get a multiple of k, the nucleus' current one of q = P - P'.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from mcgen.constants import MUON_MASS
from mcgen.physics.kinematics import dot, norm, transverse_frame
from mcgen.types import Array

Matrices = NDArray[np.complex128]
"""(n, 4, 4)"""

_M2 = MUON_MASS * MUON_MASS


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


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # rows without phase space: isotropic
def polarisation(muon: Array, boson: Array, recoil: Array, nucleus: Array, mass: float) -> Polarisation:
    """Spin state of radiated vectors, summed over the spins of the muons.

    Parameters
    ----------
    muon, boson, recoil : (4, n) before; radiated; after [GeV]
    nucleus : (4, n) after, at rest before [GeV]; where it stays so, vectors are unpolarised
    mass : of the boson [GeV]
    """
    virtual = muon[:3] - boson[:3]
    axis = virtual / norm(virtual)
    frame = (*transverse_frame(axis), axis)
    k_1, k_2, k_3 = (dot(boson[:3], direction) for direction in frame)
    q_1, q_2, q_3 = (-dot(nucleus[:3], direction) for direction in frame)
    k = _on_shell(k_1, k_2, boson[3] + k_3, mass * mass)
    before = _on_shell(k_1, k_2, muon[3] + k_3 + norm(virtual), _M2)
    after = _on_shell(q_1, q_2, recoil[3] + q_3 + norm(virtual), _M2)
    s = _twice_product(after, k, _M2, mass * mass) + mass * mass
    # 2 p.k - m^2, as a sum of positive terms
    u = _twice_product(before, k, _M2, 0.0) + mass * mass * (before.plus / k.plus - 1.0)

    zero = np.zeros_like(s)
    # P + q (...) has no large component: the current's are those of a photon with the transverse momentum of q.
    current = LightCone(2.0 + zero, zero, q_1 / q_3, q_2 / q_3).slashed
    mass_term = MUON_MASS * np.eye(4)
    first = (after.slashed + k.slashed + mass_term) @ current / s[:, None, None]
    second = current @ (before.slashed - k.slashed + mass_term) / u[:, None, None]
    basis = (
        LightCone(zero, 2.0 * k.one / k.plus, zero + 1.0, zero),
        LightCone(zero, 2.0 * k.two / k.plus, zero, zero + 1.0),
        LightCone(zero, -2.0 * mass / k.plus, zero, zero),
    )
    slashed = [vector.slashed for vector in basis]
    vertices = [one @ first - second @ one for one in slashed]
    reversed_ = [_bar(vertex) for vertex in vertices]
    left, right = after.slashed + mass_term, before.slashed + mass_term
    tensor = np.empty((3, 3, len(s)))
    for i, vertex in enumerate(vertices):
        product = left @ vertex @ right
        for j in range(3):
            tensor[i, j] = np.einsum("nab,nba->n", product, reversed_[j]).real
    trace = tensor[0, 0] + tensor[1, 1] + tensor[2, 2]
    known = np.isfinite(trace) & (trace > 0.0)
    density = np.where(known, tensor / trace, np.eye(3)[:, :, None] / 3.0)
    return Polarisation(density, frame, k, mass)


def _on_shell(one: Array, two: Array, plus: Array, mass2: float) -> LightCone:
    """Momentum with a mass squared put in [GeV^2]."""
    return LightCone(plus, (mass2 + one * one + two * two) / plus, one, two)


def _twice_product(a: LightCone, b: LightCone, a2: float, b2: float) -> Array:
    """2 a.b (n,) of momenta with masses squared a2 and b2, as a sum of positive terms [GeV^2]."""
    one, two = a.one / a.plus - b.one / b.plus, a.two / a.plus - b.two / b.plus
    return a.plus * b.plus * (one * one + two * two) + a2 * b.plus / a.plus + b2 * a.plus / b.plus


def _bar(matrices: Matrices) -> Matrices:
    """gamma_0 M^dagger gamma_0, which swaps the chiralities."""
    adjoint = matrices.conj().transpose(0, 2, 1)
    return adjoint[:, [2, 3, 0, 1]][:, :, [2, 3, 0, 1]]
