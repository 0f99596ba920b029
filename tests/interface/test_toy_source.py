"""A source of one's own, a class and a line in the registry: a stopped K_L emits a boson isotropically.

This file is also the program that runs it: mcgen's command line, once the source is registered.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np
import pytest
import uproot
from scipy.special import expn

from mcgen.constants import mass_of
from mcgen.record.tables import Parent, Production, undefined
from mcgen.sources.aim import AnyAim, Coordinates
from mcgen.sources.parents import ParentTable, parent_table
from mcgen.sources.registry import SOURCES
from mcgen.sources.source import Setting
from mcgen.types import Array, Ints
from tests.oracle.stats import assert_agrees, seed_of

KAON_MASS, PION_MASS = mass_of(130), mass_of(111)
BRANCHING = 5e-10


@dataclass(frozen=True)
class StoppedKaon:
    """K_L at rest in the dump go to a pi0 and a boson of one energy, evenly in all directions."""

    name: ClassVar[str] = "stopped_kaon"
    code: ClassVar[int] = 77
    particles: ClassVar[frozenset[int]] = frozenset({130})
    meaning: ClassVar[str] = "stopped K_L emit bosons isotropically"
    electromagnetic: ClassVar[bool] = False
    references: ClassVar[tuple[str, ...]] = ()

    parents: ParentTable
    """K_L that have stopped."""
    boson_e: float
    """Energy of all bosons [GeV]."""

    axes = ("cos", "azimuth")
    spin = None

    @classmethod
    def of(cls, setting: Setting, candidates: Parent) -> Self:
        """Build the source for a dump."""
        tests = {
            "outside_dump": setting.dump.contains(candidates.position),
            "not_at_rest": candidates.momentum[3] < 1.001 * KAON_MASS,
        }
        return cls(parent_table(candidates, setting.volume, tests), energy(setting.boson.mass))

    def __call__(self, u: Coordinates, place: Ints, aim: AnyAim) -> Production:
        """Let the kaons at some places of the table emit bosons; all directions are worth it."""
        del aim
        kaon, n = self.parents.parent.take(place), len(place)
        cos, azimuth = 2.0 * u["cos"] - 1.0, 2.0 * np.pi * u["azimuth"]
        sin = np.sqrt(1.0 - cos * cos)
        return Production(
            position=kaon.position,
            direction=np.stack([sin * np.cos(azimuth), sin * np.sin(azimuth), cos]),
            boson_e=np.full(n, self.boson_e),
            weight=np.full(n, BRANCHING),
            delay=np.zeros(n),
            layer=np.zeros(n, dtype=np.int64),
            emitter=kaon.momentum,
            **dict.fromkeys(("recoil", "nucleus", "neutrino"), undefined(4, n)),
            **dict.fromkeys(("x", "theta", "t"), undefined(1, n)[0]),
        )


def energy(mass: float) -> float:
    """Energy of a boson of some mass, beside a pi0 [GeV]."""
    return (KAON_MASS**2 + mass**2 - PION_MASS**2) / (2.0 * KAON_MASS)


MASS, CTAU, EXPOSURE, POINTS = 0.02, 5.0, 1e18, 20_000
SLAB = (3.0, 10.0)

CARD = f"""
[model]
name = "leptophilic"
mass_gev = {MASS}
g_mu = 1e-3
ctau_m = {CTAU}
branching = {{ ee = 1.0 }}
[flux]
file = "kaons.csv"
[experiment]
name = "toy"
exposure = {{ kind = "pot", value = {EXPOSURE} }}
target = {{ material = "Cu", z_m = [0.0, 2.0] }}
decay_volume = {{ shape = "slab", z_m = {list(SLAB)} }}
[run]
events = {POINTS}
vegas = {{ pilot = 5000, nitn = 3, neval = 5000 }}
"""

KAONS = {0.5: 2e-3, 1.5: 1e-3}
"""K_L per proton by the z where they stop [m]."""
KAON_ROWS = [f"130,0.1,0,{z},0,0,0,{rate}" for z, rate in KAONS.items()]
OTHER_ROWS = ["130,0,0,1,0,0,5,1e-3", "130,0,0,2.5,0,0,0,1e-3", "111,0,0,1,0,0,0,1e-3"]
MUON_ROWS = [f"13,0,0,0.1,0,0,{pz},1e-3" for pz in (20.0, 50.0, 100.0)]


def mcgen_with_toy(*arguments: str) -> str:
    """Output of the command line of this file, that is with the source."""
    done = subprocess.run(
        [sys.executable, "-P", __file__, *arguments],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Events of kaons, of muons, and of both."""
    found = {}
    for name, processes, rows in (
        ("kaons", ["stopped_kaon"], [*KAON_ROWS, *OTHER_ROWS, *MUON_ROWS]),
        ("muons", ["bremsstrahlung"], [*KAON_ROWS, *MUON_ROWS]),
        ("both", "all", [*KAON_ROWS, *MUON_ROWS]),
    ):
        place = tmp_path_factory.mktemp(name)
        (place / "kaons.csv").write_text("\n".join(["pdg,x,y,z,px,py,pz,w", *rows, ""]), encoding="utf-8")
        (place / "toy.toml").write_text(CARD, encoding="utf-8")
        found[name] = place / "toy.root"
        options = ("--seed", str(seed_of("toy source", name)), "-o", str(found[name]))
        setting = f"production.processes={json.dumps(processes)}"
        mcgen_with_toy("--quiet", "generate", str(place / "toy.toml"), "--set", setting, *options)
    return found


