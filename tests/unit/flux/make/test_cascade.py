"""The cascade and the rows of a chunk, with collisions that are known exactly instead of Pythia's."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcgen.constants import PROTON_MASS
from mcgen.flux.corrections import MULTIPLICITY_FACTORS
from mcgen.flux.make.cascade import beam, follow
from mcgen.flux.make.chunk import Record, rows_of_chunk
from mcgen.flux.make.nuclei import MILLIBARN
from mcgen.flux.make.settings import Settings
from mcgen.flux.make.slabs import Slabs
from mcgen.physics.matter import material
from mcgen.types import Array
from tests.oracle.fluxmaking import Billiards, OneMuon
from tests.oracle.stats import assert_agrees, generator

SLABS = Slabs((material("C"), material("W")), (-0.1, 0.5, 3.0))


def settings(**changes: Any) -> Settings:
    values: dict[str, Any] = {
        "slabs": SLABS,
        "energy": 400.0,
        "protons": 200,
        "threshold": 5.0,
        "chunk": 200,
        "rows": 10**7,
    }
    return Settings(**{**values, **changes})


def chunk(made: Settings, number: int = 0, label: str = "chunk") -> Record:
    return rows_of_chunk(made, number, Billiards(), OneMuon(), generator(label))


def momentum(record: Record) -> Array:
    length: Array = np.sqrt(record["px"] ** 2 + record["py"] ** 2 + record["pz"] ** 2)
    return length


def test_first_collisions_are_placed_by_interaction_lengths_layer_by_layer() -> None:
    n = 20_000
    protons = beam(400.0, PROTON_MASS, -0.1, np.arange(n))
    cascade = follow(protons, SLABS, 200.0, Billiards(), generator("first"))
    ((hit, slab, section),) = cascade.firsts
    lengths = [1.0 / (m.number_density * MILLIBARN * 40.0 * m.a**0.7) for m in SLABS.materials]
    front = -np.expm1(-0.6 / lengths[0])
    assert_agrees((slab == 0).sum() / n, np.sqrt(front * (1.0 - front) / n), front)
    behind = hit.position[2, slab == 1] - 0.5
    assert_agrees(behind.mean(), behind.std() / np.sqrt(len(behind)), lengths[1])
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(behind.mean(), behind.std() / np.sqrt(len(behind)), lengths[0])
    np.testing.assert_allclose(section[slab == 1], 40.0 * 183.84**0.7 * MILLIBARN, rtol=1e-3)
    assert (hit.energy < 400.0).all(), "they have lost some energy"
    assert len(np.unique(hit.group)) == len(hit)


def test_rows_say_which_proton_and_what_they_are_from() -> None:
    record = chunk(settings())
    kinds = {int(k) for k in np.unique(record["pdg"])}
    assert kinds == {13, -13, 211, -321}
    assert set(record["parent"]) == {22, 130, 211, 221, 321, 411, 443}
    mesons = np.abs(record["pdg"]) > 13
    np.testing.assert_array_equal(record["parent"][mesons], np.abs(record["pdg"][mesons]))
    assert (np.diff(record["group"]) >= 0).all()
    assert set(record["group"]) <= set(np.concatenate(settings().groups(0)))
    assert (momentum(record) >= 5.0).all()
    assert (record["w"] > 0.0).all()
    assert ((record["z"] >= -0.1) & (record["z"] <= 3.0)).all()


def test_a_muon_has_the_weight_of_its_pion_and_ratio() -> None:
    record = chunk(settings())
    pions, muons = record["pdg"] == 211, (record["pdg"] == -13) & (record["parent"] == 211)
    # Each pion has one muon, of which some are below the threshold.
    assert 0.5 * pions.sum() < muons.sum() < pions.sum()
    fast = (record["parent"] == 443).sum()
    assert fast > 0
    assert record["w"][record["parent"] == 411].sum() == pytest.approx(
        18.1e-3 / 40.0 * np.mean([12.011**0.3, 183.84**0.3]), rel=0.6
    )


def test_photons_only_where_they_are_wanted() -> None:
    record = chunk(settings(photons=True))
    photons = record["pdg"] == 22
    assert set(record["parent"][photons]) == {111, 221}
    one = photons & (momentum(record) < 40.0)
    made = settings()
    np.testing.assert_allclose(record["w"][one], 1.0 / made.protons_for(momentum(record)[one]))


def test_pions_may_get_fewer_rows() -> None:
    few = chunk(settings(rows=3200, pion_rows=320))
    everything, kind = chunk(settings()), np.abs(few["pdg"])
    assert 32 < (kind == 211).sum() <= 320 + 32, "ten a bin, to one by rounding"
    assert (kind == 211).sum() < 0.5 * (np.abs(everything["pdg"]) == 211).sum()
    assert (kind == 13).sum() <= 1440 + 32
    assert settings(rows=3200, pion_rows=320).wanted() == {13: 1440.0, 211: 320.0, 321: 1440.0}
    assert settings(rows=3200, photons=True).wanted() == dict.fromkeys((13, 211, 321, 22), 800.0)


def test_measured_multiplicities_multiply_the_weights_and_nothing_else() -> None:
    plain, measured = chunk(settings()), chunk(settings(measured_multiplicities=True))
    for name in ("pdg", "x", "pz", "group", "parent"):
        np.testing.assert_array_equal(plain[name], measured[name])
    ratio = measured["w"] / plain["w"]
    for parent in (22, 130, 211, 221, 321, 411, 443):
        rows = plain["parent"] == parent
        assert rows.any()
        np.testing.assert_allclose(ratio[rows], MULTIPLICITY_FACTORS.get(parent, 1.0), rtol=1e-12)
    mesons = plain["pdg"] == -321
    np.testing.assert_allclose(ratio[mesons], 0.75, rtol=1e-12)
    assert settings().to_json()["parent_factors"] == {}
    assert settings(measured_multiplicities=True).to_json()["parent_factors"]["113"] == 0.62


def test_strata_agree() -> None:
    # With strata and without: the same rates above the highest threshold, from protons of all of them.
    made, above = settings(protons=2000, chunk=2000), []
    record = chunk(made)
    for low, high in zip(made.groups(0), made.strata, strict=True):
        here = np.isin(record["group"], low) & (momentum(record) > 120.0)
        w = record["w"][here] * made.protons_for(np.array([130.0]))[0] / high.protons
        groups = np.bincount(np.searchsorted(low, record["group"][here]), weights=w, minlength=len(low))
        above.append((groups.sum(), np.sqrt(len(low)) * groups.std()))
        assert not (momentum(record)[np.isin(record["group"], low)] < high.threshold).any()
    for value, error in above[:-1]:
        assert_agrees(value, np.hypot(error, above[-1][1]), above[-1][0])


def test_a_threshold_of_the_cascade_takes_the_slow_away() -> None:
    every, fewer = chunk(settings()), chunk(settings(cascade_threshold=30.0))
    assert fewer["counts"][0] < every["counts"][0]
    slow = [np.sum(r["w"][momentum(r) < 20.0]) for r in (every, fewer)]
    assert slow[1] < slow[0]


def test_thinning_keeps_rates_and_numbers() -> None:
    whole, some = (
        chunk(settings(protons=1000, chunk=1000)),
        chunk(settings(protons=1000, chunk=1000, rows=2000)),
    )
    assert len(some["w"]) < 2000 * 1.1 < len(whole["w"])
    for pdg in (13, 211, 321):
        rates = [r["w"][np.abs(r["pdg"]) == pdg].sum() for r in (whole, some)]
        assert rates[1] == pytest.approx(rates[0], rel=0.1)


def test_chunks_are_the_whole_and_of_their_own() -> None:
    made = settings(protons=50, chunk=20)
    assert made.chunks == 3
    groups = [made.groups(k) for k in range(3)]
    joined = np.concatenate([np.concatenate(g) for g in groups])
    assert len(np.unique(joined)) == len(joined) == sum(s.protons for s in made.strata)
    assert [made.followed(k) for k in range(3)] == [len(np.concatenate(g)) for g in groups]
    assert made.protons_for(np.array([5.0, 39.9, 40.0, 500.0])).tolist() == [50, 50, 200, 600]


def test_a_chunk_is_a_function_of_its_random_numbers() -> None:
    one, two, other = (chunk(settings(), label=label) for label in ("a", "a", "b"))
    for name, values in one.items():
        np.testing.assert_array_equal(values, two[name])
    assert len(one["w"]) != len(other["w"]) or (one["w"] != other["w"]).any()
