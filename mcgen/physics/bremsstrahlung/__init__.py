"""Cross-sections of mu N -> mu N X, one module an approximation."""
