"""What a card resolves to, as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mcgen.cli.text import Results, table_of
from mcgen.digits import two_digits
from mcgen.experiment.exposure import EXPOSURES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mcgen.card import Card
    from mcgen.experiment.dump import Dump, Layer
    from mcgen.experiment.tables import ExperimentTable


def print_check(card: Card, facts: Mapping[str, Any]) -> None:
    """Print what a card resolves to: decays, g-2, meson decays, geometry, flux.

    Parameters
    ----------
    facts : of `mcgen.analysis.facts.facts_of`
    """
    console = Results()
    boson, flux = facts["model"], facts["flux"]
    console.print(f"{card.title or 'untitled'}: valid")
    couplings = ", ".join(f"{g:.6g}" for g in boson["couplings"].values())
    console.print(
        f"\n{boson['name']} {boson['particle']}, m = {boson['mass_gev']:g} GeV, (g_e, g_mu, g_tau) = ({couplings})"
    )
    if boson["gamma_per_gev"]:
        console.print(f"coupling to photons {boson['gamma_per_gev']:g} /GeV, for decays only")
    mixing = complex(*boson["kinetic_mixing"].values())
    if mixing:
        shown = f"{mixing:.6g}" if mixing.imag else f"{mixing.real:.6g}"
        console.print(f"kinetic mixing with the photon eps = {shown}; decays to hadrons are not counted")
    ctau = "inf" if facts["ctau_m"] is None else f"{facts['ctau_m']:.6g}"
    console.print(f"width {facts['width_gev']:.6g} GeV, ctau {ctau} m")
    known = facts["g_minus_2"]
    console.print(
        f"Delta a_mu = {facts['delta_a_mu']:.4g}; measured minus predicted "
        f"({known['value']:.3g} +- {two_digits(known['error'])})"
    )
    table = table_of("channel", "width [GeV]", "branching ratio", "enabled")
    for name, channel in facts["channels"].items():
        enabled = "yes" if channel["enabled"] else "no"
        table.add_row(name, f"{channel['width_gev']:.6g}", f"{channel['branching']:.6g}", enabled)
    console.print(table)
    ratios = {name: decay["branching"] for name, decay in facts["meson_decay"].items()}
    console.print(
        ", ".join(
            f"BR({name} -> mu nu X) = {ratio:.6g}" if ratio else f"{name} -> mu nu X is closed"
            for name, ratio in ratios.items()
        )
    )
    if not boson["conserved"] and any(ratios.values()):
        console.print(
            "note: the neutrino does not couple: the current is not conserved in meson decays, "
            "which grow as 1/m^2 and depend on what completes the model"
        )
    if (polarised := facts["spin_correlations"]) is not None:
        console.print(
            f"vectors decay as they are polarised after: {', '.join(polarised)}; isotropically otherwise"
            if polarised
            else "note: vectors decay isotropically; exact and meson decays know better, with spin_correlations"
        )
    _print_geometry(console, card.experiment, card.dump())
    console.print(f"\nflux {flux['file']}: {flux['used']} of {flux['particles']} particles can contribute")
    for name, count in flux["parents"].items():
        console.print(f"  {name}: {count}")
    if flux["min_energy_gev"] is not None:
        console.print(f"  muons need more than {flux['min_energy_gev']:.4g} GeV where they radiate")
    for reason, count in flux["left_out"].items():
        if count:
            console.print(f"  left out: {count} {reason.replace('_', ' ')}")
    for index, selection in enumerate(card.experiment.selection):
        console.print(f"selection {selection.name or index}: {', '.join(selection.channels)}")
    for name, words in facts["variations"].items():
        console.print(f"variation {name}: {words}")


def _description(layer: Layer) -> str:
    """Say what a layer of the dump is."""
    matter, sides = layer.material, layer.sides
    parts = [matter.name] if matter.is_vacuum else [matter.name, f"{matter.density:g} g/cm3"]
    if layer.is_magnetised:
        parts.append(f"field ({layer.field[0]:g}, {layer.field[1]:g}) T")
    if sides.half_width is not None:
        parts.append(f"half width ({sides.half_width[0]:g}, {sides.half_width[1]:g}) m")
    if sides.radius is not None:
        parts.append(f"radius {sides.radius:g} m")
    return ", ".join(parts)


def _print_geometry(console: Results, experiment: ExperimentTable, dump: Dump) -> None:
    volume = experiment.decay_volume
    console.print(
        f"\n{experiment.title}: {experiment.exposure.value:g} {EXPOSURES[experiment.exposure.kind]}"
    )
    items = [(*layer.z, "dump", _description(layer)) for layer in dump.layers]
    items.append((*volume.z_m, "decay volume", volume.shape))
    items += [(plane.z_m, plane.z_m, plane.name, plane.shape) for plane in experiment.plane]
    items += [
        (m.z_m, m.z_m, m.name, f"kick ({m.kick_gev[0]:g}, {m.kick_gev[1]:g}) GeV") for m in experiment.magnet
    ]
    table = table_of("along z", "from [m]", "to [m]", "what")
    for start, end, name, shape in sorted(items):
        table.add_row(name, f"{start:g}", f"{end:g}", shape)
    console.print(table)
    for plane in experiment.plane:
        if volume.z_m[0] < plane.z_m < volume.z_m[1]:
            console.print(f"note: plane {plane.name} is inside the decay volume; decays behind it miss it")
    if experiment.note:
        console.print(f"note: {experiment.note}")
