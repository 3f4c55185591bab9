"""A system at one moment, as a function of its flattened state whose zeros are its fixed points."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._errors import InputError
from ..._types import State
from ...systems import (
    AbstractDelayFlow,
    AbstractFlow,
    AbstractMap,
    AbstractSystem,
    driving,
    is_discrete,
    kind,
    state_variables,
)


class Frozen(eqx.Module):
    """A system at one moment `t` under one input `u`, on the flattened state; `template` is a state."""

    system: AbstractSystem
    u: Any
    t: Any
    template: State

    def residual(self, flat: Any) -> Any:
        """The velocity, or the change of state in one step, at the flattened state `flat`."""
        _, unravel = ravel_pytree(self.template)
        y = unravel(flat)
        match self.system:
            case AbstractMap():
                return self.shorter(ravel_pytree(self.system.step(self.t, y, self.u))[0] - flat)
            case AbstractDelayFlow():

                def past(s: Any) -> Any:
                    del s
                    return y

                return ravel_pytree(self.system.vector_field(self.t, y, past, self.u))[0]
            case AbstractFlow():
                return ravel_pytree(self.system.vector_field(self.t, y, self.u))[0]
        raise AssertionError(type(self.system))

    def turns(self) -> Any:
        """The period of each component that is an angle, infinite for others."""
        variables = state_variables(self.system)
        return jnp.asarray([v.period if v.topology == "circle" else jnp.inf for v in variables], float)

    def shorter(self, gap: Any) -> Any:
        """Differences of flattened states, those of angles by the shorter way round the circle."""
        if all(v.topology != "circle" for v in state_variables(self.system)):
            return gap
        turn = self.turns().astype(gap.dtype)
        return gap - jnp.where(jnp.isfinite(turn), turn, 0.0) * jnp.round(gap / turn)


def frozen_at(system: AbstractSystem, inputs: Any, t: float) -> Frozen:
    """`system` at time `t` under the input of that moment.

    Raises:
        InputError: For noisy or discrete systems, or an input that does not fit.
    """
    found = kind(system)
    if found in ("sde", "random map"):
        raise InputError(
            f"`{type(system).__name__}` is noisy, so no state stays put. Look for fixed points of its deterministic "
            "part."
        )
    discrete = [v.name for v in state_variables(system) if v.topology == "discrete"]
    if discrete:
        raise InputError(
            f"`{type(system).__name__}` has discrete states (`{discrete[0]}`, ...), on which Newton's method has no "
            "meaning. Iterate it: a fixed point is a state that stops changing."
        )
    signal = driving(system, inputs)
    moment = jnp.asarray(round(t)) if is_discrete(system) else jnp.asarray(float(t))
    return Frozen(system, None if signal is None else signal(moment), moment, system.initial_state())
