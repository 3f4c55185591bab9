"""Synapses in rows by their source, found from their targets too, and delivery of spikes over the few that fired."""

from __future__ import annotations

import functools
import math
from collections.abc import Callable
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.custom_derivatives import SymbolicZero

from ..._bits import each, entry, words
from ..._errors import InputError
from ..._param import param, setting
from ..._types import Param

#: What a pass over a piece of a row costs, counted in synapses.
_PASS = 40
#: Synapses that one pass of a loop over single ones delivers.
_UNROLLED = 8
#: Longest delay in steps that a synapse can hold.
LONGEST = 65535
#: Bits of the numbers that say where a synapse arrives, and how it is found from its target.
_BITS = 32


class Synapses(eqx.Module):
    """Synapses sorted by their source: 8 bytes each, 12 if 32 bits do not hold where and when its spikes arrive.

    Attributes:
        first: Position of the first synapse of each source, and the number of all, shape `(pre + 1,)`.
        routes: The slot of each in the lowest bits, and above them the steps that its spikes wait, shape `(synapse,)`.
        weights: Weights in the unit of the receptor, shape `(synapse,)`, or one number that they start from.
        bits: Bits of the slot; 0 where all wait alike and there is nothing above.
        wait: Steps that all wait, if alike.
        piece: Synapses of a row that are delivered at once.
        longest: Most synapses of one source.
    """

    first: jax.Array = eqx.field(converter=jnp.asarray)
    routes: jax.Array = eqx.field(converter=jnp.asarray)
    weights: Param = param(doc="weights, in the unit of the receptor")
    bits: int = setting(0, doc="bits of the slot; 0 where all wait alike")
    wait: int = setting(0, doc="steps that all wait, if alike")
    piece: int = setting(1, doc="synapses of a row that are delivered at once")
    longest: int = setting(0, doc="most synapses of one source")

    @property
    def count(self) -> int:
        """Number of synapses."""
        return self.routes.shape[-1]

    @property
    def slots(self) -> jax.Array:
        """Where each arrives: a receptor of a neuron, shape `(synapse,)`."""
        return slots_of(self.routes, self.bits)

    @property
    def waits(self) -> jax.Array:
        """Steps that the spikes of each wait, shape `(synapse,)`."""
        return waits_of(self.routes, self.bits, self.wait)

    @property
    def bytes_per_synapse(self) -> float:
        """Memory of all arrays over the number of synapses."""
        arrays = (self.first, self.routes, self.weights)
        return sum(a.nbytes for a in arrays) / max(self.count, 1)

    def sources(self) -> jax.Array:
        """The source of each synapse, shape `(synapse,)`."""
        rows = jnp.arange(self.first.size - 1, dtype=jnp.int32)
        return jnp.repeat(rows, jnp.diff(self.first), total_repeat_length=self.count)


def slots_of(routes: jax.Array, bits: int) -> jax.Array:
    """The slots of routes, of which they are the lowest `bits`, or all if that is 0."""
    return (routes & routes.dtype.type(2**bits - 1) if bits else routes).astype(jnp.int32)


def waits_of(routes: jax.Array, bits: int, wait: int) -> jax.Array:
    """The waits of routes, which lie above the lowest `bits`; they are `wait` if that is 0."""
    return (routes >> routes.dtype.type(bits)).astype(jnp.int32) if bits else jnp.full(routes.shape, wait, jnp.int32)


class Columns(eqx.Module):
    """Where the synapses of a table lie, in the order of their targets: 4 bytes each.

    A synapse is one number: its source, and in the lowest bits its place in the row of that source. Where 32 bits do
    not hold both, it is the position in the table, and the row is searched for.

    Attributes:
        first: Position of the first of each target, and the number of all, shape `(post + 1,)`.
        found: The numbers, shape `(synapse,)`.
        bits: Bits of the place in the row; 0 where numbers are positions.
        longest: Most synapses of one target.
    """

    first: jax.Array = eqx.field(converter=jnp.asarray)
    found: jax.Array = eqx.field(converter=jnp.asarray)
    bits: int = setting(doc="bits of the place in the row; 0 where numbers are positions")
    longest: int = setting(doc="most synapses of one target")

    def located(self, begins: jax.Array, start: Any) -> tuple[jax.Array, jax.Array]:
        """Positions and sources of `longest` synapses from number `start` on, `begins` being where the rows begin."""
        found = jax.lax.dynamic_slice(self.found, (start,), (self.longest,))
        if not self.bits:
            at = found.astype(begins.dtype)
            return at, jnp.searchsorted(begins, at, side="right").astype(jnp.int32) - 1
        source = (found >> np.uint32(self.bits)).astype(jnp.int32)
        return begins[source] + (found & np.uint32(2**self.bits - 1)).astype(begins.dtype), source


