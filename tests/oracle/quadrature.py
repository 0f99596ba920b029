"""Expected numbers of decays and of accepted events by nested quadrature, apart from the Monte Carlo.

Emission is collinear (`iww`), the energy loss constant, the boson a scalar (arXiv:2205.09870). Nothing of
`mcgen` but its constants is used, so that an agreement of the two means something.

The integrals are taken in another order than the sampler draws. A collinear boson stays on the muon's own
straight line wherever it was emitted, so what happens in flight depends on its energy w and on the decay
point s alone:

    N = sum_muons rate * int dw S(w) * BR * < sum_intervals exp(-(s1 - s_in)/L) - exp(-(s2 - s_in)/L) >,
    S(w) = int dl n_N dsigma/dw(E(l), w) exp(-(s_in - l)/L(w)),

where s and l are distances from the muon's production point. Straight daughters hit a plane at a point that
is linear in s, hence the accepted decay points are intervals with closed-form ends, and the average < > is
over the decay angles (cos theta*, phi*) only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal, NamedTuple

import numpy as np
from numpy.polynomial import Chebyshev
from numpy.typing import NDArray
from scipy.integrate import quad_vec

from mcgen.constants import (
    ALPHA,
    AVOGADRO,
    ELECTRON_MASS,
    GEV2_TO_M2,
    HBAR_C,
    MUON_MASS,
    PROTON_MAGNETIC_MOMENT,
    PROTON_MASS,
    TAU_MASS,
)

Array = NDArray[np.float64]

DAUGHTER_MASS = {"ee": ELECTRON_MASS, "mumu": MUON_MASS, "tautau": TAU_MASS, "gammagamma": 0.0}
"""Channel -> mass of each daughter [GeV]."""


class Quadrature(NamedTuple):
    """An integral and an estimate of its numerical error, both in the same unit."""

    value: float
    error: float


@dataclass(frozen=True, slots=True)
class Muon:
    """A muon at its production point.

    Attributes
    ----------
    weight : muons per unit of exposure, times the exposure
    position : x, y, z [m]
    momentum : px, py, pz [GeV]
    charge : -1 or 1; the yield does not depend on it
    """

    weight: float
    position: tuple[float, float, float]
    momentum: tuple[float, float, float]
    charge: int = -1


@dataclass(frozen=True, slots=True)
class Block:
    """The dump: one material between two planes, without limits sideways.

    Attributes
    ----------
    z, a : charge number and mass number of the nuclei
    density : [g/cm3]
    front, back : z of its faces [m]
    loss : energy that a muon loses per length, positive [GeV/m]
    """

    z: float
    a: float
    density: float
    front: float
    back: float
    loss: float


@dataclass(frozen=True, slots=True)
class Volume:
    """The decay volume: a cross-section, the same from `front` to `back`.

    Attributes
    ----------
    shape : a slab has no sides; a cylinder is an ellipse
    front, back : z of its faces, behind the dump [m]
    half_sizes : semi-axes of the ellipse or half widths of the box, in x and y [m]
    centre : x, y of the axis [m]
    """

    shape: Literal["slab", "ellipse", "box"]
    front: float
    back: float
    half_sizes: tuple[float, float] = (np.inf, np.inf)
    centre: tuple[float, float] = (0.0, 0.0)


@dataclass(frozen=True, slots=True)
class Setup:
    """What decides the number of decays.

    Attributes
    ----------
    muons : the flux
    block, volume : where bosons are emitted, where they decay
    mass : of the scalar [GeV]
    couplings : g_e, g_mu, g_tau
    min_energy_factor : k; emission ends when the muon's energy falls to k max(m_mu, mass)
    """

    muons: tuple[Muon, ...]
    block: Block
    volume: Volume
    mass: float
    couplings: tuple[float, float, float]
    min_energy_factor: float = 0.0


@dataclass(frozen=True, slots=True)
class Cuts:
    """What both daughters must fulfil, and the magnet on their way.

    Attributes
    ----------
    plane : z of the plane they must hit, behind the decay volume [m]
    radius, hole : largest and smallest distance from the plane's centre [m]
    centre : x, y of the plane's centre [m]
    min_energy : of each daughter [GeV]
    min_separation : of the two hits [m]
    kick : transverse momentum (x, y) that a magnet gives to charge +1, opposite for charge -1 [GeV]
    magnet : z where it does so, between the decay volume and the plane [m]
    """

    plane: float
    radius: float = np.inf
    hole: float = 0.0
    centre: tuple[float, float] = (0.0, 0.0)
    min_energy: float = 0.0
    min_separation: float = 0.0
    kick: tuple[float, float] = (0.0, 0.0)
    magnet: float = np.nan

    @property
    def has_magnet(self) -> bool:
        """Whether the daughters are bent at all."""
        return self.kick != (0.0, 0.0)


# --- Couplings to rates ---------------------------------------------------------------------------------


def leptophilic(g_mu: float) -> tuple[float, float, float]:
    """Couplings g_e, g_mu, g_tau proportional to the lepton masses."""
    return g_mu * ELECTRON_MASS / MUON_MASS, g_mu, g_mu * TAU_MASS / MUON_MASS


def muonphilic(g_mu: float) -> tuple[float, float, float]:
    """Couplings g_e, g_mu, g_tau to the muon alone."""
    return 0.0, g_mu, 0.0


def widths(setup: Setup) -> dict[str, float]:
    """Partial widths of the scalar, Eqs. 6 to 9 [GeV].

    The loop function is the closed form with a complex arcsin; it loses digits as 1e-16 (2 m_l/mass)^2.
    """
    mass = setup.mass
    result = {}
    amplitude = 0.0 + 0.0j
    leptons = {"ee": ELECTRON_MASS, "mumu": MUON_MASS, "tautau": TAU_MASS}
    for (channel, lepton), g in zip(leptons.items(), setup.couplings, strict=True):
        tau = (2.0 * lepton / mass) ** 2
        result[channel] = g**2 * mass * max(1.0 - tau, 0.0) ** 1.5 / (8.0 * np.pi)
        # Above the cut of arcsin when tau < 1: the sign that gives the absorptive part.
        f = complex(np.arcsin(complex(tau**-0.5, 0.0))) ** 2
        amplitude += g / lepton * -2.0 * tau * (1.0 + (1.0 - tau) * f)
    result["gammagamma"] = ALPHA**2 * mass**3 / (256.0 * np.pi**3) * abs(amplitude) ** 2
    return result


def proper_length(setup: Setup) -> float:
    """Proper decay length c tau, Eq. 12 [m]."""
    return float(HBAR_C / sum(widths(setup).values()))


def g2(block: Block, t: Array) -> Array:
    """Form factor squared, elastic and inelastic, Eqs. 17 and 18; t (n,) [GeV^2]."""
    a = 111.0 * block.z ** (-1 / 3) / ELECTRON_MASS
    d = 0.164 * block.a ** (-2 / 3)
    elastic = block.z**2 * (a * a * t / (1.0 + a * a * t)) ** 2 / (1.0 + t / d) ** 2
    b = 773.0 * block.z ** (-2 / 3) / ELECTRON_MASS
    proton = (1.0 + t * (PROTON_MAGNETIC_MOMENT**2 - 1.0) / (4.0 * PROTON_MASS**2)) / (1.0 + t / 0.71) ** 4
    inelastic = block.z * (b * b * t / (1.0 + b * b * t)) ** 2 * proton**2
    return np.asarray(elastic + inelastic)


def chi(block: Block, tmin: Array, tmax: float) -> Array:
    """Effective photon flux, Eq. 16, by adaptive Gauss-Kronrod quadrature in ln t; tmin (n,) [GeV^2]."""
    span = np.log(tmax / tmin)

    def integrand(fraction: float) -> Array:
        t = tmin * np.exp(span * fraction)
        return span * (t - tmin) / t * g2(block, t)

    value, _ = quad_vec(integrand, 0.0, 1.0, epsabs=0.0, epsrel=1e-11, norm="max")
    return np.asarray(value)


@lru_cache(maxsize=256)
def _log_chi(block: Block, mass: float, lowest: float, highest: float) -> Chebyshev:
    """ln chi against ln E as a Chebyshev series between two muon energies [GeV]: chi is smooth there."""

    def log_chi(log_energy: Array) -> Array:
        tmin = (mass**2 / 2.0 * np.exp(-log_energy)) ** 2
        return np.log(chi(block, tmin, mass**2 + MUON_MASS**2))

    return Chebyshev.interpolate(log_chi, 40, domain=[np.log(lowest), np.log(highest)])


def dsigma_dx(setup: Setup, energy: Array, x: Array, flux: Array) -> Array:
    """Cross-section of collinear emission by the improved Weizsaecker-Williams formula, Eqs. 15 and 19.

    Parameters
    ----------
    energy : (n,) of the muon [GeV]
    x : (n,) energy fraction of the boson, inside mass/E <= x <= 1 - m_mu/E
    flux : (n,) chi at this energy

    Returns
    -------
    (n,) [GeV^-2]
    """
    mass = setup.mass
    # Differences of squares, so that nothing cancels at either threshold.
    beta_muon = np.sqrt((energy - MUON_MASS) * (energy + MUON_MASS)) / energy
    beta_boson = np.sqrt((x * energy - mass) * (x * energy + mass)) / (x * energy)
    shape = x**3 * (MUON_MASS**2 * (3.0 * x**2 - 4.0 * x + 4.0) + 2.0 * mass**2 * (1.0 - x))
    pole = mass**2 * (1.0 - x) + MUON_MASS**2 * x**2
    factor = setup.couplings[1] ** 2 * ALPHA**2 / (12.0 * np.pi)
    return np.asarray(factor * flux * beta_muon * beta_boson * shape / pole**2)


def sigma(setup: Setup, energy: float) -> float:
    """Total cross-section of one muon energy [GeV^-2]."""
    eta, weight = _gauss([0.0, np.arccosh((energy - MUON_MASS) / setup.mass)], 20, 20)
    tmin = np.array([(setup.mass**2 / (2.0 * energy)) ** 2])
    flux = chi(setup.block, tmin, setup.mass**2 + MUON_MASS**2)
    x = setup.mass * np.cosh(eta) / energy
    rate = dsigma_dx(setup, np.full_like(x, energy), x, flux)
    return float(np.sum(weight * rate * setup.mass * np.sinh(eta) / energy))


# --- Rays -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Track:
    """A muon that emits, and the line on which it and its bosons fly.

    Distances are counted from the muon's production point [m]; energies in [GeV].
    """

    weight: float
    origin: Array
    direction: Array
    start_energy: float
    stop_energy: float
    entry: float
    exit: float


def _track(setup: Setup, muon: Muon) -> _Track | None:
    """Follow a muon; None if it cannot contribute."""
    block = setup.block
    if setup.volume.front < block.back:
        msg = "the decay volume must begin behind the dump"
        raise ValueError(msg)
    origin, momentum = np.array(muon.position), np.array(muon.momentum)
    size = float(np.linalg.norm(momentum))
    energy = float(np.hypot(size, MUON_MASS))
    direction = momentum / size
    if direction[2] <= 0.0 or not block.front <= origin[2] < block.back:
        return None
    cut = max(setup.min_energy_factor * max(MUON_MASS, setup.mass), setup.mass + MUON_MASS)
    at_back = energy - block.loss * (block.back - origin[2]) / direction[2]
    ends = _chord(setup.volume, origin, direction)
    if energy <= cut or ends is None:
        return None
    return _Track(muon.weight, origin, direction, energy, max(cut, at_back), *ends)


def _chord(volume: Volume, origin: Array, direction: Array) -> tuple[float, float] | None:
    """Distances at which a forward ray enters and leaves the volume [m]; None if it misses."""
    intervals = [tuple((np.array([volume.front, volume.back]) - origin[2]) / direction[2])]
    scaled = (origin[:2] - volume.centre) / volume.half_sizes
    slope = direction[:2] / volume.half_sizes
    if volume.shape == "ellipse":
        intervals.append(_inside(float(slope @ slope), float(scaled @ slope), float(scaled @ scaled)))
    elif volume.shape == "box":
        # A side is an ellipse with one axis.
        intervals += [
            _inside(v * v, u * v, u * u) for u, v in zip(scaled.tolist(), slope.tolist(), strict=True)
        ]
    first, last = max(low for low, _ in intervals), min(high for _, high in intervals)
    return (float(first), float(last)) if first < last else None


def _inside(square: float, product: float, constant: float) -> tuple[float, float]:
    """Interval of s with square s^2 + 2 product s + constant < 1; (inf, -inf) if there is none."""
    if square == 0.0:
        return (-np.inf, np.inf) if constant < 1.0 else (np.inf, -np.inf)
    root = product**2 - square * (constant - 1.0)
    if root <= 0.0:
        return np.inf, -np.inf
    return (-product - root**0.5) / square, (-product + root**0.5) / square


# --- Integrals ------------------------------------------------------------------------------------------


class _Grid(NamedTuple):
    """Fineness of the quadrature.

    Attributes
    ----------
    panels : of the boson energy, with `order` points each
    order : see above
    track : points along the muon's track
    angles : decay angles per boson energy
    lattice : for angles in two dimensions, the multiplier that spreads phi*; 0 leaves phi* out
    """

    panels: int
    order: int
    track: int
    angles: int = 0
    lattice: int = 0


_SMOOTH = (_Grid(16, 20, 48), _Grid(11, 14, 32))
_ROUND = (_Grid(90, 6, 32, 1000), _Grid(57, 6, 32, 640), _Grid(37, 6, 32, 400))
# Neighbours of the Fibonacci sequence make the best lattices in two dimensions.
_ODD = (_Grid(40, 4, 32, 4181, 2584), _Grid(32, 4, 32, 2584, 1597), _Grid(24, 4, 32, 1597, 987))

_GRADES = (1.0, 8.0, 64.0)
"""Where to cut the boson energy next to the pole, in units of its width."""

_Flight = Callable[["_Track", Array, Array, Array, _Grid], Array]


def _gauss(edges: Iterable[float], panels: int, order: int) -> tuple[Array, Array]:
    """Nodes and weights of composite Gauss-Legendre, each interval between edges cut into panels."""
    knots = np.array(list(edges))
    steps = np.linspace(0.0, 1.0, panels + 1)
    cuts = np.append((knots[:-1, None] + np.diff(knots)[:, None] * steps[:-1]).ravel(), knots[-1])
    node, weight = np.polynomial.legendre.leggauss(order)
    half = np.diff(cuts)[:, None] / 2.0
    return (cuts[:-1, None] + half * (1.0 + node)).ravel(), (half * weight).ravel()


def _pieces(edges: Array, panels: int, order: int) -> tuple[Array, Array]:
    """Composite Gauss-Legendre with the panels shared out by length, and two extra ones to each interval."""
    counts = np.ceil(panels * np.diff(edges) / (edges[-1] - edges[0])).astype(int) + 2
    rules = [_gauss(edges[i : i + 2], int(count), order) for i, count in enumerate(counts)]
    return np.concatenate([node for node, _ in rules]), np.concatenate([weight for _, weight in rules])


def _emission(setup: Setup, track: _Track, boson_e: Array, length: Array, order: int) -> Array:
    """Bosons per energy that reach the entry of the decay volume: S(w) [1/GeV], shape of boson_e (n,).

    The integral runs over ln E of the muon, which resolves emission near the end of the range.
    """
    lowest = np.log(np.maximum(track.stop_energy, boson_e + MUON_MASS))[:, None]
    highest = np.log(track.start_energy)
    node, weight = _gauss([0.0, 1.0], 1, order)
    log_energy = lowest + (highest - lowest) * node
    energy = np.exp(log_energy)
    series = _log_chi(setup.block, setup.mass, track.stop_energy, track.start_energy)
    flux = np.exp(np.asarray(series(log_energy)))
    # dsigma/dw dl = dsigma/dx / E * E dlnE / loss
    rate = dsigma_dx(setup, energy, boson_e[:, None] / energy, flux) / setup.block.loss
    ahead = track.entry - (track.start_energy - energy) / setup.block.loss
    nuclei = setup.block.density * 1e6 * AVOGADRO / setup.block.a
    survive = np.exp(-ahead / length[:, None])
    return np.asarray(nuclei * GEV2_TO_M2 * (highest - lowest[:, 0]) * ((rate * survive) @ weight))


def _integrate(setup: Setup, grid: _Grid, flight: _Flight, breaks: tuple[float, ...] = ()) -> Array:
    """Integral over the boson energy of emission times flight, for each muon.

    Parameters
    ----------
    flight : function of the track, boson energy and momentum [GeV], decay length [m] and grid
    breaks : boson energies where the flight has a kink [GeV]

    Returns
    -------
    (muons,) events, weights included
    """
    result = np.zeros(len(setup.muons))
    for i, muon in enumerate(setup.muons):
        track = _track(setup, muon)
        if track is None:
            continue
        end = track.start_energy - MUON_MASS
        # Above this one only the beginning of the track emits. Below it, the pole of a heavy boson lies
        # just outside, at a relative distance of (m_mu/mass)^2.
        turn = track.stop_energy - MUON_MASS
        width = track.stop_energy * (MUON_MASS / setup.mass) ** 2
        inner = {w for w in (*breaks, turn, *(turn - f * width for f in _GRADES)) if setup.mass < w < end}
        # w = mass cosh(eta): velocity and decay length are smooth in eta at threshold.
        edges = np.arccosh(np.array([setup.mass, *sorted(inner), end]) / setup.mass)
        eta, weight = _pieces(edges, grid.panels, grid.order)
        boson_e, boson_p = setup.mass * np.cosh(eta), setup.mass * np.sinh(eta)
        length = boson_p / setup.mass * proper_length(setup)
        emitted = _emission(setup, track, boson_e, length, grid.track)
        decayed = flight(track, boson_e, boson_p, length, grid)
        result[i] = track.weight * np.sum(weight * boson_p * emitted * decayed)
    return result


def _branching(setup: Setup, channels: Iterable[str]) -> float:
    """Sum of the branching ratios of the channels."""
    partial = widths(setup)
    return sum(partial[channel] for channel in channels) / sum(partial.values())


def _compare(factor: float, integrals: list[Array]) -> Quadrature:
    """Sum the first, finest integrals over muons, and their largest differences to the coarser ones.

    Differences add without their signs, lest they cancel by chance. The photon flux and the widths are
    common to all grids: 1e-9 allows for them.
    """
    best = factor * integrals[0]
    differences = [np.abs(best - factor * other) for other in integrals[1:]]
    return Quadrature(float(best.sum()), float(np.max(differences, axis=0).sum() + 1e-9 * best.sum()))


@lru_cache(maxsize=256)
def expected_decays(setup: Setup, channels: tuple[str, ...] | None = None) -> Quadrature:
    """Expected number of decays in the decay volume into some channels.

    Parameters
    ----------
    setup : dump, muons, scalar and decay volume
    channels : of "ee", "mumu", "tautau", "gammagamma"; None means all

    Returns
    -------
    number of decays, in the unit of the muons' weights, and its numerical error
    """

    def flight(track: _Track, _e: Array, _p: Array, length: Array, _grid: _Grid) -> Array:
        return -np.expm1(-(track.exit - track.entry) / length)

    branching = 1.0 if channels is None else _branching(setup, channels)
    return _compare(branching, [_integrate(setup, grid, flight) for grid in _SMOOTH])


@lru_cache(maxsize=256)
def expected_accepted(setup: Setup, channel: str, cuts: Cuts) -> Quadrature:
    """Expected number of decays into one channel whose two daughters pass the cuts.

    Parameters
    ----------
    setup : dump, muons, scalar and decay volume
    channel : "ee", "mumu" or "gammagamma"; photons are not bent
    cuts : plane behind the decay volume, and what is required there

    Returns
    -------
    number of accepted decays, in the unit of the muons' weights, and its numerical error
    """
    _check(setup, cuts)
    daughter = DAUGHTER_MASS[channel]
    if setup.mass <= 2.0 * daughter:
        return Quadrature(0.0, 0.0)
    bends = cuts.has_magnet and channel != "gammagamma"
    is_round = not bends and all(_is_round(muon, cuts) for muon in setup.muons)

    def flight(track: _Track, e: Array, p: Array, length: Array, grid: _Grid) -> Array:
        decay = _Decay(setup.mass, daughter, bends)
        rows = max(1, 100_000 // grid.angles)
        result = np.zeros_like(e)
        energetic = np.flatnonzero(e > 2.0 * cuts.min_energy)
        for part in np.split(energetic, range(rows, energetic.size, rows)):
            result[part] = _acceptance(track, decay, cuts, e[part], p[part], length[part], grid)
        return result

    breaks = _energy_kinks(setup.mass, daughter, cuts.min_energy)
    grids = _ROUND if is_round else _ODD
    branching = _branching(setup, [channel])
    return _compare(branching, [_integrate(setup, grid, flight, breaks) for grid in grids])


def _check(setup: Setup, cuts: Cuts) -> None:
    """Refuse a magnet or a plane inside the decay volume: the intervals would be wrong."""
    stations = [setup.volume.back, *([cuts.magnet] if cuts.has_magnet else []), cuts.plane]
    if not all(here <= there for here, there in pairwise(stations)):
        msg = "decay volume, magnet and plane must follow each other"
        raise ValueError(msg)


def _is_round(muon: Muon, cuts: Cuts) -> bool:
    """Whether nothing depends on the azimuth of the daughters: the ray is the axis of the plane."""
    return muon.position[:2] == cuts.centre and muon.momentum[:2] == (0.0, 0.0)


# --- Acceptance -----------------------------------------------------------------------------------------


class _Decay(NamedTuple):
    """Boson mass and daughter mass [GeV]; whether the daughters bend in the magnet."""

    mass: float
    daughter: float
    bends: bool

    @property
    def speed(self) -> float:
        """Velocity of the daughters in the rest frame."""
        return float(np.sqrt(1.0 - (2.0 * self.daughter / self.mass) ** 2))


class _Line(NamedTuple):
    """Hit of a daughter at the plane, offset + slope s, relative to its centre; x, y [m] and [1]."""

    offset: tuple[Array, Array]
    slope: tuple[Array, Array]
    alive: NDArray[np.bool_]


def _energy_kinks(mass: float, daughter: float, min_energy: float) -> tuple[float, ...]:
    """Boson energies where the energy cut begins to accept, and to accept all decay angles [GeV]."""
    ratio = (2.0 * daughter / mass) ** 2
    # w - 2 min_energy = speed p, squared
    roots = np.roots([ratio, -4.0 * min_energy, 4.0 * min_energy**2 + (1.0 - ratio) * mass**2])
    return (2.0 * min_energy, *(float(root.real) for root in roots if root.imag == 0.0))


def _acceptance(
    track: _Track, decay: _Decay, cuts: Cuts, boson_e: Array, boson_p: Array, length: Array, grid: _Grid
) -> Array:
    """Probability to decay inside the volume and be accepted, for a boson at its entry; all (n,)."""
    speed = decay.speed
    fraction, azimuth, weight = _angles(boson_e.size, grid)
    # Exchange of unbent daughters is a symmetry: half of the range will do.
    fraction = 2.0 * fraction - 1.0 if decay.bends else fraction
    # Largest |cos theta*| at which the softer daughter keeps its energy.
    edge = np.clip((boson_e - 2.0 * cuts.min_energy) / (speed * boson_p), 0.0, 1.0)
    cosine = edge[:, None] * fraction
    across = 0.5 * decay.mass * speed * np.sqrt((1.0 - cosine) * (1.0 + cosine))
    along = 0.5 * speed * boson_e[:, None] * cosine
    half = 0.5 * boson_p[:, None]
    lines = [
        _line(track, decay, cuts, half + sign * along, sign * across, azimuth, sign) for sign in (1.0, -1.0)
    ]
    inside = _accepted_fraction(track, cuts, lines, length[:, None])
    return np.asarray(edge * (inside @ weight))


def _angles(rows: int, grid: _Grid) -> tuple[Array, Array, Array]:
    """Points of the decay angles on the unit interval and the circle, for each of some boson energies.

    Returns
    -------
    fraction, azimuth : (rows, n) in 0..1 and in 0..2 pi [rad]
    weight : (n,) of sum 1
    """
    if grid.lattice == 0:
        fraction, weight = _gauss([0.0, 1.0], grid.angles // 4, 4)
        return np.tile(fraction, (rows, 1)), np.zeros((rows, 1)), weight
    point, row = np.arange(grid.angles), np.arange(rows)[:, None]
    # The lattice is moved from energy to energy: its errors average out instead of adding up.
    u = (point / grid.angles + row * 2.0**0.5) % 1.0
    v = (point * grid.lattice / grid.angles + row * 3.0**0.5) % 1.0
    # A lattice wants periodic functions: fold the interval, there and back.
    return 1.0 - np.abs(2.0 * u - 1.0), 2.0 * np.pi * v, np.full(grid.angles, 1.0 / grid.angles)


def _line(
    track: _Track, decay: _Decay, cuts: Cuts, along: Array, across: Array, azimuth: Array, charge: float
) -> _Line:
    """Hit of one daughter as a function of the decay point.

    Parameters
    ----------
    along, across : (n, m) momentum along the boson's direction and perpendicular to it [GeV]
    azimuth : (n, m) or (n, 1) of the perpendicular momentum [rad]
    """
    first = np.cross(track.direction, [0.0, 1.0, 0.0])
    first /= np.linalg.norm(first)
    second = np.cross(track.direction, first)
    across_u, across_v = across * np.cos(azimuth), across * np.sin(azimuth)
    px, py, pz = (
        along * d + across_u * u + across_v * v
        for d, u, v in zip(track.direction, first, second, strict=True)
    )
    alive = pz > 0.0
    pz = np.where(alive, pz, 1.0)
    turn = cuts.magnet if decay.bends else cuts.plane
    flown = turn - track.origin[2]
    x0, y0 = track.origin[:2] - cuts.centre
    dx, dy, dz = track.direction
    slope = (dx - dz * px / pz, dy - dz * py / pz)
    offset = (x0 + flown * px / pz, y0 + flown * py / pz)
    if decay.bends:
        qx, qy = px + charge * cuts.kick[0], py + charge * cuts.kick[1]
        square = px**2 + py**2 + pz**2 - qx**2 - qy**2
        alive = alive & (square > 0.0)
        qz = np.sqrt(np.where(alive, square, 1.0))
        arm = cuts.plane - cuts.magnet
        offset = (offset[0] + arm * qx / qz, offset[1] + arm * qy / qz)
    return _Line(offset, slope, alive)


def _accepted_fraction(track: _Track, cuts: Cuts, lines: list[_Line], length: Array) -> Array:
    """Probability, for given decay angles, to decay at an accepted point between entry and exit.

    The accepted points form intervals, whose ends are among the crossings of the circles; the middle of
    each interval tells whether it counts.
    """
    apart = _Line(
        (lines[0].offset[0] - lines[1].offset[0], lines[0].offset[1] - lines[1].offset[1]),
        (lines[0].slope[0] - lines[1].slope[0], lines[0].slope[1] - lines[1].slope[1]),
        lines[0].alive & lines[1].alive,
    )
    limits = [(line, r) for line in lines for r in (cuts.radius, cuts.hole) if 0.0 < r < np.inf]
    if cuts.min_separation > 0.0:
        limits.append((apart, cuts.min_separation))
    crossings = [s for line, r in limits for s in _crossings(line, r)]
    shape = np.broadcast_shapes(apart.offset[0].shape, length.shape)
    ends = [np.broadcast_to(s, shape) for s in (*crossings, np.asarray(track.exit))]
    points = np.sort(np.clip(np.stack(ends), track.entry, track.exit), axis=0)
    total = np.zeros(shape)
    before, survive = np.full(shape, track.entry), np.ones(shape)
    for point in points:
        left = np.exp(-(point - track.entry) / length)
        good = _passes(cuts, lines, apart, 0.5 * (before + point))
        total += np.where(good, survive - left, 0.0)
        before, survive = point, left
    return np.where(apart.alive, total, 0.0)


def _passes(cuts: Cuts, lines: list[_Line], apart: _Line, s: Array) -> NDArray[np.bool_]:
    """Whether the hits at the plane fulfil the cuts if the boson decays at s [m]."""
    good = np.ones(s.shape, dtype=np.bool_)
    for line in lines:
        square = _square(line, s)
        good &= (square <= cuts.radius**2) & (square >= cuts.hole**2)
    if cuts.min_separation > 0.0:
        good &= _square(apart, s) >= cuts.min_separation**2
    return good


def _square(line: _Line, s: Array) -> Array:
    """Squared distance from the origin at s [m^2]."""
    x, y = (offset + slope * s for offset, slope in zip(line.offset, line.slope, strict=True))
    return np.asarray(x**2 + y**2)


def _crossings(line: _Line, radius: float) -> tuple[Array, Array]:
    """Both s where the hit is at a radius; where it never is, points that cut nothing (infinite)."""
    (x, y), (u, v) = line.offset, line.slope
    square = np.maximum(u * u + v * v, 1e-300)
    product = u * x + v * y
    # The discriminant through the cross product: x^2 + y^2 would cancel against (u x + v y)^2.
    root = square * radius**2 - (x * v - y * u) ** 2
    crosses = root > 0.0
    width = np.sqrt(np.where(crosses, root, 0.0))
    low = np.where(crosses, (-product - width) / square, -np.inf)
    high = np.where(crosses, (-product + width) / square, np.inf)
    return low, high


# --- Setups that tests run over ---------------------------------------------------------------------------


def muon(
    energy: float,
    position: tuple[float, float, float] = (0.0, 0.0, 0.0),
    slopes: tuple[float, float] = (0.0, 0.0),
    weight: float = 1e12,
    charge: int = -1,
) -> Muon:
    """Build a muon from its total energy [GeV] and slopes dx/dz, dy/dz; weight: see Muon."""
    pz = float(np.sqrt((energy**2 - MUON_MASS**2) / (1.0 + slopes[0] ** 2 + slopes[1] ** 2)))
    return Muon(weight, position, (slopes[0] * pz, slopes[1] * pz, pz), charge)


COPPER = Block(z=29, a=63.546, density=8.96, front=0.0, back=1.0, loss=1.25)
"""The block of the two published numbers."""

TAX = Block(z=29, a=63.546, density=8.96, front=0.0, back=3.2, loss=1.257)
MOLYBDENUM = Block(z=42, a=95.95, density=10.22, front=0.0, back=1.5, loss=1.359)

SLAB = Volume("slab", 80.0, 160.0)
CYLINDER = Volume("ellipse", 82.2, 157.2, (1.0, 1.0))
ELLIPSE = Volume("ellipse", 54.7, 104.7, (2.5, 5.0))
BOX = Volume("box", 10.0, 30.0, (1.25, 1.25), (2.5, 0.0))

_AXIS_100 = (muon(100.0, weight=1.0),)
_MIXED = (
    muon(100.0, (0.01, -0.02, 0.1), (0.002, -0.001), 1e12, -1),
    muon(60.0, (0.00, 0.03, 0.4), (-0.006, 0.004), 4e12, 1),
    muon(25.0, (-0.05, 0.0, 0.9), (0.004, 0.009), 2e13, -1),
    muon(12.0, (0.0, 0.0, 1.6), (0.0, 0.0), 5e13, 1),
    muon(8.0, (0.1, 0.1, 0.2), (0.03, 0.0), 1e14, -1),
)

SETUPS: dict[str, Setup] = {
    "leptophilic_slab": Setup(_AXIS_100, COPPER, SLAB, 0.05, leptophilic(2e-4)),
    "muonphilic_slab": Setup(_AXIS_100, COPPER, SLAB, 0.05, muonphilic(1e-3)),
    # A ray exactly along the axis direction never crosses the side: the quadratic equation degenerates.
    "cylinder_parallel": Setup((muon(80.0, (0.6, -0.3, 0.2)),), TAX, CYLINDER, 0.05, leptophilic(1e-4)),
    "cylinder_leave_side": Setup(
        (muon(100.0, (0.02, -0.01, 0.3), (0.006, 0.005)),), TAX, CYLINDER, 0.1, muonphilic(5e-4)
    ),
    "cylinder_enter_side": Setup(
        (muon(70.0, (2.0, 0.1, 0.5), (-0.0085, 0.002), charge=1),), TAX, CYLINDER, 0.05, leptophilic(1e-4)
    ),
    "ellipse_leave_side": Setup(
        (muon(40.0, (0.0, 0.02, 0.05), (0.005, 0.06)),), MOLYBDENUM, ELLIPSE, 0.03, leptophilic(2e-4)
    ),
    "box_off_axis": Setup((muon(30.0, (0.0, 0.0, 0.5), (0.095, 0.02)),), TAX, BOX, 0.15, muonphilic(5e-4)),
    "stopping": Setup((muon(3.0, (0.0, 0.0, 0.2)),), TAX, SLAB, 0.02, leptophilic(2e-4)),
    "stopping_at_cut": Setup((muon(4.0),), TAX, SLAB, 0.04, leptophilic(1e-4), 10.0),
    "validity_limit": Setup(
        # The second muon is below the limit from the start, the third passes it without reaching the back.
        (muon(3.4, (0.0, 0.0, 0.1)), muon(2.9), muon(5.0, (0.0, 0.0, 0.5), charge=1)),
        TAX,
        SLAB,
        0.3,
        leptophilic(5e-8),
        10.0,
    ),
    "mixed_flux": Setup(_MIXED, TAX, CYLINDER, 0.05, leptophilic(1e-4), 10.0),
    "mixed_flux_muonphilic": Setup(_MIXED, TAX, CYLINDER, 0.15, muonphilic(3e-4), 10.0),
    # One muon starts behind the dump, one flies backwards: neither counts.
    "strays": Setup(
        (muon(50.0), muon(50.0, (0.0, 0.0, 3.3)), Muon(1e12, (0.0, 0.0, 1.0), (0.0, 0.0, -20.0))),
        TAX,
        SLAB,
        0.05,
        leptophilic(1e-4),
    ),
    "mumu_threshold": Setup((muon(100.0),), TAX, CYLINDER, 0.2115, leptophilic(1.5e-5)),
    "mumu": Setup((muon(100.0),), TAX, CYLINDER, 0.25, leptophilic(5e-7)),
    "mumu_inclined": Setup(
        (muon(120.0, (0.1, 0.05, 0.7), (0.004, -0.002)),), TAX, CYLINDER, 0.3, muonphilic(3e-7), 3.0
    ),
    "custom_couplings": Setup((muon(60.0),), TAX, SLAB, 0.08, (-5e-7, 3e-4, 1e-2)),
    "light": Setup((muon(160.0),), TAX, SLAB, 0.005, leptophilic(1e-3)),
    "tautau": Setup((muon(200.0, weight=1e22),), TAX, SLAB, 4.0, (0.0, 2e-8, 3e-8)),
}
"""Name -> setup; all of one muon and of several, dumps, apertures, masses, couplings."""


class Selection(NamedTuple):
    """A setup by its name, a channel, and cuts on the daughters."""

    setup: str
    channel: str
    cuts: Cuts


SELECTIONS: dict[str, Selection] = {
    "photons_energy": Selection("muonphilic_slab", "gammagamma", Cuts(170.0, radius=1.0, min_energy=10.0)),
    "photons_hole": Selection(
        "muonphilic_slab",
        "gammagamma",
        Cuts(218.4, radius=1.13, hole=0.15, min_energy=1.0, min_separation=0.1),
    ),
    "electrons_hole": Selection("leptophilic_slab", "ee", Cuts(180.0, radius=1.0, hole=0.1, min_energy=5.0)),
    "electrons_magnet": Selection(
        "leptophilic_slab",
        "ee",
        Cuts(218.4, radius=1.2, hole=0.08, min_energy=5.0, kick=(-0.27, 0.0), magnet=173.9),
    ),
    "electrons_parallel": Selection("cylinder_parallel", "ee", Cuts(180.0, radius=1.0, min_energy=5.0)),
    "photons_leave_side": Selection(
        "cylinder_leave_side",
        "gammagamma",
        Cuts(170.0, radius=1.4, hole=1.2, min_energy=1.0, min_separation=0.1),
    ),
    "electrons_enter_side": Selection("cylinder_enter_side", "ee", Cuts(195.6, radius=1.0, min_energy=2.0)),
    "electrons_ellipse_magnet": Selection(
        "ellipse_leave_side",
        "ee",
        Cuts(116.0, 0.8, 0.0, (0.5, 6.5), min_energy=1.0, kick=(0.0, 0.225), magnet=108.2),
    ),
    "photons_box": Selection(
        "box_off_axis", "gammagamma", Cuts(36.0, radius=1.25, centre=(2.5, 0.0), min_energy=1.0)
    ),
    "electrons_stopping": Selection("stopping", "ee", Cuts(162.0, radius=0.5, min_energy=0.3)),
    "photons_validity_limit": Selection("validity_limit", "gammagamma", Cuts(162.0, radius=4.0)),
    "muons_validity_limit": Selection("validity_limit", "mumu", Cuts(162.0, radius=2.0, min_energy=0.5)),
    "electrons_mixed_flux": Selection("mixed_flux", "ee", Cuts(180.0, radius=1.2, hole=0.1, min_energy=1.0)),
    "photons_mixed_flux": Selection(
        "mixed_flux_muonphilic", "gammagamma", Cuts(218.4, radius=1.2, min_energy=1.0, min_separation=0.1)
    ),
    "muons_threshold": Selection(
        "mumu_threshold", "mumu", Cuts(180.0, radius=0.005, hole=0.001, min_energy=5.0)
    ),
    "muons": Selection("mumu", "mumu", Cuts(180.0, radius=0.15, min_energy=20.0)),
    "muons_magnet": Selection(
        "mumu", "mumu", Cuts(195.6, radius=0.35, min_energy=5.0, kick=(-0.27, 0.0), magnet=173.9)
    ),
    "muons_inclined": Selection("mumu_inclined", "mumu", Cuts(195.6, radius=1.0, min_energy=10.0)),
}
"""Name -> selection."""
