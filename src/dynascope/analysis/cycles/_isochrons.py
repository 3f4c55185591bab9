"""Isochrons of a cycle in the plane: the curves of all states that will keep step with one point of it."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ...systems import AbstractSystem, Box, dimension, state_variables
from ._asymptotic_phase import phases_of_states
from ._clock import Clock, clock_of
from ._isochron_branch import Branch, Limits, bundle_of, traced
from ._orbit import PeriodicOrbit

Array = NDArray[np.float64]

#: Why a branch ends.
ENDS = ("region", "phaseless", "length", "periods", "points")
#: Share of the box by which a box around the cycle is wider on each side.
_AROUND = 0.5
#: Points of each branch at which the phase is measured first.
_CHECKS = 8


class Isochrons(AbstractResult):
    """Curves of equal asymptotic phase in the plane.

    Attributes:
        period: Period of the cycle.
        names: Names of both components.
        units: Their units.
        ends: Why each branch ends, inside and outside, for each isochron: `region` (at the edge of the box),
            `phaseless` (at an equilibrium or another place so near to states without a phase that `tol` cannot be
            held), `length`, `periods` or `points` (as long, as late or of as many points as was allowed).
        phases: Phase of each isochron.
        curves: Points along both branches from the cycle on, the one inside of it first; NaN beyond their ends.
        lengths: Length of each branch, in units of the width of the box.
        gaps: Largest distance of neighbouring points, in the same unit.
        residuals: Largest error of the phase at the points where it was measured as by `asymptotic_phase`, which runs
            forward while the curves were made backward; the error of that is added.
        cycle: The cycle.
        low: Lower corner of the box.
        high: Upper corner.
    """

    period: float
    names: tuple[str, ...] = eqx.field(static=True)
    units: tuple[str, ...] = eqx.field(static=True)
    ends: tuple[tuple[str, str], ...] = eqx.field(static=True)
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    phases: Array = output("isochron", doc="Phase of the isochron")
    curves: Array = output("isochron", "side", "along", "component", doc="Points along both branches")
    lengths: Array = output("isochron", "side", doc="Length of each branch")
    gaps: Array = output("isochron", "side", doc="Largest distance of neighbouring points")
    residuals: Array = output("isochron", "side", doc="Largest error of the phase at checked points")
    cycle: Array = output("point", "component", doc="The cycle")
    low: Array = output("component", doc="Lower corner of the box")
    high: Array = output("component", doc="Upper corner of the box")

    def summary(self) -> str:
        """How many there are, how exact, and where they end."""
        all_ends = [end for pair in self.ends for end in pair]
        counted = ", ".join(f"{all_ends.count(end)} {_SAID[end]}" for end in ENDS if end in all_ends)
        return (
            f"{len(self.phases)} isochrons, equal in phase up to {self.residuals.max():.1g}, no gap beyond "
            f"{self.gaps.max():.2g} of the box. Of their branches end {counted}."
        )


_SAID = {
    "region": "at the edge of the region",
    "phaseless": "at states without a phase",
    "length": "at the greatest length",
    "periods": "after the longest time",
    "points": "at the most points",
}


def isochrons(
    system: AbstractSystem,
    orbit: PeriodicOrbit,
    *,
    count: int = 20,
    region: Box | None = None,
    spacing: float = 0.01,
    length: float = 2.0,
    tol: float = 1e-6,
    max_periods: int = 60,
    inputs: Any = None,
) -> Isochrons:
    r"""The isochrons of a stable cycle in the plane: curves on which the asymptotic phase is the same.

    At the cycle an isochron has the direction w that is normal to the phase response. The point of amplitude r on that
    of phase $\varphi$ comes to $\gamma(s) + r e^{\lambda t} w(s)$ after a time t, with $s = \varphi + t/T$ and the
    Floquet exponent $\lambda$, as soon as that is near enough to the cycle; it is found from there by integrating
    backward. Errors then grow along the isochron and not across it. Amplitudes are halved between neighbours until the
    way from one over the middle to the other is shorter than `spacing`.

    Args:
        system: A flow with two variables, autonomous, with the parameters of the orbit.
        orbit: A stable one, from `periodic_orbit`, that closes in the plane.
        count: Number of isochrons, equally spaced in phase, the first at phase 0.
        region: Box in which they are followed; None takes that of the cycle, twice as wide.
        spacing: Largest distance of neighbouring points. All distances are in units of the width of the box.
        length: Length of a branch at most.
        tol: Largest error of the phase; a branch ends where its points, run forward, are no longer on time.
        max_periods: Longest time backward and forward, in periods; a weakly stable cycle needs more.
        inputs: Constant input of the orbit.

    Returns:
        An `Isochrons`; `ds.plot` draws it. Its code is `not_converged` if even points of the cycle are not on
        time: then the orbit is too inexact.

    Raises:
        InputError: If the system has not two variables, the orbit is not stable or not closed, the box does not hold
            it, or a number is out of its range.

    Reference:
        Guckenheimer (1975), Isochrons and phaseless sets, Journal of Mathematical Biology 1, 259-273; Langfield,
        Krauskopf and Osinga (2014), Solving Winfree's puzzle: the isochrons in the FitzHugh-Nagumo model, Chaos 24,
        013131.

    Example:
        >>> import dynascope as ds
        >>> from dynascope.analysis.cycles import periodic_orbit
        >>> oscillator = ds.build("stuart-landau", lam=1.0, omega=2.0, c=0.5)
        >>> found = isochrons(oscillator, periodic_orbit(oscillator), count=4, spacing=0.05)
        >>> bool(found.residuals.max() < 1e-8)
        True
    """
    if dimension(system) != 2:
        raise InputError(
            f"Isochrons are curves in the plane only; `{type(system).__name__}` has {dimension(system)} variables. "
            "`asymptotic_phase` gives the phase of single states of any flow."
        )
    if count < 1 or max_periods < 2 or not 0 < spacing < length < math.inf or not tol >= 1e-8:
        raise InputError(
            "`isochrons` needs a `count` of at least 1, `max_periods` of at least 2, a positive `spacing` below "
            f"`length` and a `tol` of at least 1e-8, got {count}, {max_periods}, {spacing}, {length} and {tol}."
        )
    clock = clock_of(system, orbit, inputs=inputs, what="isochrons")
    if np.any(orbit.winding):
        raise InputError("`isochrons` needs a cycle that closes in the plane, got one that winds about a cylinder.")
    low, high = _box(system, orbit, region)
    scale = np.asarray(clock.rule.scale)
    bundle = bundle_of(clock, orbit, low / scale, high / scale, max_periods)
    phases = np.arange(count) / count
    # The direction w is on the left of the motion: inside, where the cycle is run through against the clock.
    x, y = orbit.states.T
    inner = 1.0 if np.sum(x[:-1] * np.diff(y) - y[:-1] * np.diff(x)) > 0 else -1.0
    sides = np.tile([inner, -inner], count)
    branches = traced(bundle, np.repeat(phases, 2), sides, Limits(spacing, length))
    branches, residuals = _verified(clock, orbit, branches, tol, max_periods)
    most = max(len(b.points) for b in branches)
    curves = np.full((2 * count, most, 2), np.nan)
    for row, branch in zip(curves, branches, strict=True):
        row[: len(branch.points)] = branch.points * scale
    steps = [np.linalg.norm(np.diff(b.points, axis=0) / bundle.width, axis=1) for b in branches]
    variables = state_variables(system)
    return Isochrons(
        period=orbit.period,
        names=orbit.names,
        units=tuple(v.unit for v in variables),
        ends=tuple((a.end, b.end) for a, b in zip(branches[::2], branches[1::2], strict=True)),
        result=RESULTS.successful if residuals.max() <= tol else RESULTS.not_converged,
        settings=provenance(
            system=type(system).__name__,
            count=count,
            region="given" if region is not None else "cycle",
            spacing=spacing,
            length=length,
            tol=tol,
            max_periods=max_periods,
        ),
        phases=phases,
        curves=curves.reshape(count, 2, most, 2),
        lengths=np.array([s.sum() for s in steps]).reshape(count, 2),
        gaps=np.array([s.max(initial=0.0) for s in steps]).reshape(count, 2),
        residuals=residuals.reshape(count, 2),
        cycle=orbit.at(np.linspace(0.0, 1.0, 1001)),
        low=low,
        high=high,
    )


def _box(system: AbstractSystem, orbit: PeriodicOrbit, region: Box | None) -> tuple[Array, Array]:
    """The corners of the box in which isochrons are followed."""
    least, greatest = orbit.extent
    if region is None:
        low, high = least - _AROUND * (greatest - least), greatest + _AROUND * (greatest - least)
        positive = np.array([v.topology == "positive" for v in state_variables(system)])
        return np.where(positive, np.maximum(low, 0.0), low), high
    low, high = (np.asarray(ravel_pytree(corner)[0], float) for corner in (region.low, region.high))
    if low.shape != (2,) or not (np.all(low < least) and np.all(high > greatest)):
        raise InputError(f"`region` must hold the cycle, from {least} to {greatest}, got {low} to {high}.")
    return low, high


def _verified(
    clock: Clock, orbit: PeriodicOrbit, branches: list[Branch], tol: float, max_periods: int
) -> tuple[list[Branch], Array]:
    """Branches up to where their phases are right to `tol`, and the largest error of each at its measured points.

    Phases are measured at equally spaced points. Where one is wrong, halving finds the last point that is right.
    """

    def measured(chosen: list[Branch], rows: list[NDArray[np.int64]]) -> list[Array]:
        points = np.concatenate([b.points[r] for b, r in zip(chosen, rows, strict=True)])
        found, errors, *_ = phases_of_states(clock, orbit, points, 1e-3 * tol, max_periods)
        counts = [len(r) for r in rows]
        off = found - np.repeat([b.phase for b in chosen], counts)
        off = np.where(errors < 0.5, np.abs(off - np.round(off)), 0.0) + errors
        return np.split(off, np.cumsum(counts)[:-1])

    rows = [np.unique(np.linspace(0, len(b.points) - 1, _CHECKS).round().astype(int)) for b in branches]
    right, wrong, worst = [], [], []
    for branch, row, error in zip(branches, rows, measured(branches, rows), strict=True):
        good = int(np.argmax(np.append(error[1:] > tol, True)))
        right.append(int(row[good]))
        wrong.append(int(np.append(row, len(branch.points))[good + 1]))
        worst.append(float(error[: good + 1].max()))
    while doubtful := [i for i in range(len(branches)) if wrong[i] - right[i] > 1]:
        middles = [(right[i] + wrong[i]) // 2 for i in doubtful]
        found = measured([branches[i] for i in doubtful], [np.array([m]) for m in middles])
        for i, middle, error in zip(doubtful, middles, found, strict=True):
            if error[0] > tol:
                wrong[i] = middle
            else:
                right[i], worst[i] = middle, max(worst[i], float(error[0]))
    cut = [
        b if last == len(b.points) - 1 else b.first_of(last + 1)._replace(end="phaseless")
        for b, last in zip(branches, right, strict=True)
    ]
    return cut, np.array(worst)
