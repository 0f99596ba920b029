"""Events as a user holds them: a table with columns, and files of them."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from mcgen.analysis.reweighting import reweight
from mcgen.analysis.yields import yield_of
from mcgen.digits import two_digits
from mcgen.distribution import how_to_install
from mcgen.errors import ColumnError, UsageError
from mcgen.io.events.store import read_chunks, read_metadata, write_chunks
from mcgen.io.outputs import claim
from mcgen.markup import html_table
from mcgen.metadata import Metadata, Outcome, Provenance, Yield
from mcgen.record.columns import AnyArray, concatenate, weight_column
from mcgen.types import Array, Bools

if TYPE_CHECKING:
    import awkward
    import hist
    import pandas


class Events:
    """A table of events: columns as attributes or by name, rows by mask or slice.

    Parameters
    ----------
    columns : equal-length arrays by name
    metadata : provenance and yields of the run that made them, if they are known

    Examples
    --------
    >>> events.weight is events["weight"]
    True
    >>> fast = events[events.accepted & (events.boson_e > 50.0)]
    >>> len(fast) < len(events)
    True
    """

    __slots__ = ("columns", "metadata")

    def __init__(self, columns: Mapping[str, AnyArray], metadata: Metadata | None = None) -> None:
        self.columns = dict(columns)
        self.metadata = metadata

    @property
    def provenance(self) -> Provenance:
        """How the events come about; a `UsageError` if that is not known.

        Examples
        --------
        >>> events.provenance.card.model.particle, events.provenance.flux.used <= events.provenance.flux.muons
        ('scalar', True)
        """
        return self._known().provenance

    @property
    def outcome(self) -> Outcome:
        """What the run that they are from yields; a `UsageError` if that is not known.

        Examples
        --------
        >>> events.outcome.accepted.value < events.outcome.fiducial.value
        True
        >>> [step.requirement for step in events.outcome.cut_flow][0]
        'decays in volume'
        """
        return self._known().outcome

    def _known(self) -> Metadata:
        if self.metadata is None:
            raise UsageError(
                "these events have no metadata, which says how they came about; use those of mcgen"
            )
        return self.metadata

    def __len__(self) -> int:
        return len(self.columns["weight"])

    def __getattr__(self, name: str) -> AnyArray:
        if name in Events.__slots__ or name.startswith(
            "__"
        ):  # asked for by pickle and copy, before they are there
            raise AttributeError(name)
        return self[name]

    @overload
    def __getitem__(self, rows: str) -> AnyArray: ...
    @overload
    def __getitem__(self, rows: AnyArray | slice) -> Events: ...
    def __getitem__(self, rows: str | AnyArray | slice) -> AnyArray | Events:
        """A column by its name; or the events of a mask, an array of row numbers or a slice.

        Raises
        ------
        ColumnError
            If there is no such column.
        UsageError
            For a single row: `events[3:4]` is a table of one event.
        """
        if isinstance(rows, str):
            return self._column(rows)
        if not isinstance(rows, slice):
            rows = np.asarray(rows)
            if rows.ndim != 1:
                raise UsageError(
                    f"events[{rows}]: give a name, a mask, row numbers or a slice; one row is events[i : i + 1]"
                )
        return Events({name: values[rows] for name, values in self.columns.items()}, self.metadata)

    def _column(self, name: str) -> AnyArray:
        if name not in self.columns:
            close = difflib.get_close_matches(name, self.columns, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; they have {', '.join(self.columns)}"
            raise ColumnError(f"events have no column {name!r}{hint}")
        return self.columns[name]

    def yield_of(self, selection: Bools | None = None, variation: str | None = None) -> Yield:
        """Expected number of events of a selection for the exposure, with both errors.

        Parameters
        ----------
        selection : (n,) mask; default: all events
        variation : name of one of the card's variations, whose weights to take

        Raises
        ------
        UsageError
            If the events have no metadata, or no such variation (`ColumnError`).

        Examples
        --------
        >>> events.yield_of(events.accepted & (events.d1_e > 10.0))
        <Yield: ... +- ... (integration) +- ... (flux), effective size ...>
        """
        chosen = slice(None) if selection is None else selection
        weight = self["weight" if variation is None else weight_column(variation)]
        found = yield_of(weight[chosen], self["parent_group"][chosen], self.provenance.points)
        return found if self.provenance.flux.sampled else replace(found, flux_error=0.0)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.columns]

    def __repr__(self) -> str:
        return f"<Events: {len(self)} rows, {len(self.columns)} columns>"

    def _repr_html_(self) -> str:
        """The first rows of some columns, below the number of events and, if it is known, their yield."""
        shown = [name for name in _SHOWN if name in self.columns]
        head = zip(*(self.columns[name][:_ROWS] for name in shown), strict=True)
        rows = [[f"{cell:.5g}" if isinstance(cell, float) else cell for cell in row] for row in head]
        caption = f"{len(self)} events, {len(self.columns)} columns"
        if self.metadata is not None and "parent_group" in self.columns:
            found = self.yield_of()
            caption += f"; expected {found.value:.4g} +- {two_digits(found.total_error)}"
        return html_table(caption, rows, [self._label(name) for name in shown])

    def _label(self, name: str) -> str:
        """Name of a column with its unit, if that is known."""
        declared = self.metadata.provenance.columns if self.metadata else ()
        unit = next((column.unit for column in declared if column.name == name), "")
        return f"{name} [{unit}]" if unit else name

    def to_awkward(self) -> awkward.Array:
        """Return the events as an awkward array of records, with vectors beside the flat columns.

        `parent`, `emitter`, `recoil`, `nucleus`, `neutrino`, `boson`, `d1` and `d2` are momenta
        (px, py, pz, E) in GeV, `parent_vertex`, `emission` and `decay` points in metres: `events.boson.mass`,
        `(events.d1 + events.d2).mass`, `events.d1.deltaangle(events.d2)`.

        Raises
        ------
        UsageError
            Without the extra `vector`.

        Examples
        --------
        >>> array = events.to_awkward()
        >>> masses = (array.d1 + array.d2).mass
        >>> angles = array[array.accepted].d1.deltaangle(array[array.accepted].d2)
        >>> len(masses) > len(angles)
        True
        """
        import awkward

        behavior = _optional("vector.backends.awkward", "vector").behavior
        vectors = {
            name: awkward.zip(
                {field: self.columns[column] for field, column in fields.items()},
                with_name=kind,
                behavior=behavior,
            )
            for name, (kind, fields) in _VECTORS.items()
            if self.columns.keys() >= set(fields.values())
        }
        return awkward.zip(self.columns | vectors, depth_limit=1)

    def to_pandas(self) -> pandas.DataFrame:
        """Return the events as a pandas data frame.

        Raises
        ------
        UsageError
            Without the extra `pandas`.

        Examples
        --------
        >>> frame = events.to_pandas()
        >>> len(frame.query("accepted and boson_e > 50")) < len(frame)
        True
        """
        frame: pandas.DataFrame = _optional("pandas", "pandas").DataFrame(self.columns)
        return frame

    def hist(
        self,
        name: str,
        *,
        bins: int | Sequence[float] | Array = 50,
        range: tuple[float, float] | None = None,
        selection: Bools | None = None,
    ) -> hist.Hist[Any]:
        """Histogram of a column: sums of weights, and of squared weights for the errors.

        What is outside the range is in the flow bins, so that their sum with the others is the yield of the
        selection; values that are not defined (NaN) are nowhere.

        Parameters
        ----------
        name : of the column
        bins : number of equal bins, or their edges
        range : of equal bins; default: from the smallest to the largest value
        selection : (n,) mask; default: all events

        Raises
        ------
        UsageError
            If there is no such column (`ColumnError`), or without the extra `hist`.

        Examples
        --------
        >>> energy = events.hist("boson_e", bins=20, range=(0.0, 200.0), selection=events.accepted)
        >>> energy.axes[0].label, energy.values().shape
        ('boson_e [GeV]', (20,))
        """
        library = _optional("hist", "hist")
        values = np.asarray(self[name], dtype=np.float64)
        filled = ~np.isnan(values) if selection is None else selection & ~np.isnan(values)
        values, weight = values[filled], self.columns["weight"][filled]
        names = {"name": name, "label": self._label(name)}
        if isinstance(bins, int | np.integer):
            axis = library.axis.Regular(bins, *(range or _extent(values)), **names)
        else:
            axis = library.axis.Variable(bins, **names)
        filled_histogram: hist.Hist[Any] = library.Hist(axis, storage=library.storage.Weight())
        filled_histogram.fill(values, weight=weight)
        return filled_histogram

    def reweight(self, g_mu: float) -> Events:
        """Return the events with the weights of another coupling to muons; see `mcgen.analysis.reweighting`.

        Examples
        --------
        >>> stronger = events.reweight(g_mu=1.1e-4)
        >>> stronger.provenance.card.model.g_mu
        0.00011
        """
        return Events(*reweight(self.columns, self.metadata, g_mu))


_SHOWN = ("event", "weight", "accepted", "process", "channel", "boson_e", "decay_z", "d1_e", "d2_e")
_ROWS = 5
"""Columns and rows that a notebook shows of events."""

_VECTORS = {
    name: ("Momentum4D", {"px": f"{name}_px", "py": f"{name}_py", "pz": f"{name}_pz", "E": f"{name}_e"})
    for name in ("parent", "emitter", "recoil", "nucleus", "neutrino", "boson", "d1", "d2")
} | {
    name: ("Vector3D", {axis: f"{columns}{axis}" for axis in "xyz"})
    for name, columns in (("parent_vertex", "parent_v"), ("emission", "emission_"), ("decay", "decay_"))
}
"""Vectors of `Events.to_awkward`: their kind, and the column of each component."""


def _extent(values: Array) -> tuple[float, float]:
    """Range of a histogram with all finite values inside, its upper edge above the largest one."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0, 1.0
    low, high = float(finite.min()), float(finite.max())
    return low, high + 1e-9 * max(high - low, abs(high), 1e-300)


