"""Frames of tangent vectors carried along an orbit and factorised: unrolled when small, by LAPACK when large."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial, reduce
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from .._types import Key, State
from ._as_map import Stepped

#: Largest dimension whose vectors are unrolled: a LAPACK call on a 3 x 3 matrix costs more than the step itself.
UNROLLED = 8
#: The parts of a number of 64 bit: those of its mantissa, the exponent of 1, and 1 itself.
_BITS, _BIAS = 52, 1023
_MANTISSA, _ONE = (1 << _BITS) - 1, _BIAS << _BITS
#: Fewest vectors for which the Cholesky factorisation pays, and for which half of their products are left out.
_FEW, _HALVED = 16, 256
#: Largest condition numbers with which it is used once and twice, and iterations of their estimate.
_CONDITIONS, _ITERATIONS = (1e5, 1e7), 3
#: Lengths below this count as exactly zero.
_NOTHING = 1e-290
#: Largest growth of the condition of a frame, and of a vector, between two factorisations, as logarithms.
_LOG_CONDITION, _LOG_LENGTH = 10.0, 200.0
#: Longest interval between factorisations, in steps.
LONGEST = 50


class Tangent(NamedTuple):
    """How the tangent vectors of one system are moved; the state of a run is `(carry, vectors)`.

    Attributes:
        dimension: Size of the flattened state.
        start: `start(y, columns)`: the run at the state `y` with vectors of shape `(dimension, k)`.
        step: `step(i, carry)`: the orbit alone.
        push: `push(i, run)`: orbit and vectors.
        factored: `factored(vectors) -> (vectors, R)`: orthonormal vectors and the upper triangular factor, whose
            diagonal is not negative.
        orthonormal: `orthonormal(vectors) -> (vectors, lengths)`, for products along an orbit; the lengths are separate
            numbers for small systems, and the vectors of large ones may be orthonormal to 1e-6 only, which leaves
            these products as they are. Not for `vmap`.
        columns: Vectors as one array `(dimension, k)`.
        place: The flattened state of a carry.
    """

    dimension: int
    start: Callable[[State, Any], Any]
    step: Callable[[Any, Any], Any]
    push: Callable[[Any, Any], Any]
    factored: Callable[[Any], tuple[Any, Any]]
    orthonormal: Callable[[Any], tuple[Any, Any]]
    columns: Callable[[Any], Any]
    place: Callable[[Any], Any]

    def no_growth(self, vectors: Any) -> Any:
        """The growth of a frame that has not moved, to be multiplied by lengths with `grown`."""
        shapes = jax.tree.leaves(jax.eval_shape(self.orthonormal, vectors)[1])
        return tuple(Growth(jnp.ones(leaf.shape, leaf.dtype), jnp.zeros(leaf.shape, jnp.int64)) for leaf in shapes)


class Growth(NamedTuple):
    """A product of many lengths, `mantissa * 2^exponent` with a mantissa in [1, 2), or 0 for good."""

    mantissa: Any
    exponent: Any

    def grown(self, length: Any) -> Growth:
        """The product with one more length: a few operations on bits, where a logarithm takes tens."""
        product = self.mantissa * length
        bits = jax.lax.bitcast_convert_type(product, jnp.int64)
        mantissa = jax.lax.bitcast_convert_type((bits & _MANTISSA) | _ONE, product.dtype)
        return Growth(jnp.where(product > 0, mantissa, 0.0), self.exponent + ((bits >> _BITS) - _BIAS))

    def log(self) -> Any:
        """Its natural logarithm, -inf for nil."""
        return _log(self.mantissa) + self.exponent * math.log(2)


def grown(total: tuple[Growth, ...], lengths: Any) -> tuple[Growth, ...]:
    """Growth of all vectors by one more factorisation."""
    return tuple(g.grown(length) for g, length in zip(total, jax.tree.leaves(lengths), strict=True))


def log_growth(total: tuple[Growth, ...]) -> Any:
    """Logarithms of all, along the last axis."""
    return (
        total[0].log() if len(total) == 1 and total[0].mantissa.ndim else jnp.stack([g.log() for g in total], axis=-1)
    )


def tangent_of(stepped: Stepped) -> Tangent:
    """Separate vectors up to dimension 8, one array `(d, k)` beyond."""
    packed = stepped.packing()
    step = stepped.stepper(packed)
    _, unravel = ravel_pytree(packed.pack(stepped.template))
    small = stepped.dimension <= UNROLLED

    def push(i: Any, run: Any) -> Any:
        y, vectors = run
        y1, linear = jax.linearize(lambda c: step(i, c), y)
        if small:
            return y1, tuple(linear(v) for v in vectors)
        return y1, jax.vmap(linear, in_axes=1, out_axes=1)(vectors)

    def start(y: State, columns: Any) -> Any:
        return packed.pack(y), tuple(unravel(v) for v in columns.T) if small else columns

    return Tangent(
        dimension=stepped.dimension,
        start=start,
        step=step,
        push=push,
        factored=_small_factored if small else _factored,
        orthonormal=orthonormal_few if small else orthonormal_many,
        columns=lambda v: jnp.stack([ravel_pytree(x)[0] for x in v], axis=1) if small else v,
        place=lambda carry: ravel_pytree(carry)[0],
    )


def _dot(a: Any, b: Any) -> Any:
    return sum(jnp.sum(jnp.conj(x) * y) for x, y in zip(jax.tree.leaves(a), jax.tree.leaves(b), strict=True))


def _gram_schmidt(vectors: tuple[Any, ...]) -> tuple[tuple[Any, ...], list[list[Any]]]:
    """Modified Gram-Schmidt, unrolled, and the columns of R down to their diagonal; a vector of no length is nil."""
    done: list[Any] = []
    columns: list[list[Any]] = []
    for v in vectors:
        column = []
        for q in done:
            overlap = _dot(q, v)
            v = jax.tree.map(lambda a, b, c=overlap: a - c * b, v, q)
            column.append(overlap)
        length = jnp.sqrt(jnp.real(_dot(v, v)))
        gone = length < _NOTHING
        inverse = jnp.where(gone, 0.0, 1 / jnp.where(gone, 1.0, length))
        done.append(jax.tree.map(lambda a, s=inverse: s * a, v))
        columns.append([*column, jnp.where(gone, 0.0, length)])
    return tuple(done), columns


def _log(length: Any) -> Any:
    """Logarithms, without a derivative that is infinite where the length is nil."""
    return jnp.where(length > 0, jnp.log(jnp.where(length > 0, length, 1.0)), -jnp.inf)


def orthonormal_few(vectors: tuple[Any, ...]) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    """Orthonormal vectors and their lengths; one of no length stays nil."""
    done, columns = _gram_schmidt(vectors)
    return done, tuple(column[-1] for column in columns)


def _small_factored(vectors: tuple[Any, ...]) -> tuple[tuple[Any, ...], Any]:
    done, columns = _gram_schmidt(vectors)
    zero = jnp.zeros_like(columns[0][0])
    k = len(columns)
    return done, jnp.stack([jnp.stack([*column, *[zero] * (k - len(column))]) for column in columns], axis=1)


def _factored(vectors: Any) -> tuple[Any, Any]:
    q, r = jnp.linalg.qr(vectors)
    sign = jnp.where(jnp.diagonal(r) < 0, -1.0, 1.0)
    return q * sign, r * sign[:, None]


def orthonormal_columns(vectors: Any) -> tuple[Any, Any]:
    """An orthonormal array `(d, k)` and the lengths, nil for a direction that is wiped out."""
    q, r = jnp.linalg.qr(vectors)
    length = jnp.abs(jnp.diagonal(r))
    return q, jnp.where(length < _NOTHING, 0.0, length)


def orthonormal_many(vectors: Any) -> tuple[Any, Any]:
    r"""As `orthonormal_columns`, by Cholesky factorisations where the condition number permits.

    $V^T V = L L^T$, $Q = V L^{-T}$ is faster than Householder's method, and mostly matrix products; Q is orthonormal to
    $\kappa^2 \epsilon$, where $\kappa$ is the condition number of V with columns of unit length. One pass is enough up
    to $\kappa = 10^5$: V = Q R holds to rounding whatever Q is, and the next factorisation along an orbit finds
    in its R what Q was wrong by, so that products of lengths lose nothing. Up to $10^7$ a second pass makes Q
    orthonormal (CholeskyQR2), except on CPUs, where it does not pay; beyond, and where the factorisation breaks down,
    Householder's method takes over.

    Reference:
        Fukaya, Nakatsukasa, Yanagisawa & Yamamoto (2014), CholeskyQR2: a simple and communication-avoiding algorithm
        for computing a tall-skinny QR factorization on a large-scale parallel system, ScalA 2014, 31-38.
    """
    if vectors.shape[1] < _FEW:
        return orthonormal_columns(vectors)
    gram = _gram(vectors)
    lower = jax.lax.linalg.cholesky(gram, symmetrize_input=False)
    condition = _condition(lower / jnp.sqrt(jnp.diagonal(gram))[:, None])

    def once(v: Any) -> tuple[Any, Any]:
        return _solved(lower, v), jnp.diagonal(lower)

    def twice(v: Any) -> tuple[Any, Any]:
        q, lengths = once(v)
        again = jax.lax.linalg.cholesky(_gram(q), symmetrize_input=False)
        return _solved(again, q), lengths * jnp.diagonal(again)

    # Not a number, where the factorisation broke down, counts as beyond.
    beyond = [jnp.where(condition < limit, 0, 1) for limit in _CONDITIONS]
    second = partial(jax.lax.platform_dependent, cpu=orthonormal_columns, default=twice)
    return jax.lax.switch(sum(beyond), [once, second, orthonormal_columns], vectors)


def _solved(lower: Any, v: Any) -> Any:
    return jax.lax.linalg.triangular_solve(lower, v, left_side=False, lower=True, transpose_a=True)


def _gram(v: Any) -> Any:
    """`V^T V`, of which only one half is computed where that pays."""
    k = v.shape[1]
    if k < _HALVED:
        return v.T @ v
    a, b = v[:, : k // 2], v[:, k // 2 :]
    low = b.T @ a
    return jnp.block([[_gram(a), low.T], [low, _gram(b)]])


def _condition(lower: Any) -> Any:
    """Norm of the inverse of a triangular matrix with rows of unit length, by iteration from a fixed random vector.

    It is met from below, to within a factor of two or so. Rows have unit length, so the norm of the matrix itself adds
    little: it lies between 1 and the root of the size.
    """
    solve = partial(jax.lax.linalg.triangular_solve, lower, left_side=True, lower=True)
    x = jax.random.normal(jax.random.key(1), (lower.shape[0], 1), lower.dtype)
    norm = jnp.ones((), lower.dtype)
    for _ in range(_ITERATIONS):
        x = solve(solve(x / jnp.linalg.norm(x)), transpose_a=True)
        norm = jnp.sqrt(jnp.linalg.norm(x))
    return norm


def condition_grown(lengths: Any) -> Any:
    """Growth of the condition of a frame from the lengths of its vectors; those wiped out do not count."""
    parts = jax.tree.leaves(lengths)
    most = reduce(jnp.maximum, [jnp.max(part) for part in parts])
    least = reduce(jnp.minimum, [jnp.min(jnp.where(part > 0, part, jnp.inf)) for part in parts])
    return most / least


def factor_matrix(q: Any) -> tuple[Any, Any]:
    """QR factorisation of an array `(d, k)` by the method for its size."""
    if q.shape[0] > UNROLLED:
        return _factored(q)
    vectors, r = _small_factored(tuple(q.T))
    return jnp.stack(vectors, axis=1), r


def logs_of(r: Any) -> Any:
    """Logarithms of the diagonal of R; `-inf` for a direction that is wiped out."""
    return jnp.log(jnp.diagonal(r, axis1=-2, axis2=-1))


def random_frames(key: Key, dimension: int, k: int) -> jax.Array:
    """Orthonormal vectors in random directions: coordinate directions can lie in invariant subspaces."""
    return jnp.linalg.qr(jax.random.normal(key, (dimension, k), float))[0]


def spread_of(logs: np.ndarray) -> float:
    """Largest growth of the condition of a frame, as a logarithm, from that of its vectors, shape `(..., k)`."""
    known = np.isfinite(logs)
    most = np.max(logs, axis=-1, where=known, initial=-np.inf)
    least = np.min(logs, axis=-1, where=known, initial=np.inf)
    return float(np.max(np.where(most >= least, most - least, 0.0), initial=0.0))


def interval_of(logs: np.ndarray) -> int:
    """Steps between factorisations, from the growth of each vector in single steps, shape `(..., k)`.

    The growth of condition stays below e^10 (loss of accuracy about 1e-11), and that of lengths below e^200.
    """
    return min(interval_for(spread_of(logs)), interval_of_lengths(logs))


def interval_of_lengths(logs: np.ndarray) -> int:
    """Steps over which the length of a vector stays below e^200, from its growth in single steps."""
    length = float(np.max(np.abs(logs), where=np.isfinite(logs), initial=0.0))
    return int(np.clip(_LOG_LENGTH / max(length, 1e-9), 1, LONGEST))


def interval_for(spread: float) -> int:
    """Steps between factorisations over which a condition that grows by e^`spread` in each stays below e^10."""
    return int(np.clip(_LOG_CONDITION / max(spread, 1e-9), 1, LONGEST))
