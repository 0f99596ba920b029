"""Magnets: dipoles, as kicks at their centres."""

from __future__ import annotations

import numpy as np

from mcgen.experiment.element import Element
from mcgen.fields import KickPair
from mcgen.physics.kinematics import dot
from mcgen.types import Array

CHARGE = {11: -1, 13: -1, 15: -1, -11: 1, -13: 1, -15: 1}
"""Charges by PDG code; all others are neutral."""


class MagnetTable(Element):
    """A dipole, as a kick at its centre."""

    kick_gev: KickPair
    """What is added to (px, py) of charge +1 [GeV]."""

    def kicked(self, momentum: Array, charge: int) -> Array:
        """Momenta behind the magnet: |p| is kept, and pz is NaN for who would be turned round.

        Parameters
        ----------
        momentum : (3, n) in front of it [GeV]
        charge : in units of the positron's

        Returns
        -------
        (3, n) [GeV]
        """
        px, py = momentum[0] + charge * self.kick_gev[0], momentum[1] + charge * self.kick_gev[1]
        left = dot(momentum, momentum) - px * px - py * py
        return np.stack([px, py, np.sqrt(np.where(left > 0.0, left, np.nan))])
