"""ROOT itself reads what is written. Only where it is installed: pip install root."""

from __future__ import annotations

import math
from pathlib import Path

import pytest

import mcgen
from tests.oracle.cards import done
from tests.oracle.pages import blocks

ROOT = pytest.importorskip("ROOT", exc_type=ImportError)

TREES = {
    "root": ("events", "weight"),
    "rntuple": ("events", "weight"),
    "fairship": ("LLP_tree", "decay_prob"),
}


@pytest.mark.parametrize("format", list(TREES))
def test_rdataframe_sums_weights_and_makes_masses(sample: Path, format: str) -> None:
    events = mcgen.read(sample)
    tree, weight = TREES[format]
    done("--quiet", "generate", "tiny.toml", "-o", "out.root", "--format", format)  # in three chunks
    frame = ROOT.RDataFrame(tree, "out.root")
    first, second = ("{}_prod1", "{}_prod2") if format == "fairship" else ("d1_{}", "d2_{}")
    p4 = [f"{first.format(name)} + {second.format(name)}" for name in ("px", "py", "pz", "e")]
    masses = frame.Define("pair", f"ROOT::Math::PxPyPzEVector({', '.join(p4)}).M()")
    total, count, low, high = frame.Sum(weight), frame.Count(), masses.Min("pair"), masses.Max("pair")
    assert count.GetValue() == len(events)
    assert total.GetValue() == pytest.approx(math.fsum(events.weight), rel=1e-12)
    # The largest energies leave 1e-6 of the square of the mass.
    assert (low.GetValue(), high.GetValue()) == pytest.approx((0.05, 0.05), rel=1e-5)
    wrong = masses.Define("in_mev", "1e3 * pair").Min("in_mev").GetValue()
    assert wrong != pytest.approx(0.05, rel=1e-5)
    if format != "fairship":
        accepted = frame.Filter("accepted").Sum("weight").GetValue()
        assert accepted == pytest.approx(math.fsum(events.weight[events.accepted]), rel=1e-12)
        assert frame.Max("event").GetValue() == events.event.max()
        assert frame.Min("d2_pdg").GetValue() == -11


@pytest.mark.parametrize("page", [block.page for block in blocks("cpp")])
def test_what_a_page_prints_for_root_runs(page: str, folder: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (block,) = (block for block in blocks("cpp") if block.page == page)
    done("--quiet", "generate", "tiny.toml", "-o", "na62_leptophilic.root")
    done("--quiet", "generate", "tiny.toml", "-o", "na62/")
    (folder / "macro.C").write_text(f"{{\n{block.text}}}\n", encoding="utf-8")
    ROOT.gROOT.SetBatch(True)  # no window for the picture
    file = ROOT.TFile.Open("na62_leptophilic.root")  # README: as `root -l na62_leptophilic.root` does
    ROOT.gROOT.ProcessLine(".x macro.C")
    file.Close()
    printed = capfd.readouterr().out
    accepted = mcgen.read("na62_leptophilic.root").outcome.accepted
    expected = [accepted.value, accepted.mc_error, accepted.flux_error]
    numbers = [float(word) for word in printed.split()]
    assert len(numbers) == (3 if page == "weights.md" else 1)
    assert numbers == pytest.approx(expected[: len(numbers)], rel=1e-5), "six digits, as streams print"
