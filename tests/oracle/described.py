"""Metadata of events: as plain data, changed, and of runs that never were."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from typing import Any

from mcgen.card import Card, load_card
from mcgen.events import Events
from mcgen.experiment.detector import Requirement
from mcgen.metadata import CutFlowStep, FluxSummary, Metadata, Outcome, Provenance, Yield
from mcgen.record.columns import columns_of
from mcgen.sources.registry import process_codes

REQUIREMENTS = (
    Requirement(1, "a selection for the channel", ""),
    Requirement(2, "both in straw1", "tracks"),
    Requirement(3, "each E >= 5 GeV", "tracks"),
)


def described(events: Events) -> dict[str, Any]:
    """Metadata of events as `mcgen inspect --json` prints it."""
    return Metadata(events.provenance, events.outcome).to_json()


def redescribed(events: Events, changes: Mapping[str, Any]) -> Events:
    """Return the events with some keys of their metadata changed."""
    return Events(events.columns, Metadata.from_json({**described(events), **changes}))


@cache
def _card() -> Card:
    return load_card("na62_leptophilic")


def flux_summary(groups: int = 5, sampled: bool = True) -> FluxSummary:
    """Summary of a flux."""
    return FluxSummary(
        file="muons.csv",
        sha256=64 * "0",
        muons=9,
        rows=12,
        groups=groups,
        used=6,
        left_out={"zero_rate": 2, "backwards": 1},
        sampled=sampled,
    )


def provenance(**changes: Any) -> Provenance:
    """Provenance of a run that never was, some fields changed."""
    made = Provenance(
        program="mcgen",
        version="1.2.3",
        libraries={"numpy": "2.0", "scipy": "1.14"},
        machine="x86_64",
        card=_card(),
        seed=2**63 - 1,
        points=100,
        chunks=3,
        flux=flux_summary(),
        requirements=REQUIREMENTS,
        columns=columns_of(["lkr"], process_codes()),
        proposal_sha256=64 * "1",
    )
    return replace(made, **changes)


def outcome(**changes: Any) -> Outcome:
    """Outcome of a run that never was, some fields changed."""
    made = Outcome(
        events=17,
        accepted=Yield(1.5, 0.3, 0.4, 9.0),
        fiducial=Yield(2.5, 0.25, 0.1, 12.0),
        cut_flow=(CutFlowStep("decays in volume", 2.5), CutFlowStep("tracks: both in straw1", 1.5)),
    )
    return replace(made, **changes)
