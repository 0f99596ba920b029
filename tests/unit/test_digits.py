"""Errors in two digits."""

from __future__ import annotations

import pytest

from mcgen.digits import two_digits


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (2.04, "2.0"),
        (0.30, "0.30"),
        (19.99, "20"),
        (41.3, "41"),
        (99.7, "100"),
        (1234.0, "1200"),
        (43_210.0, "43000"),
        (432_100.0, "4.3e+05"),
        (5e6, "5.0e+06"),
        (2e-7, "2.0e-07"),
        (0.0, "0.0"),
        (float("inf"), "inf"),
        (float("nan"), "nan"),
    ],
)
def test_an_error_has_two_digits(value: float, written: str) -> None:
    assert two_digits(value) == written
