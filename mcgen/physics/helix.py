"""The way of a charged particle through matter in a uniform magnetic field.

dn/ds = q (0.2998 GeV/(T m)) n x B/p (the Lorentz force; n the unit direction, s the length of the way): a rotation
about B, whatever the energy loss does to p on the way, by the angle phi = -q 0.2998 B int ds/p. The end of the way is
the integral of n. Both integrals are Gauss quadratures in the logarithm of the range that is left, in which 1/p is
smooth; the angle at each node is that of the polynomial through 1/p at all of them.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from mcgen.constants import MUON_MASS, SPEED_OF_LIGHT
from mcgen.physics.energy_loss import EnergyLoss
from mcgen.physics.kinematics import momentum_of
from mcgen.types import Array

RIGIDITY = SPEED_OF_LIGHT
"""Momentum over field times radius [GeV/(T m)]: the speed of light in m/ns, as 1 V s = 1 T m^2."""

NODES = 6
"""Of the quadratures. Over 5 m of iron with 1.6 T they are good to 1e-9 m and rad from 20 GeV on (that end with 12), and
to 2e-7 from 8 GeV on (that end with 0.9, bent by 0.76 rad): what is left is the interpolation of the range tables."""


@cache
def _rule(count: int) -> tuple[Array, Array, Array]:
    """Gauss-Legendre nodes and weights on [0, 1], and the matrix of the integrals from 0 to each node."""
    node, weight = np.polynomial.legendre.leggauss(count)
    legendre = np.polynomial.legendre.legvander(node, count - 1)
    primitive = np.stack(
        [
            np.polynomial.legendre.legval(node, np.polynomial.legendre.legint(column, lbnd=-1.0))
            for column in np.eye(count)
        ],
        axis=1,
    )
    return 0.5 * (1.0 + node), 0.5 * weight, 0.5 * primitive @ np.linalg.inv(legendre)


def curvature(energy: Array, field: tuple[float, float]) -> Array:
    """Angle per length (n,) [rad/m] by which muons are turned at most: 0.2998 B/p."""
    return RIGIDITY * float(np.hypot(*field)) / np.maximum(momentum_of(energy, MUON_MASS), 1e-300)


def bent(
    start: tuple[Array, Array, Array],
    charge: Array,
    field: tuple[float, float],
    loss: EnergyLoss,
    length: Array,
    nodes: int = NODES,
) -> tuple[Array, Array]:
    """Follow muons through matter in a uniform field.

    Parameters
    ----------
    start : position (3, n) [m], unit direction (3, n) and total energy (n,) [GeV]
    charge : (n,) in units of the positron's
    field : along x and y [T], not zero
    loss : of the matter
    length : (n,) of the way, at most to where the muons stop [m]
    nodes : of the quadratures

    Returns
    -------
    position, direction : (3, n) each, at the end [m]
    """
    position, direction, energy = start
    strength = float(np.hypot(*field))
    axis = np.array([[field[0] / strength], [field[1] / strength], [0.0]])
    node, weight, integral = _rule(nodes)
    measure, here = loss.along(energy, length, node)
    turn = (-RIGIDITY * strength * charge) * (measure / momentum_of(here, MUON_MASS))
    # Sums over nodes one by one: how BLAS orders them depends on what else is in the block.
    angle = (integral[:, :, None] * turn).sum(axis=1)
    total = (weight[:, None] * turn).sum(axis=0)

    parallel = axis * (axis[0] * direction[0] + axis[1] * direction[1])
    across = direction - parallel
    normal = np.cross(axis, direction, axis=0)
    ahead, aside = ((weight[:, None] * measure * way(angle)).sum(axis=0) for way in (np.cos, np.sin))
    end = position + length * parallel + ahead * across + aside * normal
    return end, parallel + np.cos(total) * across + np.sin(total) * normal
