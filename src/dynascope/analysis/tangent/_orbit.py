"""Orbits with tangent vectors: how they are prepared, moved and factorised, for every analysis of this package."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ..._config import one_blas_thread
from ..._errors import InputError
from ..._types import State
from ...systems import AbstractSystem, kind
from .._as_map import Stepped
from .._blocks import block_error
from .._frames import interval_of, logs_of, tangent_of

#: Steps of the pilot that chooses the interval between factorisations.
_PILOT = 64
#: Blocks of an error.
_BLOCKS = 64
#: Steps left out when no transient is given; maps need fewer, their steps are long.
_TRANSIENT, _TRANSIENT_MAP = 20_000, 2_000


def transient_steps(system: AbstractSystem, stepped: Stepped, transient: float | None) -> int:
    """Steps left out; None takes 20,000 solver steps (maps 2,000)."""
    if transient is None:
        return (_TRANSIENT_MAP if kind(system) in ("map", "random map") else _TRANSIENT) // stepped.work
    return steps_of(transient, stepped, "transient", least=0)


def steps_of(time: float, stepped: Stepped, name: str, *, least: int = 1) -> int:
    """A time as a number of steps.

    Raises:
        InputError: If it is not finite or shorter than `least` steps.
    """
    if not math.isfinite(time) or time < 0 or round(time / float(stepped.dt)) < least:
        raise InputError(
            f"`{name}` must be a finite time of at least {least * float(stepped.dt):g} (steps last "
            f"{float(stepped.dt):g}), got {time}."
        )
    return round(time / float(stepped.dt))


def checked_count(value: int, name: str, *, least: int, most: int | None = None) -> int:
    """A whole number within its limits.

    Raises:
        InputError: If it lies outside.
    """
    if int(value) != value or value < least or (most is not None and value > most):
        upper = "" if most is None else f" and at most {most}"
        raise InputError(f"`{name}` must be a whole number of at least {least}{upper}, got {value}.")
    return int(value)


def rate_error(rates: np.ndarray) -> np.ndarray:
    """Standard error of the mean of growth rates of short stretches of one orbit, shape `(stretch, k)`.

    Stretches are joined to 64 first: growth swings within a turn of the orbit, and these swings cancel.
    """
    group = max(1, len(rates) // _BLOCKS)
    whole = len(rates) // group * group
    return block_error(rates[:whole].reshape(-1, group, rates.shape[1]).mean(axis=1))


def settled(stepped: Stepped, starts: Any, frames: Any, *, transient: int) -> tuple[Any, Any, int]:
    """Runs after their transient, through whose second half the vectors have turned with the orbit.

    Args:
        stepped: The system as a map.
        starts: States with a leading axis.
        frames: Orthonormal vectors, shape `(start, dimension, k)`.
        transient: Steps.

    Returns:
        The runs, the number of the next step, and the interval between factorisations that keeps the growth of
        condition below e^10.
    """
    with one_blas_thread():
        first = transient - transient // 2
        runs = _begun(stepped, starts, frames, jnp.asarray(first))
        at = jnp.asarray(first)
        every = interval_of(np.asarray(_pilot(stepped, runs, at)))
        if transient // 2:
            runs, at, _ = grown(stepped, runs, at, jnp.asarray(every), jnp.asarray(transient // 2), windows=1)
    return runs, at, every


def _each(one: Callable[..., Any], *many: Any) -> Any:
    """`one` for every run; a single run goes without `vmap`, which turns the histories of delay flows into scatters."""
    if jax.tree.leaves(many)[0].shape[0] > 1:
        return jax.vmap(one)(*many)
    alone = one(*jax.tree.map(lambda leaf: leaf[0], many))
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], alone)


@compiled
def _begun(stepped: Stepped, starts: Any, frames: Any, steps: Any) -> Any:
    tangent = tangent_of(stepped)

    def one(y: Any, frame: Any) -> Any:
        carry, vectors = tangent.start(y, frame)
        return jax.lax.fori_loop(0, steps, tangent.step, carry), vectors

    return _each(one, starts, frames)


@compiled
def _pilot(stepped: Stepped, runs: Any, first: Any) -> Any:
    tangent = tangent_of(stepped)

    def one(run: Any) -> Any:
        def moved(run: Any, i: Any) -> Any:
            carry, vectors = tangent.push(i, run)
            vectors, r = tangent.factored(vectors)
            return (carry, vectors), logs_of(r)

        return jax.lax.scan(moved, run, first + jnp.arange(_PILOT))[1]

    return _each(one, runs)


@compiled
def grown(stepped: Stepped, runs: Any, first: Any, every: Any, steps: Any, *, windows: int) -> tuple[Any, Any, Any]:
    """Advance all runs by `windows` windows of `steps` steps; growth per window, shape `(run, window, k)`."""
    tangent = tangent_of(stepped)

    def one(run: Any) -> Any:
        def window(carry: Any, _: Any) -> Any:
            run, i = carry
            end = i + steps

            def interval(c: Any) -> Any:
                run, i, logs = c
                some = jnp.minimum(every, end - i)
                y, vectors = jax.lax.fori_loop(0, some, lambda m, s: tangent.push(i + m, s), run)
                vectors, r = tangent.factored(vectors)
                return (y, vectors), i + some, logs + logs_of(r)

            k = len(run[1]) if isinstance(run[1], tuple) else run[1].shape[1]
            run, i, logs = jax.lax.while_loop(lambda c: c[1] < end, interval, (run, i, jnp.zeros(k)))
            return (run, i), logs

        (run, last), logs = jax.lax.scan(window, (run, first), None, length=windows)
        return run, last, logs

    runs, last, logs = _each(one, runs)
    return runs, last[0], logs


def alive(runs: Any) -> np.ndarray:
    """Which runs are finite, shape `(run,)`."""
    leaves = [np.asarray(leaf) for leaf in jax.tree.leaves(runs[0])]
    return np.all([np.isfinite(leaf).reshape(len(leaf), -1).all(axis=1) for leaf in leaves], axis=0)


def stacked(state: State, count: int = 1) -> Any:
    """A state repeated along a new leading axis."""
    return jax.tree.map(lambda leaf: jnp.broadcast_to(jnp.asarray(leaf), (count, *jnp.shape(leaf))), state)
