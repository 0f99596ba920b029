"""The variations of a card: from an event to its weight otherwise, over its weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from mcgen.card import Card
from mcgen.card.variations import VariationTable
from mcgen.constants import MUON_MASS
from mcgen.errors import FluxError
from mcgen.flux.flux import Flux
from mcgen.physics.formfactors import FORM_FACTORS
from mcgen.physics.kinematics import norm
from mcgen.record.tables import History, Parent
from mcgen.sources.bremsstrahlung import Bremsstrahlung
from mcgen.sources.bremsstrahlung.variations import form_factor_ratio, method_ratio, stopping_power_ratio
from mcgen.sources.source import Source
from mcgen.types import Array
from mcgen.weights import weight_factor

Ratio = Callable[[History], Array]
"""From events (n,) of one process and channel to what their weights would be otherwise, over what they are."""


class Ratios(dict[str, Ratio]):
    """The variations of a card, by name.

    They are functions within functions, which cannot be sent to other processes: these make their own.

    Parameters
    ----------
    sources : of the bosons, by name

    Raises
    ------
    FluxError
        If a variation is of what parents are from, and the flux does not say.
    """

    def __init__(self, card: Card, flux: Flux, sources: Mapping[str, Source]) -> None:
        super().__init__({one.name: _ratio_of(one, card, flux, sources) for one in card.variations})
        self._made_of = card, flux, sources

    def __reduce__(self) -> tuple[type[Ratios], tuple[Card, Flux, Mapping[str, Source]]]:
        return Ratios, self._made_of


def _ratio_of(variation: VariationTable, card: Card, flux: Flux, sources: Mapping[str, Source]) -> Ratio:
    match variation.kind:
        case "flux":
            return _of_flux(variation, flux, sources)
        case "coupling":
            return _of_coupling(variation, card)
    boson, dump = card.model.boson(), card.dump()
    muons = sources.get(Bremsstrahlung.name)
    max_energy = (
        MUON_MASS if muons is None else float(muons.parents.parent.momentum[3].max(initial=MUON_MASS))
    )
    method = card.production.method
    if variation.kind == "stopping_power":
        assert variation.factor is not None
        least = card.production.min_energy(boson.mass)
        slowed = stopping_power_ratio(method, variation.factor, boson, dump, least, max_energy)
        return _of_radiation(lambda history: slowed(history.parent.momentum[3], history.production))
    if variation.kind == "method":
        assert variation.method is not None
        radiated = method_ratio(variation.method, boson, dump, max_energy)
    else:
        assert variation.model is not None
        other = FORM_FACTORS[variation.model]
        radiated = form_factor_ratio(method, other, boson, dump, max_energy)
    return _of_radiation(lambda history: radiated(history.production))


def _of_flux(variation: VariationTable, flux: Flux, sources: Mapping[str, Source]) -> Ratio:
    factors = {source.code: _factors(variation, flux, source.parents.parent) for source in sources.values()}
    return lambda history: factors[history.process].take(history.place)


def _factors(variation: VariationTable, flux: Flux, parent: Parent) -> Array:
    """Factor (m,) on the rate of each parent."""
    momentum = norm(parent.momentum[:3])
    steps = variation.factors or ((0.0, variation.factor or 0.0),)
    number = np.searchsorted([start for start, _ in steps], momentum, side="right")
    factor: Array = np.array([1.0, *(value for _, value in steps)]).take(number)
    if variation.parent is None:
        return factor
    return np.where(np.isin(_origin(variation, flux, parent), variation.parent), factor, 1.0)


def _origin(variation: VariationTable, flux: Flux, parent: Parent) -> Array:
    """Absolute PDG id (m,) of what each parent is from; mesons are from nothing else."""
    is_muon = np.abs(parent.pdg) == 13
    if parent.origin is None and is_muon.any():
        raise FluxError(
            f"flux file {flux.file}: does not say what its muons are from, by which variations.{variation.name} varies "
            "them: give it the column parent, or take that variation out (--set variations=[] takes out all)"
        )
    return np.where(is_muon, 0 if parent.origin is None else parent.origin, np.abs(parent.pdg))


def _of_coupling(variation: VariationTable, card: Card) -> Ratio:
    assert variation.g_mu is not None
    square = (variation.g_mu / card.model.boson().g_mu) ** 2
    is_bare, is_fixed = card.experiment.exposure.kind == "xsec", card.model.ctau_m is not None

    def ratio(history: History) -> Array:
        if is_bare or is_fixed:
            return np.full(len(history.weight), square)
        return weight_factor(square, square, history.flight.path / history.flight.decay_length)

    return ratio


def _of_radiation(radiated: Ratio) -> Ratio:
    """Ratio of what muons radiate; for mesons it is 1."""

    def ratio(history: History) -> Array:
        if history.process != Bremsstrahlung.code:
            return np.ones(len(history.weight))
        with np.errstate(divide="ignore", invalid="ignore"):  # rows of weight 0
            return np.where(history.weight > 0.0, radiated(history), 0.0)

    return ratio