def columns(synapses: Synapses, targets: np.ndarray, size: int, *, bits: int = _BITS) -> Columns:
    """The synapses of a table by the target of each, which are numbers below `size`; they are kept in `bits` bits."""
    order = np.argsort(targets, kind="stable")
    counts = np.bincount(targets, minlength=size)
    begins = np.asarray(synapses.first)
    place = max(1, (synapses.longest - 1).bit_length())
    fits = order.size > 0 and (begins.size - 1) << place <= 1 << bits
    if fits:
        sources = np.repeat(np.arange(begins.size - 1), np.diff(begins))[order]
        order = (sources << place) | (order - begins[sources])
    return Columns(
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        found=order.astype(np.uint32),
        bits=place if fits else 0,
        longest=int(counts.max(initial=0)),
    )


def table(counts: Any, slots: Any, weights: Any, waits: Any) -> Synapses:
    """Synapses from rows: the number of each source, and all rows one after the other.

    Raises:
        InputError: If 64 bits are needed for where and when spikes arrive, and JAX has no such numbers.
    """
    alike = bool(waits.size == 0 or np.all(waits == waits[0]))
    bits = 0 if alike else max(1, int(slots.max()).bit_length())
    need = bits + (0 if alike else int(waits.max()).bit_length())
    routes = slots.astype(np.uint32 if need <= _BITS else np.uint64)
    if jax.dtypes.canonicalize_dtype(routes.dtype) != routes.dtype:
        raise InputError(
            f"Targets and delays of the synapses take {need} bits together, more than {_BITS}. Use shorter delays or a "
            "longer `dt`, or switch `jax_enable_x64` on."
        )
    if not alike:
        routes |= waits.astype(routes.dtype) << routes.dtype.type(bits)
    return Synapses(
        first=np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        routes=routes,
        weights=weights,
        bits=bits,
        wait=int(waits[0]) if alike and waits.size else 0,
        piece=_piece(counts),
        longest=int(counts.max(initial=0)),
    )


def _piece(counts: np.ndarray) -> int:
    """The length of pieces of a row for which delivery costs least, all sources firing alike."""
    longest = int(counts.max(initial=0))
    candidates = sorted({max(1, math.ceil(longest / k)) for k in range(1, 65)})
    costs = [float(np.mean(np.ceil(counts / c)) * (c + _PASS)) for c in candidates]
    return candidates[int(np.argmin(costs))] if candidates else 1


def over_rows(first: jax.Array, packed: jax.Array, *, piece: int, longest: int, count: int) -> Callable[..., Any]:
    """A loop over the entries of the rows of all that fired, as `words` has them, piece by piece.

    Returns:
        A function of `(carry, visit)`; `visit(carry, start, mine, row)` gets the position where the piece starts and
        which of its entries belong to the row.
    """
    size = min(piece, count)
    places = jnp.arange(size, dtype=first.dtype)

    def looped(carry: Any, visit: Callable[..., Any]) -> Any:
        def part(carry: Any, row: Any, begin: Any, end: Any) -> Any:
            # Near the end of the table the piece starts earlier, and its first entries belong to other rows.
            start = jnp.minimum(begin, count - size)
            mine = (places >= begin - start) & (places < end - start)
            return visit(carry, start, mine, row)

        def one(carry: Any, row: jax.Array) -> Any:
            begin, end = entry(first, row), entry(first, row + 1)
            if size >= longest:
                return part(carry, row, begin, end)
            pieces = (end - begin + size - 1) // size
            return jax.lax.fori_loop(0, pieces, lambda i, c: part(c, row, begin + i * size, end), carry)

        return carry if count == 0 else each(packed, carry, one)

    return looped


class Target(NamedTuple):
    """Where spikes go: the ring of steps to come, flat, and how to find a place in it; static."""

    depth: int
    width: int
    bits: int
    wait: int
    piece: int
    longest: int

    def places(self, n: Any, routes: jax.Array) -> jax.Array:
        """Places in the ring of what is sent at the end of step `n`."""
        slots = slots_of(routes, self.bits)
        if self.depth == 1:
            return slots
        row = (jnp.asarray(n, jnp.int32) + 1) % self.depth + waits_of(routes, self.bits, self.wait)
        # No spike waits longer than the ring has rows.
        return jnp.where(row < self.depth, row, row - self.depth) * self.width + slots


