"""What all derived systems share: they look like the system they are made from, except for the rule."""

from typing import TYPE_CHECKING, Any

import jax.numpy as jnp

from ..._errors import InputError
from ..._types import Input, State, Time
from .._base import AbstractSystem, Box, Variable, hook, kind, state_variables

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class AbstractDerived(AbstractSystem):
    """A system made from another one, `system`, with the same state; list it after the kind of time."""

    system: AbstractVar[Any]

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        """Those of the system it is made from."""
        return state_variables(self.system)

    @property
    def time_unit(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """That of the system it is made from."""
        return self.system.time_unit

    @property
    def reference(self) -> str:  # pyright: ignore[reportIncompatibleVariableOverride]
        """That of the system it is made from."""
        return self.system.reference

    def initial_state(self) -> State:
        """That of the system it is made from."""
        return self.system.initial_state()

    def region(self) -> Box | None:
        """That of the system it is made from."""
        return self.system.region()

    @hook
    def forcing_period(self) -> Any:
        """That of the system it is made from."""
        return self.system.forcing_period()

    def typical_step(self) -> float | None:
        """That of the system it is made from."""
        return self.system.typical_step()


class AbstractOpen(AbstractDerived):
    """A derived system that takes the same input as the system it is made from."""

    def input_size(self) -> int | None:
        """That of the system it is made from."""
        return self.system.input_size()

    def observe(self, t: Time, y: State, u: Input) -> Any:
        """That of the system it is made from."""
        return self.system.observe(t, y, u)


def check_feed(system: AbstractSystem, fed: Any, *, operation: str) -> None:
    """Refuse an input (or its abstract value) that `system` would ignore or that has another shape than it takes."""
    size = system.input_size()
    if fed is None:
        return
    if size is None:
        raise InputError(
            f"`{operation}` feeds `{type(system).__name__}`, which takes no input and would ignore it. "
            "Declare `input_size` and use `u` in its rule."
        )
    if jnp.shape(fed) != (size,):
        raise InputError(
            f"`{operation}` must feed `{type(system).__name__}` an input of shape ({size},), got {jnp.shape(fed)}."
        )


def check_kind(system: AbstractSystem, allowed: tuple[str, ...], *, operation: str) -> str:
    """The kind of `system`, or an `InputError` that names what `operation` works on."""
    found = kind(system)
    if found not in allowed:
        raise InputError(
            f"`{operation}` works on a {' or a '.join(allowed)}; `{type(system).__name__}` is a {found}. "
            "Apply it to the system before adding noise, events or delays."
        )
    return found
