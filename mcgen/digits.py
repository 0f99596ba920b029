"""Numbers as people read them."""

from __future__ import annotations


def two_digits(value: float) -> str:
    """Write an error with two significant digits, zeros among them, and no exponent where people would write none.

    Examples
    --------
    >>> from mcgen.digits import two_digits
    >>> two_digits(2.04), two_digits(19.99), two_digits(1234.0), two_digits(2e-7), two_digits(430_000.0)
    ('2.0', '20', '1200', '2.0e-07', '4.3e+05')
    """
    rounded = float(f"{value:.2g}")
    if 100.0 <= abs(rounded) < 1e5:
        return f"{rounded:g}"
    return f"{rounded:#.2g}".removesuffix(".")
