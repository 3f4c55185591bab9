"""States of driven sparse reservoirs at many places of the drive at once, which forgetting makes possible."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from numpy.typing import NDArray

from ...models.networks import EchoState

#: Stretches of the drive that are heard at once, steps in one call of the compiled program, and edges added in one go.
STRETCHES, BLOCK, _AT_ONCE = 16, 64, 8
#: Rows whose sums are formed together: so few that they stay in the nearest cache.
_GROUP = 250
#: Fewest blocks of a stretch: forgetting takes a hundred steps or two, which are heard twice.
LEAST = 4
#: Two states are one where they differ by no more than so many roundings.
_ROUNDINGS = 64

#: Weights and sources of the edges of each group of rows, padded with zeros, shape `(chunk, edge, row)`.
_Rows = tuple[tuple[Any, Any], ...]
#: Takes states, shape `(steps, stretches, units)`, and the number of the sample after which each is.
Taker = Callable[[NDArray[np.float64], NDArray[np.int64]], None]


def abreast(network: EchoState, drive: NDArray[np.float64], y: NDArray[np.float64], take: Taker) -> bool:
    r"""Hand the state after each sample to `take`, in blocks and out of order; False where that cannot be.

    A sequence of products of one sparse matrix with one vector waits for memory; with sixteen vectors side by side each
    weight is fetched once for all. So the drive is cut into sixteen stretches. The state with which each begins is that
    of a network that has heard the samples before it for so long that it has forgotten its start. In the end each
    stretch must have led to the state with which the next began, up to rounding errors; then all are right. Where the
    network does not forget in time, or the ends do not meet, what was taken is void.

    Args:
        network: A sparse reservoir, with one value of each parameter.
        drive: Samples, shape `(time, input)`.
        y: State before the first sample.
        take: Called with each block.

    Returns:
        Whether the states were handed over and are right, up to a few roundings.
    """
    blocks = -(-len(drive) // (STRETCHES * BLOCK))
    if blocks < LEAST:
        return False
    padded = np.zeros((STRETCHES * BLOCK * blocks, drive.shape[1]))
    padded[: len(drive)] = drive
    heard = padded.reshape(STRETCHES, blocks, BLOCK, -1).transpose(1, 2, 3, 0)
    rows = _rows(network)
    starts = _starts(network, rows, heard, y)
    if starts is None:
        return False
    now: Any = starts
    places = np.arange(BLOCK)[:, None] + BLOCK * blocks * np.arange(STRETCHES)
    for k in range(blocks):
        now, made = _block(network, rows, now, heard[k])
        take(np.asarray(made), places + k * BLOCK)
    return _equal(np.asarray(now)[:, :-1], starts[:, 1:])


def _starts(network: EchoState, rows: _Rows, heard: Any, y: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """States with which the stretches begin; None where half a stretch is too short to forget in."""
    corner = np.where(np.arange(len(y)) % 2, 1.0, -1.0)
    lanes = np.arange(STRETCHES) // 2
    one: Any = np.where(np.arange(STRETCHES) % 2, corner[:, None], y[:, None])
    # Two starts far apart hear the same samples in neighbouring lanes, until they have become one.
    for needed in range(1, len(heard) // 2 + 1):
        one, _ = _block(network, rows, one, heard[needed - 1][..., lanes])
        if _equal(np.asarray(one)[:, ::2], np.asarray(one)[:, 1::2]):
            break
    else:
        return None
    now: Any = np.repeat(y[:, None], STRETCHES, axis=1)
    for k in range(len(heard) - needed - 1, len(heard)):
        now, _ = _block(network, rows, now, heard[k])
    return np.concatenate([y[:, None], np.asarray(now)[:, :-1]], axis=1)


def _equal(a: NDArray[np.float64], b: NDArray[np.float64]) -> bool:
    """Whether states are equal up to rounding errors."""
    return bool(np.max(np.abs(a - b)) <= _ROUNDINGS * np.finfo(float).eps)


@jax.jit
def _block(network: EchoState, rows: _Rows, y: Any, drive: Any) -> tuple[Any, Any]:
    """The last states `(units, stretch)` under `drive` `(step, input, stretch)`, and all, `(step, stretch, units)`."""

    def heard(y: Any, u: Any) -> tuple[Any, Any]:
        felt = network.spectral_radius * _product(rows, y) + network.W_in @ u + network.bias[:, None]
        fresh = (1.0 - network.leak) * y + network.leak * jnp.tanh(felt)
        return fresh, fresh.T

    return jax.lax.scan(heard, y, drive)


def _product(rows: _Rows, y: Any) -> Any:
    def added(total: Any, entries: tuple[Any, Any]) -> tuple[Any, None]:
        # Written out, so that the sum stays in registers over eight edges.
        for weights, sources in zip(*entries, strict=True):
            total = total + weights[:, None] * y.at[sources].get(mode="promise_in_bounds")
        return total, None

    return jnp.concatenate([jax.lax.scan(added, jnp.zeros((g[0].shape[-1], y.shape[1])), g)[0] for g in rows])


def _rows(network: EchoState) -> _Rows:
    W: Any = network.W
    weights, sources, targets = (np.asarray(x) for x in (W.weights, W.sources, W.targets))
    ends = np.searchsorted(targets, np.arange(W.size + 1))
    number = np.arange(len(weights)) - ends[targets]
    groups = []
    for first in range(0, W.size, _GROUP):
        last = min(first + _GROUP, W.size)
        mine = slice(ends[first], ends[last])
        longest = -(-int(number[mine].max(initial=0) + 1) // _AT_ONCE) * _AT_ONCE
        padded, which = np.zeros((longest, last - first)), np.zeros((longest, last - first), np.int32)
        at = number[mine], targets[mine] - first
        padded[at], which[at] = weights[mine], sources[mine]
        groups.append(tuple(jnp.asarray(x.reshape(-1, _AT_ONCE, last - first)) for x in (padded, which)))
    return tuple(groups)
