"""A clock whose phase is known in closed form up to the edge of its basin."""

import functools
from typing import Any

import jax.numpy as jnp
import numpy as np

import dynascope as ds
from dynascope.analysis.cycles import PeriodicOrbit, periodic_orbit

#: How much the angular velocity changes with the radius, and the radius of the edge.
SHEAR, EDGE = 0.7, 3.0


def _field(t: Any, y: Any, p: Any) -> Any:
    r2 = y[0] ** 2 + y[1] ** 2
    growth, turn = (1 - r2) * (1 - r2 / EDGE**2), 2 + SHEAR * (1 - r2)
    return jnp.stack([growth * y[0] - turn * y[1], turn * y[0] + growth * y[1]])


#: r' = r (1 - r^2) (1 - r^2 / 9), theta' = 2 + 0.7 (1 - r^2): a cycle at 1; from beyond 3 all runs to infinity.
CLOCK = ds.flow(_field, [1.0, 0.1])


@functools.cache
def cycle() -> PeriodicOrbit:
    """The cycle of the clock."""
    return periodic_orbit(CLOCK)


def exact_phase(y: np.ndarray) -> np.ndarray:
    """(theta - b ln r + (b / 2) ln(1 - r^2 / 9)) / 2 pi, whose rate is 1 / T everywhere within the edge."""
    r = np.hypot(y[..., 0], y[..., 1])
    drift = SHEAR * (np.log(r) - 0.5 * np.log1p(-((r / EDGE) ** 2)))
    return (np.arctan2(y[..., 1], y[..., 0]) - drift) / (2 * np.pi)


def apart(a: Any, b: Any) -> np.ndarray:
    """Distance of phases around the circle."""
    off = np.asarray(a) - np.asarray(b)
    return np.abs(off - np.round(off))
