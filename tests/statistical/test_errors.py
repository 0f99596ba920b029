"""The quoted errors: pulls of the integration error, bootstraps of the flux error."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mcgen.metadata import Yield
from tests.oracle.quadrature import SELECTIONS, SETUPS, expected_decays
from tests.oracle.replicas import bootstrap, bootstrap_pairs, pulls_of, yields_of_parts
from tests.oracle.setups import card_of, toy_flux
from tests.oracle.stats import Array, assert_agrees, assert_unit_pulls, autocorrelation_z, chi2_p, seed_of

# --- Integration error ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["electrons_mixed_flux", pytest.param("electrons_magnet", marks=pytest.mark.nightly)]
)
def test_pulls_of_the_integration_error(name: str, folder: Path) -> None:
    # Fewer than 1000 pulls could not tell errors that are 0.8 of the right ones.
    for pulls in pulls_of(name, folder, seeds=100, parts=10, points=2000, nitn=2).values():
        assert len(pulls) == 1000
        assert_unit_pulls(pulls)
        with pytest.raises(AssertionError, match="pulls"):
            assert_unit_pulls(pulls / 0.8)
        with pytest.raises(AssertionError, match="pulls"):
            assert_unit_pulls(pulls / 1.25)
        # Neither centred elsewhere, nor with a memory.
        assert_agrees(float(pulls.mean()), len(pulls) ** -0.5, 0.0)
        assert abs(autocorrelation_z(pulls)) < 5.0


@pytest.mark.nightly
@pytest.mark.parametrize("name", SELECTIONS)
def test_pulls_of_all_selections(name: str, folder: Path) -> None:
    for pulls in pulls_of(name, folder, seeds=200, parts=5, points=5000, nitn=5).values():
        assert_unit_pulls(pulls)


# --- Flux error -------------------------------------------------------------------------------------------

Error = Callable[[Yield], float]


def assert_covers(yields: list[Yield], error: Error) -> None:
    """Require that the scatter of the yields is what their errors say.

    The sum of some 30 rows is normal enough: its excess kurtosis, 1/rows, widens the chi2 by 1 %.
    """
    values = np.array([one.value for one in yields])
    variance = float(np.mean([error(one) ** 2 for one in yields]))
    chi_squared = float(np.sum((values - values.mean()) ** 2)) / variance
    p = chi2_p(chi_squared, len(values) - 1, two_sided=True)
    assert p > 1e-4, f"chi2 of the replicas {chi_squared:.0f}/{len(values) - 1}, p = {p:.1e}"


WRONG_ERRORS: dict[str, Error] = {
    "no flux error": lambda y: y.mc_error,
    "half of it": lambda y: float(np.hypot(y.mc_error, 0.5 * y.flux_error)),
    "twice": lambda y: float(np.hypot(y.mc_error, 2.0 * y.flux_error)),
}


def check_bootstrap(found: dict[str, list[Yield]]) -> None:
    for yields in found.values():
        assert_covers(yields, lambda y: y.total_error)
        for wrong in WRONG_ERRORS.values():
            with pytest.raises(AssertionError, match="replicas"):
                assert_covers(yields, wrong)


def test_flux_error_by_bootstrap(folder: Path) -> None:
    check_bootstrap(bootstrap(folder, 120))


@pytest.mark.nightly
def test_flux_error_of_muons_that_come_in_pairs(folder: Path) -> None:
    # More replicas than above: the error of independent rows is only a factor of sqrt(2) too small.
    by_group, by_row = bootstrap_pairs(folder, 2000)
    check_bootstrap(by_group)
    for yields in by_row.values():
        with pytest.raises(AssertionError, match="replicas"):
            assert_covers(yields, lambda y: y.total_error)


@pytest.mark.nightly
def test_flux_error_by_many_replicas(folder: Path) -> None:
    found = bootstrap(folder, 2000)
    check_bootstrap(found)
    for yields in found.values():
        with pytest.raises(AssertionError, match="replicas"):
            assert_covers(yields, lambda y: float(np.hypot(y.mc_error, 0.85 * y.flux_error)))


def test_flux_error_is_unbiased(folder: Path) -> None:
    # Few points a row: what a row's own fluctuation adds to the square of its sum must be taken off.
    points, parts = 200, 1000
    toy = toy_flux()
    each = [expected_decays(replace(toy, muons=(one,))).value for one in toy.muons]
    truth = float(np.sum(np.square(each)))
    training = {"nitn": 2, "neval": 1000}
    run = {"events": points * parts, "chunk": 50_000, "seed": seed_of("unbiased"), "vegas": training}
    card = card_of(toy, folder, run)
    yields = [one["fiducial"] for one in yields_of_parts(card, parts)]
    square = np.array([one.flux_error**2 for one in yields])
    # sum w^2 from the effective size: without the subtraction it would be there once more
    naive = square + np.array([one.value**2 / one.effective_size for one in yields])
    assert len(yields) == parts
    assert_mean(square, truth)
    with pytest.raises(AssertionError, match="sigma"):
        assert_mean(naive, truth)


def assert_mean(sample: Array, truth: float) -> None:
    assert_agrees(float(sample.mean()), float(sample.std(ddof=1)) * len(sample) ** -0.5, truth)


def test_flux_error_of_one_muon_is_its_yield(folder: Path) -> None:
    setup = SETUPS["leptophilic_slab"]
    run = {"events": 20_000, "seed": seed_of("one muon"), "vegas": {"pilot": 5000, "nitn": 3, "neval": 2000}}
    card = card_of(setup, folder, run)
    (found,) = (one["fiducial"] for one in yields_of_parts(card, 1))
    assert_agrees(found.flux_error, found.mc_error, expected_decays(setup).value)
