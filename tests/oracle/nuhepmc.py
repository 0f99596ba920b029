"""The requirements of NuHepMC 1.0.0 (arXiv:2310.13211), and those of its conventions that a file declares, read off a file.

Written from the specification, and knows nothing of the writer. Labels are the specification's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyhepmc
from particle import PDGID, InvalidParticle, Particle, ParticleNotFound

REMNANT = 2009900000
BEAM, TARGET, FINAL = 4, 20, 1
LABELS = re.compile(r"[GEVP]\.[CS]\.\d+")


def _attribute(owner: Any, name: str, kind: Any) -> Any:
    with suppress(KeyError, RuntimeError, TypeError, ValueError):
        found = owner.attributes[name]
        # Once it has been read as something, it stays that.
        return found.astype(kind) if hasattr(found, "astype") else found
    return None


@dataclass(frozen=True)
class File:
    """A file that is read."""

    text: str
    run: Any
    events: list[Any]

    @classmethod
    def of(cls, path: Path) -> File:
        """Read a file."""
        with pyhepmc.open(path) as file:
            events = list(file)
        return cls(path.read_text(encoding="utf-8"), events[0].run_info, events)

    def get(self, name: str, kind: Any = str) -> Any:
        """Value of an attribute of the run; None if it is not there or not of that kind."""
        return _attribute(self.run, name, kind)

    @property
    def names(self) -> list[str]:
        """Names of the run's attributes."""
        return list(self.run.attributes)

    @property
    def conventions(self) -> list[str]:
        """Labels of the conventions that it declares."""
        return self.get("NuHepMC.Conventions", list[str]) or []

    def codes(self, kind: str) -> list[int]:
        """Codes that it declares of processes, vertices or particles."""
        return self.get(f"NuHepMC.{kind}IDs", list[int]) or []

    def described(self, kind: str) -> bool:
        """Whether each of them has a name and a description."""
        words = [
            self.get(f"NuHepMC.{kind}Info[{code}].{what}")
            for code in self.codes(kind)
            for what in ("Name", "Description")
        ]
        return bool(words) and all(words)


def broken(path: Path) -> set[str]:
    """Labels of the requirements, and of the declared conventions, that a file does not meet."""
    file = File.of(path)
    wanted = {
        **REQUIREMENTS,
        **{label: CONVENTIONS[label] for label in file.conventions if label in CONVENTIONS},
    }
    return {label for label, is_met in wanted.items() if not is_met(file)}


def _in_each(test: Callable[[File, Any], bool]) -> Callable[[File], bool]:
    return lambda file: all(test(file, event) for event in file.events)


def _p4(particles: Iterable[Any]) -> Any:
    return sum(
        (np.array([p.momentum.x, p.momentum.y, p.momentum.z, p.momentum.t]) for p in particles), np.zeros(4)
    )


def _is_graph(file: File, event: Any) -> bool:
    """HepMC3: no vertex without particles that go in and come out, four-momentum kept, masses as stated."""
    del file
    balanced = []
    for vertex in event.vertices:
        before, after = _p4(vertex.particles_in), _p4(vertex.particles_out)
        linked = bool(vertex.particles_in) and bool(vertex.particles_out)
        balanced.append(linked and bool((np.abs(before - after) <= 1e-12 * before[3]).all()))
    for p in event.particles:
        energy = p.momentum.t
        square = energy**2 - p.momentum.x**2 - p.momentum.y**2 - p.momentum.z**2
        balanced.append(abs(square - p.generated_mass**2) <= 1e-12 * energy**2)
    return all(balanced)


def _numbered(file: File) -> bool:
    numbers = [event.event_number for event in file.events]
    return min(numbers) >= 0 and len(set(numbers)) == len(numbers)


def _process(file: File, event: Any) -> bool:
    return _attribute(event, "signal_process_id", int) in file.codes("Process")