def target_of(synapses: Synapses, ring: jax.Array, depth: int) -> Target:
    """Where the spikes of a table go in a ring of `depth` rows."""
    return Target(depth, ring.size // depth, synapses.bits, synapses.wait, synapses.piece, synapses.longest)


def delivered(
    synapses: Synapses, ring: jax.Array, fired: jax.Array, n: Any, *, depth: int, weights: jax.Array | None = None
) -> jax.Array:
    """The ring of arrivals, flat, with the spikes of the sources in `fired`, sent after step `n`.

    The work is proportional to the synapses of those that fired. Derivatives with respect to weights go over all.
    """
    target = target_of(synapses, ring, depth)
    w = synapses.weights if weights is None else weights
    ints = (synapses.first, synapses.routes, fired, jnp.asarray(n, jnp.int32))
    return _sent(target, ring, w, ints)


@functools.partial(jax.custom_jvp, nondiff_argnums=(0,))
def _sent(target: Target, ring: jax.Array, weights: jax.Array, ints: tuple[jax.Array, ...]) -> jax.Array:
    first, routes, fired, n = ints
    if not routes.size:
        return ring
    by_piece = functools.partial(_by_piece, target)

    @jax.custom_batching.custom_vmap
    def sent(*arrays: jax.Array) -> jax.Array:
        return jax.lax.platform_dependent(*arrays, cpu=functools.partial(_one_by_one, target), default=by_piece)

    @sent.def_vmap
    def _batched(size: int, batched: list[bool], *arrays: jax.Array) -> tuple[jax.Array, bool]:
        # A batch goes through every loop together, at the cost of the longest.
        axes = [0 if one else None for one in batched]
        return jax.vmap(by_piece, axes, axis_size=size)(*arrays), True

    return sent(ring, weights, first, routes, words(fired), n)


def _by_piece(target: Target, ring: jax.Array, weights: jax.Array, *ints: jax.Array) -> jax.Array:
    """Delivery of a piece of a row at once, for machines that are slow to begin and fast to go on."""
    first, routes, packed, n = ints
    loop = over_rows(first, packed, piece=target.piece, longest=target.longest, count=routes.size)

    def visit(ring: jax.Array, start: Any, mine: jax.Array, row: Any) -> jax.Array:
        del row
        size = (mine.size,)
        route = jax.lax.dynamic_slice(routes, (start,), size)
        w = jnp.where(mine, jax.lax.dynamic_slice(weights, (start,), size), 0).astype(ring.dtype)
        return ring.at[target.places(n, route)].add(w, mode="promise_in_bounds")

    return loop(ring, visit)


def _one_by_one(target: Target, ring: jax.Array, weights: jax.Array, *ints: jax.Array) -> jax.Array:
    """Delivery synapse by synapse: XLA makes one kernel of all loops, as long as they move single numbers."""
    first, routes, packed, n = ints
    count, size = routes.size, min(_UNROLLED, routes.size)

    def row(ring: jax.Array, unit: jax.Array) -> jax.Array:
        end = entry(first, unit + 1)

        def some(state: tuple[jax.Array, jax.Array]) -> tuple[jax.Array, jax.Array]:
            k, ring = state
            start = jnp.minimum(k, count - size)
            for j in range(size):
                at = start + j
                place = target.places(n, entry(routes, at))
                w = jnp.where((at >= k) & (at < end), entry(weights, at), 0).astype(ring.dtype)
                ring = jax.lax.dynamic_update_index_in_dim(ring, entry(ring, place) + w, place, 0)
            return k + size, ring

        return jax.lax.while_loop(lambda state: state[0] < end, some, (entry(first, unit), ring))[1]

    return each(packed, ring, row)


def _sent_tangent(target: Target, primals: Any, tangents: Any) -> tuple[jax.Array, Any]:
    ring, weights, ints = primals
    ring_dot, weights_dot, _ = tangents
    out = _sent(target, ring, weights, ints)
    moved = jnp.zeros_like(ring) if isinstance(ring_dot, SymbolicZero) else ring_dot
    if isinstance(weights_dot, SymbolicZero) or not weights.size:
        return out, moved
    first, routes, fired, n = ints
    rows = jnp.arange(first.size - 1, dtype=jnp.int32)
    sources = jnp.repeat(rows, jnp.diff(first), total_repeat_length=routes.size)
    sent = jnp.where(fired[sources], weights_dot, 0).astype(ring.dtype)
    return out, moved.at[target.places(n, routes)].add(sent)


_sent.defjvp(_sent_tangent, symbolic_zeros=True)
