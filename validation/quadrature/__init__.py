"""Yields of `iww` against nested quadrature."""
