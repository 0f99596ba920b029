"""Les Houches event files: the emission, and the decay of the boson as a second step."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import numpy as np

from mcgen.constants import ALPHA
from mcgen.io.events.metadata import METADATA, to_text
from mcgen.io.events.particles import BOSON, COLUMNS, EMITTER, FIRST, NUCLEUS, Particles, Setting, parents_of
from mcgen.io.events.spool import SpoolingWriter
from mcgen.io.files import binary_output
from mcgen.metadata import Metadata
from mcgen.weights import integration_error

if TYPE_CHECKING:
    import pylhe

_MM = 1e3
_UNKNOWN = -1.0
_UNKNOWN_SPIN = 9.0
_INCOMING, _OUTGOING, _DECAYED = -1, 1, 2


class LheWriter(SpoolingWriter):
    """Writes muon and nucleus, or a meson, in; boson, muon, and nucleus or neutrino out; and the boson's daughters.

    IDWTUP is -4: XWGTUP is the number of events in the file times the weight, so that the mean of XWGTUP is
    the sum of the weights, that of XSECUP over the processes; likewise the named weights in <rwgt>. What a source does not define is left out.
    """

    needed = ("event", "weight", "accepted", "process", *COLUMNS)

    def finish(self, metadata: Metadata) -> None:
        """Write the file; compressed if its name ends with .gz."""
        import pylhe

        digits = pylhe.LHEXMLFormat(
            eventinfo="{nparticles:3d} {pid:6d} {weight: .16e} {scale: .8e} {aqed: .8e} {aqcd: .8e}",
            particle="{id:10d} {status:3d} {mother1:3d} {mother2:3d} {color1:3d} {color2:3d} {px: .16e} "
            "{py: .16e} {pz: .16e} {e: .16e} {m: .16e} {lifetime: .16e} {spin: .1f}",
            procinfo="{xSection: .16e} {error: .16e} {unitWeight: .16e} {procId:5d}",
        )
        setting = Setting.of(metadata)
        element = ElementTree.Element(METADATA)
        element.text = to_text(metadata)
        exposure = setting.card.experiment.exposure
        file = pylhe.LHEFile(
            init=self._init(metadata, setting),
            events=self._events(setting),
            header=pylhe.LHEHeader(self._named_weights(metadata), [element]),
            comment=f"XSECUP and the mean of XWGTUP are the expected number of events of {exposure.value:g} "
            f"{exposure.kind}, not picobarns. Lengths in mm; ct since the parent was where the flux has it.",
        )
        with binary_output(self.path) as raw, io.TextIOWrapper(raw, encoding="utf-8") as stream:
            file.write(stream, digits)
            stream.write("\n")

    def _named_weights(self, metadata: Metadata) -> pylhe.LHEInitRWGT:
        import pylhe

        meaning = {column.name: column.meaning for column in metadata.provenance.columns}
        return pylhe.LHEInitRWGT(
            [pylhe.LHEInitRWGTWeight(name, meaning[name]) for name in self.named_weights]
        )

    def _init(self, metadata: Metadata, setting: Setting) -> pylhe.LHEInit:
        import pylhe

        highest = 0.0
        sums: dict[int, tuple[float, float, float]] = {}
        beams: set[int] = set()
        decays = True
        for columns in self.chunks():
            highest = max(highest, float(columns["emitter_e"].max()))
            beams.update(np.unique(columns["parent_pdg"]).tolist())
            decays &= bool(np.isfinite(columns["neutrino_e"]).all())
            for code in np.unique(columns["process"]).tolist():
                weight = columns["weight"][columns["process"] == code]
                total, square, largest = sums.get(code, (0.0, 0.0, 0.0))
                largest = max(largest, float(weight.max()))
                sums[code] = total + float(weight.sum()), square + float(weight @ weight), largest
        points = metadata.provenance.points
        # Groups and sets 0: no parton distributions. Energies of muons vary up to the one that is given, and so may
        # their charges and kinds, of which the header has room for one. Mesons that decay meet nothing.
        beam = beams.pop() if len(beams) == 1 else 13
        nucleus = setting.nuclei[0]
        target = (0, highest, 0.0) if decays and sums else (nucleus.pdg, highest, nucleus.mass)
        info = pylhe.LHEInitInfo(beam, *target, 0, 0, 0, 0, -4, max(len(sums), 1))
        processes = []
        for code, (total, square, largest) in sorted(sums.items()) or [(1, (0.0, 0.0, 0.0))]:
            # The integration error over all points of the run, of which those of weight 0 are not in the file.
            error = integration_error(total, square, points)
            processes.append(pylhe.LHEProcInfo(total, error, self.rows * largest, code))
        generator = pylhe.LHEGenerator("mcgen", metadata.provenance.version, "", {})
        return pylhe.LHEInit(info, processes, [generator])

    def _events(self, setting: Setting) -> Iterator[pylhe.LHEEvent]:
        import pylhe

        for columns in self.chunks():
            particles = Particles.of(columns, setting)
            for i in range(len(columns["weight"])):
                places = tuple(np.flatnonzero(particles.present[i]).tolist())
                parents = parents_of(places)
                yield pylhe.LHEEvent(
                    eventinfo=pylhe.LHEEventInfo(
                        nparticles=len(places),
                        pid=int(columns["process"][i]),
                        weight=self.rows * float(columns["weight"][i]),
                        scale=_UNKNOWN,
                        aqed=ALPHA,
                        aqcd=_UNKNOWN,
                    ),
                    particles=[
                        _particle(particles, i, place, mothers)
                        for place, mothers in zip(places, parents, strict=True)
                    ],
                    weights={name: _AllDigits(self.rows * columns[name][i]) for name in self.named_weights},
                    optional=[
                        f"# event {columns['event'][i]} accepted {int(columns['accepted'][i])}",
                        _vertex("emission", particles.emission[i]),
                        _vertex("decay", particles.decay[i]),
                    ],
                )


class _AllDigits(float):
    """A number that is written with all of its digits, of which pylhe would keep five."""

    def __format__(self, _: str) -> str:
        return f"{float(self):.16e}"


def _vertex(name: str, position: np.ndarray[Any, Any]) -> str:
    return f"# {name} x y z ct " + " ".join(f"{value:.16e}" for value in position * _MM)


def _particle(particles: Particles, i: int, place: int, mothers: tuple[int, int]) -> pylhe.LHEParticle:
    import pylhe

    status = _INCOMING if place in (EMITTER, NUCLEUS) else _OUTGOING
    lifetime = 0.0
    if place == BOSON and particles.present[i, FIRST]:
        status, lifetime = _DECAYED, float(particles.lifetime[i]) * _MM
    px, py, pz, energy = particles.momentum[i, place].tolist()
    return pylhe.LHEParticle(
        id=int(particles.pdg[i, place]),
        status=status,
        mother1=mothers[0],
        mother2=mothers[1] if mothers[1] != mothers[0] else 0,
        color1=0,
        color2=0,
        px=px,
        py=py,
        pz=pz,
        e=energy,
        m=float(particles.mass[i, place]),
        lifetime=lifetime,
        spin=_UNKNOWN_SPIN,
    )
