"""Kinetic mixing of L_mu - L_tau: the leptons' loop by other routes, and what it does to couplings and widths."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from mpmath import mp, mpc, mpf

from mcgen.constants import ALPHA, ELECTRON_MASS, MUON_MASS, TAU_MASS
from mcgen.physics.models import (
    LEPTON_MASSES,
    MODELS,
    Boson,
    lepton_width,
    loop_mixing,
    vacuum_polarisation,
)

G = 1e-3
E = math.sqrt(4.0 * math.pi * ALPHA)
COUPLINGS = MODELS["lmu-ltau"].couplings(G)


def boson(mass: float, mixing: complex) -> Boson:
    return Boson("vector", mass, COUPLINGS, neutrinos=True, mixing=mixing)


def integrated(r: float) -> Any:
    """6 int dx x(1-x) ln(1 - 4x(1-x)/r - i0), between the zeros of the logarithm's argument."""
    ratio = mpf(r)
    root = mp.sqrt(1 - ratio) / 2 if ratio < 1 else mpf(0)

    def integrand(x: Any) -> Any:
        # (x - x1)(x - x2) 4/r, which keeps its digits where it vanishes
        value = 4 * (x - mpf(1) / 2 - root) * (x - mpf(1) / 2 + root) / ratio if root else None
        value = 1 - 4 * x * (1 - x) / ratio if value is None else value
        return (
            6 * x * (1 - x) * ((mp.log(abs(value)) if value else 0) - (mpc(0, 1) * mp.pi if value < 0 else 0))
        )

    ends = [mpf(0), *([mpf(1) / 2 - root] if root else []), mpf(1) / 2]
    return 2 * mp.quad(integrand, ends)


def dispersed(mass: float, lepton: float) -> float:
    """-q^2 int ds R(s)/(s (s - q^2)) over the pairs that a vector below their threshold does not reach."""
    q2, threshold = mpf(mass) ** 2, 4 * mpf(lepton) ** 2

    def integrand(b: Any) -> Any:  # s = 4 m^2/(1 - b^2) with the pair's velocity b
        s = threshold / (1 - b * b)
        return b * (1 + threshold / (2 * s)) / (s - q2) * 2 * b / (1 - b * b)

    return float(-q2 * mp.quad(integrand, [0, 1]))


@pytest.mark.parametrize("r", [1e-6, 0.02, 0.7, 1.0 - 1e-9, 1.0, 1.0 + 1e-9, 3.0, 9.999, 10.001, 1e3, 1e9])
def test_loop_is_its_integral(r: float) -> None:
    with mp.workdps(40):
        expected = complex(integrated(r))
    assert abs(vacuum_polarisation(r) - expected) < 1e-12 * abs(expected)


@pytest.mark.parametrize(("mass", "lepton"), [(0.05, MUON_MASS), (0.2, MUON_MASS), (2.0, TAU_MASS)])
def test_loop_is_its_dispersion_integral(mass: float, lepton: float) -> None:
    expected = dispersed(mass, lepton)
    assert expected < 0.0
    assert vacuum_polarisation(4.0 * (lepton / mass) ** 2) == pytest.approx(expected, rel=1e-11)


def test_loop_is_that_of_the_running_charge() -> None:
    """Leptons' part of alpha's running to the Z in one loop, 314.19e-4: hep-ph/9803313, with its masses."""
    running = (
        ALPHA
        / (3.0 * math.pi)
        * sum(vacuum_polarisation(4.0 * (m / 91.187) ** 2).real for m in LEPTON_MASSES)
    )
    assert running == pytest.approx(314.19e-4, abs=0.01e-4)


@pytest.mark.parametrize("mass", [0.25, 1.0, 4.0])
def test_imaginary_part_is_that_of_the_pairs_that_can_be_made(mass: float) -> None:
    """By unitarity: -(g/e) Im Pi is the rate V -> l l -> photon, over that of a coupling of 1."""
    expected = sum(
        -g * E / (12.0 * math.pi) * lepton_width("vector", mass, 1.0, m) * 12.0 * math.pi / mass
        for g, m in zip(COUPLINGS, LEPTON_MASSES, strict=True)
    )
    assert loop_mixing(mass, COUPLINGS).imag == pytest.approx(expected, rel=1e-12)
    assert loop_mixing(0.2, COUPLINGS).imag == 0.0


