"""HepMC3 text files, with the run attributes of NuHepMC."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from mcgen.io.events.metadata import METADATA, to_text
from mcgen.io.events.particles import BOSON, COLUMNS, FIRST, SECOND, Particles, Setting, parents_of
from mcgen.io.events.spool import SpoolingWriter
from mcgen.io.files import binary_output
from mcgen.metadata import Metadata
from mcgen.physics.models import CHANNELS
from mcgen.sources.registry import SOURCES

if TYPE_CHECKING:
    import pyhepmc

WEIGHTS = {"CV": "weight", "parent_rate": "parent_rate", "p_decay": "p_decay"}
"""Names of the weights, and the columns that they are."""

_MM = 1e3
_PROCESS = 700
"""Codes from here on are for processes outside the categories of NuHepMC."""

_FINAL, _DECAYED, _BEAM, _TARGET = 1, 2, 4, 20
_EMISSION, _DECAY = 1, 21
_VERTEX_STATUS = {
    _EMISSION: ("emission", "The boson is made: a muon radiates it off a nucleus, or a meson decays"),
    _DECAY: ("decay", "The boson decays"),
}
_PARTICLE_STATUS = {
    _FINAL: ("final", "Undecayed particle; taus are left to a decayer"),
    _DECAYED: ("decayed", "The boson"),
    _BEAM: ("beam", "The muon just before emission, or the meson that decays"),
    _TARGET: ("target", "The nucleus, at rest"),
}

_STATUS = np.array([_BEAM, _TARGET, _DECAYED, *5 * [_FINAL]], dtype=np.int32)
_STATUS_WITHOUT_DECAY = np.where(np.arange(len(_STATUS)) == BOSON, _FINAL, _STATUS).astype(np.int32)


class Hepmc3Writer(SpoolingWriter):
    """Writes one event a row: GeV and mm, vertices where the boson is made and decays, the weight under the name "CV"."""

    needed = ("event", "accepted", "failed", "channel", "process", "parent_row", *WEIGHTS.values(), *COLUMNS)

    def finish(self, metadata: Metadata) -> None:
        """Write the file; compressed if its name ends with .gz."""
        from pyhepmc.io import WriterAscii, pyiostream

        setting = Setting.of(metadata)
        run = _run_info(metadata, setting)
        number = 0
        with (
            binary_output(self.path) as raw,
            pyiostream(raw) as stream,
            WriterAscii(stream, run) as writer,
        ):
            writer.precision = 16
            for columns in self.chunks():
                particles = Particles.of(columns, setting)
                for i in range(len(columns["weight"])):
                    writer.write(_event(number, columns, particles, i, run))
                    number += 1


def _run_info(metadata: Metadata, setting: Setting) -> pyhepmc.GenRunInfo:
    import pyhepmc

    run = pyhepmc.GenRunInfo()
    run.tools = [("mcgen", metadata.provenance.version, "Bosons made in a beam dump")]
    run.weight_names = list(WEIGHTS)
    model, exposure = setting.card.model, setting.card.experiment.exposure
    boson = model.boson()
    attributes: dict[str, Any] = {
        "NuHepMC.Version.Major": 1,
        "NuHepMC.Version.Minor": 0,
        "NuHepMC.Version.Patch": 0,
        "NuHepMC.Conventions": ["G.C.1", "G.C.5", "E.C.1"],
        "NuHepMC.AdditionalParticleNumbers": [boson.pdg],
        f"NuHepMC.AdditionalParticleNumber[{boson.pdg}].Name": boson.kind,
        f"NuHepMC.AdditionalParticleInfo[{boson.pdg}].Description": f"{model.name} {boson.kind} of "
        f"{boson.mass:g} GeV",
        "mcgen.Exposure.Kind": exposure.kind,
        "mcgen.Exposure.Value": repr(exposure.value),
        "mcgen.Normalisation": "The sum of the weights CV is the expected number of events of the exposure",
        METADATA: to_text(metadata),
    }
    if exposure.kind == "pot":
        attributes["NuHepMC.Exposure.POT"] = exposure.value
    processes = {
        _code(source.code, code): (f"{source.name} {channel}", f"{source.meaning}; X -> {channel}")
        for source in SOURCES.values()
        for code, channel in enumerate(CHANNELS, start=1)
    }
    for kind, table in (
        ("Process", processes),
        ("VertexStatus", _VERTEX_STATUS),
        ("ParticleStatus", _PARTICLE_STATUS),
    ):
        attributes[f"NuHepMC.{kind}IDs"] = list(table)
        for code, (name, description) in table.items():
            attributes[f"NuHepMC.{kind}Info[{code}].Name"] = name
            attributes[f"NuHepMC.{kind}Info[{code}].Description"] = description
    for key, value in attributes.items():
        run.attributes[key] = value
    return run


def _code(process: int, channel: int) -> int:
    """Code of a process and a channel: that of the process counts tens from the first."""
    return _PROCESS + 10 * (process - 1) + channel


def _event(
    number: int, columns: Mapping[str, Any], particles: Particles, i: int, run: pyhepmc.GenRunInfo
) -> pyhepmc.GenEvent:
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
    for vertex_made, code in zip(event.vertices, (_EMISSION, _DECAY), strict=False):
        vertex_made.status = code
    event.run_info = run
    event.weights = [float(columns[column][i]) for column in WEIGHTS.values()]
    event.attributes["signal_process_id"] = _code(int(columns["process"][i]), int(columns["channel"][i]))
    event.attributes["lab_pos"] = (_MM * particles.emission[i, :3]).tolist()
    event.attributes["accepted"] = int(columns["accepted"][i])
    event.attributes["failed"] = int(columns["failed"][i])
    # As text: the attributes have no integers of 64 bits.
    event.attributes["event"] = str(columns["event"][i])
    event.attributes["parent_row"] = str(columns["parent_row"][i])
    return event
