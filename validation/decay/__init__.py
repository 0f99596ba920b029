"""Decays against closed forms."""
