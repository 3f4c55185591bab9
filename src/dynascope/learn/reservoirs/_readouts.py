"""What a reservoir is read through: its readout is also what it feeds itself once it runs freely."""

from abc import abstractmethod
from typing import TYPE_CHECKING, Any

import equinox as eqx
import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Param, State

if TYPE_CHECKING:
    from typing import ClassVar as AbstractVar
else:
    from equinox import AbstractVar


class AbstractReadout(eqx.Module):
    """A readout z = weights^T features(y) of the state y of a reservoir; it is a rule that `closed_loop` takes."""

    weights: AbstractVar[Any]

    @abstractmethod
    def features(self, y: State) -> jax.Array:
        """What is weighed, from states whose last axis is that of the units."""

    def __call__(self, t: Any, y: State) -> jax.Array:
        """The readout of state `y`."""
        del t
        return self.features(y) @ self.weights


class LinearReadout(AbstractReadout):
    """Constant and states: (1, y).

    Args:
        weights: Shape `(1 + units, channel)`; nil before the fit.
    """

    weights: Param = param(((0.0,),), doc="weights of the features", learned=True)

    def features(self, y: State) -> jax.Array:
        return jnp.concatenate([jnp.ones((*y.shape[:-1], 1), y.dtype), y], axis=-1)


class SquaresReadout(AbstractReadout):
    """Constant, states and their squares: (1, y, y^2).

    Args:
        weights: Shape `(1 + 2 units, channel)`; nil before the fit.
    """

    weights: Param = param(((0.0,),), doc="weights of the features", learned=True)

    def features(self, y: State) -> jax.Array:
        return jnp.concatenate([jnp.ones((*y.shape[:-1], 1), y.dtype), y, y**2], axis=-1)


class AlternatingReadout(AbstractReadout):
    """Constant and states, every second one squared: (1, y_0, y_1^2, y_2, ...).

    Args:
        weights: Shape `(1 + units, channel)`; nil before the fit.

    Reference:
        Pathak, Lu, Hunt, Girvan & Ott (2017), Using machine learning to replicate chaotic attractors and calculate
        Lyapunov exponents from data, Chaos 27, 121102.
    """

    weights: Param = param(((0.0,),), doc="weights of the features", learned=True)

    def features(self, y: State) -> jax.Array:
        second = jnp.arange(y.shape[-1]) % 2 == 1
        return jnp.concatenate([jnp.ones((*y.shape[:-1], 1), y.dtype), jnp.where(second, y**2, y)], axis=-1)