def _optional(module: str, extra: str) -> Any:
    """Import a module that comes with an extra."""
    try:
        return import_module(module)
    except ImportError as error:
        raise UsageError(f"this needs {module.split('.')[0]}: {how_to_install(extra)}") from error


def read(path: str | Path, *, verify: bool = True) -> Events:
    """Read an events file.

    Parameters
    ----------
    verify : whether to compare the columns with their digests

    Raises
    ------
    FileFormatError
        If it is not one of mcgen's, or damaged.
    RunError
        If the columns are not those that were written.

    Examples
    --------
    >>> mcgen.write(events, "events.root")
    >>> mcgen.read("events.root").outcome.accepted == events.outcome.accepted
    True
    """
    metadata = read_metadata(path)
    chunks = read_chunks(path, size=0, verify=verify)
    return Events(concatenate(record for record, _ in chunks), metadata)


def write(events: Events, path: str | Path, format: str | None = None, *, force: bool = False) -> None:
    """Write events to a file.

    Parameters
    ----------
    format : one of `mcgen.io.events.store.FORMATS`; by default that of the file's ending
    force : whether a file of that name may be replaced

    Raises
    ------
    UsageError, RunError
        If the file is there already or cannot be written; nothing is left under its name.

    Examples
    --------
    >>> mcgen.write(events[events.accepted], "accepted.root")
    >>> mcgen.write(events, "events.parquet", force=True)
    """
    path = Path(path)
    metadata = Metadata(events.provenance, events.outcome)
    claim([path], force=force)
    write_chunks(iter([events.columns]), metadata, path, format)
