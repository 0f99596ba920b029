"""What the variations of a card say of the uncertainty of a yield."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from mcgen.card.variations import VariationTable
from mcgen.digits import two_digits
from mcgen.metadata import Metadata
from mcgen.record.columns import weight_column
from mcgen.types import Array

Shifts = Sequence[Array]
"""Differences (n,) between varied values and nominal ones, of the variations of one kind."""


def _in_quadrature(shifts: Shifts) -> Array:
    return np.asarray(np.sqrt(sum(shift * shift for shift in shifts)))


def _largest(shifts: Shifts) -> Array:
    return np.asarray(np.max(np.abs(shifts), axis=0))


_RULES: dict[str, tuple[str, Callable[[Shifts], Array]]] = {
    "flux": ("flux model", _in_quadrature),
    "stopping_power": ("stopping power", _in_quadrature),
    "form_factor": ("form factor", _largest),
    "method": ("method", _largest),
}
"""What uncertainties of a kind are called, and how shifts become one: causes that have nothing to do with each other
add in quadrature; of alternatives to one and the same thing the largest counts. Another coupling is no uncertainty."""


def systematic_errors(
    variations: Iterable[VariationTable], nominal: Array, varied: Mapping[str, Array]
) -> dict[str, Array]:
    """Return the systematic uncertainty (n,) of each kind, by its name for people.

    Parameters
    ----------
    nominal : (n,) yields
    varied : (n,) the same of variations, by their names
    """
    shifts: dict[str, list[Array]] = {}
    for variation in variations:
        if variation.kind in _RULES and variation.name in varied:
            shifts.setdefault(variation.kind, []).append(varied[variation.name] - nominal)
    return {label: rule(shifts[kind]) for kind, (label, rule) in _RULES.items() if kind in shifts}


def systematics_of(metadata: Metadata, which: str = "accepted") -> dict[str, float]:
    """Return the systematic uncertainties of a yield, "fiducial" or "accepted", by their names for people."""
    nominal = np.array([metadata.outcome.yields[which].value])
    varied = {
        name: np.array([yields[which].value])
        for name, yields in metadata.outcome.variations.items()
        if which in yields
    }
    errors = systematic_errors(metadata.provenance.card.variations, nominal, varied)
    return {label: float(error[0]) for label, error in errors.items()}


def in_one_line(metadata: Metadata) -> str:
    """Say what is accepted, with all that is known of its uncertainty."""
    accepted = metadata.outcome.accepted
    errors = {"integration": accepted.mc_error}
    if metadata.provenance.flux.sampled:
        errors["flux sample"] = accepted.flux_error
    errors |= systematics_of(metadata)
    said = (f"+- {two_digits(error)} ({label})" for label, error in errors.items())
    return " ".join([f"accepted {accepted.value:.4g}", *said])


def varied_rows(metadata: Metadata) -> Iterator[list[str]]:
    """Yield for each variation what it is, its yields, and the ratio of the accepted one to the nominal one, in words."""
    nominal = metadata.outcome.accepted.value
    meaning = {
        weight_column(variation.name): variation.in_words()
        for variation in metadata.provenance.card.variations
    }
    for name, yields in metadata.outcome.variations.items():
        known = [yields.get(kind) for kind in metadata.outcome.yields]
        values = ["-" if found is None else f"{found.value:.4g}" for found in known]
        ratio = f"{yields['accepted'].value / nominal:.4f}" if nominal and "accepted" in yields else "-"
        column = weight_column(name)
        yield [f"{column}: {meaning.get(column, '')}", *values, ratio]


def total_systematic(errors: Mapping[str, Array]) -> Array:
    """Uncertainty (n,) of all kinds together, in quadrature."""
    return _in_quadrature(list(errors.values()))
