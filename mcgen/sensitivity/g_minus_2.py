"""What the muon's g-2 says about the coupling."""

from __future__ import annotations

from math import sqrt

from mcgen.card import Card
from mcgen.physics.models import delta_a_mu

FAVOURED, EXCLUDED = 2.0, 5.0
"""Standard deviations within which the measurement is explained, and beyond which a coupling is excluded."""


def g_minus_2_couplings(card: Card, mass: float) -> dict[str, float | None]:
    """Couplings that explain the card's measurement at a mass [GeV], and those beyond which it excludes.

    Returns
    -------
    "g_low" and "g_high" of the favoured band, "g_excluded"; None where no coupling does that
    """
    table = card.g_minus_2
    per_square = delta_a_mu(card.model.particle, mass, 1.0)
    # A pseudoscalar lowers g-2: the distance to the measurement is counted in its direction.
    value = table.value if per_square > 0.0 else -table.value

    def coupling(deviations: float) -> float | None:
        shift = value + deviations * table.error
        return sqrt(shift / abs(per_square)) if shift > 0.0 else None

    high = coupling(FAVOURED)
    low = coupling(-FAVOURED) if high is not None else None
    return {
        "g_low": 0.0 if high is not None and low is None else low,
        "g_high": high,
        "g_excluded": coupling(EXCLUDED),
    }
