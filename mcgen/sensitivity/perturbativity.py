"""Up to which couplings perturbation theory, and with it a scan, is to be trusted."""

from __future__ import annotations

from math import pi, sqrt

from mcgen.card import Card

LARGEST = sqrt(4.0 * pi)
"""Coupling to a lepton, g^2/(4 pi) = 1, beyond which orders that are left out are as large as those that are kept."""


def perturbative_limit(card: Card) -> float:
    """Coupling to muons at which the largest of a card's couplings to leptons is sqrt(4 pi); they keep their ratios.

    In leptophilic models that is the coupling to the tau.
    """
    boson = card.model.boson()
    return LARGEST * abs(boson.g_mu) / max(abs(g) for g in boson.couplings)
