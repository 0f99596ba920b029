"""From the tables of the stages to the columns of the record."""

from __future__ import annotations

import numpy as np

from mcgen.constants import SPEED_OF_LIGHT
from mcgen.physics.kinematics import momentum_of
from mcgen.physics.models import OUTCOMES, Boson
from mcgen.record.columns import AnyArray, Record
from mcgen.record.tables import History
from mcgen.types import Array, Ints


def layout(history: History, boson: Boson, event: Ints) -> Record:
    """Lay out events as columns, in the order of `mcgen.record.columns.columns_of`.

    Parameters
    ----------
    boson : what is produced
    event : (n,) index of each point in its run
    """
    parent, production, flight = history.parent, history.production, history.flight
    daughters, verdict = history.daughters, history.verdict
    n = len(history.weight)
    boson_p = momentum_of(production.boson_e, boson.mass)
    columns: dict[str, AnyArray] = {
        "event": event.astype(np.uint64),
        "weight": history.weight,
        "accepted": verdict.accepted,
        "failed": verdict.failed.astype(np.int16),
        "failed_bits": verdict.failed_bits,
        "channel": np.full(n, OUTCOMES.index(history.channel), dtype=np.int16),
        "process": np.full(n, history.process, dtype=np.int16),
        "parent_row": parent.row,
        "parent_group": parent.group,
        "parent_pdg": parent.pdg.astype(np.int32),
        "parent_rate": parent.rate,
        **_components("parent", "px py pz e", parent.momentum),
        **_components("parent", "vx vy vz", parent.position),
        **_components("emission", "x y z", production.position),
        "layer": production.layer.astype(np.int16),
        **_components("emitter", "px py pz e", production.emitter),
        "x": production.x,
        "theta": production.theta,
        "t": production.t,
        **_components("recoil", "px py pz e", production.recoil),
        **_components("nucleus", "px py pz e", production.nucleus),
        **_components("neutrino", "px py pz e", production.neutrino),
        "boson_pdg": np.full(n, boson.pdg, dtype=np.int32),
        **_components("boson", "px py pz", boson_p * production.direction),
        "boson_e": production.boson_e,
        "path_in": flight.path_in,
        "path_out": flight.path_out,
        "decay_path": flight.path,
        "decay_length": flight.decay_length,
        "p_decay": flight.p_decay,
        **_components("decay", "x y z", flight.point),
        "decay_t": (production.delay + flight.path * production.boson_e / boson_p) / SPEED_OF_LIGHT,
    }
    for name, pdg, momenta in zip(
        ("d1", "d2"), daughters.pdgs, (daughters.first, daughters.second), strict=True
    ):
        columns[f"{name}_pdg"] = np.full(n, pdg, dtype=np.int32)
        columns |= _components(name, "px py pz e", momenta)
    for plane, hits in verdict.hits.items():
        for name, hit in zip(("d1", "d2"), hits, strict=True):
            columns |= _components(f"{name}_{plane}", "x y", hit)
    return columns


def _components(prefix: str, names: str, vector: Array) -> Record:
    """Components of a vector as columns."""
    return {f"{prefix}_{name}": part for name, part in zip(names.split(), vector, strict=True)}
