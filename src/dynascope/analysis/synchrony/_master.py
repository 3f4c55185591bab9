"""The master stability function: for which couplings is the synchronised state of any network stable?"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree
from numpy.typing import ArrayLike

from ..._errors import RESULTS, InputError, raise_if_failed
from ..._results import AbstractResult, output, provenance
from ..._types import State
from ...solve import AbstractFixedStep, fixed_solver
from ...systems import AbstractSystem, kind, laplacian
from ...systems.derived import coupling_function
from .._differentiable import rate_unit
from ._crossings import Crossings, crossings
from ._variation import AbstractVariation, Growth, Run, linear_part, prepared

#: Longest step in units of the time over which the coupling pulls; RK4 is wrong by 1e-4 there and unstable beyond 2.8.
_STEP, _UNSTABLE = 0.5, 2.5
#: Largest part of the largest eigenvalue that counts as rounding.
_ZERO = 1e-9


class Transverse(AbstractVariation):
    """Perturbations of one mode of a network, xi' = (Df(s) - alpha Dh(s)) xi."""

    coupling: Any

    def size(self, y: State) -> int:
        return ravel_pytree(y)[0].size

    def at(self, rule: Callable[[State], State], y: State) -> tuple[State, Callable[[jax.Array, Any], jax.Array]]:
        value, own = linear_part(rule, y)
        _, shown = linear_part(self.coupling, y)
        return value, lambda xi, alpha: own(xi) - alpha * shown(xi)


class MasterStability(AbstractResult):
    """The master stability function on a grid.

    Attributes:
        alphas: Values of the coupling, in rising order if real; those added near the crossings are among them.
        exponents: Largest exponent at each.
        stderr: Standard errors.
        crossings: Where the function changes its sign, beyond its errors (real `alphas` only).
        crossings_stderr: Their standard errors.
        intervals: Intervals in which it is negative, shape `(interval, 2)`. An end of the grid at which it still is
            negative stands as an end, with an infinite error.
        intervals_stderr: Standard errors of the ends.
        unit: `nats/step` or `nats/<time unit>`.
    """

    unit: str
    result: Any
    settings: dict[str, Any] = eqx.field(static=True)
    alphas: np.ndarray = output("alpha", doc="coupling")
    exponents: np.ndarray = output("alpha", doc="largest exponents")
    stderr: np.ndarray = output("alpha", doc="standard errors")
    crossings: np.ndarray = output("crossing", doc="zeros of the function")
    crossings_stderr: np.ndarray = output("crossing", doc="standard errors of the zeros")
    intervals: np.ndarray = output("interval", "end", doc="intervals of stability")
    intervals_stderr: np.ndarray = output("interval", "end", doc="standard errors of their ends")

    def summary(self) -> str:
        """The intervals in which synchrony is stable."""
        if np.iscomplexobj(self.alphas):
            stable = int(np.sum(self.exponents < -2 * self.stderr))
            return f"Master stability function ({self.unit}) at {len(self.alphas)} complex couplings, {stable} stable."
        found = "; ".join(
            f"{self._end(i, 0, 'the first')} to {self._end(i, 1, 'the last')}" for i in range(len(self.intervals))
        )
        where = f"stable from {found}" if found else "never stable"
        span = f"{self.alphas[0]:.4g} to {self.alphas[-1]:.4g}"
        return f"Master stability function ({self.unit}) for couplings from {span}: {where}."

    def _end(self, i: int, side: int, name: str) -> str:
        value, error = self.intervals[i, side], self.intervals_stderr[i, side]
        return f"{value:.5g} +- {error:.1g}" if np.isfinite(error) else f"{value:.5g} ({name} value tried)"

    def strengths(self, graph: Any) -> tuple[np.ndarray, np.ndarray]:
        """Strengths of coupling at which all modes of a network lie in an interval of stability.

        Args:
            graph: As in `networked`; its Laplacian must have real eigenvalues.

        Returns:
            Intervals of the strength, shape `(interval, 2)`, and the standard errors of their ends. Intervals that no
            strength can hold all modes in are left out.

        Raises:
            InputError: If the graph falls apart or has complex eigenvalues.
        """
        modes = transverse_eigenvalues(graph)
        if np.iscomplexobj(modes):
            raise InputError(
                "The Laplacian of `graph` has complex eigenvalues, which lie on no interval. Use "
                "`transversal_exponents(system, graph, ...)` at the strengths of interest."
            )
        ends = np.stack([self.intervals[:, 0] / modes.min(), self.intervals[:, 1] / modes.max()], axis=1)
        errors = np.stack([self.intervals_stderr[:, 0] / modes.min(), self.intervals_stderr[:, 1] / modes.max()], 1)
        held = ends[:, 0] < ends[:, 1]
        return ends[held], errors[held]


