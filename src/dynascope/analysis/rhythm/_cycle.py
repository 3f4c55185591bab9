"""Successive returns of a running system: does it repeat, after how many returns and after what time."""

from __future__ import annotations

import math
from typing import Any

import equinox as eqx
import numpy as np
from numpy.typing import NDArray

from ..._errors import RESULTS, InputError
from ..._results import AbstractResult, output, provenance
from ..._types import Key, State
from ...systems import AbstractInput, AbstractSystem, Constant, Variable, kind, state_variables
from .._blocks import block_error
from ._returns import Seen, iterated_returns, located_returns, sampled_returns

Array = NDArray[np.float64]

#: Largest multiplicity looked for.
_MOST = 32
#: Parts of the largest size of a state below which a component counts as standing still.
_STILL = 1e-6


class Returns(AbstractResult):
    """The returns of a system to a section, to its events or (maps) to the next step.

    Attributes:
        times: Times of the returns, counted from the start of the transient.
        states: Flattened states at the returns: on the section, just after the event, or the iterates themselves.
        intervals: Times from each return to the next.
        multiplicity: Smallest m of at most 32 after which states and intervals repeat; 0 if there is none.
        period: Mean time of m returns (maps: m); not a number unless it is periodic.
        period_stderr: Its standard error: scatter along the run and, for flows and hybrids, the change under half the
            step.
        mean_interval: Mean time from return to return, periodic or not.
        variation: Coefficient of variation of the intervals.
        gap: Largest mismatch of a repetition at the best m: of states in units of their scale, of intervals in units
            of their mean.
        unit: Unit of time.
    """

    multiplicity: int
    period: float
    period_stderr: float
    mean_interval: float
    variation: float
    gap: float
    unit: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    times: Array = output("return", unit="time unit", doc="Times of the returns")
    states: Array = output("return", "component", doc="Flattened states at the returns")
    intervals: Array = output("interval", unit="time unit", doc="Times between returns")

    def summary(self) -> str:
        """Whether and after what time the system repeats."""
        count, unit = self.intervals.size, "" if self.unit == "1" else f" {self.unit}"
        if self.result != RESULTS.successful:
            return f"{count} returns, then none: {RESULTS[self.result]}"
        if self.multiplicity == 0:
            return (
                f"No period in {count} returns of {self.mean_interval:.5g}{unit} on average (coefficient of variation "
                f"{self.variation:.2g}): after the best number of returns the mismatch is {self.gap:.2g}."
            )
        plural = "s" if self.multiplicity > 1 else ""
        return (
            f"Period {self.period:.9g} +- {self.period_stderr:.1g}{unit}, of {self.multiplicity} return{plural}; "
            f"mismatch {self.gap:.1g} over {count} returns."
        )


def returns(
    system: AbstractSystem,
    y0: State = None,
    *,
    inputs: Any = None,
    count: int = 64,
    transient: float | None = None,
    max_time: float | None = None,
    tolerance: float = 1e-4,
    solver: Any = None,
    key: Key | None = None,
) -> Returns:
    r"""Successive returns of a running system, and the smallest number of them after which it repeats.

    Flows return to a section $y_j = \langle y_j \rangle$, crossed upwards, located by root-finding along the solver's
    own steps; $j$ is the component with the largest range relative to its size and the mean is that of a pilot run. An
    angle that turns returns after each turn. Hybrid systems return at their events, maps at every step. Delay flows,
    noisy flows and flows under an input that changes are sampled at the steps of the solver and interpolated by cubic
    splines.

    With returns $(s_i, \tau_i)$ the multiplicity is the smallest m with $|s_{r + km} - s_r| \le$ `tolerance` in units
    of the scale of the states and $|\tau_{r + km} - \tau_r| \le$ `tolerance` $\langle \tau \rangle$, for all k and r.

    Args:
        system: Any system.
        y0: Initial state; None takes `initial_state()`. For delay flows also a history of shape `(nodes, d)` over the
            longest delay, as `history_map` holds it, or a function of time.
        inputs: Input signal of a driven system.
        count: Number of intervals, at least 2.
        transient: Time (maps: steps) left out; None takes 20,000 steps of the solver (maps 2,000).
        max_time: Longest time to wait for a return; None takes ten times the longest of the pilot run, which lasts
            20,000 steps, more if fewer than three returns lie in it.
        tolerance: Largest mismatch of a repetition.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.
        key: Random key of a noisy system.

    Returns:
        A `Returns`; its code is `no_crossing` if the system stopped returning, `nonfinite` if it diverged.

    Raises:
        InputError: For a number that makes no sense, or a hybrid system under an input that changes.

    Example:
        >>> import dynascope as ds
        >>> returns(ds.build("logistic", r=3.5)).multiplicity
        4
    """
    _check(count, transient, max_time, tolerance)
    match kind(system):
        case "map" | "random map":
            seen = iterated_returns(system, y0, inputs=inputs, count=count, transient=transient, key=key)
        case found:
            located = found == "hybrid" or (found == "flow" and _constant(inputs))
            run = located_returns if located else sampled_returns
            noise = {} if located else {"key": key}
            seen = run(
                system, y0, inputs=inputs, count=count, transient=transient, max_time=max_time, solver=solver, **noise
            )
    settings = provenance(system=type(system).__name__, count=count, tolerance=tolerance, **seen.settings)
    return described(seen, state_variables(system), unit=system.time_unit, tolerance=tolerance, settings=settings)


