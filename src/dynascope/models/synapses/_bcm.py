from typing import NamedTuple

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import like
from ._hebb import presented


class BCMState(NamedTuple):
    """Weights of shape `(m,)` and the sliding threshold."""

    w: jax.Array
    theta: jax.Array


class BCMRule(AbstractFlow):
    r"""The rule of Bienenstock, Cooper and Munro: a sliding threshold makes a neuron choose one of its inputs.

    w' = eta <x y (y - theta)>,  tau theta' = <y^2> - theta,  y = w . x,  averaged over the inputs x = p_k + u.

    With k linearly independent patterns shown equally often the states that attract answer to one pattern with
    y = theta = k and to no other; answering y = 1 to all is a fixed point but not stable. For orthogonal patterns of
    squared length q the selective states are stable for tau < 1 / (eta q), and lose it in a Hopf bifurcation there. For
    online learning let `patterns` be one row of zeros: then x = u.

    Args:
        patterns: Inputs shown equally often and fast compared with learning, shape `(k, m)`.
        eta: Learning rate, 1/time.
        tau: Time constant of the threshold.

    Reference:
        Bienenstock, Cooper & Munro (1982), Theory for the development of neuron selectivity: orientation specificity
        and binocular interaction in visual cortex, Journal of Neuroscience 2, 32-48.

    Example:
        >>> rule = BCMRule(patterns=jnp.eye(2))
        >>> rule.vector_field(0.0, BCMState(jnp.array([2.0, 0.0]), jnp.array(2.0)), None).w.tolist()
        [0.0, 0.0]
    """

    reference = "Bienenstock, Cooper & Munro (1982), Theory for the development of selectivity, J. Neurosci. 2, 32"
    family = "synapses"

    patterns: Param = param(((1.0, 0.2), (0.2, 1.0)), doc="inputs shown equally often")
    eta: Param = param(0.1, unit="1/time", doc="learning rate", bounds=(0.0, None))
    tau: Param = param(1.0, doc="time constant of the threshold", bounds=(1e-6, None))

    @property
    def variables(self) -> tuple[Variable, ...]:  # pyright: ignore[reportIncompatibleVariableOverride]
        m = self.patterns.shape[-1]
        return (*(Variable(f"w{i}") for i in range(m)), Variable("theta"))

    def initial_state(self) -> State:
        m = self.patterns.shape[-1]
        return BCMState(like(self.eta, [1.0] + [0.5] * (m - 1)), like(self.eta, 1.0))

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        x = presented(self.patterns, u)
        outputs = x @ y.w
        drive = outputs * (outputs - y.theta)
        return BCMState(self.eta * drive @ x / x.shape[0], (jnp.mean(outputs * outputs) - y.theta) / self.tau)

    def region(self) -> Box:
        w = jnp.ones_like(self.initial_state().w)
        return Box(BCMState(0.0 * w, like(self.eta, 0.1)), BCMState(2.0 * w, like(self.eta, 2.0)))

    def input_size(self) -> int:
        return self.patterns.shape[-1]
