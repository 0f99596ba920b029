"""Polarisation of vectors that muons radiate off nuclei.

The production tensor T is that of mu(p) N(P) -> mu(p') N(P') V(k), k_a T^ab = 0; without a polarised muon it is symmetric.

Components are those of the light cone about the virtual muon's momentum p - k. What is large there drops out by gauge
invariance: polarisations get a multiple of k, the nucleus' current one of q = P - P'.
"""

from __future__ import annotations

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.physics.kinematics import dot, norm, transverse_frame
from mcgen.physics.polarisation import (
    LightCone,
    Matrices,
    Polarisation,
    density_of,
    on_light_cone,
    twice_product,
)
from mcgen.types import Array

_M2 = MUON_MASS * MUON_MASS


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
    k = on_light_cone(k_1, k_2, boson[3] + k_3, mass * mass)
    before = on_light_cone(k_1, k_2, muon[3] + k_3 + norm(virtual), _M2)
    after = on_light_cone(q_1, q_2, recoil[3] + q_3 + norm(virtual), _M2)
    s = twice_product(after, k, _M2, mass * mass) + mass * mass
    # 2 p.k - m^2, as a sum of positive terms
    u = twice_product(before, k, _M2, 0.0) + mass * mass * (before.plus / k.plus - 1.0)

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
    return Polarisation(density_of(tensor), frame, k, mass)


def _bar(matrices: Matrices) -> Matrices:
    """gamma_0 M^dagger gamma_0, which swaps the chiralities."""
    adjoint = matrices.conj().transpose(0, 2, 1)
    return adjoint[:, [2, 3, 0, 1]][:, :, [2, 3, 0, 1]]
