"""Cards: what a run computes, as typed, checked, frozen tables."""

from mcgen.card.loading import find_card, flux_table, load_card, shipped_card, shipped_cards
from mcgen.card.run_tables import Card

__all__ = ["Card", "find_card", "flux_table", "load_card", "shipped_card", "shipped_cards"]