def columns_of(path: Path) -> dict[str, Any]:
    with uproot.open(path) as file:
        columns: dict[str, Any] = file["events"].arrays(library="np")
        return columns


def sum_of(weight: Array) -> tuple[float, float]:
    """Yield of some events, and its integration error."""
    total, square = float(np.sum(weight)), float(np.sum(weight * weight))
    return total, float(np.sqrt((POINTS * square - total * total) / (POINTS - 1)))


def expected(branching: float) -> float:
    """Decays in the slab: the mean of exp(-d/(L cos)) over all directions forwards is E_2(d/L)."""
    length = np.sqrt(energy(MASS) ** 2 - MASS**2) / MASS * CTAU
    reach = {z: expn(2, (SLAB[0] - z) / length) - expn(2, (SLAB[1] - z) / length) for z in KAONS}
    return EXPOSURE * branching * sum(0.5 * rate * float(reach[z]) for z, rate in KAONS.items())


def test_the_yield_is_the_closed_form(files: dict[str, Path]) -> None:
    found = sum_of(columns_of(files["kaons"])["weight"])
    assert_agrees(*found, expected(BRANCHING))
    with pytest.raises(AssertionError, match="sigma"):
        assert_agrees(*found, expected(1.05 * BRANCHING))


def test_the_record_says_how_the_bosons_came_about(files: dict[str, Path]) -> None:
    columns = columns_of(files["kaons"])
    facts = json.loads(mcgen_with_toy("inspect", str(files["kaons"]), "--json", "--verify"))
    told = facts["yield"]["fiducial"]
    assert (told["value"], told["mc_error"]) == pytest.approx(sum_of(columns["weight"]), rel=1e-9)
    assert np.all(columns["process"] == StoppedKaon.code)
    assert f"{StoppedKaon.code} stopped_kaon" in facts["columns"]["process"]["meaning"]
    assert np.all(columns["parent_pdg"] == 130)
    assert set(columns["parent_row"]) == {0, 1}
    np.testing.assert_array_equal(columns["emitter_e"], KAON_MASS)
    np.testing.assert_array_equal(columns["boson_e"], energy(MASS))
    for name in ("x", "theta", "t", "recoil_e", "nucleus_pz", "neutrino_px"):
        assert np.isnan(columns[name]).all(), name
    left_out = {reason: count for reason, count in facts["flux"]["left_out"].items() if count}
    assert left_out == {"not_parents": 4, "outside_dump": 1, "not_at_rest": 1}


def test_two_processes_share_a_file(files: dict[str, Path]) -> None:
    both, codes = (
        columns_of(files["both"]),
        {"muons": SOURCES["bremsstrahlung"].code, "kaons": StoppedKaon.code},
    )
    assert set(both["process"]) == set(codes.values())
    for name, code in codes.items():
        alone = columns_of(files[name])
        assert set(alone["process"]) == {code}
        value, error = sum_of(np.where(both["process"] == code, both["weight"], 0.0))
        truth, its_error = sum_of(alone["weight"])
        assert_agrees(value, float(np.hypot(error, its_error)), truth)
        with pytest.raises(AssertionError, match="sigma"):
            assert_agrees(value, float(np.hypot(error, its_error)), 1.1 * truth)


def test_check_says_what_muons_need_where_there_are_any(files: dict[str, Path]) -> None:
    from tests.oracle.cards import done

    kaons = str(files["kaons"].parent / "toy.toml")
    without = mcgen_with_toy("check", kaons, "--set", "production.processes=['stopped_kaon']")
    needs = r"\n  muons need more than [\d.]+ GeV where they radiate\n"
    for printed, muons in ((without, False), (done("check", "tiny.toml").out, True)):
        assert re.search(r"\nflux .*: \d+ of \d+ particles can contribute\n", printed)
        assert bool(re.search(needs, printed)) == muons


def test_without_its_line_it_is_not_known() -> None:
    from tests.oracle.cards import refused  # imports mcgen.card: too early for the program below

    message = refused("check", "tiny.toml", "--set", "production.processes=['stopped_kaon']")
    assert "production.processes.0 = 'stopped_kaon': must be" in message


if __name__ == "__main__":
    SOURCES["stopped_kaon"] = StoppedKaon

    from mcgen.cli import main

    main()
