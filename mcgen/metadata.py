"""The metadata of events: where they come from, and what they are worth.

`Metadata.to_json` and `from_json` are the only places that know how it looks in a file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from math import sqrt
from typing import Annotated, Any

from pydantic import Field, FiniteFloat, TypeAdapter, ValidationError

from mcgen.card import Card, load_card
from mcgen.digits import two_digits
from mcgen.errors import CardError, FileFormatError
from mcgen.experiment.detector import Requirement
from mcgen.markup import html_table
from mcgen.record.columns import Column

RECORD = 2
"""Version of the record: of names, types and meanings of columns and metadata."""

_SHARES = ("by_process", "by_channel", "variations")
"""What yields are divided by, or varied."""

Count = Annotated[int, Field(ge=0, lt=2**63)]


@dataclass(frozen=True, slots=True)
class Yield:
    """An expected number of events for the exposure.

    Examples
    --------
    >>> found = events.outcome.accepted
    >>> found.value > found.mc_error > 0.0
    True
    """

    value: FiniteFloat
    """Sum of weights."""
    mc_error: FiniteFloat
    """Integration error, sqrt((n sum w^2 - (sum w)^2)/(n - 1)) over all n points of the run."""
    flux_error: FiniteFloat
    """From the finite number of particles in the flux file; 0 for a beam."""
    effective_size: FiniteFloat
    """(sum w)^2/sum w^2."""

    @property
    def total_error(self) -> float:
        """Both errors in quadrature.

        Examples
        --------
        >>> found = events.outcome.accepted
        >>> found.total_error >= max(found.mc_error, found.flux_error)
        True
        """
        return sqrt(self.mc_error**2 + self.flux_error**2)

    def __repr__(self) -> str:
        return (
            f"<Yield: {self.value:.4g} +- {two_digits(self.mc_error)} (integration) +- {two_digits(self.flux_error)} (flux), "
            f"effective size {self.effective_size:.0f}>"
        )

    def _repr_html_(self) -> str:
        names = ("yield", "integration error", "flux error", "total error", "effective size")
        numbers = (self.value, self.mc_error, self.flux_error, self.total_error, self.effective_size)
        return html_table("expected events", [[f"{number:.4g}" for number in numbers]], names)


@dataclass(frozen=True, slots=True)
class CutFlowStep:
    """What is left after a requirement and all before it."""

    requirement: str
    """Its name; "decays in volume" before any."""
    value: FiniteFloat
    """Expected number of events for the exposure."""


@dataclass(frozen=True, slots=True)
class FluxSummary:
    """The flux that the events are from."""

    file: str
    """As the card has it."""
    sha256: str
    """Digest of the file."""
    muons: Count
    """Particles of the file."""
    rows: Count
    """Rows of the file, up to the last one that a particle is from."""
    groups: Count
    """Groups of rows that are independent of each other."""
    used: Count
    """Particles that can contribute."""
    left_out: Mapping[str, Count]
    """Numbers of the others, by reason."""
    sampled: bool
    """Whether the rows are a sample with a statistical error."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """How events come about: all that is known before the first one is drawn."""

    program: str
    """The string "mcgen"."""
    version: str
    """Of the program."""
    libraries: Mapping[str, str]
    """Their versions."""
    machine: str
    """Kind of processor."""
    card: Card
    """With the experiment card merged in."""
    seed: Count
    """Of the random numbers."""
    points: Annotated[int, Field(ge=2, lt=2**63)]
    """Points of the whole run, to which weights are normalised."""
    chunks: Count
    """Chunks of the whole run."""
    flux: FluxSummary
    """Where the parents are from."""
    requirements: tuple[Requirement, ...]
    """Of the detector, in the order of their codes."""
    columns: tuple[Column, ...]
    """Of the record."""
    proposal_sha256: str
    """Digest of the proposal."""
    part: tuple[Count, Count] | None = None
    """First chunk and end of a part; None for a whole run."""
    common_weight: FiniteFloat | None = None
    """Of unweighted events."""
    reweighted_from: tuple[Mapping[str, Any], ...] = ()
    """[model] tables of the cards that the events had before, in their order."""

    @property
    def accepted_only(self) -> bool:
        """Whether only accepted events are kept, at the end of the whole run."""
        return self.card.run.write == "accepted"

    @property
    def is_collision(self) -> bool:
        """Whether the events are bare collisions, whose weights are cross-sections."""
        return self.card.experiment.exposure.kind == "xsec"

    def to_json(self) -> dict[str, Any]:
        """Return the provenance as plain data."""
        plain: dict[str, Any] = {
            "program": self.program,
            "record": RECORD,
            "version": self.version,
            "libraries": dict(self.libraries),
            "machine": self.machine,
            "points": self.points,
            "exposure": self.card.experiment.exposure.model_dump(),
            "requirements": [{**asdict(r), "bit": r.bit} for r in self.requirements],
            "columns": {
                c.name: {"unit": c.unit, "dtype": c.dtype, "meaning": c.meaning} for c in self.columns
            },
            "card": self.card.to_dict(),
            "seed": self.seed,
            "flux": asdict(self.flux),
            "chunks": self.chunks,
            "proposal_sha256": self.proposal_sha256,
        }
        if self.part is not None:
            plain["part"] = list(self.part)
        if self.common_weight is not None:
            plain["unweighted"] = {"weight": self.common_weight}
        if self.reweighted_from:
            plain["reweighted_from"] = [dict(model) for model in self.reweighted_from]
        return plain


@dataclass(frozen=True, slots=True)
class Outcome:
    """What events are worth: all that is known after the last one."""

    events: Count
    """Rows of the record."""
    accepted: Yield
    """After all requirements."""
    fiducial: Yield | None
    """Of all decays in the decay volume; None where those that are not accepted are not known any more."""
    cut_flow: tuple[CutFlowStep, ...]
    """Empty where those that are not accepted are not known any more."""
    by_process: Mapping[str, Mapping[str, Yield]] = field(default_factory=dict)
    """Both yields, "fiducial" and "accepted", of each process that there are events of; as far as they are known."""
    by_channel: Mapping[str, Mapping[str, Yield]] = field(default_factory=dict)
    """The same of each decay channel."""
    variations: Mapping[str, Mapping[str, Yield]] = field(default_factory=dict)
    """The same with the weights of each variation of the card."""
    remark: str = ""
    """A sentence that says why nothing came out."""
    overflow: FiniteFloat | None = None
    """Of unweighted events: share of the yield by which heavier ones exceed the common weight."""
    digests: Mapping[str, str] = field(default_factory=dict)
    """Of the columns, by name, as `mcgen.io.events.digests` has them; empty if they never were in a file."""

    @property
    def yields(self) -> dict[str, Yield]:
        """The yields that are known, by name."""
        known = {"fiducial": self.fiducial, "accepted": self.accepted}
        return {name: value for name, value in known.items() if value is not None}

    def of_accepted(self) -> Outcome:
        """Return what is known where the other decays are not here to be counted."""
        process, channel, varied = (
            {k: {"accepted": y["accepted"]} for k, y in getattr(self, share).items()} for share in _SHARES
        )
        return replace(
            self, fiducial=None, cut_flow=(), by_process=process, by_channel=channel, variations=varied
        )


@dataclass(frozen=True, slots=True)
class Metadata:
    """What is known of a table of events."""

    provenance: Provenance
    """How the events come about."""
    outcome: Outcome
    """What they are worth."""

    def to_json(self) -> dict[str, Any]:
        """Return the metadata as plain data, as `mcgen inspect --json` prints it."""
        plain, outcome = self.provenance.to_json(), self.outcome
        for name, digest in outcome.digests.items():
            plain["columns"][name]["sha256"] = digest
        if outcome.overflow is not None:
            plain["unweighted"]["overflow"] = outcome.overflow
        return plain | {
            "events": outcome.events,
            "yield": {
                **_plain(outcome.yields),
                **{
                    share: {name: _plain(yields) for name, yields in getattr(outcome, share).items()}
                    for share in _SHARES
                    if share != "variations" or outcome.variations
                },
            },
            "cut_flow": [{"requirement": step.requirement, "yield": step.value} for step in outcome.cut_flow],
            "remark": outcome.remark,
        }

    @classmethod
    def from_json(cls, data: Any) -> Metadata:
        """Make metadata from plain data.

        Raises
        ------
        FileFormatError
            If it is not that of this version's events.
        """
        if not isinstance(data, dict) or data.get("program") != "mcgen":
            raise FileFormatError("not the metadata of mcgen events")
        if data.get("record") != RECORD:
            raise FileFormatError(
                f"the events are of record version {data.get('record', 1)!r}, this program reads version {RECORD}: "
                "generate them again"
            )
        try:
            data = {**data, "card": load_card(_table(data, "card"))}
            provenance = _PROVENANCE.validate_python(_provenance(data))
            outcome = _OUTCOME.validate_python(_outcome(data))
        except CardError as error:
            raise FileFormatError(f"the card in the metadata is not one of this version; {error}") from error
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in first["loc"])
            raise FileFormatError(f"{_NOT_OURS}: {place}: {first['msg']}") from error
        except (KeyError, TypeError, AttributeError) as error:
            raise FileFormatError(f"{_NOT_OURS}: {error}") from error
        _check_fit(provenance, outcome)
        return cls(provenance, outcome)


def _plain(yields: Mapping[str, Yield]) -> dict[str, Any]:
    return {name: {**asdict(value), "total_error": value.total_error} for name, value in yields.items()}


_PROVENANCE, _OUTCOME = TypeAdapter(Provenance), TypeAdapter(Outcome)

_NOT_OURS = "the metadata is not that of mcgen events"


def _table(data: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """Return a table of plain data; a `FileFormatError` if it is not one."""
    if not isinstance(data.get(key), dict):
        raise FileFormatError(f"{_NOT_OURS}: {key}: {'no table' if key in data else 'missing'}")
    table: Mapping[str, Any] = data[key]
    return table


def _unweighted(data: Mapping[str, Any]) -> Mapping[str, Any]:
    return _table(data, "unweighted") if "unweighted" in data else {}


def _check_fit(provenance: Provenance, outcome: Outcome) -> None:
    """Raise a `FileFormatError` if what is right by itself does not go together."""
    if outcome.overflow is not None and provenance.common_weight is None:
        raise FileFormatError(f"{_NOT_OURS}: unweighted: an overflow without the common weight")
    if provenance.part is not None:
        first, end = provenance.part
        if not first < end <= provenance.chunks:
            raise FileFormatError(f"{_NOT_OURS}: part: [{first}, {end}] of {provenance.chunks} chunks")


def _provenance(data: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of plain data as `Provenance` has them."""
    return {
        **data,
        "columns": [{**column, "name": name} for name, column in _table(data, "columns").items()],
        "common_weight": _unweighted(data).get("weight"),
    }


def _outcome(data: Mapping[str, Any]) -> dict[str, Any]:
    """Keys of plain data as `Outcome` has them."""
    yields = _table(data, "yield")
    return {
        **data,
        "fiducial": yields.get("fiducial"),
        "accepted": yields["accepted"],
        **{share: yields.get(share, {}) for share in _SHARES},
        "cut_flow": [{"requirement": s["requirement"], "value": s["yield"]} for s in data["cut_flow"]],
        "overflow": _unweighted(data).get("overflow"),
        "digests": {name: c["sha256"] for name, c in data["columns"].items() if "sha256" in c},
    }
