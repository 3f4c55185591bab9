"""Flows and noisy flows through diffrax: implicit solvers for stiff systems, any solver of diffrax, its adjoints."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from .._errors import RESULTS
from .._types import State
from ..systems import AbstractNoisy, AbstractSystem
from ._solvers import Diffrax, Kvaerno5


def solved(
    system: AbstractSystem, inputs: Any, y: State, ts: Any, *, key: Any, solver: Diffrax | Kvaerno5
) -> tuple[State, Any, dict[str, Any]]:
    """States at `ts[1:]` from `y` at `ts[0]`, with a result code and the numbers of steps."""
    import diffrax

    method = diffrax.Kvaerno5() if isinstance(solver, Kvaerno5) else solver.solver
    dt = solver.dt if isinstance(solver, Diffrax) else None
    adjoint = solver.adjoint if isinstance(solver, Diffrax) else None
    flat, unravel = ravel_pytree(y)
    if dt is None:
        control: Any = diffrax.PIDController(rtol=solver.rtol, atol=solver.atol)
    else:
        control = diffrax.ConstantStepSize()
    solution = diffrax.diffeqsolve(
        _terms(system, inputs, flat, unravel, ts, key, dt),
        method,
        ts[0],
        ts[-1],
        dt,
        flat,
        saveat=diffrax.SaveAt(ts=ts[1:]),
        stepsize_controller=control,
        adjoint=diffrax.ForwardMode() if adjoint is None else adjoint,
        max_steps=solver.max_steps,
        throw=False,
    )
    saved: Any = solution.ys
    saved = jnp.where(jnp.isinf(saved), jnp.nan, saved)  # diffrax marks times it did not reach by infinity
    return jax.vmap(unravel)(saved), _code(solution.result), {"steps": solution.stats["num_accepted_steps"]}


def _terms(system: AbstractSystem, inputs: Any, flat: Any, unravel: Any, ts: Any, key: Any, dt: Any) -> Any:
    import diffrax

    def given(t: Any) -> Any:
        return None if inputs is None else inputs(t)

    def drift(t: Any, c: Any, args: Any) -> Any:
        del args
        return ravel_pytree(system.vector_field(t, unravel(c), given(t)))[0]  # type: ignore[attr-defined]

    if not isinstance(system, AbstractNoisy):
        return diffrax.ODETerm(drift)

    def amplitude(t: Any, c: Any, args: Any) -> Any:
        del args
        g = jnp.asarray(system.diffusion(t, unravel(c), given(t)))
        return jnp.diag(g) if g.ndim == 1 else g

    columns = jax.eval_shape(amplitude, ts[0], flat, None).shape[-1]
    tolerance = dt / 2 if dt is not None else 1e-4 * (ts[-1] - ts[0])
    path = diffrax.VirtualBrownianTree(ts[0], ts[-1], tolerance, (columns,), key)
    return diffrax.MultiTerm(diffrax.ODETerm(drift), diffrax.ControlTerm(amplitude, path))


def _code(result: Any) -> Any:
    import diffrax

    codes = diffrax.RESULTS
    return RESULTS.where(
        result == codes.successful,
        RESULTS.successful,
        RESULTS.where(result == codes.max_steps_reached, RESULTS.max_steps, RESULTS.solver_failed),
    )
