"""Faults of a card that no single key shows; every function yields one sentence a fault.

They run on whatever tables could be parsed, so that a card with a misspelt key still has its
impossible decay reported in the same message.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from itertools import pairwise
from typing import Any

from mcgen.card.flux_tables import BeamTable, FluxTable
from mcgen.card.run_tables import (
    ModelTable,
    ProductionTable,
    RunTable,
    ScanTable,
    StatisticsTable,
)
from mcgen.card.variations import VariationTable, faults_of_variations
from mcgen.experiment.magnets import MagnetTable
from mcgen.experiment.selection import SelectionTable
from mcgen.experiment.tables import ExperimentTable
from mcgen.experiment.target import KEYS_OF_BLOCK, MaterialTable, TargetTable
from mcgen.physics.kinds import KINDS
from mcgen.physics.matter import MATERIALS, VACUUM
from mcgen.physics.models import LEPTON_MASSES, MODELS, Channel
from mcgen.record.columns import SETS, columns_of
from mcgen.sources.bremsstrahlung import Bremsstrahlung
from mcgen.sources.bremsstrahlung.methods import METHODS

_LEPTON_OF: dict[Channel, float] = dict(zip(("ee", "mumu", "tautau"), LEPTON_MASSES, strict=True))


def faults_of(tables: Mapping[str, Any]) -> Iterator[str]:
    """Yield the faults of the tables that parsed, by the key under which they stand."""
    checks: dict[tuple[str, ...], Callable[..., Iterator[str]]] = {
        ("model",): _model,
        ("experiment",): _experiment,
        ("production", "experiment"): _energy_loss,
        ("experiment", "production"): _production,
        ("flux", "beam"): _muons,
        ("flux",): _flux,
        ("beam", "experiment"): _exposure,
        ("scan", "statistics"): _limit,
        ("run", "experiment", "variations"): _columns,
        ("variations", "production", "model"): faults_of_variations,
    }
    for keys, check in checks.items():
        if all(key in tables for key in keys):
            yield from check(*(tables[key] for key in keys))
    if "model" in tables:
        yield from _open_channels(tables["model"], tables.get("experiment"))


def _model(model: ModelTable) -> Iterator[str]:
    custom = model.name == "custom"
    if custom and model.couplings is None:
        yield 'model.couplings: missing; name = "custom" needs couplings = { e = ..., mu = ..., tau = ... }'
    if custom and model.g_mu is not None:
        yield 'model.g_mu: not with name = "custom", which takes couplings'
    if not custom and model.g_mu is None:
        yield f'model.g_mu: missing; name = "{model.name}" needs the coupling to muons'
    if not custom and model.couplings is not None:
        yield 'model.couplings: only with name = "custom"'
    spin = KINDS[model.particle].spin
    if not custom and spin not in MODELS[model.name].spins:
        kinds = " or ".join(name for name, kind in KINDS.items() if kind.spin in MODELS[model.name].spins)
        fitting = ", ".join(name for name, known in MODELS.items() if spin in known.spins)
        yield f'model.name = "{model.name}": for a {kinds} only; a {model.particle} takes {fitting} or custom'
    if model.neutrinos and not (custom and spin == 1):
        yield "model.neutrinos: only for custom vectors"
    if spin == 1 and model.couplings is not None and model.couplings.gamma_per_gev:
        yield "model.couplings.gamma_per_gev: a vector does not decay to two photons; leave it out"
    if model.kinetic_mixing and not (model.name in MODELS and MODELS[model.name].mixes):
        mixing = ", ".join(name for name, known in MODELS.items() if known.mixes)
        yield f'model.kinetic_mixing: only with name = "{mixing}"; couplings of a custom model say all themselves'
    yield from _branching(model)


def _branching(model: ModelTable) -> Iterator[str]:
    if model.branching is None:
        return
    if sum(model.branching.values()) > 1.0 + 1e-12:
        yield f"model.branching: the ratios sum to {sum(model.branching.values()):g}; at most 1 is allowed"
    for channel, ratio in model.branching.items():
        threshold = 2.0 * _LEPTON_OF.get(channel, 0.0)
        if ratio > 0.0 and model.mass_gev <= threshold:
            yield (
                f"model.branching.{channel} = {ratio:g}: closed at mass_gev = {model.mass_gev:g}; "
                f"it opens at {threshold:.6g} GeV"
            )


def _open_channels(model: ModelTable, experiment: ExperimentTable | None) -> Iterator[str]:
    custom = model.name == "custom"
    if (model.couplings is None, model.g_mu is None) != (not custom, custom):
        return  # the widths need the right one
    if model.open_channels() or (experiment and experiment.exposure.kind == "xsec"):
        return
    open_ones = [c for c, ratio in model.boson().branching_ratios().items() if ratio > 0.0]
    advice = f"open there: {', '.join(open_ones)}" if open_ones else "no channel is open there"
    yield (
        f"model.mass_gev = {model.mass_gev:g}: no open channel among {', '.join(model.channels)} ({advice}); "
        "change mass_gev, the couplings or channels"
    )


def _experiment(experiment: ExperimentTable) -> Iterator[str]:
    yield from _target(experiment.target)
    yield from _fields(experiment.target, experiment.magnet)
    volume = experiment.decay_volume
    for kind in ("plane", "magnet"):
        names = [item.name for item in getattr(experiment, kind)]
        for name in sorted({name for name in names if names.count(name) > 1}):
            yield f"experiment.{kind}: two of them are named {name!r}"
    planes = {plane.name: plane.z_m for plane in experiment.plane}
    for index, selection in enumerate(experiment.selection):
        yield from _selection(f"experiment.selection.{selection.name or index}", selection, planes)
    yield from _countable(experiment.selection)
    yield from _reachable(volume.z_m[0], experiment.selection, planes)


def _target(target: TargetTable) -> Iterator[str]:
    key = "experiment.target"
    if target.half_width_m is not None and target.radius_m is not None:
        yield f"{key}: half_width_m or radius_m, not both"
    if target.layers[0].material == VACUUM:
        yield f"{key}: begins with vacuum, in which nothing comes about; begin with the first matter"
    if target.absorber or target.layers[0].absorber:
        yield f"{key}: begins with an absorber, which is a layer behind the target"
    if not target.layer:
        yield from _material(key, target)
        return
    if any(getattr(target, name) is not None for name in KEYS_OF_BLOCK):
        yield f"{key}: material, density, z_m and field_t of the target, or [[target.layer]], not both"
    for i, layer in enumerate(target.layer):
        yield from _material(f"{key}.layer.{i}", layer)
        if layer.half_width_m is not None and layer.radius_m is not None:
            yield f"{key}.layer.{i}: half_width_m or radius_m, not both"
    for i, (before, after) in enumerate(pairwise(target.places)):
        if before[1] > after[0]:
            yield f"{key}.layer.{i + 1}.z_m: begins at {after[0]:g}, but the layer before ends at {before[1]:g}"


def _fields(target: TargetTable, magnets: Iterable[MagnetTable]) -> Iterator[str]:
    """Find magnets that stand in the dump, whose muons would feel them."""
    gaps = [(before[1], after[0]) for before, after in pairwise(target.places)]
    for magnet in magnets:
        for kind, places in (("layer", target.places), ("gap between layers", gaps)):
            for front, back in places:
                if front <= magnet.z_m < back:
                    yield (
                        f"experiment.magnet.{magnet.name}.z_m = {magnet.z_m:g}: inside the dump, in the {kind} from "
                        f"{front:g} to {back:g} m, where it would bend nothing; a field that bends muons is "
                        "field_t = [bx, by] of a layer (of vacuum, if need be); else move it behind the dump, or leave "
                        "it out"
                    )


def _material(key: str, table: MaterialTable) -> Iterator[str]:
    own = (table.z, table.a)
    if table.z_m is None:
        yield f"{key}.z_m: missing"
    if table.material is None:
        if None in own or table.density_g_cm3 is None:
            yield f"{key}: needs material (one of {', '.join(MATERIALS)}), or z, a and density_g_cm3"
    elif table.material not in MATERIALS:
        yield f"{key}.material = {table.material!r}: unknown; shipped are {', '.join(MATERIALS)}"
    elif own != (None, None) or table.x0_g_cm2 is not None:
        yield f"{key}: material, or z, a and x0_g_cm2 of one's own, not both"
    elif table.material == VACUUM and table.density_g_cm3 is not None:
        yield f"{key}.density_g_cm3: vacuum has none; leave it out, or take air"
    if table.z is not None and table.a is not None and table.a < table.z:
        yield f"{key}.a = {table.a:g}: smaller than z = {table.z:g}"


def _energy_loss(production: ProductionTable, experiment: ExperimentTable) -> Iterator[str]:
    own = [table for table in experiment.target.layers if table.material is None]
    if own and production.energy_loss == "table":
        yield (
            'production.energy_loss = "table": for the shipped materials only, and the target has one of your own; '
            'use "constant" with stopping_power_gev_per_m'
        )
    elif own and production.stopping_power_gev_per_m is None:
        yield (
            "production.stopping_power_gev_per_m: missing; its default is known for the shipped materials only, "
            "and the target has one of your own"
        )
    if production.energy_loss == "table" and production.stopping_power_gev_per_m is not None:
        yield 'production.stopping_power_gev_per_m: only with energy_loss = "constant"'
    if production.multiple_scattering and any(table.x0_g_cm2 is None for table in own):
        yield "experiment.target.x0_g_cm2: missing; multiple scattering needs the radiation length"


def _production(experiment: ExperimentTable, production: ProductionTable) -> Iterator[str]:
    yield from _volume_behind_target(experiment, production)
    if experiment.exposure.kind == "xsec" and Bremsstrahlung.name not in production.processes:
        yield (
            f'production.processes: experiment.exposure.kind = "xsec" is for collisions of muons; it needs '
            f'"{Bremsstrahlung.name}"'
        )


def _volume_behind_target(experiment: ExperimentTable, production: ProductionTable) -> Iterator[str]:
    last, front = experiment.target.layers[-1].z_m, experiment.decay_volume.z_m[0]
    if last is None or front >= last[1]:
        return
    if experiment.target.layer:
        yield (
            f"experiment.decay_volume.z_m: begins at {front:g} m, in front of the back of the last layer at "
            f"{last[1]:g} m; end the layers where the volume begins, or move the volume behind them"
        )
    elif not METHODS[production.method].collinear:
        yield (
            f"experiment.decay_volume.z_m: begins at {front:g} m, in front of the target's back at {last[1]:g} m; "
            f'production.method = "{production.method}" aims bosons at its entrance, which has to be behind the target'
        )


def _muons(flux: FluxTable | None, beam: BeamTable | None) -> Iterator[str]:
    if (flux is None) == (beam is None):
        yield "flux, beam: exactly one of them says where the muons come from"


def _flux(flux: FluxTable | None) -> Iterator[str]:
    if flux is None:
        return
    if flux.file.startswith("builtin:") and flux.format != "native":
        yield f'flux.format = "{flux.format}": an embedded sample is in the native format'
    if flux.format == "columns" and flux.columns is None:
        yield (
            'flux.columns: missing; format = "columns" needs '
            'columns = { pdg = "...", x = { name = "...", unit = "mm" }, ... } for pdg, x, y, z, px, py, pz, w'
        )
    if flux.format != "columns" and flux.columns is not None:
        yield 'flux.columns: only with format = "columns"'
    if flux.format == "native":
        for key in ("protons", "tree", "z_offset_m"):
            if getattr(flux, key) is not None:
                yield (
                    f'flux.{key}: not with format = "native", whose unit, frame and tree are fixed; '
                    'a file that differs takes format = "columns"'
                )
    if flux.format == "fairship" and flux.tree is not None:
        yield 'flux.tree: not with format = "fairship", whose tree is named pythia8-Geant4'


def _exposure(beam: BeamTable | None, experiment: ExperimentTable) -> Iterator[str]:
    kind = experiment.exposure.kind
    if beam is None and kind != "pot":
        yield f'experiment.exposure.kind = "{kind}": must be "pot", a flux file gives muons per proton on target'
    if beam is not None and kind == "pot":
        yield 'experiment.exposure.kind = "pot": must be "mot", a beam gives muons on target (or "xsec")'
    if kind == "xsec" and (experiment.plane or experiment.magnet or experiment.selection):
        yield 'experiment.exposure.kind = "xsec": without decay there is nothing for planes, magnets and selections'


def _limit(scan: ScanTable, statistics: StatisticsTable | None) -> Iterator[str]:
    if scan.n_signal is not None and statistics is not None:
        yield "scan.n_signal, statistics: at most one of them says where the limit is"


def _columns(
    run: RunTable, experiment: ExperimentTable, variations: Iterable[VariationTable]
) -> Iterator[str]:
    columns = columns_of((plane.name for plane in experiment.plane), {}, {v.name: "" for v in variations})
    known = [*SETS, *(column.name for column in columns)]
    for name in run.columns:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else "; docs/columns.md has all"
            yield f"run.columns: there is no column {name!r}{hint}"


def _selection(key: str, selection: SelectionTable, planes: Mapping[str, float]) -> Iterator[str]:
    for name in selection.planes:
        if name not in planes:
            known = ", ".join(planes) or "none"
            yield f"{key}.planes: no plane is named {name!r}; there are {known}"
    at_plane = [cut.key for cut in selection.cuts if cut.at_plane]
    if at_plane and not selection.planes:
        yield f"{key}: {' and '.join(at_plane)}: taken at the last of planes, and there is none"


def _countable(selections: Iterable[SelectionTable]) -> Iterator[str]:
    """Find out whether every requirement has a bit."""
    count = 1 + sum(len(s.planes) + len(s.cuts) for s in selections)
    if count > 64:
        yield (
            f"experiment.selection: {count} requirements (a selection for the channel, and the planes and cuts "
            "of each), and failed_bits has room for 64"
        )


def _reachable(
    z_in: float, selections: Iterable[SelectionTable], planes: Mapping[str, float]
) -> Iterator[str]:
    """Find out whether every selection requires a plane in front of the decay volume."""
    behind = [any(planes.get(name, z_in) < z_in for name in selection.planes) for selection in selections]
    if behind and all(behind):
        first = min(planes.values())
        yield (
            f"experiment.decay_volume.z_m: begins at {z_in:g} m, behind a required plane of every selection "
            f"(first plane at {first:g} m): nothing can be accepted; move the volume or the planes"
        )
