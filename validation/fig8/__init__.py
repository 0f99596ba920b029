"""Contours of the paper's Fig. 8, and what changes with the exact matrix element."""