def test_mixing_of_a_light_vector() -> None:
    expected = -E * G / (12.0 * math.pi**2) * math.log(TAU_MASS**2 / MUON_MASS**2)
    assert loop_mixing(1e-4, COUPLINGS) == pytest.approx(expected, rel=1e-6)
    assert expected == pytest.approx(-G / 70.0, rel=0.02)
    # what is of first order in q^2 is -(4/5 r) of either lepton
    slope = -E * G / (12.0 * math.pi**2) / 5.0 * (MUON_MASS**-2 - TAU_MASS**-2)
    assert (loop_mixing(0.01, COUPLINGS) - expected) / 1e-4 == pytest.approx(slope, rel=1e-2)


def test_mixing_vanishes_where_leptons_are_alike() -> None:
    """Far above all masses muon and tau cancel, like their masses squared over the vector's."""
    assert abs(loop_mixing(1e4, COUPLINGS)) < 1e-4 * abs(loop_mixing(0.01, COUPLINGS))
    assert loop_mixing(0.05, (0.0, 2.0 * G, -2.0 * G)) == pytest.approx(2.0 * loop_mixing(0.05, COUPLINGS))


@pytest.mark.parametrize("mass", [0.002, 0.05, 0.2])
def test_light_vectors_are_seen_in_electrons_only(mass: float) -> None:
    ratios = boson(mass, loop_mixing(mass, COUPLINGS)).branching_ratios()
    share = (E * loop_mixing(mass, COUPLINGS).real / G) ** 2  # two neutrinos, each half a charged lepton
    velocity = math.sqrt(1.0 - 4.0 * (ELECTRON_MASS / mass) ** 2)
    expected = share * velocity * (1.0 + 2.0 * (ELECTRON_MASS / mass) ** 2)
    assert ratios["ee"] == pytest.approx(expected / (1.0 + expected), rel=1e-12)
    assert ratios["mumu"] == ratios["tautau"] == ratios["gammagamma"] == 0.0
    if mass == 0.05:
        assert ratios["ee"] == pytest.approx(1.9e-5, rel=0.03)


@pytest.mark.parametrize("mixing", [1e-4, -2e-3, complex(-1e-3, 4e-3)])
def test_charged_leptons_interfere_and_neutrinos_stay(mixing: complex) -> None:
    mass = 5.0
    plain, with_it, against = (boson(mass, sign * mixing).widths() for sign in (0.0, 1.0, -1.0))
    alone = Boson("vector", mass, (0.0, 0.0, 0.0), mixing=mixing).widths()
    for channel in ("ee", "mumu", "tautau"):
        apart = 2.0 * (plain[channel] + alone[channel])
        assert with_it[channel] + against[channel] == pytest.approx(apart, rel=1e-12)
    assert with_it["nunu"] == plain["nunu"]
    # L_mu - L_tau and the charge: the sign that helps muons hinders taus
    assert (with_it["mumu"] > against["mumu"]) == (mixing.real > 0.0)
    assert (with_it["tautau"] > against["tautau"]) == (mixing.real < 0.0)
    # A dark photon and nothing else: leptons alike but for their masses.
    assert alone["ee"] == pytest.approx(lepton_width("vector", mass, abs(E * mixing), ELECTRON_MASS))


def test_widths_are_as_without_it_where_there_is_none() -> None:
    for mass in np.geomspace(1e-3, 10.0, 9):
        assert boson(float(mass), 0.0).widths() == boson(float(mass), 0j).widths()
    assert boson(0.3, 0.0).radiating == G
    assert boson(0.3, 1e-4).radiating == pytest.approx(G + 1e-4 * E)
