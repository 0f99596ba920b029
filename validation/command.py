"""The command: measures claims, draws their figures, writes README.md."""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import tempfile
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

from validation.claims import NUMBERS, Outcome, page, read, write
from validation.dumps import __main__ as dumps
from validation.ratios import __main__ as ratios

HERE = Path(__file__).parent

CLAIMS = (
    "quadrature",
    "madgraph",
    "decay",
    "errors",
    "flux",
    "samples",
    "prompt",
    "jpsi",
    "multiplicities",
    "muonflux",
    "g2",
    "widths",
    "paper_fig3",
    "paper_fig4",
    "paper_fig5",
    "paper_fig6",
    "fig8",
)
"""Folders with a module `claim`, in the order of the page."""


def measure(name: str, output: Path, quick: bool) -> Outcome:
    """Measure one claim, and write its numbers and figures into its folder in `output`."""
    folder = output / name
    folder.mkdir(parents=True, exist_ok=True)
    module = importlib.import_module(f"validation.{name}.claim")
    outcome: Outcome = module.measure(folder, quick=quick)
    write(outcome, folder)
    return outcome


def write_page(output: Path) -> None:
    """Write README.md from the numbers that are in `output`."""
    found = [(name, read(output / name)) for name in CLAIMS if (output / name / NUMBERS).exists()]
    (output / "README.md").write_text(page(found), encoding="utf-8")


def main(arguments: list[str] | None = None) -> int:
    """Run the command; 1 if a claim failed."""
    parser = argparse.ArgumentParser(prog="python -m validation", description="Measure what mcgen claims.")
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=f"some of {', '.join(CLAIMS)}")
    parser.add_argument("--quick", action="store_true", help="with less statistics, as CI does")
    parser.add_argument(
        "-o", "--output", type=Path, help="folder; default: this one, or a temporary one if quick"
    )
    options = parser.parse_args(arguments)
    chosen = options.claims or CLAIMS
    if unknown := [name for name in chosen if name not in CLAIMS]:
        parser.error(f"no claim {', '.join(unknown)}; there are {', '.join(CLAIMS)}")
    output = options.output or (Path(tempfile.mkdtemp(prefix="mcgen-validation-")) if options.quick else HERE)

    passed = True
    task = partial(measure, output=output, quick=options.quick)
    with ProcessPoolExecutor(mp_context=multiprocessing.get_context("spawn")) as pool:
        for name, outcome in zip(chosen, pool.map(task, chosen), strict=True):
            passed &= outcome.passed
            for row in outcome.rows:
                verdict = "ok  " if row.passed else "FAIL"
                print(f"{verdict} {name}: {row.claim}: {row.value}, tolerance {row.tolerance}", flush=True)
    write_page(output)
    if not (options.claims or options.quick or options.output):
        ratios.main()
        dumps.main()
    print(f"{'all passed' if passed else 'NOT all passed'}: {output / 'README.md'}")
    return 0 if passed else 1
