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


def diffusion_step(
    system: AbstractNoisy, inputs: Any, y: State, t: Any, *, h: Any, key: Key, solver: EulerMaruyama | EulerHeun
) -> State:
    """The state after one step of length `h` from time `t`, with the noise that `key` gives."""
    flat, unravel = ravel_pytree(y)

    def given(s: Any) -> Any:
        return None if inputs is None else inputs(s)

    def amplitude(s: Any, c: Any) -> Any:
        return jnp.asarray(system.diffusion(s, unravel(c), given(s)))

    g = amplitude(t, flat)
    dw = jnp.sqrt(h) * jax.random.normal(key, g.shape[-1:], flat.dtype)
    drift, _ = ravel_pytree(system.vector_field(t, y, given(t)))  # type: ignore[attr-defined]
    moved = flat + h * drift
    if isinstance(solver, EulerMaruyama):
        return unravel(moved + _times(g, dw))
    predicted = flat + _times(g, dw)
    return unravel(moved + _times((g + amplitude(t + h, predicted)) / 2, dw))


def _times(g: Any, dw: Any) -> Any:
    return g * dw if g.ndim == 1 else g @ dw


def diffuse(
    system: AbstractNoisy, inputs: Any, y: State, ts: Any, *, key: Key, solver: EulerMaruyama | EulerHeun, first: Any
) -> tuple[State, Any, State]:
    """States at `ts[1:]` from `y` at `ts[0]`; `first` is the number of the first step.

    Returns:
        The last state, the number of the next step, and all states.
    """

    def advance(carry: Any, interval: Any) -> Any:
        state, k = carry
        start, end = interval
        steps = substeps(start, end, solver.dt)
        h = (end - start) / steps

        def one(i: Any, s: State) -> State:
            noise = jax.random.fold_in(key, k + i)
            return diffusion_step(system, inputs, s, start + i * h, h=h, key=noise, solver=solver)

        state = jax.lax.fori_loop(0, steps, one, state)
        return (state, k + steps), state

    (last, step), saved = jax.lax.scan(advance, (y, first), (ts[:-1], ts[1:]))
    return last, step, saved
