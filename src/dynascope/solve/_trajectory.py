"""The host floor of time: `trajectory` checks its input, runs jitted chunks, shows progress and keeps what is done."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jax.flatten_util import ravel_pytree

from .._compile import compiled
from .._errors import RESULTS, InputError, raise_if_failed
from .._tree import is_traced
from .._types import ArrayLike, Key, State
from ..series import Trajectory
from ..systems import AbstractNoisy, AbstractRandomMap, AbstractSystem, driving, is_discrete, kind
from ._defaults import default_solver
from ._integrate import advance, begin, check_solver, events_of, integrate, labelled, memory
from ._layout import loosened, tightened
from ._progress import Progress
from ._solvers import AbstractFixedStep, AbstractSolver, Diffrax, Kvaerno5

#: Numbers of outputs stored by one chunk, so that a long run has bounded device memory.
_CHUNK = 2_000_000
#: Chunks of a run that shows progress or has more outputs than `_LONG`, so that it can be interrupted soon.
_TICKS, _LONG = 100, 200_000

#: Numbers moved by the steps of one chunk, so that an interrupt from the keyboard is heard within a second or so.
_WORK = 100_000_000

_begin = compiled(begin)
_advance = compiled(advance)


def trajectory(
    system: AbstractSystem,
    y0: State | Callable[[Any], State] | None,
    ts: ArrayLike | Sequence[float],
    *,
    inputs: Any = None,
    key: Key | None = None,
    solver: AbstractSolver | None = None,
    throw: bool = True,
    progress: bool = False,
) -> Trajectory:
    """Evolve a system in time.

    Args:
        system: Any system; its kind decides how time is stepped.
        y0: Initial state, None for `system.initial_state()`; for delay flows also a function `y0(t)` of the past.
        ts: Output times, increasing, shape `(time,)`; the first is the time of `y0`. Integers for maps.
        inputs: Input signal (`AbstractInput`, number or array); None means zero input.
        key: Random key; required for systems with noise.
        solver: How to step; None takes `Tsit5()` for flows, `EulerMaruyama` or `EulerHeun`, `LocatedEvents(RK4)` and
            `RK4` for noisy, hybrid and delay flows at the system's typical step.
        throw: Raise `ComputationFailed` when the end is not reached. With False the trajectory holds the times
            reached and the code says why it stopped.
        progress: Show a progress bar on standard error.

    Returns:
        A `Trajectory`. An interrupt from the keyboard returns what is done, with code `RESULTS.interrupted`.

    Raises:
        InputError: For times, states, inputs, keys or solvers that do not fit the system.
        ComputationFailed: With the sentence of the result code, if `throw`.

    Example:
        >>> import dynascope as ds, jax.numpy as jnp
        >>> oscillator = ds.flow(lambda t, y, p: jnp.stack([y[1], -y[0]]), [1.0, 0.0])
        >>> run = ds.trajectory(oscillator, None, jnp.linspace(0.0, jnp.pi, 11))
        >>> bool(abs(run.ys[-1, 0] + 1) < 1e-7)
        True
    """
    kind(system)  # refuses what is no system, and combinations that no solver supports
    y0 = system.initial_state() if y0 is None else y0
    if not callable(y0):
        y0 = checked_state(system, y0)
    elif kind(system) != "delay flow":
        raise InputError(
            f"`y0` is a function, but `{type(system).__name__}` has no memory: it is a {kind(system)}. Give one state."
        )
    inputs = driving(system, inputs)
    if isinstance(system, AbstractNoisy | AbstractRandomMap) and key is None:
        raise InputError(
            f"`{type(system).__name__}` is noisy and needs a random key. Pass `key=jax.random.key(0)` or another seed."
        )
    chosen = solver if solver is not None else default_solver(system)
    check_solver(system, chosen)
    times: Any = ts if is_traced(ts) else checked_times(system, ts)
    if is_traced(system, y0, ts, inputs, key, solver):
        count = None if is_traced(ts, chosen) else _count(system, chosen, np.asarray(times))
        return integrate(system, y0, jnp.asarray(times), inputs=inputs, key=key, solver=chosen, steps=count)
    run = _driven_by_host(system, y0, times, inputs, key, chosen, progress)
    if throw and run.result != RESULTS.interrupted:
        raise_if_failed(run.result, what=f"`trajectory` of `{type(system).__name__}`")
    return run


def _driven_by_host(
    system: AbstractSystem, y0: Any, times: np.ndarray, inputs: Any, key: Any, solver: Any, progress: bool
) -> Trajectory:
    """Advance chunk by chunk, collecting the states on the host."""
    size = memory(system, solver)
    plain = kind(system) == "flow" and isinstance(solver, AbstractFixedStep)
    # There is nothing to compute before the first step of such a run, so nothing to compile.
    run = (begin if plain else _begin)(system, y0, times[0], inputs=inputs, key=key, solver=solver, size=size)
    width = sum(int(np.size(leaf)) for leaf in jax.tree.leaves(run.template))
    intervals = len(times) - 1
    count = _count(system, solver, times)
    length = max(1, min(intervals, _CHUNK // max(1, width), _WORK // max(1, width * (count or 1))))
    if progress or intervals > _LONG:
        length = max(1, min(length, -(-intervals // _TICKS)))
    if isinstance(solver, Diffrax | Kvaerno5):
        length = max(1, intervals)  # its step-size memory cannot be carried from chunk to chunk
    parts = [jax.tree.map(lambda leaf: np.asarray(leaf)[None], run.template)]
    code: Any = RESULTS.successful
    stats: dict[str, Any] = {}
    with Progress(intervals, f"trajectory of {type(system).__name__}", show=progress) as bar:
        try:
            for start in range(0, intervals, length):
                chunk = times[start : start + length + 1]
                if plain:
                    run = eqx.tree_at(lambda r: r.state, run, loosened(tightened(run.template, run.state)))
                run, saved, code, stats = _advance(run, (chunk[:-1], chunk[1:]), count)
                parts.append(tightened(run.template, jax.tree.map(np.asarray, saved)))
                bar.advance(len(chunk) - 1)
                if code != RESULTS.successful or _finite(parts[-1]) < len(chunk) - 1:
                    break
        except KeyboardInterrupt:
            code = RESULTS.interrupted
    ys = jax.tree.map(lambda *leaves: np.concatenate(leaves), *parts)
    reached = jax.tree.leaves(ys)[0].shape[0]
    good = _finite(ys)
    if good < reached and code == RESULTS.successful:
        code = RESULTS.nonfinite
    ys = jax.tree.map(lambda leaf: leaf[:good], ys)
    return labelled(system, times[:good], ys, result=code, count=good, stats=stats, events=events_of(run))


def _finite(tree: Any) -> int:
    """Number of entries before the first that is not finite."""
    leaves = [leaf.reshape(leaf.shape[0], -1) for leaf in jax.tree.leaves(tree)]
    finite = np.logical_and.reduce([np.isfinite(leaf).all(axis=1) for leaf in leaves])
    return finite.size if finite.all() else int(np.argmin(finite))


def _even_spacing(times: np.ndarray) -> float | None:
    gaps = np.diff(times)
    if gaps.size and np.ptp(gaps) <= 1e-9 * np.max(np.abs(gaps)) + 4 * np.spacing(np.max(np.abs(times))):
        return float(np.mean(gaps))
    return None


def _count(system: AbstractSystem, solver: Any, times: np.ndarray) -> int | None:
    """Steps per output interval where they are the same for all: then the loops are plain scans."""
    spacing = _even_spacing(times)
    if spacing is None:
        return None
    if is_discrete(system):
        return round(spacing)
    if isinstance(solver, AbstractFixedStep) and kind(system) == "flow":
        return max(1, int(np.ceil(spacing / float(solver.dt) - 1e-6)))
    return None


def checked_times(system: AbstractSystem, ts: Any) -> np.ndarray:
    """`ts` as a NumPy array, or an error: it must be one-dimensional, finite and increasing, whole for maps."""
    times = np.asarray(ts)
    if times.ndim != 1 or times.size < 1:
        raise InputError(f"`ts` must be a one-dimensional array of times, got shape {times.shape}.")
    if not np.issubdtype(times.dtype, np.number) or np.iscomplexobj(times):
        raise InputError(f"`ts` must hold real numbers, got type {times.dtype}.")
    if not np.all(np.isfinite(times)):
        raise InputError(f"`ts` must be finite, got {times[~np.isfinite(times)][0]} in it.")
    if np.any(np.diff(times) <= 0):
        i = int(np.argmax(np.diff(times) <= 0))
        raise InputError(f"`ts` must increase, but `ts[{i + 1}] = {times[i + 1]}` follows `ts[{i}] = {times[i]}`.")
    if is_discrete(system):
        whole = np.round(times)
        if np.any(whole != times):
            raise InputError(
                f"`{type(system).__name__}` is a map: `ts` must be whole step numbers, got {times[whole != times][0]}. "
                "Use `jnp.arange(steps)`."
            )
        return whole.astype(np.int64)
    return times.astype(np.float64)


def checked_state(system: AbstractSystem, y0: Any) -> Any:
    """`y0` in the structure of `initial_state()`; a plain sequence of numbers fills a state of that size."""
    template = system.initial_state()
    wanted = jax.tree.structure(template)
    if jax.tree.structure(y0) != wanted:
        flat, unravel = ravel_pytree(template)
        try:
            values = jnp.asarray(y0, flat.dtype)
        except (TypeError, ValueError):
            values = None
        if values is None or values.shape != (flat.size,):
            raise InputError(
                f"The state of `{type(system).__name__}` has the structure {wanted}; got {jax.tree.structure(y0)}. "
                f"Give a state of that structure or a sequence of {flat.size} numbers."
            )
        y0 = unravel(values)
    for leaf, like in zip(jax.tree.leaves(y0), jax.tree.leaves(template), strict=True):
        if jnp.shape(leaf) != jnp.shape(like):
            raise InputError(
                f"The initial state of `{type(system).__name__}` must have shape {jnp.shape(like)}, "
                f"got {jnp.shape(leaf)}."
            )
        if jnp.iscomplexobj(leaf) and not jnp.iscomplexobj(like):
            raise InputError(f"The state of `{type(system).__name__}` is real, got complex numbers for `y0`.")
        if not isinstance(leaf, Tracer) and not np.all(np.isfinite(np.asarray(leaf))):
            raise InputError(f"The initial state must be finite, got {np.asarray(leaf)}.")
    return jax.tree.map(lambda leaf, like: jnp.asarray(leaf, like.dtype), y0, template)
