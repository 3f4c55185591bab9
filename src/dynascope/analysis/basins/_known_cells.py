"""Starts that stop among cells whose attractor is known: basins on fine grids from coarser ones."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from scipy import ndimage

from ..._errors import InputError
from ..._random import generator_of
from ..attractors import AbstractFinder, KnownAttractor, Stage
from ..attractors._known import OPEN, race, targets_of
from ._grid import Grid
from ._shares import share_error

#: Starts that are held at once.
_CHUNK = 1 << 19
#: Most looks of a start before it is run on its own, and looks of the first call of its race.
_LOOKS, _FIRST = 1024, 16
#: Least share of cells of the coarser grid that tell, for it to be asked.
_TELLING = 0.02


class KnownCells(eqx.Module):
    """Let starts stop as soon as they pass through cells of one known basin.

    Every `every`-th cell along each axis is run to its own end first. Then the grid is refined by two again and again:
    a start stops when it was seen `streak` times in cells of the coarser grid all of whose neighbours, diagonal ones
    included, lead to one and the same attractor, and in none between that tell of another. Since a basin is left by no
    orbit, each look is evidence of its own; but a thread of another basin that is thinner than the cells may be missed.
    Therefore `checked` of these starts, drawn at random, are run to their own ends, and the result says how many of
    them end elsewhere.

    For autonomous systems whose components all vary on the grid.

    Args:
        every: Cells between those that are run first, a power of two.
        streak: Looks at cells of one basin.
        checked: Starts that are run again.
        stride: Steps between two looks.
    """

    every: int = eqx.field(static=True, default=4)
    streak: int = eqx.field(static=True, default=8)
    checked: int = eqx.field(static=True, default=2048)
    stride: int = eqx.field(static=True, default=8)

    def __check_init__(self) -> None:
        if self.every < 2 or self.every & (self.every - 1) or min(self.streak, self.checked, self.stride) < 1:
            raise InputError(
                f"`every` must be a power of two and `streak`, `checked` and `stride` positive, got {self.every}, "
                f"{self.streak}, {self.checked} and {self.stride}."
            )


class Filled(NamedTuple):
    """The cells of a grid with their attractors.

    Attributes:
        labels: Attractor of each cell.
        times: Time until it was told.
        known: The attractors.
        steps: Solver steps taken.
        doubt: Share of the checked cells whose own end is another, and its standard error; 0 if all were run.
    """

    labels: np.ndarray
    times: np.ndarray
    known: tuple[KnownAttractor, ...]
    steps: int
    doubt: tuple[float, float]


def filled(
    finder: AbstractFinder,
    stage: Stage,
    grid: Grid,
    known: tuple[KnownAttractor, ...],
    *,
    shortcut: KnownCells | None,
    key: Any,
) -> Filled:
    """The attractor of every cell; with a `shortcut` most of them from those of coarser grids."""
    labels, times = np.full(grid.size, -2, np.int32), np.zeros(grid.size)
    if shortcut is not None:
        _checked_grid(stage, grid)
    strides = [1] if shortcut is None else [shortcut.every >> n for n in range(shortcut.every.bit_length())]
    steps, shortened, asked = 0, np.zeros(grid.size if shortcut else 0, bool), 0
    for stride in strides:
        for cells in _lattice(grid, stride, first=stride == strides[0]):
            rest = cells
            if shortcut is not None and stride < strides[0]:
                told, took = _told(stage, grid, known, labels, cells, stride=2 * stride, shortcut=shortcut)
                sure = told != OPEN
                labels[cells[sure]] = told[sure]
                times[cells[sure]] = took[sure] * shortcut.stride * stage.step_time
                shortened[cells[sure]], rest = True, cells[~sure]
                steps += int(took.sum()) * shortcut.stride * stage.stepped.work
            if len(rest):
                part = finder.assigned(stage, grid.states(rest), known, key=jax.random.fold_in(key, asked))
                labels[rest], times[rest], known, steps = part.labels, part.times, part.known, steps + part.steps
                asked += 1
    doubt = (0.0, 0.0)
    if shortcut is not None and shortened.any():
        some = generator_of(key).choice(np.flatnonzero(shortened), shortcut.checked)
        part = finder.assigned(stage, grid.states(some), known, key=jax.random.fold_in(key, asked))
        wrong, steps = int(np.sum(part.labels != labels[some])), steps + part.steps
        doubt = (wrong / len(some), float(share_error(wrong, len(some))))
    return Filled(labels, times, known, steps, doubt)


def _checked_grid(stage: Stage, grid: Grid) -> None:
    whole = len(grid.axes) == len(stage.variables) == stage.stepped.dimension
    if not (whole and stage.unit == 1 and stage.lens.plain and stage.lens.mix.ndim == 1 and not stage.discrete):
        raise InputError(
            "`KnownCells` needs an autonomous system without angles whose components all vary on the grid, because a "
            "cell must be all there is to know of a state. Leave `shortcut` out."
        )
    if stage.stepped.inputs is not None:
        raise InputError("`KnownCells` needs an autonomous system, but there are `inputs`. Leave `shortcut` out.")


def _lattice(grid: Grid, stride: int, *, first: bool) -> Iterator[np.ndarray]:
    """Numbers of the cells at every `stride`-th place that are not on the coarser lattice before, in parts."""
    shape = tuple(-(-n // stride) for n in grid.shape)
    size = int(np.prod(shape))
    for begin in range(0, size, _CHUNK):
        places = np.unravel_index(np.arange(begin, min(begin + _CHUNK, size)), shape)
        fresh = np.full(len(places[0]), True) if first else np.any([p % 2 for p in places], axis=0)
        cells = np.ravel_multi_index(tuple(p[fresh] * stride for p in places), grid.shape)
        if len(cells):
            yield cells


def _told(
    stage: Stage,
    grid: Grid,
    known: tuple[KnownAttractor, ...],
    labels: np.ndarray,
    cells: np.ndarray,
    *,
    stride: int,
    shortcut: KnownCells,
) -> tuple[np.ndarray, np.ndarray]:
    """Labels of cells by the coarser lattice, `OPEN` where it does not tell, and the looks taken."""
    coarse = labels.reshape(grid.shape)[tuple(slice(None, None, stride) for _ in grid.shape)]
    # Beyond the edge a cell has no neighbours that could differ.
    low, high = (f(coarse, size=3, mode="nearest") for f in (ndimage.minimum_filter, ndimage.maximum_filter))
    table = np.where((low == high) & (low >= 0), coarse, -1).astype(np.int32).reshape(-1)
    if np.mean(table >= 0) < _TELLING:
        return np.full(len(cells), OPEN, np.int32), np.zeros(len(cells), np.int64)
    mix = np.asarray(stage.lens.mix)
    size = stride * grid.spacing * mix
    base = targets_of(tuple(known), streak=shortcut.streak)
    targets = eqx.tree_at(
        lambda t: (t.axes, t.low, t.inverse, t.counts, t.keys, t.of_cells, t.patient),
        base,
        tuple(
            jnp.asarray(v)
            for v in (
                np.zeros((0, 0)),
                grid.low * mix + 0.5 * grid.spacing * mix - 0.5 * size,
                1 / size,
                np.array(coarse.shape, float),
                np.zeros(0, np.int64),
                table,
                True,
            )
        ),
    )
    carries = stage.carries(grid.states(cells))
    return race(stage, targets, carries, 0, looks=_LOOKS, stride=shortcut.stride, first=_FIRST)
