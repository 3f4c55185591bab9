"""The pure floor of time: start a solver's own state, advance it over some output times, return codes."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp

from .._errors import RESULTS, InputError
from .._tree import astype
from .._types import Key, State, Times
from ..series import Events, Trajectory
from ..systems import AbstractSystem, as_input, is_discrete, kind, state_variables
from . import _delay, _flow, _hybrid, _map, _noisy, _through_diffrax
from ._layout import Loose, tightened
from ._solvers import (
    AbstractAdaptive,
    AbstractFixedStep,
    AbstractSolver,
    Diffrax,
    EulerHeun,
    EulerMaruyama,
    GridEvents,
    Kvaerno5,
    LocatedEvents,
)

#: Which solvers each kind of system accepts; maps need none.
ACCEPTED: dict[str, tuple[type[AbstractSolver], ...]] = {
    "flow": (AbstractFixedStep, AbstractAdaptive, Kvaerno5, Diffrax),
    "map": (),
    "random map": (),
    "sde": (EulerMaruyama, EulerHeun, Diffrax),
    "hybrid": (LocatedEvents, GridEvents),
    "delay flow": (AbstractFixedStep,),
}


class Run(eqx.Module):
    """A run under way: all that a solver needs to go on from where it is."""

    system: AbstractSystem
    inputs: Any
    template: State
    solver: Any
    key: Any
    state: Any


def memory(system: AbstractSystem, solver: Any) -> int | None:
    """Static number of past states that a delay flow keeps under `solver`; None for systems without memory."""
    return _delay.ring_size(system.max_delay, solver.dt) if kind(system) == "delay flow" else None  # type: ignore[attr-defined]


def begin(
    system: AbstractSystem, y0: Any, t0: Any, *, inputs: Any, key: Key | None, solver: Any, size: int | None
) -> Run:
    """A run at its first time `t0`; `size` is that of `memory`."""
    before = y0 if isinstance(y0, Callable) else None
    template = before(jnp.asarray(t0, float)) if before else jax.tree.map(jnp.asarray, y0)
    dtype = jnp.result_type(*jax.tree.leaves(template))
    if jnp.issubdtype(dtype, jnp.floating):
        solver, inputs = astype(solver, dtype), astype(inputs, dtype)
    if not is_discrete(system):
        t0 = jnp.asarray(t0, dtype)
    match solver:
        case AbstractAdaptive():
            loop = _flow.prepared(system, inputs, template, t0, solver.layout)  # type: ignore[arg-type]
            zero = jnp.zeros((), jnp.int32)
            packed = loop.packing.pack(template)
            h = _flow.first_step(loop, solver, template, t0)
            state: Any = _flow.Adapting(packed, h, zero, zero, jnp.full_like(h, jnp.inf), RESULTS.successful)
        case EulerMaruyama() | EulerHeun():
            state = (template, jnp.zeros((), jnp.int32))
        case LocatedEvents() | GridEvents():
            state = _hybrid.started(template, solver.max_events)
        case AbstractFixedStep() if kind(system) == "delay flow":
            history = before or (lambda s: jax.tree.map(lambda leaf: leaf + 0 * s, template))
            state = _delay.begun(system, inputs, history, t0=t0, h=solver.dt, size=size)  # type: ignore[arg-type]
        case _:
            state = template
    return Run(system, inputs, template, solver, key, state)


def advance(run: Run, times: tuple[Any, Any], count: int | None) -> tuple[Run, State | Loose, Any, dict[str, Any]]:
    """Advance from output time to output time.

    Args:
        run: Where the solver is.
        times: Starts and ends of the intervals between output times; the run stands at the first start.
        count: Static number of steps from each output time to the next, if it is the same for all and known.

    Returns:
        The run at the end, the states, the result code and the work done.
    """
    system, inputs, solver = run.system, run.inputs, run.solver
    code: Any = RESULTS.successful
    stats: dict[str, Any] = {}
    if not is_discrete(system):
        dtype = jnp.result_type(*jax.tree.leaves(run.template))
        times = (jnp.asarray(times[0], dtype), jnp.asarray(times[1], dtype))
    if kind(system) == "flow" and isinstance(solver, AbstractFixedStep | AbstractAdaptive):
        loop = _flow.prepared(system, inputs, run.template, times[0][0], solver.layout)  # type: ignore[arg-type]
        if isinstance(solver, AbstractFixedStep):
            state, ys = _flow.fixed(loop, solver, run.state, times, count)
        else:
            state, ys = _flow.adaptive(loop, solver, run.state, times)
            code = state.code
            stats = {"steps": state.accepted, "rejected": state.rejected, "smallest_step": state.smallest}
        return eqx.tree_at(lambda r: r.state, run, state), ys, code, stats
    ts = jnp.concatenate([times[0][:1], times[1]])
    match solver:
        case None:
            state, ys = _map.iterate(system, inputs, run.state, ts, key=run.key, stride=count)  # type: ignore[arg-type]
        case AbstractFixedStep():
            state, ys = _delay.delayed(system, inputs, run.template, run.state, ts, solver=solver)  # type: ignore[arg-type]
        case EulerMaruyama() | EulerHeun():
            y, first = run.state
            y, step, ys = _noisy.diffuse(system, inputs, y, ts, key=run.key, solver=solver, first=first)  # type: ignore[arg-type]
            state = (y, step)
        case LocatedEvents() | GridEvents():
            rule = _hybrid.ruled(system, inputs, run.template)  # type: ignore[arg-type]
            move: Any = _hybrid.located if isinstance(solver, LocatedEvents) else _hybrid.gridded
            state, ys = move(rule, solver, run.state, ts)
            code = state.code
        case _:
            ys, code, stats = _through_diffrax.solved(system, inputs, run.state, ts, key=run.key, solver=solver)
            state = jax.tree.map(lambda leaf: leaf[-1], ys)
    return eqx.tree_at(lambda r: r.state, run, state), ys, code, stats


def integrate(
    system: AbstractSystem,
    y0: State,
    ts: Times,
    *,
    inputs: Any = None,
    key: Key | None = None,
    solver: AbstractSolver | None = None,
    steps: int | None = None,
) -> Trajectory:
    """The trajectory as a pure, traceable function: one compiled program, no printing, no exceptions at run time.

    Args:
        system: Any system.
        y0: Initial state, a tree like `system.initial_state()`.
        ts: Output times, increasing; the first is the time of `y0`.
        inputs: Input signal of a driven system.
        key: Random key of a noisy system.
        solver: A solver of this library; None only for maps.
        steps: Static number of solver steps (maps: iterations) per output interval. With it a fixed-step run is
            a plain scan, through which reverse-mode differentiation works.

    Returns:
        A `Trajectory` of fixed shape: `count` good entries, NaN after a failure, and the result code.
    """
    inputs = as_input(inputs, channels=system.input_size())
    check_solver(system, solver)
    size = memory(system, solver)
    run = begin(system, y0, ts[0], inputs=inputs, key=key, solver=solver, size=size)
    ts = jnp.asarray(ts)
    run, saved, code, stats = advance(run, (ts[:-1], ts[1:]), steps)
    ys = tightened(run.template, saved)
    ys = jax.tree.map(lambda first, rest: jnp.concatenate([first[None], rest]), run.template, ys)
    leaves = [jnp.reshape(leaf, (leaf.shape[0], -1)) for leaf in jax.tree.leaves(ys)]
    finite = jnp.all(jnp.stack([jnp.all(jnp.isfinite(leaf), axis=1) for leaf in leaves]), axis=0)
    count = jnp.where(jnp.all(finite), finite.size, jnp.argmin(finite))
    failed = RESULTS.where(jnp.all(finite), RESULTS.successful, RESULTS.nonfinite)
    result = RESULTS.where(code == RESULTS.successful, failed, code)
    return labelled(system, ts, ys, result=result, count=count, stats=stats, events=events_of(run))


def events_of(run: Run) -> Events | None:
    """The list of events of a hybrid run, else None."""
    if not isinstance(run.state, _hybrid.Running):
        return None
    return Events(run.state.times, run.state.surfaces, run.state.count)


def labelled(
    system: AbstractSystem,
    ts: Any,
    ys: State,
    *,
    result: Any,
    count: Any,
    stats: dict[str, Any],
    events: Events | None,
) -> Trajectory:
    """A trajectory with the names and units of `system`."""
    size = sum(math.prod(leaf.shape[1:]) for leaf in jax.tree.leaves(ys))
    seen = state_variables(system, size=size)
    periods = tuple(float(v.period) if v.topology == "circle" else math.inf for v in seen)
    return Trajectory(
        ts,
        ys,
        result,
        count,
        events,
        stats,
        names=tuple(v.name for v in seen),
        units=tuple(v.unit for v in seen),
        time_unit=system.time_unit,
        periods=periods if min(periods, default=math.inf) < math.inf else (),
    )


def check_solver(system: AbstractSystem, solver: Any) -> None:
    """Refuse a solver that does not fit the kind of `system`."""
    found = kind(system)
    accepted = ACCEPTED[found]
    if isinstance(solver, type):
        raise InputError(
            f"`{solver.__name__}` is a class of solvers, not a solver. Build one: `{solver.__name__}(...)`."
        )
    if not accepted and solver is not None:
        raise InputError(f"A {found} needs no solver, got `{type(solver).__name__}`. Leave `solver` out.")
    if accepted and not isinstance(solver, accepted):
        names = {"flow": "`RK4(dt)`, `Tsit5()`, `Dop853()`, `Kvaerno5()` or `Diffrax(...)`"} | {
            "sde": "`EulerMaruyama(dt)` (Ito), `EulerHeun(dt)` (Stratonovich) or `Diffrax(...)`",
            "hybrid": "`LocatedEvents(RK4(dt))` or `GridEvents(RK4(dt))`",
            "delay flow": "a fixed-step method such as `RK4(dt)`",
        }
        raise InputError(
            f"`{type(solver).__name__}` cannot step `{type(system).__name__}`, which is a {found}. Use {names[found]}."
        )
    if isinstance(solver, EulerMaruyama | EulerHeun) and solver.interpretation != system.interpretation:  # type: ignore[attr-defined]
        raise InputError(
            f"`{type(solver).__name__}` is for {solver.interpretation} noise, but `{type(system).__name__}` declares "
            f"{system.interpretation}. Use the other one of `EulerMaruyama` and `EulerHeun`."  # type: ignore[attr-defined]
        )
