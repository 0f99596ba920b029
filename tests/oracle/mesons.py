"""Decays M -> mu nu X by other routes than the program's: Dirac matrices, other variables, plain phase space."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from mcgen.constants import MUON_MASS
from mcgen.physics.kinds import Kind

Array = NDArray[np.float64]
Complex = NDArray[np.complex128]

M2 = MUON_MASS**2

# --- Explicit matrices ------------------------------------------------------------------------------------

_PAULI = (
    np.array([[0, 1], [1, 0]], dtype=complex),
    np.array([[0, -1j], [1j, 0]]),
    np.array([[1, 0], [0, -1]], dtype=complex),
)
ONE = np.eye(4, dtype=complex)
GAMMA = [np.kron(np.diag([1.0, -1.0]), np.eye(2)).astype(complex)]
GAMMA += [np.block([[np.zeros((2, 2)), s], [-s, np.zeros((2, 2))]]) for s in _PAULI]
"""gamma^0 .. gamma^3 in the Dirac representation."""
GAMMA5 = 1j * GAMMA[0] @ GAMMA[1] @ GAMMA[2] @ GAMMA[3]
METRIC = np.array([1.0, -1.0, -1.0, -1.0])


def product(a: Array, b: Array) -> Array:
    """a.b (n,) of four-momenta (4, n), (px, py, pz, E)."""
    return np.asarray(a[3] * b[3] - a[0] * b[0] - a[1] * b[1] - a[2] * b[2])


def slash(p: Array) -> Complex:
    """gamma.p (n, 4, 4)."""
    space = sum(p[i, :, None, None] * GAMMA[i + 1] for i in range(3))
    return np.asarray(p[3, :, None, None] * GAMMA[0] - space)


def vertices(kind: Kind, p: Array, nu: Array, k: Array, neutrinos: bool) -> list[Complex]:
    """Matrices (n, 4, 4) between ubar(nu) and v(mu): one, or four with an index up for a vector."""
    meson, q = slash(p + nu + k), p + k
    weak = meson @ (ONE - GAMMA5)
    muon = weak @ (MUON_MASS * ONE - slash(q)) / (product(q, q) - M2)[:, None, None]
    if kind == "scalar":
        return [muon]
    if kind == "pseudoscalar":
        return [muon @ (1j * GAMMA5)]
    other = nu + k
    neutrino = slash(other) @ weak / product(other, other)[:, None, None]
    return [muon @ g + (g @ neutrino if neutrinos else 0.0) for g in GAMMA]


def trace(first: Complex, second: Complex, p: Array, nu: Array) -> Complex:
    """Sum over spins (n,) of ubar(nu) first v(mu), times the conjugate of the same with `second`."""
    bar = GAMMA[0] @ np.conj(np.swapaxes(second, 1, 2)) @ GAMMA[0]
    found: Complex = np.einsum("nii->n", slash(nu) @ first @ (slash(p) - MUON_MASS * ONE) @ bar)
    return found


def squared(kind: Kind, p: Array, nu: Array, k: Array, neutrinos: bool) -> Array:
    """T (n,) by traces of products of matrices."""
    found = vertices(kind, p, nu, k, neutrinos)
    if len(found) == 1:
        return np.real(trace(found[0], found[0], p, nu))
    along = contracted(found, k)
    total = np.real(trace(along, along, p, nu)) / product(k, k)
    for sign, vertex in zip(METRIC, found, strict=True):
        total = total - sign * np.real(trace(vertex, vertex, p, nu))
    return total


def contracted(found: list[Complex], k: Array) -> Complex:
    """k.A (n, 4, 4) of the four matrices of a vector."""
    down = METRIC[:, None] * np.concatenate([k[3:], k[:3]])
    total: Complex = sum(d[:, None, None] * vertex for d, vertex in zip(down, found, strict=True))  # type: ignore[assignment]
    return total


# --- Other variables: Q^2 = (p + k)^2 and the angle in that pair's frame -----------------------------------


def kaellen(a: Array, b: Array, c: Array | float) -> Array:
    """lambda(a, b, c) of squares of masses."""
    return np.maximum((a - b - c) ** 2 - 4.0 * b * c, 0.0)


def two_body(s: Array, b: Array, c: Array | float) -> Array:
    """Two-body phase space, lambda^(1/2)/(8 pi s)."""
    return np.sqrt(kaellen(s, b, c)) / (8.0 * np.pi * s)


def invariants(meson_mass: float, mass: float, q2: Array, cos: Array) -> tuple[Array, Array, Array]:
    """p.k, p_nu.k and p.p_nu from Q^2 and the angle between muon and neutrino in the frame of Q."""
    root = np.sqrt(q2)
    e_mu, e_nu = (q2 + M2 - mass**2) / (2.0 * root), (meson_mass**2 - q2) / (2.0 * root)
    p_mu = np.sqrt(kaellen(q2, np.full_like(q2, M2), mass**2)) / (2.0 * root)
    muon_neutrino = e_nu * (e_mu - p_mu * cos)
    return 0.5 * (q2 - M2 - mass**2), e_nu * root - muon_neutrino, muon_neutrino


def ratio_by_quadrature(
    amplitude: Callable[[Array, Array, Array], Array], meson_mass: float, mass: float, panels: int = 24
) -> float:
    """Gamma(M -> mu nu X)/Gamma(M -> mu nu) of an amplitude of p.k, p_nu.k and p.p_nu.

    Panels of Gauss-Legendre in ln(Q^2 - m_mu^2) and in ln(1 + e - cos), dense where light bosons are along a lepton.
    """
    node, weight = np.polynomial.legendre.leggauss(12)
    low, high = (MUON_MASS + mass) ** 2 - M2, meson_mass**2 - M2
    # Roots of the phase space at both ends: even powers of what is integrated.
    edge = np.linspace(0.0, 1.0, panels + 1)
    v = (edge[:-1, None] + np.diff(edge)[:, None] * 0.5 * (node + 1.0)).ravel()
    dv = (np.diff(edge)[:, None] * 0.5 * weight).ravel()
    share = v**4 * (35.0 - 84.0 * v + 70.0 * v**2 - 20.0 * v**3)
    slope = 140.0 * v**3 * (1.0 - v) ** 3
    line = low * (high / low) ** share
    dq2 = line * np.log(high / low) * slope * dv
    q2 = M2 + line
    # cos = +-1 in steps of the logarithm from either end.
    small = 1e-9
    t = 0.5 * small * (1.0 + 1.0 / small) ** (v * v * (3.0 - 2.0 * v)) - 0.5 * small
    dt = (t + 0.5 * small) * np.log(1.0 + 1.0 / small) * 6.0 * v * (1.0 - v) * dv
    cos = np.concatenate([1.0 - 2.0 * t, 2.0 * t - 1.0])
    dcos = np.concatenate([dt, dt])  # of (1 + cos)/2, each half of the range
    total = 0.0
    for one, measure in zip(q2, dq2, strict=True):
        s = np.full_like(cos, one)
        t3 = amplitude(*invariants(meson_mass, mass, s, cos))
        phase = two_body(np.array(meson_mass**2), np.array(one), 0.0) * two_body(
            np.array(one), np.array(M2), mass**2
        )
        total += float(measure / (2.0 * np.pi) * phase * np.sum(t3 * dcos))
    product2 = 0.5 * (meson_mass**2 - M2)
    return total / (8.0 * M2 * product2 * float(two_body(np.array(meson_mass**2), np.array(M2), 0.0)))


# --- Plain phase space ------------------------------------------------------------------------------------


def boosted(momentum: Array, frame: Array, mass: Array | float) -> Array:
    """Four-momenta (4, n) from the rest frame of others (4, n) of some mass to where those are given."""
    along = sum(momentum[i] * frame[i] for i in range(3))
    energy = (frame[3] * momentum[3] + along) / mass
    factor = (along / (frame[3] + mass) + momentum[3]) / mass
    return np.concatenate([momentum[:3] + factor * frame[:3], energy[None]])


def isotropic(rng: np.random.Generator, length: Array) -> Array:
    """Vectors (3, n) of given lengths, in all directions."""
    cos, phi = rng.uniform(-1.0, 1.0, len(length)), rng.uniform(0.0, 2.0 * np.pi, len(length))
    sin = np.sqrt(1.0 - cos * cos)
    return length * np.stack([sin * np.cos(phi), sin * np.sin(phi), cos])


def phase_space(
    rng: np.random.Generator, meson: Array, meson_mass: float, mass: float
) -> tuple[Array, Array, Array, Array]:
    """Muon, neutrino and boson (4, n) of mesons (4, n), by plain three-body phase space, and weights (n,).

    The mean of weight times T is Gamma(M -> mu nu X)/Gamma(M -> mu nu).
    """
    n = meson.shape[1]
    low, high = (MUON_MASS + mass) ** 2, meson_mass**2
    q2 = rng.uniform(low, high, n)
    root = np.sqrt(q2)
    nu_p = (high - q2) / (2.0 * meson_mass)
    p = np.sqrt(kaellen(q2, np.full(n, M2), mass**2)) / (2.0 * root)
    nu = isotropic(rng, nu_p)
    pair = np.concatenate([-nu, np.sqrt(nu_p**2 + q2)[None]])
    muon = isotropic(rng, p)
    in_pair = [
        np.concatenate([sign * muon, np.sqrt(p * p + m * m)[None]])
        for sign, m in ((1, MUON_MASS), (-1, mass))
    ]
    muon4, boson4 = (boosted(one, pair, root) for one in in_pair)
    nu4 = np.concatenate([nu, nu_p[None]])
    weight = (high - low) / (2.0 * np.pi) * two_body(np.full(n, high), q2, 0.0)
    weight = weight * two_body(q2, np.full(n, M2), mass**2)
    width2 = 4.0 * M2 * (high - M2) * float(two_body(np.array(high), np.array(M2), 0.0))
    lab = [boosted(one, meson, meson_mass) for one in (muon4, nu4, boson4)]
    return lab[0], lab[1], lab[2], weight / width2
