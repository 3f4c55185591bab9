import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import like
from ._hebb import presented


class OjaRule(AbstractFlow):
    r"""Oja's rule: a linear neuron whose weights find the principal component of its input.

    w' = eta <y (x - y w)>,  y = w . x,  averaged over the inputs x = p_k + u;  that is eta (C w - (w . C w) w).

    The unit eigenvectors of the input correlation C = <x x'>, with either sign, and 0 are its fixed points; only the
    leading one attracts, with eigenvalues -2 eta lambda_1 and eta (lambda_j - lambda_1). For online learning let
    `patterns` be one row of zeros: then x = u.

    Args:
        patterns: Inputs shown equally often and fast compared with learning, shape `(k, m)`.
        eta: Learning rate, 1/time.

    Reference:
        Oja (1982), Simplified neuron model as a principal component analyzer, Journal of Mathematical Biology 15,
        267-273.

    Example:
        >>> OjaRule().vector_field(0.0, jnp.array([1.0, 0.0]), None).round(6).tolist()
        [0.0, 2.0]
    """

    variables = (Variable("w"),)
    reference = "Oja (1982), Simplified neuron model as a principal component analyzer, J. Math. Biol. 15, 267-273"
    family = "synapses"

    patterns: Param = param(((2.0, 1.0), (1.0, 2.0)), doc="inputs shown equally often")
    eta: Param = param(1.0, unit="1/time", doc="learning rate", bounds=(0.0, None))

    def initial_state(self) -> State:
        m = self.patterns.shape[-1]
        return like(self.eta, [1.0] + [0.5] * (m - 1)) / m

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        x = presented(self.patterns, u)
        outputs = x @ y
        return self.eta * (outputs @ x / x.shape[0] - jnp.mean(outputs * outputs) * y)

    def region(self) -> Box:
        # Beyond length 1 the weights shrink.
        side = 1.5 * jnp.ones_like(self.initial_state())
        return Box(-side, side)

    def input_size(self) -> int:
        return self.patterns.shape[-1]
