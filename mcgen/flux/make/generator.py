"""Pythia: the only module that knows it.

PythiaCascade has two generators of random numbers, and only one of them can be set later: that of its collisions is set from
the file that it begins with. So each chunk has a PythiaCascade of its own, with a copy of the wheel's file and its seed.
"""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np

from mcgen.distribution import how_to_install
from mcgen.errors import RunError, UsageError
from mcgen.flux.make.charm import REFERENCE_ENERGY
from mcgen.flux.make.nuclei import CHARGES
from mcgen.flux.make.particles import Particles
from mcgen.flux.make.species import AT_ONCE, FORCED, HADRONS, JPSI, MUON, PHOTON, PION0, UNSTABLE
from mcgen.types import Array, Ints

PACKAGE, VERSION = "pythia8mc", "8.317."

_LEAST_KINETIC = 0.3  # of a hadron that collides [GeV]
_DIFFRACTION = 0.5  # of later collisions in a nucleus, PythiaCascade's own value
_SHORT = 1e-10  # c tau of what PythiaCascade makes decay [mm], its own value
_INITIAL = "InitDefaultMPI.cmnd"
_RETRIES = 20
_LARGEST_SEED = 900_000_000
_KAON0 = 311

_FOLLOWED = frozenset((*HADRONS, *AT_ONCE, PHOTON, PION0, _KAON0))
_LIGHT = (PION0, *FORCED, *UNSTABLE)
_KEPT_WHOLE = (*_LIGHT, *AT_ONCE, JPSI, MUON)
"""Particles that do not decay unless they are asked to."""

LEAST_CHARM_ENERGY = 40.0
"""Of the beam [GeV]; there is next to no charm below."""

_RATIO_EVENTS = 1000


def pythia() -> Any:
    """Import Pythia; a `UsageError` says how to install it."""
    try:
        import pythia8mc
    except ImportError as error:
        raise UsageError(f"mcgen flux make needs Pythia: {how_to_install('pythia')}") from error
    if not pythia_version().startswith(VERSION):
        raise UsageError(
            f"{PACKAGE} {pythia_version()}: mcgen flux make is for {VERSION}*: {how_to_install('pythia')}"
        )
    return pythia8mc


def pythia_version() -> str:
    """Version of the installed Pythia."""
    return metadata.version(PACKAGE)


@contextmanager
def silent() -> Iterator[None]:
    """Keep off the standard output what libraries print there without Python."""
    library = ctypes.CDLL(None)
    sys.stdout.flush()
    library.fflush(None)
    kept, nothing = os.dup(1), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nothing, 1)
        yield
    finally:
        library.fflush(None)
        os.dup2(kept, 1)
        os.close(kept)
        os.close(nothing)


class PythiaGenerator:
    """Collisions in nuclei and decays by Pythia.

    Parameters
    ----------
    rng : what the seeds are drawn from
    """

    def __init__(self, rng: np.random.Generator) -> None:
        library = pythia()
        self._vector = library.Vec4
        collisions, decays, own = (int(seed) for seed in rng.integers(1, _LARGEST_SEED, 3))
        self._cascade = _cascade(library, collisions)
        self._cascade.rndm().init(own)
        for pdg in (*AT_ONCE, JPSI):
            self._cascade.particleData().mayDecay(pdg, False)
        # A generator of its own for decays: after its own ones, PythiaCascade forgets which particles are to stay whole.
        self._decays = _started(library, ["ProcessLevel:all = off", *_seed(decays)])
        for pdg in _KEPT_WHOLE:
            self._decays.particleData.mayDecay(pdg, False)
        self._coin = rng
        self.empty = self.failed = 0

    def cross_sections(self, particles: Particles, nuclei: Sequence[int]) -> dict[int, Array]:
        """Inelastic cross-sections (n,) [mb]; see `mcgen.flux.make.protocols.Generator`."""
        found = np.zeros((len(nuclei), len(particles)))
        for i, (pdg, momentum, mass) in enumerate(self._each(particles)):
            if self._cascade.sigmaSetuphN(pdg, momentum, mass):
                found[:, i] = [self._cascade.sigmahA(a) for a in nuclei]
        return dict(zip(nuclei, found, strict=True))

    def collide(self, particles: Particles, nuclei: Ints, least: float) -> Particles:
        """Return what comes out of collisions; see `mcgen.flux.make.protocols.Generator`."""

        def events() -> Iterator[Any]:
            for (pdg, momentum, mass), a in zip(self._each(particles), nuclei.tolist(), strict=True):
                yield self._collision(pdg, momentum, mass, a)

        return self._products(particles, events(), least)

    def _collision(self, pdg: int, momentum: Any, mass: float, a: int) -> Any:
        if not self._cascade.sigmaSetuphN(pdg, momentum, mass):
            return None  # it has become too slow on its way
        for _ in range(_RETRIES):
            event = self._cascade.nextColl(CHARGES[a], a)
            if event.size() > 1:
                return event
            self.empty += 1
        self.failed += 1
        return None

    def decay(self, particles: Particles, least: float) -> Particles:
        """Return what comes out of decays; see `mcgen.flux.make.protocols.Generator`."""

        def events() -> Iterator[Any]:
            event, data = self._decays.event, self._decays.particleData
            for pdg, momentum, mass in self._each(particles):
                event.reset()
                event.append(pdg, 1, 0, 0, momentum, mass)
                data.mayDecay(pdg, True)
                done = self._decays.moreDecays()
                data.mayDecay(pdg, False)
                self.failed += not done
                yield event if done else None

        return self._products(particles, events(), least)

    def _each(self, particles: Particles) -> Iterator[tuple[int, Any, float]]:
        columns = (particles.pdg, *particles.momentum, particles.energy, particles.mass)
        for pdg, px, py, pz, energy, mass in zip(*(column.tolist() for column in columns), strict=True):
            yield pdg, self._vector(px, py, pz, energy), mass

    def _products(self, particles: Particles, events: Iterator[Any], least: float) -> Particles:
        """Gather the particles that are followed; a K0 is a K_S or a K_L."""
        found: list[tuple[float, ...]] = []
        origin: list[int] = []
        for i, event in enumerate(events):
            if event is None:
                continue
            for j in range(1, event.size()):
                p = event[j]
                if p.e() > least and p.isFinal() and abs(pdg := p.id()) in _FOLLOWED:
                    found.append((pdg, p.px(), p.py(), p.pz(), p.m()))
                    origin.append(i)
        columns = np.array(found, dtype=np.float64).reshape(-1, 5).T
        pdg = columns[0].astype(np.int64)
        neutral = np.abs(pdg) == _KAON0
        pdg[neutral] = np.where(self._coin.random(int(neutral.sum())) < 0.5, 310, 130)
        mass = np.maximum(columns[4], 0.0)
        made = Particles(pdg, particles.position[:, origin], columns[1:4], mass, particles.group[origin])
        return made.take(made.for_mesons > least)


