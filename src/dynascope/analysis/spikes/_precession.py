"""The line along which phases of spikes fall with position: circular-linear regression."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import minimize_scalar

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, provenance


class PhasePrecession(AbstractResult):
    """A line of phase over position, phi = offset + slope x, on the circle.

    Attributes:
        slope: Radians per unit of position; negative where phases precess.
        slope_stderr: Its standard error.
        offset: Phase of the line at position 0, between -pi and pi.
        strength: Length of the mean vector of the phases about the line: 1 where all lie on it.
        correlation: Circular-linear correlation of phase and position, with the sign of the slope.
        pvalue: Of that correlation: the chance of one so far from 0 for unrelated phases and positions.
        at_bound: Whether the slope lies at the steepest that was allowed.
        count: Number of spikes.
    """

    slope: float
    slope_stderr: float
    offset: float
    strength: float
    correlation: float
    pvalue: float
    at_bound: bool
    count: int
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)

    def summary(self) -> str:
        """Slope, correlation and how likely by chance."""
        text = (
            f"Phase changes by {self.slope:.4g} +- {self.slope_stderr:.1g} rad per unit of position "
            f"(circular-linear correlation {self.correlation:.3f}, p = {self.pvalue:.2g}, {self.count} spikes)."
        )
        return f"{text} The slope lies at the steepest one allowed: raise `steepest`." if self.at_bound else text


def phase_precession(positions: ArrayLike, phases: ArrayLike, *, steepest: float | None = None) -> PhasePrecession:
    r"""The line of phase over position on which the phases gather most.

    The slope s maximises R(s) = abs(mean exp(i (phi_j - s x_j))) between +-`steepest`; least squares would need to know
    how often each phase has gone round. The correlation is the circular one of phi and abs(s) x. The error of the
    slope is that of residuals which are independent of the position, sqrt((1 - R_2) / (2 R^2 n)) / sd(x), with R_2 the
    length of the mean vector of the doubled residuals.

    Args:
        positions: Position at every spike.
        phases: Phase of the rhythm at every spike, radians.
        steepest: Largest size of the slope, rad per unit; None takes two cycles over the range of the positions.
            Steeper lines fit any phases.

    Returns:
        A `PhasePrecession`; code `not_converged` where the slope lies at the bound.

    Raises:
        InputError: If there are fewer than five spikes, values are not finite, or all positions are equal.

    Reference:
        Kempter, Leibold, Buzsaki, Diba & Schmidt (2012), Quantifying circular-linear associations: hippocampal phase
        precession, J. Neurosci. Methods 207, 113-124; Jammalamadaka & SenGupta (2001), Topics in Circular Statistics,
        World Scientific (correlation and its test).

    Example:
        >>> x = np.linspace(0.0, 1.0, 50)
        >>> found = phase_precession(x, 1.0 - 5.0 * x)
        >>> round(found.slope, 6), round(found.offset, 6)
        (-5.0, 1.0)
    """
    x, phi = np.asarray(positions, float).ravel(), np.asarray(phases, float).ravel()
    if x.size != phi.size or x.size < 5 or not (np.isfinite(x).all() and np.isfinite(phi).all()):
        raise InputError(
            f"Precession needs at least five finite positions and as many phases, got {x.size} and {phi.size}."
        )
    width = float(np.ptp(x))
    if width == 0:
        raise InputError("All positions are equal: no line can be told. Give spikes from different positions.")
    bound = 4 * np.pi / width if steepest is None else float(steepest)
    if not bound > 0:
        raise InputError(f"`steepest` must be positive, got {steepest}.")
    vectors = np.exp(1j * phi)

    def gathered(slope: float) -> float:
        return float(abs(np.mean(vectors * np.exp(-1j * slope * x))))

    # R(s) changes over 1 / width: a grid finer than that finds the right peak.
    grid = np.linspace(-bound, bound, max(3, 2 * math.ceil(8 * bound * width / np.pi) + 1))
    step = grid[1] - grid[0]
    best = float(grid[int(np.argmax([gathered(s) for s in grid]))])
    low, high = max(-bound, best - step), min(bound, best + step)
    fine: Any = minimize_scalar(lambda s: -gathered(s), bounds=(low, high), method="bounded", options={"xatol": 1e-10})
    slope = float(fine.x)
    if gathered(best) > gathered(slope):
        slope = best
    residual = vectors * np.exp(-1j * slope * x)
    mean = residual.mean()
    strength = min(float(abs(mean)), 1.0)
    doubled = float(np.real(np.mean((residual * np.exp(-1j * np.angle(mean))) ** 2)))
    spread = math.sqrt(max(1.0 - doubled, 0.0) / 2.0 / x.size) / strength if strength > 0 else math.inf
    correlation, pvalue = _correlation(phi, abs(slope) * x)
    edge = abs(slope) > bound - 1e-6 * step
    return PhasePrecession(
        slope=slope,
        slope_stderr=spread / float(x.std()),
        offset=float(np.angle(mean)),
        strength=strength,
        correlation=correlation,
        pvalue=pvalue,
        at_bound=bool(edge),
        count=x.size,
        result=RESULTS.not_converged if edge else RESULTS.successful,
        settings=provenance(count=x.size, steepest=bound),
    )


def _correlation(phi: np.ndarray, theta: np.ndarray) -> tuple[float, float]:
    """Correlation of two circular variables about their mean directions, and its two-sided p-value."""
    a = np.sin(phi - np.angle(np.mean(np.exp(1j * phi))))
    b = np.sin(theta - np.angle(np.mean(np.exp(1j * theta))))
    norm = math.sqrt(float(np.sum(a**2) * np.sum(b**2)))
    if norm == 0:
        return 0.0, 1.0
    found = float(np.sum(a * b)) / norm
    mixed = float(np.mean(a**2 * b**2))
    z = found * math.sqrt(phi.size * float(np.mean(a**2) * np.mean(b**2)) / mixed) if mixed > 0 else math.inf
    return found, math.erfc(abs(z) / math.sqrt(2.0))
