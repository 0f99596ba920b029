"""`mcgen validate`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from mcgen.cli.common import ForceOption, NoVerifyOption, app, checking
from mcgen.cli.terminal import echo_json
from mcgen.errors import UsageError
from mcgen.io.outputs import claim, make_folder

if TYPE_CHECKING:
    from mcgen.comparison.compare import Comparison, Sample
    from mcgen.comparison.conditions import Setup


@app.command(epilog="Example: mcgen validate match.root --reference sample.lhe.gz -o plots")
def validate(
    file: Annotated[Path, typer.Argument(help="An events file, as of generate --match.")],
    reference: Annotated[
        Path, typer.Option(help="What to compare it with: an LHE sample (.lhe, .lhe.gz) or an events file.")
    ],
    pdg: Annotated[
        int | None, typer.Option(help="PDG id of the LHE sample's boson; default: its only new particle.")
    ] = None,
    json_: Annotated[bool, typer.Option("--json", help="Print the numbers as JSON.")] = False,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder for plots of the ratios, .png and .pdf.")
    ] = None,
    force: ForceOption = False,
    no_verify: NoVerifyOption = False,
) -> None:
    """Compare events with a sample of another generator, or of another run."""
    from mcgen.cli.text import print_comparison
    from mcgen.comparison.compare import compare, sample_of_events
    from mcgen.comparison.conditions import differences, setup_of_events
    from mcgen.events import read

    verify = checking(no_verify, file, reference)
    paths = [output / f"{file.stem}_ratios{ending}" for ending in (".png", ".pdf")] if output else []
    claim(paths, [file, reference], force, new_folder=True)
    events = read(file, verify=verify)
    setup = setup_of_events(events)
    other, its_setup = _reference(reference, pdg, verify)
    found = differences(setup, its_setup)
    if found:
        raise UsageError(
            f"{file}: not of the setup of {reference}: {'; '.join(found)}. "
            f"Make events to compare with an LHE sample by: mcgen generate --match SAMPLE"
        )
    comparison = compare(sample_of_events(events), other)
    unit = "pb" if setup.weights == "cross-section" else "events"
    if output is not None:
        from mcgen.plots.compare import plot_comparison

        make_folder(output)
        plot_comparison(comparison, (file.name, reference.name), unit, paths)
    if json_:
        echo_json(_plain(comparison, unit))
    else:
        print_comparison(comparison, unit)


def _reference(path: Path, pdg: int | None, verify: bool) -> tuple[Sample, Setup]:
    """Read the reference, whatever it is."""
    from mcgen.comparison.compare import sample_of_collisions, sample_of_events
    from mcgen.comparison.conditions import setup_of_collisions, setup_of_events
    from mcgen.events import read
    from mcgen.io.samples import is_lhe, read_lhe

    if is_lhe(path):
        collisions = read_lhe(path, pdg)
        return sample_of_collisions(collisions), setup_of_collisions(collisions)
    events = read(path, verify=verify)
    return sample_of_events(events), setup_of_events(events)


def _plain(comparison: Comparison, unit: str) -> dict[str, Any]:
    """Make plain data of a comparison."""
    keys = ["variable", "chi2", "ndf", "p_chi2", "ks", "ks_p", "mean", "mean_error"]
    keys += ["reference_mean", "reference_mean_error", "compatible"]
    one, two = comparison.sample, comparison.reference
    total = {
        "sigma_pb": one.total,
        "sigma_error_pb": one.error,
        "reference_sigma_pb": two.total,
        "reference_sigma_error_pb": two.error,
    }
    return {
        "compatible": not comparison.disagreements,
        "verdict": comparison.verdict,
        "variables": [{key: getattr(shape, key) for key in keys} for shape in comparison.shapes],
        "not_compared": [{"variable": name, "reason": why} for name, why in comparison.left_out.items()],
        **(total if unit == "pb" else dict.fromkeys(total)),
        "ratio": one.total / two.total,
        "total_p": comparison.total_p,
    }
