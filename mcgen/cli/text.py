"""Results as text for people: what the command line prints."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from mcgen.analysis.systematics import in_one_line, varied_rows
from mcgen.analysis.yields import listed, origin
from mcgen.cli.terminal import LONGEST_RESULT, visible
from mcgen.comparison.compare import VARIABLES
from mcgen.digits import two_digits
from mcgen.errors import reasons
from mcgen.experiment.exposure import EXPOSURES

if TYPE_CHECKING:
    from mcgen.analysis.cross_sections import CrossSection
    from mcgen.card import Card
    from mcgen.comparison.compare import Comparison
    from mcgen.metadata import Metadata, Outcome


def table_of(*headings: str, title: str | None = None) -> Table:
    """Make a table with headings; the first column is of names, the others of numbers."""
    table = Table(title=title, title_justify="left", box=None, pad_edge=False, header_style="bold")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i == 0 else "right", overflow="fold")
    return table


class Results(Console):
    """Prints text as it is: no markup, no emoji codes, no control characters."""

    def __init__(self) -> None:
        super().__init__(highlight=False, markup=False, emoji=False)

    def render_str(self, text: str, **options: Any) -> Text:
        """Make the text of a line, a cell or a heading."""
        return super().render_str(visible(text, LONGEST_RESULT), **options)


def print_summary(metadata: Metadata) -> None:
    """Print yields with both errors, and the cut flow."""
    console = Results()
    provenance, outcome = metadata.provenance, metadata.outcome
    card = provenance.card
    exposure = card.experiment.exposure
    console.print(f"\n{card.model.in_words()}\n{origin(metadata)}")
    if provenance.is_collision:
        _print_collisions(console, metadata)
        return
    if provenance.part is not None:
        first, end = provenance.part
        console.print(
            f"a part of a run: chunks {first} to {end - 1} of {provenance.chunks}; its numbers are its share of the "
            "whole run's"
        )
    console.print(f"{provenance.points} points for {exposure.value:.3g} {EXPOSURES[exposure.kind]}\n")
    console.print(_yields(outcome))
    if outcome.variations:
        console.print()
        console.print(_variations(metadata))
    flow = table_of("cut flow", "yield", "left")
    start = outcome.cut_flow[0].value if outcome.cut_flow else 0.0
    for step in outcome.cut_flow:
        share = f"{step.value / start:.1%}" if start > 0.0 else "-"
        flow.add_row(step.requirement, f"{step.value:.4g}", share)
    console.print()
    console.print(flow)
    if provenance.common_weight is not None:
        console.print(
            f"\nunweighted: each {provenance.common_weight:.4g}; heavier events exceed that by "
            f"{outcome.overflow:.2%} of the yield"
        )
    if outcome.remark:
        console.print(f"\n{outcome.remark}")
    console.print(f"\n{in_one_line(metadata)}", soft_wrap=True)


def _yields(outcome: Outcome) -> Table:
    """Yields with all errors; of each process and of each channel, where there are several."""
    table = table_of(
        "expected\nevents", "yield", "integration\nerror", "flux\nerror", "total\nerror", "effective\nsize"
    )
    for label, y in listed(outcome):
        errors = (f"{error:.4g}" for error in (y.mc_error, y.flux_error, y.total_error))
        table.add_row(label, f"{y.value:.4g}", *errors, f"{y.effective_size:.0f}")
    return table


def _variations(metadata: Metadata) -> Table:
    """Yields with the weights of each variation."""
    table = table_of("with", *metadata.outcome.yields, "ratio of accepted")
    for name, *cells in varied_rows(metadata):
        table.add_row(name, *cells)
    return table


def _print_collisions(console: Console, metadata: Metadata) -> None:
    """Print the cross-section of a run without dump and decay."""
    value = metadata.provenance.card.experiment.exposure.value
    y = metadata.outcome.yields["fiducial"]
    console.print(
        f"sigma = {y.value / value:.6g} +- {two_digits(y.mc_error / value)} pb, "
        f"effective size {y.effective_size:.0f} of {metadata.provenance.points}"
    )


def print_comparison(comparison: Comparison, unit: str) -> None:
    """Print what two samples have in common, with a verdict."""
    table = table_of("variable", "chi2/ndf", "p", "p (KS)", "mean", "reference")
    for s in comparison.shapes:
        dimension = f" [{VARIABLES[s.variable]}]" if VARIABLES[s.variable] else ""
        table.add_row(
            s.variable + dimension,
            f"{s.chi2:.1f}/{s.ndf}",
            f"{s.p_chi2:.2g}",
            f"{s.ks_p:.2g}",
            f"{s.mean:.5g}±{two_digits(s.mean_error)}",
            f"{s.reference_mean:.5g}±{two_digits(s.reference_mean_error)}",
        )
    console = Results()
    console.print(table)
    for name, reason in comparison.left_out.items():
        console.print(f"{name}: not compared, {reason}")
    one, two = comparison.sample, comparison.reference
    console.print(
        f"total {one.total:.6g} +- {two_digits(one.error)}, reference {two.total:.6g} +- {two_digits(two.error)} {unit}, "
        f"ratio {one.total / two.total:.4f}, p = {comparison.total_p:.2g}"
        + (f" (after {two.allowance:.1%} of allowance)" if two.allowance else "")
    )
    console.print(f"\n{comparison.verdict}")


def print_provenance(metadata: Metadata) -> None:
    """Print where the events come from."""
    console = Results()
    provenance, outcome = metadata.provenance, metadata.outcome
    card, flux = provenance.card, provenance.flux
    console.print(f"{card.title or 'untitled'}: {outcome.events} events of {provenance.points} points")
    console.print(
        f"seed {provenance.seed}, mcgen {provenance.version}, proposal {provenance.proposal_sha256[:12]}"
    )
    left_out = reasons(flux.left_out)
    console.print(
        f"flux {flux.file}: {flux.used} of {flux.muons} particles"
        + (f"; left out: {left_out}" if left_out else "")
    )
    plain = card.to_dict()
    for name in ("model", "production"):
        console.print(f"{name}: " + ", ".join(f"{key} = {value}" for key, value in plain[name].items()))


def print_columns(metadata: Metadata) -> None:
    """Print the columns with their units and meanings."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("column", "type", "unit", "meaning"):
        table.add_column(heading)
    for column in metadata.provenance.columns:
        table.add_row(column.name, column.dtype, column.unit, column.meaning)
    console = Results()
    console.print()
    console.print(table)