def _units(file: File) -> bool:
    lines = file.text.splitlines()
    each = [lines[i + 1].split() for i, line in enumerate(lines) if line.startswith("E ")]
    return all(
        line[:1] == ["U"] and {*line[1:]} & {"GEV", "MEV"} and {*line[1:]} & {"MM", "CM"} for line in each
    )


def _place(file: File, event: Any) -> bool:
    """Three numbers, or four with a time; here also that of the primary vertex, to all digits."""
    del file
    place = _attribute(event, "lab_pos", list[float]) or []
    found = next(v.position for v in event.vertices if v.status == 1)
    vertex = np.array([found.x, found.y, found.z])
    return len(place) in (3, 4) and bool((np.abs(place[:3] - vertex) <= 1e-12 * np.abs(vertex)).all())


def _one_primary(file: File, event: Any) -> bool:
    del file
    status = [vertex.status for vertex in event.vertices]
    return status.count(1) == 1 and 0 not in status


def _one_beam_one_target(file: File, event: Any) -> bool:
    del file
    status = [particle.status for particle in event.particles]
    return status.count(BEAM) == 1 and status.count(TARGET) == 1


def _charges(pids: Iterable[int]) -> float:
    return sum(PDGID(pid).charge or 0.0 for pid in pids)


def _complete(file: File, event: Any) -> bool:
    """What is missing would be missed by its charge, but where a remnant stands for it."""
    del file
    return all(
        REMNANT in (after := [p.pid for p in vertex.particles_out])
        or _charges(p.pid for p in vertex.particles_in) == _charges(after)
        for vertex in event.vertices
    )


def _laboratory(file: File, event: Any) -> bool:
    """A target at rest says that it is the laboratory."""
    del file
    return all(not _p4([p])[:3].any() for p in event.particles if p.status == TARGET)


def _vertex_codes(file: File, event: Any) -> bool:
    del file
    return all(v.status in (1, 2) or 21 <= v.status <= 999 for v in event.vertices)


def _particle_codes(file: File, event: Any) -> bool:
    del file
    rules = []
    for p in event.particles:
        first, last = (
            p.production_vertex is None or not p.production_vertex.particles_in,
            p.end_vertex is None,
        )
        rules.append(p.status in (1, 2, 3, BEAM, TARGET) or p.status >= 21)
        rules.append((p.status in (BEAM, TARGET)) == first)
        rules.append((p.status == FINAL) == last)
    return all(rules)


def _codes_of_its_own(
    kind: str, of_event: Callable[[Any], Iterator[int]], standard: set[int]
) -> Callable[[File], bool]:
    def test(file: File) -> bool:
        used = {code for event in file.events for code in of_event(event)}
        return file.described(kind) and used - standard <= set(file.codes(kind))

    return test


def _is_standard(pid: int) -> bool:
    try:
        Particle.from_pdgid(pid)
    except (InvalidParticle, ParticleNotFound):
        return bool(PDGID(pid).is_nucleus)
    return True


def _numbers_of_its_own(file: File) -> bool:
    declared = file.get("NuHepMC.AdditionalParticleNumbers", list[int]) or []
    names = [file.get(f"NuHepMC.AdditionalParticleNumber[{pid}].Name") for pid in declared]
    known = {*declared, REMNANT} if "P.C.2" in file.conventions else {*declared}
    used = {p.pid for event in file.events for p in event.particles if not _is_standard(p.pid)}
    return all(names) and len(set(names)) == len(names) and used <= known


def _weighted(file: File) -> bool:
    names = list(file.run.weight_names)
    return "CV" in names and all(
        len(event.weights) == len(names) and np.isfinite(event.weights).all() for event in file.events
    )


def _cross_section(file: File) -> bool:
    value = file.get("NuHepMC.FluxAveragedTotalCrossSection", float)
    return value is not None and 0.0 < value < np.inf


