"""What radiated bosons would count otherwise, over what they count: with another form factor, or by another method."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from mcgen.constants import MUON_MASS
from mcgen.experiment.dump import Dump
from mcgen.physics.bremsstrahlung import iww, ww
from mcgen.physics.formfactors import ChiTable, FormFactor, Nucleus, g2
from mcgen.physics.models import Boson
from mcgen.record.tables import Production
from mcgen.types import Array

Ratio = Callable[[Production], Array]
"""From bosons (n,) to their ratios (n,)."""

_TINY = 1e-300
"""In place of 0 below a fraction."""

_ANGLES = 32
"""Nodes of the integral over the angle, good to 1e-6."""


def form_factor_ratio(method: str, other: FormFactor, boson: Boson, dump: Dump, max_energy: float) -> Ratio:
    """Ratio of the cross-sections with another form factor and with the dipole, at the same kinematics.

    For exact it is that of G2 at the momentum transfer of the event; the others know the photon flux chi alone.

    Parameters
    ----------
    method : by which the bosons are made
    max_energy : largest energy of the muons [GeV]
    """
    if method == "exact":
        return _by_nucleus(
            dump,
            lambda nucleus: lambda made: other(nucleus, made.t) / np.maximum(g2(nucleus, made.t), _TINY),
        )
    t_min, low, high = _photon_range(method, boson.mass, max_energy)

    def ratio_of(nucleus: Nucleus) -> Ratio:
        tables = [ChiTable(nucleus, low, high, form_factor) for form_factor in (other, g2)]

        def ratio(made: Production) -> Array:
            varied, nominal = (table(t_min(made)) for table in tables)
            return varied / np.maximum(nominal, _TINY)

        return ratio

    return _by_nucleus(dump, ratio_of)


def method_ratio(method: str, boson: Boson, dump: Dump, max_energy: float) -> Ratio:
    """Ratio of an approximation's cross-section and the exact one, for events of the latter.

    With ww an event has the weight of an event of ww with the same x and angle. Momentum transfer and azimuth, of
    which ww knows nothing, are distributed as they are drawn. Collinear iww has no angle: of that of ww it is
    d sigma/dx (iww) over d sigma/dx (ww), so that energies are those of iww, and angles those of ww.

    Parameters
    ----------
    method : "ww" or "iww"
    max_energy : largest energy of the muons [GeV]
    """
    _, low, high = _photon_range("ww", boson.mass, max_energy)
    t_min_iww, lowest, highest = _photon_range("iww", boson.mass, max_energy)

    def ratio_of(nucleus: Nucleus) -> Ratio:
        chi, chi_iww = ChiTable(nucleus, low, high), ChiTable(nucleus, lowest, highest)

        def by_angle(energy: Array, x: Array, versine: Array) -> Array:
            u = ww.virtuality(energy, x, versine, boson.mass)
            return ww.d2sigma(boson.kind, energy, x, u, boson.mass, chi(ww.t_min(energy, x, u)))

        def ratio(made: Production) -> Array:
            energy, x = made.emitter[3], made.x
            assert made.cross_section is not None
            # The exact one is per solid angle.
            found: Array = by_angle(energy, x, _versine(made)) / (2.0 * np.pi * made.cross_section)
            if method == "iww":
                collinear = iww.dsigma_dx(boson.kind, energy, x, boson.mass, chi_iww(t_min_iww(made)))
                found = found * collinear / np.maximum(_over_angles(by_angle, energy, x, boson.mass), _TINY)
            return found

        return ratio

    return _by_nucleus(dump, ratio_of)


def stopping_power_ratio(
    method: str, factor: float, boson: Boson, dump: Dump, min_energy: float, max_energy: float
) -> Callable[[Array, Production], Array]:
    """Ratio with another stopping power, for the same bosons made at the same places.

    A muon that began with E_0 and has E where it radiates would have E' = E_0 - f (E_0 - E). So the ratio is that of
    the cross-sections per energy and angle of the boson at E' and at E, by `ww` also for exact: they depend on the
    energy alike. Bends and scattering stay as they are.

    Parameters
    ----------
    method : by which the bosons are made
    factor : f, on the stopping power
    min_energy, max_energy : that muons need, and the largest one [GeV]

    Returns
    -------
    From energies E_0 (n,) [GeV] and bosons (n,) to their ratios (n,)
    """
    is_collinear = method == "iww"
    _, low, high = _photon_range("iww" if is_collinear else "ww", boson.mass, max_energy)
    tables, of_layer = [ChiTable(nucleus, low, high) for nucleus in dump.nuclei], dump.nucleus_numbers

    def per_energy(energy: Array, made: Production) -> Array:
        x = made.boson_e / energy
        u = ww.virtuality(energy, x, _versine(made), boson.mass)
        t_min = iww.t_min(energy, boson.mass) if is_collinear else ww.t_min(energy, x, u)
        chi = np.choose(of_layer.take(made.layer), [table(t_min) for table in tables])
        if is_collinear:
            return iww.dsigma_dx(boson.kind, energy, x, boson.mass, chi) / energy
        return ww.d2sigma(boson.kind, energy, x, u, boson.mass, chi) / energy

    def ratio(start: Array, made: Production) -> Array:
        energy = made.emitter[3]
        other = start - factor * (start - energy)
        varied, nominal = per_energy(np.maximum(other, min_energy), made), per_energy(energy, made)
        # At the end of the window in x there may be none by ww, and some by exact.
        found = np.where(nominal > 0.0, varied / np.maximum(nominal, _TINY), 1.0)
        return np.where(other >= min_energy, found, 0.0)

    return ratio


def _over_angles(
    by_angle: Callable[[Array, Array, Array], Array], energy: Array, x: Array, mass: float
) -> Array:
    """Integrate a cross-section (n,) over the cosine, in the logarithm of the distance to the muon's pole."""
    pole = ww.virtuality(energy, x, np.zeros_like(x), mass) / (2.0 * x * energy * energy)
    length = np.log1p(2.0 / pole)
    nodes, weights = np.polynomial.legendre.leggauss(_ANGLES)
    total = np.zeros_like(x)
    for node, weight in zip(0.5 * (1.0 + nodes), 0.5 * weights, strict=True):
        versine = np.minimum(pole * np.expm1(node * length), 2.0)
        total += weight * length * (pole + versine) * by_angle(energy, x, versine)
    return total


