"""The answer: one periodic orbit with its period, its multipliers and how well they are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS
from ..._results import AbstractResult, output
from ..._types import ArrayLike
from ._gauss import evaluated

Array = NDArray[np.float64]

#: Multipliers this close to the unit circle are called neutral, whatever their error.
_NEUTRAL = 1e-6


class PeriodicOrbit(AbstractResult):
    """A periodic orbit of a flow, stable or not.

    The states are those at the starts of the intervals of the mesh and at their Gauss points, where the collocation
    polynomial takes them exactly; `at` evaluates it everywhere.

    Attributes:
        period: The smallest period.
        period_error: Estimated error of the period, from two meshes or two tolerances.
        trivial_error: Distance from 1 of the multiplier that is 1 in theory (autonomous flows): the error of the
            multipliers. Not a number for forced flows, which have none.
        covers: How often the guess went around the orbit; more than 1 if its period was not the smallest.
        residual: Largest remaining mismatch, in units of the scale of the states.
        stability: `stable`, `saddle`, `unstable`, or one of them with `(neutral directions)`.
        unstable_dimension: Number of multipliers outside the unit circle.
        degree: Degree of the polynomial on each interval.
        forced: Whether the period is that of a forcing.
        time_unit: Unit of time.
        times: Times along the orbit, from 0 to the period.
        states: Flattened states at these times.
        multipliers: Floquet multipliers, the largest first, with the trivial one among them.
    """

    period: float
    period_error: float
    trivial_error: float
    covers: int
    residual: float
    unstable_dimension: int
    stability: str = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    degree: int = eqx.field(static=True)
    forced: bool = eqx.field(static=True)
    time_unit: str = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    times: Array = output("point", unit="time unit", doc="Times along the orbit")
    states: Array = output("point", "component", doc="Flattened states along the orbit")
    multipliers: NDArray[np.complex128] = output("multiplier", doc="Floquet multipliers")

    def summary(self) -> str:
        """Period, stability and what they are worth."""
        unit = "" if self.time_unit in ("1", "") else f" {self.time_unit}"
        if self.result != RESULTS.successful:
            return f"No periodic orbit: {RESULTS[self.result]}"
        largest = self.nontrivial[:1]
        leading = f", largest multiplier {shown(largest[0])}" if largest.size else ""
        sure = "" if self.forced else f" (the trivial one is 1 up to {self.trivial_error:.1g})"
        again = f" The guess went around it {self.covers} times." if self.covers > 1 else ""
        return (
            f"Period {self.period:.10g} +- {self.period_error:.1g}{unit}, {self.stability}{leading}{sure}. "
            f"{len(self.mesh) - 1} intervals of degree {self.degree}, residual {self.residual:.1g}.{again}"
        )

    @property
    def mesh(self) -> Array:
        """Ends of the intervals as phases, from 0 to 1."""
        return self.times[:: self.degree + 1] / self.period

    @property
    def winding(self) -> Array:
        """By how much each component grows once around: turns of angles, zero for all others."""
        return self.states[-1] - self.states[0]

    @property
    def nontrivial(self) -> NDArray[np.complex128]:
        """The multipliers without the trivial one."""
        if self.forced or not self.multipliers.size:
            return self.multipliers
        return np.delete(self.multipliers, int(np.argmin(np.abs(self.multipliers - 1))))

    @property
    def extent(self) -> Array:
        """Lowest and highest value of each component along the orbit, shape `(2, d)`."""
        dense = self.at(np.linspace(0.0, 1.0, 40 * (len(self.mesh) - 1) + 1))
        return np.stack([dense.min(axis=0), dense.max(axis=0)])

    def at(self, phases: ArrayLike | Sequence[float]) -> Array:
        """States at `phases`; 0 is the first point and 1 the same one period later.

        Args:
            phases: Any numbers, shape `(phase,)`.

        Returns:
            Flattened states, shape `(phase, d)`.
        """
        s = np.atleast_1d(np.asarray(phases, float))
        turns = np.where(s == 1.0, 0.0, np.floor(s))
        inside = np.clip(s - turns, 0.0, 1.0)
        values = self.states[:-1].reshape(len(self.mesh) - 1, self.degree + 1, -1)
        return evaluated(self.mesh, values[:, 0], values[:, 1:], inside) + turns[:, None] * self.winding


def stability_of(multipliers: NDArray[np.complex128], *, forced: bool, error: float) -> tuple[str, int]:
    """A name, and how many multipliers lie outside the unit circle, beside the trivial one."""
    others = multipliers if forced else np.delete(multipliers, int(np.argmin(np.abs(multipliers - 1))))
    growth = np.abs(others) - 1
    band = max(_NEUTRAL, 0.0 if forced else 10 * error)
    out, neutral = int(np.sum(growth > band)), int(np.sum(np.abs(growth) <= band))
    inside = others.size - out - neutral
    name = "saddle" if out and inside else "unstable" if out else "stable" if inside or not neutral else "neutral"
    return f"{name} (neutral directions)" if neutral and name != "neutral" else name, out


def shown(value: complex) -> str:
    if abs(value.imag) < 1e-12 * abs(value):
        return f"{value.real:.6g}"
    return f"{value.real:.6g} {'+' if value.imag > 0 else '-'} {abs(value.imag):.6g}i"