def master_stability(
    system: AbstractSystem,
    coupling: Any = None,
    alphas: ArrayLike | None = None,
    *,
    refine: int = 1,
    y0: State = None,
    transient: float | None = None,
    duration: float | None = None,
    inputs: Any = None,
    solver: Any = None,
    rtol: float = 0.01,
    throw: bool = True,
    progress: bool = False,
) -> MasterStability:
    r"""The master stability function of identical systems under a coupling.

    $\Lambda(\alpha)$ is the largest exponent of $\dot\xi = [Df(s) - \alpha\, Dh(s)]\, \xi$ along one orbit $s$ of the
    uncoupled system (maps: of the same product). In the network $\dot y_i = f(y_i) - \sigma \sum_j L_{ij} h(y_j)$ with
    Laplacian L the perturbation of mode k grows at $\Lambda(\sigma \lambda_k)$, $\lambda_k$ being the eigenvalues of L:
    synchrony is stable if all but that of the zero eigenvalue are negative. All $\alpha$ share one orbit, so that the
    curve is smooth, and its errors are correlated.

    Args:
        system: One unit: a flow or a map.
        coupling: The inner coupling h: None for the state itself, the name of one component (coupled into its own
            equation), a matrix of shape `(d, d)` on the flattened state, or a function from states to states.
        alphas: Couplings, real or complex (directed graphs); None takes 41 from 0 to 10.
        refine: How often as many values of alpha again are set between those where the function changes its sign.
        y0: Initial state; None takes `initial_state()`.
        transient: Time (maps: steps) left out; None takes 20,000 solver steps (maps 2,000).
        duration: Time (maps: steps) averaged over; None runs until every error is below `rtol` of the spread of the
            curve, within a fixed budget.
        inputs: Input signal common to all units.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`, with a shorter step for strong coupling.
        rtol: Relative precision asked for where `duration` is None.
        throw: Raise `ComputationFailed` if the orbit diverges.
        progress: Show progress on standard error.

    Returns:
        A `MasterStability`.

    Raises:
        InputError: For another kind of system, a coupling that does not fit, or a step too long for it.
        ComputationFailed: If the orbit becomes infinite, and `throw`.

    Reference:
        Pecora & Carroll (1998), Master stability functions for synchronized coupled systems, Phys. Rev. Lett. 80,
        2109-2112.

    Example:
        >>> import dynascope as ds
        >>> found = master_stability(ds.build("lorenz"), None, [0.0, 2.0], duration=200)
        >>> bool(abs(found.exponents[0] - found.exponents[-1] - 2) < 1e-6)
        True
    """
    shown = coupling_function(coupling, system)
    grid = _checked(np.linspace(0.0, 10.0, 41) if alphas is None else np.asarray(alphas))
    solver = _short_enough(system, shown, solver, y0, grid)
    stepped = prepared(system, y0, inputs=inputs, solver=solver, what="master_stability")
    run = Run(stepped, Transverse(shown), 1, transient)
    steps = None if duration is None else run.steps_of(duration, "duration")
    grown = run.grown(grid, steps, rtol=None if steps else rtol, progress=progress)
    mean, error = grown.mean[:, 0], grown.stderr[:, 0]
    found = crossings(grid, mean, error)
    if not np.iscomplexobj(grid):
        for _ in range(refine):
            if not len(found.brackets) or not bool(grown.result == RESULTS.successful):
                break
            finer = run.grown(_between(found.brackets, len(grid)), grown.steps, like=grown)
            grid = np.concatenate([grid, _between(found.brackets, len(finer.mean))])
            order = np.argsort(grid, kind="stable")
            grid = grid[order]
            mean = np.concatenate([mean, finer.mean[:, 0]])[order]
            error = np.concatenate([error, finer.stderr[:, 0]])[order]
            found = crossings(grid, mean, error)
    if throw and not bool(grown.result == RESULTS.interrupted):
        raise_if_failed(grown.result, what=f"`master_stability` of `{type(system).__name__}`")
    return _result(system, grid, mean, error, found, grown)


