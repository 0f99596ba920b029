"""Kinematics and straight-line geometry on arrays; a vector has shape (3, n)."""

from __future__ import annotations

import numpy as np

from mcgen.types import Array


def dot(a: Array, b: Array) -> Array:
    """Scalar product (n,) of two vectors (3, n)."""
    product: Array = a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
    return product


def norm(a: Array) -> Array:
    """Length (n,) of a vector (3, n)."""
    return np.sqrt(dot(a, a))


def one_minus_cos(a: Array, b: Array) -> Array:
    """1 - cos of the angle (n,) between unit vectors (3, n), without cancellation."""
    difference = a - b
    return 0.5 * dot(difference, difference)


def angle_of(one_minus_cos: Array) -> Array:
    """Angle (n,) [rad] from 1 - cos; rounding may have put that above 2."""
    return 2.0 * np.arcsin(np.sqrt(np.minimum(0.5 * one_minus_cos, 1.0)))


def angle_between(a: Array, b: Array) -> Array:
    """Angle (n,) [rad] between vectors (3, n) of any length, as exact for small angles as for large ones."""
    angle: Array = np.arctan2(norm(np.cross(a, b, axis=0)), dot(a, b))
    return angle


def polar_angle(a: Array) -> Array:
    """Angle (n,) [rad] of vectors (3, n) to the z axis."""
    angle: Array = np.arctan2(np.hypot(a[0], a[1]), a[2])
    return angle


def momentum_of(energy: Array, mass: float) -> Array:
    """|p| = sqrt((E - m)(E + m)) [GeV], without cancellation near rest; 0 at and below E = m."""
    return np.sqrt(np.maximum((energy - mass) * (energy + mass), 0.0))


def transverse_frame(direction: Array) -> tuple[Array, Array]:
    """Two unit vectors that complete a direction to a right-handed orthonormal frame.

    The construction of Duff et al., JCGT 6 (2017) 1: no branch, exact for any unit vector.

    Parameters
    ----------
    direction : (3, n) unit vectors n

    Returns
    -------
    e1, e2 : (3, n) each, with e1 x e2 = n
    """
    nx, ny, nz = direction
    sign = np.copysign(1.0, nz)
    a = -1.0 / (sign + nz)
    b = nx * ny * a
    e1 = np.stack([1.0 + sign * nx * nx * a, sign * b, -sign * nx])
    e2 = np.stack([b, sign + ny * ny * a, -ny])
    return e1, e2


def along(direction: Array, transverse: Array, azimuth: Array, longitudinal: Array) -> Array:
    """Vectors with given components about an axis.

    Parameters
    ----------
    direction : (3, n) unit vectors of the axis
    transverse, longitudinal : (n,) components [any unit]
    azimuth : (n,) about the axis, from the first vector of `transverse_frame` [rad]

    Returns
    -------
    (3, n) in the unit of the components
    """
    e1, e2 = transverse_frame(direction)
    return (
        (transverse * np.cos(azimuth)) * e1 + (transverse * np.sin(azimuth)) * e2 + longitudinal * direction
    )


def two_body_decay(
    energy: Array, direction: Array, mass: float, daughter_mass: float, cos_star: Array, azimuth: Array
) -> tuple[Array, Array]:
    """Decay into two particles of equal mass, boosted to the laboratory.

    In the parent's frame E* = m/2, p* = sqrt(m^2/4 - m_d^2); along the parent's direction
    p = (E p* cos* +- k E*)/m. The daughters' mass is put in, not recomputed, so that it does not cancel.

    Parameters
    ----------
    energy, direction : (n,) energy E [GeV] and (3, n) unit direction of the parent
    mass, daughter_mass : [GeV]; m >= 2 m_d
    cos_star, azimuth : (n,) polar cosine and azimuth [rad] of the first daughter in the parent's frame,
        about the parent's direction

    Returns
    -------
    first, second : four-momenta (4, n), (px, py, pz, E) [GeV]
    """
    momentum = momentum_of(energy, mass)
    half = 0.5 * mass
    p_star = float(np.sqrt(max((half - daughter_mass) * (half + daughter_mass), 0.0)))
    swing = energy / mass * p_star * cos_star
    transverse = p_star * np.sqrt((1.0 - cos_star) * (1.0 + cos_star))
    e1, e2 = transverse_frame(direction)
    sideways = (transverse * np.cos(azimuth)) * e1 + (transverse * np.sin(azimuth)) * e2
    first = sideways + (0.5 * momentum + swing) * direction
    second = (0.5 * momentum - swing) * direction - sideways
    return on_shell(first, daughter_mass), on_shell(second, daughter_mass)


