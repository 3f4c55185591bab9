import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import injected, like


class Epileptor(AbstractFlow):
    r"""Seizures that begin and end by themselves: fast discharges and spike waves under one slow permittivity.

    x1' = y1 - f1(x1, x2, z) - z + I1 + u,     y1' = y0 - 5 x1^2 - y1,     z' = (4 (x1 - x0) - z) / tau0,
    x2' = -y2 + x2 - x2^3 + I2 + 0.002 g - 0.3 (z - 3.5),     y2' = (f2(x2) - y2) / tau2,     g' = x1 - gamma g;
    f1 = x1^3 - 3 x1^2 for x1 < 0, (x2 - 0.6 (z - 4)^2) x1 otherwise;  f2 = 6 max(x2 + 0.25, 0).

    (g is the integral of exp(-gamma (t - s)) x1(s) that couples the discharges to the spike waves.)
    For x0 below -2.0605 the tissue is healthy, a stable state of rest; above, seizures recur. A field potential is
    x2 - x1 (`observe`).

    Args:
        x0: Excitability.
        y0: Drive of the fast recovery.
        tau0: Time constant of the permittivity.
        tau2: Time constant of the slow recovery.
        I1: Current of the discharges.
        I2: Current of the spike waves.
        gamma: Rate of the low-pass filter between them.

    Reference:
        Jirsa, Stacey, Quilichini, Ivanov & Bernard (2014), On the nature of seizure dynamics, Brain 137, 2210-2230.

    Example:
        >>> Epileptor().observe(0.0, jnp.array([-1.0, 0.0, 3.0, 0.5, 0.0, 0.0]), None).tolist()
        [1.5]
    """

    variables = variables("x1 y1 z x2 y2 g")
    reference = (
        "Jirsa, Stacey, Quilichini, Ivanov & Bernard (2014), On the nature of seizure dynamics, Brain 137, 2210-2230"
    )
    family = "populations"

    x0: Param = param(-1.6, doc="excitability")
    y0: Param = param(1.0, doc="drive of the fast recovery")
    tau0: Param = param(2857.0, doc="time constant of the permittivity", bounds=(1e-6, None))
    tau2: Param = param(10.0, doc="time constant of the slow recovery", bounds=(1e-6, None))
    I1: Param = param(3.1, doc="current of the discharges")
    I2: Param = param(0.45, doc="current of the spike waves")
    gamma: Param = param(0.01, doc="rate of the low-pass filter", bounds=(0.0, None))

    def initial_state(self) -> State:
        return like(self.x0, [-1.5, -10.0, 3.2, -0.9, 0.0, -150.0])

    def observe(self, t: Time, y: State, u: Input) -> State:
        """The field potential x2 - x1, shape `(1,)`."""
        del t, u
        return y[3:4] - y[:1]

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        x1, y1, z, x2, y2, g = y
        f1 = jnp.where(x1 < 0.0, (x1 - 3.0) * x1 * x1, (x2 - 0.6 * (z - 4.0) ** 2) * x1)
        f2 = 6.0 * jnp.maximum(x2 + 0.25, 0.0)
        return jnp.stack(
            [
                y1 - f1 - z + self.I1 + injected(u),
                self.y0 - 5.0 * x1 * x1 - y1,
                (4.0 * (x1 - self.x0) - z) / self.tau0,
                -y2 + x2 - x2**3 + self.I2 + 0.002 * g - 0.3 * (z - 3.5),
                (f2 - y2) / self.tau2,
                x1 - self.gamma * g,
            ]
        )

    def region(self) -> Box:
        low, high = [-2.0, -15.0, 2.5, -1.2, 0.0, -200.0], [1.0, 1.0, 4.5, 1.0, 1.5, 50.0]
        return Box(like(self.x0, low), like(self.x0, high))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.05
