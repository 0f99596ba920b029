"""Files with some of the columns: the same events, the same yields, and clear words where others are needed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import mcgen
from mcgen.record.columns import COUNTED
from tests.oracle.cards import done, refused

SLIM = ("--set", "run.columns=slim")


@pytest.mark.parametrize(
    ("choice", "some", "without"),
    [
        ("slim", {"boson_pdg", "d1_px", "d2_e", "decay_t"}, {"x", "parent_e", "failed_bits", "d1_lkr_x"}),
        ('["x", "d1_lkr_x"]', {"x", "d1_lkr_x"}, {"boson_e", "d1_px"}),
        ("[]", set(), {"x", "boson_e"}),
        ('["slim", "x"]', {"x", "d1_px"}, {"parent_e"}),
    ],
)
def test_what_is_there_is_that_of_all_columns(choice: str, some: set[str], without: set[str]) -> None:
    done("-q", "generate", "tiny.toml", "-o", "all.root")
    done("-q", "generate", "tiny.toml", "-o", "few.root", "--set", f"run.columns={choice}")
    full, few = mcgen.read("all.root"), mcgen.read("few.root")
    assert few.columns.keys() >= {*COUNTED, *some}
    assert not few.columns.keys() & without
    for name, values in few.columns.items():
        np.testing.assert_array_equal(values, full[name], err_msg=name)
    assert [c.name for c in few.provenance.columns] == list(few.columns)
    assert few.outcome.yields == full.outcome.yields
    assert few.outcome.cut_flow == full.outcome.cut_flow
    assert Path("few.root").stat().st_size < Path("all.root").stat().st_size
    in_memory = mcgen.generate(mcgen.load_card("tiny.toml", [f"run.columns={choice}"]))
    assert in_memory.columns.keys() == few.columns.keys()


def test_parts_are_joined_and_chunks_kept() -> None:
    done("-q", "generate", "tiny.toml", *SLIM, "-o", "whole.root", "--resume")
    for part in ("0:1", "1:3"):
        done("-q", "generate", "tiny.toml", *SLIM, "--chunks", part, "-o", f"part-{part[0]}.root")
    done("-q", "merge", "merged.root", "part-0.root", "part-1.root")
    whole, merged = mcgen.read("whole.root"), mcgen.read("merged.root")
    for name, values in whole.columns.items():
        np.testing.assert_array_equal(values, merged[name], err_msg=name)
    assert whole.metadata == merged.metadata
    done("-q", "generate", "tiny.toml", "--chunks", "0:1", "-o", "other.root")
    assert "of another run" in refused("merge", "out.root", "other.root", "part-1.root")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        (("plot", "slim.root"), "events have no column 'parent_e'"),
        (("reweight", "slim.root", "out.root", "--g-mu", "2e-4"), "reweighting needs the columns decay_path"),
        (("convert", "slim.root", "out.lhe"), "needs columns that the events do not have: parent_pdg"),
        (("generate", "tiny.toml", *SLIM, "-o", "out.hepmc3"), "needs columns that the events do not have"),
        (
            ("generate", "tiny.toml", "--set", 'run.columns=["boson_ee"]'),
            "there is no column 'boson_ee'; did you mean 'boson_e'?",
        ),
        (("generate", "tiny.toml", "--set", "run.columns=many"), "there is no column 'many'"),
    ],
)
def test_what_is_not_there_is_told(command: tuple[str, ...], said: str) -> None:
    done("-q", "generate", "tiny.toml", *SLIM, "-o", "slim.root")
    assert said in refused(*command)
    assert not any(Path(name).exists() for name in ("out.root", "out.lhe", "out.hepmc3"))
