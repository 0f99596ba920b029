"""Muons of pi, K, K_L and of resonances: kinematics and spectra against closed forms and quadrature."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import kstest

from mcgen.constants import MUON_MASS, mass_of
from mcgen.flux.make.decays import boosted, breakup, isotropic, muon_energy_of_kaons, muons_of, two_body
from mcgen.flux.make.dimuons import dimuon_rows, pair_masses, transverse_cosine
from mcgen.flux.make.particles import Rows
from mcgen.flux.make.species import DALITZ, KAON_TO_MUON, KAON_TO_PION_MUON, TO_MUONS
from mcgen.physics.kinematics import dot, on_shell
from mcgen.types import Array
from tests.oracle.fluxmaking import alike
from tests.oracle.stats import assert_agrees, generator


def invariant_mass(rows: Rows) -> Array:
    """Masses of pairs whose muons are n rows apart."""
    n = len(rows) // 2
    total = on_shell(rows.momentum[:, :n], MUON_MASS) + on_shell(rows.momentum[:, n:], MUON_MASS)
    mass: Array = np.sqrt(total[3] ** 2 - dot(total[:3], total[:3]))
    return mass


def test_boost_keeps_the_mass() -> None:
    rng = generator("boost")
    star, frame = isotropic(1000, rng) * 0.3, isotropic(1000, rng) * rng.uniform(0.0, 300.0, 1000)
    lab = boosted(star, MUON_MASS, frame, 0.5)
    product = on_shell(lab, MUON_MASS)[3] * on_shell(frame, 0.5)[3] - dot(lab, frame)
    np.testing.assert_allclose(product, 0.5 * np.hypot(0.3, MUON_MASS), rtol=1e-9)


def test_two_bodies_balance_and_are_isotropic() -> None:
    pions = alike(211, mass_of(211), (3.0, -1.0, 20.0), 5000)
    muon, neutrino = two_body(pions, MUON_MASS, 0.0, generator("two-body"))
    np.testing.assert_allclose(muon + neutrino, pions.momentum, atol=1e-12)
    energy = on_shell(muon, MUON_MASS)[3]
    np.testing.assert_allclose(energy + np.sqrt(dot(neutrino, neutrino)), pions.energy, rtol=1e-9)
    # The energy in the laboratory is uniform, from E (m/M)^2-like edges.
    star = float(breakup(mass_of(211), MUON_MASS, 0.0))
    middle = pions.energy[0] / mass_of(211) * np.hypot(star, MUON_MASS)
    half = np.sqrt(dot(pions.momentum, pions.momentum))[0] / mass_of(211) * star
    assert kstest(energy, "uniform", (middle - half, 2.0 * half)).pvalue > 1e-6
    assert kstest(energy, "uniform", (middle - 0.9 * half, 2.0 * half)).pvalue < 1e-6


def test_muons_of_pions_and_kaons() -> None:
    n = 20_000
    for pdg, sign in ((211, -13), (-211, 13), (321, -13), (-321, 13)):
        rows = muons_of(
            alike(pdg, mass_of(pdg), (0.0, 0.0, 10.0), n), np.full(n, 0.01), generator("muons", pdg)
        )
        assert set(rows.pdg) == {sign}
        assert set(rows.parent) == {abs(pdg)}
    assert rows.weight[0] == pytest.approx(0.01 * (KAON_TO_MUON + KAON_TO_PION_MUON))
    # Those of two bodies have one energy in the kaon's frame.
    kaons = alike(-321, mass_of(321), (0.0, 0.0, 10.0), n)
    product = on_shell(rows.momentum, MUON_MASS)[3] * kaons.energy - dot(rows.momentum, kaons.momentum)
    star = float(breakup(mass_of(321), MUON_MASS, 0.0))
    two = np.isclose(product / mass_of(321), np.hypot(star, MUON_MASS), rtol=1e-9)
    share = KAON_TO_MUON / (KAON_TO_MUON + KAON_TO_PION_MUON)
    assert_agrees(two.mean(), np.sqrt(share * (1.0 - share) / n), share)
    long = muons_of(alike(130, mass_of(130), (0.0, 0.0, 10.0), n), np.ones(n), generator("muons", 130))
    assert_agrees((long.pdg == 13).mean(), 0.5 / np.sqrt(n), 0.5)


def test_three_bodies_share_the_energy_as_the_matrix_element_says() -> None:
    mass, pion, n = mass_of(321), mass_of(111), 20_000
    muon = muon_energy_of_kaons(mass, pion, n, generator("kl3"))

    def weighted(power: int) -> float:
        """Integral over both energies, the pion's by Gauss's rule between its limits at each muon energy."""
        nodes, weights = np.polynomial.legendre.leggauss(40)

        def inner(e: float) -> float:
            p, rest2 = np.sqrt(e * e - MUON_MASS**2), mass**2 + MUON_MASS**2 - 2.0 * mass * e
            top = 0.5 * (rest2 + pion**2) / rest2  # in the frame of pion and neutrino
            q = 0.5 * (rest2 - pion**2) / rest2
            pions = top * (mass - e) + q * p * nodes
            neutrino = mass - e - pions
            rest = (mass**2 + pion**2 - MUON_MASS**2) / (2.0 * mass) - pions
            a = mass * (2.0 * e * neutrino - mass * rest) + MUON_MASS**2 * (0.25 * rest - neutrino)
            form = 1.0 + 0.0282 * (mass**2 + pion**2 - 2.0 * mass * pions) / mass_of(211) ** 2
            return float(e**power * q * p * (weights @ (a * form**2)))

        return float(
            quad(inner, MUON_MASS, (mass**2 + MUON_MASS**2 - pion**2) / (2.0 * mass), epsrel=1e-8)[0]
        )

    mean = weighted(1) / weighted(0)
    assert_agrees(muon.mean(), muon.std() / np.sqrt(n), mean)
    uniform = generator("flat").uniform(muon.min(), muon.max(), n)
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(uniform.mean(), uniform.std() / np.sqrt(n), mean)


@pytest.mark.parametrize("pdg", [221, 331, 113, 223, 333])
def test_dimuons_of_resonances(pdg: int) -> None:
    n = 400
    rows = dimuon_rows(alike(pdg, mass_of(pdg), (0.0, 1.0, 30.0), n), generator("dimuons", pdg))
    expected = [TO_MUONS.get(pdg, 0.0), DALITZ.get(pdg, 0.0)]
    assert rows.weight.sum() == pytest.approx(2 * n * sum(expected))
    whole = rows.take(rows.weight == expected[0])
    if len(whole):
        np.testing.assert_allclose(invariant_mass(whole), mass_of(pdg), rtol=1e-6)
    some = rows.take(rows.weight == expected[1])
    if len(some):
        pair = invariant_mass(some)
        assert (pair > 2.0 * MUON_MASS - 1e-6).all()
        values, share = pair_masses(pdg)
        assert kstest(pair, lambda q: np.interp(q, values, share)).pvalue > 1e-6
    assert (np.bincount(rows.group) % 2 == 0).all(), "both muons are of one proton"
    assert rows.pdg.sum() == 0
    assert set(rows.parent) == {pdg}


def test_the_pair_of_the_eta_is_what_qed_says() -> None:
    # Without a form factor, the ratio of eta -> gamma mu mu to eta -> gamma gamma is 5.5e-4; with one, 7.8e-4 +- 1.1e-4.
    mass = mass_of(221)

    def ratio(pole: float) -> float:
        def integrand(q: float) -> float:
            x = (MUON_MASS / q) ** 2
            form = 1.0 / (1.0 - (q / pole) ** 2) ** 2
            return float(2.0 / q * np.sqrt(1 - 4 * x) * (1 + 2 * x) * (1 - (q / mass) ** 2) ** 3 * form)

        return 2.0 / (3.0 * np.pi * 137.036) * quad(integrand, 2.0 * MUON_MASS, mass)[0]

    assert ratio(1e9) == pytest.approx(5.5e-4, rel=0.02)
    assert ratio(0.719) * 0.3936 == pytest.approx(DALITZ[221], rel=0.05)


def test_transverse_photons() -> None:
    n = 20_000
    cosine = transverse_cosine(np.full(n, 10.0), generator("transverse"))
    assert_agrees((cosine**2).mean(), (cosine**2).std() / np.sqrt(n), 0.4)
    flat = transverse_cosine(np.full(n, 2.0 * MUON_MASS), generator("at threshold"))
    assert_agrees((flat**2).mean(), (flat**2).std() / np.sqrt(n), 1.0 / 3.0)
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees((flat**2).mean(), (flat**2).std() / np.sqrt(n), 0.4)
