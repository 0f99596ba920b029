"""Events of one coupling as events of another: exact, because all widths scale with the coupling squared."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from dataclasses import replace
from math import sqrt

import numpy as np

from mcgen.analysis.yields import Tally
from mcgen.card.variations import VariationTable
from mcgen.errors import UsageError
from mcgen.metadata import Metadata, Outcome, Provenance
from mcgen.record.columns import AnyArray, Record, weight_column
from mcgen.types import Array
from mcgen.weights import effective_size, weight_factor

_log = logging.getLogger(__name__)

MIN_EFFECTIVE = 25.0
"""Effective size below which reweighted events say nothing."""

FEW_EFFECTIVE = 100.0
"""Effective size below which the error of a yield is above a tenth, and itself uncertain: said as a warning."""

MAX_SPREAD, MIN_SHARE = 100.0, 0.98
"""Mean square over squared mean of a boson's factor above which its sample lacks what matters; share without."""

_NEEDED = (
    "weight",
    "accepted",
    "failed",
    "parent_group",
    "process",
    "channel",
    "decay_path",
    "decay_length",
    "path_in",
    "path_out",
    "p_decay",
)


def reweight(
    columns: Mapping[str, AnyArray], metadata: Metadata | None, g_mu: float
) -> tuple[Record, Metadata]:
    """Give events the weights that they have at another coupling; the others keep their ratios to it.

    The yields and the cut flow in the metadata are those of the rows that are given.

    Parameters
    ----------
    columns, metadata : of events as `mcgen.generate` makes them
    g_mu : coupling to muons, above 0

    Returns
    -------
    The columns and the metadata of the events with their new weights; with a logged warning where the sample leaves
    fewer than `FEW_EFFECTIVE` effective events

    Raises
    ------
    UsageError
        If the card gives the lifetime or a kinetic mixing, columns or metadata are missing, or too little of the sample is left.
    """
    provenance = _reweightable(columns, metadata)
    card = provenance.card
    there = card.at_coupling(g_mu)
    square = (g_mu / card.model.boson().g_mu) ** 2
    length = columns["decay_length"] / square
    way = columns["path_in"] - columns["path_out"]
    with np.errstate(all="ignore"):  # columns can be anything; what comes out of nonsense is refused
        p_decay = np.exp(-columns["path_in"] / length) * -np.expm1(way / length)
        depth = columns["decay_path"] / columns["decay_length"]
        weight = columns["weight"] * weight_factor(square, square, depth)
    if not (np.isfinite(weight).all() and np.isfinite(p_decay).all()):
        raise UsageError("the columns of paths and decay lengths are not those of decays")
    _refuse_if_lost(columns, weight, p_decay, square, g_mu)
    changed = {
        **columns,
        "weight": weight,
        "decay_length": length,
        "p_decay": p_decay,
        **_varied(columns, card.variations, weight),
    }
    provenance = replace(
        provenance,
        card=there,
        common_weight=None,  # unweighted events have no common weight any more
        reweighted_from=(*provenance.reweighted_from, card.to_dict()["model"]),
    )
    return changed, Metadata(provenance, _outcome(changed, provenance))


def _varied(
    columns: Mapping[str, AnyArray], variations: Iterable[VariationTable], weight: Array
) -> dict[str, AnyArray]:
    """Weights of variations, in their old ratios to the nominal one; those of another coupling stay what they are."""
    names = [weight_column(variation.name) for variation in variations if variation.kind != "coupling"]
    with np.errstate(all="ignore"):
        return {name: columns[name] * (weight / columns["weight"]) for name in names if name in columns}


def _reweightable(columns: Mapping[str, AnyArray], metadata: Metadata | None) -> Provenance:
    """Provenance of the events, if they can be reweighted."""
    if missing := [name for name in _NEEDED if name not in columns]:
        raise UsageError(
            f"reweighting needs the columns {', '.join(missing)}, which these events do not have"
        )
    if metadata is None:
        raise UsageError("reweighting needs the metadata of mcgen, which these events do not have")
    card = metadata.provenance.card
    if metadata.provenance.is_collision:
        raise UsageError("collisions without a decay: their weights go with the square of the coupling")
    if card.model.ctau_m is not None:
        raise UsageError(
            f"model.ctau_m = {card.model.ctau_m:g} fixes the lifetime, whatever the coupling: there is nothing to "
            "reweight but the cross-section; multiply the weights by the square of the ratio of the couplings"
        )
    return metadata.provenance


def _refuse_if_lost(
    columns: Mapping[str, AnyArray], weight: Array, p_decay: Array, square: float, g_mu: float
) -> None:
    """Find out whether enough is left of the sample: as it is, and as its decay points could have been; warn of little.

    A sample lacks the deep decays that matter at a smaller coupling, and does not know it. But how each
    boson's decay point is distributed is known: so are mean and spread of the factor on its weight.
    """
    accepted = columns["accepted"]
    rows = accepted if accepted.any() else np.ones(len(accepted), dtype=np.bool_)
    before, after, length = columns["weight"][rows], weight[rows], columns["decay_length"][rows]
    path_in, old = columns["path_in"][rows], columns["p_decay"][rows]
    way = columns["path_out"][rows] - path_in
    mean = square * p_decay[rows] / old
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # The mean of exp(-2 (r^2 - 1) l/L) over the decay point, whatever the sign of the rate.
        rate = (2.0 * square - 1.0) / length
        integral = np.where(rate * way == 0.0, way, -np.expm1(-rate * way) / rate)
        mean_square = square**4 * np.exp(-rate * path_in) * integral / (length * old)
        spread = np.where(mean > 0.0, mean_square / (mean * mean), 1.0)
    seen = spread < MAX_SPREAD
    share = float((before * mean)[seen].sum() / max((before * mean).sum(), 1e-300))
    size = min(
        effective_size(after), effective_size((before * mean)[seen], before[seen] ** 2 * mean_square[seen])
    )
    if size < MIN_EFFECTIVE or share < MIN_SHARE:
        raise UsageError(
            f"g_mu = {g_mu:g}: meaningless: of {effective_size(before):.0f} effective events {size:.2g} would be left, "
            f"and {share:.1%} of the decays are where there are events; allowed are {MIN_EFFECTIVE:g} and "
            f"{MIN_SHARE:.0%}; generate events at that coupling"
        )
    if size < FEW_EFFECTIVE:
        _log.warning(
            "g_mu = %g: of %.0f effective events only %.0f are left, which is an integration error of about %.0f%% "
            "(a warning below %g effective events): generate events at that coupling for smaller ones",
            *(g_mu, effective_size(before), size, 100.0 / sqrt(size), FEW_EFFECTIVE),
        )


def _outcome(columns: Mapping[str, AnyArray], provenance: Provenance) -> Outcome:
    """What events with new weights are worth."""
    tally = Tally(provenance)
    tally.add(columns)
    outcome = tally.outcome(len(columns["weight"]))
    if provenance.accepted_only:  # the other decays are not here to be counted
        return outcome.of_accepted()
    return outcome
