"""The cuts of a selection: their keys in the card, and the conditions that they become."""

from __future__ import annotations

import numpy as np
import pytest
from pydantic import ValidationError

from mcgen.experiment.cuts import CUTS, BothIn, Cut, Pairs
from mcgen.experiment.planes import CirclePlane
from mcgen.experiment.selection import SelectionTable
from mcgen.record.tables import Daughters

ON = {
    "min_energy_gev": 5.0,
    "min_energy_sum_gev": 8.0,
    "min_radius_m": 0.15,
    "min_separation_m": 0.1,
    "efficiency": 0.75,
}
"""A value of each key with which the cut asks for something."""

PLANES = {name: CirclePlane(name=name, z_m=20.0, shape="circle", radius_m=1.0) for name in ("a", "b")}


def selection(**keys: object) -> SelectionTable:
    return SelectionTable.model_validate({"channels": ["ee"], "planes": ["a", "b"], **keys})


def cut_of(key: str) -> Cut:
    (cut,) = selection(**{key: ON[key]}).cuts
    return cut


def pairs(energies: tuple[float, float], places: tuple[float, float], luck: float = 0.5) -> Pairs:
    """One pair of photons with energies [GeV] and x [m] at the plane b; nobody is seen at a."""
    first, second = (np.array([[0.0], [0.0], [e], [e]]) for e in energies)
    here = tuple(np.array([[x], [0.0]]) for x in places)
    nowhere = np.full((2, 1), np.nan)
    return Pairs(
        Daughters((22, 22), first, second, np.ones(1)),
        np.zeros((3, 1)),
        {"a": (nowhere, nowhere), "b": (here[0], here[1])},
        {"efficiency": np.array([luck])},
    )


def test_every_cut_is_tested() -> None:
    assert [cut.key for cut in CUTS] == list(ON)


def test_a_selection_has_the_keys_of_the_cuts_in_their_order() -> None:
    fields = SelectionTable.model_fields
    assert list(fields) == ["name", "channels", "planes", *(cut.key for cut in CUTS)]
    for cut in CUTS:
        assert fields[cut.key].default == cut.off
        assert fields[cut.key].description, "a line that says what it means"


def test_without_keys_a_selection_asks_for_its_planes_alone() -> None:
    assert selection().cuts == ()
    assert selection(**{cut.key: cut.off for cut in CUTS}).cuts == ()
    assert selection().conditions(PLANES) == (BothIn(PLANES["a"]), BothIn(PLANES["b"]))


@pytest.mark.parametrize("key", ON)
def test_a_key_becomes_its_cut_at_the_last_plane(key: str) -> None:
    cut = cut_of(key)
    assert (type(cut).key, cut.limit, cut.plane) == (key, ON[key], "b")
    assert f"{ON[key]:g}" in cut.name


@pytest.mark.parametrize("key", ON)
def test_a_value_below_0_is_refused(key: str) -> None:
    with pytest.raises(ValidationError, match=key):
        selection(**{key: -0.1})


@pytest.mark.parametrize(
    ("key", "good", "bad"),
    [
        ("min_energy_gev", pairs((5.0, 9.0), (0.0, 0.0)), pairs((9.0, 4.99), (0.5, 0.0))),
        ("min_energy_sum_gev", pairs((1.0, 7.0), (0.0, 0.0)), pairs((7.0, 0.99), (0.5, 0.0))),
        ("min_radius_m", pairs((1.0, 1.0), (0.15, -0.15)), pairs((9.0, 9.0), (0.5, -0.149))),
        ("min_separation_m", pairs((1.0, 1.0), (0.05, -0.05)), pairs((9.0, 9.0), (0.5, 0.401))),
        ("efficiency", pairs((1.0, 1.0), (0.0, 0.0), 0.74), pairs((9.0, 9.0), (0.5, -0.5), 0.75)),
    ],
)
def test_a_cut_asks_for_no_less_than_its_limit(key: str, good: Pairs, bad: Pairs) -> None:
    assert cut_of(key).passed(good).tolist() == [True]
    assert cut_of(key).passed(bad).tolist() == [False]


@pytest.mark.parametrize("key", ["min_radius_m", "min_separation_m"])
def test_nobody_fulfils_a_cut_at_a_plane_without_being_there(key: str) -> None:
    lost = pairs((9.0, 9.0), (np.nan, 0.5))
    assert cut_of(key).passed(lost).tolist() == [False]


def test_what_the_others_have_to_know_of_a_cut() -> None:
    assert {key: cut_of(key).axes for key in ON if cut_of(key).axes} == {"efficiency": ("efficiency",)}
    assert {key: cut_of(key).least_energy for key in ON if cut_of(key).least_energy} == {
        "min_energy_gev": 5.0
    }
    assert {cut.key for cut in CUTS if cut.at_plane} == {"min_radius_m", "min_separation_m"}
