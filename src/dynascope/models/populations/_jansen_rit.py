import jax
import jax.numpy as jnp

from ..._param import param
from ..._types import Input, Param, State, Time
from ...systems import AbstractFlow, Box, Variable
from .._array import injected, like


class JansenRit(AbstractFlow):
    r"""A cortical column as seen by the electroencephalogram: pyramidal cells with excitatory and inhibitory loops.

    y0'' = A a S(y1 - y2) - 2 a y0' - a^2 y0,
    y1'' = A a (p + u + C2 S(C1 y0)) - 2 a y1' - a^2 y1,
    y2'' = B b C4 S(C3 y0) - 2 b y2' - b^2 y2,
    S(v) = 2 e0 / (1 + exp(r (v0 - v))),  C1 = C, C2 = 0.8 C, C3 = C4 = 0.25 C;  y3, y4, y5 = y0', y1', y2'.

    What the electrode sees is y1 - y2 (`observe`). Alpha rhythm near 10 Hz between the Hopf bifurcations at p = 89.83
    and 315.70 /s; between 113.58 (where the lower state of rest ends in slow spikes) and 137.38 /s
    the two rhythms coexist.

    Args:
        p: Pulse density from the rest of the brain, 1/s.
        A: Largest excitatory potential, mV.
        B: Largest inhibitory potential, mV.
        a: Rate of the excitatory synapses, 1/s.
        b: Rate of the inhibitory synapses, 1/s.
        C: Average number of synapses.
        v0: Potential of half the largest firing rate, mV.
        e0: Half of the largest firing rate, 1/s.
        r: Slope of the firing rate, 1/mV.

    Reference:
        Jansen & Rit (1995), Electroencephalogram and visual evoked potential generation in a mathematical model of
        coupled cortical columns, Biological Cybernetics 73, 357-366; bifurcations: Grimbert & Faugeras (2006), Neural
        Computation 18, 3052-3068.

    Example:
        >>> JansenRit().observe(0.0, jnp.array([0.1, 12.0, 7.0, 0.0, 0.0, 0.0]), None).tolist()
        [5.0]
    """

    variables = (
        Variable("y0", "mV"),
        Variable("y1", "mV"),
        Variable("y2", "mV"),
        Variable("y3", "mV/s"),
        Variable("y4", "mV/s"),
        Variable("y5", "mV/s"),
    )
    reference = (
        "Jansen & Rit (1995), Electroencephalogram and visual evoked potential generation in a mathematical model of "
        "coupled cortical columns, Biol. Cybern. 73, 357-366"
    )
    time_unit = "s"
    family = "populations"

    p: Param = param(200.0, unit="1/s", doc="pulse density from the rest of the brain")
    A: Param = param(3.25, unit="mV", doc="largest excitatory potential", bounds=(0.0, None))
    B: Param = param(22.0, unit="mV", doc="largest inhibitory potential", bounds=(0.0, None))
    a: Param = param(100.0, unit="1/s", doc="rate of the excitatory synapses", bounds=(0.0, None))
    b: Param = param(50.0, unit="1/s", doc="rate of the inhibitory synapses", bounds=(0.0, None))
    C: Param = param(135.0, doc="average number of synapses", bounds=(0.0, None))
    v0: Param = param(6.0, unit="mV", doc="potential of half the largest firing rate")
    e0: Param = param(2.5, unit="1/s", doc="half of the largest firing rate", bounds=(0.0, None))
    r: Param = param(0.56, unit="1/mV", doc="slope of the firing rate", bounds=(0.0, None))

    def rate(self, v: jax.Array) -> jax.Array:
        """The firing rate S(v) at potential `v`, 1/s."""
        return 2.0 * self.e0 * jax.nn.sigmoid(self.r * (v - self.v0))

    def initial_state(self) -> State:
        return like(self.p, [0.1, 16.0, 10.0, 0.0, 0.0, 0.0])

    def observe(self, t: Time, y: State, u: Input) -> jax.Array:
        """The potential of the pyramidal cells y1 - y2, mV, shape `(1,)`."""
        del t, u
        return y[1:2] - y[2:3]

    def vector_field(self, t: Time, y: State, u: Input) -> State:
        del t
        y0, y1, y2, y3, y4, y5 = y
        drive = self.p + injected(u) + 0.8 * self.C * self.rate(self.C * y0)
        inhibition = 0.25 * self.C * self.rate(0.25 * self.C * y0)
        return jnp.stack(
            [
                y3,
                y4,
                y5,
                self.A * self.a * self.rate(y1 - y2) - 2.0 * self.a * y3 - self.a**2 * y0,
                self.A * self.a * drive - 2.0 * self.a * y4 - self.a**2 * y1,
                self.B * self.b * inhibition - 2.0 * self.b * y5 - self.b**2 * y2,
            ]
        )

    def region(self) -> Box:
        # Almost at rest: far from it in six dimensions Newton's method loses its way.
        low, high = [0.0, 0.0, 0.0, -0.01, -1.0, -1.0], [0.16, 25.0, 20.0, 0.01, 1.0, 1.0]
        return Box(like(self.p, low), like(self.p, high))

    def input_size(self) -> int:
        return 1

    def typical_step(self) -> float:
        return 0.0005
