"""Frames of tangent vectors carried along an orbit and orthonormalised: unrolled when small, by LAPACK when large."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from .._as_map import Stepped

#: Largest dimension whose frame is unrolled: a LAPACK call on a 3 x 3 matrix costs more than the step itself.
_UNROLLED = 8
#: Lengths below this count as exactly zero.
_NOTHING = 1e-290


class Frame(NamedTuple):
    """How one system's frame is moved; the state is `(carry, vectors)`.

    Attributes:
        dimension: Size of the flattened state.
        start: `start(k)`: the state with `k` orthonormal vectors.
        step: `step(i, carry)`: the orbit alone.
        push: `push(i, state)`: orbit and vectors.
        orthonormal: `orthonormal(vectors) -> (vectors, log lengths)`.
        no_growth: Logarithms of a frame that has not moved.
        stacked: Logarithms of all blocks as one array `(blocks, k)`.
    """

    dimension: int
    start: Callable[[int], Any]
    step: Callable[[Any, Any], Any]
    push: Callable[[Any, Any], Any]
    orthonormal: Callable[[Any], Any]
    no_growth: Callable[[Any], Any]
    stacked: Callable[[Any], Any]


def frame_for(stepped: Stepped) -> Frame:
    """The frame of a system: unrolled vectors up to dimension 8, one array `(d, k)` beyond."""
    packed = stepped.packing()
    step = stepped.stepper(packed)
    flat, _ = ravel_pytree(stepped.template)
    d = flat.size
    return _unrolled(step, packed, stepped, d) if d <= _UNROLLED else _blocked(step, packed, stepped, d)


def _unrolled(step: Any, packed: Any, stepped: Stepped, d: int) -> Frame:
    def start(k: int) -> Any:
        flat, unravel = ravel_pytree(stepped.template)
        eye = jnp.eye(d, dtype=flat.dtype)
        return packed.pack(stepped.template), tuple(packed.pack(unravel(eye[i])) for i in range(k))

    def push(i: Any, state: Any) -> Any:
        y, vectors = state
        y1, linear = jax.linearize(lambda c: step(i, c), y)
        return y1, tuple(linear(v) for v in vectors)

    return Frame(
        dimension=d,
        start=start,
        step=step,
        push=push,
        orthonormal=gram_schmidt,
        no_growth=lambda vectors: tuple(jnp.zeros_like(_dot(v, v)) for v in vectors),
        stacked=lambda logs: jnp.stack(logs, axis=-1),
    )


def _dot(a: Any, b: Any) -> Any:
    return sum(jnp.sum(x * y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def gram_schmidt(vectors: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Modified Gram-Schmidt, unrolled. A vector of no length stays nil and counts as a logarithm of -inf."""
    done: list[Any] = []
    logs: list[Any] = []
    for v in vectors:
        for q in done:
            overlap = _dot(q, v)
            v = jax.tree.map(lambda a, b, c=overlap: a - c * b, v, q)
        length = jnp.sqrt(_dot(v, v))
        gone = length < _NOTHING
        inverse = 1 / jnp.where(gone, 1.0, length)
        done.append(jax.tree.map(lambda a, s=inverse: s * a, v))
        logs.append(jnp.where(gone, -jnp.inf, jnp.log(jnp.where(gone, 1.0, length))))
    return tuple(done), tuple(logs)


def _blocked(step: Any, packed: Any, stepped: Stepped, d: int) -> Frame:
    def start(k: int) -> Any:
        flat, _ = ravel_pytree(stepped.template)
        # A random frame: coordinate vectors can lie in invariant subspaces of structured networks.
        frame = jax.random.normal(jax.random.key(0), (d, k), flat.dtype)
        return packed.pack(stepped.template), jnp.linalg.qr(frame)[0]

    def push(i: Any, state: Any) -> Any:
        y, q = state
        y1, linear = jax.linearize(lambda c: step(i, c), y)
        return y1, jax.vmap(linear, in_axes=1, out_axes=1)(q)

    def orthonormal(q: Any) -> Any:
        q, r = jnp.linalg.qr(q)
        length = jnp.abs(jnp.diagonal(r))
        gone = length < _NOTHING
        return q, jnp.where(gone, -jnp.inf, jnp.log(jnp.where(gone, 1.0, length)))

    return Frame(
        dimension=d,
        start=start,
        step=step,
        push=push,
        orthonormal=orthonormal,
        no_growth=lambda q: jnp.zeros(q.shape[1], q.dtype),
        stacked=lambda logs: logs,
    )
