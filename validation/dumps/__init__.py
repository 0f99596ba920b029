"""Yields with the dumps as they are built, with and without the mesons of the same dump."""
