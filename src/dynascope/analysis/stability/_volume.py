"""How fast volumes of states grow along an orbit: what the sum of all exponents must be."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ...solve import fixed_step
from ...systems import kind
from .._as_map import Stepped

#: Largest dimension whose determinant has a formula of its own.
_EXPLICIT = 3


@compiled
def log_volume(stepped: Stepped, carry: Any, first: Any, steps: Any) -> jax.Array:
    r"""Logarithm of the growth of volume over `steps` steps of the orbit from `carry` at step `first`.

    Flows: $\int \nabla \cdot f \, dt$, taken by the same Runge-Kutta method as the orbit, so that it is the volume of
    the exact flow where the product of the growth of tangent vectors is that of the computed steps. Maps:
    $\sum \log |\det Df|$.
    """
    packed = stepped.packing()
    step = stepped.stepper(packed)
    flat, unravel = ravel_pytree(carry)
    nothing = jnp.zeros((), flat.dtype)

    if kind(stepped.system) == "flow":

        def field(t: Any, augmented: Any) -> Any:
            def velocity(x: jax.Array) -> jax.Array:
                return ravel_pytree(packed.pack(stepped.velocity(t, packed.unpack(unravel(x)))))[0]

            x = ravel_pytree(augmented[0])[0]
            return packed.pack(stepped.velocity(t, packed.unpack(augmented[0]))), jnp.trace(jax.jacfwd(velocity)(x))

        rk = fixed_step(field, stepped.solver.tableau, stepped.dt)

        def advance(i: Any, augmented: Any) -> Any:
            return rk(i * stepped.dt, augmented)

    else:

        def advance(i: Any, augmented: Any) -> Any:
            state, total = augmented
            x = ravel_pytree(state)[0]
            jacobian = jax.jacfwd(lambda z: ravel_pytree(step(i, unravel(z)))[0])(x)
            return step(i, state), total + _log_determinant(jacobian)

    return jax.lax.fori_loop(first, first + steps, advance, (carry, nothing))[1]


def _log_determinant(matrix: jax.Array) -> jax.Array:
    if matrix.shape[0] <= _EXPLICIT:
        return jnp.log(jnp.abs(jnp.linalg.det(matrix)))
    return jnp.linalg.slogdet(matrix)[1]
