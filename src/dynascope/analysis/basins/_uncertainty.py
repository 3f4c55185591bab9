"""How much better the end is known if the start is: the uncertainty exponent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np

from ..._errors import RESULTS, InputError
from ..._random import generator_of, seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...systems import AbstractSystem, Box
from ..attractors import AbstractFinder
from ._fates import fates
from ._prepared import drawn, flat_box
from ._shares import share_error

#: Fewest uncertain starts at which a scale enters the fit, and largest share: above, the displacement is no detail.
_FEWEST, _LARGEST = 8, 0.3
#: Shares follow a power only on average over scales: below this relative error no scale counts for more.
_WOBBLE = 0.03


class UncertaintyExponent(AbstractResult):
    """The power of the error of the start with which the share of uncertain ends falls.

    Attributes:
        exponent: alpha of f ~ scale^alpha: 1 for smooth boundaries; the smaller, the less a better start helps.
        stderr: Its standard error.
        boundary_dimension: Dimension of the region less the exponent.
        scales: Errors of the start, in units of the region.
        uncertain: Share of starts that end elsewhere when displaced by that much.
        errors: Its standard errors.
    """

    exponent: float
    stderr: float
    boundary_dimension: float
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    scales: np.ndarray = output("scale", doc="displacement in units of the region")
    uncertain: np.ndarray = output("scale", doc="share of uncertain starts")
    errors: np.ndarray = output("scale", doc="its standard error")

    def summary(self) -> str:
        """The exponent and what it means."""
        return (
            f"Uncertainty exponent {self.exponent:.3f} +- {self.stderr:.3f}, so that the boundary has dimension "
            f"{self.boundary_dimension:.3f}: to be twice as sure of the end, the start must be known "
            f"{2 ** (1 / max(self.exponent, 1e-3)):.3g} times better."
        )


def uncertainty_exponent(
    system: AbstractSystem,
    *,
    region: Box | None = None,
    scales: Sequence[float] = (1e-1, 3e-2, 1e-2, 3e-3, 1e-3, 3e-4, 1e-4),
    starts: int = 4096,
    finder: AbstractFinder | None = None,
    inputs: Any = None,
    key: Key | None = None,
    solver: Any = None,
) -> UncertaintyExponent:
    r"""The uncertainty exponent of basin boundaries.

    A start is uncertain at scale eps if it and the two starts displaced by eps forth and back along a random direction
    do not all end alike. Their share falls as $f \sim \epsilon^\alpha$ with $\alpha = D - d$, where D is the dimension
    of the region and d that of the boundary. The power is fitted to the logarithms, weighted by their errors; the
    error of the fit is enlarged by its misfit where that is more than chance allows.

    Args:
        system: Any system.
        region: Box of starts; components whose sides are equal are held.
        scales: Displacements, in units of the sides of the region.
        starts: Number of starts at each scale.
        finder: How to find attractors; None takes `Recurrences()`.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Raises:
        InputError: If fewer than two scales show enough uncertain starts.

    Reference:
        Grebogi, McDonald, Ott & Yorke (1983), Final state sensitivity: an obstruction to predictability, Physics
        Letters A 99, 415-418.
    """
    key = key if key is not None else jax.random.key(0)
    of_fates, of_starts = jax.random.split(key)
    ends = fates(system, region=region, finder=finder, inputs=inputs, key=of_fates, solver=solver)
    low, high = flat_box(ends.box)
    rng = generator_of(of_starts)
    counts = []
    for n, scale in enumerate(scales):
        middle = drawn(ends.box, jax.random.fold_in(of_starts, n), starts, ends.stage.variables)
        way = rng.normal(size=middle.shape) * (high > low)
        shift = scale * (high - low) * way / np.linalg.norm(way, axis=1, keepdims=True)
        labels, ends = ends.of(np.concatenate([middle, middle + shift, middle - shift]))
        here, forth, back = labels.reshape(3, starts)
        known = np.all(labels.reshape(3, starts) != -2, axis=0)
        counts.append((int(np.sum(known & ((here != forth) | (here != back)))), int(known.sum())))
    hits, of = (np.array(c, float) for c in zip(*counts, strict=True))
    used = (hits >= _FEWEST) & (hits < _LARGEST * of)
    if used.sum() < 2:
        raise InputError(
            f"Only {int(used.sum())} of {len(scales)} scales show enough uncertain starts for a power, of {starts} "
            "each. Take more `starts`, larger `scales` or a region that holds more of the boundary."
        )
    share = hits / of
    error = np.array([float(share_error(h, int(n))) for h, n in zip(hits, of, strict=True)])
    relative = np.hypot(error[used] / share[used], _WOBBLE)
    slope, slope_error = _slope(np.log(np.asarray(scales))[used], np.log(share[used]), relative)
    return UncertaintyExponent(
        exponent=slope,
        stderr=slope_error,
        boundary_dimension=float(np.sum(high > low)) - slope,
        result=RESULTS.successful,
        settings=provenance(
            system=type(system).__name__,
            starts=starts,
            region=ends.source,
            fitted=[float(s) for s in np.asarray(scales)[used]],
            seed=seed_of(key),
        ),
        scales=np.asarray(scales, float),
        uncertain=share,
        errors=error,
    )


def _slope(x: np.ndarray, y: np.ndarray, error: np.ndarray) -> tuple[float, float]:
    """Slope of the weighted line and its error, enlarged where the points miss it by more than their errors."""
    weight = error**-2
    middle = np.sum(weight * x) / weight.sum()
    spread = np.sum(weight * (x - middle) ** 2)
    slope = np.sum(weight * (x - middle) * y) / spread
    rest = y - slope * (x - middle) - np.sum(weight * y) / weight.sum()
    free = len(x) - 2
    misfit = np.sqrt(max(1.0, np.sum(weight * rest**2) / free)) if free else 1.0
    return float(slope), float(misfit / np.sqrt(spread))
