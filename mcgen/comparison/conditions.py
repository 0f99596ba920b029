"""What two samples must have in common to be compared, and the card of a run that has it in common with one."""

from __future__ import annotations

from dataclasses import dataclass
from math import isclose
from typing import Any

import numpy as np

from mcgen.constants import NUCLEON_MASS
from mcgen.events import Events
from mcgen.io.samples import Collisions
from mcgen.physics.matter import MATERIALS, material
from mcgen.types import Array

ISOTOPES = 0.02
"""Relative difference of nuclear masses up to which targets are the same: isotopes and their natural mixture."""

DIGITS = 1e-5
"""Relative difference up to which energies, masses and couplings are the same: files are rounded."""


@dataclass(frozen=True, slots=True)
class Setup:
    """What is collided, and what the weights are."""

    nuclei: tuple[tuple[float, float], ...]
    """Charge number and mass [GeV] of the nuclei of the target."""
    mass: float
    """Of the boson [GeV]."""
    energy: float | None
    """Of the muons at emission [GeV]; None if it varies."""
    coupling: float | None
    """To muons; None if not known."""
    weights: str
    """What the weights are normalised to."""


def setup_of_events(events: Events) -> Setup:
    """Setup of mcgen events, from their card."""
    card = events.provenance.card
    exposure = card.experiment.exposure
    nuclei = tuple((nucleus.z, nucleus.mass) for nucleus in card.dump().nuclei)
    cross_section = exposure.kind == "xsec" and exposure.value == 1.0
    return Setup(
        nuclei=nuclei[:1] if exposure.kind == "xsec" else nuclei,
        mass=card.model.mass_gev,
        energy=_common(events["emitter_e"]),
        coupling=card.model.boson().radiating,
        weights="cross-section" if cross_section else f"{exposure.value:g} {exposure.kind}",
    )


def setup_of_collisions(sample: Collisions) -> Setup:
    """Setup of a sample from another generator."""
    return Setup(
        nuclei=((sample.z, sample.nucleus_mass),),
        mass=sample.boson_mass,
        energy=_common(sample.muon[3]),
        coupling=sample.coupling,
        weights="cross-section",
    )


def differences(one: Setup, other: Setup) -> list[str]:
    """Say what differs between two setups, a phrase each; what one of them does not know does not differ."""
    found = []
    if len(one.nuclei) != len(other.nuclei) or not all(
        z == its_z and isclose(mass, its_mass, rel_tol=ISOTOPES)
        for (z, mass), (its_z, its_mass) in zip(one.nuclei, other.nuclei, strict=True)
    ):
        found.append(f"target {_targets(one)}, not {_targets(other)}")
    if not isclose(one.mass, other.mass, rel_tol=DIGITS):
        found.append(f"mass of the boson {one.mass:g} GeV, not {other.mass:g} GeV")
    if None in (one.energy, other.energy):
        same_energy = one.energy == other.energy
    else:
        same_energy = isclose(one.energy or 0.0, other.energy or 0.0, rel_tol=DIGITS)
    if not same_energy:
        found.append(f"muon energy {_energy(one)}, not {_energy(other)}")
    if None not in (one.coupling, other.coupling) and not isclose(
        one.coupling or 0.0, other.coupling or 0.0, rel_tol=DIGITS
    ):
        found.append(f"coupling to muons {one.coupling:g}, not {other.coupling:g}")
    if one.weights != other.weights:
        found.append(f"weights for {one.weights}, not {other.weights}")
    return found


def matching_card(sample: Collisions, title: str, method: str) -> dict[str, Any]:
    """Make the card of a run like a sample: bare collisions, with weights in pb.

    Parameters
    ----------
    title : of the card
    method : of production

    Returns
    -------
    Plain data for `mcgen.load_card`
    """
    return {
        "title": title,
        "model": {
            "name": "muonphilic",
            "particle": "scalar",
            "mass_gev": sample.boson_mass,
            "g_mu": 1.0 if sample.coupling is None else sample.coupling,
        },
        # The energy loss is that of no way at all; materials of one's own have no default of it.
        "production": {"method": method, "min_energy_factor": 0.0, "stopping_power_gev_per_m": 1.0},
        "beam": {"pdg": sample.muon_pdg, "energy_gev": float(np.median(sample.muon[3]))},
        "experiment": {
            "name": "collisions",
            "title": "Muons on bare nuclei",
            "note": "" if sample.coupling else "The sample does not say its coupling: g_mu = 1 is assumed.",
            "exposure": {"kind": "xsec", "value": 1.0},
            "target": {**_target(sample), "z_m": [0.0, 1e-6]},
            "decay_volume": {"shape": "slab", "z_m": [1.0, 2.0]},
        },
    }


def _target(sample: Collisions) -> dict[str, Any]:
    """Shipped material of a sample's nucleus, or else one of its own."""
    for name in MATERIALS:
        matter = material(name)
        if matter.is_vacuum:
            continue
        nucleus = matter.nucleus
        if nucleus.z == sample.z and isclose(nucleus.mass, sample.nucleus_mass, rel_tol=DIGITS):
            return {"material": name}
    return {"z": float(sample.z), "a": sample.nucleus_mass / NUCLEON_MASS, "density_g_cm3": 1.0}


def _common(energy: Array) -> float | None:
    """Take the value that all energies have, if there is one."""
    if not len(energy) or not np.allclose(energy, energy[0], rtol=DIGITS, atol=0.0):
        return None
    return float(energy[0])


def _targets(setup: Setup) -> str:
    return " and ".join(f"Z = {z:g} of {mass:.4g} GeV" for z, mass in setup.nuclei)


def _energy(setup: Setup) -> str:
    return "that varies" if setup.energy is None else f"{setup.energy:g} GeV"
