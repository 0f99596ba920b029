"""Cross-sections at one muon energy by quadrature, as `mcgen xsec` prints them."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import mcgen
from mcgen.analysis.cross_sections import CrossSection, cross_sections
from mcgen.constants import GEV2_TO_PB, MUON_MASS
from mcgen.errors import KinematicsError
from mcgen.physics.bremsstrahlung.total import COARSE, Grid, Spectrum
from mcgen.physics.formfactors import Nucleus
from mcgen.physics.kinds import Kind
from mcgen.physics.matter import material
from mcgen.sources.bremsstrahlung.methods import METHODS
from mcgen.types import Array
from tests.oracle.angular import integral
from tests.oracle.beams import beam_card

SUMMARY = Path(__file__).parents[3] / "validation" / "madgraph" / "summary.csv"

COLUMNS: dict[str, str] = {
    "exact": "sigma_exact_quad_pb",
    "iww": "sigma_IWW_pb",
    "ww": "sigma_WW_tmin_xtheta_pb",
}

KINDS: tuple[Kind, ...] = ("scalar", "pseudoscalar", "vector")

CU = material("Cu").nucleus


@cache
def rows() -> list[dict[str, str]]:
    with SUMMARY.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def of_row(number: int) -> dict[str, CrossSection]:
    """Cross-sections of the three methods at a row of the summary, from a card."""
    row = rows()[number]
    card = beam_card(
        float(row["E_mu"]),
        float(row["m_S"]),
        target={"material": row["target"], "z_m": [0.0, 1.0]},
        volume={"shape": "slab", "z_m": [2.0, 3.0]},
        model={"g_mu": float(row["g_mu"])},
    )
    return {found.method: found for found in cross_sections(card)}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("number", range(4))
def test_totals_are_those_of_the_summary(number: int, method: str) -> None:
    found, expected = of_row(number)[method], float(rows()[number][COLUMNS[method]])
    assert found.sigma == pytest.approx(expected, rel=2e-3)
    assert found.energy == float(rows()[number]["E_mu"])
    # They are far better than what is asked: the summary's digits.
    assert found.sigma == pytest.approx(expected, rel=3e-5)


@pytest.mark.parametrize("number", range(4))
def test_means_are_those_of_the_summary(number: int) -> None:
    row, found = rows()[number], of_row(number)
    assert found["exact"].mean_x == pytest.approx(float(row["mean_x_exact"]), rel=2e-5)
    assert found["iww"].mean_x == pytest.approx(float(row["mean_x_IWW"]), rel=2e-5)
    assert found["exact"].mean_theta == pytest.approx(float(row["mean_theta_S_exact_rad"]), rel=2e-4)
    assert found["iww"].mean_theta == 0.0
    assert found["ww"].mean_theta == pytest.approx(found["exact"].mean_theta, rel=0.03)


@pytest.mark.parametrize("number", range(4))
def test_madgraph_is_exact_and_not_the_others(number: int) -> None:
    row, found = rows()[number], of_row(number)
    reference, error = float(row["sigma_MG_pb"]), float(row["sigma_MG_err"])
    assert abs(found["exact"].sigma - reference) < 0.005 * reference + error
    assert found["iww"].sigma > 1.8 * reference
    # Without the muon's mass in the smallest momentum transfer, `ww` would be as far off as the column beside.
    assert found["ww"].sigma != pytest.approx(float(row["sigma_IWW_tminx_pb"]), rel=0.2)


@pytest.mark.parametrize("number", range(4))
def test_the_spectrum_adds_up(number: int) -> None:
    for found in of_row(number).values():
        # The nodes crowd at both ends: trapezoids are good to a percent, and not better.
        assert np.trapezoid(found.dsigma_dx, found.x) == pytest.approx(found.sigma, rel=0.02)
        assert np.all(found.dsigma_dx >= 0.0)
        assert np.all(np.diff(found.x) > 0.0)
        assert found.x[0] > float(rows()[number]["m_S"]) / found.energy
        assert found.x[-1] < 1.0 - MUON_MASS / found.energy


def test_the_coupling_enters_squared_and_the_card_chooses_the_energies() -> None:
    def card(g_mu: float) -> mcgen.Card:
        return beam_card(
            50.0,
            0.1,
            target={"material": "Cu", "z_m": [0.0, 1.0]},
            volume={"shape": "slab", "z_m": [2.0, 3.0]},
            model={"g_mu": g_mu},
        )

    one, other = (cross_sections(card(g), [30.0, 60.0]) for g in (1e-3, 2e-3))
    assert [(c.energy, c.method) for c in one] == [(e, m) for e in (30.0, 60.0) for m in METHODS]
    for weak, strong in zip(one, other, strict=True):
        assert strong.sigma == pytest.approx(4.0 * weak.sigma, rel=1e-12)
        assert strong.error == pytest.approx(4.0 * weak.error, rel=1e-12)
        assert strong.mean_x == weak.mean_x
        np.testing.assert_allclose(strong.dsigma_dx, 4.0 * weak.dsigma_dx, rtol=1e-12)


# --- Errors -------------------------------------------------------------------------------------------------

FINEST = Grid(72, 56, 88, 16)


@dataclass(frozen=True)
class Corner:
    """A muon's energy and a boson's mass [GeV]."""

    energy: float
    mass: float


CORNERS = [Corner(50.0, 0.1), Corner(400.0, 1e-3), Corner(2.0, 0.5), Corner(120.0, 3.6), Corner(0.4, 0.25)]
"""Ordinary, light and fast, close to rest, heavy, close to the threshold."""


@cache
def computed(method: str, kind: Kind, corner: Corner, grid: Grid) -> Spectrum:
    return METHODS[method].spectrum(kind, corner.energy, corner.mass, CU, grid)


def cases(method: str, kinds: tuple[Kind, ...]) -> list[tuple[str, Kind, Corner]]:
    return [(method, kind, corner) for kind in kinds for corner in CORNERS]


@pytest.mark.parametrize(
    ("method", "kind", "corner"),
    [*cases("iww", KINDS), *cases("ww", ("scalar", "vector")), *cases("exact", ("scalar",))],
)
def test_the_error_covers_the_truth(method: str, kind: Kind, corner: Corner) -> None:
    assert_covered(method, kind, corner)


def test_the_error_covers_the_truth_at_the_threshold() -> None:
    assert_covered("ww", "pseudoscalar", Corner(0.4, 0.25), Grid(192, 144))


def assert_covered(method: str, kind: Kind, corner: Corner, finest: Grid = FINEST) -> None:
    fine, coarse = (computed(method, kind, corner, grid) for grid in (Grid(), COARSE))
    truth = computed(method, kind, corner, finest).sigma
    error = abs(fine.sigma - coarse.sigma)
    # Rounding is not an error of the quadrature.
    assert abs(fine.sigma - truth) <= error + 1e-9 * truth
    assert error < 1e-3 * truth


@pytest.mark.parametrize("corner", CORNERS)
@pytest.mark.parametrize("method", METHODS)
def test_another_order_of_integration_agrees(method: str, corner: Corner) -> None:
    def unity(x: Array, one_minus_cos: Array) -> Array:
        return np.ones(np.broadcast_shapes(x.shape, one_minus_cos.shape))

    value = integral(method, "scalar", corner.energy, corner.mass, CU, unity)
    assert value == pytest.approx(computed(method, "scalar", corner, Grid()).sigma, rel=1e-4)


# --- Thresholds ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("energy", [0.05, 0.1 + MUON_MASS, 0.1])
def test_below_the_threshold_there_is_nothing(method: str, energy: float) -> None:
    with pytest.raises(
        KinematicsError, match=r"cannot radiate a boson of 0\.1 GeV: it needs more than 0\.205658"
    ):
        METHODS[method].spectrum("scalar", energy, 0.1, CU)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", METHODS)
def test_just_above_there_is_little(method: str, kind: Kind) -> None:
    low, high = (
        METHODS[method].spectrum(kind, 0.1 + MUON_MASS + gap, 0.1, CU, COARSE) for gap in (1e-4, 1e-2)
    )
    assert 0.0 <= low.sigma < 0.1 * high.sigma
    for found in (low, high):
        assert np.all(np.isfinite(found.dsigma_dx))


def test_cards_without_a_beam_get_energies_above_the_threshold() -> None:
    card = mcgen.load_card("na62_muonphilic").replace(model={"mass_gev": 9.0})
    found = cross_sections(card)
    assert all(one.sigma > 0.0 for one in found)
    assert min(one.energy for one in found) > 9.0 + MUON_MASS
    with pytest.raises(KinematicsError):
        cross_sections(card, [9.0])


def test_heavier_nuclei_radiate_with_the_square_of_their_charge() -> None:
    def ratio(nucleus: Nucleus) -> float:
        return METHODS["exact"].spectrum("scalar", 100.0, 0.05, nucleus, COARSE).sigma / (
            nucleus.z**2 * GEV2_TO_PB
        )

    carbon, lead = ratio(material("C").nucleus), ratio(material("Pb").nucleus)
    assert 0.5 < lead / carbon < 1.0
