"""Materials, stopping power, range and energy along a track."""

from __future__ import annotations

import csv
import pickle
from dataclasses import replace
from importlib.resources import files

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import fixed_quad

from mcgen.constants import AVOGADRO, MUON_MASS
from mcgen.errors import UsageError
from mcgen.physics.energy_loss import (
    MAX_ENERGY,
    REST_KINETIC,
    ConstantLoss,
    EnergyLoss,
    NoLoss,
    TableLoss,
)
from mcgen.physics.matter import _IONISATION, MATERIALS, VACUUM, Material, bethe, material, stopping_power
from mcgen.types import Array

MATTER = tuple(name for name in MATERIALS if name != VACUUM)
LEAST = MUON_MASS + REST_KINETIC
CUSTOM = Material("pyrite", z=17.3, a=40.0, density=5.0)
LOSSES: dict[str, EnergyLoss] = {name: TableLoss(material(name)) for name in MATTER}
LOSSES["constant"] = ConstantLoss(1.25)

losses = st.sampled_from(sorted(LOSSES))
energies = st.floats(np.log(1.01 * REST_KINETIC), np.log(MAX_ENERGY - MUON_MASS)).map(
    lambda log_kinetic: min(MUON_MASS + float(np.exp(log_kinetic)), MAX_ENERGY)
)
fractions = st.floats(0.0, 1.0)


def column(name: str, title: str) -> Array:
    text = (files("mcgen") / "data" / "muon_stopping_power.csv").read_text(encoding="utf-8")
    rows = [row for row in csv.DictReader(text.splitlines()) if row["material"] == name]
    return np.array([float(row[title]) for row in rows])


def range_in_g_per_cm2(name: str, energy: Array) -> Array:
    return 100.0 * material(name).density * TableLoss(material(name)).range(energy)


# --- materials


def test_materials_are_those_of_the_table() -> None:
    assert MATERIALS == ("Be", "C", "Fe", "Cu", "Mo", "W", "Pb", "concrete", "air", "vacuum")
    copper = material("Cu")
    assert (copper.z, copper.a, copper.density, copper.radiation_length) == (29, 63.546, 8.96, 12.86)
    assert copper.nucleus.pdg == 1000290640
    assert copper.number_density == pytest.approx(8.96e6 * AVOGADRO / 63.546, rel=1e-15)


@pytest.mark.parametrize(("name", "loss"), [("Cu", 1.257), ("Mo", 1.359)])
def test_minimum_loss(name: str, loss: float) -> None:
    assert material(name).minimum_loss == pytest.approx(loss, abs=5e-4)


def test_density_override_changes_nothing_else() -> None:
    assert material("Fe", 7.5) == replace(material("Fe"), density=7.5)


def test_concrete_keeps_electrons_and_charges_squared() -> None:
    composition = {  # shielding concrete of the PDG: Z, A, mass fraction
        "H": (1, 1.008, 0.01),
        "C": (6, 12.0107, 0.001),
        "O": (8, 15.999, 0.529107),
        "Na": (11, 22.98977, 0.016),
        "Mg": (12, 24.305, 0.002),
        "Al": (13, 26.98154, 0.033872),
        "Si": (14, 28.0855, 0.337021),
        "K": (19, 39.0983, 0.013),
        "Ca": (20, 40.078, 0.044),
        "Fe": (26, 55.845, 0.014),
    }
    concrete = material("concrete")
    for power in (1, 2):
        expected = sum(w * z**power / a for z, a, w in composition.values())
        assert concrete.z**power / concrete.a == pytest.approx(expected, rel=1e-4)


def test_air_keeps_electrons_and_charges_squared() -> None:
    composition = {  # dry air of the PDG: Z, A, mass fraction
        "C": (6, 12.0107, 0.000124),
        "N": (7, 14.0067, 0.755267),
        "O": (8, 15.9994, 0.231781),
        "Ar": (18, 39.948, 0.012827),
    }
    air = material("air")
    assert (air.density, air.radiation_length) == (0.001205, 36.62)
    for power in (1, 2):
        expected = sum(w * z**power / a for z, a, w in composition.values())
        assert air.z**power / air.a == pytest.approx(expected, rel=1e-4)


def test_vacuum_is_nothing() -> None:
    nothing = material(VACUUM)
    assert nothing.is_vacuum
    assert not any(material(name).is_vacuum for name in MATTER)
    assert (nothing.number_density, nothing.minimum_loss) == (0.0, 0.0)
    with pytest.raises(UsageError, match=r"density of vacuum: 1e-09 .* it has none"):
        material(VACUUM, 1e-9)
    energy = np.array([0.2, 5.0, 2000.0])
    np.testing.assert_array_equal(NoLoss().energy_after(energy, 1e6), energy)
    assert NoLoss().length_to(energy, 5.0).tolist() == [0.0, 0.0, np.inf]
    assert NoLoss().range(np.array([MUON_MASS, 0.2])).tolist() == [0.0, np.inf]


