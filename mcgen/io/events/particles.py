"""Events as particles and vertices, for formats that know no columns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from particle import InvalidParticle, ParticleNotFound

from mcgen.card import Card
from mcgen.constants import MUON_MASS, SPEED_OF_LIGHT, mass_of
from mcgen.errors import FileFormatError
from mcgen.metadata import Metadata
from mcgen.physics.formfactors import Nucleus
from mcgen.physics.kinematics import momentum_of
from mcgen.record.columns import AnyArray
from mcgen.types import Array, Bools, Ints

EMITTER, NUCLEUS, BOSON, FIRST, SECOND, RECOIL, RECOIL_NUCLEUS, NEUTRINO, REMNANT = range(9)
"""Places of the particles; what an event may lack is left out of files."""

NUCLEAR_REMNANT = 2009900000
"""Particle number of what a simulation does not say precisely of a nucleus (arXiv:2310.13211, P.C.2)."""

_PARENTS = ((), (), (EMITTER, NUCLEUS), (BOSON,), (BOSON,), *4 * ((EMITTER, NUCLEUS),))
"""Places of the parents of each particle."""

_P4 = ("px", "py", "pz", "e")
_PREFIXES = {
    EMITTER: "emitter",
    BOSON: "boson",
    FIRST: "d1",
    SECOND: "d2",
    RECOIL: "recoil",
    RECOIL_NUCLEUS: "nucleus",
    NEUTRINO: "neutrino",
}

COLUMNS = (
    *("parent_pdg", "boson_pdg", "d1_pdg", "d2_pdg"),
    *(f"{prefix}_{name}" for prefix in _PREFIXES.values() for name in _P4),
    *(f"{vertex}_{name}" for vertex in ("emission", "decay") for name in "xyz"),
    *("layer", "decay_path", "decay_t"),
)
"""Columns that particles are made from."""


@cache
def parents_of(places: tuple[int, ...]) -> tuple[tuple[int, int], ...]:
    """First and last parent of the particles at some places, counted from 1 among them; 0 none."""
    number = {place: count for count, place in enumerate(places, start=1)}
    there = [[number[parent] for parent in _PARENTS[place] if parent in number] for place in places]
    return tuple((numbers[0], numbers[-1]) if numbers else (0, 0) for numbers in there)


@dataclass(frozen=True, slots=True)
class Setting:
    """What the particles of a run have in common."""

    card: Card
    """Of the run."""
    boson_mass: float
    """[GeV]"""
    nuclei: tuple[Nucleus, ...]
    """Of the target's layers; in vacuum, where nothing is made, that of the first."""

    @classmethod
    def of(cls, metadata: Metadata) -> Setting:
        """Take it from the card in a file's metadata."""
        card = metadata.provenance.card
        layers = card.experiment.target.layers
        matter = [layer.matter() for layer in layers]
        return cls(
            card=card,
            boson_mass=card.model.mass_gev,
            nuclei=tuple((matter[0] if one.is_vacuum else one).nucleus for one in matter),
        )


@dataclass(frozen=True, slots=True)
class Particles:
    """The particles of n events, at k places: all but the remnant, or that, too."""

    pdg: Ints
    """(n, k)"""
    momentum: Array
    """(n, k, 4) px, py, pz, E [GeV]; NaN where a source does not define it."""
    mass: Array
    """(n, k) [GeV]"""
    present: Bools
    """(n, k) whether the momentum is defined; of the nucleus, whether there is one: not where a meson decays."""
    emission: Array
    """(n, 4) vertex x, y, z, ct [m], the time since the parent was where the flux has it."""
    decay: Array
    """(n, 4) vertex x, y, z, ct [m]."""
    lifetime: Array
    """(n,) proper c tau of the boson [m]."""

    @classmethod
    def of(cls, columns: Mapping[str, AnyArray], setting: Setting) -> Particles:
        """Make particles from columns."""
        n = len(columns["parent_pdg"])
        layer = columns["layer"]
        nucleus = np.array([nucleus.pdg for nucleus in setting.nuclei])[layer]
        nucleus_mass = np.array([nucleus.mass for nucleus in setting.nuclei])[layer]
        emitter = columns["parent_pdg"]
        # The meson that decays has the charge of its antimuon, and the neutrino is the other lepton.
        decays = np.isfinite(columns["neutrino_e"])
        sign = np.sign(emitter)
        own = [emitter, nucleus, columns["boson_pdg"], columns["d1_pdg"], columns["d2_pdg"]]
        pdg = np.stack(
            [*own, np.where(decays, -13 * sign, emitter), nucleus, 14 * sign], axis=1, dtype=np.int64
        )
        momentum = np.zeros((n, 8, 4))
        momentum[:, NUCLEUS, 3] = np.where(decays, np.nan, nucleus_mass)
        for place, prefix in _PREFIXES.items():
            momentum[:, place] = np.stack([columns[f"{prefix}_{name}"] for name in _P4], axis=1)
        mass = np.full((n, 8), MUON_MASS)
        mass[:, [NUCLEUS, RECOIL_NUCLEUS]] = nucleus_mass[:, None]
        mass[:, BOSON] = setting.boson_mass
        mass[:, NEUTRINO] = 0.0
        mass[:, [EMITTER, FIRST, SECOND]] = _masses(pdg[:, [EMITTER, FIRST, SECOND]])
        present: Bools = np.logical_and.reduce(np.isfinite(momentum), axis=2)
        energy, path = columns["boson_e"], columns["decay_path"]
        boson_p = momentum_of(energy, setting.boson_mass)
        flight = path * energy / boson_p
        arrival = columns["decay_t"] * SPEED_OF_LIGHT
        return cls(
            pdg=pdg,
            momentum=momentum,
            mass=mass,
            present=present,
            emission=np.stack([*(columns[f"emission_{c}"] for c in "xyz"), arrival - flight], axis=1),
            decay=np.stack([*(columns[f"decay_{c}"] for c in "xyz"), arrival], axis=1),
            lifetime=path * setting.boson_mass / boson_p,
        )

    def balanced(self) -> Particles:
        """Return them with the remnant: what leaves a nucleus, and no method defines, so that momentum balances."""
        missing = self.present[:, NUCLEUS] & ~self.present[:, RECOIL_NUCLEUS]
        known = np.where(self.present[:, :, None], self.momentum, 0.0)
        rest = known[:, [EMITTER, NUCLEUS]].sum(axis=1) - known[:, [BOSON, RECOIL]].sum(axis=1)
        mass = np.sqrt(np.maximum(rest[:, 3] ** 2 - (rest[:, :3] ** 2).sum(axis=1), 0.0))
        return replace(
            self,
            pdg=np.insert(self.pdg, REMNANT, NUCLEAR_REMNANT, axis=1),
            momentum=np.insert(self.momentum, REMNANT, rest, axis=1),
            mass=np.insert(self.mass, REMNANT, mass, axis=1),
            present=np.insert(self.present, REMNANT, missing, axis=1),
        )


def _masses(pdg: Ints) -> Array:
    known, where = np.unique(np.abs(pdg), return_inverse=True)
    try:
        masses: Array = np.array([mass_of(int(code)) for code in known])
    except (InvalidParticle, ParticleNotFound) as error:
        raise FileFormatError(f"a parent or daughter is no particle: {error}") from error
    return masses[where.reshape(pdg.shape)]
