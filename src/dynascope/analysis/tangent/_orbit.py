"""Orbits with tangent vectors: how they are prepared, moved and factorised, for every analysis of this package."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._config import one_blas_thread
from ..._errors import InputError
from ..._types import Key, State
from ...systems import AbstractSystem, kind
from .._as_map import Stepped
from .._blocks import block_error

#: Largest dimension whose vectors are unrolled: a LAPACK call on a 3 x 3 matrix costs more than the step itself.
_UNROLLED = 8
#: Largest growth of the condition of the frame, and of a vector, between two factorisations, as logarithms.
_LOG_CONDITION, _LOG_LENGTH = 10.0, 200.0
#: Longest interval between factorisations, and steps of the pilot that chooses it.
_LONGEST, _PILOT = 50, 64
#: Blocks of an error.
_BLOCKS = 64
#: Steps left out when no transient is given; maps need fewer, their steps are long.
_TRANSIENT, _TRANSIENT_MAP = 20_000, 2_000


class Tangent(NamedTuple):
    """How the tangent vectors of one system are moved; the state of a run is `(carry, vectors)`.

    Attributes:
        dimension: Size of the flattened state.
        start: `start(y, columns)`: the run at the state `y` with vectors of shape `(dimension, k)`.
        step: `step(i, carry)`: the orbit alone.
        push: `push(i, run)`: orbit and vectors.
        factored: `factored(vectors) -> (vectors, R)`: orthonormal vectors and the upper triangular factor, whose
            diagonal is not negative.
        columns: Vectors as one array `(dimension, k)`.
        place: The flattened state of a carry.
    """

    dimension: int
    start: Callable[[State, Any], Any]
    step: Callable[[Any, Any], Any]
    push: Callable[[Any, Any], Any]
    factored: Callable[[Any], tuple[Any, Any]]
    columns: Callable[[Any], Any]
    place: Callable[[Any], Any]


def tangent_of(stepped: Stepped) -> Tangent:
    """Separate vectors up to dimension 8, one array `(d, k)` beyond."""
    packed = stepped.packing()
    step = stepped.stepper(packed)
    _, unravel = ravel_pytree(packed.pack(stepped.template))
    d = ravel_pytree(stepped.template)[0].size
    small = d <= _UNROLLED

    def push(i: Any, run: Any) -> Any:
        y, vectors = run
        y1, linear = jax.linearize(lambda c: step(i, c), y)
        if small:
            return y1, tuple(linear(v) for v in vectors)
        return y1, jax.vmap(linear, in_axes=1, out_axes=1)(vectors)

    def start(y: State, columns: Any) -> Any:
        carry = packed.pack(y)
        return carry, tuple(unravel(v) for v in columns.T) if small else columns

    return Tangent(
        dimension=d,
        start=start,
        step=step,
        push=push,
        factored=_gram_schmidt if small else _qr,
        columns=lambda v: jnp.stack([ravel_pytree(x)[0] for x in v], axis=1) if small else v,
        place=lambda carry: ravel_pytree(carry)[0],
    )


def _dot(a: Any, b: Any) -> Any:
    return sum(jnp.sum(x * y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def _gram_schmidt(vectors: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
    """Modified Gram-Schmidt, unrolled; a vector of no length stays nil."""
    done: list[Any] = []
    zero = jnp.zeros_like(_dot(vectors[0], vectors[0]))
    columns = []
    for v in vectors:
        column = []
        for q in done:
            overlap = _dot(q, v)
            v = jax.tree.map(lambda a, b, c=overlap: a - c * b, v, q)
            column.append(overlap)
        length = jnp.sqrt(_dot(v, v))
        inverse = jnp.where(length > 0, 1 / jnp.where(length > 0, length, 1.0), 0.0)
        done.append(jax.tree.map(lambda a, s=inverse: s * a, v))
        columns.append([*column, length, *[zero] * (len(vectors) - len(column) - 1)])
    return tuple(done), jnp.stack([jnp.stack(column) for column in columns], axis=1)


def _qr(vectors: Any) -> tuple[Any, Any]:
    q, r = jnp.linalg.qr(vectors)
    sign = jnp.where(jnp.diagonal(r) < 0, -1.0, 1.0)
    return q * sign, r * sign[:, None]


def factor_matrix(q: Any) -> tuple[Any, Any]:
    """QR factorisation of an array `(d, k)` by the method for its size."""
    if q.shape[0] > _UNROLLED:
        return _qr(q)
    vectors, r = _gram_schmidt(tuple(q.T))
    return jnp.stack(vectors, axis=1), r


def logs_of(r: Any) -> Any:
    """Logarithms of the diagonal of R; `-inf` for a direction that is wiped out."""
    return jnp.log(jnp.diagonal(r, axis1=-2, axis2=-1))


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


def random_frames(key: Key, dimension: int, k: int) -> jax.Array:
    """Orthonormal vectors in random directions: coordinate directions can lie in invariant subspaces."""
    return jnp.linalg.qr(jax.random.normal(key, (dimension, k), float))[0]


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
        every = _interval(np.asarray(_pilot(stepped, runs, at)))
        if transient // 2:
            runs, at, _ = grown(stepped, runs, at, jnp.asarray(every), jnp.asarray(transient // 2), windows=1)
    return runs, at, every


def _interval(logs: np.ndarray) -> int:
    """From the growth of each vector in each step, shape `(run, step, k)`."""
    finite = logs[np.isfinite(logs).all(axis=-1)]
    if not finite.size:
        return 1
    spread = float(np.max(finite.max(axis=-1) - finite.min(axis=-1), initial=0.0))
    length = float(np.max(np.abs(finite), initial=0.0))
    return int(np.clip(min(_LOG_CONDITION / max(spread, 1e-9), _LOG_LENGTH / max(length, 1e-9)), 1, _LONGEST))


def _each(one: Callable[..., Any], *many: Any) -> Any:
    """`one` for every run; a single run goes without `vmap`, which turns the histories of delay flows into scatters."""
    if jax.tree.leaves(many)[0].shape[0] > 1:
        return jax.vmap(one)(*many)
    alone = one(*jax.tree.map(lambda leaf: leaf[0], many))
    return jax.tree.map(lambda leaf: jnp.asarray(leaf)[None], alone)


@eqx.filter_jit
def _begun(stepped: Stepped, starts: Any, frames: Any, steps: Any) -> Any:
    tangent = tangent_of(stepped)

    def one(y: Any, frame: Any) -> Any:
        carry, vectors = tangent.start(y, frame)
        return jax.lax.fori_loop(0, steps, tangent.step, carry), vectors

    return _each(one, starts, frames)


@eqx.filter_jit
def _pilot(stepped: Stepped, runs: Any, first: Any) -> Any:
    tangent = tangent_of(stepped)

    def one(run: Any) -> Any:
        def moved(run: Any, i: Any) -> Any:
            carry, vectors = tangent.push(i, run)
            vectors, r = tangent.factored(vectors)
            return (carry, vectors), logs_of(r)

        return jax.lax.scan(moved, run, first + jnp.arange(_PILOT))[1]

    return _each(one, runs)


@eqx.filter_jit
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
