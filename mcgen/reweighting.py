"""Events of one coupling as events of another: exact, because all widths scale with the coupling squared."""

from __future__ import annotations

from typing import Any

import numpy as np

from mcgen.analysis import Tally
from mcgen.card import Card, load_card
from mcgen.detector import Requirement
from mcgen.errors import UsageError
from mcgen.events import Events
from mcgen.types import Array

MIN_EFFECTIVE = 25.0
"""Effective size below which reweighted events say nothing."""

_NEEDED = (
    "weight",
    "accepted",
    "failed",
    "muon_row",
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
    return Events(columns, {**events.metadata, **_description(reweighted), "card": changed.to_dict()})


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
    if card.model.ctau_m is not None:
        raise UsageError(
            f"model.ctau_m = {card.model.ctau_m:g} fixes the lifetime, whatever the coupling: there is nothing to "
            "reweight but the cross-section; multiply the weights by the square of the ratio of the couplings"
        )
    return card


def _refuse_if_lost(events: Events, weight: Array, p_decay: Array, square: float, g_mu: float) -> None:
    """Find out whether enough is left of the sample: as it is, and as the decay points could have been.

    A sample lacks the deep decays that matter at a smaller coupling, and does not know it. Averaged over
    the decay point, whose distribution is known, the second moment of the weights does.
    """
    if not weight.any():
        raise UsageError(f"g_mu = {g_mu:g}: no event has a weight there; generate events at that coupling")
    kept = min(
        _size(weight, weight * weight), _size(weight[events.accepted], weight[events.accepted] ** 2) or np.inf
    )
    path_in, path_out, length = events.path_in, events.path_out, events.decay_length
    rate = (2.0 * square - 1.0) / length
    way = path_out - path_in
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        # int exp(-rate l) dl over the volume, whatever the sign of the rate, over L times P_decay.
        integral = np.exp(-rate * path_in) * np.where(rate * way == 0.0, way, -np.expm1(-rate * way) / rate)
        mean = square * p_decay / events.p_decay
        mean_square = square**4 * integral / (length * events.p_decay)
        expected = _size(events.weight * mean, events.weight**2 * mean_square)
    size = min(kept, expected if np.isfinite(expected) else 0.0)
    if size < MIN_EFFECTIVE:
        raise UsageError(
            f"g_mu = {g_mu:g}: of {_size(events.weight, events.weight**2):.0f} effective events {size:.2g} would be "
            f"left, fewer than {MIN_EFFECTIVE:g}; generate events at that coupling (mcgen generate --set ...)"
        )


def _size(weight: Array, square: Array) -> float:
    """(sum w)^2/sum w^2; 0 without events."""
    total = float(square.sum())
    return float(weight.sum()) ** 2 / total if total > 0.0 else 0.0


def _description(events: Events) -> dict[str, Any]:
    """Metadata that depend on the weights."""
    described = events.metadata
    requirements = [
        Requirement(code=r["code"], name=r["name"], selection=r["selection"])
        for r in described["requirements"]
    ]
    tally = Tally(described["flux"]["muons"], described["flux"]["sampled"], requirements)
    tally.add(events.columns)
    columns = {
        name: {key: value for key, value in column.items() if key != "sha256"}
        for name, column in described["columns"].items()
    }
    summary = tally.summary(described["points"])
    if described["card"]["run"].get("write") == "accepted":  # the other decays are not here to be counted
        summary = {"yield": {"accepted": summary["yield"]["accepted"]}, "cut_flow": []}
    history = [*described.get("reweighted_from", []), described["card"]["model"]]
    return {
        **summary,
        "events": len(events),
        "columns": columns,
        "reweighted_from": history,
    }
