from collections.abc import Callable
from typing import Any

import jax
import jax.core
import numpy as np

from ..._errors import InputError
from ..._param import param, setting
from ..._types import Input, Param, State, Time
from ...systems import AbstractDelayFlow, Box, Variable
from .._array import like


class MackeyGlass(AbstractDelayFlow):
    r"""Production of blood cells that answers to their number a while ago: chaos by delay.

    x' = beta x(t - tau) / (1 + x(t - tau)^n) - gamma x.

    The fixed point (beta / gamma - 1)^(1/n) loses stability in a Hopf bifurcation at tau =
    arccos(-1/4) / sqrt(0.15) = 4.7083 (standard beta, gamma, n); cycles double their period from tau = 13.3 on and are
    followed by chaos beyond tau = 16.8 (Farmer 1982).

    Args:
        beta: Largest production, 1/time.
        gamma: Loss, 1/time.
        n: Steepness of the feedback.
        tau: Delay; at most `max_delay`.
        max_delay: Length of the stored history; raise it (a new system) for longer delays.

    Raises:
        InputError: If `tau` exceeds `max_delay`, on construction and on `replace`.

    Reference:
        Mackey & Glass (1977), Oscillation and chaos in physiological control systems, Science 197, 287-289.

    Example:
        >>> import jax.numpy as jnp
        >>> y = jnp.full(1, 0.5)
        >>> MackeyGlass(tau=30.0).vector_field(0.0, y, lambda s: y * 2.0, None).tolist()
        [0.05]
    """

    variables = (Variable("x", topology="positive"),)
    reference = "Mackey & Glass (1977), Oscillation and chaos in physiological control systems, Science 197, 287-289"
    family = "canonical"

    beta: Param = param(0.2, doc="largest production", bounds=(0.0, None))
    gamma: Param = param(0.1, doc="loss", bounds=(0.0, None))
    n: Param = param(10.0, doc="steepness of the feedback", bounds=(0.0, None))
    tau: Param = param(17.0, doc="delay", bounds=(0.0, None))
    max_delay: float = setting(50.0, doc="length of the stored history")

    def __check_init__(self) -> None:
        if not isinstance(self.tau, jax.core.Tracer) and np.any(np.asarray(self.tau) > self.max_delay):
            raise InputError(
                f"Delay `tau` must be at most `max_delay` = {self.max_delay}, got {np.max(self.tau)}. "
                "Give a longer history first: `replace(max_delay=...)`."
            )

    def initial_state(self) -> State:
        return like(self.beta, [1.2])

    def vector_field(self, t: Time, y: State, history: Callable[[Any], State], u: Input) -> State:
        del u
        past = history(t - self.tau)
        return self.beta * past / (1.0 + past**self.n) - self.gamma * y

    def region(self) -> Box:
        return Box(like(self.beta, [0.2]), like(self.beta, [1.6]))

    def longest_delay(self) -> Any:
        return self.tau

    def typical_step(self) -> float:
        return 0.1
