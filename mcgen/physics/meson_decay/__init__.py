"""Decays of charged mesons that make a boson, M -> mu nu X: invariants, and widths."""
