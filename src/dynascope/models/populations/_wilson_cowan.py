from typing import ClassVar, Self

import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, variables
from .._array import like
from .._presets import chosen


class WilsonCowan(AbstractFlow):
    r"""Excitatory and inhibitory cells of one column of cortex: rest, switching and rhythm from the same two equations.

    tau_E E' = -E + (k_E - r_E E) S_E(c1 E - c2 I + P + u_1),
    tau_I I' = -I + (k_I - r_I I) S_I(c3 E - c4 I + Q + u_2),
    S(x) = 1 / (1 + exp(-a (x - theta))) - 1 / (1 + exp(a theta)),  k = S(infinity) = 1 - 1 / (1 + exp(a theta)).

    S is shifted so that S(0) = 0: a column without input rests at E = I = 0. Time is measured in time constants of the
    membrane. Presets of the paper: `limit cycle` (default; ends in a Hopf bifurcation at P = 1.8793), `bistable` (two
    stable states of rest) and `multistable` (three of them). With r_E = r_I = 0 the equations lose their refractory
    factors, the simpler form that is often used.

    Args:
        P: Input to the excitatory cells.
        Q: Input to the inhibitory cells.
        c1: Coupling of excitatory to excitatory cells.
        c2: Coupling of inhibitory to excitatory cells.
        c3: Coupling of excitatory to inhibitory cells.
        c4: Coupling of inhibitory to inhibitory cells.
        a_E: Slope of the excitatory response.
        theta_E: Threshold of the excitatory response.
        a_I: Slope of the inhibitory response.
        theta_I: Threshold of the inhibitory response.
        r_E: Refractory period of excitatory cells, in time constants; 0 leaves refractoriness out.
        r_I: Refractory period of inhibitory cells, in time constants.
        tau_E: Time constant of the excitatory cells.
        tau_I: Time constant of the inhibitory cells.

    Reference:
        Wilson & Cowan (1972), Excitatory and inhibitory interactions in localized populations of model neurons,
        Biophysical Journal 12, 1-24.

    Example:
        >>> WilsonCowan(P=0.0).vector_field(0.0, jnp.zeros(2), None).tolist()
        [0.0, 0.0]
    """

    variables = variables("E I")
    reference = (
        "Wilson & Cowan (1972), Excitatory and inhibitory interactions in localized populations of model neurons, "
        "Biophys. J. 12, 1-24"
    )
    family = "populations"
    presets: ClassVar[dict[str, dict[str, float]]] = {
        "limit cycle": {},
        "bistable": {
            "P": 0.0, "c1": 12.0, "c2": 4.0, "c3": 13.0, "c4": 11.0,
            "a_E": 1.2, "theta_E": 2.8, "a_I": 1.0, "theta_I": 4.0,
        },
        "multistable": {
            "P": 0.0, "c1": 13.0, "c2": 4.0, "c3": 22.0, "c4": 2.0,
            "a_E": 1.5, "theta_E": 2.5, "a_I": 6.0, "theta_I": 4.3,
        },
    }  # fmt: skip

    P: Param = param(1.25, doc="input to the excitatory cells")
    Q: Param = param(0.0, doc="input to the inhibitory cells")
    c1: Param = param(16.0, doc="coupling of excitatory to excitatory cells")
    c2: Param = param(12.0, doc="coupling of inhibitory to excitatory cells")
    c3: Param = param(15.0, doc="coupling of excitatory to inhibitory cells")
    c4: Param = param(3.0, doc="coupling of inhibitory to inhibitory cells")
    a_E: Param = param(1.3, doc="slope of the excitatory response", bounds=(0.0, None))
    theta_E: Param = param(4.0, doc="threshold of the excitatory response")
    a_I: Param = param(2.0, doc="slope of the inhibitory response", bounds=(0.0, None))
    theta_I: Param = param(3.7, doc="threshold of the inhibitory response")
    r_E: Param = param(1.0, doc="refractory period of excitatory cells", bounds=(0.0, None))
    r_I: Param = param(1.0, doc="refractory period of inhibitory cells", bounds=(0.0, None))
    tau_E: Param = param(1.0, doc="time constant of the excitatory cells", bounds=(1e-6, None))
    tau_I: Param = param(1.0, doc="time constant of the inhibitory cells", bounds=(1e-6, None))

    @classmethod
    def preset(cls, name: str) -> Self:
        """The column of parameter set `name`; `presets` lists them."""
        return cls(**chosen(cls, cls.presets, name))

    def initial_state(self) -> State:
        return like(self.P, [0.1, 0.05])

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        E, I = y
        to_E, to_I = (0.0, 0.0) if u is None else (u[0], u[1])
        rest_E, rest_I = _at_rest(self.a_E, self.theta_E), _at_rest(self.a_I, self.theta_I)
        S_E = jax.nn.sigmoid(self.a_E * (self.c1 * E - self.c2 * I + self.P + to_E - self.theta_E)) - rest_E
        S_I = jax.nn.sigmoid(self.a_I * (self.c3 * E - self.c4 * I + self.Q + to_I - self.theta_I)) - rest_I
        return jnp.stack(
            [
                (-E + (1.0 - rest_E - self.r_E * E) * S_E) / self.tau_E,
                (-I + (1.0 - rest_I - self.r_I * I) * S_I) / self.tau_I,
            ]
        )

    def region(self) -> Box:
        return Box(like(self.P, [0.0, 0.0]), like(self.P, [0.5, 0.5]))

    def input_size(self) -> int:
        return 2

    def typical_step(self) -> float:
        return 0.05


def _at_rest(a: jax.Array, theta: jax.Array) -> jax.Array:
    """What is taken off the logistic response, so that a cell without input is silent."""
    return jax.nn.sigmoid(-a * theta)
