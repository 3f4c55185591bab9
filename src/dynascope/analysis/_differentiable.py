"""Which systems have a tangent, how they are made ready for it, and the unit of what is found there."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from .._errors import InputError
from .._types import Key, State
from ..systems import AbstractSpiking, AbstractSystem, state_variables
from ._as_map import Stepped, as_map


def check_differentiable(system: AbstractSystem, what: str) -> None:
    """Check that nearby states of `system` exist.

    Raises:
        InputError: If some of its states are discrete; `what` names the analysis.
    """
    discrete = [v.name for v in state_variables(system) if v.topology == "discrete"]
    if isinstance(system, AbstractSpiking) and discrete:
        raise InputError(
            f"Spikes of `{type(system).__name__}` fall on steps, so that `{what}` would miss how they move. Make a "
            "`SpikingCircuit` of the neurons: it is exact to every spike."
        )
    if discrete:
        raise InputError(
            f"`{type(system).__name__}` has discrete states (`{discrete[0]}`, ...): nearby states do not exist, so it "
            f"has no tangent for `{what}` to follow. Use its graded form, or look at its attractors."
        )


def differentiable_map(
    system: AbstractSystem, y0: State, *, inputs: Any = None, key: Key | None = None, solver: Any = None, what: str
) -> Stepped:
    """`system` as a map whose tangent can be followed for long.

    Raises:
        InputError: For discrete states, numbers of 32 bit, or as `as_map`; `what` names the analysis.
    """
    check_differentiable(system, what)
    stepped = as_map(system, y0, inputs=inputs, key=key, solver=solver)
    if jnp.result_type(*jax.tree.leaves(stepped.template)) != jnp.float64:
        raise InputError(
            f"`{what}` needs numbers of 64 bit, but the state of `{type(system).__name__}` has fewer. Give its "
            "parameters and weights in `float64`."
        )
    return stepped


def rate_unit(time_unit: str) -> str:
    """The unit of a growth rate, `nats/step` or `nats/<time unit>`; the unit of time `1` has no name."""
    return f"nats/{time_unit}" if time_unit != "1" else "nats/time"
