"""J/psi against measurements."""
