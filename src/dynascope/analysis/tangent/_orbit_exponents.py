"""Exponents of one orbit as a pure function, to be compiled, batched and differentiated."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from ..._errors import InputError
from ..._types import Key, State
from ...systems import AbstractSystem, kind
from .._differentiable import differentiable_map
from .._frames import tangent_of
from ._orbit import checked_count


def orbit_exponents(
    system: AbstractSystem,
    y0: State = None,
    *,
    steps: int,
    transient_steps: int = 0,
    k: int | None = None,
    every: int = 1,
    key: Key | None = None,
    inputs: Any = None,
    solver: Any = None,
) -> jax.Array:
    r"""The `k` leading finite-time exponents along the orbit from `y0`, as a pure function.

    $\lambda_i = T^{-1} \sum_n \log R^{(n)}_{ii}$, where $Q^{(n)} R^{(n)}$ is the QR factorisation of the tangent map
    over one interval applied to $Q^{(n-1)}$. It is made for `jax.jit`, `jax.vmap` over starts and over parameters, and
    derivatives: nothing is chosen from what the run shows, and nothing is raised but for wrong arguments. A run that
    diverges gives NaN. `lyapunov_spectrum` is the same with errors, checks and an interval chosen for you.

    The slope of an exponent is that of this very orbit. It is what training needs and meaningful where orbits forget
    their start; along a chaotic orbit it grows like the orbit's own separation, and over long times says nothing about
    the slope of the limit. Systems with delays take forward mode only.

    Args:
        system: Any system with a continuous state.
        y0: State at the beginning; None takes `initial_state()`.
        steps: Steps averaged over: of the solver for a flow, of the map for a map, of the longest delay for a system
            with delays. Counts and not times, since they shape the program.
        transient_steps: Steps before them that are left out, through which the vectors turn with the orbit.
        k: Number of exponents; None takes all.
        every: Steps between factorisations; `steps` and `transient_steps` are cut to whole intervals.
        key: Random key of a noisy system.
        inputs: Input signal of a driven system.
        solver: Fixed-step solver; None takes that of `fixed_solver(system)`, which for a flow that names no step of its
            own needs parameters that are numbers, as they are not inside `jax.vmap` or `jax.grad`.

    Returns:
        Shape `(k,)`, per unit of time (maps: per step), in the order of the factorisation, which is nearly decreasing.

    Raises:
        InputError: For a discrete state, a missing key, a number out of range, or a system with resets: the derivative
            of a reset is exact, that of its derivative is not, and slopes would be wrong.

    Reference:
        Benettin, Galgani, Giorgilli & Strelcyn (1980), Lyapunov characteristic exponents for smooth dynamical systems,
        Meccanica 15, 9-30.

    Example:
        >>> import dynascope as ds, jax, jax.numpy as jnp
        >>> from dynascope.analysis.tangent import orbit_exponents
        >>> def largest(r):
        ...     return orbit_exponents(ds.build("logistic").replace(r=r), steps=2000, transient_steps=200)[0]
        >>> jax.vmap(largest)(jnp.array([2.8, 3.3])).round(2).tolist()
        [-0.22, -0.62]
    """
    if kind(system) == "hybrid":
        raise InputError(
            f"`orbit_exponents` would have wrong slopes through the resets of `{type(system).__name__}`. Use "
            "`lyapunov_spectrum`, and finite differences of it."
        )
    stepped = differentiable_map(system, y0, inputs=inputs, key=key, solver=solver, what="orbit_exponents")
    tangent = tangent_of(stepped)
    k = tangent.dimension if k is None else checked_count(k, "k", least=1, most=tangent.dimension)
    every = checked_count(every, "every", least=1)
    averaged = checked_count(steps, "steps", least=every) // every
    skipped = checked_count(transient_steps, "transient_steps", least=0) // every
    # Vectors of no special direction: those of the axes may lie in subspaces that the system keeps.
    frame = jnp.linalg.qr(jax.random.normal(jax.random.key(0), (k, tangent.dimension), float).T)[0]

    def interval(carry: Any, _: Any) -> Any:
        run, i = carry
        run, _ = jax.lax.scan(lambda run, m: (tangent.push(i + m, run), None), run, jnp.arange(every))
        vectors, r = tangent.factored(run[1])
        return ((run[0], vectors), i + every), jnp.diagonal(r)

    begun = (tangent.start(stepped.template, frame), jnp.zeros((), int))
    # Logarithms of all lengths at once are several times cheaper than three in each pass of the loop.
    (last, _), lengths = jax.lax.scan(interval, begun, None, length=skipped + averaged)
    finite = jnp.all(jnp.isfinite(tangent.place(last[0])))
    return jnp.where(finite, jnp.log(lengths[skipped:]).sum(axis=0), jnp.nan) / (averaged * every * stepped.dt)
