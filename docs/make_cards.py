"""Write docs/cards.md from the tables that cards are checked against.

python docs/make_cards.py
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from mcgen.card.keys import Key, Section, sections
from mcgen.physics.matter import MATERIALS, material

PAGE = Path(__file__).parent / "cards.md"

INTRODUCTION = """\
# Cards: all keys

A run is described by a run card, a file in TOML; the experiment in it is a shipped one, or a card of your own. Keys carry
their units. `[model]`, `[experiment]`, and either `[flux]` or `[beam]` have to be there. An unknown key, a wrong type or a
number out of its range is refused, all faults at once, with what is allowed.

```console
$ mcgen cards --keys                     # this list, in the terminal
$ mcgen cards --keys run.vegas           # of one table
$ mcgen cards na62_muonphilic            # a whole card, to start one's own
$ mcgen cards na62                       # an experiment card
```

## What wins over what

`--set KEY=VALUE` wins over the run card, the run card over the experiment card that it names. An experiment card has the
keys of `experiment` below, without that word in front; a run card may give any of them again:

```toml
[experiment]
card = "na62"

[experiment.exposure]
value = 1e17

[[experiment.plane]]           # the plane of that name, with another radius
name = "straw1"
radius_m = 0.9
```

Tables are merged key by key, `[[plane]]` and `[[magnet]]` by their names; lists and `[[selection]]` are replaced whole. A
table that gets another `shape` loses the sizes of the old one; a target that gets layers is no block any more. VALUE of
`--set` is TOML, and what is not is text. Items of `[[...]]` go by name, or by number from 0:

```console
$ mcgen check na62_leptophilic --set model.mass_gev=0.1 \\
    --set experiment.plane.straw1.radius_m=0.9 \\
    --set experiment.selection.photons.min_energy_gev=2 \\
    --set 'experiment.magnet.0.kick_gev=[0, 0]'
```

Paths in a card are relative to the card, those on the command line to the working directory.
"""


def page() -> str:
    """Render the page."""
    return "\n".join([INTRODUCTION, *_keys(), *_materials()])


def _keys() -> Iterator[str]:
    yield from ("## Keys", "")
    for section in sections():
        if section.heading:
            yield from (f"### {_heading(section)}", "")
        yield from (section.meaning, "")
        if section.keys:
            yield from ("| key | meaning | unit | default | allowed |", "|---|---|---|---|---|")
            yield from map(_row, section.keys)
            yield ""


def _heading(section: Section) -> str:
    table, _, kind = section.heading.partition(" with ")
    return f"`{table}` with `{kind}`" if kind else f"`{table}`"


def _row(key: Key) -> str:
    cells = (f"`{key.name}`", key.meaning, key.unit, key.default, key.allowed)
    return f"| {' | '.join(cells)} |"


def _materials() -> Iterator[str]:
    yield from (
        "## Materials",
        "",
        "Compounds are one effective nucleus. The energy loss is that of a muon at the minimum of ionisation: the default of",
        '`stopping_power_gev_per_m`, with `energy_loss = "constant"`. A material of your own has `z`, `a` and `density_g_cm3`, and',
        "`x0_g_cm2` for multiple scattering; it has no table of energy losses.",
        "",
        "| material | Z | A [g/mol] | density [g/cm^3] | X0 [g/cm^2] | energy loss [GeV/m] |",
        "|---|---|---|---|---|---|",
    )
    for name in MATERIALS:
        m = material(name)
        if m.is_vacuum:
            yield f"| `{name}` | | | 0 | | 0 |"
        else:
            loss = f"{m.minimum_loss:.4g}"
            yield f"| `{name}` | {m.z:g} | {m.a:g} | {m.density:g} | {m.radiation_length:g} | {loss} |"
    yield ""


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
