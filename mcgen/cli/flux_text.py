"""What a flux holds, and how it was made, as text for people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from rich.console import Console

from mcgen.cli.text import Results, table_of
from mcgen.digits import two_digits
from mcgen.errors import reasons

if TYPE_CHECKING:
    from mcgen.flux.census import Census


def print_made(made: Mapping[str, Any]) -> None:
    """Print how a flux was made, as the file says; what it does not say is left out."""
    console = Results()
    console.print(
        f"\nmade by {made.get('program')} {made.get('version')} with {made.get('generator')}, "
        f"seed {made.get('seed')}: {made.get('energy_gev')} GeV protons on"
    )
    for layer in made.get("layers", []):
        front, back = layer["z_m"]
        console.print(f"  {layer['name']}, {layer['density']:g} g/cm3, from {front:g} to {back:g} m")
    for stratum in made.get("strata", []):
        console.print(f"  {stratum['protons']} protons followed above {stratum['threshold_gev']:g} GeV")
    if factors := made.get("parent_factors"):
        said = ", ".join(f"{pdg}: {factor:g}" for pdg, factor in factors.items())
        console.print(f"  weights times measured multiplicities over Pythia's, by parent: {said}")
    console.print("  " + ", ".join(f"{n} {what}" for what, n in made.get("counts", {}).items()))


def print_census(found: Census) -> None:
    """Print what a flux holds."""
    console = Results()
    counted = sum(rate.particles for rate in found.parents.values())
    console.print(f"{found.file}: {counted} of {found.total} particles count")
    if left_out := reasons(found.left_out):
        console.print(f"left out: {left_out}")
    together = f"; {found.together} are together with others, up to {found.largest}" if found.together else ""
    console.print(f"{found.groups} independent groups of particles{together}\n")
    parents = table_of("PDG id", "per proton", "error", "effective size", "particles")
    for pdg, r in found.parents.items():
        size, count = f"{r.effective_size:.0f}", str(r.particles)
        parents.add_row(str(pdg), f"{r.rate:.5g}", two_digits(r.error), size, count)
    console.print(parents)
    if found.muons.particles:
        _print_muons(console, found)


def _print_muons(console: Console, found: Census) -> None:
    everything = found.muons
    console.print(f"\n{everything.rate:.5g} +- {two_digits(everything.error)} muons per proton\n")
    above = table_of("momentum above [GeV]", "muons per proton", "error", "muons")
    for r in found.above:
        above.add_row(f"{r.low:g}", f"{r.rate:.4e}", f"{r.error:.1e}", str(r.particles))
    console.print(above)
    console.print()
    bins = table_of(
        "momentum [GeV]", "muons per proton", "effective size", "median z [m]", "median angle [rad]"
    )
    for r in found.bins:
        middle = (f"{r.median_depth:.4g}", f"{r.median_angle:.4g}") if r.particles else ("-", "-")
        bins.add_row(f"{r.low:g} to {r.high:g}", f"{r.rate:.4e}", f"{r.effective_size:.0f}", *middle)
    console.print(bins)