def described(
    seen: Seen, variables: tuple[Variable, ...], *, unit: str, tolerance: float, settings: dict[str, Any]
) -> Returns:
    """The result for returns that were seen."""
    intervals = seen.intervals
    scale = scale_of(seen.cover, variables)
    m, gap = multiplicity(seen.states, intervals, scale=scale, variables=variables, tolerance=tolerance)
    period, error = math.nan, math.nan
    if m:
        cycles = intervals[: intervals.size // m * m].reshape(-1, m).sum(axis=1)
        period = float(cycles.mean())
        scatter = float(block_error(cycles)) if cycles.size > 1 else 0.0
        error = math.hypot(scatter, seen.step_error(m) if seen.step_error else 0.0)
    mean = float(intervals.mean()) if intervals.size else math.nan
    return Returns(
        multiplicity=m,
        period=period,
        period_stderr=error,
        mean_interval=mean,
        variation=float(intervals.std() / mean) if intervals.size else math.nan,
        gap=gap,
        unit=unit,
        result=seen.code,
        settings=settings,
        times=seen.times,
        states=seen.states,
        intervals=intervals,
    )


def scale_of(cover: Array, variables: tuple[Variable, ...]) -> Array:
    """Scale of each component from `cover`, its lowest and highest value, shape `(2, d)`; a turn for angles."""
    if not cover.size or not np.all(np.isfinite(cover)):
        return np.ones(len(variables))
    floor = max(_STILL * float(np.abs(cover).max()), 1e-12)
    spread = np.maximum(np.ptp(cover, axis=0), floor)
    return np.array([v.period if v.topology == "circle" else s for v, s in zip(variables, spread, strict=True)])


def multiplicity(
    states: Array, intervals: Array, *, scale: Array, variables: tuple[Variable, ...], tolerance: float
) -> tuple[int, float]:
    """The smallest m after which states and intervals repeat (0 if none), and the largest mismatch at the best m.

    Every return is compared with that of the same phase in the first m, so that a slow drift is seen as well.
    """
    if intervals.size < 2:
        return 0, math.inf
    circles = np.array([v.period if v.topology == "circle" else np.inf for v in variables])
    best = math.inf
    for m in range(1, min(_MOST, intervals.size // 2) + 1):
        phase = np.arange(len(states)) % m
        apart = np.abs(states - states[phase])
        turn = np.isfinite(circles)
        apart[:, turn] = np.abs((apart[:, turn] + circles[turn] / 2) % circles[turn] - circles[turn] / 2)
        waits = np.abs(intervals - intervals[np.arange(intervals.size) % m]) / intervals.mean()
        gap = max(float((apart / scale).max(initial=0.0)), float(waits.max()))
        if gap <= tolerance:
            return m, gap
        best = min(best, gap)
    return 0, best


def _constant(inputs: Any) -> bool:
    return not isinstance(inputs, AbstractInput) or isinstance(inputs, Constant)


def _check(count: int, transient: float | None, max_time: float | None, tolerance: float) -> None:
    if count < 2:
        raise InputError(f"`count` must be at least 2, got {count}.")
    if transient is not None and not (math.isfinite(transient) and transient >= 0):
        raise InputError(f"`transient` must be a finite time of at least 0, got {transient}.")
    if max_time is not None and not (math.isfinite(max_time) and max_time > 0):
        raise InputError(f"`max_time` must be a positive finite time, got {max_time}.")
    if not 0 < tolerance < 1:
        raise InputError(f"`tolerance` must lie between 0 and 1, got {tolerance}.")
