"""Decays M -> mu nu X by other routes than the program's: Dirac matrices, other variables, plain phase space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import qmc

from mcgen.constants import MUON_MASS
from mcgen.physics.kinds import KINDS, Kind
from mcgen.physics.meson_decay.invariants import Invariants

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
    return np.asarray(sum(d[:, None, None] * vertex for d, vertex in zip(down, found, strict=True)))


# --- Other variables: Q^2 = (p + k)^2 and the angle in that pair's frame -----------------------------------


def kaellen(a: Array | float, b: Array | float, c: Array | float) -> Array:
    """lambda(a, b, c) of squares of masses."""
    return np.asarray(np.maximum((a - b - c) ** 2 - 4.0 * b * c, 0.0))


def two_body(s: Array | float, b: Array | float, c: Array | float) -> Array:
    """Two-body phase space, lambda^(1/2)/(8 pi s)."""
    return np.sqrt(kaellen(s, b, c)) / (8.0 * np.pi * s)


def invariants(meson_mass: float, mass: float, q2: Array, cos: Array) -> tuple[Array, Array, Array]:
    """p.k, p_nu.k and p.p_nu from Q^2 and the angle between muon and neutrino in the frame of Q."""
    root = np.sqrt(q2)
    e_mu, e_nu = (q2 + M2 - mass**2) / (2.0 * root), (meson_mass**2 - q2) / (2.0 * root)
    p_mu = np.sqrt(kaellen(q2, M2, mass**2)) / (2.0 * root)
    muon_neutrino = e_nu * (e_mu - p_mu * cos)
    return 0.5 * (q2 - M2 - mass * mass), e_nu * root - muon_neutrino, muon_neutrino


def ratio_by_quadrature(
    amplitude: Callable[[Array, Array, Array], Array], meson_mass: float, mass: float, panels: int = 24
) -> float:
    """Gamma(M -> mu nu X)/Gamma(M -> mu nu) of an amplitude of p.k, p_nu.k and p.p_nu.

    Panels of Gauss-Legendre in ln(Q^2 - m_mu^2) and in ln(1 + e - cos), dense where light bosons are along a lepton.
    """
    node, weight = (np.asarray(part) for part in np.polynomial.legendre.leggauss(12))
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
        phase = two_body(meson_mass**2, one, 0.0) * two_body(one, M2, mass**2)
        total += float(measure / (2.0 * np.pi) * phase * np.sum(t3 * dcos))
    product2 = 0.5 * (meson_mass**2 - M2)
    return float(total) / (8.0 * M2 * product2 * float(two_body(meson_mass**2, M2, 0.0)))


# --- Plain phase space ------------------------------------------------------------------------------------


def boosted(momentum: Array, frame: Array, mass: Array | float) -> Array:
    """Four-momenta (4, n) from the rest frame of others (4, n) of some mass to where those are given."""
    along = np.asarray(sum(momentum[i] * frame[i] for i in range(3)))
    energy = (frame[3] * momentum[3] + along) / mass
    factor = (along / (frame[3] + mass) + momentum[3]) / mass
    return np.asarray(np.concatenate([momentum[:3] + factor * frame[:3], energy[None]]))


def isotropic(rng: np.random.Generator, length: Array) -> Array:
    """Vectors (3, n) of given lengths, in all directions."""
    cos, phi = rng.uniform(-1.0, 1.0, len(length)), rng.uniform(0.0, 2.0 * np.pi, len(length))
    sin = np.sqrt(1.0 - cos * cos)
    return np.asarray(length * np.stack([sin * np.cos(phi), sin * np.sin(phi), cos]))


def phase_space(
    rng: np.random.Generator, meson: Array, meson_mass: float, mass: float
) -> tuple[Array, Array, Array, Array]:
    """Muon, neutrino and boson (4, n) of mesons (4, n), by plain three-body phase space, and weights (n,).

    The mean of weight times T is Gamma(M -> mu nu X)/Gamma(M -> mu nu).
    """
    n = meson.shape[1]
    low, high = (MUON_MASS + mass) ** 2, meson_mass**2
    q2 = np.asarray(low + (high - low) * rng.random(n))
    root = np.sqrt(q2)
    nu_p = np.asarray((high - q2) / (2.0 * meson_mass))
    p = np.sqrt(kaellen(q2, M2, mass**2)) / (2.0 * root)
    nu = isotropic(rng, nu_p)
    pair = np.concatenate([-nu, np.sqrt(nu_p**2 + q2)[None]])
    muon = isotropic(rng, p)
    in_pair = [
        np.concatenate([sign * muon, np.sqrt(p * p + m * m)[None]])
        for sign, m in ((1, MUON_MASS), (-1, mass))
    ]
    muon4, boson4 = (boosted(one, pair, root) for one in in_pair)
    nu4 = np.concatenate([nu, nu_p[None]])
    weight = (high - low) / (2.0 * np.pi) * two_body(high, q2, 0.0)
    weight = weight * two_body(q2, M2, mass**2)
    width2 = 4.0 * M2 * (high - M2) * float(two_body(high, M2, 0.0))
    lab = [boosted(one, meson, meson_mass) for one in (muon4, nu4, boson4)]
    return lab[0], lab[1], lab[2], weight / width2


# --- A beam of mesons ---------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Beam:
    """Mesons of one energy that decay at one point of the axis, flying along it."""

    meson_mass: float
    """[GeV]"""
    energy: float
    """[GeV]"""
    z: float
    """Where they decay [m]."""
    kind: Kind
    """Of the boson."""
    mass: float
    """Of the boson [GeV]."""
    neutrinos: bool = False
    """Whether it is radiated off the neutrino, too."""
    plain: bool = False
    """A wrong amplitude for controls: phase space alone."""

    @property
    def gamma(self) -> float:
        """Energy over mass."""
        return self.energy / self.meson_mass

    @property
    def beta(self) -> float:
        """Velocity."""
        return float(np.sqrt(1.0 - 1.0 / self.gamma**2))

    @property
    def end(self) -> float:
        """Largest energy of the boson in the meson's frame [GeV]."""
        return (self.meson_mass**2 + self.mass**2 - M2) / (2.0 * self.meson_mass)

    def spectrum(self, energy: Array) -> Array:
        """dGamma_3/dE* over Gamma_2 (n,), at unit coupling: the Dalitz plot in E* and (p + k)^2 is flat but for T."""
        square = self.meson_mass**2
        s = square + self.mass**2 - 2.0 * self.meson_mass * energy
        root = np.sqrt(s)
        e_mu, e_x = (s + M2) / (2.0 * root), (square - s - self.mass**2) / (2.0 * root)
        product = np.sqrt(np.maximum(e_mu**2 - M2, 0.0) * np.maximum(e_x**2 - self.mass**2, 0.0))
        node, weight = np.polynomial.legendre.leggauss(48)
        pk = (e_mu * e_x)[:, None] - product[:, None] * node
        pn = np.broadcast_to(0.5 * (s - M2)[:, None], pk.shape)
        nk = 0.5 * (square - s - self.mass**2)[:, None] - pk
        inv = Invariants(pk, nk, pn, self.mass)
        t = np.ones_like(pk) if self.plain else KINDS[self.kind].meson_amplitude(inv, self.neutrinos)
        # dq2 = 2 dpk = 2 product dcos; dm^2 of the other pair = 2 M dE*
        dalitz = (
            2.0 * self.meson_mass * 2.0 * product * (t @ weight) / (256.0 * np.pi**3 * self.meson_mass**3)
        )
        width2 = 4.0 * M2 * (square - M2) * float(two_body(square, M2, 0.0)) / (2.0 * self.meson_mass)
        return np.asarray(dalitz / width2)

    def energies(self, panels: int = 24) -> tuple[Array, Array]:
        """Energies in the meson's frame (n,) and spectrum times their weights."""
        last = np.arccosh(self.end / self.mass)
        node, weight = (np.asarray(part) for part in np.polynomial.legendre.leggauss(8))
        edge = np.linspace(0.0, last, panels + 1)
        half = 0.5 * np.diff(edge)[:, None]
        rapidity = (edge[:-1, None] + half * (1.0 + node)).ravel()
        energy = np.asarray(self.mass * np.cosh(rapidity))
        slope = self.mass * np.sinh(rapidity) * (half * weight).ravel()
        return energy, self.spectrum(np.minimum(energy, self.end)) * slope

    def laboratory(self, energy: Array, cos: Array) -> tuple[Array, Array, Array]:
        """Energy, and momentum along and across the beam, of bosons from energy and angle in the meson's frame."""
        p = np.sqrt(energy**2 - self.mass**2)
        boost = self.gamma * self.beta
        return (
            self.gamma * energy + boost * p * cos,
            self.gamma * p * cos + boost * energy,
            p * np.sqrt(1.0 - cos * cos),
        )

    def energy_cdf(self, energy: Array) -> Array:
        """Distribution function (n,) of the energy in the laboratory: even between its ends for each E*."""
        own, weight = self.energies(60)
        p = np.sqrt(own**2 - self.mass**2)
        low = self.gamma * (own - self.beta * p)
        share = np.clip((energy[:, None] - low) / (2.0 * self.gamma * self.beta * p), 0.0, 1.0)
        return np.asarray(share @ weight / weight.sum())

    def angle_cdf(self, angle: Array) -> Array:
        """Distribution function (n,) of the angle to the beam, from a table."""
        own, weight = self.energies(30)
        cos = np.asarray((np.arange(2000.0) + 0.5) / 1000.0 - 1.0, dtype=np.float64)
        _, along, across = self.laboratory(own[:, None], cos)
        found, share = np.arctan2(across, along).ravel(), np.repeat(weight, len(cos))
        order = np.argsort(found)
        total = np.cumsum(share[order])
        return np.asarray(np.interp(angle, found[order], (total - 0.5 * share[order]) / total[-1]))


