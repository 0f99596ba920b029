"""Particles of events for formats that know no columns: which nucleus, which beam."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pylhe
import pytest

import mcgen
from mcgen.events import Events
from mcgen.io.events.particles import NUCLEUS, Particles, Setting
from mcgen.metadata import Metadata
from tests.oracle.beams import beam_card

LAYERS = {"layer": [{"material": "Cu", "z_m": [0.0, 0.5]}, {"material": "Pb", "z_m": [0.5, 1.0]}]}


@pytest.fixture(scope="module")
def events() -> Events:
    run = {"events": 400, "seed": 1, "vegas": {"pilot": 5000, "nitn": 0}}
    volume = {"shape": "slab", "z_m": [2.0, 50.0]}
    card = beam_card(50.0, 0.1, "exact", target=LAYERS, volume=volume, run=run)
    return mcgen.generate(card.replace(beam={"pdg": -13}))


def nuclei(events: Events) -> set[tuple[int, int]]:
    """Layers of the events with the charge numbers of their nuclei."""
    setting = Setting.of(Metadata(events.provenance, events.outcome))
    pdg = Particles.of(events.columns, setting).pdg[:, NUCLEUS]
    return set(zip(events.layer.tolist(), (pdg // 10_000 % 1000).tolist(), strict=True))


def test_the_nucleus_is_that_of_the_layer_column(events: Events) -> None:
    assert nuclei(events) == {(0, 29), (1, 82)}
    np.testing.assert_array_equal(events.layer, events.emission_z >= 0.5)
    # At a boundary the place, rounded, may lie on the other side: the column decides.
    moved = np.where(events.layer == 0, 0.5, np.nextafter(0.5, 0.0))
    assert nuclei(Events({**events.columns, "emission_z": moved}, events.metadata)) == {(0, 29), (1, 82)}


def test_the_beam_of_an_lhe_file_is_that_of_the_muons(events: Events, tmp_path: Path) -> None:
    assert set(events.parent_pdg) == {-13}
    both = np.where(np.arange(len(events)) % 2 == 0, 13, -13).astype(np.int32)
    for name, changed, beam in (("one", events.parent_pdg, -13), ("both", both, 13)):
        path = tmp_path / f"{name}.lhe"
        mcgen.write(Events({**events.columns, "parent_pdg": changed}, events.metadata), path)
        file = pylhe.LHEFile.fromfile(str(path))
        assert file.init.initInfo.beamA == beam
        assert {event.particles[0].id for event in file.events} == set(changed.tolist())