def _result(
    system: AbstractSystem, grid: np.ndarray, mean: np.ndarray, error: np.ndarray, found: Crossings, grown: Growth
) -> MasterStability:
    return MasterStability(
        alphas=grid,
        exponents=mean,
        stderr=error,
        crossings=found.places,
        crossings_stderr=found.errors,
        intervals=found.intervals,
        intervals_stderr=found.intervals_errors,
        unit=rate_unit(system.time_unit),
        result=grown.result,
        settings=settings_of(system, grown),
    )


def settings_of(system: AbstractSystem, grown: Growth) -> dict[str, Any]:
    """What a run along an orbit was made with."""
    return provenance(
        system=type(system).__name__,
        step=grown.dt,
        every=grown.every,
        transient=grown.skipped * grown.dt,
        duration=grown.steps * grown.dt,
    )


def transverse_eigenvalues(graph: Any) -> np.ndarray:
    """Eigenvalues of the Laplacian but for the zero of synchrony, in rising order of their real parts.

    Raises:
        InputError: If the graph has one unit only, or parts that hear nothing from each other.
    """
    values = np.linalg.eigvals(laplacian(graph))
    scale = float(np.max(np.abs(values), initial=0.0))
    if np.max(np.abs(values.imag), initial=0.0) <= _ZERO * scale:
        values = values.real
    values = values[np.argsort(values.real, kind="stable")]
    zeros = int(np.sum(np.abs(values) <= _ZERO * max(scale, 1e-300)))
    if len(values) < 2 or zeros != 1:
        raise InputError(
            f"The Laplacian of `graph` has {zeros} zero eigenvalues of {len(values)}: synchrony needs a connected "
            "graph of at least 2 units, in which one unit reaches all others."
        )
    return np.delete(values, int(np.argmin(np.abs(values))))


def _checked(grid: np.ndarray) -> np.ndarray:
    if grid.ndim != 1 or grid.size == 0 or not np.all(np.isfinite(grid)):
        raise InputError(f"`alphas` must be a list of finite numbers, got shape {grid.shape}.")
    if np.iscomplexobj(grid):
        return grid.astype(complex)
    return np.unique(grid.astype(float))


def _between(brackets: np.ndarray, count: int) -> np.ndarray:
    """`count` values strictly inside the brackets, shared out evenly."""
    shares = np.array_split(np.arange(count), len(brackets))
    inside = [
        np.linspace(low, high, len(s) + 2)[1:-1] for (low, high), s in zip(brackets, shares, strict=True) if len(s)
    ]
    return np.concatenate(inside)


def _short_enough(system: AbstractSystem, coupling: Any, solver: Any, y0: State, alphas: np.ndarray) -> Any:
    """The solver of a run, with a step short enough for the strongest coupling."""
    return short_enough(system, coupling, solver, y0, float(np.max(np.abs(alphas))))


def short_enough(system: AbstractSystem, coupling: Any, solver: Any, y0: State, strongest: float) -> Any:
    """The solver of a run with couplings up to `strongest`.

    Raises:
        InputError: If a given solver would be unstable there.
    """
    if kind(system) != "flow":
        return solver
    y = system.initial_state() if y0 is None else y0
    _, shown = linear_part(coupling, y)
    flat = ravel_pytree(y)[0]
    pull = strongest * float(np.linalg.norm(np.asarray(jax.vmap(shown, 1, 1)(jnp.eye(flat.size))), 2))
    chosen = fixed_solver(system) if solver is None else solver
    if not isinstance(chosen, AbstractFixedStep):
        return chosen
    step = float(chosen.dt)
    if solver is None:
        return eqx.tree_at(lambda s: s.dt, chosen, jnp.asarray(min(step, _STEP / max(pull, 1e-300))))
    if pull * step > _UNSTABLE:
        raise InputError(
            f"A step of {step:g} is unstable where the coupling pulls at a rate of {pull:g}. Use a step below "
            f"{_STEP / pull:.2g}, or smaller `alphas`."
        )
    return chosen
