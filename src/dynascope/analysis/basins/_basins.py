"""Which attractor every start of a grid leads to."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from ..._errors import RESULTS, InputError
from ..._random import seed_of
from ..._results import AbstractResult, output, provenance
from ..._types import Key
from ...systems import AbstractSystem, Box
from ..attractors import AbstractFinder, KnownAttractor, Recurrences
from ._grid import Grid
from ._named import named, states_of
from ._prepared import prepared
from ._shares import share_error

#: Starts that are held at once.
_CHUNK = 1 << 19


class Basins(AbstractResult):
    """The basins of attraction on a grid of starts.

    Attributes:
        labels: Index of the attractor of each cell, the last axis fastest; -1 where starts diverge, -2 undecided.
        times: Time after which that was seen: the closer to a boundary, the longer; the time of escape where the state
            diverges.
        grid: The cells.
        shares: Share of the cells of each attractor.
        stderr: Its standard error if the cells were random starts, which overrates it.
        states: A flattened present state on each.
        moving: Whether the state keeps moving there.
        regimes: What each attractor is, if that was asked for.
        known: The attractors as a finder takes them.
    """

    grid: Grid
    regimes: tuple[str, ...] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    known: tuple[KnownAttractor, ...]
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    labels: np.ndarray = output("cell", doc="attractor of each cell; -1 diverges, -2 undecided")
    times: np.ndarray = output("cell", unit="time", doc="time until the attractor was reached")
    shares: np.ndarray = output("attractor", doc="share of the cells")
    stderr: np.ndarray = output("attractor", doc="standard error of the share")
    states: np.ndarray = output("attractor", "component", doc="a state on each attractor")
    moving: np.ndarray = output("attractor", doc="whether the state keeps moving")

    def __len__(self) -> int:
        return len(self.shares)

    @property
    def image(self) -> np.ndarray:
        """The labels in the shape of the grid."""
        return self.labels.reshape(self.grid.shape)

    @property
    def unbounded(self) -> float:
        """Share of the cells whose start diverges."""
        return float(np.mean(self.labels == -1))

    def summary(self) -> str:
        """Shares of the grid."""
        shares = ", ".join(f"{s:.4f}" for s in self.shares[:12]) or "none"
        lost = f"; {self.unbounded:.4f} diverge" if self.unbounded else ""
        unsure = float(np.mean(self.labels == -2))
        cells = " x ".join(map(str, self.grid.shape))
        return f"{len(self)} attractor(s) on {cells} cells: {shares}{lost}" + (
            f"; {unsure:.4f} undecided." if unsure else "."
        )


def basins(
    system: AbstractSystem,
    grid: Grid,
    *,
    finder: AbstractFinder | None = None,
    known: tuple[KnownAttractor, ...] = (),
    name: bool = False,
    inputs: Any = None,
    key: Key | None = None,
    solver: Any = None,
) -> Basins:
    """The attractor of every cell of a grid of starts, and how long the way to it is.

    Args:
        system: Any system; see `basin_shares`.
        grid: Where to start.
        finder: How to find attractors; None takes `Recurrences()`.
        known: Attractors that are known already, of the same system on the same grid.
        name: Whether to say what each attractor is, which takes its Lyapunov exponents.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Returns:
        A `Basins` result.

    Raises:
        InputError: If the grid is not one of states of the system.

    Example:
        >>> import dynascope as ds
        >>> found = basins(ds.build("newton-map"), Grid([-1, -1], [1, 1], (40, 40)))
        >>> len(found), found.image.shape
        (3, (40, 40))
    """
    key = key if key is not None else jax.random.key(0)
    finder = finder if finder is not None else Recurrences()
    flat, unravel = ravel_pytree(system.initial_state())
    if grid.low.shape != flat.shape:
        raise InputError(f"The corners of the grid need {flat.size} components, got {grid.low.size}.")
    of_stage, of_finder, of_names = jax.random.split(key, 3)
    box = Box(unravel(jnp.asarray(grid.low, flat.dtype)), unravel(jnp.asarray(grid.high, flat.dtype)))
    stage, _, _ = prepared(system, box, inputs=inputs, key=of_stage, solver=solver)
    labels, times = np.full(grid.size, -2, np.int32), np.zeros(grid.size)
    steps = 0
    for first in range(0, grid.size, _CHUNK):
        cells = np.arange(first, min(first + _CHUNK, grid.size))
        part = finder.assigned(stage, grid.states(cells), known, key=jax.random.fold_in(of_finder, first))
        labels[cells], times[cells], known, steps = part.labels, part.times, part.known, steps + part.steps
    counts = np.array([np.sum(labels == i) for i in range(len(known))], int)
    return Basins(
        grid=grid,
        regimes=named(system, stage, known, inputs=inputs, key=of_names, solver=solver) if name else (),
        names=tuple(v.name for v in stage.variables),
        known=known,
        result=RESULTS.successful if np.all(labels != -2) else RESULTS.not_converged,
        settings=provenance(
            system=type(system).__name__,
            finder=type(finder).__name__,
            solver_steps=steps,
            seed=seed_of(key),
        ),
        labels=labels,
        times=times,
        shares=counts / grid.size,
        stderr=share_error(counts, grid.size) if len(counts) else np.zeros(0),
        states=states_of(known, stage, count=1)[:, 0],
        moving=np.array([a.moving for a in known], bool),
    )
