"""Linear algebra of closed chains of small blocks, without LAPACK: elimination with pivoting, in pairs.

A batched call of LAPACK waits in the pool of threads that has to do its work, so that two of them in one program can
wait for each other for ever; and it does not run on all devices. What is here is plain array code.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import jax
import jax.numpy as jnp


def eliminated(panel: Any, count: int) -> tuple[Any, Any]:
    """Gauss-Jordan elimination of the first `count` columns with partial pivoting.

    Args:
        panel: Equations as rows, `(..., rows, columns)`, with `rows >= count`.
        count: Number of unknowns to eliminate.

    Returns:
        The remaining columns of the `count` rows that now hold the unknowns, and those of the other rows, from which
        the unknowns are gone: shapes `(..., count, columns - count)` and `(..., rows - count, columns - count)`.
    """
    rows = panel.shape[-2]
    places = jnp.arange(rows)

    def step(j: Any, carry: Any) -> Any:
        m, used, order = carry
        column = jax.lax.dynamic_index_in_dim(m, j, axis=m.ndim - 1, keepdims=False)
        chosen = jnp.argmax(jnp.where(used, -1.0, jnp.abs(column)), axis=-1)
        hot = places == chosen[..., None]
        row = jnp.take_along_axis(m, chosen[..., None, None], axis=-2)
        row = row / jax.lax.dynamic_index_in_dim(row, j, axis=m.ndim - 1, keepdims=True)
        m = jnp.where(hot[..., None], row, m - column[..., None] * row)
        return m, used | hot, jax.lax.dynamic_update_index_in_dim(order, chosen, j, axis=order.ndim - 1)

    batch = panel.shape[:-2]
    first = (panel, jnp.zeros((*batch, rows), bool), jnp.zeros((*batch, count), places.dtype))
    m, used, order = jax.lax.fori_loop(0, count, step, first)
    solved = jnp.take_along_axis(m[..., count:], order[..., None], axis=-2)
    rank = jnp.cumsum(~used, axis=-1) - 1  # of each row that is left over
    here = ~used[..., None, :] & (rank[..., None, :] == jnp.arange(rows - count)[:, None])
    free = jnp.sum(jnp.where(here, places, 0), axis=-1)
    return solved, jnp.take_along_axis(m[..., count:], free[..., None], axis=-2)


class Chain(NamedTuple):
    """A closed chain of equations with a border.

    `left[i] x[i] + right[i] x[i + 1] + extra[i] e = rhs[i]` for i = 0 ... count - 1, with `x[count] = x[0]`, and
    `sum_i border[:, i] x[i] + corner e = end`.

    Attributes:
        left: Shape `(count, d, d)`.
        right: Shape `(count, d, d)`.
        extra: Shape `(count, d, k)`.
        rhs: One or more right-hand sides, shape `(count, d, r)`.
        border: Shape `(k, count, d)`.
        corner: Shape `(k, k)`.
        end: Shape `(k, r)`.
    """

    left: Any
    right: Any
    extra: Any
    rhs: Any
    border: Any
    corner: Any
    end: Any


def solve_chain(chain: Chain) -> tuple[Any, Any, tuple[Any, Any]]:
    """The solution `x`, `e` of a closed chain, and the pair (P, Q) with P x[0] + Q x[count] = 0 once around.

    Neighbours are merged in pairs with row pivoting, which keeps growing and decaying solutions apart: no product of
    the blocks is ever formed. The multipliers are the eigenvalues mu of P v + mu Q v = 0 (Fairgrieve and Jepson 1991).

    Returns:
        States `(count, d, r)`, extra unknowns `(k, r)`, and P and Q.
    """
    count, d, sides = chain.rhs.shape
    levels = max(count - 1, 1).bit_length()
    size = 2**levels
    tail = jnp.concatenate([chain.extra, chain.rhs], axis=-1)
    # Filled up to a power of two by `x[i + 1] = x[i]`, so that all levels have one shape and are compiled once.
    blocks = _filled((chain.left, chain.right, tail), size)
    border = jnp.pad(chain.border, ((0, 0), (0, size - count + 1), (0, 0)))
    bottom = jnp.concatenate([chain.corner, chain.end], axis=-1)
    (blocks, border, bottom), found = jax.lax.scan(_merged, (blocks, border, bottom), None, length=levels)
    left, right, tail = (block[0] for block in blocks)
    whole = jnp.concatenate([left + right, tail], axis=-1)
    whole = jnp.concatenate([whole, jnp.concatenate([border[:, 0] + border[:, 1], bottom], axis=-1)])
    answer = eliminated(whole, whole.shape[0])[0]
    e = answer[d:]

    def expanded(x: Any, found: Any) -> Any:
        pairs = found.shape[0]
        a, b = x[:pairs], x[1 : pairs + 1]
        known = jnp.concatenate([a, b, jnp.broadcast_to(e, (pairs, *e.shape))], axis=1)
        inner = found[..., -sides:] - found[..., :-sides] @ known
        return jnp.concatenate([jnp.stack([a, inner], axis=1).reshape(-1, d, sides), x[pairs : pairs + 1]]), None

    x, _ = jax.lax.scan(expanded, jnp.broadcast_to(answer[:d], (size + 1, d, sides)), found, reverse=True)
    return x[:count], e, (left, right)


def _filled(blocks: Any, size: int) -> Any:
    """Chain blocks `left`, `right` and `tail` filled up to `size` by ones that do nothing."""
    left, right, tail = blocks
    more, d = size - left.shape[0], left.shape[-1]
    eye = jnp.broadcast_to(jnp.eye(d), (more, d, d))
    none = jnp.zeros((more, *tail.shape[1:]))
    return jnp.concatenate([left, -eye]), jnp.concatenate([right, eye]), jnp.concatenate([tail, none])


def _merged(carry: Any, _: None) -> Any:
    """One level: every second state is eliminated, from the equations beside it and from the border."""
    (left, right, tail), border, bottom = carry
    size, d, pairs = left.shape[0], left.shape[-1], left.shape[0] // 2
    gap = jnp.zeros_like(left[::2])
    upper = jnp.concatenate([right[::2], left[::2], gap, tail[::2]], axis=-1)
    lower = jnp.concatenate([left[1::2], gap, right[1::2], tail[1::2]], axis=-1)
    found, rest = eliminated(jnp.concatenate([upper, lower], axis=-2), d)
    blocks = _filled((rest[..., :d], rest[..., d : 2 * d], rest[..., 2 * d :]), size)
    moved = jnp.einsum("kia,iab->kib", border[:, 1::2], found)
    kept = border[:, ::2].at[:, :pairs].add(-moved[..., :d]).at[:, 1:].add(-moved[..., d : 2 * d])
    kept = jnp.pad(kept, ((0, 0), (0, size - pairs), (0, 0)))
    return (blocks, kept, bottom - jnp.sum(moved[..., 2 * d :], axis=1)), found
