"""Matter as a muon sees it: materials and their stopping power.

The mean energy loss is -dE/dz = rho [a(E) + b(E) E]; straggling is left out. Sources: D. E. Groom,
N. V. Mokhov and S. I. Striganov, Atomic Data and Nuclear Data Tables 78 (2001) 183 ("Groom");
R. M. Sternheimer, M. J. Berger and S. M. Seltzer, ibid. 30 (1984) 261 ("Sternheimer").
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from math import inf, isnan, nan
from typing import NamedTuple, cast

import numpy as np
from scipy.interpolate import CubicSpline

from mcgen.constants import ALPHA, AVOGADRO, ELECTRON_MASS, MUON_MASS
from mcgen.errors import UsageError
from mcgen.physics.formfactors import Nucleus
from mcgen.types import Array

_BETHE_K = 0.307075  # 4 pi N_A r_e^2 m_e c^2 [MeV cm^2/mol]


class _Ionisation(NamedTuple):
    """Constants of the ionisation loss, as Groom lists them, after Sternheimer.

    delta(x_0) is not here: it follows from the others, unrounded, so that delta is continuous.
    """

    minimum: float  # of the stopping power [MeV cm^2/g]
    excitation: float  # mean excitation energy I [eV]
    a: float
    k: float
    x_0: float
    x_1: float
    c: float
    conductor: bool = True


_IONISATION = {
    "Be": _Ionisation(1.595, 63.7, 0.80392, 2.4339, 0.0592, 1.6922, 2.7847),
    "C": _Ionisation(1.742, 78.0, 0.20240, 3.0036, -0.0351, 2.4860, 2.9925),
    "Fe": _Ionisation(1.451, 286.0, 0.14680, 2.9632, -0.0012, 3.1531, 4.2911),
    "Cu": _Ionisation(1.403, 322.0, 0.14339, 2.9044, -0.0254, 3.2792, 4.4190),
    "Mo": _Ionisation(1.330, 424.0, 0.10525, 3.2549, 0.2267, 3.2784, 4.8793),
    "W": _Ionisation(1.145, 727.0, 0.15509, 2.8447, 0.2167, 3.4960, 5.4059),
    "Pb": _Ionisation(1.122, 823.0, 0.09359, 3.1608, 0.3776, 3.8073, 6.2018),
    "concrete": _Ionisation(1.711, 135.2, 0.07515, 3.5467, 0.1301, 3.0466, 3.9464, conductor=False),
    "air": _Ionisation(1.815, 85.7, 0.10914, 3.3994, 1.7418, 4.2759, 10.5961, conductor=False),
}

# Z and A of the effective nuclei of compounds, from the mass fractions w of the PDG's shielding concrete, and of its
# dry air at 1 atm: Z = sum(w Z^2/A)/sum(w Z/A), A = Z/sum(w Z/A).
_COMPOUNDS = {"concrete": (10.976, 21.832), "air": (7.3594, 14.743)}

VACUUM = "vacuum"
"""Name of what is no matter: no nuclei, no loss, no scattering."""

MATERIALS = (*_IONISATION, VACUUM)
"""Names of the shipped materials."""


@dataclass(frozen=True, slots=True)
class Material:
    """A homogeneous material.

    A compound is represented by one effective nucleus, see `material`.
    """

    name: str
    """One of `MATERIALS`, or any other name for a material of the user's own."""
    z: float
    """Charge number."""
    a: float
    """Mass number, natural average [g/mol]."""
    density: float
    """[g/cm^3]; 0 of vacuum"""
    radiation_length: float = nan
    """X0 [g/cm^2]; NaN if not known: then there is no multiple scattering."""
    minimum_ionisation: float = nan
    """Least stopping power [MeV cm^2/g]; NaN if not known: then the constant energy loss has no default."""

    @property
    def is_vacuum(self) -> bool:
        """Whether there is nothing."""
        return self.density == 0.0

    @property
    def nucleus(self) -> Nucleus:
        """The (effective) nucleus; vacuum has none to ask for."""
        return Nucleus(self.z, self.a)

    @property
    def number_density(self) -> float:
        """Nuclei per volume, rho N_A/A [m^-3]."""
        return 1e6 * self.density * AVOGADRO / self.a

    @property
    def minimum_loss(self) -> float:
        """Energy loss of a minimum-ionising muon per length [GeV/m].

        Raises
        ------
        UsageError
            if the material's minimum ionisation is not known
        """
        if isnan(self.minimum_ionisation):
            raise UsageError(
                f"the minimum ionisation of material {self.name!r} is not known: give its constant "
                "stopping power in GeV/m"
            )
        return 0.1 * self.minimum_ionisation * self.density


@cache
def _table() -> dict[str, list[dict[str, str]]]:
    """Rows of the shipped stopping-power table, by material."""
    text = (files("mcgen") / "data" / "muon_stopping_power.csv").read_text(encoding="utf-8")
    rows: dict[str, list[dict[str, str]]] = {}
    for row in csv.DictReader(text.splitlines()):
        rows.setdefault(row["material"], []).append(row)
    return rows


def _columns(name: str, *columns: str) -> list[Array]:
    """Columns of one material's table, each (21,)."""
    return [np.array([float(row[column]) for row in _table()[name]]) for column in columns]


