"""Flows with white noise: Euler-Maruyama (Ito) and Euler-Heun (Stratonovich).

The noise of every step comes from `fold_in(key, step number)`, so cutting a run into chunks changes nothing.
"""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from .._types import Key, State
from ..systems import AbstractNoisy
from ._flow import substeps
from ._solvers import EulerHeun, EulerMaruyama


def diffuse(
    system: AbstractNoisy, inputs: Any, y: State, ts: Any, *, key: Key, solver: EulerMaruyama | EulerHeun, first: Any
) -> tuple[State, Any, State]:
    """States at `ts[1:]` from `y` at `ts[0]`; `first` is the number of the first step.

    Returns:
        The last state, the number of the next step, and all states.
    """
    flat, unravel = ravel_pytree(y)

    def drift(t: Any, c: Any) -> Any:
        u = None if inputs is None else inputs(t)
        return ravel_pytree(system.vector_field(t, unravel(c), u))[0]  # type: ignore[attr-defined]

    def amplitude(t: Any, c: Any) -> Any:
        return jnp.asarray(system.diffusion(t, unravel(c), None if inputs is None else inputs(t)))

    shape = jax.eval_shape(amplitude, ts[0], flat).shape

    def times(g: Any, dw: Any) -> Any:
        return g * dw if g.ndim == 1 else g @ dw

    def one(t: Any, c: Any, h: Any, k: Any) -> Any:
        dw = jnp.sqrt(h) * jax.random.normal(jax.random.fold_in(key, k), shape[-1:], c.dtype)
        g = amplitude(t, c)
        moved = c + h * drift(t, c)
        if isinstance(solver, EulerMaruyama):
            return moved + times(g, dw)
        predicted = c + times(g, dw)
        return moved + times((g + amplitude(t + h, predicted)) / 2, dw)

    def advance(carry: Any, interval: Any) -> Any:
        c, k = carry
        start, end = interval
        steps = substeps(start, end, solver.dt)
        h = (end - start) / steps
        c = jax.lax.fori_loop(0, steps, lambda i, s: one(start + i * h, s, h, k + i), c)
        return (c, k + steps), c

    (last, step), saved = jax.lax.scan(advance, (flat, first), (ts[:-1], ts[1:]))
    return unravel(last), step, jax.vmap(unravel)(saved)
