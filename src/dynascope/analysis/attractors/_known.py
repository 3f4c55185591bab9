"""Attractors that are known, and the race of many starts towards them."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ..._compile import compiled
from ._crowd import crowd
from ._stage import Stage

#: Labels of starts that lead to no known attractor.
DIVERGED, UNDECIDED, OPEN = -1, -2, -3
#: A watched coordinate (in units of its size) beyond this has diverged.
FAR = 1e6
#: Cells are made in at most this many coordinates.
_AXES = 3
#: Starts run together in one compiled loop: few enough for their intermediate numbers to stay near the processor.
_BLOCK = 1024
#: Sizes of blocks: few, so that few programs are compiled.
_SIZES = (32, 256, _BLOCK)
#: Blocks that are under way at once: some for each processor core.
_UNDER_WAY = 16
#: Looks in one call of the race, at least and at most, and as a share of those before: what arrives first waits for the
#: end of the call.
_LOOKS, _MOST_LOOKS, _GROWTH = 64, 4096, 0.25
#: Up to so many places of rest are looked at one by one.
_ONE_BY_ONE = 8
#: Cells up to which their labels are held as a plain table.
_TABLE = 1 << 22
#: Places for states of rest, at least.
_FEWEST = 4
#: How far below the points the cells begin, in units of their size.
_OFFSET = (5**0.5 - 1) / 2


class KnownAttractor(eqx.Module):
    """One attractor as far as it is known.

    Attributes:
        points: Watched coordinates of states on it, shape `(point, k)`; one at rest.
        states: Flattened present states on it, shape `(some, d)`, the first with `carry`.
        carry: A packed full state on it.
        moving: Whether it moves.
        radius: At rest: within this distance (watched coordinates) starts are taken to have arrived.
        form: At rest: upper triangular matrix F, shape `(k, k)`; the distance of `x` is the length of F (x - point).
            With no rows it is that of `x - point`.
        spread: Largest excursion on it, in units of the coordinates.
        streak: Moving: looks in a row in its cells by which a start has arrived; 0 takes that of the finder.
    """

    points: np.ndarray
    states: np.ndarray
    carry: Any
    moving: bool
    radius: float
    spread: float
    streak: int = 0
    form: np.ndarray = eqx.field(default_factory=lambda: np.zeros((0, 0)))

    def distance(self, x: np.ndarray) -> np.ndarray:
        """Distance of watched coordinates `x`, shape `(..., k)`, from the first point."""
        gap = x - self.points[0]
        return np.linalg.norm(gap @ self.form.T if self.form.size else gap, axis=-1)


class Targets(eqx.Module):
    """What tells quickly which attractor, if any, a look at a state shows.

    Attributes:
        centres: States of rest, shape `(rest, k)`.
        squares: Squared radii around them; negative ones are never entered.
        forms: Upper triangular matrices that make the gaps to them, shape `(rest, k, k)`; empty where distances are
            plain.
        of_rest: Label of each.
        axes: Matrix from watched coordinates to those of the cells; empty where they are the same.
        low: Lower corner of the cells.
        inverse: One over the size of a cell.
        counts: Number of cells along each axis.
        keys: Numbers of the cells that belong to a moving attractor, sorted; empty where there is a table.
        of_cells: Labels of these cells, or the table of all.
        streak: Looks in a row that must show a moving attractor.
        patient: Whether looks that show nothing leave such a row as it is; else they end it.
    """

    centres: jax.Array
    squares: jax.Array
    forms: jax.Array
    of_rest: jax.Array
    axes: jax.Array
    low: jax.Array
    inverse: jax.Array
    counts: jax.Array
    keys: jax.Array
    of_cells: jax.Array
    streak: jax.Array
    patient: jax.Array

    def __call__(self, xs: list[jax.Array]) -> tuple[jax.Array, jax.Array]:
        """Labels shown by many watched states (-1 for none), and how often each must be seen in a row.

        Args:
            xs: One array over the states for each watched coordinate.
        """
        label = jnp.full(xs[0].shape, -1, jnp.int32)
        need = jnp.ones(xs[0].shape, jnp.int32)
        if self.of_cells.size:
            label, need = self._of_cell(xs), jnp.broadcast_to(self.streak, need.shape)
        if self.centres.size:
            near, rest = self._near(xs)
            label, need = jnp.where(near, rest, label), jnp.where(near, 1, need)
        return label, need

    def _near(self, xs: list[jax.Array]) -> tuple[jax.Array, jax.Array]:
        """Whether each state is near a place of rest, and the label of the first that it is near to."""
        if len(self.centres) > _ONE_BY_ONE:
            gaps = [self.centres[:, n, None] - x for n, x in enumerate(xs)]
            inside = self._squared(gaps, self.forms[..., None]) < self.squares[:, None]
            first = jnp.argmax(inside, axis=0)
            return jnp.any(inside, axis=0), self.of_rest[first]
        near, label = jnp.zeros(xs[0].shape, bool), jnp.full(xs[0].shape, -1, jnp.int32)
        for r in reversed(range(len(self.centres))):
            gaps = [x - self.centres[r, n] for n, x in enumerate(xs)]
            inside = self._squared(gaps, self.forms[r]) < self.squares[r]
            near, label = near | inside, jnp.where(inside, self.of_rest[r], label)
        return near, label

    def _squared(self, gaps: list[jax.Array], form: jax.Array) -> jax.Array:
        """Squared lengths of gaps, after the `form` if there is one."""
        if self.forms.size:
            k = len(gaps)
            at = (Ellipsis,) if form.ndim == 2 else (slice(None),)
            gaps = [functools.reduce(jnp.add, [form[*at, i, j] * gaps[j] for j in range(i, k)]) for i in range(k)]
        return functools.reduce(jnp.add, [g * g for g in gaps])

    def _of_cell(self, xs: list[jax.Array]) -> jax.Array:
        inside, cell = jnp.ones(xs[0].shape, bool), jnp.zeros(xs[0].shape)
        for n in range(self.low.size):
            along = sum(self.axes[i, n] * x for i, x in enumerate(xs)) if self.axes.size else xs[n]
            place = jnp.floor((along - self.low[n]) * self.inverse[n])
            within = (place >= 0) & (place < self.counts[n])
            inside, cell = inside & within, cell * self.counts[n] + jnp.where(within, place, 0.0)
        cell = jnp.where(inside, cell, 0.0).astype(jnp.int64)
        if self.keys.size:
            at = jnp.minimum(jnp.searchsorted(self.keys, cell), self.keys.size - 1)
            inside, label = inside & (self.keys[at] == cell), self.of_cells[at]
        else:
            label = self.of_cells[cell]
        return jnp.where(inside, label, -1).astype(jnp.int32)


def targets_of(known: tuple[KnownAttractor, ...], *, streak: int, refine: int = 0) -> Targets:
    """The targets that `known` attractors make; `refine` halves the cells that many times.

    The cells are as fine as the points of each moving attractor allow: nearly every other look at it must fall into a
    cell that the rest of its points know. A cell that two attractors share shows neither.
    """
    k = known[0].points.shape[1] if known else 1
    rest = [(i, a) for i, a in enumerate(known) if not a.moving]
    moving = [(i, a) for i, a in enumerate(known) if a.moving]
    padded = max(_FEWEST, 1 << (len(rest) - 1).bit_length()) if rest else 0
    centres, squares, of_rest = np.zeros((padded, k)), np.full(padded, -1.0), np.zeros(padded, np.int32)
    shaped = any(a.form.size for _, a in rest)
    forms = np.tile(np.eye(k), (padded, 1, 1)) if shaped else np.zeros((padded, 0, 0))
    for n, (i, a) in enumerate(rest):
        centres[n], squares[n], of_rest[n] = a.points[0], a.radius**2, i
        if a.form.size:
            forms[n] = a.form
    axes, low, size, counts = _grid([a.points for _, a in moving], k, refine)
    keys, labels = _cells(moving, axes, low, size, counts)
    if moving and np.prod(counts) <= _TABLE:
        table = np.full(_rounded(int(np.prod(counts))), -1, np.int32)
        table[keys] = labels
        keys, labels = np.zeros(0, np.int64), table
    elif moving:
        width = _rounded(len(keys))
        keys = np.concatenate([keys, np.full(width - len(keys), np.iinfo(np.int64).max)])
        labels = np.concatenate([labels, np.full(width - len(labels), -1, np.int32)])
    return Targets(
        centres=jnp.asarray(centres),
        squares=jnp.asarray(squares),
        forms=jnp.asarray(forms),
        of_rest=jnp.asarray(of_rest),
        axes=jnp.asarray(axes if k > _AXES else np.zeros((0, 0))),
        low=jnp.asarray(low),
        inverse=jnp.asarray(1 / size),
        counts=jnp.asarray(counts, float),
        keys=jnp.asarray(keys),
        of_cells=jnp.asarray(labels),
        streak=jnp.asarray(streak, jnp.int32),
        patient=jnp.asarray(False),
    )


def _rounded(size: int) -> int:
    """The next power of four: tables come in few sizes, so that one compiled program serves many."""
    return 4 ** int(np.ceil(np.log2(max(size, 1)) / 2))


def _grid(clouds: list[np.ndarray], k: int, refine: int) -> tuple[np.ndarray, ...]:
    """Axes, lower corner, cell size and number of cells of the grid that fits the clouds of points."""
    if not clouds:
        return np.zeros((k, 0)), np.zeros(0), np.zeros(0), np.zeros(0, np.int64)
    points = np.concatenate(clouds)
    axes = np.eye(k)
    if k > _AXES:
        some = points[:: max(1, len(points) // 8192)]
        _, _, rows = np.linalg.svd(some - some.mean(axis=0), full_matrices=False)
        axes = rows[:_AXES].T
    shown = [c @ axes for c in clouds]
    low, high = np.concatenate(shown).min(axis=0), np.concatenate(shown).max(axis=0)
    width = np.maximum(high - low, 1e-9)
    for level in range(9, 2, -1):
        size = width.max() / 2**level
        if all(_covered(c, low, size) > 0.9 for c in shown):
            break
    size = size / 2**refine  # pyright: ignore[reportPossiblyUnboundVariable]
    # Off by no simple part of a cell: the outermost points of a cycle would lie on edges and fall to either side.
    low = low - _OFFSET * size
    counts = np.ceil((high - low) / size).astype(np.int64) + 2
    return axes, low, np.full(len(low), size), counts


def _covered(points: np.ndarray, low: np.ndarray, size: float) -> float:
    """Share of every other point whose cell the rest of the points visits too."""
    cells = np.floor((points - low) / size).astype(np.int64)
    _, numbers = np.unique(cells, axis=0, return_inverse=True)
    numbers = numbers.ravel()
    return float(np.mean(np.isin(numbers[::2], numbers[1::2])))


def _cells(
    moving: list[tuple[int, KnownAttractor]], axes: np.ndarray, low: np.ndarray, size: np.ndarray, counts: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Sorted numbers of the cells that exactly one attractor visits, and which one."""
    if not moving:
        return np.zeros(0, np.int64), np.zeros(0, np.int32)
    keys, labels = [], []
    for i, a in moving:
        place = np.floor((a.points @ axes - low) / size).astype(np.int64)
        number = np.unique(np.ravel_multi_index(tuple(place.T), tuple(counts)))
        keys.append(number)
        labels.append(np.full(len(number), i, np.int32))
    every, which = np.concatenate(keys), np.concatenate(labels)
    unique, first, count = np.unique(every, return_index=True, return_counts=True)
    return unique[count == 1], which[first[count == 1]]


