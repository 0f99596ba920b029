"""What a HepMC3 file says of its run, as NuHepMC 1.0.0 wants it (arXiv:2310.13211; labels as G.R.2 are its own)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcgen.card.citations import cited_by
from mcgen.io.events.metadata import METADATA, to_text
from mcgen.metadata import Metadata
from mcgen.physics.models import CHANNELS, Channel
from mcgen.record.columns import named_weights
from mcgen.sources.bremsstrahlung.methods import METHODS
from mcgen.sources.registry import SOURCES
from mcgen.sources.source import Source
from mcgen.weights import integration_error

FINAL, DECAYED, BEAM, TARGET = 1, 2, 4, 20
"""Status codes of particles."""

EMISSION, DECAY = 1, 21
"""Status codes of vertices."""

_VERTICES = {
    EMISSION: ("emission", "The boson is made: a muon radiates it off a nucleus, or a meson decays"),
    DECAY: ("decay", "The boson decays"),
}
_PARTICLES = {
    FINAL: ("final", "Undecayed particle; taus are left to a decayer"),
    DECAYED: ("decayed", "The boson"),
    BEAM: ("beam", "The muon just before emission, or the meson that decays"),
    TARGET: ("target", "The nucleus, at rest"),
}

_OTHER_PROCESSES = 700
"""Codes from here on are for processes outside the categories of E.C.1; negative ones are electromagnetic."""

_PB = 1e-40
"""A picobarn [m^2]."""


def weight_columns(metadata: Metadata) -> dict[str, str]:
    """Return the names of the weights in a file, "CV" the first (G.R.7), and the columns that they are."""
    return {"CV": "weight"} | {
        name: name for name in named_weights(c.name for c in metadata.provenance.columns)
    }


def process_code(process: int, channel: int) -> int:
    """Code of a process and a channel by their codes in the record: that of the process counts tens."""
    code = _OTHER_PROCESSES + 10 * (process - 1) + channel
    return -code if process in _electromagnetic() else code


def _electromagnetic() -> frozenset[int]:
    """Codes of the sources that are."""
    return frozenset(source.code for source in SOURCES.values() if source.electromagnetic)


def _codes_of(source: type[Source]) -> dict[int, Channel]:
    """Codes of a source's processes, and their channels."""
    return {process_code(source.code, code): channel for code, channel in enumerate(CHANNELS, start=1)}


@dataclass(frozen=True, slots=True)
class Contents:
    """What of a file's events is known only behind the last one."""

    total: float
    """Sum of the weights."""
    square: float
    """Sum of their squares."""
    processes: frozenset[int]
    """Codes of the processes that there are events of."""

    @property
    def is_conforming(self) -> bool:
        """Whether every event has a target, which E.R.7 wants and decays have not."""
        return self.processes <= _electromagnetic()


def run_attributes(metadata: Metadata, contents: Contents) -> dict[str, Any]:
    """Return the attributes of the run by their names."""
    card = metadata.provenance.card
    exposure = card.experiment.exposure
    attributes = {
        **(_conformance(metadata, contents) if contents.is_conforming else {}),
        **_boson(metadata),
        **_codes(),
        **_citations(metadata),
        **_provenance(metadata),
        "mcgen.Exposure.Kind": exposure.kind,
        "mcgen.Exposure.Value": repr(exposure.value),
        "mcgen.Normalisation": "The sum of the weights CV is the expected number of events of the exposure",
        METADATA: to_text(metadata),
    }
    if exposure.kind == "pot":
        attributes["NuHepMC.Exposure.POT"] = exposure.value
    return attributes


def _conformance(metadata: Metadata, contents: Contents) -> dict[str, Any]:
    """G.R.2, 4, 5 and 6: version, conventions, and the cross-section that stands for all of the dump."""
    card = metadata.provenance.card
    conventions = ["G.C.2", "G.C.3", "G.C.5", "E.C.1", "G.S.1", "G.S.2"]
    if card.experiment.exposure.kind == "pot":
        conventions.append("G.C.1")
    if not METHODS[card.production.method].complete:
        conventions.append("P.C.2")
    nuclei = card.dump().nuclei_per_area * _PB
    scale = 1.0 / (card.experiment.exposure.value * nuclei)
    error = integration_error(contents.total, contents.square, metadata.provenance.points)
    return {
        "NuHepMC.Version.Major": 1,
        "NuHepMC.Version.Minor": 0,
        "NuHepMC.Version.Patch": 0,
        "NuHepMC.Conventions": conventions,
        "NuHepMC.Units.CrossSection.Unit": "pb",
        "NuHepMC.Units.CrossSection.TargetScale": "PerAtom",
        "NuHepMC.FluxAveragedTotalCrossSection": contents.total * scale,
        "NuHepMC.FluxAveragedTotalCrossSectionUncertainty": error * scale,
        "mcgen.NucleiPerArea": repr(nuclei),
    }


def _boson(metadata: Metadata) -> dict[str, Any]:
    """G.R.11 and G.C.5."""
    model = metadata.provenance.card.model
    boson = model.boson()
    return {
        "NuHepMC.AdditionalParticleNumbers": [boson.pdg],
        f"NuHepMC.AdditionalParticleNumber[{boson.pdg}].Name": boson.kind,
        f"NuHepMC.AdditionalParticleInfo[{boson.pdg}].Description": f"{model.name} {boson.kind} of "
        f"{boson.mass:g} GeV",
    }


def _codes() -> dict[str, Any]:
    """G.R.8 to 10, with all codes that there are (G.S.2)."""
    processes = {
        code: (f"{source.name} {channel}", f"{source.meaning}; X -> {channel}")
        for source in SOURCES.values()
        for code, channel in _codes_of(source).items()
    }
    tables: dict[str, Mapping[int, tuple[str, str]]] = {
        "Process": processes,
        "VertexStatus": _VERTICES,
        "ParticleStatus": _PARTICLES,
    }
    attributes: dict[str, Any] = {}
    for kind, table in tables.items():
        attributes[f"NuHepMC.{kind}IDs"] = list(table)
        for code, (name, description) in table.items():
            attributes[f"NuHepMC.{kind}Info[{code}].Name"] = name
            attributes[f"NuHepMC.{kind}Info[{code}].Description"] = description
    return attributes


def _citations(metadata: Metadata) -> dict[str, Any]:
    """G.C.3: articles of the generator, of each process, and of what else the card uses."""
    attributes: dict[str, Any] = {}
    for use, numbers in cited_by(metadata.provenance.card).items():
        source = SOURCES.get(use)
        components = [f"Process[{code}]" for code in _codes_of(source)] if source else [use]
        if numbers:
            attributes |= {f"NuHepMC.Citations.{name}.arXiv": list(numbers) for name in components}
    return attributes


def _provenance(metadata: Metadata) -> dict[str, Any]:
    """G.S.1: what makes the same events again."""
    provenance = metadata.provenance
    facts = {
        "Card": json.dumps(provenance.card.to_dict()),
        "Seed": provenance.seed,
        "Points": provenance.points,
        "Version": provenance.version,
        "Machine": provenance.machine,
        "FluxSHA256": provenance.flux.sha256,
        "ProposalSHA256": provenance.proposal_sha256,
    }
    # As text: the attributes have no integers of 64 bits.
    return {f"NuHepMC.Provenance.mcgen.{name}": str(value) for name, value in facts.items()}
