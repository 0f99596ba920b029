"""What a card resolves to, as plain data: what `mcgen check` prints."""

from __future__ import annotations

import math
from typing import Any

from mcgen.card import Card
from mcgen.flux.flux import Flux
from mcgen.physics.kinds import KINDS
from mcgen.physics.meson_decay.mesons import MESONS
from mcgen.physics.meson_decay.width import branching_ratio
from mcgen.physics.models import delta_a_mu
from mcgen.sampler.process import Process
from mcgen.sources.bremsstrahlung import Bremsstrahlung


def facts_of(card: Card, flux: Flux, process: Process) -> dict[str, Any]:
    """Return widths, lifetime, g-2, branching ratios of mesons, geometry and flux of a card.

    What is infinite, or does not apply, is None.

    Parameters
    ----------
    flux, process : of the card
    """
    boson, experiment = card.model.boson(), card.experiment
    widths, ctau = boson.widths(), boson.ctau()
    return {
        "title": card.title,
        "model": {
            "name": card.model.name,
            "particle": boson.kind,
            "mass_gev": boson.mass,
            "couplings": dict(zip(("e", "mu", "tau"), boson.couplings, strict=True)),
            "gamma_per_gev": boson.gamma,
            "kinetic_mixing": {"re": boson.mixing.real, "im": boson.mixing.imag},
            "conserved": KINDS[boson.kind].spin == 0 or boson.neutrinos,
        },
        "spin_correlations": _polarised(process),
        "width_gev": boson.total_width(),
        "ctau_m": ctau if math.isfinite(ctau) else None,
        "delta_a_mu": delta_a_mu(boson.kind, boson.mass, boson.g_mu),
        "g_minus_2": {"value": card.g_minus_2.value, "error": card.g_minus_2.error},
        "channels": {
            name: {"width_gev": widths[name], "branching": ratio, "enabled": name in card.model.channels}
            for name, ratio in boson.branching_ratios().items()
        },
        "meson_decay": {meson.name: {"branching": branching_ratio(meson, boson)} for meson in MESONS},
        "variations": {variation.name: variation.in_words() for variation in card.variations},
        "experiment": _experiment(card),
        "exposure": experiment.exposure.model_dump(),
        "flux": {
            "file": flux.file,
            "particles": flux.total,
            "used": process.used,
            "parents": {name: len(source.parents) for name, source in process.sources.items()},
            "min_energy_gev": card.production.min_energy(boson.mass)
            if Bremsstrahlung.name in process.sources
            else None,
            "left_out": dict(process.left_out),
        },
    }


def _polarised(process: Process) -> list[str] | None:
    """Names of the sources in use whose vectors decay as they are polarised; None for spin 0, and if nothing decays."""
    if KINDS[process.boson.kind].spin == 0 or "none" in process.ratios:
        return None
    return [
        name for name, source in process.sources.items() if source.spin is not None and len(source.parents)
    ]


def _experiment(card: Card) -> dict[str, Any]:
    """Return what stands along the beam."""
    experiment = card.experiment
    return {
        "title": experiment.title,
        "note": experiment.note,
        "layers": [
            {
                "z_m": list(layer.z),
                "material": layer.material.name,
                "density_g_cm3": layer.material.density,
            }
            for layer in card.dump().layers
        ],
        **{
            name: getattr(experiment, name) and _plain(getattr(experiment, name))
            for name in ("decay_volume", "plane", "magnet", "selection")
        },
    }


def _plain(tables: Any) -> Any:
    """Plain data of a table, or of several."""
    if isinstance(tables, tuple | list):
        return [_plain(table) for table in tables]
    return tables.model_dump(mode="json")
