"""What the muon's g-2 says about the coupling."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt

from mcgen.card import Card
from mcgen.physics.models import delta_a_mu

FAVOURED, EXCLUDED = 2.0, 5.0
"""Standard deviations within which the measurement is explained, and beyond which a coupling is excluded."""


def g_minus_2_couplings(card: Card, mass: float) -> dict[str, float | None]:
    """Couplings that explain the card's measurement at a mass [GeV], and those beyond which it excludes.

    Returns
    -------
    "g_low" and "g_high" of the favoured band, "g_excluded"; None where no coupling does that, and of the band where
    no coupling at all agrees with the measurement, too (`why_no_band`)
    """
    table = card.g_minus_2
    per_square = delta_a_mu(card.model.particle, mass, 1.0)
    # A pseudoscalar lowers g-2: the distance to the measurement is counted in its direction.
    value = table.value if per_square > 0.0 else -table.value

    def coupling(deviations: float) -> float | None:
        shift = value + deviations * table.error
        return sqrt(shift / abs(per_square)) if shift > 0.0 else None

    low = coupling(-FAVOURED)
    return {
        "g_low": low,
        "g_high": None if low is None else coupling(FAVOURED),
        "g_excluded": coupling(EXCLUDED),
    }


def why_no_band(card: Card, masses: Sequence[float]) -> str:
    """Say in a few words why no coupling is favoured at any mass [GeV]; empty if there is one."""
    if any(g_minus_2_couplings(card, mass)["g_low"] is not None for mass in masses):
        return ""
    if abs(card.g_minus_2.value) <= FAVOURED * card.g_minus_2.error:
        return "agrees without a boson"
    return f"a {card.model.particle} shifts it the other way"