def race(
    stage: Stage, targets: Targets, carries: Any, position: int, *, looks: int, stride: int, first: int = _LOOKS
) -> tuple[np.ndarray, np.ndarray]:
    """Run starts until each has reached a target, diverged, or used up its looks.

    All starts of a block step in one compiled loop; between calls those that have arrived make room.

    Args:
        stage: The stage.
        targets: What to reach.
        carries: Packed full states with a leading axis.
        position: Steps already taken, which tell the time of a forcing or an input.
        looks: Most looks.
        stride: Steps (in units of the stage) between them.
        first: Looks of the first call.

    Returns:
        Labels (`OPEN` for those still on their way) and the looks that each took.
    """
    count = jax.tree.leaves(carries)[0].shape[0]
    labels, times = np.full(count, OPEN, np.int32), np.full(count, looks, np.int64)
    ends = jax.tree.map(lambda leaf: np.array(leaf), carries)
    open_, done, span = np.arange(count), 0, first
    memory = np.zeros((count, 2), np.int32)
    memory[:, 0] = -1
    program = functools.partial(_race, stage.stepped, stage.lens, targets)
    while len(open_) and done < looks:
        now = min(span, looks - done)
        begun = [jnp.asarray(n, jnp.int32) for n in (position, now, stride * stage.unit)]
        for blocks in _batches(open_):
            # Calls return at once, so that several cores work on the blocks that are under way.
            under_way = [
                program(jax.tree.map(lambda leaf, b=b: jnp.asarray(leaf[b]), ends), jnp.asarray(memory[b]), *begun)
                for b in blocks
            ]
            for block, out in zip(blocks, under_way, strict=True):
                reached, state, label, took = jax.tree.map(np.asarray, out)
                for whole, part in zip(jax.tree.leaves(ends), jax.tree.leaves(reached), strict=True):
                    whole[block] = part
                memory[block], labels[block] = state, label
                times[block] = np.where(label == OPEN, looks, done + took)
        position, done = position + now * stride * stage.unit, done + now
        open_ = open_[labels[open_] == OPEN]
        span = int(np.clip(_GROWTH * done, first, _MOST_LOOKS))
    return labels, times


