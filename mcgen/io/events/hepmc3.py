"""HepMC3 text files that obey NuHepMC 1.0.0."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mcgen.io.events.nuhepmc import (
    BEAM,
    DECAY,
    DECAYED,
    EMISSION,
    FINAL,
    TARGET,
    Contents,
    process_code,
    run_attributes,
    weight_columns,
)
from mcgen.io.events.particles import BOSON, COLUMNS, FIRST, REMNANT, SECOND, Particles, Setting, parents_of
from mcgen.io.events.spool import SpoolingWriter
from mcgen.io.files import binary_output
from mcgen.metadata import Metadata

if TYPE_CHECKING:
    import pyhepmc

_MM = 1e3

_STATUS = np.array([BEAM, TARGET, DECAYED, *(REMNANT - BOSON) * [FINAL]], dtype=np.int32)
_STATUS_WITHOUT_DECAY = np.where(np.arange(len(_STATUS)) == BOSON, FINAL, _STATUS).astype(np.int32)


class Hepmc3Writer(SpoolingWriter):
    """Writes one event a row: GeV and mm, vertices where the boson is made and decays, the weight under the name "CV".

    Momentum balances at both: what a method does not define of muon and nucleus is a nuclear remnant.
    """

    needed = (
        *(
            "event",
            "weight",
            "accepted",
            "failed",
            "channel",
            "process",
            "parent_row",
            "parent_rate",
            "p_decay",
        ),
        *COLUMNS,
    )

    def finish(self, metadata: Metadata) -> None:
        """Write the file; compressed if its name ends with .gz."""
        import pyhepmc
        from pyhepmc.io import WriterAscii, pyiostream

        setting, weights = Setting.of(metadata), weight_columns(metadata)
        run = pyhepmc.GenRunInfo()
        run.tools = [("mcgen", metadata.provenance.version, "Bosons made in a beam dump")]
        run.weight_names = list(weights)
        for key, value in run_attributes(metadata, self._contents()).items():
            run.attributes[key] = value
        number = 0
        with (
            binary_output(self.path) as raw,
            pyiostream(raw) as stream,
            WriterAscii(stream, run) as writer,
        ):
            writer.precision = 16
            for columns in self.chunks():
                particles = Particles.of(columns, setting).balanced()
                for i in range(len(columns["weight"])):
                    event = _event(number, columns, particles, i)
                    event.run_info = run
                    event.weights = [float(columns[column][i]) for column in weights.values()]
                    writer.write(event)
                    number += 1

    def _contents(self) -> Contents:
        total = square = 0.0
        processes: set[int] = set()
        for columns in self.chunks():
            weight = columns["weight"]
            total, square = total + float(weight.sum()), square + float(weight @ weight)
            processes.update(np.unique(columns["process"]).tolist())
        return Contents(total, square, frozenset(processes))


def _event(number: int, columns: Mapping[str, Any], particles: Particles, i: int) -> pyhepmc.GenEvent:
    import pyhepmc

    places = np.flatnonzero(particles.present[i])
    momentum = particles.momentum[i, places].T
    vertex = np.repeat(_MM * particles.emission[i, :, None], len(places), axis=1)
    vertex[:, (places == FIRST) | (places == SECOND)] = _MM * particles.decay[i, :, None]
    status = _STATUS if particles.present[i, FIRST] else _STATUS_WITHOUT_DECAY
    event = pyhepmc.GenEvent(pyhepmc.Units.GEV, pyhepmc.Units.MM)
    event.from_hepevt(
        number,
        *momentum,
        particles.mass[i, places],
        particles.pdg[i, places].astype(np.int32),
        status[places],
        parents=np.array(parents_of(tuple(places.tolist())), dtype=np.int32),
        vx=vertex[0],
        vy=vertex[1],
        vz=vertex[2],
        vt=vertex[3],
    )
    for vertex_made, code in zip(event.vertices, (EMISSION, DECAY), strict=False):
        vertex_made.status = code
    attributes = event.attributes
    attributes["signal_process_id"] = process_code(int(columns["process"][i]), int(columns["channel"][i]))
    for name in ("accepted", "failed"):
        attributes[name] = int(columns[name][i])
    # As text: the attributes' own numbers have 6 or 15 digits, and no integers of 64 bits.
    attributes["lab_pos"] = " ".join(map(repr, (_MM * particles.emission[i, :3]).tolist()))
    for name in ("event", "parent_row", "parent_rate", "p_decay"):
        attributes[name] = str(columns[name][i])
    return event
