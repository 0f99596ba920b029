"""The run card, and how one comes about: loaded, checked, changed.

The experiment card is merged under the run card's [experiment], and what the command line sets over
both. All faults are reported at once.
"""

from __future__ import annotations

import copy
import functools
import operator
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

from pydantic import TypeAdapter, ValidationError

from mcgen.card.checks import faults_of
from mcgen.card.flux_tables import BeamTable, FluxTable
from mcgen.card.merging import assign, merged, setting
from mcgen.card.messages import place_of, sentence
from mcgen.card.overview import overview
from mcgen.card.run_tables import (
    GMinus2Table,
    ModelTable,
    ProductionTable,
    RunTable,
    ScanTable,
    StatisticsTable,
)
from mcgen.card.shipped import find_card, shipped_cards
from mcgen.card.variations import VariationTable
from mcgen.errors import CardError, UsageError
from mcgen.experiment.dump import Dump, dump_of
from mcgen.experiment.exposure import EXPOSURES
from mcgen.experiment.tables import ExperimentTable
from mcgen.experiment.target import TargetTable
from mcgen.fields import SHORTEST, AsTuple, Table, Text
from mcgen.markup import html_table
from mcgen.parsing import check_depth, parse_toml


class Card(Table):
    """A run card with its experiment card merged in.

    Examples
    --------
    >>> card.model.mass_gev, card.experiment.name
    (0.05, 'na62')
    """

    title: Text = ""
    """Your own words, above figures and pages; not what a key says already, for --set may change that."""
    model: ModelTable
    """The boson."""
    production: ProductionTable = ProductionTable()
    """How the boson comes about, and what the muon loses before."""
    flux: FluxTable | None = None
    """The particles that bosons come from, out of a file; this or `beam`."""
    beam: BeamTable | None = None
    """Muons of a beam along z that meets the front of the target; this or `flux`."""
    experiment: ExperimentTable
    """What stands along the beam, and what is accepted."""
    variations: Annotated[tuple[VariationTable, ...], AsTuple] = ()
    """What else the weight of an event could be."""
    run: RunTable = RunTable()
    """How much, and with which random numbers."""
    scan: ScanTable = ScanTable()
    """Where `mcgen scan` looks."""
    statistics: StatisticsTable | None = None
    """Counts that say where the limit of a scan is; absent: `scan.n_signal` does."""
    g_minus_2: GMinus2Table = GMinus2Table()
    """The muon's (g-2)/2, to compare the boson's part with."""

    @property
    def heading(self) -> str:
        """What somebody calls it: the title, or the experiment's.

        Examples
        --------
        >>> card.replace(title="").heading == card.experiment.title
        True
        """
        return self.title or self.experiment.title or self.experiment.name

    @property
    def facts(self) -> str:
        """What its keys say, in a line to stand below the heading: experiment, boson, exposure.

        Examples
        --------
        >>> card.facts
        'na62, leptophilic scalar, m = 0.05 GeV, g_mu = 0.0001, 1e+18 protons on target'
        """
        return f"{self.experiment.name}, {self.model.in_words()}, {self.normalisation}"

    @property
    def normalisation(self) -> str:
        """What yields are for, in words.

        Examples
        --------
        >>> card.normalisation
        '1e+18 protons on target'
        """
        exposure = self.experiment.exposure
        return f"{exposure.value:g} {EXPOSURES[exposure.kind]}"

    def __repr__(self) -> str:
        return f"<Card {self.heading}: {self.facts}>"

    __str__ = __repr__

    def _repr_html_(self) -> str:
        return html_table(self.heading, overview(self))

    def dump(self) -> Dump:
        """Return the dump that this card describes.

        Examples
        --------
        >>> [layer.material.name for layer in card.dump().layers]
        ['Cu']
        """
        production = self.production
        return dump_of(self.experiment.target, production.energy_loss, production.stopping_power_gev_per_m)

    def to_dict(self) -> dict[str, Any]:
        """Return the card as plain data, from which `mcgen.load_card` makes it again.

        Examples
        --------
        >>> mcgen.load_card(card.to_dict()) == card
        True
        """
        return self.model_dump(mode="json", exclude_none=True)

    def replace(self, **changes: Any) -> Card:
        """Return a copy with some keys changed, checked like a new card.

        Parameters
        ----------
        changes
            Tables of the card as (nested) dictionaries; they are merged like the tables of a
            run card into those of its experiment card: ``card.replace(model={"mass_gev": 0.1})``.

        Raises
        ------
        CardError
            If the changed card has faults.

        Examples
        --------
        >>> heavier = card.replace(model={"mass_gev": 0.1}, experiment={"exposure": {"value": 1e17}})
        >>> heavier.model.mass_gev, heavier.model.g_mu == card.model.g_mu
        (0.1, True)
        """
        raw, changes = self.model_dump(mode="json", exclude_unset=True), _copied(changes)
        experiment = changes.get("experiment", {})
        if isinstance(experiment, Mapping) and "card" in experiment:
            raw["experiment"] = {}
            changes["experiment"] = _resolved_experiment(dict(experiment), Path("card"))
        return _checked(merged(raw, changes), "card")

    def at_coupling(self, g_mu: float) -> Card:
        """Return a copy with another coupling to muons; the others keep their ratios to it.

        Raises
        ------
        CardError
            If a coupling is out of the range of cards.
        UsageError
            If one of them is fixed: the events of one coupling are then not those of another.

        Examples
        --------
        >>> card.at_coupling(2e-4).model.g_mu
        0.0002
        """
        couplings = self.model.couplings
        if not self.model.keeps_ratios:
            raise UsageError(
                f"model.kinetic_mixing = {self.model.kinetic_mixing:g} stays where it is when g_mu changes: widths do not go with the "
                'square of g_mu, so that there is nothing to scan or to reweight; take "loop", which goes with g_mu, or '
                "generate events at each coupling"
            )
        if couplings is None:
            return self.replace(model={"g_mu": g_mu})
        scale = g_mu / couplings.mu
        others = {name: scale * g for name, g in couplings.model_dump(exclude={"mu"}).items()}
        return self.replace(model={"couplings": {"mu": g_mu, **others}})


