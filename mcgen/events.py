"""The event record: one row an event, every column a one-dimensional array.

The stages of the sampler make the frozen tables below, row i the same event in all of them; `record`
lays them out as the columns that are declared once in `columns_of`. Lengths in metres, energies in GeV.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from numpy.typing import NDArray

from mcgen.errors import UsageError
from mcgen.types import Array, Bits, Bools, Ints

if TYPE_CHECKING:
    import awkward
    import hist
    import pandas

AnyArray = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Muon:
    """Muons at their production: `row` in the flux file, `rate` per unit of exposure."""

    row: Ints
    pdg: Ints
    rate: Array
    position: Array
    momentum: Array


@dataclass(frozen=True, slots=True)
class Track:
    """Muons just before emission, `path` metres after their production.

    `weight` is the number of nuclei per area [GeV^2] along the track over the sampling density.
    """

    path: Array
    position: Array
    direction: Array
    energy: Array
    layer: Ints
    weight: Array


@dataclass(frozen=True, slots=True)
class Emission:
    """The radiated boson and what is left: `weight` is the cross-section [GeV^-2] over the sampling density.

    Quantities that a method does not define are NaN.
    """

    x: Array
    theta: Array
    t: Array
    boson_e: Array
    direction: Array
    recoil: Array
    nucleus: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class Flight:
    """The boson's way to its decay; `p_decay` is 0 where the ray misses the decay volume."""

    path_in: Array
    path_out: Array
    path: Array
    decay_length: Array
    p_decay: Array
    point: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class Daughters:
    """Four-momenta (4, n) at the decay vertex."""

    pdgs: tuple[int, int]
    first: Array
    second: Array
    weight: Array


@dataclass(frozen=True, slots=True)
class Verdict:
    """Positions at the planes, (x, y) of both daughters, and the requirements that failed."""

    hits: Mapping[str, tuple[Array, Array]]
    failed: Ints
    failed_bits: Bits

    @property
    def accepted(self) -> Bools:
        """Whether no requirement failed."""
        accepted: Bools = self.failed == 0
        return accepted


@dataclass(frozen=True, slots=True)
class Column:
    """A column of the record."""

    name: str
    dtype: str
    unit: str
    meaning: str


def _vector(prefix: str, names: str, unit: str, meaning: str) -> list[Column]:
    return [Column(f"{prefix}_{name}", "float64", unit, f"{meaning}, {name}") for name in names.split()]


_P4 = "px py pz e"
_XYZ = "x y z"


def columns_of(planes: Iterable[str]) -> tuple[Column, ...]:
    """Return the columns of a record for an experiment with the named planes."""
    fixed = [
        Column("event", "uint64", "", "index of the point in the run; unique, with gaps"),
        Column("weight", "float64", "", "expected number of events for the exposure"),
        Column("accepted", "bool", "", "whether all requirements are fulfilled"),
        Column("failed", "int16", "", "code of the first requirement that failed; 0 none"),
        Column("failed_bits", "uint64", "", "bit of every requirement that failed"),
        Column("channel", "int16", "", "0 none, 1 ee, 2 mumu, 3 tautau, 4 gammagamma, 5 nunu"),
        Column(
            "muon_row",
            "int64",
            "",
            "row of the flux file that the muon is from; muons that share one are not independent",
        ),
        Column("muon_pdg", "int32", "", "PDG id of the muon"),
        Column("muon_rate", "float64", "1/exposure", "muons that the row stands for, per unit of exposure"),
        *_vector("muon", _P4, "GeV", "muon at production"),
        *_vector("muon", "vx vy vz", "m", "production point of the muon"),
        *_vector("emission", _XYZ, "m", "emission point"),
        *_vector("emission_muon", _P4, "GeV", "muon just before emission"),
        Column("x", "float64", "", "energy fraction of the boson"),
        Column("theta", "float64", "rad", "angle between boson and muon at emission"),
        Column("t", "float64", "GeV^2", "momentum transfer squared to the nucleus, positive"),
        *_vector("recoil", _P4, "GeV", "muon after emission"),
        *_vector("nucleus", _P4, "GeV", "nucleus after emission"),
        Column("boson_pdg", "int32", "", "PDG id of the boson"),
        *_vector("boson", _P4, "GeV", "boson"),
        Column("path_in", "float64", "m", "path from emission to the entry of the decay volume"),
        Column("path_out", "float64", "m", "path from emission to the exit of the decay volume"),
        Column("decay_path", "float64", "m", "path from emission to the decay"),
        Column("decay_length", "float64", "m", "mean decay length in the laboratory"),
        Column("p_decay", "float64", "", "probability to decay between path_in and path_out"),
        *_vector("decay", _XYZ, "m", "decay point"),
        Column("decay_t", "float64", "ns", "time of the decay since the muon's production"),
    ]
    for daughter, meaning in (("d1", "first daughter (lepton)"), ("d2", "second daughter (antilepton)")):
        fixed.append(Column(f"{daughter}_pdg", "int32", "", f"PDG id of the {meaning}"))
        fixed += _vector(daughter, _P4, "GeV", f"{meaning} at the decay")
    for plane in planes:
        for daughter in ("d1", "d2"):
            fixed += _vector(f"{daughter}_{plane}", "x y", "m", f"{daughter} at plane {plane}")
    return tuple(fixed)


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

        `muon`, `emission_muon`, `recoil`, `nucleus`, `boson`, `d1` and `d2` are momenta (px, py, pz, E) in
        GeV, `muon_vertex`, `emission` and `decay` points in metres: `events.boson.mass`,
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
        """Return the events with the weights of another coupling to muons; see `mcgen.reweighting.reweight`."""
        from mcgen.reweighting import reweight

        return reweight(self, g_mu)


_VECTORS = {
    name: ("Momentum4D", {"px": f"{name}_px", "py": f"{name}_py", "pz": f"{name}_pz", "E": f"{name}_e"})
    for name in ("muon", "emission_muon", "recoil", "nucleus", "boson", "d1", "d2")
} | {
    name: ("Vector3D", {axis: f"{columns}{axis}" for axis in _XYZ.split()})
    for name, columns in (("muon_vertex", "muon_v"), ("emission", "emission_"), ("decay", "decay_"))
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


def concatenate(parts: Iterable[Mapping[str, AnyArray]]) -> dict[str, AnyArray]:
    """Join records with the same columns, in their order."""
    parts = list(parts)
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
