"""From the tables of the stages to the columns of the record."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from mcgen.constants import MUON_MASS, SPEED_OF_LIGHT
from mcgen.physics.kinematics import momentum_of
from mcgen.physics.models import OUTCOMES, Boson
from mcgen.record.columns import AnyArray
from mcgen.types import Array, Ints

if TYPE_CHECKING:
    from mcgen.record.tables import History


def layout(story: History, boson: Boson, event: Ints) -> dict[str, AnyArray]:
    """Lay out the events of weight above 0 as columns, in the order of `mcgen.events.columns_of`.

    Parameters
    ----------
    boson : what is radiated
    event : (n,) index of each point in its run
    """
    muon, track, emission, flight = story.muon, story.track, story.emission, story.flight
    daughters, verdict = story.daughters, story.verdict
    n = len(story.weight)
    columns: dict[str, AnyArray] = {
        "event": event.astype(np.uint64),
        "weight": story.weight,
        "accepted": verdict.accepted,
        "failed": verdict.failed.astype(np.int16),
        "failed_bits": verdict.failed_bits,
        "channel": np.full(n, OUTCOMES.index(story.channel), dtype=np.int16),
        "muon_row": muon.row,
        "muon_pdg": muon.pdg.astype(np.int32),
        "muon_rate": muon.rate,
    }
    _put(columns, "muon", "px py pz e", muon.momentum)
    _put(columns, "muon", "vx vy vz", muon.position)
    _put(columns, "emission", "x y z", track.position)
    momentum = momentum_of(track.energy, MUON_MASS)
    _put(columns, "emission_muon", "px py pz", momentum * track.direction)
    columns["emission_muon_e"] = track.energy
    columns |= {"x": emission.x, "theta": emission.theta, "t": emission.t}
    _put(columns, "recoil", "px py pz e", emission.recoil)
    _put(columns, "nucleus", "px py pz e", emission.nucleus)
    columns["boson_pdg"] = np.full(n, boson.pdg, dtype=np.int32)
    _put(columns, "boson", "px py pz", momentum_of(emission.boson_e, boson.mass) * emission.direction)
    columns["boson_e"] = emission.boson_e
    columns |= {
        "path_in": flight.path_in,
        "path_out": flight.path_out,
        "decay_path": flight.path,
        "decay_length": flight.decay_length,
        "p_decay": flight.p_decay,
    }
    _put(columns, "decay", "x y z", flight.point)
    columns["decay_t"] = _time(story, boson.mass)
    for name, pdg, momenta in (
        ("d1", daughters.pdgs[0], daughters.first),
        ("d2", daughters.pdgs[1], daughters.second),
    ):
        columns[f"{name}_pdg"] = np.full(n, pdg, dtype=np.int32)
        _put(columns, name, "px py pz e", momenta)
    for plane, hits in verdict.hits.items():
        for name, hit in zip(("d1", "d2"), hits, strict=True):
            _put(columns, f"{name}_{plane}", "x y", hit)
    keep = np.flatnonzero(story.weight > 0.0)
    if len(keep) == n:
        return columns
    return {name: values.take(keep) for name, values in columns.items()}


def _put(columns: dict[str, AnyArray], prefix: str, names: str, vector: Array) -> None:
    """Add the components of a vector as columns."""
    for name, component in zip(names.split(), vector, strict=True):
        columns[f"{prefix}_{name}"] = component


def _time(story: History, mass: float) -> Array:
    """Time of the decay since the muon's production [ns].

    The muon's 1/beta changes little along the dump: its mean at both ends is good to 1e-3 of the
    muon's part above 2 GeV.
    """
    track, emission, flight = story.track, story.emission, story.flight
    slowness = sum(
        0.5 * energy / momentum_of(energy, MUON_MASS) for energy in (story.muon.momentum[3], track.energy)
    )
    boson_p = momentum_of(emission.boson_e, mass)
    muon_part = track.path * slowness
    return np.asarray((muon_part + flight.path * emission.boson_e / boson_p) / SPEED_OF_LIGHT)
