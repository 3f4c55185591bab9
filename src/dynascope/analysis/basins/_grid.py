"""A lattice of starts."""

from __future__ import annotations

from collections.abc import Sequence

import equinox as eqx
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._types import State
from ...systems import AbstractSystem, state_variables


class Grid(eqx.Module):
    """The centres of equal cells that fill a box; components whose sides are equal are held fixed.

    Args:
        low: Lower corner, a flattened present state.
        high: Upper corner.
        shape: Number of cells along each component that varies.

    Raises:
        InputError: If the corners do not fit together or `shape` has another length than components that vary.
    """

    low: np.ndarray = eqx.field(converter=lambda v: np.asarray(v, float))
    high: np.ndarray = eqx.field(converter=lambda v: np.asarray(v, float))
    shape: tuple[int, ...] = eqx.field(static=True, converter=tuple)

    def __check_init__(self) -> None:
        if self.low.shape != self.high.shape or self.low.ndim != 1 or np.any(self.low > self.high):
            raise InputError(f"`low` must be below `high`, component by component, got {self.low} and {self.high}.")
        if len(self.shape) != len(self.axes) or not self.axes or min(self.shape) < 1:
            raise InputError(
                f"`shape` must give a number of cells for each of the {len(self.axes)} components that vary, got "
                f"{self.shape}."
            )

    @property
    def axes(self) -> tuple[int, ...]:
        """Indices of the components that vary."""
        return tuple(int(i) for i in np.flatnonzero(self.low < self.high))

    @property
    def size(self) -> int:
        """Number of cells."""
        return int(np.prod(self.shape))

    @property
    def spacing(self) -> np.ndarray:
        """Size of a cell along each component that varies."""
        return (self.high - self.low)[list(self.axes)] / np.array(self.shape)

    def ticks(self, axis: int) -> np.ndarray:
        """Centres of the cells along the `axis`-th component that varies."""
        i = self.axes[axis]
        return self.low[i] + (np.arange(self.shape[axis]) + 0.5) * self.spacing[axis]

    def states(self, cells: np.ndarray) -> np.ndarray:
        """Flattened states of cells given by number (the last axis fastest), shape `(cell, d)`."""
        places = np.unravel_index(np.asarray(cells), self.shape)
        out = np.tile(self.low, (len(cells), 1))
        for n, (i, place) in enumerate(zip(self.axes, places, strict=True)):
            out[:, i] += (place + 0.5) * self.spacing[n]
        return out


def grid_of(
    system: AbstractSystem,
    ranges: dict[str, tuple[float, float]],
    *,
    cells: int | Sequence[int] = 200,
    at: State = None,
) -> Grid:
    """The grid on which the named components of `system` vary.

    Args:
        system: Any system.
        ranges: Lower and upper end by name, such as `{"x": (-2, 2), "y": (-2, 2)}`.
        cells: Cells along each, one number for all or one for each, in the order of the state.
        at: State whose other components are held; None takes `initial_state()`.

    Raises:
        InputError: If a name is unknown.
    """
    names = [v.name for v in state_variables(system)]
    unknown = [n for n in ranges if n not in names]
    if unknown:
        raise InputError(f"`ranges` names {unknown[0]!r}, but the components are {', '.join(names[:20])}.")
    low = np.array(ravel_pytree(system.initial_state() if at is None else at)[0], float)
    high = low.copy()
    for n, (a, b) in ranges.items():
        low[names.index(n)], high[names.index(n)] = a, b
    shape = (cells,) * len(ranges) if isinstance(cells, int) else tuple(cells)
    return Grid(low, high, shape)