def load_card(source: str | Path | Mapping[str, Any], settings: Sequence[str] = ()) -> Card:
    """Load and check a run card.

    Parameters
    ----------
    source
        A path, the name of a shipped card, or the plain data of a card (`Card.to_dict`).
    settings
        Changes as KEY=VALUE, as `--set` of the command line takes them; the value is TOML, and
        what does not parse is a string. Relative paths are relative to the working directory.

    Raises
    ------
    CardError
        With all faults of the card.
    UsageError
        If there is no such card.

    Examples
    --------
    >>> card = mcgen.load_card("na62_leptophilic", ["model.mass_gev=0.1", "run.events=10000"])
    >>> card.model.mass_gev, card.run.events
    (0.1, 10000)
    """
    changes = [setting(text) for text in settings]
    if isinstance(source, Mapping):
        raw = _copied(source)
    else:
        path = find_card(source)
        raw = _read(path)
        for keys, value in changes:
            if keys == ["experiment", "card"]:
                here = os.path.abspath(str(value))
                card = here if os.path.isfile(here) else value
                raw["experiment"] = {**_as_table(raw.get("experiment")), "card": card}
        _locate_flux(raw, path.parent)
        if "experiment" in raw:
            raw["experiment"] = _resolved_experiment(raw["experiment"], path)
    for keys, value in changes:
        if keys != ["experiment", "card"]:
            assign(raw, keys, value)
    _locate_flux(raw, Path.cwd())
    return _checked(raw, "card" if isinstance(source, Mapping) else str(source))


def find_target_card(source: str | Path) -> Path:
    """File of an experiment or run card: a path if there is one, else a shipped card of that name."""
    is_experiment = str(source) in shipped_cards("experiment")
    return find_card(source, "experiment" if is_experiment else "run")


