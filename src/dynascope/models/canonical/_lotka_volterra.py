import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like


class LotkaVolterra(AbstractFlow):
    r"""Prey and predators: cycles of every size around one point.

    x' = alpha x - beta x y,  y' = delta x y - gamma y.

    delta x - gamma ln x + beta y - alpha ln y never changes; small cycles about (gamma / delta, alpha / beta) have
    the period 2 pi / sqrt(alpha gamma).

    Args:
        alpha: Growth of the prey, 1/time.
        beta: Predation, 1/time.
        gamma: Death of the predators, 1/time.
        delta: Growth of the predators by prey, 1/time.

    Reference:
        Lotka (1920), Analytical note on certain rhythmic relations in organic systems, Proceedings of the National
        Academy of Sciences 6, 410-415; Volterra (1926), Nature 118, 558-560.

    Example:
        >>> LotkaVolterra(alpha=1.0).vector_field(0.0, LotkaVolterra().initial_state(), None).tolist()
        [0.0, 1.0]
    """

    variables = variables("x y", topology="positive")
    reference = "Lotka (1920), Analytical note on certain rhythmic relations in organic systems, PNAS 6, 410-415"
    family = "canonical"

    alpha: Param = param(1.5, doc="growth of the prey", bounds=(0.0, None))
    beta: Param = param(1.0, doc="predation", bounds=(0.0, None))
    gamma: Param = param(3.0, doc="death of the predators", bounds=(0.0, None))
    delta: Param = param(1.0, doc="growth of the predators by prey", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.alpha, [4.0, 1.0])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t, u
        x, y_ = y
        return jnp.stack([x * (self.alpha - self.beta * y_), y_ * (self.delta * x - self.gamma)])

    def region(self) -> Box:
        return Box(like(self.alpha, [0.5, 0.5]), like(self.alpha, [6.0, 4.0]))

    def typical_step(self) -> float:
        return 0.01
