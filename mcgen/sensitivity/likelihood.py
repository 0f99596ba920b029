"""The counting experiment of a scan as likelihoods that pyhf reads: a workspace, and a patch for every signal."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from mcgen.card import Card
from mcgen.io.files import atomic_output
from mcgen.sensitivity.limits import counts_of

VERSION = "1.0.0"
"""Of pyhf's schemas."""

NOT_PUBLISHED = "ins0000000"
"""The record at HEPData that pyhf wants to be named, as long as there is none."""


def likelihood_files(folder: Path, _: Path) -> list[Path]:
    """Files of the likelihoods in a folder, whatever the file of the scan."""
    return [folder / "workspace.json", folder / "patchset.json"]


def write_likelihood(card: Card, data: Mapping[str, Any], folder: Path) -> list[Path]:
    """Write the workspace of the background alone, and the set of patches that add the signals.

    Parameters
    ----------
    card : has the counts
    data : its scan as plain data, see `scan_to_dict`
    folder : is there already

    Returns
    -------
    The files, as `likelihood_files` lists them
    """
    from pyhf import PatchSet, Workspace

    workspace = workspace_of(card)
    patchset = patchset_of(data, workspace)
    PatchSet(patchset).verify(Workspace(workspace))
    files = likelihood_files(folder, folder)
    for file, content in zip(files, (workspace, patchset), strict=True):
        with atomic_output(file) as temporary:
            temporary.write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
    return files


def workspace_of(card: Card) -> dict[str, Any]:
    """Background alone: one bin of counts. The background has no error, as in the scan's own limit."""
    background, observed = counts_of(card)
    samples = [{"name": "background", "data": [background], "modifiers": []}]
    return {
        "channels": [{"name": "counts", "samples": samples}],
        "observations": [{"name": "counts", "data": [observed]}],
        "measurements": [{"name": "scan", "config": {"poi": "mu", "parameters": []}}],
        "version": VERSION,
    }


def patchset_of(data: Mapping[str, Any], workspace: Mapping[str, Any]) -> dict[str, Any]:
    """Patches that add the signal of a point of the grid to the workspace, by mass and coupling."""
    from pyhf.utils import digest

    return {
        "metadata": {
            "references": {"hepdata": NOT_PUBLISHED},
            "description": f"{data['title'] or data['experiment']}: {data['model']} {data['particle']}, {data['method']}; "
            f"mcgen {data['version']}, seed {data['seed']}",
            "labels": ["mass_gev", "g_mu"],
            "digests": {"sha256": digest(workspace)},
        },
        "patches": list(_patches(data["grid"])),
        "version": VERSION,
    }


def _patches(grid: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield a patch for every point of a grid where there is a signal."""
    variations = grid.get("variations", {})
    for i, mass in enumerate(grid["masses_gev"]):
        for j, coupling in enumerate(grid["couplings"]):
            value, mc_error, flux_error = (grid[name][i][j] for name in ("yield", "mc_error", "flux_error"))
            if value > 0.0:
                varied = {name: yields[i][j] for name, yields in variations.items()}
                signal = _signal(value, mc_error, flux_error, varied)
                yield {
                    "metadata": {"name": f"mass_{i}_coupling_{j}", "values": [mass, coupling]},
                    "patch": [{"op": "add", "path": "/channels/0/samples/-", "value": signal}],
                }


def _signal(value: float, mc_error: float, flux_error: float, varied: Mapping[str, float]) -> dict[str, Any]:
    """Signal with the errors of its yield: that of the integration as of a sample, the others log-normal.

    Parameters
    ----------
    varied : its yield in place of `value`, by variation
    """
    modifiers: list[dict[str, Any]] = [
        {"name": "mu", "type": "normfactor", "data": None},
        {"name": "integration", "type": "staterror", "data": [mc_error]},
    ]
    if flux_error > 0.0:  # beams have none
        modifiers.append(_log_normal("flux_sample", 1.0 + flux_error / value))
    modifiers += [
        _log_normal(f"variation_{name}", other / value)
        for name, other in varied.items()
        if other > 0.0  # no factor has the logarithm of none
    ]
    return {"name": "signal", "data": [value], "modifiers": modifiers}


def _log_normal(name: str, factor: float) -> dict[str, Any]:
    """Factor at +1 standard deviation, its inverse at -1: a shift counts upwards and downwards alike."""
    return {"name": name, "type": "normsys", "data": {"hi": factor, "lo": 1.0 / factor}}
