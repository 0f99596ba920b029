"""Cards: what a run computes, as typed, checked, frozen tables."""

from mcgen.card.card import Card, flux_table, load_card
from mcgen.card.shipped import find_card, shipped_card, shipped_cards

__all__ = ["Card", "find_card", "flux_table", "load_card", "shipped_card", "shipped_cards"]