def test_unknown_material_lists_the_known() -> None:
    with pytest.raises(UsageError, match=r"unknown material 'Unobtainium'.*Be, C, Fe.*concrete"):
        material("Unobtainium")


@pytest.mark.parametrize("density", [0.0, -1.0, np.nan])
def test_density_must_be_positive(density: float) -> None:
    with pytest.raises(UsageError, match="is not positive"):
        material("Cu", density)


def test_custom_material_says_what_is_missing() -> None:
    with pytest.raises(UsageError, match="minimum ionisation of material 'pyrite'"):
        _ = CUSTOM.minimum_loss
    with pytest.raises(UsageError, match="no stopping-power table for material 'pyrite'"):
        TableLoss(CUSTOM)


# --- stopping power


@pytest.mark.parametrize("name", MATTER)
def test_bethe_is_the_independent_column_to_its_last_digit(name: str) -> None:
    energy, printed = column(name, "E_total_GeV"), column(name, "a_bethe_sternheimer_MeVcm2g")
    assert np.abs(bethe(material(name), energy) - printed).max() < 5.1e-4
    other = replace(material(name), name="Fe" if name != "Fe" else "Cu")
    assert np.abs(bethe(other, energy) - printed).max() > 5e-3


@pytest.mark.parametrize(
    ("name", "listed"),
    list(zip(MATTER, [0.14, 0.10, 0.12, 0.08, 0.14, 0.14, 0.14, 0.00, 0.00], strict=True)),
)
def test_density_correction_begins_at_its_listed_value(name: str, listed: float) -> None:
    # Sternheimer lists delta(x_0) beside the parameters it follows from: a check of x_0.
    of = _IONISATION[name]
    delta = 2.0 * np.log(10.0) * of.x_0 - of.c + of.a * (of.x_1 - of.x_0) ** of.k
    assert delta == pytest.approx(listed, abs=5e-4)
    assert of.conductor == (listed > 0.0)


@pytest.mark.parametrize("name", [name for name in MATTER if name != "C"])
def test_bethe_has_the_minimum_of_the_pdg(name: str) -> None:
    # The PDG's value for C is that of graphite, whose density effect is another one.
    energy = np.geomspace(0.15, 2.0, 2000)
    lowest = bethe(material(name), energy).min()
    assert lowest == pytest.approx(material(name).minimum_ionisation, rel=1e-3)


@pytest.mark.parametrize("name", MATTER)
def test_stopping_power_is_the_sum_of_the_table(name: str) -> None:
    parts = ("a_ion_MeVcm2g", "brems", "pair", "photonuc")
    total = stopping_power(material(name), column(name, "E_total_GeV"))
    np.testing.assert_allclose(total, sum(column(name, part) for part in parts), rtol=1e-12)


@pytest.mark.parametrize("name", MATTER)
def test_stopping_power_is_smooth_at_the_lower_end_of_the_table(name: str) -> None:
    step = 1e-5
    before, at, after = stopping_power(material(name), np.array([1.0 - step, 1.0, 1.0 + step]))
    slopes = (at - before) / step, (after - at) / step
    assert slopes[0] == pytest.approx(slopes[1], abs=5e-5)  # step times the second derivative
    assert slopes[0] > 0.05


# --- range


@pytest.mark.parametrize("name", MATTER)
def test_ranges_differ_as_in_the_table(name: str) -> None:
    energy, printed = column(name, "E_total_GeV"), column(name, "csda_range_gcm2")

    def deviation(loss: EnergyLoss) -> float:
        ours = 100.0 * material(name).density * (loss.range(energy) - loss.range(energy[:1]))
        return float(np.abs((ours - (printed - printed[0])) / printed).max())

    assert deviation(TableLoss(material(name))) < 1e-3
    assert deviation(ConstantLoss(material(name).minimum_loss)) > 0.1


@pytest.mark.parametrize("name", MATTER)
def test_range_below_the_table(name: str) -> None:
    # Two calculations of the ionisation, which differ by up to 0.3 %.
    printed = column(name, "csda_range_gcm2")[0]
    assert range_in_g_per_cm2(name, np.array([1.0]))[0] == pytest.approx(printed, rel=3e-3)


def test_range_of_slow_muons_in_lead() -> None:
    # The PUMAS table of lead (kinetic energy in MeV, CSDA range in g/cm^2), from 1 MeV on.
    kinetic = np.array([50.0, 100.0, 200.0, 500.0])
    printed = np.array([21.32, 59.11, 145.8, 408.2]) - 0.024
    ours = range_in_g_per_cm2("Pb", MUON_MASS + 1e-3 * kinetic)
    np.testing.assert_allclose(ours, printed, rtol=1.5e-3)


