"""Events as a user holds them: a table with columns, and files of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from mcgen.errors import UsageError
from mcgen.io.events.metadata import is_complete
from mcgen.io.events.store import open_events, write_chunks
from mcgen.record.columns import AnyArray, concatenate
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
    metadata : card, provenance, yields of the run that made them; see `mcgen inspect --json`
    """

    __slots__ = ("columns", "metadata")

    def __init__(self, columns: Mapping[str, AnyArray], metadata: Mapping[str, Any]) -> None:
        self.columns = dict(columns)
        self.metadata = dict(metadata)

    def __len__(self) -> int:
        return len(self.columns["weight"])

    def __getattr__(self, name: str) -> AnyArray:
        if name in Events.__slots__ or name not in self.columns:
            raise AttributeError(f"events have no column {name!r}")
        return self.columns[name]

    @overload
    def __getitem__(self, rows: str) -> AnyArray: ...
    @overload
    def __getitem__(self, rows: AnyArray | slice) -> Events: ...
    def __getitem__(self, rows: str | AnyArray | slice) -> AnyArray | Events:
        """A column by its name; or the events of a mask, an array of row numbers or a slice."""
        if isinstance(rows, str):
            return self.columns[rows]
        return Events({name: values[rows] for name, values in self.columns.items()}, self.metadata)

    def __dir__(self) -> list[str]:
        return [*super().__dir__(), *self.columns]

    def __repr__(self) -> str:
        return f"<Events: {len(self)} rows, {len(self.columns)} columns>"

    def to_awkward(self) -> awkward.Array:
        """Return the events as an awkward array of records, with vectors beside the flat columns.

        `muon`, `emitter`, `recoil`, `nucleus`, `boson`, `d1` and `d2` are momenta (px, py, pz, E) in
        GeV, `parent_vertex`, `emission` and `decay` points in metres: `events.boson.mass`,
        `(events.d1 + events.d2).mass`, `events.d1.deltaangle(events.d2)`.

        Raises
        ------
        UsageError
            Without the extra `vector`.
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
            If there is no such column, or without the extra `hist`.
        """
        if name not in self.columns:
            raise UsageError(f"events have no column {name!r}; they have {', '.join(self.columns)}")
        library = _optional("hist", "hist")
        values = np.asarray(self.columns[name], dtype=np.float64)
        filled = ~np.isnan(values) if selection is None else selection & ~np.isnan(values)
        values, weight = values[filled], self.columns["weight"][filled]
        unit = self.metadata.get("columns", {}).get(name, {}).get("unit", "")
        names = {"name": name, "label": f"{name} [{unit}]" if unit else name}
        if isinstance(bins, int | np.integer):
            axis = library.axis.Regular(bins, *(range or _extent(values)), **names)
        else:
            axis = library.axis.Variable(bins, **names)
        filled_histogram: hist.Hist[Any] = library.Hist(axis, storage=library.storage.Weight())
        filled_histogram.fill(values, weight=weight)
        return filled_histogram

    def reweight(self, g_mu: float) -> Events:
        """Return the events with the weights of another coupling to muons; see `mcgen.analysis.reweighting.reweight`."""
        from mcgen.analysis.reweighting import reweight

        return reweight(self, g_mu)


_VECTORS = {
    name: ("Momentum4D", {"px": f"{name}_px", "py": f"{name}_py", "pz": f"{name}_pz", "E": f"{name}_e"})
    for name in ("muon", "emitter", "recoil", "nucleus", "boson", "d1", "d2")
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
        raise UsageError(f"this needs {module.split('.')[0]}: pip install 'mcgen[{extra}]'") from error


def read(path: str | Path) -> Events:
    """Read an events file; see `open_events` for its errors."""
    with open_events(path) as file:
        return Events(concatenate(file.chunks(max(file.rows, 1))), file.metadata)


def write(events: Events, path: str | Path, format: str | None = None) -> None:
    """Write events to a file.

    Parameters
    ----------
    format : one of `FORMATS`; by default that of the file's ending

    Raises
    ------
    UsageError, RunError
        If the file cannot be written; nothing is left under its name.
    """
    path = Path(path)
    if not is_complete(events.metadata):
        raise UsageError(
            f"{path}: these events have no metadata, which says how they came about; use those of mcgen"
        )
    write_chunks(iter([events.columns]), events.metadata, path, format)