def load_target(source: str | Path) -> TargetTable:
    """Load the dump of an experiment or run card, which is a path or the name of a shipped one.

    Raises
    ------
    CardError
        With all faults of the card.
    UsageError
        If there is no such card.
    """
    raw = _read(find_target_card(source))
    if "experiment" in raw:
        return load_card(source).experiment.target
    try:
        experiment = ExperimentTable.model_validate(raw)
    except ValidationError as error:
        whole = {"experiment": raw}
        items = [{**item, "loc": ("experiment", *item["loc"])} for item in error.errors()]
        raise CardError(str(source), [sentence(item, whole, Card) for item in items]) from None
    if faults := list(faults_of({"experiment": experiment})):
        raise CardError(str(source), faults)
    return experiment.target


def flux_table(flux: Mapping[str, Any]) -> FluxTable:
    """Check a card's [flux] table alone.

    Raises
    ------
    CardError
        With all its faults.
    """
    raw = {"flux": dict(flux)}
    try:
        table = FluxTable.model_validate(raw["flux"])
    except ValidationError as error:
        items = [{**item, "loc": ("flux", *item["loc"])} for item in error.errors()]
        raise CardError(str(flux["file"]), [sentence(item, raw, Card) for item in items]) from None
    if faults := list(faults_of({"flux": table})):
        raise CardError(table.file, faults)
    return table


def _read(path: Path) -> dict[str, Any]:
    try:
        return parse_toml(path.read_text(encoding="utf-8"))
    except UnicodeDecodeError as error:
        raise CardError(str(path), ["not a text file in UTF-8"]) from error
    except ValueError as error:
        raise CardError(str(path), [f"not valid TOML: {error}"]) from error
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}") from error


def _copied(data: Mapping[str, Any]) -> dict[str, Any]:
    """Copy a card's plain data, unless it is too deep for a card."""
    try:
        check_depth(data)
    except ValueError as error:
        raise CardError("card", [str(error)]) from None
    return copy.deepcopy(dict(data))


def _as_table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _resolved_experiment(table: Any, run_card: Path) -> Any:
    """Put the experiment card under the run card's own [experiment] table."""
    if not isinstance(table, dict) or not isinstance(table.get("card"), str):
        return table  # a whole experiment in the run card, or a fault that the check reports
    found = find_card(table["card"], "experiment", relative_to=run_card.parent)
    return merged(_read(found), table)


def _locate_flux(raw: dict[str, Any], folder: Path) -> None:
    """Make a relative path of the flux file absolute, in place."""
    file = _as_table(raw.get("flux")).get("file")
    if isinstance(file, str) and file and not file.startswith("builtin:"):
        raw["flux"]["file"] = os.path.abspath(os.path.join(folder, os.path.expanduser(file)))


def _checked(raw: Any, source: str) -> Card:
    """Validate the whole card, and raise one error with all faults."""
    try:
        card = Card.model_validate(raw)
    except ValidationError as error:
        faults = [sentence(item, raw, Card) for item in error.errors()]
        faults += faults_of(dict(_parsed_tables(raw)))
        raise CardError(source, faults) from None
    faults = list(faults_of({name: getattr(card, name) for name in Card.model_fields}))
    if faults:
        raise CardError(source, faults)
    return card


def _parsed_tables(raw: Any) -> Iterator[tuple[str, Any]]:
    """Yield those tables of a faulty card that are valid, can be mended, or are absent."""
    for name, field in Card.model_fields.items():
        if name in _as_table(raw):
            adapter: TypeAdapter[Any] = TypeAdapter(field.annotation or Any)
            table = copy.deepcopy(raw[name])
            try:
                yield name, adapter.validate_python(table)
            except ValidationError as error:
                try:
                    yield name, adapter.validate_python(_mended(table, error))
                except ValidationError:
                    continue
        elif not field.is_required():
            yield name, field.default


def _mended(table: Any, error: ValidationError) -> Any:
    """Take unknown keys out of a table and turn reversed intervals round, so that the rest can be checked."""
    for item in error.errors():
        *place, last = place_of(item["loc"], table) or [None]
        if item["type"] == "extra_forbidden":
            functools.reduce(operator.getitem, place, table).pop(last, None)
        elif item["type"] == "value_error":
            low, high = sorted(item["input"])
            functools.reduce(operator.getitem, place, table)[last] = [
                low,
                high if high - low >= SHORTEST else low + 1.0,
            ]
    return table