@pytest.mark.parametrize("name", MATTER)
def test_range_is_the_integral_of_the_stopping_power(name: str) -> None:
    def inverse(energy: Array) -> Array:
        return 1e3 / stopping_power(material(name), energy)

    for low, high in [(LEAST, 0.11), (0.3, 0.9), (3.5, 4.5), (40.0, 60.0), (750.0, 1000.0)]:
        expected, _ = fixed_quad(inverse, low, high, n=100)
        start, end = range_in_g_per_cm2(name, np.array([low, high]))
        assert end - start == pytest.approx(expected, rel=1e-8)


def test_range_is_inverse_to_the_density() -> None:
    energy = np.geomspace(0.2, 900.0, 50)
    light, heavy = TableLoss(material("W", 5.0)), TableLoss(material("W", 20.0))
    np.testing.assert_allclose(light.range(energy), 4.0 * heavy.range(energy), rtol=1e-12)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_range_and_its_inverse_rise(loss: EnergyLoss) -> None:
    energy = MUON_MASS + np.geomspace(1.0001 * REST_KINETIC, MAX_ENERGY - MUON_MASS, 100_000)
    assert (np.diff(loss.range(energy)) > 0.0).all()
    residual = np.geomspace(1e-6, loss.range(energy[-1:])[0], 100_000)
    assert (np.diff(loss.energy_at(residual)) > 0.0).all()


# --- along a track


@given(name=losses, energy=energies, fraction=fractions)
def test_there_and_back(name: str, energy: float, fraction: float) -> None:
    final = LEAST + fraction * (energy - LEAST)
    start = np.array([energy])
    length = LOSSES[name].length_to(start, final)
    if LOSSES[name].range(start) - length > 1e-9:
        assert LOSSES[name].energy_after(start, length)[0] == pytest.approx(final, rel=1e-9)


@given(name=losses, energy=energies, first=fractions, second=fractions)
def test_two_steps_are_one(name: str, energy: float, first: float, second: float) -> None:
    loss, start = LOSSES[name], np.array([energy])
    whole = loss.range(start) * first
    part = whole * second
    middle = loss.energy_after(start, part)
    end = loss.energy_after(start, whole)
    assert MUON_MASS <= end[0] <= middle[0] * (1.0 + 1e-9)
    assert middle[0] <= energy
    # In lengths, for that is what the tables add up: in the last centimetre they say little of the energy.
    again = loss.energy_after(middle, whole - part)
    assert loss.range(again) == pytest.approx(loss.range(end), abs=3e-9 * loss.range(start)[0])


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_a_stopped_muon_is_at_rest(loss: EnergyLoss) -> None:
    energy = np.array([0.0, MUON_MASS, 0.3, 5.0, 800.0])
    reach = loss.range(energy)
    assert (reach[:2] == 0.0).all()
    assert (loss.energy_after(energy, 1.001 * reach) == MUON_MASS).all()
    assert (loss.energy_after(energy, 1e9) == MUON_MASS).all()
    np.testing.assert_array_equal(loss.length_to(energy, 0.0), reach)
    np.testing.assert_array_equal(loss.length_to(energy, np.full(5, MUON_MASS)), reach)


@pytest.mark.parametrize("loss", LOSSES.values(), ids=LOSSES)
def test_no_length_to_a_higher_energy(loss: EnergyLoss) -> None:
    assert (loss.length_to(np.array([0.2, 5.0, 20.0]), np.array([0.3, 5.0, 900.0])) == 0.0).all()


def test_constant_loss_is_a_straight_line() -> None:
    loss, energy = ConstantLoss(1.25), np.array([100.0, 10.0, 2.0])
    length = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(loss.energy_after(energy, length), [98.75, 7.5, MUON_MASS], rtol=1e-14)
    np.testing.assert_allclose(loss.length_to(energy, 5.0), [76.0, 4.0, 0.0], rtol=1e-14)


@pytest.mark.parametrize("de_dz", [0.0, -1.0, np.nan])
def test_constant_loss_must_be_positive(de_dz: float) -> None:
    with pytest.raises(UsageError, match="is not positive"):
        ConstantLoss(de_dz)


def test_table_ends_at_1000_gev() -> None:
    loss = LOSSES["Cu"]
    assert np.isfinite(loss.range(np.array([MAX_ENERGY]))).all()
    with pytest.raises(UsageError, match=r"a muon of 1000\.5 GeV: .* ends at 1000 GeV"):
        loss.energy_after(np.array([5.0, 1000.5]), 1.0)


def test_no_muons_are_no_problem() -> None:
    nothing = np.empty(0)
    for loss in LOSSES.values():
        assert loss.energy_after(nothing, nothing).shape == (0,)
        assert loss.length_to(nothing, 1.0).shape == (0,)


def test_losses_travel_to_other_processes() -> None:
    energy = np.geomspace(0.2, 900.0, 20)
    for loss in LOSSES.values():
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(loss)).range(energy), loss.range(energy))
