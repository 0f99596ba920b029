"""Samples of mu N -> mu N X at other programs' hands, in Les Houches Event files, plain or gzipped.

The files come from anywhere: the stream is bounded before the XML parser sees it, and document types, the
door to entities, are refused.
"""

from __future__ import annotations

import gzip
import math
import os
import re
import warnings
import zlib
from array import array
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self, cast

import numpy as np

from mcgen.distribution import how_to_install
from mcgen.errors import FileFormatError, UsageError
from mcgen.types import Array

ENDINGS = (".lhe", ".lhe.gz")

MAX_BYTES = 4 << 30
"""Size of a sample, unpacked, beyond which it is refused."""

MAX_HEADER = 8 << 20
"""Size of everything up to the first event; the cards of a generator are well below 1 MB."""

MAX_EVENT = 1 << 20
"""Size of one event."""

MAX_EVENTS = 2_000_000
"""Number of events beyond which a sample is refused."""

_STANDARD_MODEL = frozenset([*range(1, 7), *range(11, 17), *range(21, 26)])

_COUPLING = re.compile(rb"\bg_mu\"?\s*[=:]\s*([0-9][0-9.eE+-]*)")

_ENCODING = re.compile(
    rb"<\?xml[^>]*encoding\s*=\s*[\"'](?!(?:utf-8|us-ascii|iso-8859-1)[\"'])", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class Collisions:
    """Events of mu N -> mu N X in the laboratory, the nucleus at rest."""

    weight: Array
    """(n,) [pb], of sum `sigma`."""
    muon: Array
    """(4, n) incoming muon, (px, py, pz, E) [GeV]."""
    boson: Array
    """(4, n) boson [GeV]."""
    recoil: Array
    """(4, n) outgoing muon [GeV]; NaN where the file has none."""
    nucleus: Array
    """(4, n) outgoing nucleus [GeV]; NaN where the file has none."""
    muon_pdg: int
    """PDG id of the incoming muon."""
    boson_pdg: int
    """PDG id of the boson."""
    boson_mass: float
    """[GeV]"""
    z: int
    """Charge number of the nucleus."""
    nucleus_mass: float
    """[GeV]"""
    sigma: float
    """Total cross-section [pb]."""
    sigma_error: float
    """What the file says of its error [pb]."""
    coupling: float | None
    """To muons, if the header says "g_mu = VALUE"."""


def is_lhe(path: Path) -> bool:
    """Whether a file is a Les Houches one by its name."""
    return path.name.lower().endswith(ENDINGS)


def read_lhe(
    path: Path,
    boson_pdg: int | None = None,
    *,
    max_events: int = MAX_EVENTS,
    max_bytes: int = MAX_BYTES,
) -> Collisions:
    """Read a sample.

    The weights, whatever their normalisation, are scaled to the total of the init block.

    Parameters
    ----------
    boson_pdg : PDG id of the boson; by default the only particle that is neither of the Standard Model nor a nucleus
    max_events : number of events beyond which the sample is refused
    max_bytes : size, unpacked, beyond which it is refused

    Raises
    ------
    FileFormatError
        If the file is damaged, too large, or not of this reaction.
    UsageError
        If `pylhe` is missing.
    """
    try:
        import pylhe
    except ImportError as error:
        raise UsageError(f"{path}: reading LHE needs pylhe: {how_to_install('lhe')}") from error
    if not os.path.isfile(path):
        raise FileFormatError(f"{path}: no such file")
    try:
        with _Guarded(path, max_bytes) as stream, warnings.catch_warnings():
            warnings.simplefilter("error")  # pylhe only warns of a file that is cut short
            file = pylhe.LHEFile.frombuffer(cast("BinaryIO", stream), with_attributes=False)
            coupling = _COUPLING.search(stream.head)
            return _collisions(
                stream.counting(file.events),
                sigma=sum(process.xSection for process in file.init.procInfo),
                sigma_error=math.hypot(*(process.error for process in file.init.procInfo)),
                coupling=float(coupling[1]) if coupling else None,
                boson_pdg=boson_pdg,
                max_events=max_events,
            )
    except FileFormatError as error:
        raise FileFormatError(f"{path}: {error}") from error
    except MemoryError:
        raise
    except Exception as error:  # whatever the parsers of gzip, XML and numbers raise on a damaged file
        reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise FileFormatError(f"{path}: not a readable LHE file, or damaged: {reason}") from error


class _Guarded:
    """A file that is unpacked block by block and refused as soon as it is no sample.

    Attributes
    ----------
    head : what was read until the first event was found
    """

    def __init__(self, path: Path, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._file = path.open("rb")
        packed = self._file.read(2) == b"\x1f\x8b"
        self._file.seek(0)
        self._stream = cast("BinaryIO", gzip.GzipFile(fileobj=self._file)) if packed else self._file
        self.head = bytearray()
        self._begun = False
        self._total = 0
        self._since = 0
        self._tail = b""

    def read(self, size: int = -1) -> bytes:
        """Read up to `size` bytes, at most 64 kB."""
        try:
            block = self._stream.read(size if 0 <= size <= 1 << 16 else 1 << 16)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise FileFormatError(f"the gzip file is damaged or cut short: {error}") from error
        self._inspect(block)
        return block

    def _inspect(self, block: bytes) -> None:
        seen = self._tail + block
        self._tail = seen[-16:]
        if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen:
            raise FileFormatError("it declares a document type, which no LHE file needs: refused")
        if b"\0" in block or (not self._total and _ENCODING.search(block)):
            raise FileFormatError("not a text file in UTF-8")
        self._total += len(block)
        if self._total > self._max_bytes:
            size = self._max_bytes / (1 << 30)
            raise FileFormatError(f"larger than {size:.3g} GB unpacked: refused; take a part of it")
        self._since += len(block)
        if self._begun and self._since > MAX_EVENT:
            raise FileFormatError(f"an event of more than {MAX_EVENT >> 20} MB: refused")
        if not self._begun:
            self.head += block
            if self._since > MAX_HEADER:
                raise FileFormatError(f"no events in the first {MAX_HEADER >> 20} MB: refused")

    def counting(self, events: Iterable[Any]) -> Iterator[Any]:
        """Pass on the events that are found in the file, which has to have one now and then."""
        for event in events:
            self._begun, self._since = True, 0
            yield event

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()
        self._file.close()


def _collisions(
    events: Iterable[Any],
    *,
    sigma: float,
    sigma_error: float,
    coupling: float | None,
    boson_pdg: int | None,
    max_events: int,
) -> Collisions:
    """Take the four particles that are compared out of every event."""
    numbers = array("d")
    first: dict[str, Any] = {}
    for n, event in enumerate(events):
        if n == max_events:
            raise FileFormatError(f"more than {max_events:,} events: refused; take a part of them")
        boson_pdg = _new_particle(event.particles) if boson_pdg is None else boson_pdg
        try:
            roles = _roles(event.particles, boson_pdg)
        except FileFormatError as error:
            raise FileFormatError(f"event {n + 1}: {error}") from error
        first = first or roles
        if any(roles[name].id != first[name].id for name in ("muon in", "nucleus in")):
            raise FileFormatError(f"event {n + 1}: another beam or target than in the first event")
        numbers.append(event.eventinfo.weight)
        for name in ("muon in", "nucleus in", "boson", "muon out", "nucleus out"):
            p = roles.get(name)
            numbers.extend((p.px, p.py, p.pz, p.e) if p else (math.nan,) * 4)
    if not first:
        raise FileFormatError("holds no events")
    assert boson_pdg is not None
    table = np.frombuffer(numbers, dtype=np.float64).reshape(-1, 21).T
    weight, (muon, at_rest, boson, recoil, nucleus) = table[0], table[1:].reshape(5, 4, -1)
    _check(weight, muon, at_rest, boson, sigma, sigma_error)
    return Collisions(
        weight=weight * (sigma / weight.sum()),
        muon=muon,
        boson=boson,
        recoil=recoil,
        nucleus=nucleus,
        muon_pdg=first["muon in"].id,
        boson_pdg=boson_pdg,
        boson_mass=first["boson"].m,
        z=first["nucleus in"].id // 10_000 % 1000,
        nucleus_mass=float(np.median(at_rest[3])),
        sigma=sigma,
        sigma_error=sigma_error,
        coupling=coupling,
    )


def _check(
    weight: Array, muon: Array, at_rest: Array, boson: Array, sigma: float, sigma_error: float
) -> None:
    """Refuse what cannot be compared."""
    if not (0.0 < sigma < math.inf and 0.0 <= sigma_error < math.inf):
        raise FileFormatError(
            f"the total cross-section of the init block, {sigma} +- {sigma_error} pb, cannot be"
        )
    if not (np.isfinite(weight).all() and weight.sum() > 0.0):
        raise FileFormatError("the weights of the events are not finite, or sum to no positive number")
    if not (np.isfinite(muon).all() and np.isfinite(at_rest).all() and np.isfinite(boson).all()):
        raise FileFormatError("a momentum is not finite")
    if np.max(np.abs(at_rest[:3])) > 1e-6 * np.min(at_rest[3]):
        raise FileFormatError(
            "the nucleus moves: give the events in the laboratory frame, where it is at rest"
        )


def _is_nucleus(pdg: int) -> bool:
    return 1_000_000_000 < pdg < 1_100_000_000


def _new_particle(particles: Iterable[Any]) -> int:
    """PDG id of the only outgoing particle that is neither of the Standard Model nor a nucleus."""
    outgoing = {p.id for p in particles if p.status > 0}
    new = sorted(pdg for pdg in outgoing if abs(pdg) not in _STANDARD_MODEL and not _is_nucleus(pdg))
    if len(new) == 1:
        return int(new[0])
    found = f"several new particles, {', '.join(map(str, new))}" if new else "no new particle"
    raise FileFormatError(f"{found} among the outgoing ones; name the boson with --pdg")


def _roles(particles: list[Any], boson_pdg: int) -> dict[str, Any]:
    """Find who is who; the outgoing muon and nucleus may be missing."""
    roles: dict[str, Any] = {}
    place = next((i for i, p in enumerate(particles, 1) if p.id == boson_pdg and p.status > 0), None)
    for p in particles:
        way = {-1: "in", 1: "out"}.get(p.status)
        kind = "muon" if abs(p.id) == 13 else "nucleus" if _is_nucleus(p.id) else None
        if way and kind and (way == "in" or p.mother1 != place):
            roles.setdefault(f"{kind} {way}", p)
    for name, what in (("muon in", "incoming muon"), ("nucleus in", "incoming nucleus (PDG id 100ZZZAAA0)")):
        if name not in roles:
            raise FileFormatError(f"no {what}: not a sample of mu N -> mu N X")
    if place is None:
        raise FileFormatError(f"no outgoing particle of PDG id {boson_pdg}")
    return roles | {"boson": particles[place - 1]}
