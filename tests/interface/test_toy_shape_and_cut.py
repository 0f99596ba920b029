"""A shape and a cut of one's own, each a class and a line in its registry, from the card to a ROOT file.

This file is also the program that runs them: mcgen's command line, once both are registered.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import pytest
import uproot
from pydantic import Field

from mcgen.experiment.cuts import CUTS, Cut, Pairs
from mcgen.experiment.volumes import VOLUMES, Volume
from mcgen.fields import Length
from mcgen.types import Array, Bools

ROOT = Path(__file__).parents[2]


class Cone(Volume):
    """Round decay volume whose radius changes linearly along z."""

    shape: Literal["cone"]
    """Name of the shape."""
    radius_in_m: Length
    """Radius of the entrance [m]."""
    radius_out_m: Length
    """Radius of the exit [m]."""

    def within_sides(self, position: Array, direction: Array) -> Iterator[tuple[Array, Array]]:
        """Yield the interval inside the cone: of x^2 + y^2 <= r(z)^2, on the side of its tip where r > 0."""
        slope = (self.radius_out_m - self.radius_in_m) / (self.z_m[1] - self.z_m[0])
        x, y, z = position / self.radius_in_m
        vx, vy, vz = direction / self.radius_in_m
        r, vr = 1.0 + slope * z, slope * vz
        square = vx * vx + vy * vy - vr * vr
        half_linear = x * vx + y * vy - r * vr
        constant = x * x + y * y - r * r
        discriminant = half_linear * half_linear - square * constant
        q = -(half_linear + np.copysign(np.sqrt(np.maximum(discriminant, 0.0)), half_linear))
        with np.errstate(divide="ignore", invalid="ignore"):
            first, last = np.fmin(q / square, constant / q), np.fmax(q / square, constant / q)
        # A ray that is steeper than the sides is inside a widening cone from `last` on, a narrowing one to `first`.
        steep, widens = square < 0.0, vr > 0.0
        enter = np.where(steep, np.where(widens, last, -np.inf), first)
        leave = np.where(steep, np.where(widens, np.inf, first), last)
        parallel = (square == 0.0) & (half_linear == 0.0)
        miss = np.where(parallel, constant > 0.0, ~steep & (discriminant < 0.0))
        yield (
            np.where(miss, np.inf, np.where(parallel, -np.inf, enter)),
            np.where(miss, -np.inf, np.where(parallel, np.inf, leave)),
        )

    @property
    def face_radii(self) -> tuple[float, float]:
        """Radii of entrance and exit [m]."""
        return self.radius_in_m, self.radius_out_m

    def half_widths(self, axis: int) -> tuple[float, float]:
        """Return the radii of entrance and exit [m]."""
        del axis
        return self.radius_in_m, self.radius_out_m


class MinOpening(Cut):
    """Least angle between the daughters at the decay [rad]."""

    key = "min_opening_rad"
    bounds = Annotated[float, Field(ge=0.0, le=3.1)]

    @property
    def name(self) -> str:
        """The limit, in words."""
        return f"opening >= {self.limit:g} rad"

    def passed(self, pairs: Pairs) -> Bools:
        """Whether the angle is large enough."""
        one, two = pairs.daughters.first[:3], pairs.daughters.second[:3]
        cosine = np.sum(one * two, axis=0) / np.sqrt(np.sum(one**2, axis=0) * np.sum(two**2, axis=0))
        passed: Bools = np.arccos(np.clip(cosine, -1.0, 1.0)) >= self.limit
        return passed


RADII = (0.1, 0.3)
CYLINDER = "experiment.decay_volume={shape='cylinder', radius_m=0.3}"
OPENING = 0.004
SELECTION = (
    "experiment.selection=[{name='tracks', channels=['ee'], planes=['straw1'], min_energy_gev=2.0, "
    f"min_opening_rad={OPENING}}}]"
)

QUICK = (
    "run.chunk=20000",
    "run.vegas={train_on='fiducial', nitn=3, neval=5000, pilot=5000}",
    "model.channels=['ee']",
)


def cone(entrance: float, end: float) -> str:
    return f"experiment.decay_volume={{shape='cone', radius_in_m={entrance}, radius_out_m={end}}}"


def mcgen_with_toys(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command line of this file, that is with the cone and the cut."""
    return subprocess.run(
        [sys.executable, "-P", __file__, *arguments],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


def settings(*changes: str) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Events in a cylinder, in a cone that is the same, and in one that widens."""
    from tests.oracle.cards import (
        write_tiny_card,  # which imports mcgen.card: too early for the program below
    )

    place = tmp_path_factory.mktemp("toys")
    card = str(write_tiny_card(place))
    volumes = {"cylinder": CYLINDER, "same": cone(0.3, 0.3), "cone": cone(*RADII)}
    found = {name: place / f"{name}.root" for name in volumes}
    for name, volume in volumes.items():
        options = ("-n", "20000", "-o", str(found[name]), *settings(volume, SELECTION, *QUICK))
        done = mcgen_with_toys("--quiet", "generate", card, *options)
        assert done.returncode == 0, done.stderr
    return found


@dataclass(frozen=True)
class Sample:
    """Columns of a file, and what `inspect` says of it."""

    columns: dict[str, Any]
    facts: dict[str, Any]

    def __getitem__(self, column: str) -> Array:
        values: Array = self.columns[column]
        return values


@pytest.fixture(scope="module")
def events(files: dict[str, Path]) -> dict[str, Sample]:
    found = {}
    for name, path in files.items():
        inspected = mcgen_with_toys("inspect", str(path), "--json")
        assert inspected.returncode == 0, inspected.stderr
        with uproot.open(path) as file:
            found[name] = Sample(file["events"].arrays(library="np"), json.loads(inspected.stdout))
    return found


def test_a_cone_of_equal_radii_has_the_events_of_the_cylinder(events: dict[str, Sample]) -> None:
    one, two = events["cylinder"].columns, events["same"].columns
    assert list(one) == list(two)
    for name, values in one.items():
        assert values.tobytes() == two[name].tobytes(), name
    assert len(one["weight"]) > 10_000


def in_cone(sample: Sample, scale: float = 1.0) -> Bools:
    z_in, z_out = sample.facts["card"]["experiment"]["decay_volume"]["z_m"]
    radius = RADII[0] + (RADII[1] - RADII[0]) * (sample["decay_z"] - z_in) / (z_out - z_in)
    return np.asarray(np.hypot(sample["decay_x"], sample["decay_y"]) < scale * radius)


def test_a_cone_has_the_cylinders_decays_that_are_in_it(events: dict[str, Sample]) -> None:
    inside, around = events["cone"], events["cylinder"]
    assert np.all(in_cone(inside, 1.0 + 1e-9))
    found = inside.facts["yield"]["fiducial"]

    def pull(scale: float) -> float:
        weight = np.where(in_cone(around, scale), around["weight"], 0.0)
        error = np.sqrt(np.sum(weight**2) - np.sum(weight) ** 2 / around.facts["points"])
        return float(abs(found["value"] - np.sum(weight)) / np.hypot(error, found["mc_error"]))

    assert pull(1.0) < 5.0
    assert pull(0.9) > 5.0
    assert pull(1.1) > 5.0


def test_the_cut_is_in_the_cut_flow_and_flags_small_angles(events: dict[str, Sample]) -> None:
    sample = events["cone"]
    flow = sample.facts["cut_flow"]
    assert [entry["requirement"] for entry in flow] == [
        "decays in volume",
        "a selection for the channel",
        "tracks: both in straw1",
        "tracks: each E >= 2 GeV",
        f"tracks: opening >= {OPENING} rad",
    ]
    one, two = (np.stack([sample[f"{name}_{axis}"] for axis in ("px", "py", "pz")]) for name in ("d1", "d2"))
    angle = np.arctan2(np.linalg.norm(np.cross(one, two, axis=0), axis=0), np.sum(one * two, axis=0))
    clear = np.abs(angle - OPENING) > 1e-6
    small = angle[clear] < OPENING
    assert 0.2 < small.mean() < 0.8
    failed, bits = sample["failed"][clear], sample["failed_bits"][clear]
    np.testing.assert_array_equal(bits & np.uint64(0b1000) > 0, small)
    np.testing.assert_array_equal(failed == 4, bits == 0b1000)
    lost = float(np.sum(sample["weight"][sample["failed"] == 4]))
    left = float(np.sum(sample["weight"][sample["accepted"]]))
    assert lost > 0.0
    assert flow[-1]["yield"] == pytest.approx(left, rel=1e-9)
    assert flow[-2]["yield"] == pytest.approx(left + lost, rel=1e-9)


def test_faults_of_the_toys_are_told_like_others() -> None:
    shape = cone(0.5, -1.0).replace("radius_in_m", "radius_inn_m")
    cut = SELECTION.replace(str(OPENING), "3.2")
    refused = mcgen_with_toys("check", "tiny.toml", *settings(shape, cut))
    assert refused.returncode == 2
    assert "radius_inn_m: unknown key; did you mean 'radius_in_m'?" in refused.stderr
    assert "decay_volume.radius_out_m = -1.0: must be greater than 0" in refused.stderr
    assert "selection.0.min_opening_rad = 3.2: must be at most 3.1" in refused.stderr
    refused = mcgen_with_toys("check", "tiny.toml", *settings("experiment.decay_volume.shape=cube"))
    assert "shape = 'cube': must be one of" in refused.stderr
    assert "'slab', 'cone'" in refused.stderr


def test_a_table_that_gets_another_shape_loses_the_cones_keys() -> None:
    there = mcgen_with_toys("check", "tiny.toml", *settings(cone(0.5, 1.0), CYLINDER))
    assert there.returncode == 0, there.stderr
    assert "cylinder" in there.stdout


@pytest.mark.nightly
def test_the_toys_are_drawn(files: dict[str, Path]) -> None:
    drawn = mcgen_with_toys("plot", str(files["cone"]), "-o", "plots")
    assert drawn.returncode == 0, drawn.stderr
    assert Path("plots/vertices.png").is_file()


def test_without_their_lines_neither_is_known() -> None:
    program = [sys.executable, "-m", "mcgen", "check", "tiny.toml", *settings(cone(0.5, 1.0), SELECTION)]
    refused = subprocess.run(
        program, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert refused.returncode == 2
    assert "shape = 'cone': must be one of" in refused.stderr
    assert "min_opening_rad: unknown key" in refused.stderr


if __name__ == "__main__":
    VOLUMES.append(Cone)
    CUTS.append(MinOpening)

    from mcgen.cli import main

    main()
