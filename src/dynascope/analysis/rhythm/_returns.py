"""How the returns of each kind of system are found."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from ..._compile import compiled
from ..._errors import RESULTS, InputError
from ...solve import AbstractFixedStep, fixed_solver, trajectory
from ...solve.maps import EventMap, PoincareMap, Section
from ...systems import (
    AbstractHybrid,
    AbstractInput,
    AbstractSystem,
    Constant,
    Variable,
    as_input,
    kind,
    state_variables,
)

Array = NDArray[np.float64]

#: Solver steps of transient and pilot run, and the largest number of samples kept of the pilot run.
_STEPS, _SAMPLES = 20_000, 4_000
#: Iterations left out of maps.
_ITERATIONS = 2_000
#: A pilot run with fewer than three returns is made longer by this factor, so many times.
_LONGER, _TIMES = 4, 3
#: How much longer than the longest return of the pilot run to wait.
_PATIENCE = 10.0
#: An excursion below this part of the size of a state is rounding, or the end of a decay.
_REST = 1e-9


class Seen(NamedTuple):
    """Returns: times, states, the lowest and highest value of each component, and how it went.

    `step_error(m)` is by how much the time of m returns changes when the step of the solver is halved; None where there
    is no step, or noise.
    """

    times: Array
    intervals: Array
    states: Array
    cover: Array
    code: Any
    settings: dict[str, Any]
    step_error: Callable[[int], float] | None = None


class Pilot(NamedTuple):
    """A settled stretch of the system: even times, flattened states, the full state at its end, and the code."""

    ts: Array
    flat: Array
    end: Any
    code: Any

    @property
    def cover(self) -> Array:
        """Lowest and highest value of each component, shape `(2, d)`."""
        if not len(self.flat):
            return np.zeros((0, self.flat.shape[1]))
        return np.stack([self.flat.min(axis=0), self.flat.max(axis=0)])


def iterated_returns(
    system: AbstractSystem, y0: Any, *, inputs: Any, count: int, transient: float | None, key: Any
) -> Seen:
    """Iterates of a map after the transient."""
    skipped = _ITERATIONS if transient is None else round(transient)
    ns = np.concatenate([[0] if skipped else [], skipped + np.arange(count + 1)])
    run = trajectory(system, y0, jnp.asarray(ns, int), inputs=inputs, key=key, throw=False)
    states = np.asarray(run.flat, float)[1 if skipped else 0 :]
    cover = np.stack([states.min(axis=0), states.max(axis=0)]) if len(states) else np.zeros((0, states.shape[1]))
    times = np.asarray(run.ts, float)[1 if skipped else 0 :]
    return Seen(times, np.diff(times), states, cover, run.result, {"transient": skipped})


def located_returns(
    system: AbstractSystem,
    y0: Any,
    *,
    inputs: Any,
    count: int,
    transient: float | None,
    max_time: float | None,
    solver: Any,
) -> Seen:
    """Returns of an autonomous flow to its section, or the events of a hybrid system, by root-finding."""
    if isinstance(inputs, AbstractInput) and not isinstance(inputs, Constant):
        raise InputError(
            f"The input of `{type(system).__name__}` changes with time, so its events are no map of its state. Use the "
            "`events` of its `trajectory`."
        )
    signal = as_input(inputs, channels=system.input_size())
    solver = fixed_solver(system) if solver is None else solver
    step = solver if isinstance(solver, AbstractFixedStep) else getattr(solver, "solver", None)
    if not isinstance(step, AbstractFixedStep):
        raise InputError(f"Returns need a fixed-step solver such as `RK4(dt)`, got `{type(solver).__name__}`.")
    dt = float(step.dt)
    skipped = _STEPS * dt if transient is None else transient
    pilot = settled(system, y0, inputs=signal, solver=solver, skipped=skipped, span=_STEPS * dt)
    begin = pilot.ts[-1] if len(pilot.ts) else 0.0
    if pilot.code != RESULTS.successful or resting(pilot):
        return _none(pilot, {"transient": skipped})
    variables = state_variables(system)
    turns = np.array([v.period if v.topology == "circle" else 0.0 for v in variables])
    if isinstance(system, AbstractHybrid):
        shift, level = np.zeros(len(variables)), {}
        wait = max_time if max_time is not None else _STEPS * dt
        mapped: Any = EventMap(system=system, solver=step, max_time=wait)  # pyright: ignore[reportArgumentType]
    else:
        section, shift, level = section_through(pilot, variables)
        for _ in range(_TIMES if max_time is None else 0):
            if _crossings(pilot, section, shift).size > 3:
                break
            longer = _LONGER * float(np.ptp(pilot.ts))
            begin += longer
            pilot = settled(system, pilot.end, inputs=signal, solver=solver, skipped=0.0, span=longer)
            if pilot.code != RESULTS.successful or resting(pilot):
                return _none(pilot, {"transient": skipped})
            section, shift, level = section_through(pilot, variables)
        wait = max_time if max_time is not None else _patience(pilot, section, shift)
        turns = np.where(np.asarray(section.normal) != 0, 0.0, turns)
        mapped = PoincareMap(system=system, section=section, solver=step, max_time=wait)  # pyright: ignore[reportArgumentType]
    settings = {"transient": skipped, "max_time": wait, "step": dt, **level}
    go = _Return(mapped, None if signal is None else signal(0.0), jnp.asarray(shift), jnp.asarray(turns))
    return _followed(go, pilot, count, begin=float(begin), settings=settings)


def _followed(go: _Return, pilot: Pilot, count: int, *, begin: float, settings: dict[str, Any]) -> Seen:
    """`count + 1` returns from the end of the pilot run."""
    # A turning angle is one turn short of its section where a return ends, and so is the start.
    waits, states, found, end = _follow(go, _less(pilot.end, go.shift), count + 1)
    good = int(np.argmin(found)) if not np.all(found) else count + 1
    code = RESULTS.successful if good > count else RESULTS.no_crossing
    waits = np.asarray(waits)[:good]

    def step_error(m: int) -> float:
        halved = eqx.tree_at(lambda r: r.mapped.solver.dt, go, 0.5 * go.mapped.solver.dt)
        coarse, fine = (float(np.asarray(_follow(r, end, m)[0]).sum()) for r in (go, halved))
        return abs(coarse - fine)

    return Seen(
        begin + np.cumsum(waits), waits[1:], np.asarray(states, float)[:good], pilot.cover, code, settings, step_error
    )


def _less(y: Any, shift: Any) -> Any:
    flat, unravel = ravel_pytree(y)
    return unravel(flat - shift)


def sampled_returns(
    system: AbstractSystem,
    y0: Any,
    *,
    inputs: Any,
    count: int,
    transient: float | None,
    max_time: float | None,
    solver: Any,
    key: Any,
) -> Seen:
    """Returns of a flow with memory, noise or a changing input: crossings of a sampled run, interpolated."""
    solver = fixed_solver(system) if solver is None else solver
    dt = float(getattr(solver, "dt", 0.0) or 0.0)
    if dt <= 0:
        raise InputError(f"Returns need a fixed-step solver such as `RK4(dt)`, got `{type(solver).__name__}`.")
    skipped = _STEPS * dt if transient is None else transient
    span, settings = _STEPS * dt, {"transient": skipped, "step": dt}
    variables = state_variables(system)
    attempt = 0
    while True:
        pilot = settled(system, y0, inputs=inputs, solver=solver, skipped=skipped, span=span, every=dt, key=key)
        if pilot.code != RESULTS.successful or resting(pilot):
            return _none(pilot, settings)
        section, shift, level = section_through(pilot, variables)
        times, states = _interpolated(pilot, section, shift, limit=count + 1)
        if times.size > count or attempt == _TIMES:
            break
        attempt += 1
        span *= min(_LONGER, 1.5 * (count + 2) / max(times.size, 1))
    settings |= {"duration": span, **level}
    waits = np.diff(times)
    if max_time is not None and np.any(waits > max_time):
        kept = int(np.argmax(waits > max_time)) + 1
        times, states = times[:kept], states[:kept]
    code = RESULTS.successful if times.size > count else RESULTS.no_crossing
    return Seen(times, np.diff(times), states, pilot.cover, code, settings)


def settled(
    system: AbstractSystem,
    y0: Any,
    *,
    inputs: Any,
    solver: Any,
    skipped: float,
    span: float,
    every: float | None = None,
    key: Any = None,
) -> Pilot:
    """A run of `span` after `skipped`, sampled at 4,000 times or `every` so much time."""
    y0 = Remembered.from_nodes(system, y0) if kind(system) == "delay flow" else y0
    samples = _SAMPLES if every is None else max(8, round(span / every))
    ts = skipped + span * np.arange(samples + 1) / samples
    ts = np.concatenate([[0.0], ts]) if skipped > 0 else ts
    run = trajectory(system, y0, jnp.asarray(ts), inputs=inputs, solver=solver, key=key, throw=False)
    kept = slice(1, None) if skipped > 0 else slice(None)
    code = run.result
    if code == RESULTS.event_overflow:
        code = RESULTS.successful  # the list of events of the pilot is not used
    flat = np.asarray(run.flat, float)[kept]
    end = jax.tree.map(lambda leaf: jnp.asarray(leaf[-1]), run.ys)
    return Pilot(np.asarray(run.ts, float)[kept], flat, end, code)


class Remembered(eqx.Module):
    """The past of a delay flow from its states at evenly spaced times up to `end`, straight lines in between."""

    nodes: jax.Array
    spacing: jax.Array

    @classmethod
    def from_nodes(cls, system: Any, y0: Any) -> Any:
        """The past for an array of shape `(nodes, d)`, as `history_map` holds it; anything else as it is."""
        size = ravel_pytree(system.initial_state())[0].size
        if y0 is None or callable(y0) or jnp.ndim(y0) != 2 or jnp.shape(y0)[1] != size or jnp.shape(y0)[0] < 2:
            return y0
        nodes = jnp.asarray(y0)
        return cls(nodes, jnp.asarray(system.longest_delay(), nodes.dtype) / (len(nodes) - 1))

    def __call__(self, s: Any) -> Any:
        """The state at a time `s` of at most 0."""
        last = len(self.nodes) - 1
        position = jnp.clip(last + s / self.spacing, 0.0, last)
        left = jnp.clip(jnp.floor(position).astype(jnp.int32), 0, last - 1)
        weight = position - left
        return (1 - weight) * self.nodes[left] + weight * self.nodes[left + 1]


def resting(pilot: Pilot) -> bool:
    """Whether nothing moves any more."""
    size = np.abs(pilot.flat).max(initial=0.0)
    return bool(np.all(np.ptp(pilot.flat, axis=0) <= max(_REST * float(size), 1e-12)))


def section_through(pilot: Pilot, variables: tuple[Variable, ...]) -> tuple[Section, Array, dict[str, Any]]:
    """The section through the mean of the component that varies most relative to its size, and its shift.

    The shift is what a return takes off the state: a turn of a section on an angle that turns, else nothing. Such
    angles are taken only where no other component varies.
    """
    flat = pilot.flat
    lowest, highest = flat.min(axis=0), flat.max(axis=0)
    size = np.maximum(np.maximum(np.abs(lowest), np.abs(highest)), _REST * float(np.abs(flat).max()))
    variation = (highest - lowest) / np.maximum(size, 1e-300)
    turning = np.array([v.topology == "circle" for v in variables]) & (highest - lowest > [v.period for v in variables])
    rank = np.where(turning, -1.0 / np.maximum(variation, 1e-300), variation)
    if np.all(rank[~turning] < _REST) and np.any(turning):
        rank[~turning] = -np.inf
    j = int(np.argmax(rank))
    sign, shift = 1.0, np.zeros(flat.shape[1])
    level = float(flat[:, j].mean())
    if turning[j]:
        sign = float(np.sign(flat[-1, j] - flat[0, j])) or 1.0
        level = float(flat[-1, j])
        shift[j] = sign * variables[j].period
    normal = np.zeros(flat.shape[1])
    normal[j] = sign
    named = {"section": variables[j].name, "level": level, "turning": bool(turning[j])}
    return Section(normal, sign * level), shift, named


def _height(pilot: Pilot, section: Section, shift: Array) -> Array:
    """Height of the samples over the section; for an angle that turns, the part of a turn since the last return."""
    height = pilot.flat @ np.asarray(section.normal) - float(section.offset)
    turn = float(np.abs(shift).max())
    return np.mod(height, turn) - turn / 2 if turn else height


def _crossings(pilot: Pilot, section: Section, shift: Array) -> NDArray[np.int64]:
    """Samples after which the section is crossed upwards."""
    height = _height(pilot, section, shift)
    rising = (height[:-1] < 0) & (height[1:] >= 0)
    turn = float(np.abs(shift).max())
    return np.flatnonzero(rising & (np.diff(height) < turn / 2) if turn else rising)


def _patience(pilot: Pilot, section: Section, shift: Array) -> float:
    at = pilot.ts[_crossings(pilot, section, shift)]
    longest = float(np.diff(at).max()) if at.size > 1 else float(np.ptp(pilot.ts))
    return _PATIENCE * longest


def _interpolated(pilot: Pilot, section: Section, shift: Array, *, limit: int) -> tuple[Array, Array]:
    """Times and states of the first `limit` crossings, from a cubic spline through the samples around each."""
    height = _height(pilot, section, shift)
    times, states = [], []
    for i in _crossings(pilot, section, shift)[:limit]:
        around = slice(max(i - 4, 0), i + 6)
        curve = CubicSpline(pilot.ts[around], np.column_stack([height[around], pilot.flat[around]]))
        low, high = float(pilot.ts[i]), float(pilot.ts[i + 1])
        for _ in range(60):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if float(curve(middle)[0]) >= 0 else (middle, high)
        times.append(high)
        states.append(curve(high)[1:])
    d = pilot.flat.shape[1]
    return np.array(times), np.array(states).reshape(len(times), d)


def _none(pilot: Pilot, settings: dict[str, Any]) -> Seen:
    code = RESULTS.no_crossing if pilot.code == RESULTS.successful else pilot.code
    return Seen(np.zeros(0), np.zeros(0), np.zeros((0, pilot.flat.shape[1])), pilot.cover, code, settings)


class _Return(eqx.Module):
    """One return of a map that knows its return time; `shift` comes off every state, angles wrap by `turns`."""

    mapped: Any
    u: Any
    shift: jax.Array
    turns: jax.Array

    def __call__(self, y: Any) -> tuple[Any, Any, Any]:
        time, y, found = self.mapped.returned(y, self.u)
        flat, unravel = ravel_pytree(y)
        angle = self.turns > 0
        flat = jnp.where(angle, jnp.mod(flat, jnp.where(angle, self.turns, 1.0)), flat)
        return time, unravel(flat - self.shift), found


@compiled
def _follow(go: _Return, y: Any, count: int) -> Any:
    """Times, flattened states and success of `count` returns from `y`, and the state after them."""

    def one(y: Any, _: Any) -> Any:
        time, y, found = go(y)
        return y, (time, ravel_pytree(y)[0] + go.shift, found)

    end, (times, states, found) = jax.lax.scan(one, y, None, length=count)
    return times, states, found, end