def _batches(indices: np.ndarray) -> Iterator[list[np.ndarray]]:
    """Blocks of few different sizes, so that few programs are compiled, as many at a time as may be under way.

    The last block is filled up with repetitions.
    """
    blocks = []
    for i in range(0, len(indices), _BLOCK):
        part = indices[i : i + _BLOCK]
        size = next(s for s in _SIZES if s >= len(part))
        blocks.append(np.concatenate([part, np.full(size - len(part), part[0])]))
    for i in range(0, len(blocks), _UNDER_WAY):
        yield blocks[i : i + _UNDER_WAY]


@compiled
def _race(
    stepped: Any, lens: Any, targets: Targets, carries: Any, memory: jax.Array, first: Any, looks: Any, stride: Any
) -> Any:
    many = crowd(stepped, lens)

    def body(loop: Any) -> Any:
        n, c, last, streak, label, took = loop
        # What has arrived goes on with the rest of its block, to no effect.
        c = jax.lax.fori_loop(0, stride, lambda j, s: many.step(first + n * stride + j, s), c)
        seen = many.seen(c)
        shown, need = targets(seen)
        lost = ~functools.reduce(jnp.logical_and, [jnp.abs(x) < FAR for x in seen])
        live = label == OPEN
        idle = targets.patient & (shown < 0)
        streak = jnp.where(idle, streak, jnp.where(shown >= 0, jnp.where(shown == last, streak + 1, 1), 0))
        last = jnp.where(idle, last, shown)
        arrived = jnp.where(lost, DIVERGED, jnp.where((shown >= 0) & (streak >= need), shown, OPEN))
        label = jnp.where(live, arrived, label)
        took = jnp.where(live & (label != OPEN), n + 1, took)
        return n + 1, c, last, streak, label, took

    size = memory.shape[0]
    start = (
        jnp.zeros((), jnp.int32), many.entered(carries), memory[:, 0], memory[:, 1],
        jnp.full(size, OPEN, jnp.int32), jnp.zeros(size, jnp.int32),
    )  # fmt: skip
    out = jax.lax.while_loop(lambda loop: (loop[0] < looks) & jnp.any(loop[4] == OPEN), body, start)
    _, c, last, streak, label, took = out
    return many.left(c), jnp.stack([last, streak], axis=1), label, took
