"""Figure 5 of the paper: angle of the muons to the beam, after the geometry, and after the cut for `iww`."""

from __future__ import annotations

from pathlib import Path

import numpy as np

import mcgen
from validation.claims import Outcome, Row, agrees, save_figure
from validation.muons import EXPERIMENTS, FACTORS, MASSES, draw_stages, fraction, muons_of

BINS = {"na62": np.linspace(0.0, 13.0, 40), "ship": np.linspace(0.0, 100.0, 41)}
"""[mrad]"""

NOTES = """\
Compared with the paper's statements, not with its curves. The angle ends where a ray from the dump's end still enters
the decay volume: 13 mrad at NA62, 94 mrad along the longer axis of SHiP, seven times as much. The cut hits large angles
hardest, because muons there are slow, and SHiP more than NA62: so says the paper. With k = 10 nothing of this is seen below
0.2 GeV, it needs k = 50 or 100. The input is not drawn, as in the paper. Its muons are from another simulation;
multiple scattering, some 20 mrad for a muon of 5 GeV in the first metre of copper, is in neither."""


def measure(folder: Path, *, quick: bool) -> Outcome:
    """Measure the ends of the distributions, and what the cut leaves at small and large angles."""
    del quick
    rows = []
    for name, label in EXPERIMENTS.items():
        muons = muons_of(name)
        theta = muons.theta[muons.seen]
        claim = f"{label}: largest angle [mrad], against that of the dump's end"
        rows.append(agrees(claim, 1e3 * float(theta.max()), 0.0, 1e3 * largest_angle(name), allowance=0.05))
        wide = muons.theta > np.median(theta)
        for k in FACTORS[1:]:
            fast = muons.fast(k, min(MASSES))
            outer, inner = (fraction(muons, fast, muons.seen & side) for side in (wide, ~wide))
            value = outer[0] / inner[0]
            error = value * float(np.hypot(outer[1] / outer[0], inner[1] / inner[0]))
            claim = f"{label}, k = {k:g}: left by the cut, larger / smaller half of the angles"
            rows.append(Row(claim, value, error, None, None, 1.0))
    save_figure(
        draw_stages("theta", BINS, "$\\theta_\\mu$ [mrad]", ("geometry",), (1e-8, 1e-3), scale=1e3),
        folder,
        "paper_fig5",
    )
    title = "Fig. 5 of the paper: the cut acts on large angles"
    return Outcome(title, tuple(rows), ("paper_fig5",), NOTES)


def largest_angle(name: str) -> float:
    """Angle from the axis at the dump's end to the rim of the decay volume's entrance [rad]."""
    experiment = mcgen.load_card(f"{name}_muonphilic").experiment
    volume = experiment.decay_volume
    rim = max(volume.half_widths(axis)[0] for axis in (0, 1))
    assert experiment.target.z_m is not None
    return float(np.arctan2(rim, volume.z_m[0] - experiment.target.z_m[1]))