@cache
def _shipped(name: str) -> Material:
    if name == VACUUM:
        return Material(VACUUM, 0.0, 1.0, 0.0, inf, 0.0)
    if name not in _IONISATION:
        raise UsageError(f"unknown material {name!r}: take one of {', '.join(MATERIALS)}")
    row = _table()[name][0]
    z, a = (float(row["Z"]), float(row["A"])) if row["Z"] else _COMPOUNDS[name]
    density, x0 = float(row["rho_gcm3"]), float(row["X0_gcm2"])
    return Material(name, z, a, density, x0, _IONISATION[name].minimum)


def material(name: str, density: float | None = None) -> Material:
    """One of the shipped materials, at its own or another density.

    Compounds get the one nucleus that keeps both the electrons and the sum of Z^2 per gram (concrete
    Z = 11.0, A = 21.8; air Z = 7.4, A = 14.7): elastic emission goes with the latter, inelastic with the former.
    The density effect of the energy loss is kept at that of the material's own density.

    Parameters
    ----------
    name : one of `MATERIALS`
    density : [g/cm^3]; None for the material's own

    Raises
    ------
    UsageError
        for another name, a density that is not positive, or one of vacuum
    """
    shipped = _shipped(name)
    if density is None:
        return shipped
    if shipped.is_vacuum:
        raise UsageError(f"density of vacuum: {density} g/cm^3, but it has none")
    if not density > 0.0:
        raise UsageError(f"density of {name}: {density} g/cm^3 is not positive")
    return replace(shipped, density=density)


def _constants(material: Material) -> _Ionisation:
    try:
        return _IONISATION[material.name]
    except KeyError:
        raise UsageError(
            f"there is no stopping-power table for material {material.name!r}, only for "
            f"{', '.join(_IONISATION)}: use the constant energy loss"
        ) from None


def bethe(material: Material, energy: Array) -> Array:
    """Mean ionisation loss of a muon, a(E), by the Bethe formula (Groom, Sec. 3).

    K Z/A 1/beta^2 [1/2 ln(2 m_e beta^2 gamma^2 W/I^2) - beta^2 - delta/2 + W^2/(8 E^2)] plus the
    radiation of the struck electrons, K Z/A alpha/(4 pi) [ln(2 E/m_mu) - 1/3 ln(2 W/m_e)] ln^2(2 W/m_e).
    W is the largest energy of a struck electron, delta Sternheimer's density correction. Shell and
    Barkas corrections are left out: they matter below some 10 MeV, the last millimetre of a track.

    Parameters
    ----------
    energy : (n,) total energy, above m_mu + 1 MeV [GeV]

    Returns
    -------
    (n,) [MeV cm^2/g]

    Raises
    ------
    UsageError
        if the material is not one of the shipped
    """
    constants = _constants(material)
    gamma = energy / MUON_MASS
    bg2 = gamma * gamma - 1.0
    beta2 = bg2 / (gamma * gamma)
    mass_ratio = ELECTRON_MASS / MUON_MASS
    w_max = 2.0 * ELECTRON_MASS * bg2 / (1.0 + 2.0 * gamma * mass_ratio + mass_ratio * mass_ratio)

    decade = np.log(10.0)
    x = 0.5 * np.log(bg2) / decade
    gap = np.maximum(constants.x_1 - x, 0.0)
    above = 2.0 * decade * x - constants.c + constants.a * gap**constants.k
    at_x_0 = (
        2.0 * decade * constants.x_0
        - constants.c
        + constants.a * (constants.x_1 - constants.x_0) ** constants.k
    )
    below = at_x_0 * 10.0 ** (2.0 * (x - constants.x_0)) if constants.conductor else 0.0
    delta = np.where(x >= constants.x_0, above, below)

    logarithm = np.log(2.0 * ELECTRON_MASS * bg2 * w_max / (1e-9 * constants.excitation) ** 2)
    collisions = (0.5 * logarithm - beta2 - 0.5 * delta + w_max * w_max / (8.0 * energy * energy)) / beta2
    log_w = np.log(2.0 * w_max / ELECTRON_MASS)
    radiation = ALPHA / (4.0 * np.pi) * (np.log(2.0 * gamma) - log_w / 3.0) * log_w * log_w
    return _BETHE_K * material.z / material.a * (collisions + radiation)


def stopping_power(material: Material, energy: Array) -> Array:
    """Mean energy loss of a muon per mass thickness, a(E) + b(E) E.

    From 1 GeV on, the shipped table: the ratio of its a to the Bethe formula, and ln(b E), as cubic
    splines in ln E. Below, the Bethe formula times its ratio at 1 GeV (0.997 to 1.003), and b E as a
    power law with the slope it has at 1 GeV: continuous, with a continuous derivative.

    Parameters
    ----------
    energy : (n,) total energy, from m_mu + 1 MeV to 1000 GeV [GeV]

    Returns
    -------
    (n,) [MeV cm^2/g]

    Raises
    ------
    UsageError
        if the material is not one of the shipped
    """
    collisions = bethe(material, energy)
    knots, table, *radiative = _columns(
        material.name, "E_total_GeV", "a_ion_MeVcm2g", "brems", "pair", "photonuc"
    )
    log_knots = np.log(knots)
    ratio = CubicSpline(log_knots, table / bethe(material, knots), bc_type="clamped")
    rate = CubicSpline(log_knots, np.log(sum(radiative)), bc_type="natural")
    log_energy = np.log(energy)
    inside = np.maximum(log_energy, log_knots[0])
    log_rate = rate(inside) + rate(log_knots[0], 1) * (log_energy - inside)
    return cast("Array", collisions * ratio(inside) + np.exp(log_rate))
