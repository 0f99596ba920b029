"""The ROOT tree from which FairShip takes decays of long-lived particles."""

from __future__ import annotations

import numpy as np
import uproot

from mcgen.io.events.metadata import METADATA, to_text
from mcgen.io.events.particles import BOSON, COLUMNS, EMITTER, FIRST, SECOND, Particles, Setting
from mcgen.io.events.spool import SpoolingWriter
from mcgen.metadata import Metadata
from mcgen.types import Array

TREE = "LLP_tree"
PAD = -999.0
"""What FairShip takes for a daughter that is not there."""

_KINDS = ("px", "py", "pz", "e", "mass", "pdg")
_PLACES = {"llp": BOSON, "prod1": FIRST, "prod2": SECOND, "mother": EMITTER}
_DAUGHTERS = 2.0

# FairShip's readers go by names, or by places: ten branches, six a daughter, and their number in the last one of all. So what
# is ours alone comes before that.
BRANCHES = (
    *(f"{kind}_llp" for kind in _KINDS),
    *("decay_prob", "vx", "vy", "vz"),
    *(f"{kind}_prod{k}" for k in (1, 2, 3) for kind in _KINDS),
    *("vx_llp", "vy_llp", "vz_llp"),
    *(f"{kind}_mother" for kind in _KINDS),
    "ndau",
)


class FairShipWriter(SpoolingWriter):
    """Writes the TTree `LLP_tree`: every branch double, metres from the target's centre, GeV; named weights before the last."""

    needed = ("weight", *COLUMNS)

    def finish(self, metadata: Metadata) -> None:
        """Write the tree, and the metadata with the z that its vertices count from."""
        setting = Setting.of(metadata)
        centre = setting.card.experiment.target.centre
        frame = {"fairship": {"z_reference": "centre of the target", "z_reference_m": centre}}
        with uproot.recreate(self.path, compression=uproot.ZSTD(1)) as file:
            *others, last = BRANCHES
            tree = file.mktree(TREE, dict.fromkeys((*others, *self.named_weights, last), np.float64))
            for columns in self.chunks():
                weights = {name: columns[name] for name in self.named_weights}
                branches = _branches(Particles.of(columns, setting), columns["weight"], centre)
                tree.extend(branches | weights)
            file[METADATA] = to_text(metadata, frame)


def _branches(particles: Particles, weight: Array, centre: float) -> dict[str, Array]:
    branches = {name: np.full(len(weight), PAD) for name in BRANCHES}
    for suffix, place in _PLACES.items():
        values = (*particles.momentum[:, place].T, particles.mass[:, place], particles.pdg[:, place])
        branches |= {
            f"{kind}_{suffix}": value.astype(float) for kind, value in zip(_KINDS, values, strict=True)
        }
    for suffix, vertex in (("", particles.decay), ("_llp", particles.emission)):
        x, y, z, _ = vertex.T
        branches |= {f"vx{suffix}": x, f"vy{suffix}": y, f"vz{suffix}": z - centre}
    return branches | {"decay_prob": weight, "ndau": np.full(len(weight), _DAUGHTERS)}