def _photon_range(method: str, mass: float, max_energy: float) -> tuple[Ratio, float, float]:
    """Least momentum transfer squared of bosons, its smallest value, and the largest transfer [GeV^2]."""
    if method == "iww":
        smallest = float(iww.t_min(np.array(max_energy), mass))
        return lambda made: iww.t_min(made.emitter[3], mass), smallest, iww.t_max(mass)

    def t_min(made: Production) -> Array:
        energy, x = made.emitter[3], made.x
        return ww.t_min(energy, x, ww.virtuality(energy, x, _versine(made), mass))

    return t_min, (min(mass, MUON_MASS) ** 2 / (2.0 * max_energy)) ** 2, ww.t_max(mass)


def _versine(made: Production) -> Array:
    """1 - cos (n,) of the angle between boson and muon."""
    return np.asarray(2.0 * np.sin(0.5 * made.theta) ** 2)


def _by_nucleus(dump: Dump, ratio_of: Callable[[Nucleus], Ratio]) -> Ratio:
    """Ratio by the nucleus of the layer where the boson is made."""
    ratios, of_layer = [ratio_of(nucleus) for nucleus in dump.nuclei], dump.nucleus_numbers

    def ratio(made: Production) -> Array:
        values = [one(made) for one in ratios]
        return values[0] if len(values) == 1 else np.choose(of_layer.take(made.layer), values)

    return ratio
