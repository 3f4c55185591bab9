"""Arrays in the precision of a model's own parameters, and functions without removable singularities."""

from typing import Any

import jax
import jax.numpy as jnp

from .._types import Input


def like(parameter: jax.Array, values: Any) -> jax.Array:
    """`values` as an array of the type of `parameter`, so that a model cast to 32 bit starts in 32 bit."""
    return jnp.asarray(values, dtype=parameter.dtype)


def injected(u: Input) -> Any:
    """The current that input `u` of shape `(1,)` adds; 0 when nothing drives the system."""
    return 0.0 if u is None else u[0]


def linoid(x: jax.Array, decay: jax.Array | None = None) -> jax.Array:
    """The function x / (1 - exp(-x)) with its limit 1 at 0; its derivatives are exact there too.

    Rate functions of channels have this form, with the hole in the middle of the voltages that matter (-40 mV for
    the sodium activation of Hodgkin and Huxley).

    Args:
        x: Where.
        decay: exp(-x), if it is at hand: costs less, and the last three bits.
    """
    near = jnp.abs(x) < 0.1
    # `where` differentiates both branches: each must be finite wherever it is not chosen.
    far = jnp.where(near, 1.0, x)
    near_x = jnp.where(near, x, 0.0)
    s = near_x * near_x
    # Bernoulli numbers; the first term left out is x^10 / 47900160, below 2e-18 here.
    series = 1.0 + near_x / 2.0 + s * (1.0 / 12.0 - s * (1.0 / 720.0 - s * (1.0 / 30240.0 - s / 1209600.0)))
    rest = -jnp.expm1(-far) if decay is None else 1.0 - jnp.where(near, 0.0, decay)
    return jnp.where(near, series, far / rest)
