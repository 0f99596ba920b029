"""How shifts of variations become an uncertainty, and the bins of spectra that show it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcgen.analysis.systematics import systematic_errors, total_systematic
from mcgen.card.variations import VariationTable
from mcgen.survey.histogram import YieldHistogram

KINDS: list[tuple[str, str, dict[str, Any]]] = [
    ("a", "flux", {"factor": 0.5}),
    ("b", "flux", {"factor": 2.0}),
    ("c", "form_factor", {"model": "helm"}),
    ("d", "form_factor", {"model": "pauli"}),
    ("e", "coupling", {"g_mu": 1.0}),
    ("not_counted", "method", {"method": "ww"}),
]


def test_causes_add_in_quadrature_and_of_alternatives_the_largest_counts() -> None:
    variations = [
        VariationTable.model_validate({"name": name, "kind": kind, **keys}) for name, kind, keys in KINDS
    ]
    nominal = np.array([10.0, 0.0])
    shifts = {"a": -3.0, "b": 4.0, "c": 1.0, "d": -2.0, "e": 50.0}
    errors = systematic_errors(variations, nominal, {name: nominal + shift for name, shift in shifts.items()})
    assert {name: values.tolist() for name, values in errors.items()} == {
        "flux model": [5.0, 5.0],
        "form factor": [2.0, 2.0],
    }
    assert total_systematic(errors) == pytest.approx(np.sqrt(29.0))


def test_a_spectrum_counts_accepted_events_with_other_weights() -> None:
    spectrum = YieldHistogram(np.arange(5.0))
    values, accepted = np.array([0.5, 1.5, 1.6, 9.0]), np.array([True, True, False, True])
    for _ in range(2):
        others = {"variation": {"a": np.array([1.0, 2.0, 4.0, 8.0])}}
        spectrum.add(values, np.ones(4), accepted, np.zeros(4, int), others)
    assert spectrum.others("variation")["a"].tolist() == [0.0, 2.0, 4.0, 0.0, 0.0, 16.0]
    assert spectrum.merged(2).others("variation")["a"].tolist() == [0.0, 6.0, 0.0, 16.0]
