"""Whether the quoted errors cover."""
