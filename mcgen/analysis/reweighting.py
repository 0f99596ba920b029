"""Events of one coupling as events of another: exact, because all widths scale with the coupling squared."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcgen.analysis.yields import tally_of
from mcgen.card import Card, load_card
from mcgen.errors import UsageError
from mcgen.events import Events
from mcgen.io.events.digests import undigested
from mcgen.types import Array

MIN_EFFECTIVE = 25.0
"""Effective size below which reweighted events say nothing."""

MAX_SPREAD, MIN_SHARE = 100.0, 0.98
"""Mean square over squared mean of a boson's factor above which its sample lacks what matters; share without."""

_NEEDED = (
    "weight",
    "accepted",
    "failed",
    "parent_group",
    "decay_path",
    "decay_length",
    "path_in",
    "path_out",
    "p_decay",
)


def weight_factor(production: float, decay: float, depth: Array) -> Array:
    """Factor (n,) on the weights of decays when production and total width change.

    The density of decays at path l is exp(-l/L)/L, and 1/L is proportional to the width.

    Parameters
    ----------
    production : cross-section over the one that the weights are for
    decay : width over the one that the weights are for
    depth : (n,) path to the decay over the decay length that the weights are for
    """
    # Decays as deep as that have weights that are next to nothing: their factors must be finite only.
    factor: Array = production * decay * np.exp(np.minimum((1.0 - decay) * depth, 700.0))
    return factor


def reweight(events: Events, g_mu: float) -> Events:
    """Return events with the weights that they have at another coupling; the others keep their ratios to it.

    The yields and the cut flow in the metadata are those of the rows that are given.

    Parameters
    ----------
    events : as `mcgen.generate` makes them
    g_mu : coupling to muons, above 0

    Raises
    ------
    UsageError
        If the card gives the lifetime, columns or metadata are missing, or too little of the sample is left.
    """
    card = _card_of(events)
    changed = card.at_coupling(g_mu)
    square = (g_mu / card.model.boson().g_mu) ** 2
    length = events.decay_length / square
    with np.errstate(under="ignore"):
        p_decay = np.exp(-events.path_in / length) * -np.expm1((events.path_in - events.path_out) / length)
        weight = events.weight * weight_factor(square, square, events.decay_path / events.decay_length)
    _refuse_if_lost(events, weight, p_decay, square, g_mu)
    columns = {**events.columns, "weight": weight, "decay_length": length, "p_decay": p_decay}
    reweighted = Events(columns, events.metadata)
    return Events(columns, {**_description(reweighted), "card": changed.to_dict()})


def _card_of(events: Events) -> Card:
    """Card of the events, if they can be reweighted."""
    missing = [name for name in _NEEDED if name not in events.columns]
    if missing:
        raise UsageError(
            f"reweighting needs the columns {', '.join(missing)}, which these events do not have"
        )
    if "card" not in events.metadata:
        raise UsageError("reweighting needs the metadata of mcgen, which these events do not have")
    card = load_card(events.metadata["card"])
    if card.experiment.exposure.kind == "xsec":
        raise UsageError("collisions without a decay: their weights go with the square of the coupling")
    if card.model.ctau_m is not None:
        raise UsageError(
            f"model.ctau_m = {card.model.ctau_m:g} fixes the lifetime, whatever the coupling: there is nothing to "
            "reweight but the cross-section; multiply the weights by the square of the ratio of the couplings"
        )
    return card


def _refuse_if_lost(events: Events, weight: Array, p_decay: Array, square: float, g_mu: float) -> None:
    """Find out whether enough is left of the sample: as it is, and as its decay points could have been.

    A sample lacks the deep decays that matter at a smaller coupling, and does not know it. But how each
    boson's decay point is distributed is known: so are mean and spread of the factor on its weight.
    """
    rows = events.accepted if events.accepted.any() else np.ones(len(events), dtype=np.bool_)
    before, after, length = events.weight[rows], weight[rows], events.decay_length[rows]
    way = events.path_out[rows] - events.path_in[rows]
    mean = square * p_decay[rows] / events.p_decay[rows]
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # The mean of exp(-2 (r^2 - 1) l/L) over the decay point, whatever the sign of the rate.
        rate = (2.0 * square - 1.0) / length
        integral = np.where(rate * way == 0.0, way, -np.expm1(-rate * way) / rate)
        mean_square = (
            square**4 * np.exp(-rate * events.path_in[rows]) * integral / (length * events.p_decay[rows])
        )
        spread = np.where(mean > 0.0, mean_square / (mean * mean), 1.0)
    seen = spread < MAX_SPREAD
    share = float((before * mean)[seen].sum() / max((before * mean).sum(), 1e-300))
    size = min(_size(after, after**2), _size((before * mean)[seen], before[seen] ** 2 * mean_square[seen]))
    if size < MIN_EFFECTIVE or share < MIN_SHARE:
        raise UsageError(
            f"g_mu = {g_mu:g}: meaningless: of {_size(before, before**2):.0f} effective events {size:.2g} would be left, "
            f"and {share:.1%} of the decays are where there are events; allowed are {MIN_EFFECTIVE:g} and "
            f"{MIN_SHARE:.0%}; generate events at that coupling"
        )


def _size(weight: Array, square: Array) -> float:
    """(sum w)^2/sum w^2; 0 without events."""
    total = float(square.sum())
    return float(weight.sum()) ** 2 / total if total > 0.0 else 0.0


def _description(events: Events) -> dict[str, Any]:
    """Metadata of events with new weights."""
    # Unweighted events have no common weight any more.
    described = {key: value for key, value in events.metadata.items() if key != "unweighted"}
    tally = tally_of(described)
    tally.add(events.columns)
    columns = undigested(described["columns"])
    summary = tally.summary(described["points"])
    if described["card"]["run"].get("write") == "accepted":  # the other decays are not here to be counted
        summary = {"yield": {"accepted": summary["yield"]["accepted"]}, "cut_flow": []}
    history = [*described.get("reweighted_from", []), described["card"]["model"]]
    return {
        **described,
        **summary,
        "events": len(events),
        "columns": columns,
        "reweighted_from": history,
    }