def on_shell(momentum: Array, mass: Array | float) -> Array:
    """Four-momentum (4, n) from a momentum (3, n) and a mass, one or (n,) [GeV]."""
    energy = np.sqrt(dot(momentum, momentum) + mass * mass)
    return np.concatenate([momentum, energy[None, :]])


def slab_interval(position: Array, velocity: Array, low: float, high: float) -> tuple[Array, Array]:
    """Path lengths between which one coordinate of a straight line lies in [low, high].

    Parameters
    ----------
    position, velocity : (n,) the coordinate at path 0 [m] and its derivative along the path

    Returns
    -------
    enter, leave : (n,) [m]; (-inf, inf) for a parallel ray inside, (inf, -inf) for one outside
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        one = (low - position) / velocity
        two = (high - position) / velocity
    parallel = velocity == 0.0
    inside = (position >= low) & (position <= high)
    enter = np.where(parallel, np.where(inside, -np.inf, np.inf), np.minimum(one, two))
    leave = np.where(parallel, np.where(inside, np.inf, -np.inf), np.maximum(one, two))
    return enter, leave


def halfspace_interval(distance: Array, velocity: Array) -> tuple[Array, Array]:
    """Path lengths where distance + velocity * path <= 0.

    Parameters
    ----------
    distance, velocity : (n,) signed distance to the boundary, positive outside [m], and its derivative

    Returns
    -------
    enter, leave : (n,) [m]; one of them infinite
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        crossing = -distance / velocity
    outside_parallel = (velocity == 0.0) & (distance > 0.0)
    enter = np.where(velocity < 0.0, crossing, np.where(outside_parallel, np.inf, -np.inf))
    leave = np.where(velocity > 0.0, crossing, np.where(outside_parallel, -np.inf, np.inf))
    return enter, leave


def ellipse_interval(
    x: Array, y: Array, vx: Array, vy: Array, semi_axes: tuple[float, float]
) -> tuple[Array, Array]:
    """Path lengths between which a straight line is inside an elliptic cylinder about z.

    Parameters
    ----------
    x, y, vx, vy : (n,) transverse position at path 0 [m], relative to the axis, and direction
    semi_axes : (a, b) [m]

    Returns
    -------
    enter, leave : (n,) [m]; (inf, -inf) for a miss, (-inf, inf) for an axis-parallel ray inside
    """
    a, b = semi_axes
    x, y, vx, vy = x / a, y / b, vx / a, vy / b
    square = vx * vx + vy * vy
    half_linear = x * vx + y * vy
    constant = x * x + y * y - 1.0
    discriminant = half_linear * half_linear - square * constant
    # The root that does not cancel first; the other one follows from the product of the roots.
    q = -(half_linear + np.copysign(np.sqrt(np.maximum(discriminant, 0.0)), half_linear))
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        one, two = q / square, constant / q
    parallel = square == 0.0
    miss = np.where(parallel, constant > 0.0, discriminant < 0.0)
    enter = np.where(parallel, -np.inf, np.fmin(one, two))
    leave = np.where(parallel, np.inf, np.fmax(one, two))
    return np.where(miss, np.inf, enter), np.where(miss, -np.inf, leave)
