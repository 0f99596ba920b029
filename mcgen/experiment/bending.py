"""How far a muon gets in a layer with a magnetic field."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcgen.physics.energy_loss import EnergyLoss
from mcgen.physics.helix import bent, curvature
from mcgen.types import Array, Bools

_TURN = 0.1
"""Largest angle of a step [rad]: a step along the tangent is then off by a twentieth of its length at most."""

_FORWARDS = 0.1
"""Cosine to the beam below which a muon in a field counts as turned back, whose bosons go nowhere near a detector."""

_CLOSE = 1e-11
"""Where steps have become as short as this, a muon has arrived [m]."""

_STEPS = 200
"""Steps of `_TURN` make some three turns; most muons need five."""


def bent_leg(
    start: tuple[Array, Array, Array],
    charge: Array,
    field: tuple[float, float],
    loss: EnergyLoss,
    min_energy: float,
    to_exit: Callable[[Array, Array], Array],
) -> Array:
    """Length of the way of muons in a layer with a field, as far as they get.

    Newton's method: a step goes along the tangent to where that leaves the layer, or back to where it has left it; the
    way itself is computed anew from the start, so that steps do not add up errors.

    Parameters
    ----------
    start : position (3, n) [m], unit direction (3, n) and total energy (n,) [GeV]
    charge : (n,) in units of the positron's
    field : along x and y [T], not zero
    loss, min_energy : of the matter; the energy at which the way ends [GeV]
    to_exit : path (n,) [m] along rays, from positions and directions (3, n), to where they leave the layer

    Returns
    -------
    (n,) [m]
    """
    position, direction, energy = start
    most = loss.length_to(energy, min_energy)
    length = np.zeros_like(energy)
    active = np.flatnonzero((direction[2] >= _FORWARDS) & (most > 0.0))
    step = np.full(len(energy), np.inf)
    here = position[:, active], direction[:, active], energy[active]
    for _ in range(_STEPS):
        if not len(active):
            break
        wanted = to_exit(here[0], here[1])
        # Where the tangent misses the layer altogether, half of the last step was too much.
        wanted = np.where(np.isfinite(wanted), wanted, -0.5 * np.minimum(step[active], most[active]))
        wanted = np.minimum(wanted, _TURN / curvature(here[2], field))
        before = length[active]
        after = np.clip(before + wanted, 0.0, most[active])
        length[active], step[active] = after, np.abs(after - before)
        begin = position[:, active], direction[:, active], energy[active]
        end = bent(begin, charge[active], field, loss, after)
        going: Bools = (step[active] > _CLOSE) & (after < most[active]) & (end[1][2] >= _FORWARDS)
        here = end[0][:, going], end[1][:, going], loss.energy_after(energy[active], after)[going]
        active = active[going]
    return length
