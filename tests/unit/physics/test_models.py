"""Couplings, widths, branching ratios, lifetime and Delta a_mu."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf

from mcgen.constants import ALPHA, ELECTRON_MASS, HBAR_C, MUON_MASS, TAU_MASS, mass_of
from mcgen.physics.kinds import KINDS as DECLARED
from mcgen.physics.kinds import Kind
from mcgen.physics.models import (
    CHANNELS,
    DAUGHTERS,
    LEPTON_MASSES,
    MODELS,
    VISIBLE,
    Boson,
    Channel,
    delta_a_mu,
    lepton_width,
    loop_function,
    neutrino_width,
    photon_width,
)
from tests.oracle.closed_forms import (
    Couplings,
    true_delta_a_mu,
    true_lepton_width,
    true_loop,
    true_photon_width,
)

DIGITS = 40
KINDS: list[Kind] = list(DECLARED)
SPIN_0: list[Kind] = ["scalar", "pseudoscalar"]
LEPTONIC: list[Channel] = ["ee", "mumu", "tautau"]
kinds = st.sampled_from(KINDS)
masses = st.floats(math.log(1e-4), math.log(10.0)).map(math.exp)
couplings = st.tuples(*[st.floats(-1.0, 1.0, allow_subnormal=False)] * 3)


# --- couplings


def test_couplings_of_named_models() -> None:
    assert MODELS["muonphilic"].couplings(2e-3) == (0.0, 2e-3, 0.0)
    assert MODELS["lmu-ltau"].couplings(2e-3) == (0.0, 2e-3, -2e-3)
    for g, m in zip(MODELS["leptophilic"].couplings(2e-3), LEPTON_MASSES, strict=True):
        assert g / m == pytest.approx(2e-3 / MUON_MASS, rel=1e-14, abs=0.0)
    assert set(MODELS) == {"muonphilic", "lmu-ltau", "leptophilic"}, "each has its line above"


def test_channels_are_coded_in_the_order_of_the_contract() -> None:
    assert CHANNELS == ("ee", "mumu", "tautau", "gammagamma", "nunu")
    assert VISIBLE == ("ee", "mumu", "tautau", "gammagamma")


@pytest.mark.parametrize("channel", CHANNELS)
def test_daughters_are_a_pair_with_the_lepton_first(channel: Channel) -> None:
    first, second = DAUGHTERS[channel]
    assert second == (first if channel == "gammagamma" else -first)
    assert first > 0
    assert (
        mass_of(first) == mass_of(second) == dict(zip(LEPTONIC, LEPTON_MASSES, strict=True)).get(channel, 0.0)
    )


@pytest.mark.parametrize("kind", KINDS)
def test_pdg_ids_differ_by_kind(kind: Kind) -> None:
    assert Boson(kind, 0.1, (0.0, 1e-3, 0.0)).pdg == DECLARED[kind].pdg
    assert len({one.pdg for one in DECLARED.values()}) == len(DECLARED)


# --- widths into leptons


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lepton_mass", LEPTON_MASSES, ids=LEPTONIC)
@pytest.mark.parametrize("excess", [1e-12, 1e-9, 1e-6, 1e-3, 0.5, 10.0, 1e3])
def test_lepton_width_is_the_formula_down_to_threshold(kind: Kind, lepton_mass: float, excess: float) -> None:
    mass = 2.0 * lepton_mass * (1.0 + excess)
    with mp.workdps(DIGITS):
        expected = float(true_lepton_width(kind, mass, 0.3, lepton_mass))
    assert lepton_width(kind, mass, 0.3, lepton_mass) == pytest.approx(expected, rel=1e-10, abs=0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("lepton_mass", LEPTON_MASSES, ids=LEPTONIC)
def test_lepton_width_opens_above_threshold(kind: Kind, lepton_mass: float) -> None:
    threshold = 2.0 * lepton_mass
    assert lepton_width(kind, math.nextafter(threshold, 0.0), 1.0, lepton_mass) == 0.0
    assert lepton_width(kind, threshold, 1.0, lepton_mass) == 0.0
    assert lepton_width(kind, math.nextafter(threshold, 1e3), 1.0, lepton_mass) > 0.0


@pytest.mark.parametrize(("kind", "limit"), [("scalar", 8.0), ("pseudoscalar", 8.0), ("vector", 12.0)])
def test_lepton_width_of_a_heavy_boson(kind: Kind, limit: float) -> None:
    # corrections are of second order in m_l/m, for the vector of fourth
    assert lepton_width(kind, 10.0, 0.2, ELECTRON_MASS) == pytest.approx(
        0.4 / (limit * math.pi), rel=2e-8, abs=0.0
    )


@pytest.mark.parametrize(("kind", "power"), [("scalar", 3.0), ("pseudoscalar", 1.0), ("vector", 1.0)])
def test_lepton_width_rises_from_threshold_with_its_wave(kind: Kind, power: float) -> None:
    near, far = (lepton_width(kind, 2.0 * MUON_MASS * (1.0 + e), 1.0, MUON_MASS) for e in (1e-8, 4e-8))
    assert math.log(far / near) / math.log(2.0) == pytest.approx(power, abs=1e-5)


# --- the photon loop


@pytest.mark.parametrize("kind", SPIN_0)
def test_loop_function_is_the_formula(kind: Kind) -> None:
    close = np.array([1e-15, 1e-12, 1e-9, 1e-6, 1e-3])
    tau = np.concatenate([np.geomspace(1e-9, 1e9, 181), 1.0 - close, 1.0 + close, 10.0 * (1.0 + close)])
    with mp.workdps(DIGITS):
        for value in [float(v) for v in tau]:
            expected = complex(true_loop(kind, mpf(value)))
            assert abs(loop_function(kind, value) - expected) < 1e-12 * abs(expected)


@pytest.mark.parametrize("kind", SPIN_0)
def test_loop_function_is_continuous_where_its_form_changes(kind: Kind) -> None:
    below, above = (loop_function(kind, math.nextafter(10.0, end)) for end in (0.0, 20.0))
    assert abs(above - below) < 1e-14 * abs(below)
    # a square root opens at tau = 1: f changes by pi sqrt(|1 - tau|)
    below, above = (loop_function(kind, math.nextafter(1.0, end)) for end in (0.0, 2.0))
    assert abs(above - below) < 4.0 * math.pi * math.sqrt(np.finfo(np.float64).eps)


@pytest.mark.parametrize(
    ("kind", "limit", "slope"), [("scalar", -4 / 3, 7 / 30), ("pseudoscalar", -2, 1 / 3)]
)
def test_loop_function_of_a_heavy_lepton(kind: Kind, limit: float, slope: float) -> None:
    assert loop_function(kind, 1e20) == pytest.approx(limit, rel=1e-15, abs=0.0)
    tau = 1e5
    first_order = (loop_function(kind, tau).real / limit - 1.0) * tau
    assert first_order == pytest.approx(slope, rel=1e-4, abs=0.0)


@pytest.mark.parametrize("kind", SPIN_0)
def test_loop_function_is_real_below_the_pair_threshold_only(kind: Kind) -> None:
    assert loop_function(kind, 1.0).imag == 0.0
    assert loop_function(kind, 0.99).imag != 0.0


@pytest.mark.parametrize("kind", SPIN_0)
@pytest.mark.parametrize("mass", [1e-4, 2e-3, 0.05, 2.0 * MUON_MASS, 0.3, 3.0, 10.0])
@pytest.mark.parametrize("g", [(1e-3, 2e-3, -3e-2), (0.0, 1e-3, 0.0), (-1e-5, 1e-3, 2e-2)])
def test_photon_width_is_the_formula(kind: Kind, mass: float, g: Couplings) -> None:
    with mp.workdps(DIGITS):
        expected = float(true_photon_width(kind, mass, g))
    assert photon_width(kind, mass, g) == pytest.approx(expected, rel=1e-10, abs=0.0)


@pytest.mark.parametrize("kind", SPIN_0)
def test_photon_width_of_heavy_leptons(kind: Kind) -> None:
    limit = {"scalar": 4 / 3, "pseudoscalar": 2.0}[kind] * 1e-3 / MUON_MASS
    expected = ALPHA**2 * 1e-12 * limit**2 / (256.0 * math.pi**3)
    assert photon_width(kind, 1e-4, (0.0, 1e-3, 0.0)) == pytest.approx(expected, rel=1e-6, abs=0.0)


@pytest.mark.parametrize("kind", SPIN_0)
@pytest.mark.parametrize("mass", [1e-4, 0.05, 0.3, 10.0])
def test_photon_width_at_tree_level(kind: Kind, mass: float) -> None:
    expected = 1e-8 * mass**3 / (64.0 * math.pi)
    assert photon_width(kind, mass, (0.0, 0.0, 0.0), 1e-4) == pytest.approx(expected, rel=1e-14, abs=0.0)
    loops = photon_width(kind, mass, (1e-5, 1e-3, 2e-2))
    assert photon_width(kind, mass, (1e-5, 1e-3, 2e-2), 0.0) == loops


@pytest.mark.parametrize(("kind", "loop"), [("scalar", -2.0 / 3.0), ("pseudoscalar", 1.0)])
def test_heavy_leptons_are_a_coupling_to_photons(kind: Kind, loop: float) -> None:
    mass, coupling = 1e-4, loop * ALPHA / math.pi * 1e-3 / MUON_MASS
    alone = photon_width(kind, mass, (0.0, 1e-3, 0.0))
    opposite = photon_width(kind, mass, (0.0, 1e-3, 0.0), -coupling)
    same = photon_width(kind, mass, (0.0, 1e-3, 0.0), coupling)
    assert (
        opposite < 1e-12 * alone
    )  # what a finite mass of the muon leaves is of the order (m/2 m_mu)^2, squared
    assert same == pytest.approx(4.0 * alone, rel=1e-6)


@given(mass=masses, one=couplings, g=st.floats(-1e-2, 1e-2))
@pytest.mark.parametrize("kind", SPIN_0)
def test_tree_and_loop_interfere(kind: Kind, mass: float, one: Couplings, g: float) -> None:
    with_it, against_it = (photon_width(kind, mass, one, sign * g) for sign in (1.0, -1.0))
    apart = 2.0 * (photon_width(kind, mass, one) + photon_width(kind, mass, (0.0, 0.0, 0.0), g))
    assert with_it + against_it == pytest.approx(apart, rel=1e-9)


@given(mass=masses, one=couplings, two=couplings)
@pytest.mark.parametrize("kind", SPIN_0)
def test_photon_amplitudes_add(kind: Kind, mass: float, one: Couplings, two: Couplings) -> None:
    def width(sign: float) -> float:
        g1, g2, g3 = (a + sign * b for a, b in zip(one, two, strict=True))
        return photon_width(kind, mass, (g1, g2, g3))

    apart = 2.0 * (photon_width(kind, mass, one) + photon_width(kind, mass, two))
    assert width(1.0) + width(-1.0) == pytest.approx(apart, rel=1e-11, abs=0.0)


@pytest.mark.parametrize("kind", SPIN_0)
def test_couplings_of_opposite_sign_interfere(kind: Kind) -> None:
    mass = 0.05
    # of heavy leptons both loops are nearly the same constant: they cancel
    same, opposite = (photon_width(kind, mass, (0.0, MUON_MASS, s * TAU_MASS)) for s in (1.0, -1.0))
    alone = photon_width(kind, mass, (0.0, MUON_MASS, 0.0))
    assert same == pytest.approx(4.0 * alone, rel=0.03, abs=0.0)
    assert opposite < 1e-3 * alone


# --- totals


def test_lifetimes_of_the_paper() -> None:
    leptophilic = Boson("scalar", 0.05, MODELS["leptophilic"].couplings(1e-3))
    muonphilic = Boson("scalar", 0.05, MODELS["muonphilic"].couplings(1e-3))
    assert leptophilic.ctau() == pytest.approx(4.19492e-3, abs=0.6e-8)
    assert muonphilic.ctau() == pytest.approx(1.43889, abs=0.6e-5)


@given(kind=kinds, mass=masses, g=couplings, neutrinos=st.booleans())
def test_ratios_and_lifetime_follow_from_the_widths(
    kind: Kind, mass: float, g: Couplings, neutrinos: bool
) -> None:
    boson = Boson(kind, mass, g, neutrinos=neutrinos)
    widths, ratios, total = boson.widths(), boson.branching_ratios(), boson.total_width()
    assert tuple(widths) == tuple(ratios) == CHANNELS
    assert min(widths.values()) >= 0.0
    assert total == pytest.approx(sum(widths.values()), rel=1e-15, abs=0.0)
    if total > 1e-250:
        assert sum(ratios.values()) == pytest.approx(1.0, rel=1e-12, abs=0.0)
        assert boson.ctau() == pytest.approx(HBAR_C / total, rel=1e-15, abs=0.0)
        for channel in CHANNELS:
            assert ratios[channel] == pytest.approx(widths[channel] / total, rel=1e-14, abs=0.0)


@given(kind=kinds, mass=masses, scale=st.floats(1e-3, 1e3))
def test_lifetime_goes_with_the_inverse_square_of_the_coupling(kind: Kind, mass: float, scale: float) -> None:
    one, two = (
        Boson(kind, mass, MODELS["leptophilic"].couplings(g), neutrinos=True) for g in (1e-4, 1e-4 * scale)
    )
    if math.isfinite(one.ctau()):
        assert one.ctau() / two.ctau() == pytest.approx(scale**2, rel=1e-12, abs=0.0)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mass", [0.01, 0.15, 0.3, 5.0])
def test_channels_open_at_twice_the_daughters_mass(kind: Kind, mass: float) -> None:
    widths = Boson(kind, mass, (1e-3, 1e-3, 1e-3)).widths()
    open_channels = {c for c, m in zip(LEPTONIC, LEPTON_MASSES, strict=True) if mass > 2.0 * m}
    if kind != "vector":
        open_channels.add("gammagamma")
    assert {c for c, width in widths.items() if width > 0.0} == open_channels


def test_muonphilic_vector_below_its_threshold_is_stable() -> None:
    boson = Boson("vector", 0.2, MODELS["muonphilic"].couplings(1e-3))
    assert boson.total_width() == 0.0
    assert boson.ctau() == math.inf
    assert set(boson.branching_ratios().values()) == {0.0}


def test_no_vector_decays_into_two_photons() -> None:
    assert photon_width("vector", 0.05, (1e-3, 1e-3, 1e-3)) == 0.0


def test_lmu_ltau_below_the_muon_threshold_goes_into_neutrinos() -> None:
    g, mass = 1e-3, 0.05
    boson = Boson("vector", mass, MODELS["lmu-ltau"].couplings(g), neutrinos=True)
    assert boson.branching_ratios()["nunu"] == 1.0
    # two flavours
    assert boson.total_width() == pytest.approx(2.0 * g**2 * mass / (24.0 * math.pi), rel=1e-14, abs=0.0)


def test_neutrino_width_is_half_that_of_a_massless_charged_lepton() -> None:
    massless = lepton_width("vector", 0.3, 0.7, 0.0)
    assert neutrino_width(0.3, (0.0, 0.7, 0.0)) == pytest.approx(massless / 2.0, rel=1e-14, abs=0.0)
    assert neutrino_width(0.3, (0.7, -0.7, 0.7)) == pytest.approx(1.5 * massless, rel=1e-14, abs=0.0)


# --- overrides


def test_lifetime_override_sets_lifetime_and_total_width() -> None:
    plain = Boson("scalar", 0.05, MODELS["leptophilic"].couplings(1e-3))
    boson = Boson("scalar", 0.05, plain.couplings, ctau_override=12.0)
    assert boson.ctau() == 12.0
    assert boson.total_width() == pytest.approx(HBAR_C / 12.0, rel=1e-15, abs=0.0)
    assert boson.branching_ratios() == plain.branching_ratios()


def test_branching_override_leaves_the_rest_invisible() -> None:
    plain = Boson("scalar", 0.5, MODELS["leptophilic"].couplings(1e-3))
    boson = Boson("scalar", 0.5, plain.couplings, branching_override={"ee": 0.5, "mumu": 0.125})
    ratios = boson.branching_ratios()
    assert ratios == {"ee": 0.5, "mumu": 0.125, "tautau": 0.0, "gammagamma": 0.0, "nunu": 0.0}
    assert boson.ctau() == plain.ctau()


# --- the muon's anomalous magnetic moment


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("mass", [1e-4, 1e-3, 0.02, MUON_MASS, 2.0 * MUON_MASS, 0.5, 3.0, 10.0])
def test_delta_a_mu_is_the_integral(kind: Kind, mass: float) -> None:
    with mp.workdps(30):
        expected = float(true_delta_a_mu(kind, mass)) * 1e-6
    assert delta_a_mu(kind, mass, 1e-3) == pytest.approx(expected, rel=1e-10, abs=0.0)


@pytest.mark.parametrize(
    ("kind", "limit"), [("scalar", 3 / 16), ("vector", 2 / 16), ("pseudoscalar", -1 / 16)]
)
def test_delta_a_mu_of_a_massless_boson(kind: Kind, limit: float) -> None:
    # the first correction is pi m/m_mu at most
    mass = 1e-8
    assert delta_a_mu(kind, mass, 1e-3) == pytest.approx(1e-6 * limit / math.pi**2, rel=1e-6, abs=0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_delta_a_mu_of_a_heavy_boson(kind: Kind) -> None:
    mass = 50.0
    z = (MUON_MASS / mass) ** 2
    limit = {
        "scalar": z * (-math.log(z) - 7 / 6),
        "pseudoscalar": -z * (-math.log(z) - 11 / 6),
        "vector": z * 2 / 3,
    }[kind]
    expected = limit / (8.0 * math.pi**2)
    assert delta_a_mu(kind, mass, 1.0) == pytest.approx(expected, rel=-10.0 * z * math.log(z), abs=0.0)


@pytest.mark.parametrize("kind", KINDS)
def test_delta_a_mu_goes_with_the_square_of_the_coupling(kind: Kind) -> None:
    assert delta_a_mu(kind, 0.1, 3e-3) == pytest.approx(9.0 * delta_a_mu(kind, 0.1, 1e-3), rel=1e-14, abs=0.0)


@given(mass=masses)
def test_delta_a_mu_has_the_sign_of_its_kind(mass: float) -> None:
    assert delta_a_mu("scalar", mass, 1.0) > delta_a_mu("vector", mass, 1.0) > 0.0
    assert delta_a_mu("pseudoscalar", mass, 1.0) < 0.0