def print_cards(run_cards: Mapping[str, Card], experiments: Mapping[str, str]) -> None:
    """Print the shipped cards: names, what their keys say, titles."""
    console = Results()
    rows: dict[str, list[tuple[str, ...]]] = {
        "run": [
            (name, f"{card.model.name} {card.model.particle}, {card.production.method}", card.title)
            for name, card in run_cards.items()
        ],
        "experiment": list(experiments.items()),
    }
    for kind, cells in rows.items():
        table = Table(
            title=f"{kind} cards", title_justify="left", box=None, pad_edge=False, show_header=False
        )
        table.add_column(no_wrap=True)  # a name is to be typed again
        for row in cells:
            table.add_row(*row)
        console.print(table)
    console.print("\nmcgen cards NAME prints one; mcgen generate NAME runs it.")


def print_cross_sections(sections: Sequence[CrossSection], card: Card) -> None:
    """Print the cross-sections of the methods on a card's target, and their ratios to the exact one."""
    from mcgen.analysis.cross_sections import material_of

    table = table_of(
        "E_mu [GeV]", "method", "sigma [pb]", "error [pb]", "/ exact", "mean x", "mean theta [rad]"
    )
    exact = {section.energy: section.sigma for section in sections if section.method == "exact"}
    for s in sections:
        ratio = s.sigma / exact[s.energy]
        cells = (f"{s.sigma:.5e}", f"{s.error:.1e}", f"{ratio:.4f}", f"{s.mean_x:.4f}", f"{s.mean_theta:.4e}")
        table.add_row(f"{s.energy:g}", s.method, *cells)
    console = Results()
    material = material_of(card)
    console.print(
        f"{card.model.in_words()}\nper nucleus of {material.name}: Z = {material.z:g}, A = {material.a:g} g/mol\n"
    )
    console.print(table)


def print_scan(data: Mapping[str, Any]) -> None:
    """Print the limits of a scan, a line a mass."""
    table = table_of("mass [GeV]", "g_low", "+-", "g_high", "+-", "largest yield", "")
    for point in data["points"]:
        cells = []
        for name in ("g_low", "g_high"):
            none = point[name] is None
            cells += (
                ["-", ""] if none else [f"{point[name]:.4g}", f"{point[f'{name}_error'] / point[name]:.1%}"]
            )
        table.add_row(
            f"{point['mass_gev']:.5g}", *cells, f"{point['n_max']:.4g}", "open" if point["open"] else ""
        )
    console = Results()
    console.print(
        f"{data['title'] or data['experiment']}, {data['model']} {data['particle']}: {data['n_signal']:.4g} events at the limit, "
        f"{data['exposure']['value']:.3g} {EXPOSURES[data['exposure']['kind']]}"
    )
    console.print(table)
