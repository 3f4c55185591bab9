"""Systems whose input is fixed: by a signal (`driven`) or by their own state (`closed_loop`)."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._types import Input, State, Time
from .._base import AbstractFlow, AbstractHybrid, AbstractMap, AbstractSystem
from .._inputs import AbstractInput, Sine, as_input
from ._base import AbstractDerived, check_feed, check_kind

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar

#: A rule u = rule(t, y) for the input of a system.
Rule = Callable[[Any, State], Any]


class AbstractRuled(AbstractDerived):
    """A derived system whose input follows a rule u = rule(t, y)."""

    rule: AbstractVar[Any]

    def forcing_period(self) -> Any:
        """The period of a sinusoidal drive, else that of the system."""
        if isinstance(self.rule, Signal) and isinstance(self.rule.signal, Sine):
            return self.rule.signal.period
        return self.system.forcing_period()

    def observe(self, t: Time, y: State, u: Input) -> Any:
        """What the system shows under its rule."""
        del u
        return self.system.observe(t, y, self.rule(t, y))


class Signal(eqx.Module):
    """The rule of a driven system: the signal alone, whatever the state."""

    signal: AbstractInput

    def __call__(self, t: Time, y: State) -> jax.Array:
        """The signal at time `t`."""
        del y
        return self.signal(t)


class RuledFlow(AbstractFlow, AbstractRuled):
    """A flow with its input fixed by a rule: dy/dt = f(t, y, rule(t, y))."""

    system: AbstractFlow
    rule: Any

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del u
        return self.system.vector_field(t, y, self.rule(t, y))


class RuledMap(AbstractMap, AbstractRuled):
    """A map with its input fixed by a rule: y' = step(n, y, rule(n, y))."""

    system: AbstractMap
    rule: Any

    def step(self, n: Time, y: State, u: Input) -> State:
        del u
        return self.system.step(n, y, self.rule(n, y))


class RuledHybrid(AbstractHybrid, AbstractRuled):
    """A hybrid flow with its input fixed by a rule u = rule(t, y)."""

    system: AbstractHybrid
    rule: Any

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del u
        return self.system.vector_field(t, y, self.rule(t, y))

    def guard(self, t: Time, y: State, u: Input) -> jax.Array:
        del u
        return self.system.guard(t, y, self.rule(t, y))

    def reset(self, t: Time, y: State, u: Input, fired: jax.Array) -> State:
        del u
        return self.system.reset(t, y, self.rule(t, y), fired)


def driven(system: AbstractSystem, signal: Any) -> AbstractSystem:
    """The system driven by a fixed input signal u(t), as a system without input.

    Args:
        system: A flow, map or hybrid with input channels.
        signal: An `AbstractInput`, or a number or array for a constant.

    Returns:
        A system of the same kind.

    Raises:
        InputError: If the system takes no input or the channels differ.
    """
    value = as_input(signal, channels=system.input_size())
    return system if value is None else closed_loop(system, Signal(value))


def closed_loop(system: AbstractSystem, feedback: Rule) -> AbstractSystem:
    """The system fed by its own state, u = feedback(t, y), as a system without input.

    Raises:
        InputError: If the kind of system is not flow, map or hybrid, if it takes no input, or if the shape differs.
    """
    found = check_kind(system, ("flow", "map", "hybrid"), operation="closed_loop")
    fed = jax.eval_shape(feedback, jnp.zeros((), int if found == "map" else float), system.initial_state())
    check_feed(system, fed, operation="closed_loop")
    match found:
        case "flow":
            return RuledFlow(system, feedback)  # type: ignore[arg-type]
        case "map":
            return RuledMap(system, feedback)  # type: ignore[arg-type]
        case _:
            return RuledHybrid(system, feedback)  # type: ignore[arg-type]
