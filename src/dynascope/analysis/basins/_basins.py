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
from ._known_cells import KnownCells, filled
from ._named import named, states_of
from ._prepared import prepared
from ._shares import share_error


class Basins(AbstractResult):
    """The basins of attraction on a grid of starts.

    Attributes:
        labels: Index of the attractor of each cell, the last axis fastest; -1 where starts diverge, -2 undecided.
        times: Time after which that was seen: the closer to a boundary, the longer; the time of escape where the state
            diverges.
        grid: The cells.
        doubt: With a shortcut, the share of checked cells whose own end is another than their label, and its standard
            error; 0 without.
        shares: Share of the cells of each attractor.
        stderr: Its standard error if the cells were random starts, which overrates it.
        states: A flattened present state on each.
        moving: Whether the state keeps moving there.
        regimes: What each attractor is, if that was asked for.
        known: The attractors as a finder takes them.
    """

    grid: Grid
    doubt: float
    doubt_stderr: float
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
        doubt = f"; {self.doubt:.4f} +- {self.doubt_stderr:.4f} doubtful" if self.doubt_stderr else ""
        return f"{len(self)} attractor(s) on {cells} cells: {shares}{lost}{doubt}" + (
            f"; {unsure:.4f} undecided." if unsure else "."
        )


def basins(
    system: AbstractSystem,
    grid: Grid,
    *,
    finder: AbstractFinder | None = None,
    known: tuple[KnownAttractor, ...] = (),
    shortcut: KnownCells | None = None,
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
        shortcut: `KnownCells()` lets starts stop in cells that are known already, for fine grids of autonomous systems;
            None runs every start to its own end.
        name: Whether to say what each attractor is, which takes its Lyapunov exponents.
        inputs: Input signal of a driven system.
        key: Random key; None takes seed 0.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`.

    Returns:
        A `Basins` result.

    Raises:
        InputError: If the grid is not one of states of the system, or the system is none for a shortcut.

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
    full = filled(finder, stage, grid, known, shortcut=shortcut, key=of_finder)
    labels, known = full.labels, full.known
    counts = np.array([np.sum(labels == i) for i in range(len(known))], int)
    return Basins(
        grid=grid,
        doubt=full.doubt[0],
        doubt_stderr=full.doubt[1],
        regimes=named(system, stage, known, inputs=inputs, key=of_names, solver=solver) if name else (),
        names=tuple(v.name for v in stage.variables),
        known=known,
        result=RESULTS.successful if np.all(labels != -2) else RESULTS.not_converged,
        settings=provenance(
            system=type(system).__name__,
            finder=type(finder).__name__,
            solver_steps=full.steps,
            seed=seed_of(key),
        ),
        labels=labels,
        times=full.times,
        shares=counts / grid.size,
        stderr=share_error(counts, grid.size) if len(counts) else np.zeros(0),
        states=states_of(known, stage, count=1)[:, 0],
        moving=np.array([a.moving for a in known], bool),
    )
