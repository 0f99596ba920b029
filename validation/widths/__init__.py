"""Widths and lifetimes against closed forms in many digits."""