@dataclass(frozen=True, slots=True)
class Detector:
    """A cylinder about the axis, and a round plane behind it for two photons."""

    z: tuple[float, float]
    """Of the cylinder [m]."""
    radius: float
    """Of the cylinder [m]."""
    plane: float
    """z of the plane [m]."""
    aperture: float
    """Radius of the plane [m]."""
    min_energy: float
    """Of either photon [GeV]."""


def expected(
    beam: Beam, detector: Detector, ctau: float, count: int = 15, replicas: int = 8
) -> tuple[tuple[float, float], ...]:
    """Decays in the volume, and accepted ones, a meson at unit coupling and unit branching ratios.

    Quasi-Monte Carlo over energy and angle in the meson's frame, decay point, and angles of the photons; the error is that
    of the mean over scrambled replicas.

    Parameters
    ----------
    count : 2^count points a replica
    """
    found = []
    last = np.arccosh(beam.end / beam.mass)
    for replica in range(replicas):
        u = qmc.Sobol(5, seed=replica).random_base2(count).T
        rapidity = last * u[0]
        own = np.minimum(beam.mass * np.cosh(rapidity), beam.end)
        weight = beam.spectrum(own) * beam.mass * np.sinh(rapidity) * last
        # Forwards in the laboratory, in steps of the angle's square: the detector is there.
        versine = 2.0 * u[1] ** 2
        weight = weight * 2.0 * u[1]
        energy, along, across = beam.laboratory(own, 1.0 - versine)
        p = np.hypot(along, across)
        cos, sin = along / p, across / p
        with np.errstate(divide="ignore"):
            side = np.where(sin > 0.0, detector.radius / sin, np.inf)
            start, end = ((z - beam.z) / np.where(cos > 0.0, cos, 1e-300) for z in detector.z)
        end = np.minimum(end, side)
        hit = (cos > 0.0) & (start < end)
        length = p / beam.mass * ctau
        start, end = np.where(hit, start, 0.0), np.where(hit, end, 0.0)
        weight = weight * np.exp(-start / length) * -np.expm1((start - end) / length)
        path = start - length * np.log1p(u[2] * np.expm1((start - end) / length))
        photon_cos, azimuth = 2.0 * u[3] - 1.0, 2.0 * np.pi * u[4]
        accepted = np.ones(len(p), dtype=bool)
        for sign in (1.0, -1.0):
            e = 0.5 * (energy + sign * p * photon_cos)
            forward = 0.5 * (p + sign * energy * photon_cos)
            aside = 0.5 * sign * beam.mass * np.sqrt(1.0 - photon_cos**2)
            # x in the plane of boson and axis
            px = forward * sin + aside * np.cos(azimuth) * cos
            pz = forward * cos - aside * np.cos(azimuth) * sin
            py = aside * np.sin(azimuth)
            way = (detector.plane - beam.z - path * cos) / np.where(pz > 0.0, pz, 1.0)
            r2 = (path * sin + px * way) ** 2 + (py * way) ** 2
            accepted &= (pz > 0.0) & (e >= detector.min_energy) & (r2 <= detector.aperture**2)
        found.append([weight.mean(), (weight * accepted).mean()])
    values = np.array(found)
    error = values.std(axis=0, ddof=1) / np.sqrt(replicas)
    return tuple(zip(values.mean(axis=0).tolist(), error.tolist(), strict=True))
