"""Expected numbers of decays from a dump of magnetised layers by nested quadrature, apart from the Monte Carlo.

As in `tests.oracle.quadrature`, emission is collinear and the loss of energy constant in each layer. With
dE/ds = -k the angle by which a field B turns the direction is a closed form,

    phi = 0.2998 q B/k [arcosh(E0/m) - arcosh(E/m)],

0.2998 q B/k ln(E0/E) for beta = 1, and so are the directions along the track; places are integrals of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from mcgen.constants import AVOGADRO, GEV2_TO_M2, MUON_MASS
from tests.oracle.quadrature import Array, Block, Quadrature, Setup, _chord, _gauss, _log_chi, dsigma_dx

RIGIDITY = 0.299792458
"""[GeV/(T m)]"""


HIGHEST = 50.0
"""Largest energy of muons [GeV]."""


@dataclass(frozen=True, slots=True)
class Magnetised:
    """A layer of the dump.

    Attributes
    ----------
    block : what it is of, and where
    field : Bx, By [T]
    """

    block: Block
    field: tuple[float, float]


def _turned(direction: Array, axis: Array, angle: Array) -> Array:
    """Direction (3,) turned about an axis (3,) by angles (n,): Rodrigues' formula, (n, 3)."""
    cos, sin = np.cos(angle)[:, None], np.sin(angle)[:, None]
    return np.asarray(
        direction * cos + np.cross(axis, direction) * sin + axis * (axis @ direction) * (1.0 - cos)
    )


def _along(layer: Magnetised, charge: int, direction: Array, start: float, way: Array) -> tuple[Array, Array]:
    """Energy (n,) and direction (n, 3) after ways (n,) in a layer, from an energy and a direction (3,)."""
    energy = start - layer.block.loss * way
    strength = float(np.hypot(*layer.field))
    if strength == 0.0:
        return energy, np.broadcast_to(direction, (len(way), 3))
    axis = np.array([*layer.field, 0.0]) / strength
    turn = np.arccosh(start / MUON_MASS) - np.arccosh(energy / MUON_MASS)
    # The Lorentz force q v x B turns against B for positive charge.
    return energy, _turned(direction, axis, -charge * RIGIDITY * strength / layer.block.loss * turn)


def _decays(
    setup: Setup, layers: Sequence[Magnetised], charge: int, energy: float, ctau: float, panels: int
) -> float:
    """Decays in the volume of a muon along the axis."""
    direction, origin, total = np.array([0.0, 0.0, 1.0]), np.zeros(3), 0.0
    for layer in layers:
        block = layer.block
        # Where it leaves: z of the way by Newton's method.
        length = block.back - block.front
        for _ in range(20):
            node, weight = _gauss([0.0, length], 8, 12)
            z = origin[2] + weight @ _along(layer, charge, direction, energy, node)[1][:, 2]
            end = _along(layer, charge, direction, energy, np.array([length]))[1][0]
            length += (block.back - z) / end[2]
        place = origin.copy()
        nuclei = block.density * 1e6 * AVOGADRO / block.a * GEV2_TO_M2
        cuts = np.linspace(0.0, length, panels + 1)
        for low, high in pairwise(cuts.tolist()):
            node, weight = _gauss([low, high], 1, 4)
            here, ahead = _along(layer, charge, direction, energy, node)
            for s, w, e, n in zip(node, weight, here, ahead, strict=True):
                inner, share = _gauss([low, s], 1, 4)
                point = place + share @ _along(layer, charge, direction, energy, inner)[1]
                chord = _chord(setup.volume, point, n)
                if chord is not None:
                    total += w * nuclei * _emitted(setup, block, e, ctau, chord)
            place = place + weight @ ahead
        end_energy, end_direction = _along(layer, charge, direction, energy, np.array([length]))
        origin, direction, energy = place, end_direction[0], float(end_energy[0])
    return total


def _emitted(setup: Setup, block: Block, energy: float, ctau: float, chord: tuple[float, float]) -> float:
    """Cross-section [GeV^-2] times the probability to decay between two distances [m], over boson energies."""
    eta, weight = _gauss([0.0, np.arccosh((energy - MUON_MASS) / setup.mass)], 6, 10)
    boson_e, boson_p = setup.mass * np.cosh(eta), setup.mass * np.sinh(eta)
    series = _log_chi(block, setup.mass, setup.mass + MUON_MASS, HIGHEST)
    flux = np.full_like(eta, np.exp(series(np.log(energy))))
    rate = dsigma_dx(setup, np.full_like(eta, energy), boson_e / energy, flux) / energy
    length = boson_p / setup.mass * ctau
    decay = np.exp(-chord[0] / length) * -np.expm1(-(chord[1] - chord[0]) / length)
    return float(np.sum(weight * boson_p * rate * decay))


def expected_bent_decays(
    setup: Setup, layers: Sequence[Magnetised], charge: int, energy: float, ctau: float
) -> Quadrature:
    """Expected number of decays in the volume of one muon along the axis.

    Parameters
    ----------
    setup : scalar and decay volume; its muons and its block are not used
    layers : from the front at z = 0 to the back, without gaps; the muon gets through all of them
    charge, energy : of the muon; total energy, at most `HIGHEST` [GeV]
    ctau : of the scalar [m]
    """
    fine, coarse = (_decays(setup, layers, charge, energy, ctau, panels) for panels in (240, 150))
    return Quadrature(fine, abs(fine - coarse) + 1e-6 * fine)