def _cited(file: File) -> bool:
    names = [name for name in file.names if name.startswith("NuHepMC.Citations.")]
    pattern = re.compile(r"NuHepMC\.Citations\.([A-Za-z0-9]+|Process\[-?\d+\])\.[A-Za-z0-9]+")
    return any("Generator" in name for name in names) and all(
        pattern.fullmatch(name)
        and all(re.fullmatch(r"\d{4}\.\d{4,5}", one) for one in file.get(name, list[str]))
        for name in names
    )


def _categories(file: File) -> bool:
    """Codes from 100 on; those of muons that meet nuclei are electromagnetic, and negative."""
    with_muons = [
        event for event in file.events if any(p.status == BEAM and abs(p.pid) == 13 for p in event.particles)
    ]
    return all(abs(code) >= 100 for code in file.codes("Process")) and all(
        _attribute(event, "signal_process_id", int) < 0 for event in with_muons
    )


def _all_codes(file: File) -> bool:
    vertices = {v.status for event in file.events for v in event.vertices}
    particles = {p.status for event in file.events for p in event.particles}
    return vertices <= set(file.codes("VertexStatus")) and particles <= set(file.codes("ParticleStatus"))


REQUIREMENTS: dict[str, Callable[[File], bool]] = {
    "G.R.1": lambda file: file.run is not None and bool(file.names),
    "G.R.2": lambda file: (
        [file.get(f"NuHepMC.Version.{part}", int) for part in ("Major", "Minor", "Patch")] == [1, 0, 0]
    ),
    "G.R.3": lambda file: bool(file.run.tools) and all(tool.name and tool.version for tool in file.run.tools),
    "G.R.4": lambda file: bool(file.conventions) and all(map(LABELS.fullmatch, file.conventions)),
    "G.R.5": lambda file: bool({"G.C.2", "E.C.4"} & set(file.conventions)),
    "G.R.6": lambda file: (
        file.get("NuHepMC.Units.CrossSection.Unit") in ("pb", "10-38 cm2", "cm2")
        and file.get("NuHepMC.Units.CrossSection.TargetScale") in ("PerAtom", "PerNucleon")
    ),
    "G.R.7": _weighted,
    "G.R.8": lambda file: file.described("Process"),
    "G.R.9": _codes_of_its_own("VertexStatus", lambda event: (v.status for v in event.vertices), {1, 2}),
    "G.R.10": _codes_of_its_own(
        "ParticleStatus", lambda event: (p.status for p in event.particles), {1, 2, 3, BEAM, TARGET}
    ),
    "G.R.11": _numbers_of_its_own,
    "E.R.1": _in_each(_is_graph),
    "E.R.2": _numbered,
    "E.R.3": _in_each(_process),
    "E.R.4": _units,
    "E.R.5": _in_each(_place),
    "E.R.6": _in_each(_one_primary),
    "E.R.7": _in_each(_one_beam_one_target),
    "E.R.8": _in_each(_complete),
    "E.R.9": _in_each(_laboratory),
    "V.R.1": _in_each(_vertex_codes),
    "P.R.1": _in_each(_particle_codes),
}

CONVENTIONS: dict[str, Callable[[File], bool]] = {
    "G.C.1": lambda file: any(
        (file.get(f"NuHepMC.Exposure.{what}", float) or 0.0) > 0.0 for what in ("POT", "Livetime")
    ),
    "G.C.2": _cross_section,
    "G.C.3": _cited,
    "G.C.5": lambda file: all(
        file.get(f"NuHepMC.AdditionalParticleInfo[{pid}].Description")
        for pid in file.get("NuHepMC.AdditionalParticleNumbers", list[int]) or []
    ),
    "E.C.1": _categories,
    "P.C.2": lambda file: all(
        p.status == FINAL for event in file.events for p in event.particles if p.pid == REMNANT
    ),
    "G.S.1": lambda file: any(name.startswith("NuHepMC.Provenance.") for name in file.names),
    "G.S.2": _all_codes,
}
