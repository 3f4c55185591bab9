import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import like


def presented(patterns: jax.Array, u: Input) -> jax.Array:
    """The inputs that a rule averages over, shape `(k, m)`: every pattern, shifted by what drives the system."""
    return patterns if u is None else patterns + u


class HebbRule(AbstractFlow):
    r"""Hebb's rule with decay: weights between what is active together grow, without limit or not at all.

    w' = eta <x y> - gamma w,  y = w . x,  averaged over the inputs x = p_k + u.

    It is linear: the part of w along an eigenvector of the input correlation C = <x x'> grows at rate
    eta lambda - gamma. The leading one wins, and grows for ever if eta lambda_1 > gamma. For online learning let
    `patterns` be one row of zeros: then x = u.

    Args:
        patterns: Inputs shown equally often and fast compared with learning, shape `(k, m)`.
        eta: Learning rate, 1/time.
        gamma: Rate of forgetting, 1/time.

    Reference:
        Hebb (1949), The organization of behavior, Wiley.

    Example:
        >>> HebbRule(eta=1.0, gamma=0.5).vector_field(0.0, jnp.array([1.0, 0.0]), None).tolist()
        [2.0, 2.0]
    """

    variables = (Variable("w"),)
    reference = "Hebb (1949), The organization of behavior, Wiley"
    family = "synapses"

    patterns: Param = param(((2.0, 1.0), (1.0, 2.0)), doc="inputs shown equally often")
    eta: Param = param(0.01, unit="1/time", doc="learning rate", bounds=(0.0, None))
    gamma: Param = param(0.02, unit="1/time", doc="rate of forgetting", bounds=(0.0, None))

    def initial_state(self) -> State:
        m = self.patterns.shape[-1]
        return like(self.eta, [1.0] + [0.5] * (m - 1)) / m

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        x = presented(self.patterns, u)
        return self.eta * (x @ y) @ x / x.shape[0] - self.gamma * y

    def region(self) -> Box:
        side = jnp.ones_like(self.initial_state())
        return Box(-side, side)

    def input_size(self) -> int:
        return self.patterns.shape[-1]