class PythiaCharm:
    """Open charm by Pythia: c c-bar of two protons at leading order, and all its decays.

    The leading order gives the shapes, and the ratio of cross-sections at two energies.

    Parameters
    ----------
    energy : of the beam [GeV]
    rng : what the seeds are drawn from
    """

    def __init__(self, energy: float, rng: np.random.Generator) -> None:
        self._rng, self._energy = rng, energy
        self.rise = 0.0 if energy < LEAST_CHARM_ENERGY else 1.0
        if self.rise and energy != REFERENCE_ENERGY:
            self.rise = self._cross_section(energy) / self._cross_section(REFERENCE_ENERGY)
        self._generator = self._started(energy) if self.rise else None

    def muons(self, count: int) -> tuple[Ints, Array, Ints, Ints]:
        """Muons of events of open charm; see `mcgen.flux.make.protocols.Charm`."""
        found: list[tuple[float, ...]] = []
        for i in range(count if self._generator else 0):
            event = _drawn(self._generator)
            for j in range(event.size()):
                p = event[j]
                if abs(p.id()) == MUON and p.isFinal():
                    mother = abs(event[p.mother1()].id())
                    found.append((i, p.px(), p.py(), p.pz(), p.id(), mother))
        columns = np.array(found, dtype=np.float64).reshape(-1, 6).T
        event_number, pdg, mother = columns[[0, 4, 5]].astype(np.int64)
        return event_number, columns[1:4], pdg, mother

    def _cross_section(self, energy: float) -> float:
        generator = self._started(energy)
        for _ in range(_RATIO_EVENTS):
            _drawn(generator)
        return float(generator.infoPython().sigmaGen())

    def _started(self, energy: float) -> Any:
        settings = [
            "Beams:frameType = 2",
            f"Beams:eA = {energy:.17g}",
            "Beams:eB = 0.",
            "HardQCD:hardccbar = on",
            "PhaseSpace:pTHatMin = 0.",
            "PhaseSpace:mHatMin = 3.",
            "PartonLevel:MPI = off",
            *(f"{pdg}:mayDecay = off" for pdg in _LIGHT),
            *_seed(int(self._rng.integers(1, _LARGEST_SEED))),
        ]
        return _started(pythia(), settings)


def _drawn(generator: Any) -> Any:
    # What fails is drawn again: a few in ten thousand.
    if not any(generator.next() for _ in range(_RETRIES)):
        raise RunError("Pythia makes no charm at this energy")
    return generator.event


def _seed(seed: int) -> list[str]:
    return ["Random:setSeed = on", f"Random:seed = {seed}"]


def _started(library: Any, settings: list[str]) -> Any:
    generator = library.Pythia("", False)
    for setting in ["Print:quiet = on", *settings]:
        generator.readString(setting)
    if not generator.init():
        raise RunError(f"Pythia {pythia_version()} does not start with {', '.join(settings)}")
    return generator


def _cascade(library: Any, seed: int) -> Any:
    """Start a PythiaCascade whose collisions have a seed."""
    cascade = library.PythiaCascade()
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "start.cmnd"
        text = _initial_file().read_text(encoding="utf-8")
        file.write_text("\n".join([text, *_seed(seed), ""]), encoding="utf-8")
        if not cascade.init(_LEAST_KINETIC, _DIFFRACTION, str(file), True, _SHORT, True, True):
            raise RunError(f"Pythia {pythia_version()} does not start its cascades")
    return cascade


def _initial_file() -> Path:
    """File of the wheel that spares Pythia minutes of preparation."""
    for path in metadata.files(PACKAGE) or []:
        if path.name == _INITIAL:
            return Path(str(path.locate()))
    raise RunError(
        f"{PACKAGE} {pythia_version()} is installed without {_INITIAL}; {how_to_install('pythia')} anew"
    )
