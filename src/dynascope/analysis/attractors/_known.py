"""Attractors that are known, and the race of many starts towards them."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from ._stage import Stage

#: Labels of starts that lead to no known attractor.
DIVERGED, UNDECIDED, OPEN = -1, -2, -3
#: A watched coordinate (in units of its size) beyond this has diverged.
FAR = 1e6
#: Cells are made in at most this many coordinates.
_AXES = 3
#: Starts run together in one compiled loop.
_BLOCK = 8192
#: Sizes of blocks: few, so that few programs are compiled.
_SIZES = (32, 256, 1024, 2048, _BLOCK)
#: Looks in one call of the race, at first and at most.
_LOOKS, _MOST_LOOKS = 64, 4096
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


class Targets(eqx.Module):
    """What tells quickly which attractor, if any, a look at a state shows.

    Attributes:
        centres: States of rest, shape `(rest, k)`.
        squares: Squared radii around them; negative ones are never entered.
        of_rest: Label of each.
        axes: Matrix from watched coordinates to those of the cells.
        low: Lower corner of the cells.
        inverse: One over the size of a cell.
        counts: Number of cells along each axis.
        keys: Numbers of the cells that belong to a moving attractor, sorted; empty where there is a table.
        of_cells: Labels of these cells, or the table of all.
        streak: Looks in a row that must show a moving attractor.
    """

    centres: jax.Array
    squares: jax.Array
    of_rest: jax.Array
    axes: jax.Array
    low: jax.Array
    inverse: jax.Array
    counts: jax.Array
    keys: jax.Array
    of_cells: jax.Array
    streak: jax.Array

    def __call__(self, x: jax.Array) -> tuple[jax.Array, jax.Array]:
        """Label shown by watched coordinates `x` (-1 for none), and how often it must be seen in a row."""
        label, need = jnp.asarray(-1, jnp.int32), jnp.asarray(1, jnp.int32)
        if self.of_cells.size:
            label, need = self._of_cell(x), self.streak
        if self.centres.size:
            gaps = jnp.sum((self.centres - x) ** 2, axis=1)
            inside = gaps < self.squares
            rest = jnp.argmax(inside)
            near = inside[rest]
            label = jnp.where(near, self.of_rest[rest], label)
            need = jnp.where(near, 1, need)
        return label, need

    def _of_cell(self, x: jax.Array) -> jax.Array:
        place = jnp.floor((x @ self.axes - self.low) * self.inverse)
        inside = jnp.all((place >= 0) & (place < self.counts))
        whole = jnp.where(inside, place, 0.0)
        cell = jnp.zeros(())
        for i in range(self.low.size):
            cell = cell * self.counts[i] + whole[i]
        cell = cell.astype(jnp.int64)
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
    for n, (i, a) in enumerate(rest):
        centres[n], squares[n], of_rest[n] = a.points[0], a.radius**2, i
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
        of_rest=jnp.asarray(of_rest),
        axes=jnp.asarray(axes),
        low=jnp.asarray(low),
        inverse=jnp.asarray(1 / size),
        counts=jnp.asarray(counts, float),
        keys=jnp.asarray(keys),
        of_cells=jnp.asarray(labels),
        streak=jnp.asarray(streak, jnp.int32),
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
    stage: Stage, targets: Targets, carries: Any, position: int, *, looks: int, stride: int
) -> tuple[np.ndarray, np.ndarray, Any]:
    """Run starts until each has reached a target, diverged, or used up its looks.

    All starts of a block step in one compiled loop; between calls those that have arrived make room.

    Args:
        stage: The stage.
        targets: What to reach.
        carries: Packed full states with a leading axis.
        position: Steps already taken, which tell the time of a forcing or an input.
        looks: Most looks.
        stride: Steps (in units of the stage) between them.

    Returns:
        Labels (`OPEN` for those still on their way), the looks that each took, and the states reached.
    """
    count = jax.tree.leaves(carries)[0].shape[0]
    labels, times = np.full(count, OPEN, np.int32), np.full(count, looks, np.int64)
    ends = jax.tree.map(lambda leaf: np.array(leaf), carries)
    open_, done, span = np.arange(count), 0, _LOOKS
    memory = np.zeros((count, 2), np.int32)
    memory[:, 0] = -1
    while len(open_) and done < looks:
        now = min(span, looks - done)
        for block in _blocks(open_):
            own = jax.tree.map(lambda leaf, b=block: jnp.asarray(leaf[b]), ends)
            out = _race(
                stage.stepped, stage.lens, targets, own, jnp.asarray(position, jnp.int32), jnp.asarray(memory[block]),
                jnp.asarray(now, jnp.int32), jnp.asarray(stride * stage.unit, jnp.int32),
            )  # fmt: skip
            reached, state, label, took = jax.tree.map(np.asarray, out)
            for whole, part in zip(jax.tree.leaves(ends), jax.tree.leaves(reached), strict=True):
                whole[block] = part
            memory[block], labels[block] = state, label
            times[block] = np.where(label == OPEN, looks, done + took)
        position, done = position + now * stride * stage.unit, done + now
        open_ = open_[labels[open_] == OPEN]
        span = min(2 * span, _MOST_LOOKS)
    return labels, times, ends


def _blocks(indices: np.ndarray) -> list[np.ndarray]:
    """Blocks of few different sizes, so that few programs are compiled: the last is filled up with repetitions."""
    blocks = []
    for i in range(0, len(indices), _BLOCK):
        part = indices[i : i + _BLOCK]
        size = next(s for s in _SIZES if s >= len(part))
        blocks.append(np.concatenate([part, np.full(size - len(part), part[0])]))
    return blocks


@eqx.filter_jit
def _race(
    stepped: Any, lens: Any, targets: Targets, carries: Any, first: Any, memory: jax.Array, looks: Any, stride: Any
) -> Any:
    packed = stepped.packing()
    step = stepped.stepper(packed)
    size = memory.shape[0]

    def look(c: Any) -> Any:
        seen = lens(stepped.present(packed.unpack(c)))
        lost = ~jnp.all(jnp.abs(seen) < FAR)
        return (*targets(seen), lost)

    def advance(i: Any, c: Any) -> Any:
        return jax.lax.fori_loop(0, stride, lambda j, s: jax.vmap(lambda one: step(i + j, one))(s), c)

    def body(loop: Any) -> Any:
        n, c, last, streak, label, took = loop
        moved = advance(first + n * stride, c)
        live = label == OPEN
        c = jax.tree.map(lambda new, old: jnp.where(live.reshape(-1, *[1] * (new.ndim - 1)), new, old), moved, c)
        shown, need, lost = jax.vmap(look)(c)
        streak = jnp.where(shown >= 0, jnp.where(shown == last, streak + 1, 1), 0)
        arrived = jnp.where(lost, DIVERGED, jnp.where((shown >= 0) & (streak >= need), shown, OPEN))
        label = jnp.where(live, arrived, label)
        took = jnp.where(live & (label != OPEN), n + 1, took)
        return n + 1, c, jnp.where(live, shown, last), streak, label, took

    start = (
        jnp.zeros((), jnp.int32), carries, memory[:, 0], memory[:, 1],
        jnp.full(size, OPEN, jnp.int32), jnp.zeros(size, jnp.int32),
    )  # fmt: skip
    out = jax.lax.while_loop(lambda loop: (loop[0] < looks) & jnp.any(loop[4] == OPEN), body, start)
    _, c, last, streak, label, took = out
    return c, jnp.stack([last, streak], axis=1), label, took
