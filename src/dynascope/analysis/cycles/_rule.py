"""The velocity along a cycle: a system on its flattened, scaled state, with one parameter free."""

from __future__ import annotations

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax.flatten_util import ravel_pytree

from ..._compile import compiled
from ..._types import State
from ...systems import AbstractSystem


class Rule(eqx.Module):
    """A flow in units of `scale`, with the free parameter `parameter` and, where it is forced, its own clock.

    Attributes:
        system: The flow.
        signal: What drives it, or None.
        template: A state.
        scale: Size of each component, shape `(d,)`.
        parameter: The free parameter, a `FreeParameter`, a `FreePair`, or None.
        multiple: Period of the orbit in periods of the forcing; None for autonomous flows, whose period is unknown.
        forcing: Period of the forcing where the system does not declare one.
    """

    system: AbstractSystem
    signal: Any
    template: State
    scale: Any
    parameter: Any
    multiple: int | None = eqx.field(static=True)
    forcing: Any = None

    def at(self, u: Any, p: Any) -> tuple[Any, Any]:
        """The system and its input with the free parameter set to `p`."""
        return (self.system, u) if self.parameter is None else self.parameter.at(self.system, u, p)

    def value(self, free: Any) -> Any:
        """The value of the free parameter, or of both, the last of the unknowns `free`."""
        count = 1 if self.parameter is None else self.parameter.count
        return free[-1] if count == 1 else free[-count:]

    def period(self, free: Any) -> Any:
        """The period: an unknown of an autonomous flow, a multiple of that of the forcing elsewhere."""
        if self.multiple is None:
            return free[0]
        own = self.at(None, self.value(free))[0].forcing_period() if self.forcing is None else self.forcing
        return self.multiple * own

    def velocity(self, t: Any, x: Any, p: Any) -> Any:
        """The velocity at time `t` and scaled flattened state `x`."""
        _, unravel = ravel_pytree(self.template)
        u = None if self.signal is None else self.signal(t)
        system, u = self.at(u, p)
        return ravel_pytree(system.vector_field(t, unravel(x * self.scale), u))[0] / self.scale

    def velocities(self, ts: Any, xs: Any, p: Any) -> Any:
        """Velocities at many times and states, shapes `(time,)` and `(time, d)`."""
        return jax.vmap(lambda t, x: self.velocity(t, x, p))(ts, jnp.asarray(xs))


@compiled
def velocities(rule: Rule, ts: Any, xs: Any, value: Any) -> Any:
    """`Rule.velocities`, compiled."""
    return rule.velocities(jnp.asarray(ts), jnp.asarray(xs), value)
