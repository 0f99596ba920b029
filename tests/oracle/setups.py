"""Run cards and flux files for the setups of `tests.oracle.quadrature`.

The number of decays and of accepted events of such a card is known from quadrature.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

import mcgen
from mcgen.card import Card
from tests.oracle.quadrature import TAX, Cuts, Muon, Setup, Volume, muon, muonphilic
from tests.oracle.stats import generator

EXPOSURE = 1e18
"""Muons' weights are divided by it in the flux file and multiplied by it in the card."""

UNLIMITED = 1e5
"""Radius of a plane that has none [m]."""


def card_of(
    setup: Setup,
    folder: Path,
    run: Mapping[str, Any] | None = None,
    *,
    channel: str | None = None,
    cuts: Cuts | None = None,
    channels: Iterable[str] | None = None,
    groups: Iterable[int] | None = None,
) -> Card:
    """Write the flux file of a setup, and make the card that reads it.

    Parameters
    ----------
    folder : where the flux file goes; the next card's flux replaces it
    run : the card's [run]
    channel, cuts : the channel that can be accepted, and how; without them every decay is
    channels : to generate; all if None
    groups : numbers of the protons that the muons are from; without them, each is from one of its own
    """
    flux = folder / "muons.csv"
    write_flux(setup.muons, flux, groups)
    return mcgen.load_card(card_dict(setup, flux, run, channel=channel, cuts=cuts, channels=channels))


def write_flux(muons: Sequence[Muon], path: Path, groups: Iterable[int] | None = None) -> None:
    """Write muons in the native flux format, so that nothing is lost in the digits.

    Without numbers of their own, those that share a point would pass for muons of one proton.

    Parameters
    ----------
    groups : see `card_of`
    """
    rows = [
        (-13 * one.charge, *one.position, *one.momentum, one.weight / EXPOSURE, group)
        for one, group in zip(muons, range(len(muons)) if groups is None else groups, strict=True)
    ]
    lines = [",".join(repr(value) for value in row) for row in rows]
    path.write_text("\n".join(["pdg,x,y,z,px,py,pz,w,group", *lines, ""]), encoding="utf-8")


def card_dict(
    setup: Setup,
    flux: Path,
    run: Mapping[str, Any] | None = None,
    *,
    channel: str | None = None,
    cuts: Cuts | None = None,
    channels: Iterable[str] | None = None,
) -> dict[str, Any]:
    """Plain data of the card; `flux` is its file, the other parameters are those of `card_of`."""
    g_e, g_mu, g_tau = setup.couplings
    block = setup.block
    experiment: dict[str, Any] = {
        "name": "quadrature",
        "exposure": {"kind": "pot", "value": EXPOSURE},
        "target": {
            "z": block.z,
            "a": block.a,
            "density_g_cm3": block.density,
            "z_m": [block.front, block.back],
        },
        "decay_volume": _volume(setup.volume),
    }
    if channel is not None and cuts is not None:
        experiment |= _detector(channel, cuts)
    return {
        "model": {
            "name": "custom",
            "mass_gev": setup.mass,
            "couplings": {"e": g_e, "mu": g_mu, "tau": g_tau},
            "channels": "all" if channels is None else list(channels),
        },
        "production": {
            "method": "iww",
            "min_energy_factor": setup.min_energy_factor,
            "energy_loss": "constant",
            "stopping_power_gev_per_m": block.loss,
        },
        "flux": {"file": str(flux)},
        "experiment": experiment,
        "run": dict(run or {}),
    }


def _volume(volume: Volume) -> dict[str, Any]:
    table: dict[str, Any] = {"z_m": [volume.front, volume.back], "centre_m": list(volume.centre)}
    match volume.shape:
        case "slab":
            return table | {"shape": "slab"}
        case "box":
            return table | {"shape": "box", "half_width_m": list(volume.half_sizes)}
        case "ellipse" if volume.half_sizes[0] == volume.half_sizes[1]:
            return table | {"shape": "cylinder", "radius_m": volume.half_sizes[0]}
        case "ellipse":
            return table | {"shape": "elliptic_cylinder", "semi_axes_m": list(volume.half_sizes)}


def _detector(channel: str, cuts: Cuts) -> dict[str, Any]:
    plane = {
        "name": "plane",
        "z_m": cuts.plane,
        "shape": "circle",
        "radius_m": min(cuts.radius, UNLIMITED),
        "hole_radius_m": cuts.hole,
        "centre_m": list(cuts.centre),
    }
    selection = {
        "channels": [channel],
        "planes": ["plane"],
        "min_energy_gev": cuts.min_energy,
        "min_separation_m": cuts.min_separation,
    }
    tables: dict[str, Any] = {"plane": [plane], "selection": [selection]}
    if cuts.has_magnet:
        tables["magnet"] = [{"name": "magnet", "z_m": cuts.magnet, "kick_gev": list(cuts.kick)}]
    return tables


def toy_flux(rows: int = 40) -> Setup:
    """Muons of different energies, places and directions, with yields of the same order."""
    rng = generator("toy flux")
    energy = np.geomspace(20.0, 150.0, rows)
    x, y = rng.uniform(-0.05, 0.05, (2, rows))
    z = rng.uniform(0.0, 2.0, rows)
    u, v = rng.normal(0.0, 1e-3, (2, rows))
    charge = rng.choice([-1, 1], rows)
    columns = (column.tolist() for column in (energy, x, y, z, u, v, charge))
    muons = tuple(
        muon(e, (x, y, z), (u, v), weight=1e12 / e, charge=q)
        for e, x, y, z, u, v, q in zip(*columns, strict=True)
    )
    return Setup(muons, TAX, Volume("slab", 82.2, 157.2), 0.1, muonphilic(2e-4))


def toy_pairs(pairs: int = 30) -> Setup:
    """Pairs of muons of one proton each, one after the other; the two of a pair have similar yields."""
    rng = generator("toy pairs")
    muons = []
    for energy in np.geomspace(40.0, 120.0, pairs).tolist():
        x, y = rng.uniform(-0.05, 0.05, 2).tolist()
        z = float(rng.uniform(0.0, 2.0))
        for charge, share in ((-1, 0.95), (1, 1.05)):
            u, v = rng.normal(0.0, 1e-3, 2).tolist()
            muons.append(muon(share * energy, (x, y, z), (u, v), weight=1e12 / energy, charge=charge))
    return Setup(tuple(muons), TAX, Volume("slab", 82.2, 157.2), 0.1, muonphilic(2e-4))
