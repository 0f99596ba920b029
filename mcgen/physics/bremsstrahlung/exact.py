"""Exact tree level of mu(p) N(P) -> mu(p') N(P') X(k), with the recoil of the nucleus.

The nucleus carries the current (P + P')^mu F(t) of a spin-0 charge, F^2 = G2(t); the muon the
Bethe-Heitler pair of diagrams, with the boson X before or after the photon. Names and frame are those of
`mcgen.physics.bremsstrahlung.two_to_three`.
"""

from __future__ import annotations

from math import pi

import numpy as np

from mcgen.constants import ALPHA
from mcgen.physics.bremsstrahlung.two_to_three import Kinematics
from mcgen.physics.kinds import KINDS, Kind
from mcgen.types import Array


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # rows without phase space become 0
def amplitude(kind: Kind, kin: Kinematics) -> Array:
    """Spin-averaged squared amplitude A, with |M|^2 = e^4 g^2 G2(t)/t^2 A.

    With the nucleus' current Q = P + P', Q^2 = 4 M^2 + t, with p_q for the part of p transverse to q, and
    Y = 4 (s Q.p' - u Q.p)^2 - t (s - u)^2 Q^2 = 4 M^2 [4 D^2 - t (s - u)(s - u + 2 D/M)], D = s w - u E:

        A = N [4 t Q^2 h/(s u) - c Y/(s u)^2] with N, c, h from `mcgen.physics.kinds`.

    The scalar is that of arXiv:1609.06781; the others were derived here, and all three checked by
    explicit traces. The vector is summed over polarisations. Exact at tree level, for all energies.

    Parameters
    ----------
    kind : of the boson, by its name
    kin : as returned by `kinematics`

    Returns
    -------
    (n,) [GeV^2]; 0 where there is no phase space
    """
    t, m_n = kin.t, kin.nucleus_mass
    m_n2 = m_n * m_n
    number, c, h = KINDS[kind].exact_terms(kin)
    twice = 2.0 * kin.dipole
    y = 4.0 * m_n2 * (twice * twice - t * kin.s_minus_u * (kin.s_minus_u + twice / m_n))
    su = kin.s * kin.u
    return np.where(kin.physical, number * (4.0 * t * (4.0 * m_n2 + t) * h - c * y / su) / su, 0.0)


@np.errstate(divide="ignore", invalid="ignore", over="ignore")  # rows without phase space become 0
def d4sigma(kind: Kind, kin: Kinematics, g2: Array) -> Array:
    """Differential cross-section d4 sigma/(dx dcos(theta) dt dphi) for a coupling g = 1.

    alpha^2 E |k|/(64 pi^2 M^2 |p| V) G2(t)/t^2 A with x = E_X/E and phi in [0, 2 pi); the boson's own azimuth
    about the muon is integrated over.

    Parameters
    ----------
    kind, kin : as in `amplitude`
    g2 : (n,) form factor squared G2(t), with the charge squared in it

    Returns
    -------
    (n,) [GeV^-4]; 0 where there is no phase space
    """
    flux = 64.0 * pi**2 * (kin.nucleus_mass * kin.nucleus_mass) * kin.muon_p * kin.virtual_p
    density = ALPHA**2 * kin.energy * kin.boson_p * g2 / (flux * (kin.t * kin.t))
    return np.where(kin.physical, density * amplitude(kind, kin), 0.0)
