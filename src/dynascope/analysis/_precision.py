"""Analyses that single precision would spoil refuse to run in it."""

from __future__ import annotations

import jax.numpy as jnp

from .._errors import InputError


def require_64_bit(what: str) -> None:
    """Refuse to go on where JAX has been left at 32 bit.

    Raises:
        InputError: If 64-bit numbers are switched off; `what` names the analysis.
    """
    if jnp.result_type(float) != jnp.float64:
        raise InputError(
            f"{what} needs 64-bit numbers, but JAX runs at 32 bit: rounding would hide what is near zero. Unset "
            "`JAX_ENABLE_X64` (or set it to 1) and start again."
        )
