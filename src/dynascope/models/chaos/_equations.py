"""Flows and maps written as one expression per component, with a point on the attractor and a step that suits them."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any, ClassVar

import jax
import jax.numpy as jnp

from ..._types import Input, State, Time
from ...systems import AbstractFlow, AbstractMap
from .._array import like

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractClassVar as AbstractVar


class AbstractEquations(AbstractFlow):
    """A flow without input, dy_i/dt = f_i(y), given as a tuple of expressions.

    Periodic forcing is written as one more component, a phase on the circle, so that the flow is autonomous.
    """

    #: A state on the attractor.
    start: AbstractVar[tuple[float, ...]]
    #: A step at which RK4 is accurate.
    dt: AbstractVar[float]
    family: ClassVar[str] = "chaos"

    @abstractmethod
    def rates(self, y: State) -> tuple[Any, ...]:
        """The velocity of each component at state `y`."""

    def initial_state(self) -> State:
        return like(jax.tree.leaves(self)[0], self.start)

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        return _stacked(self.rates(y), y)

    def typical_step(self) -> float:
        return self.dt


class AbstractRecurrence(AbstractMap):
    """A map without input, y_i[n+1] = f_i(y[n]), given as a tuple of expressions."""

    #: A state on the attractor.
    start: AbstractVar[tuple[float, ...]]
    family: ClassVar[str] = "chaos"

    @abstractmethod
    def image(self, y: State) -> tuple[Any, ...]:
        """Each component of the next state."""

    def initial_state(self) -> State:
        return like(jax.tree.leaves(self)[0], self.start)

    def step(self, n: Time, y: State, u: Input) -> State:
        del n, u
        return _stacked(self.image(y), y)


def _stacked(components: tuple[Any, ...], y: State) -> State:
    """The components as one array of the type of the state (some are plain numbers or parameters)."""
    return jnp.stack([jnp.asarray(c, y.dtype) for c in components])
