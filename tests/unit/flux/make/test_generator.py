"""Pythia behind its module: what it makes, what it says if it is not there, and that it is silent."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from mcgen.constants import PROTON_MASS, mass_of
from mcgen.errors import UsageError
from mcgen.flux.make.cascade import beam
from mcgen.flux.make.generator import PythiaCharm, PythiaGenerator, pythia, silent
from mcgen.flux.make.species import AT_ONCE, HADRONS, PHOTON, PION0
from mcgen.physics.kinematics import norm
from tests.oracle.fluxmaking import alike
from tests.oracle.stats import assert_agrees, generator

pytest.importorskip("pythia8mc", reason="needs Pythia")


@pytest.fixture(scope="module")
def cascade() -> PythiaGenerator:
    with silent():
        return PythiaGenerator(generator("Pythia"))


def test_cross_sections_are_measured_ones(cascade: PythiaGenerator) -> None:
    # p at 200 to 400 GeV, inelastic: 213 mb on C, 780 on Cu, 1730 on Pb, within 10 % (A. S. Carroll et al., Phys. Lett. B 80
    # (1979) 319).
    protons = beam(400.0, PROTON_MASS, 0.0, np.arange(1))
    found = cascade.cross_sections(protons, [12, 63, 208])
    for a, measured in ((12, 222.0), (63, 774.0), (208, 1730.0)):
        assert found[a][0] == pytest.approx(measured, rel=0.1)
    slow = alike(2212, PROTON_MASS, (0.0, 0.0, 0.3), 1)
    assert cascade.cross_sections(slow, [12])[12][0] == 0.0


def test_what_a_collision_makes(cascade: PythiaGenerator) -> None:
    protons = beam(400.0, PROTON_MASS, 0.25, np.arange(40))
    made = cascade.collide(protons, np.full(40, 84), 5.0)
    assert set(np.abs(made.pdg)) <= {*HADRONS, *AT_ONCE, PHOTON, PION0}
    assert {211, 113, 221} <= set(np.abs(made.pdg)), "short-lived ones are whole"
    assert (made.for_mesons > 5.0).all()
    assert (made.position[2] == 0.25).all()
    energy = np.bincount(made.group, weights=made.energy)
    assert (energy < 401.0).all()
    assert energy.mean() > 250.0
    assert cascade.failed == 0


@pytest.mark.parametrize("pdg", [221, 113, 223, 333, 310, 3122])
def test_decays_balance_where_all_is_followed(cascade: PythiaGenerator, pdg: int) -> None:
    parents = alike(pdg, mass_of(pdg), (1.0, 2.0, 60.0), 40)
    made = cascade.decay(parents, 0.0)
    assert set(made.group) <= set(range(40))
    assert pdg not in made.pdg
    energy = np.bincount(made.group, weights=made.energy, minlength=40)
    assert np.isclose(energy, parents.energy[0], rtol=1e-5).sum() > 30, "all but leptons and soft baryons"
    again = cascade.decay(parents, 0.0)
    assert len(again) > 0, "it decays also the second time"


def test_particles_that_fly_stay_whole(cascade: PythiaGenerator) -> None:
    etas = alike(331, mass_of(331), (0.0, 0.0, 60.0), 60)
    made = set(cascade.decay(etas, 0.0).pdg)
    assert {211, 221} & made
    assert {13, 11}.isdisjoint(made)


def test_open_charm() -> None:
    charm = PythiaCharm(400.0, generator("charm"))
    assert charm.rise == 1.0
    event, momentum, pdg, mother = charm.muons(400)
    assert (np.diff(event) >= 0).all()
    assert event.max() < 400
    assert set(np.abs(pdg)) == {13}
    assert 411 in mother or 421 in mother
    # Half of the charm quarks have a muon in a tenth of their decays.
    assert 0.1 < len(pdg) / 400 < 0.3
    assert (norm(momentum) < 400.0).all()
    none = PythiaCharm(20.0, generator("no charm"))
    assert len(none.muons(10)[0]) == 0


def test_k0_are_half_short_and_half_long(cascade: PythiaGenerator) -> None:
    made = cascade.collide(beam(400.0, PROTON_MASS, 0.0, np.arange(300)), np.full(300, 56), 1.0).pdg
    short, long = (made == 310).sum(), (made == 130).sum()
    assert 311 not in made
    assert_agrees(short / (short + long), 0.5 / np.sqrt(short + long), 0.5)


def test_without_pythia_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pythia8mc", None)
    with pytest.raises(UsageError, match=r"pip install 'mcgen-hep\[pythia\]'"):
        pythia()


def test_another_pythia_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mcgen.flux.make.generator.pythia_version", lambda: "8.312.0")
    with pytest.raises(UsageError, match=r"8\.312\.0: .* is for 8\.317\."):
        pythia()


def test_nothing_is_printed_by_libraries() -> None:
    code = (
        "import os; from mcgen.flux.make.generator import silent\n"
        "with silent(): os.write(1, b'noise'); os.system('echo noise')\n"
        "print('sound')"
    )
    found = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert found.stdout == "sound\n"
